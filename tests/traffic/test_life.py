# SPDX-License-Identifier: Apache-2.0
"""The life of machines, endpoints and addresses over real sockets: who is off is silent, whatever leads to him, until he is
started; an address that is given back is nobody's, and nobody's at once.

    Internet -- VIP:80  -> web0, web1 :8080    (dynamic front end)
                VIP:50001 -> web0 :3389        (inbound NAT rule)
                web0's own dynamic address; db's own reserved one
    staging: a deployment of its own, s0 (later s1) behind another front end; m1, m2: made without a template
"""
import json
import os
import signal
import socket
import subprocess

import harness as h

lab = h.Lab('t-life', '--hosts', '2')
AT = {}


NET = h.vnet('net', '10.0.0.0/16', {'a': ('10.0.1.0/24', None)})
SHOP = h.template(NET, h.pip('lb-ip', static=False), h.balancer('lb', 'lb-ip', ['p'], [('http', 'p', 80, 8080)], [('rdp', 50001, 3389)]),
                  h.pip('web0-ip', static=False), h.pip('db-ip'),
                  h.vm('web0', 'net', 'a', public='web0-ip', pools=[('lb', 'p')], nat=[('lb', 'rdp')]),
                  h.vm('web1', 'net', 'a', pools=[('lb', 'p')]), h.vm('db', 'net', 'a', address='10.0.1.20', public='db-ip'))
STAGING = h.template(NET, h.pip('stage-ip', static=False), h.balancer('stage', 'stage-ip', ['p'], [('http', 'p', 80, 8080)]),
                     h.vm('s0', 'net', 'a', pools=[('stage', 'p')]))
FRIENDS = h.template(h.nsg('gate', h.rule('friend', 100, 'Allow', dport='22'), h.rule('around', 110, 'Deny', dport='23')))
LATE = h.template(NET, h.pip('late-ip', static=False), h.vm('late', 'net', 'a', public='late-ip'))


def do(t, *words, ok=True):
    """`escarp vm stop web0` and the like; its answer."""
    r = subprocess.run([h.ESCARP, words[0], words[1], '--lab', lab.name, '--json', *words[2:]], capture_output=True, text=True, timeout=60)
    t.ok((r.returncode == 0) == ok, f'escarp {" ".join(words)}' + ('' if ok else ' is refused'), r.stdout + r.stderr)
    return json.loads(r.stdout) if ok and r.returncode == 0 else r.stderr


def process(role):
    """The lab's controller, or the agent of its first host."""
    for name in os.listdir('/proc'):
        try:
            argv = open(f'/proc/{name}/cmdline').read().split('\0') if name.isdigit() else []
        except OSError:
            continue
        if argv and argv[0].endswith('escarpd') and role in argv and lab.name in argv:
            return int(name)
    return None


def machine(name):
    return next(m for m in lab.status()['machines'] if m['label'] == name)


def vip(name='lb'):
    return next((f['address'] for f in lab.status()['front_ends'] if f['name'].startswith(name + '/')), None)


def comes_up(t):
    for group, what in (('shop', SHOP), ('staging', STAGING)):
        r = lab.up(what, group=group)
        t.ok(r.returncode == 0, f'{group} comes up', r.stderr)
    AT.update({m['label']: m for m in lab.status()['machines']}, vip=vip(), stage=vip('stage'))
    t.eq({m['state'] for m in lab.status()['machines']}, {'running'}, 'all run')


def talk(s):
    """One datagram and its answer over a socket that is kept: the same flow every time."""
    try:
        s.send(b'hello')
        return s.recv(200).decode().strip()
    except (TimeoutError, OSError):
        return None


def talk_only(s):
    try:
        return s.recv(200) or None
    except (TimeoutError, OSError):
        return None


def datagrams(address, port=5000):
    s = lab.socket('internet', kind=socket.SOCK_DGRAM)
    s.settimeout(h.SILENCE)
    s.connect((address, port))
    return s


def answers_of(address, times=16):
    return {lab.tcp('internet', address, 80) for _ in range(times)}


def stopped(t):
    web0, own = AT['web0']['addresses'][0], AT['web0']['public'][0]
    t.eq(lab.tcp('internet', own, 22), 'web0', 'web0 answers on its own address')
    do(t, 'vm', 'stop', 'web0')
    lab.denied(t, 'its own address', lambda: lab.tcp('internet', own, 22), 'uplink', 'no-endpoint')
    lab.denied(t, 'the port that leads to it', lambda: lab.tcp('internet', AT['vip'], 50001), 'uplink', 'no-backend')
    lab.denied(t, 'inside', lambda: lab.tcp('db', web0, 22), 'db', 'unreachable')
    t.eq(answers_of(AT['vip']), {'web1'}, 'the balancer leaves it out')
    r = lab.up(SHOP, group='shop')
    t.ok(r.returncode == 0 and machine('web0')['state'] == 'stopped', 'deploying again does not start it', r.stderr)
    t.eq((machine('web0')['addresses'], machine('web0')['public'], machine('web0')['host']), ([web0], [own], AT['web0']['host']),
         'it keeps place and addresses')
    r = lab.escarp('exec', 'web0', '--', 'true')
    t.ok(r.returncode and 'is stopped' in r.stderr, 'nothing runs in it', r.stderr)


