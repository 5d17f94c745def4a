# SPDX-License-Identifier: Apache-2.0
"""Change, failure and return: a second `up`, a bad one, kill -9 of every process, and what is left after `down`."""
import glob
import json
import os
import signal
import socket
import subprocess
import time

import harness as h

lab = h.Lab('t-change')


def network(allow=('80',), more=(), db_rule='Allow'):
    return h.template(
        h.nsg('g', *[h.rule(f'allow-{p}', 100 + i, 'Allow', source='VirtualNetwork', dport=p) for i, p in enumerate(allow)],
              h.rule('sql', 1000, db_rule, source='VirtualNetwork', dport='1433'),
              h.rule('deny', 4000, 'Deny', protocol='*')),
        h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)}),
        h.vm('a', 'net', 's', '10.0.0.4'), h.vm('b', 'net', 's', '10.0.0.5', group='g'), *more)


def agent_status():
    """The agent's own account of host 0."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(f'/run/escarp/{lab.name}/agent-0/agent.sock')
        s.sendall(b'{"op":"status"}\n')
        return json.loads(s.makefile().readline())


def processes():
    """{role: pid} of this lab's processes, by command line."""
    out = {}
    for path in glob.glob('/proc/[0-9]*/cmdline'):
        try:
            argv = open(path).read().split('\0')
        except OSError:
            continue
        if argv and argv[0].endswith('escarpd') and lab.name in argv:
            out[argv[1]] = int(path.split('/')[2])
    return out


def comes_up(t):
    r = lab.up(network())
    t.ok(r.returncode == 0, 'comes up', r.stdout + r.stderr)
    t.eq(lab.tcp('a', '10.0.0.5', 81), None, 'closed port is closed')
    t.eq(lab.tcp('a', '10.0.0.5', 80), 'b', 'open port is open')


class Talk:
    """One long connection from a to b that can be asked whether it still lives. The echo service answers and closes, so
    both ends are ours here."""

    def __init__(self, port):
        subprocess.run([h.ESCARP, 'exec', '--lab', lab.name, 'b', '--', 'nft', 'flush', 'ruleset'], timeout=20)
        self.listener = lab.socket('b')
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('10.0.0.5', port))
        self.listener.listen()
        self.client = lab.socket('a')
        self.client.settimeout(2)
        self.client.connect(('10.0.0.5', port))
        self.server, _ = self.listener.accept()
        self.server.settimeout(1)

    def alive(self):
        self.client.settimeout(1)
        try:
            self.client.sendall(b'ping')
            if self.server.recv(100)[:4] != b'ping':
                return False
            self.server.sendall(b'pong')
            return self.client.recv(100) == b'pong'
        except OSError:
            return False

    def close(self):
        for s in (self.client, self.server, self.listener):
            s.close()


def live_flows(t):
    talk = Talk(1433)
    t.ok(talk.alive(), 'a long connection to 1433')
    r = lab.up(network(allow=('80', '8080')))
    t.ok(r.returncode == 0, 'an unrelated rule is added', r.stderr)
    t.ok(talk.alive(), 'the connection lives through the change of another rule')
    drops = lab.drops('b', 'policy-in')
    r = lab.up(network(allow=('80', '8080'), db_rule='Deny'))
    t.ok(r.returncode == 0, 'its own rule turns to deny', r.stderr)
    t.ok(not talk.alive(), 'its next packet is judged anew: silence')
    t.ok(lab.drops('b', 'policy-in') > drops, 'policy-in at b', lab.escarp('drops').stdout)
    talk.close()
    lab.up(network(allow=('80', '8080')))


