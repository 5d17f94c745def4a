#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flow logs and metrics of real connections: read back by a reader that knows only Azure's published format."""
import glob, json, os, re, signal, socket, stat, subprocess, sys, time
from harness import ESCARP, Lab, in_netns, main, nsg, resource, rid, rule, template, vm, vnet

lab = Lab('flowlog')
TUPLE = re.compile(r'^\d+,[0-9a-f.:]+,[0-9a-f.:]+,\d+,\d+,[TU],[IO],[AD],(B,,,,|[CE],\d+,\d+,\d+,\d+)$')
A, B = '10.0.1.4', '10.0.1.5'


def network(logged=True):
    store = {'type': 'Microsoft.Storage/storageAccounts', 'apiVersion': '2021-02-01', 'name': 'logs', 'location': 'local',
             'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'}
    log = resource('networkWatchers/flowLogs', 'watch/log', {
        'targetResourceId': rid('networkSecurityGroups', 'web'), 'enabled': logged,
        'storageId': "[resourceId('Microsoft.Storage/storageAccounts', 'logs')]",
        'retentionPolicy': {'days': 7, 'enabled': True}, 'format': {'type': 'JSON', 'version': 2}},
        depends=[rid('networkWatchers', 'watch')])
    return template(
        nsg('web', rule('Good', 100, 'Allow', dport='8080', protocol='*'), rule('Bad', 200, 'Deny', dport='9999', protocol='*')),
        nsg('quiet'), vnet('n', '10.0.0.0/16', {'one': ('10.0.1.0/24', None)}),
        vm('a', 'n', 'one', A, group='quiet'), vm('b', 'n', 'one', B, group='web'),
        resource('networkWatchers', 'watch', {}), store, log)


def flush():
    """All that is known is written; answers what the agent says of its log."""
    path = f'/run/escarp/{lab.name}/agent-0/agent.sock'
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b'{"op":"flowlog","now":true}\n')
        data = b''
        while not data.endswith(b'\n'):
            data += s.recv(65536)
    return json.loads(data)


def files(directory):
    return sorted(glob.glob(f'{directory}/resourceId=*/**/PT1H.json', recursive=True))


def read(directory):
    """[(rule, mac, fields of a tuple)] of every record: the published format and nothing of ours."""
    out = []
    for name in files(directory):
        with open(name) as f:
            log = json.load(f)
        for record in log['records']:
            assert record['category'] == 'NetworkSecurityGroupFlowEvent' and record['operationName'] == 'NetworkSecurityGroupFlowEvents'
            assert record['properties']['Version'] == 2
            for by_rule in record['properties']['flows']:
                for by_mac in by_rule['flows']:
                    for text in by_mac['flowTuples']:
                        assert TUPLE.match(text), text
                        out.append((by_rule['rule'], by_mac['mac'], text.split(',')))
    return out


def find(log, **want):
    names = ('epoch', 'source', 'destination', 'sport', 'dport', 'protocol', 'direction', 'decision', 'state')
    return [(r, m, f) for r, m, f in log if all(f[names.index(k)] == str(v) for k, v in want.items())]


def wait_for(what, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.2)
    return what()


def test_off(t):
    """Without an enabled log nothing is written, whatever happens."""
    t.eq(lab.up(network(logged=False)).returncode, 0, 'the network is enforced')
    lab.tcp('a', B, 9999)
    said = flush()
    t.ok(not said['on'] and not os.path.exists(said['directory']), 'no log is on and no directory is there', said)
    lab.directory = said['directory']


def test_denied(t):
    t.eq(lab.up(network()).returncode, 0, 'a flow log is declared')
    t.ok(wait_for(lambda: flush()['on']), 'and is on')
    lab.denied(t, 'tcp to a denied port', lambda: lab.tcp('a', B, 9999), 'b', 'policy-in', rule='web/Bad')
    lab.denied(t, 'udp to a denied port', lambda: lab.udp('a', B, 9999), 'b', 'policy-in', rule='web/Bad')
    flush()
    log = read(lab.directory)
    mac = lab.port('b')['mac'].replace(':', '').upper()
    for protocol in 'TU':
        got = find(log, source=A, destination=B, dport=9999, protocol=protocol, direction='I', decision='D', state='B')
        t.ok(got and all(r == 'UserRule_Bad' and m == mac for r, m, _ in got), f'the denied flow is told ({protocol})', log)
    t.eq(find(log, decision='A', dport=9999), [], 'and not as allowed')
    t.ok(all(m == mac for _, m, _ in log), 'nothing is told of the group that no log names')