def remembered(t):
    """Who died meanwhile does not bring anybody back."""
    for role in ('controller', 'agent'):
        pid = process(role)
        os.kill(pid, signal.SIGKILL)
        t.ok(h.wait(lambda: (process(role) or pid) != pid), f'the {role} is killed and started again')
        t.ok(h.wait(lambda: lab.escarp('drops').returncode == 0 and all(x['acked'] for x in lab.status()['hosts'])), 'and at work')
        t.eq(machine('web0')['state'], 'stopped', 'web0 is still stopped')
    lab.denied(t, 'and silent', lambda: lab.tcp('internet', AT['web0']['public'][0], 22), 'uplink', 'no-endpoint')


def started(t):
    answer = do(t, 'vm', 'start', 'web0')
    t.eq((answer['was'], answer['state'], answer['machine']['addresses'], answer['machine']['public']),
         ('stopped', 'running', AT['web0']['addresses'], AT['web0']['public']), 'it comes back with its addresses')
    t.eq(lab.tcp('db', AT['web0']['addresses'][0], 22), 'web0', 'answers inside')
    t.eq(lab.tcp('internet', AT['web0']['public'][0], 22), 'web0', 'answers on its own address')
    t.eq(lab.tcp('internet', AT['vip'], 50001), 'web0', 'answers on the port that leads to it')
    t.eq(answers_of(AT['vip']), {'web0', 'web1'}, 'and behind the balancer')
    t.eq(do(t, 'vm', 'start', 'web0')['was'], 'running', 'starting it again changes nothing')


def deallocated(t):
    own, s = AT['web0']['public'][0], datagrams(AT['web0']['public'][0])
    t.eq(talk(s), 'web0', 'a conversation with its own address')
    FRIENDS['resources'][0]['properties']['securityRules'][0]['properties']['sourceAddressPrefix'] = own
    FRIENDS['resources'][0]['properties']['securityRules'][1]['properties']['sourceAddressPrefix'] = own.rsplit('.', 1)[0] + '.0/24'
    r = lab.up(FRIENDS, group='friends', subscription='third')
    t.ok(r.returncode == 0 and 'released' not in r.stdout, 'another tenant lets that address in', r.stdout + r.stderr)
    answer = do(t, 'vm', 'deallocate', 'web0')
    t.eq([r['address'] for r in answer['released']], [own], 'its dynamic address is given back')
    lab.denied(t, 'the conversation goes on', lambda: talk(s), 'uplink', 'not-vip')
    t.ok(own not in lab.escarp('flows', '--json').stdout, 'no flow of that address is left')
    r = lab.up(LATE, group='late', subscription='other')
    t.ok(r.returncode == 0, 'another tenant asks for an address', r.stderr)
    t.ok(machine('late')['public'][0] not in (own, AT['vip']), 'and does not get that one')
    LATE['resources'][1]['properties'] = {'publicIPAllocationMethod': 'Static', 'ipAddress': own}
    r = lab.up(LATE, group='late', subscription='other')
    t.ok(r.returncode and 'another subscription gave its address' in r.stderr, 'nor by declaring it', r.stderr)
    r = lab.up(SHOP, group='shop')
    t.ok(r.returncode == 0 and machine('web0')['state'] == 'deallocated', 'deploying again does not start it', r.stderr)
    again = do(t, 'vm', 'start', 'web0')['machine']
    t.ok(again['public'][0] != own and again['addresses'] != AT['web0']['addresses'], 'it gets other addresses', again)
    t.eq(talk(s), None, 'nothing comes from the old one')
    t.eq(lab.tcp('internet', again['public'][0], 22), 'web0', 'it answers on the new one')
    t.eq(lab.tcp('db', again['addresses'][0], 22), 'web0', 'and inside')