def modes(t):
    """--live-flows: keep and kill, and what follows them; drops with their reasons first."""
    def change(rule, mode):
        r = lab.up(network(allow=('80', '8080'), db_rule=rule), '--live-flows', mode)
        t.ok(r.returncode == 0, f'1433 becomes {rule}, live flows: {mode}', r.stderr)

    r = lab.up(network(), '--live-flows', 'perhaps')
    t.ok(r.returncode == 2 and 'reevaluate keep kill' in r.stderr, 'an unknown mode is refused', r.stderr)
    kept = Talk(1433)
    change('Deny', 'keep')
    lab.denied(t, 'a new connection after keep', lambda: lab.tcp('a', '10.0.0.5', 1433), 'b', 'policy-in', 'g/sql')
    t.ok(kept.alive(), 'the one that lives is kept')
    change('Deny', 'reevaluate')
    t.ok(kept.alive(), 'the same network again is no change')
    change('Allow', 'kill')
    drops = lab.drops('a', 'flow-ended') + lab.drops('b', 'flow-ended')
    t.ok(not kept.alive(), 'kill ends it, though the new rule allows it')
    t.ok(lab.drops('a', 'flow-ended') + lab.drops('b', 'flow-ended') > drops, 'flow-ended', lab.escarp('drops').stdout)
    kept.close()
    kept = Talk(1433)
    t.ok(kept.alive(), 'a new connection is welcome')
    change('Deny', 'keep')
    t.ok(kept.alive(), 'kept')
    r = lab.up(network(allow=('80', '8080', '8081'), db_rule='Deny'))
    drops = lab.drops('b', 'policy-in')
    t.ok(r.returncode == 0 and not kept.alive(), 'a later change that judges anew ends what was kept', r.stderr)
    t.ok(lab.drops('b', 'policy-in') > drops, 'policy-in at b')
    kept.close()
    lab.up(network(allow=('80', '8080')))


def only_the_difference(t):
    before = {p['id']: p for p in lab.status()['ports']}
    same = lab.up(network(allow=('80', '8080')), '--json')
    t.ok(same.returncode == 0, 'the same file again', same.stderr)
    out = json.loads(same.stdout)
    t.eq((out['added'], out['changed'], out['removed']), ([], [], []), 'changes nothing')
    r = lab.up(network(allow=('80', '8080'), more=[h.vm('c', 'net', 's', '10.0.0.6')]), '--json')
    out = json.loads(r.stdout)
    t.eq(sorted(i.rsplit('/', 1)[1] for i in out['added']), ['c', 'c-nic'], 'a VM more adds that VM')
    after = {p['id']: p for p in lab.status()['ports']}
    t.eq({i: (p['number'], p['mac'], p['addresses']) for i, p in after.items() if i in before},
         {i: (p['number'], p['mac'], p['addresses']) for i, p in before.items()}, 'the others keep number, MAC and address')
    t.eq(lab.tcp('a', '10.0.0.6', 80), 'c', 'and it answers')
    r = lab.up(network(allow=('80', '8080')), '--mode', 'complete')
    t.ok(r.returncode == 0 and 'c-nic' in r.stdout + r.stderr, 'complete mode removes it and says so first', r.stdout + r.stderr)
    t.eq(lab.tcp('a', '10.0.0.6', 80), None, 'it is gone')
    t.eq([p for p in lab.status()['ports'] if p['label'] == 'c'], [], 'also from the status')


BAD = {
    'malformed': '{"resources": [',
    'too deep': '[' * 5000 + ']' * 5000,
    'self-referencing': json.dumps({**h.template(), 'variables': {'x': "[variables('y')]", 'y': "[variables('x')]"},
                                    'outputs': {'o': {'type': 'string', 'value': "[variables('x')]"}}}),
    'dangling': json.dumps(h.template(h.vm('z', 'nowhere', 's', '10.0.0.9'))),
    'endless copy': json.dumps({**h.template(), 'resources': [{**h.pip('p'), 'name': "[concat('p', copyIndex())]", 'copy': {'name': 'c', 'count': 1000000000}}]}),
    'bad prefix': json.dumps(h.template(h.vnet('n', '10.0.0.0/40', {}))),
}


def bad_input(t):
    documents = lab.status()['documents']
    for name, text in BAD.items():
        path = os.path.join(lab.dir, name.replace(' ', '-') + '.json')
        with open(path, 'w') as f:
            f.write(text)
        r = lab.up(path)
        t.ok(r.returncode == 2 and r.stderr.startswith('escarp: ') and os.path.basename(path) in r.stderr,
             f'{name}: exit 2, the file is named', f'{r.returncode}: {r.stderr[:400]}')
    t.eq(lab.status()['documents'], documents, 'nothing was stored')
    t.eq(lab.tcp('a', '10.0.0.5', 81), None, 'the closed port is still closed')
    t.eq(lab.tcp('a', '10.0.0.5', 1433) is not None, True, 'the open one still open')