def exact(sender, size, count):
    """UDP datagrams there, one answer back for each, counted by who sends and gets them."""
    sent = got = 0
    with lab.socket('a', kind=socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.connect((B, 8080))
        for _ in range(count):
            sent += s.send(b'x' * size)
            got += len(s.recv(2000))
        return s.getsockname()[1], sent, got


def test_counts(t):
    """Counts in the log are those of the sockets, with 42 bytes of headers for each datagram."""
    port, sent, got = exact('a', 500, 20)
    flush()
    begun = find(read(lab.directory), source=A, destination=B, sport=port, state='B', decision='A')
    t.ok(len(begun) == 1 and begun[0][0] == 'UserRule_Good', 'a flow that begins is told once, with its rule', begun)
    subprocess.run([ESCARP, 'up', '--lab', lab.name], capture_output=True, timeout=60)
    t.eq(find(read(lab.directory), sport=port, state='E'), [], 'and does not end while it lives')
    with lab.socket('a') as s:
        s.settimeout(3)
        s.bind((A, 0))
        s.connect((B, 8080))
        tcp = s.getsockname()[1]
        while s.recv(100):
            pass
    def ended():
        flush()
        return find(read(lab.directory), sport=tcp, state='E')
    end = wait_for(ended)
    t.ok(len(end) == 1, 'a closed connection ends once', end)
    f = next(x for x in json.loads(lab.escarp('flows', '--json', '--port', tcp).stdout)['flows'] if not x['reply'])
    told = [sum(int(x[2][k]) for x in find(read(lab.directory), sport=tcp, direction='I') if x[2][8] in 'CE') for k in range(9, 13)]
    t.eq(told, [f['packets'], f['bytes'], f['back_packets'], f['back_bytes']], 'its counts are those of the data path')
    lab.udp_flow = (port, sent, got)


def test_gone(t):
    """A flow whose port goes ends in the log, with every byte that its sockets have seen."""
    port, sent, got = lab.udp_flow
    lab.up(template(nsg('web'), vnet('n', '10.0.0.0/16', {'one': ('10.0.1.0/24', None)})), '--mode', 'complete')
    lab.up(network())
    flush()
    ends = [x[2] for x in find(read(lab.directory), sport=port) if x[2][8] in 'CE']
    total = [sum(int(x[k]) for x in ends) for k in range(9, 13)]
    t.eq(total, [20, sent + 20 * 42, 20, got + 20 * 42], 'what is told of it is exact')
    t.eq([x[8] for x in ends], ['E'], 'and it ends once')


def test_files(t):
    names = files(lab.directory)
    t.ok(names and all(re.search(r'/resourceId=/?SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB/'
                                 r'y=\d{4}/m=\d\d/d=\d\d/h=\d\d/m=00/macAddress=[0-9A-F]{12}/PT1H.json$', n) for n in names),
         'paths are as published', names)
    mode = os.stat(names[0])
    t.eq((stat.S_IMODE(mode.st_mode), mode.st_uid), (0o640, 61210), 'files are 0640, the agent\'s own')
    t.eq([n for n in glob.glob(f'{lab.directory}/**/*', recursive=True) if n.endswith(('.new', '.broken'))], [], 'nothing half is left')
    said = lab.escarp('status').stdout
    t.ok(lab.directory in said, 'status says where', said)


def test_always_valid(t):
    """Read as fast as can be while it grows: never half."""
    code = ('import glob,json,sys,time\nbad=n=0\nend=time.time()+3\n'
            'while time.time()<end:\n for f in glob.glob(sys.argv[1]+"/resourceId=*/**/PT1H.json",recursive=True):\n'
            '  n+=1\n  try: json.load(open(f))\n  except Exception as e: bad+=1\nprint(n,bad)')
    reader = subprocess.Popen([sys.executable, '-c', code, lab.directory], stdout=subprocess.PIPE, text=True)
    while reader.poll() is None:
        lab.tcp('a', B, 9999, timeout=0.05)
        flush()
    n, bad = map(int, reader.stdout.read().split())
    t.ok(n > 10 and bad == 0, 'every reading is valid JSON', (n, bad))


def test_fair(t):
    """One port's flood costs another no record, and what is lost is counted."""
    def flood():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                for _ in range(200):
                    s.sendto(b'x', (B, 9999))
    in_netns(lab.netns('a'), flood)
    with lab.socket('b') as s:
        s.settimeout(0.5)
        try:
            s.connect((A, 9))
        except OSError:
            pass
    flush()
    metrics = lab.escarp('metrics').stdout
    lost = dict(re.findall(r'^escarp_events_lost_total\{host="0",port="(\w+)"\} ([0-9.e+]+)$', metrics, re.M))
    t.ok(float(lost['b']) > 0, 'the flooded port has drops without a record, and says so', lost)
    t.eq(float(lost['a']), 0, 'the other has none')
    log = read(lab.directory)
    t.ok(find(log, source=B, destination=A, direction='O', dport=9, decision='A'), 'another flow is told meanwhile')


def test_metrics(t):
    path = f'/run/escarp/{lab.name}/agent-0/metrics.sock'
    def http(request, uid=0):
        code = ('import os,socket,sys\nos.setgid(%d);os.setuid(%d)\ns=socket.socket(socket.AF_UNIX);s.settimeout(10)\n'
                's.connect(sys.argv[1]);s.sendall(sys.argv[2].encode())\nd=b""\nwhile 1:\n c=s.recv(65536)\n if not c: break\n d+=c\n'
                'sys.stdout.write(d.decode())' % (uid, uid))
        return subprocess.run([sys.executable, '-S', '-c', code, path, request], capture_output=True, text=True, timeout=20)
    t.ok(http('GET /metrics HTTP/1.1\r\n\r\n', uid=65534).returncode != 0, 'nobody else may ask')
    t.ok(' 404 ' in http('GET / HTTP/1.1\r\n\r\n').stdout and ' 400 ' in http('nonsense\r\n\r\n').stdout, 'other requests are refused')
    got = http('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    if not t.ok(' 200 ' in got.stdout, 'root may', got.stderr):
        return
    body = got.stdout.split('\n\n', 1)[1]  # text mode has made of every end of line one byte
    bad, kinds, last = [], {}, None
    for line in body.splitlines():
        m = re.match(r'# (HELP|TYPE) (\w+) (.+)$', line)
        s = re.match(r'(\w+)(\{(\w+="([^"\\]|\\.)*",?)*\})? (\S+)$', line)
        if m and m[1] == 'TYPE':
            kinds[m[2]] = last = m[3]
            last = m[2]
        elif s and s[1] == last:
            float(s[5])
        elif not m:
            bad.append(line)
    t.eq(bad, [], 'every line is of the text format, samples under their type')
    t.ok(all(n.startswith('escarp_') and (n.endswith('_total')) == (k == 'counter') for n, k in kinds.items()), 'names by convention', kinds)
    dropped = re.search(r'^escarp_dropped_packets_total\{port="b",verdict="policy-in"\} (\d+)$', body, re.M)
    t.eq(int(dropped[1]), lab.drops('b', 'policy-in'), 'drops are the counters')
    t.ok(re.search(r'^escarp_flow_log_tuples_total\{port="b"\} [1-9]', body, re.M), 'records are counted')
    cpu = float(re.search(r'^escarp_flow_log_read_seconds_total (\S+)$', body, re.M)[1])
    t.ok(cpu < 0.05 * (time.monotonic() - lab.since) + 0.5, 'reading the table keeps to its share', cpu)


def test_restart(t):
    """An agent that is killed comes back, says so, and begins no flow twice."""
    def pid():
        with open(f'/run/escarp/{lab.name}/pids/agent-0') as f:
            return int(f.read().split()[0])
    def answers():
        try:
            return flush()['on'] and pid() != first
        except OSError:
            return False
    wait_for(lambda: flush()['on'])  # what is there at the first reading has begun before
    with lab.socket('a', kind=socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.connect((B, 8080))
        def exchange():
            s.send(b'x')
            s.recv(2000)
        exchange()
        flush()
        port, first = s.getsockname()[1], pid()
        os.kill(first, signal.SIGKILL)
        t.ok(wait_for(answers), 'the agent is back')
        exchange()
        flush()
        begun = find(read(lab.directory), sport=port, state='B')
        t.eq(len(begun), 1, 'a flow that lived through it has begun once')
    t.ok(re.search(r'^escarp_agent_restarts_total\{host="0"\} 1$', lab.escarp('metrics').stdout, re.M), 'the restart is counted')


if __name__ == '__main__':
    lab.since = time.monotonic()
    main([test_off, test_denied, test_counts, test_files, test_always_valid, test_fair, test_metrics, test_gone, test_restart])