def told(t):
    """Another tenant let that address in: he is told that it means nobody any more, by an event and by the plan."""
    own = AT['web0']['public'][0]
    events = json.loads(lab.escarp('events', '--json').stdout)['events']
    mine = [e for e in events if e['kind'] == 'address-released' and e['address'] == own]
    t.eq([(n['subscription'], n['what']) for e in mine for n in e['named_by']], [('third', "security rule 'friend'")], 'one event, about who names it')
    t.ok(not [e for e in events if e['kind'] == 'address-released' and e['address'] != own], 'and none about others')
    t.ok(f'{own} was given back' in lab.escarp('events').stdout, 'in words as well')
    path = os.path.join(lab.dir, 'friends.json')
    with open(path, 'w') as f:
        json.dump(FRIENDS, f)
    r = lab.escarp('plan', path)
    t.ok(f"security rule 'friend' names {own}, which was released at" in r.stdout and r.stdout.count('which was released') == 1,
         'the plan warns, and not about the network around it', r.stdout)
    r = lab.up(FRIENDS, group='friends', subscription='third')
    t.ok(f'names {own}, which was released' in r.stdout, 'and so does deploying it again', r.stdout)


def reserved(t):
    own = AT['db']['public']
    answer = do(t, 'vm', 'deallocate', 'db')
    t.eq((answer['released'], answer['machine']['public'], answer['machine']['addresses']), ([], own, ['10.0.1.20']), 'reserved and declared addresses stay')
    lab.denied(t, 'but nobody answers', lambda: lab.tcp('internet', own[0], 22), 'uplink', 'no-endpoint')
    do(t, 'vm', 'start', 'db')
    t.eq(lab.tcp('internet', own[0], 22), 'db', 'until it is started')


def whole_deployment(t):
    for name in ('web0', 'web1'):
        do(t, 'vm', 'deallocate', name)
    t.eq(vip(), None, 'with its last machine the deployment gives its address back')
    lab.denied(t, 'nobody answers there', lambda: lab.tcp('internet', AT['vip'], 80), 'uplink', 'not-vip')
    for name in ('web0', 'web1'):
        do(t, 'vm', 'start', name)
    t.ok(vip() not in (None, AT['vip']), 'it gets another one', vip())
    AT['vip'] = vip()
    t.eq(answers_of(AT['vip']), {'web0', 'web1'}, 'where both answer')


def repaired(t):
    before = machine('web1')
    after = do(t, 'vm', 'repair', 'web1')['machine']
    t.ok(after['host'] != before['host'], 'it is on the other host', f'{before} {after}')
    t.eq(after['addresses'], before['addresses'], 'with its address')
    t.eq(lab.tcp('db', after['addresses'][0], 22), 'web1', 'where it answers')
    t.eq(answers_of(AT['vip']), {'web0', 'web1'}, 'and behind the balancer')


def endpoints(t):
    t.eq(lab.tcp('internet', AT['vip'], 50001), 'web0', 'remote desktop is open')
    do(t, 'endpoint', 'disable', 'rdp')
    lab.denied(t, 'disabled', lambda: lab.tcp('internet', AT['vip'], 50001), 'uplink', 'no-endpoint')
    t.ok(lab.up(SHOP, group='shop').returncode == 0, 'deployed again')
    lab.denied(t, 'and still disabled', lambda: lab.tcp('internet', AT['vip'], 50001), 'uplink', 'no-endpoint')
    t.ok('Endpoint lb/rdp: disabled' in lab.escarp('status').stdout, 'as the status says')
    t.eq(do(t, 'endpoint', 'disable', 'lb/rdp')['was'], 'disabled', 'disabling it again changes nothing')
    do(t, 'endpoint', 'enable', 'shop/lb/rdp')
    t.eq(lab.tcp('internet', AT['vip'], 50001), 'web0', 'enabled, and open')
    t.ok('2 endpoints are named' in do(t, 'endpoint', 'disable', 'http', ok=False), 'a name of two is none')
    do(t, 'endpoint', 'disable', 'lb/http')
    lab.denied(t, 'a rule of a balancer', lambda: lab.tcp('internet', AT['vip'], 80), 'uplink', 'no-endpoint')
    answer, sources, _ = lab.leaves('web1')
    t.eq(sources, {AT['vip']}, 'who is behind it leaves by its address as before')
    do(t, 'endpoint', 'enable', 'lb/http')


def serve(who, port):
    """A listening socket in the instance, in place of what answers there otherwise."""
    subprocess.run([h.ESCARP, 'exec', '--lab', lab.name, who, '--', 'nft', 'flush', 'ruleset'], check=True, timeout=20)
    s = lab.socket(who)
    s.bind(('', port))
    s.listen()
    s.settimeout(3)
    return s