def half_way(t):
    """The agent cannot plug a new port: the previous network stays in force, also in the store."""
    blocker = 'p3'
    subprocess.run(['ip', 'link', 'add', blocker, 'netns', lab.netns('host0'), 'type', 'bridge'], check=True, timeout=10)
    documents = lab.status()['documents']
    r = lab.up(network(allow=('80', '8080', '9999'), more=[h.vm('c', 'net', 's', '10.0.0.6')]))
    t.ok(r.returncode == 1 and r.stderr, 'up fails half-way and says why', f'{r.returncode}: {r.stderr}')
    t.eq(lab.status()['documents'], documents, 'the documents are the previous ones')
    t.eq(lab.tcp('a', '10.0.0.5', 9999), None, 'what the failed change would have opened is closed')
    subprocess.run(['ip', '-n', lab.netns('host0'), 'link', 'del', blocker], check=True, timeout=10)
    r = lab.up(network(allow=('80', '8080')))
    t.ok(r.returncode == 0, 'and the next one succeeds', r.stderr)


def wait(what, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if what():
                return True
        except Exception:  # noqa: BLE001 - not yet
            pass
        time.sleep(0.1)
    return False


def killed(t):
    talk = Talk(1433)
    t.ok(talk.alive(), 'a connection before')
    for role in ('agent', 'controller', 'echo', 'lab'):
        pids = processes()
        os.kill(pids[role], signal.SIGKILL)
        t.ok(talk.alive(), f'{role} killed: the connection goes on')
        t.eq(lab.tcp('a', '10.0.0.5', 81), None, f'{role} killed: what was closed is closed')
        if role != 'lab':
            t.ok(wait(lambda: processes().get(role, pids[role]) != pids[role]), f'{role} is started again')
    r = lab.escarp('up')
    t.ok(r.returncode == 0, '`up` without a file finds the stored network', r.stderr)
    t.ok(talk.alive(), 'the connection lives through the return')
    t.eq(lab.tcp('a', '10.0.0.5', 81), None, 'and the closed port is closed')
    talk.close()
    r = lab.up(network(allow=('80', '8080', '90')))
    t.ok(r.returncode == 0, 'changes work again', r.stderr)
    subprocess.run([h.ESCARP, 'exec', '--lab', lab.name, 'b', '--', 'true'], check=True, timeout=10)


def detached(t):
    """The program taken off its port: silence, not an open door."""
    t.eq(lab.tcp('a', '10.0.0.5', 2222), None, 'closed before')
    pins = f'/run/escarp/{lab.name}/bpf/h0'
    number = lab.port('a')['number']
    os.kill(processes()['agent'], signal.SIGSTOP)
    try:
        found = [p for p in glob.glob(f'{pins}/**', recursive=True) if os.path.basename(p).endswith(f'p{number}')]
        t.ok(found, 'the pin of a\'s program is there', os.listdir(pins))
        for pin in found:
            os.unlink(pin)
        time.sleep(0.2)
        t.eq(lab.tcp('a', '10.0.0.5', 80), None, 'no program: silence')
        t.eq(lab.tcp('a', '8.8.8.8', 80), None, 'not even to the Internet')
    finally:
        os.kill(processes()['agent'], signal.SIGCONT)


def leaves_nothing(t):
    for pid in processes().values():
        os.kill(pid, signal.SIGKILL)
    r = lab.down()
    t.ok(r.returncode == 0, 'down after kill -9 of everything', r.stderr)
    spaces = subprocess.run(['ip', 'netns'], capture_output=True, text=True, timeout=10).stdout
    t.ok(f'esc.{lab.name}.' not in spaces, 'no namespace is left', spaces)
    t.ok(f'/{lab.name}/' not in open('/proc/mounts').read(), 'no mount')
    t.eq([p for p in (f'/run/escarp/{lab.name}', f'/var/lib/escarp/{lab.name}') if os.path.exists(p)], [], 'no directory')
    t.eq(processes(), {}, 'no process')
    t.ok(lab.down().returncode == 0, 'down again is no error')


h.main([comes_up, live_flows, modes, only_the_difference, bad_input, half_way, killed, detached, leaves_nothing])
