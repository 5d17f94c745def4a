# SPDX-License-Identifier: Apache-2.0
"""The lab by itself: what it makes, who may ask it for what, that instances answer, and that nothing of it stays.

No template and no policy here: ports are plugged by hand over run/lab.sock, the way the agents do it.
"""
import json, os, signal, socket, struct, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness as h  # noqa: E402
from harness import BUILD, in_netns, main  # noqa: E402

LAB = 'tlab'
ESCARPD = os.path.join(BUILD, 'escarpd')
RUN, STATE, LOGS = f'/run/escarp/{LAB}', f'/var/lib/escarp/{LAB}', f'/var/log/escarp/{LAB}'
UID_CONTROLLER, UID_ECHO, UID_AGENT = 61201, 61202, 61210
VM = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web0'
AGENT_CAPS = 1 << 12 | 1 << 38 | 1 << 39  # NET_ADMIN, PERFMON, BPF


def wait(what, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def start():
    os.makedirs(f'{RUN}/log', exist_ok=True)
    log = open(f'{RUN}/log/lab.log', 'a')
    p = subprocess.Popen([ESCARPD, 'lab', '--lab', LAB, '--hosts', '2'], stdout=log, stderr=log, start_new_session=True)
    if not wait(lambda: os.path.exists(f'{RUN}/lab.sock') and pid('echo')):
        raise RuntimeError(open(f'{RUN}/log/lab.log').read())
    return p


def down():
    return subprocess.run([ESCARPD, 'down', '--lab', LAB], capture_output=True, text=True, timeout=60)


def pid(role):
    try:
        return int(open(f'{RUN}/pids/{role}').read().split()[0])
    except OSError:
        return 0


def status(role):
    return dict(l.split(':\t', 1) for l in open(f'/proc/{pid(role)}/status').read().splitlines() if ':\t' in l)


def ask(request, uid=0):
    """One request to the lab's socket, as this uid."""
    code = ('import os,socket,sys\nos.setgid(%d);os.setuid(%d)\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(10)\n'
            's.connect(sys.argv[1])\ns.sendall(sys.argv[2].encode()+b"\\n")\nd=b""\n'
            'while not d.endswith(b"\\n"):\n c=s.recv(4096)\n if not c: break\n d+=c\nprint(d.decode())' % (uid, uid))
    r = subprocess.run([sys.executable, '-S', '-c', code, f'{RUN}/lab.sock', json.dumps(request)],
                       capture_output=True, text=True, timeout=20)
    return json.loads(r.stdout or '{}')


def plug(**more):
    request = {'op': 'plug', 'host': 0, 'port': 1, 'vm': VM, 'label': 'web0', 'nic': 0, 'mac': '02:e5:00:00:00:01',
               'addresses': [{'address': '10.0.1.4', 'prefix': 24, 'gateway': '10.0.1.1'}], 'primary': True,
               'tap': False}
    request.update(more)
    return request


def instance(vm=VM):
    import hashlib
    return f"esc.{LAB}.i.{vm.lower().rsplit('/', 1)[1]}-{hashlib.sha256(vm.lower().encode()).hexdigest()[:24]}"


def devices(netns):
    r = subprocess.run(['ip', '-n', netns, '-j', 'link'], capture_output=True, text=True)
    return {d['ifname']: d for d in json.loads(r.stdout or '[]')}


def sysctl(netns, name):
    return in_netns(netns, lambda: open(f'/proc/sys/net/{name}').read().strip())


def say_over_tcp(netns, address, port, first=b'', source='0.0.0.0'):
    s = in_netns(netns, lambda: socket.socket())
    with s:
        s.settimeout(3)
        s.connect((address, port))
        if first:
            s.sendall(first)
        data = b''
        while True:
            chunk = s.recv(4096)
            if not chunk:
                return data.decode()
            data += chunk


def leftovers():
    """Everything that carries the lab's mark, from every place that could hold it."""
    found = [n for n in os.listdir('/run/netns') if n.startswith(f'esc.{LAB}.')]
    found += [m for m in open('/proc/self/mountinfo').read().splitlines() if f'/escarp/{LAB}' in m or f'esc.{LAB}.' in m]
    found += [d for d in (RUN, STATE, LOGS, RUN + '.turn') if os.path.exists(d)]
    for p in filter(str.isdigit, os.listdir('/proc')):
        try:
            words = open(f'/proc/{p}/cmdline').read().split('\0')
        except OSError:
            continue
        if words[0].endswith('escarpd') and LAB in words and 'down' not in words:
            found.append(' '.join(words))
    return found


def test_build(tap):
    down()
    start()
    h0 = devices(f'esc.{LAB}.h0')
    tap.ok({'uplink0', 'overlay0'} <= set(h0), 'a host has its uplink and overlay device', h0.keys())
    r = subprocess.run(['ip', '-n', f'esc.{LAB}.h0', '-j', 'addr'], capture_output=True, text=True)
    addresses = [a for d in json.loads(r.stdout) for a in d.get('addr_info', [])]
    tap.eq(addresses, [], 'no device of a host has an address')
    values = {n: sysctl(f'esc.{LAB}.h0', n) for n in ('ipv4/ip_forward', 'ipv6/conf/all/disable_ipv6')}
    tap.eq(values, {'ipv4/ip_forward': '0', 'ipv6/conf/all/disable_ipv6': '1'}, 'a host neither forwards nor speaks IPv6')
    rules = subprocess.run(['ip', 'netns', 'exec', f'esc.{LAB}.h0', 'nft', 'list', 'table', 'netdev', 'escarp'],
                           capture_output=True, text=True).stdout
    for device in ('uplink0', 'overlay0'):
        tap.ok(f'device "{device}" priority filter; policy drop' in rules, f'ingress of {device} is closed', rules)
    tap.ok('external' in subprocess.run(['ip', '-n', f'esc.{LAB}.h0', '-d', 'link', 'show', 'overlay0'],
                                        capture_output=True, text=True).stdout, 'the overlay takes its key from metadata')


def test_second_supervisor(tap):
    r = subprocess.run([ESCARPD, 'lab', '--lab', LAB, '--hosts', '2'], capture_output=True, text=True, timeout=20)
    tap.ok(r.returncode and 'running already' in r.stderr, 'a second supervisor is refused', r.stderr)


def test_privileges(tap):
    s = status('echo')
    tap.eq([int(s[c], 16) for c in ('CapPrm', 'CapEff', 'CapInh', 'CapBnd', 'CapAmb')], [0] * 5, 'echo has no capability')
    tap.eq((s['Uid'].split()[0], s['NoNewPrivs'], s['Groups'].strip()), (str(UID_ECHO), '1', ''), 'echo is nobody else')
    if wait(lambda: pid('controller'), 3):
        s = status('controller')
        tap.eq([int(s[c], 16) for c in ('CapPrm', 'CapEff', 'CapBnd', 'CapAmb')], [0] * 4, 'controller has no capability')
        tap.eq(s['Uid'].split(), [str(UID_CONTROLLER)] * 4, 'controller runs as its own uid')
    if wait(lambda: pid('agent-1'), 3):
        s = status('agent-1')
        tap.eq([int(s[c], 16) for c in ('CapPrm', 'CapEff', 'CapBnd', 'CapAmb')], [AGENT_CAPS] * 4,
               'an agent has exactly CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN')
        tap.eq((s['Uid'].split(), s['NoNewPrivs']), ([str(UID_AGENT + 1)] * 4, '1'), 'an agent runs as its own uid')


def test_refusals(tap):
    tap.ok('not your host' in ask(plug(), UID_AGENT + 1).get('error', ''), "another host's agent may not plug here")
    tap.ok('not your host' in ask(plug(), UID_CONTROLLER).get('error', ''), 'nor may the controller')
    for name, value in (('port', 0), ('port', 1024), ('host', 9), ('nic', 99), ('mac', 'ff:ff:ff:ff:ff:ff'),
                        ('mac', 'x'), ('label', 'two words'), ('label', 'x\n'), ('vm', ''), ('addresses', []),
                        ('addresses', [{'address': '10.0.0.256', 'prefix': 24, 'gateway': '10.0.0.1'}])):
        answer = ask(plug(**{name: value}))
        tap.ok('error' in answer, f'{name} = {value!r} is refused', answer)
    tap.ok('error' in ask({'op': 'burn', 'host': 0}), 'an unknown request is refused')
    tap.ok(not [n for n in os.listdir('/run/netns') if n.startswith(f'esc.{LAB}.i.')], 'nothing was made of all that')


def test_plug(tap):
    answer = ask(plug(), UID_AGENT)
    if not tap.eq(answer, {'ok': True}, "a host's own agent plugs a port"):
        return
    before = devices(f'esc.{LAB}.h0')['p1']
    tap.ok('UP' not in before['flags'], "the host's end stays down: it is the agent's to open", before)
    inside = devices(instance())
    tap.ok(inside['eth0']['address'] == '02:e5:00:00:00:01' and inside['eth0']['mtu'] == 1500, 'MAC and MTU', inside)
    tap.eq(sysctl(instance(), 'ipv6/conf/eth0/disable_ipv6'), '1', 'no IPv6 in an instance')
    tap.eq(ask(plug(), UID_AGENT), {'ok': True}, 'plugging again is fine')
    tap.eq(devices(f'esc.{LAB}.h0')['p1']['ifindex'], before['ifindex'], 'and keeps the device')
    tap.eq(ask(plug(mac='02:e5:00:00:00:09')), {'ok': True}, 'another MAC')
    tap.eq(devices(instance())['eth0']['address'], '02:e5:00:00:00:09', 'is another card')
    ask(plug())


def open_by_hand():
    """Traffic without an agent: the host's end gets an address, which no real port ever has."""
    h0 = f'esc.{LAB}.h0'
    subprocess.run(['ip', '-n', h0, 'addr', 'replace', '10.0.1.1/24', 'dev', 'p1'], check=True)
    subprocess.run(['ip', '-n', h0, 'link', 'set', 'p1', 'up'], check=True)
    return h0


def test_answers(tap):
    h0 = open_by_hand()
    for port in (1, 7, 80, 1433, 65535):
        tap.eq(say_over_tcp(h0, '10.0.1.4', port), 'web0\n', f'TCP {port} answers with the name')
    answer = say_over_tcp(h0, '10.0.1.4', 443, b'GET / HTTP/1.0\r\n\r\n')
    tap.ok(answer.startswith('HTTP/1.0 200 OK\r\n') and answer.endswith('\r\n\r\nweb0\n'), 'HTTP answers in HTTP', answer)
    tap.eq(say_over_tcp(h0, '10.0.1.4', 22, b'SSH-2.0-x\r\n'), 'web0\n', 'what is not HTTP gets the bare name')
    with in_netns(h0, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as s:
        s.settimeout(2)
        for port in (1, 53, 65535):
            s.sendto(b'x', ('10.0.1.4', port))
            tap.eq(s.recvfrom(100), (b'web0\n', ('10.0.1.4', port)), f'UDP {port} answers from that port')
        for text, want in ((b'web0\n', None), (b'internet\n', None), (b'web0', b'web0\n')):
            s.settimeout(0.4)
            s.sendto(text, ('10.0.1.4', 54))
            try:
                got = s.recv(100)
            except TimeoutError:
                got = None
            tap.eq(got, want, f'UDP {text!r}: an answer is not answered, or two places would never stop')
    with in_netns(instance(), lambda: socket.create_server(('', 5201))) as server:
        with in_netns(h0, lambda: socket.create_connection(('10.0.1.4', 5201), 2)):
            server.settimeout(2)
            server.accept()[0].close()
            tap.ok(True, "a listener of the user's own gets its connections")


def test_echo_restart(tap):
    h0 = f'esc.{LAB}.h0'
    old = pid('echo')
    os.kill(old, signal.SIGKILL)
    tap.ok(wait(lambda: pid('echo') not in (0, old)), 'a killed echo process is started again')
    tap.eq(say_over_tcp(h0, '10.0.1.4', 80), 'web0\n', 'and answers for every instance')


def test_second_card(tap):
    ask(plug(port=2, nic=1, label='web0/nic1', mac='02:e5:00:00:00:02', primary=False,
             addresses=[{'address': '10.0.2.4', 'prefix': 24, 'gateway': '10.0.2.1'}]))
    h0 = f'esc.{LAB}.h0'
    subprocess.run(['ip', '-n', h0, 'addr', 'add', '10.0.2.1/24', 'dev', 'p2'], check=True)
    subprocess.run(['ip', '-n', h0, 'link', 'set', 'p2', 'up'], check=True)
    tap.eq(say_over_tcp(h0, '10.0.2.4', 80), 'web0\n', "a second card answers with the instance's name")
    r = subprocess.run(['ip', '-n', instance(), 'route', 'get', '8.8.8.8', 'from', '10.0.2.4'], capture_output=True, text=True)
    tap.ok('dev eth1' in r.stdout, 'replies leave by the card of their address', r.stdout + r.stderr)
    r = subprocess.run(['ip', '-n', instance(), 'route', 'get', '8.8.8.8'], capture_output=True, text=True)
    tap.ok('dev eth0 src 10.0.1.4' in r.stdout, 'everything else by the primary one', r.stdout + r.stderr)


def test_tap(tap):
    vm = VM + 'guest'
    tap.eq(ask(plug(port=3, vm=vm, tap=True)), {'ok': True}, 'a tap port')
    tap.ok('p3' in devices(f'esc.{LAB}.h0'), 'is a device of the host')
    tap.ok(not os.path.exists(f'/run/netns/{instance(vm)}'), 'without an instance of ours')


def test_unplug(tap):
    tap.eq(ask({'op': 'unplug', 'host': 0, 'port': 2, 'vm': VM}), {'ok': True}, 'the second card goes')
    tap.ok(os.path.exists(f'/run/netns/{instance()}'), 'the instance stays with its first')
    tap.eq(ask({'op': 'unplug', 'host': 0, 'port': 1, 'vm': VM}), {'ok': True}, 'the first card goes')
    tap.ok(not os.path.exists(f'/run/netns/{instance()}'), 'and the instance with it')
    tap.eq(ask({'op': 'unplug', 'host': 0, 'port': 1, 'vm': VM}), {'ok': True}, 'unplugging what is not there is fine')


def test_internet(tap):
    net = f'esc.{LAB}.internet'
    r = subprocess.run(['ip', '-n', net, 'route', 'get', '198.18.7.7'], capture_output=True, text=True)
    tap.ok('dev host0 src 192.88.99.1' in r.stdout, 'the public pool is behind host 0', r.stdout + r.stderr)
    r = subprocess.run(['ip', '-n', net, 'route', 'get', '203.0.113.9'], capture_output=True, text=True)
    tap.ok(r.stdout.startswith('local'), 'every other address is the Internet itself', r.stdout + r.stderr)


def test_adopt(tap):
    """kill -9 of the supervisor: its children end with it, the wires stay, the next one adopts them."""
    ask(plug())
    before = devices(f'esc.{LAB}.h0')
    children = [p for p in map(pid, ('echo', 'controller', 'agent-0', 'agent-1')) if p]
    os.kill(pid('lab'), signal.SIGKILL)
    tap.ok(wait(lambda: not any(os.path.exists(f'/proc/{p}/fd/0') for p in children)), 'its roles end with it')
    os.unlink(f'{RUN}/lab.sock')
    start()
    tap.eq(ask(plug()), {'ok': True}, 'the next supervisor adopts the port')
    after = devices(f'esc.{LAB}.h0')
    tap.eq({n: after.get(n, {}).get('ifindex') for n in before}, {n: before[n]['ifindex'] for n in before},
           'all devices are the same as before')
    open_by_hand()
    tap.eq(say_over_tcp(f'esc.{LAB}.h0', '10.0.1.4', 80), 'web0\n', 'and the instance answers again')


MODES = {  # of what others could reach: everything else is closed to them
    '': '755', 'controller': '755', 'agent-0': '755', 'agent-1': '755', 'bpf': '711', 'bpf/h0': '700', 'log': '700',
    'pids': '755', 'lab.sock': '666', 'controller/store.sock': '666', 'controller/control.sock': '600',
    'agent-0/agent.sock': '666', 'agent-0/tables': '600', 'log/agent-0.log': '600',
    'log/controller.log': '600', 'lock': '600'}


def test_modes(tap):
    """Documents and tables say what a customer has; who may talk to a socket is asked of its peer, not of its mode."""
    wait(lambda: os.path.exists(f'{RUN}/agent-0/tables'), 5)
    found = {n: oct(os.stat(os.path.join(RUN, n)).st_mode & 0o777)[2:] for n in MODES if os.path.exists(os.path.join(RUN, n))}
    tap.eq(found, {n: m for n, m in MODES.items() if n in found}, 'modes of what the lab runs with')
    tap.ok('agent-0/tables' in found, 'the tables in force are kept')
    tap.eq(oct(os.stat(STATE).st_mode & 0o777)[2:], '700', 'the state is closed to everybody else')
    files = [os.path.join(STATE, n) for n in os.listdir(STATE)]
    tap.ok(files and all(os.stat(f).st_mode & 0o077 == 0 for f in files), 'and every file in it', files)


def test_logs(tap):
    with open(f'{RUN}/log/echo.log', 'a') as f:
        f.write('x' * (5 << 20) + '\nthe end\n')
    old = f'{RUN}/log/echo.log.old'
    if tap.ok(wait(lambda: os.path.exists(old) and os.path.getsize(f'{RUN}/log/echo.log') < 1 << 20, 12),
              'a log that grew too long begins again'):
        text = open(old).read()
        tap.ok(text.endswith('the end\n') and len(text) == 1 << 20, 'and its end is kept')
        tap.eq(os.stat(old).st_mode & 0o777, 0o600, 'for nobody else')


def test_crowd(tap):
    """A stranger's connections do not keep the agents out."""
    code = ('import os,socket,sys,time\nos.setgid(65534);os.setuid(65534)\nh=[]\nfor _ in range(100):\n'
            ' s=socket.socket(socket.AF_UNIX);s.setblocking(False)\n'
            ' try: s.connect(sys.argv[1])\n except OSError: pass\n h.append(s)\n time.sleep(.005)\n'
            'print("held",flush=True)\ntime.sleep(8)')
    crowd = subprocess.Popen([sys.executable, '-S', '-c', code, f'{RUN}/lab.sock'], stdout=subprocess.PIPE, text=True)
    crowd.stdout.readline()
    tap.eq(ask({'op': 'uplink', 'host': 0}, UID_AGENT).get('ok'), True, 'an agent is heard beside a crowd of strangers')
    crowd.kill()
    crowd.wait()


def test_down(tap):
    outside = subprocess.Popen([os.path.join(BUILD, 'escarp'), 'exec', 'internet', '--lab', LAB, '--as', '203.0.113.9',
                                '--', 'sleep', '300'])
    tap.ok(wait(lambda: open(f'/proc/{outside.pid}/cmdline').read().startswith('sleep')), 'somebody outside')
    os.makedirs(f'{RUN}/foreign')
    subprocess.run(['mount', '-t', 'tmpfs', 'none', f'{RUN}/foreign'], check=True)
    open(f'{RUN}/foreign/mine', 'w').close()
    r = down()
    tap.ok(r.returncode == 1 and 'foreign' in r.stderr, 'what somebody mounted into it stops it, with a word', r.stderr)
    tap.ok(os.path.exists(f'{RUN}/foreign/mine'), 'and is left alone')
    subprocess.run(['umount', f'{RUN}/foreign'], check=True)
    tap.ok(wait(lambda: outside.poll() is not None, 3), 'what sent from outside by `exec internet --as` has ended')
    tap.eq((down().returncode, leftovers()), (0, []), 'the rest goes with the next')
    start()
    r = down()
    tap.eq((r.returncode, r.stderr), (0, ''), 'taking down a running lab')
    tap.eq(leftovers(), [], 'leaves nothing')
    tap.eq(down().returncode, 0, 'taking down nothing is fine')


def test_down_after_kill(tap):
    start()
    ask(plug())
    with in_netns(instance(), lambda: socket.socket()):
        sleeper = subprocess.Popen(['ip', 'netns', 'exec', instance(), 'sleep', '300'])
        time.sleep(0.3)
        os.kill(pid('lab'), signal.SIGSTOP)  # it must not restart what dies next
        for role in ('echo', 'controller', 'agent-0', 'agent-1', 'lab'):
            if pid(role):
                os.kill(pid(role), signal.SIGKILL)
        r = down()
        tap.eq((r.returncode, r.stderr), (0, ''), 'taking down a lab whose every process was killed')
        tap.eq(leftovers(), [], 'leaves nothing either')
        tap.ok(wait(lambda: sleeper.poll() is not None, 3), 'what ran inside an instance has ended')
    r = subprocess.run(['ip', '-j', 'link'], capture_output=True, text=True)
    tap.ok('p1' not in [d['ifname'] for d in json.loads(r.stdout)], "nothing fell into the machine's own network")


# -- the agent, with a network in force


FIGURE = os.path.join(os.path.dirname(h.__file__), '..', '..', 'share', 'figure3', 'fabrikam')


def up(hosts='1', figure=FIGURE, **more):
    return subprocess.Popen([os.path.join(BUILD, 'escarp'), 'up', figure + '.json', '--parameters', figure +
                             '.parameters.json', '--lab', LAB, '--hosts', hosts], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **more)


def outcome(p):
    """Code and errors; what it tells of its progress is none."""
    text = p.communicate(timeout=120)[1]
    return p.returncode, ''.join(l for l in text.splitlines(True) if l.startswith('escarp'))


def test_races(tap):
    """Commands at the same time: one after the other, and never half a lab."""
    both = [outcome(p) for p in [up(), up()]]
    tap.ok(all(c == 0 or 'another deployment is running' in e for c, e in both) and 0 in [c for c, _ in both],
           'two starts from nothing: both succeed, or one is told to wait', both)
    going = subprocess.Popen([ESCARPD, 'down', '--lab', LAB], stderr=subprocess.PIPE, text=True)
    time.sleep(0.2)
    coming = up()
    tap.eq((outcome(going), outcome(coming)), ((0, ''), (0, '')), 'a start while it is taken down comes after it')
    r = subprocess.run([os.path.join(BUILD, 'escarp'), 'status', '--lab', LAB, '--json'], capture_output=True, text=True)
    tap.ok(json.loads(r.stdout)['ports'] and all(p['enforced'] for p in json.loads(r.stdout)['ports']), 'and is whole')
    tap.eq({n: oct(os.stat(f'{RUN}{n}').st_mode & 0o777) for n in ('.turn', '/log/lab.log')},
           {'.turn': '0o600', '/log/lab.log': '0o600'}, 'what the start makes is closed, too')
    code, text = outcome(up('2'))
    tap.ok(code == 1 and 'has 1 hosts' in text, 'another number of hosts is refused', text)
    down()
    os.makedirs(f'{RUN}/pids', exist_ok=True)
    with open(f'{RUN}/pids/lab', 'w') as f:
        f.write(f'{os.getpid()} 1\n')
    tap.eq(outcome(up()), (0, ''), 'a stale record with the number of somebody else is no lab, and he lives')
    tap.eq((down().returncode, leftovers()), (0, []), 'nothing is left')


def test_hostile_machine(tap):
    """In a mount namespace of its own: no /run/netns, a state directory that cannot be written, or that is full."""
    script = 'set -e; mount --make-rprivate /; %s; exec "$0" "$@"'

    def within(prepare):
        return outcome(subprocess.Popen(
            ['unshare', '-m', 'sh', '-c', script % prepare, os.path.join(BUILD, 'escarp'), 'up', FIGURE + '.json',
             '--parameters', FIGURE + '.parameters.json', '--lab', LAB],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    code, text = within('mount -t tmpfs -o ro none /var/lib')
    tap.ok(code == 1 and 'Read-only file system' in text, 'a state that cannot be written is told', (code, text))
    down()
    code, text = within('mount -t tmpfs none /run')
    tap.eq((code, text), (0, ''), 'a bare /run is enough')
    for p in filter(str.isdigit, os.listdir('/proc')):  # its record is in a /run that nobody sees any more
        try:
            words = open(f'/proc/{p}/cmdline').read().split('\0')
        except OSError:
            continue
        if words[0].endswith('escarpd') and words[1] == 'lab' and LAB in words:
            os.kill(int(p), signal.SIGTERM)
    wait(lambda: not any('escarpd' in f for f in leftovers()))
    tap.eq((down().returncode, leftovers()), (0, []), 'nothing is left')


def test_full(tap):
    """A disk that fills up: the deployment fails with a word, and the network before stays."""
    os.makedirs(STATE)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=700k', 'none', STATE], check=True)
    try:
        tap.eq(outcome(up()), (0, ''), 'a first network')
        try:
            with open(f'{STATE}/fill', 'wb', 0) as f:
                while f.write(b'x' * 1024):
                    pass
        except OSError:
            pass
        code, text = outcome(up(figure=FIGURE.replace('fabrikam', 'contoso')))
        tap.ok(code == 1 and 'the disk is full; nothing was changed' in text and 'previous network' in text,
               'a second is refused', (code, text))
        r = subprocess.run([os.path.join(BUILD, 'escarp'), 'status', '--lab', LAB, '--json'], capture_output=True, text=True)
        ports = json.loads(r.stdout)['ports']
        tap.eq(sorted((p['label'], p['enforced']) for p in ports), [('ledger0', True), ('shop0', True)], 'the first is in force')
    finally:
        down()
        subprocess.run(['umount', STATE], check=True)
    tap.eq((down().returncode, leftovers()), (0, []), 'nothing is left')


class Network:
    """Two instances of one network on one host, in the lab of this test."""

    def __init__(self):
        self.lab = h.Lab(LAB)
        self.up('80')

    def up(self, *ports):
        r = self.lab.up(h.template(
            h.nsg('g', *[h.rule(f'allow-{p}', 100 + i, 'Allow', source='VirtualNetwork', dport=p)
                         for i, p in enumerate(ports)], h.rule('deny', 4000, 'Deny', protocol='*')),
            h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)}),
            h.vm('a', 'net', 's', '10.0.0.4'), h.vm('b', 'net', 's', '10.0.0.5', group='g')))
        if r.returncode:
            raise RuntimeError(r.stderr)
        if not hasattr(self, 'number'):
            self.a = self.lab.netns('a')
            self.number = self.lab.port('a')['number']
        return r

    def tcp(self, port, address='10.0.0.5'):
        """The namespace is known, so nothing here needs a living daemon."""
        with in_netns(self.a, lambda: socket.socket()) as s:
            s.settimeout(h.SILENCE)
            try:
                s.connect((address, port))
                return h.read_line(s)
            except OSError:
                return None


def ask_agent(request, uid=0):
    code = ('import os,socket,sys\nos.setgid(%d);os.setuid(%d)\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(10)\n'
            's.connect(sys.argv[1])\ns.sendall(sys.argv[2].encode()+b"\\n")\nprint(s.makefile().readline())' % (uid, uid))
    r = subprocess.run([sys.executable, '-S', '-c', code, f'{RUN}/agent-0/agent.sock', json.dumps(request)],
                       capture_output=True, text=True, timeout=20)
    return json.loads(r.stdout or '{}')


def own_port(number):
    return next((p for p in ask_agent({'op': 'status'}).get('ports', []) if p['number'] == number), {})


def test_agent(tap):
    n = Network()
    device = f'p{n.number}'
    pin = f'{RUN}/bpf/h0/links/{device}'
    tap.eq((n.tcp(81), n.tcp(80)), (None, 'b'), 'a network in force')
    port = own_port(n.number)
    tap.eq((port.get('attached'), port.get('preceded'), port.get('up')), ('tcx', False, True), 'program first on the port')
    tap.ok('only root' in ask_agent({'op': 'status'}, UID_CONTROLLER).get('error', ''), 'nobody but root may ask the agent')
    rules = in_netns(f'esc.{LAB}.h0', lambda: subprocess.run(['nft', 'list', 'table', 'netdev', 'escarp'],
                                                             capture_output=True, text=True).stdout)
    tap.ok(f'device "{device}" priority filter; policy drop' in rules, "the port's ingress is closed below the program", rules)

    os.kill(pid('agent-0'), signal.SIGSTOP)
    os.unlink(pin)
    wait(lambda: n.tcp(80) is None, 3)  # the kernel lets go of the link some time after its last name went
    tap.eq((n.tcp(80), n.tcp(80, '8.8.8.8')), (None, None), 'the program taken away: silence')
    os.kill(pid('agent-0'), signal.SIGCONT)
    tap.ok(wait(lambda: own_port(n.number).get('attached') == 'tcx'), 'the agent notices and mends it')
    tap.ok(wait(lambda: n.tcp(80) == 'b', 3) and n.tcp(81) is None, 'open is open and closed closed again')

    before = own_port(n.number)
    old = pid('agent-0')
    os.kill(old, signal.SIGKILL)
    tap.eq((n.tcp(81), n.tcp(80)), (None, 'b'), 'agent killed: what was in force stays')
    tap.ok(wait(lambda: pid('agent-0') not in (0, old) and own_port(n.number)), 'and it is started again')
    after = own_port(n.number)
    tap.eq({k: after.get(k) for k in ('slot', 'generation', 'ifindex')},
           {k: before.get(k) for k in ('slot', 'generation', 'ifindex')}, 'it finds slot, generation and device')
    tap.eq(ask_agent({'op': 'status'})['lastChange']['calls'], 0, 'and writes nothing')

    n.up('80', '8080')
    last = ask_agent({'op': 'status'})
    tap.eq((n.tcp(8080), n.tcp(81)), ('b', None), 'a rule more')
    tap.eq(last['lastChange']['calls'], 1, "is a new blob, a flipped word and that rule's counter at zero: no entry of any other map")
    tap.eq(own_port(n.number)['generation'], before['generation'], "the other port's flows are not judged anew")

    subprocess.run(['ip', '-n', f'esc.{LAB}.h0', 'link', 'del', device], check=True)
    tap.ok(wait(lambda: n.tcp(80) == 'b'), 'a deleted device is made again')
    with open(f'{RUN}/agent-0/tables', 'r+b') as f:
        f.truncate(10)
    old = pid('agent-0')
    os.kill(old, signal.SIGKILL)
    wait(lambda: pid('agent-0') not in (0, old))
    tap.ok(wait(lambda: n.tcp(80) == 'b') and n.tcp(81) is None, 'memory lost: it begins again, closed, and ends up the same')
    tap.eq((down().returncode, leftovers()), (0, []), 'nothing is left of it')


if __name__ == '__main__':
    try:
        main([test_build, test_second_supervisor, test_privileges, test_refusals, test_plug, test_answers,
              test_echo_restart, test_second_card, test_tap, test_unplug, test_internet, test_modes, test_logs, test_crowd,
              test_adopt, test_down, test_down_after_kill, test_races, test_hostile_machine, test_full,
              test_agent])
    finally:
        if os.geteuid() == 0:
            down()