def swapped(t):
    with serve('s0', 8080) as server, lab.socket('internet') as client:
        client.settimeout(h.SILENCE)
        client.connect((AT['stage'], 80))
        peer, _ = server.accept()
        peer.send(b'before')
        t.eq(client.recv(20), b'before', 'a connection to staging')
        do(t, 'deployment', 'swap', 'shop', 'staging')
        peer.send(b'after')
        t.eq(talk_only(client), None, 'ends: nothing comes from who had the address')
        client.send(b'after')
        peer.settimeout(h.SILENCE)
        t.eq(talk_only(peer), None, 'and nothing gets there')
        peer.close()
    t.eq((vip(), vip('stage')), (AT['stage'], AT['vip']), 'the addresses are exchanged')
    t.eq(lab.tcp('internet', AT['vip'], 80), '', 'the address of the shop is staging, where nobody listens now')
    t.eq(answers_of(AT['stage']), {'web0', 'web1'}, "staging's is the shop")
    t.ok(lab.up(SHOP, group='shop').returncode == 0 and vip() == AT['stage'], 'deploying again keeps it')
    t.ok('no public front end' in do(t, 'deployment', 'swap', 'shop', 'late', ok=False), 'who has no such address cannot swap')
    AT['vip'], AT['stage'] = AT['stage'], AT['vip']


def upgraded(t):
    """In place: another machine behind the same address, under another name of that address."""
    what = json.loads(json.dumps(STAGING).replace('stage-ip', 'reserved-ip').replace("'s0", "'s1").replace('"s0', '"s1').replace('Dynamic', 'Static', 1))
    path = os.path.join(lab.dir, 'staging.json')
    with open(path, 'w') as f:
        json.dump(what, f)
    do(t, 'deployment', 'upgrade', 's/staging', path)
    t.eq(vip('stage'), AT['stage'], 'it keeps its address')
    t.eq(answers_of(AT['stage'], 2), {'s1'}, 'where the new machine answers')
    t.ok('no deployment nobody to upgrade' in do(t, 'deployment', 'upgrade', 's/nobody', path, ok=False), 'what is not there is not upgraded')


def created(t):
    ports = []
    for name in ('m1', 'm2'):
        answer = do(t, 'vm', 'create', name, '--management-endpoints')
        to = {e['local_port']: (e['address'], e['port']) for e in answer['endpoints']}
        ports += [p for _, p in to.values()]
        t.eq(sorted(to), [3389, 5986], 'remote desktop and PowerShell')
        address, port = to[3389]
        for what, closed in (('its own port', 3389), ('the port beside it', port ^ 1), ('another one', 22)):
            if closed != to[5986][1]:
                lab.denied(t, f'{name}: {what}', lambda: lab.tcp('internet', address, closed), 'uplink', 'no-endpoint')
        t.eq([lab.tcp('internet', *to[p]) for p in (3389, 5986)], [name, name], 'both lead to it')
    t.ok(len(set(ports)) == 4 and all(49152 <= p <= 65535 for p in ports), 'at random ports', ports)
    t.ok('exists already' in do(t, 'vm', 'create', 'm1', ok=False), 'nobody is made over')
    do(t, 'endpoint', 'disable', 'm2-rdp')
    lab.denied(t, 'closed when it is not needed', lambda: lab.tcp('internet', address, port), 'uplink', 'no-endpoint')
    t.eq(len(do(t, 'vm', 'delete', 'm2')['released']), 1, 'what was made for it goes with it')
    answer = do(t, 'vm', 'create', 'm2')
    t.eq(answer['endpoints'], [], 'without being asked nothing is opened')


def deleted(t):
    answer = do(t, 'vm', 'delete', 'web0')
    t.eq(len(answer['removed']), 1, 'the machine goes and its interface stays')
    t.eq(answers_of(AT['vip']), {'web1'}, 'the balancer leaves it out')
    t.ok('no virtual machine' in do(t, 'vm', 'start', 'web0', ok=False), 'it is nobody any more')
    answer = do(t, 'deployment', 'delete', 'shop')
    t.eq([k.rsplit('/', 1)[1] for k in answer['kept']], ['db-ip'], 'the reserved address stays')
    lab.denied(t, 'nobody answers', lambda: lab.tcp('internet', AT['vip'], 80), 'uplink', 'not-vip')
    lab.denied(t, 'nor at the reserved one', lambda: lab.tcp('internet', AT['db']['public'][0], 22), 'uplink', 'not-vip')
    t.eq(answers_of(AT['stage'], 2), {'s1'}, 'the other deployment is as it was')
    r = lab.up(SHOP, group='shop')
    t.ok(r.returncode == 0 and machine('db')['public'] == AT['db']['public'], 'the next deployment has the reserved address again', r.stderr)
    t.eq(machine('web0')['state'], 'running', 'a new machine of an old name runs')


h.main([comes_up, stopped, remembered, started, deallocated, told, reserved, whole_deployment, repaired, endpoints, swapped, upgraded, created, deleted])
