#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Escarp says about packets: traces, flows and counters, beside the packets themselves."""
import json
from harness import ESCARP, ROOT, Lab, main
import os, subprocess, time

TEMPLATE = os.path.join(ROOT, 'share/figure3/contoso.json')
PARAMETERS = os.path.join(ROOT, 'share/figure3/contoso.parameters.json')
HOSTS = 3
lab = Lab('accounts', '--hosts', str(HOSTS), '--parameters', PARAMETERS)
WHERE = {}  # label -> private address


def trace(*args, live=False):
    """(exit code, answer) of a trace, from the files or of the lab."""
    what = ['--live'] if live else [TEMPLATE, '--parameters', PARAMETERS, '--hosts', HOSTS, '--group', 'g', '--subscription', 's']
    r = lab.escarp('trace', *what, '--json', *args)
    return r.returncode, json.loads(r.stdout) if r.returncode < 2 else r.stderr


def shape(answer):
    """What must be the same wherever a trace comes from: who decided what, hop by hop."""
    def trip(t):
        return t and [(h['host'], [(s['stage'], s['result'], [r['rule'] for r in s.get('rules', [])]) for s in h['stages']])
                      for h in t['hops']]
    return answer['delivered'], answer['forward']['verdict'], trip(answer['forward']), trip(answer['reply'])


def test_up(t):
    r = lab.up(TEMPLATE)
    t.eq(r.returncode, 0, 'Figure 3 is enforced on three hosts')
    for p in lab.status()['ports']:
        WHERE[p['label']] = p['addresses'][0]
    lab.vip = lab.status()['front_ends'][0]['address']


def real(protocol, sender, address, port):
    if protocol == 'icmp':
        return bool(lab.ping(sender, address))
    return bool((lab.tcp if protocol == 'tcp' else lab.udp)(sender, address, port))


def test_trace(t):
    """Files, the running lab and real packets must tell the same."""
    cases = [  # protocol, from, to, port, verdict; what must not arrive first
        ('tcp', 'web0', 'db0', 1433, 'policy-in'), ('tcp', 'internet', lab.vip, 22, 'no-endpoint'),
        ('tcp', 'db0', 'internet', 443, 'policy-out'), ('udp', 'app0', 'db0', 53, 'policy-in'),
        ('icmp', 'web1', 'app0', None, 'policy-in'), ('tcp', 'app0', '10.0.2.99', 1433, 'unreachable'),
        ('tcp', 'app0', '172.16.0.1', 80, 'no-route'), ('tcp', 'web1', 'web0', 80, 'policy-in'),
        ('tcp', 'web0', 'app0', 8080, 'forward'), ('tcp', 'app0', 'db0', 1433, 'forward'),
        ('tcp', 'web1', 'app0', 8080, 'forward'), ('tcp', 'internet', lab.vip, 80, 'forward'),
        ('tcp', 'app0', 'internet', 443, 'forward'), ('tcp', 'app0', lab.vip, 443, 'forward')]
    for protocol, sender, to, port, verdict in cases:
        name = f'{protocol} {sender} to {to}{f" port {port}" if port else ""}'
        args = ['--from', sender, '--to', to, '--protocol', protocol] + (['--port', port] if port else [])
        code, said = trace(*args)
        if not t.ok(code < 2, f'{name}: can be traced', said):
            continue
        t.eq(said['forward']['verdict'], verdict, f'{name}: the files say {verdict}')
        t.eq(code, 0 if verdict == 'forward' else 1, f'{name}: and the exit code says so')
        code, live = trace(*args, live=True)
        t.eq(shape(live) if code < 2 else live, shape(said), f'{name}: the lab says the same')
        at = said['forward']['at']['label']
        address = WHERE.get(to, '192.0.2.100' if to == 'internet' else to)
        if verdict != 'forward':
            port_name = said['forward']['hops'][-1]['stages'][-1]['port'] or 'uplink'
            lab.denied(t, f'{name}: real packets', lambda: real(protocol, sender, address, port), port_name, verdict)
            t.ok(said['advice'] or verdict == 'no-endpoint', f'{name}: it says what to do')
        else:
            t.ok(real(protocol, sender, address, port), f'{name}: real packets arrive')
            t.ok(at, f'{name}: and at somebody')


def test_lines(t):
    """A rule is named with the line that declares it, in files and in force."""
    text = open(TEMPLATE).read().splitlines()
    for live in (False, True):
        _, said = trace('--from', 'web0', '--to', 'db0', '--port', 1433, live=live)
        rule = said['forward']['hops'][-1]['stages'][-2]['rules'][0]
        near = '\n'.join(text[rule['line'] - 1:rule['line'] + 2])
        t.ok('"DenyRestOfNetwork"' in near, f"{'in force' if live else 'in files'}: line {rule['line']} declares the rule", near)
    rules = json.loads(lab.escarp('drops', '--json').stdout)['rules']
    denied = [r for r in rules if r['rule'] == 'db/DenyRestOfNetwork' and r['packets']]
    t.ok(denied and denied[0]['access'] == 'deny' and denied[0]['line'] == rule['line'], 'drops tell it too', denied)
    events = json.loads(lab.escarp('events', '--json').stdout)['events']
    t.ok(any(e.get('places') == [f"{TEMPLATE}:{rule['line']}"] for e in events), 'and events', events[-1:])


def test_flows(t):
    """A flow of a live connection, with both counts and its rules, and a stale one."""
    with lab.socket('app0') as s:
        s.settimeout(3)
        s.connect((WHERE['db0'], 1433))
        source = s.getsockname()[1]
        r = json.loads(lab.escarp('flows', '--json', '--port', source).stdout)['flows']
        mine = [f for f in r if f['port'] == 'app0' and not f['reply']]
        t.eq(len(mine), 1, 'the flow is found by its port')
        t.eq(sorted({f['port'] for f in r}), ['app0', 'db0'], 'nothing else is')
        f = mine[0]
        t.eq(f['rules'], ['app/AllowVnetOutBound'] if lab.port('db0')['host'] != lab.port('app0')['host'] else
             ['app/AllowVnetOutBound', 'db/AllowFromApp'], 'it names the rules that admit it')
        t.ok(f['packets'] >= 2 and f['back_packets'] >= 1 and f['current'], 'it counts both ways', f)
        t.eq(lab.escarp('flows', '--json', '--instance', 'web1', '--protocol', 'udp').stdout.count('"port"'), 0,
             'filters leave out what does not match')
        code, said = trace('--from', 'app0', '--to', 'db0', '--port', 1433, '--source-port', source, live=True)
        t.ok(code == 0 and {x['port'] for x in said['flows']} >= {'app0'}, 'trace --live tells the flow', said.get('flows'))
    code, said = trace('--from', 'web1', '--to', 'db0', '--port', 1433, live=True)
    t.eq(said['flows'], [], 'and none where there is none')


def test_follow(t):
    """What is new comes by itself, one JSON value a line, and only once."""
    def follow(what):
        return subprocess.Popen([ESCARP, what, '--lab', lab.name, '--json', '--follow'], stdout=subprocess.PIPE, text=True)
    tails = {what: follow(what) for what in ('flows', 'drops', 'events')}
    time.sleep(1.5)
    lab.tcp('web1', WHERE['app0'], 9)
    with lab.socket('app0') as s:
        s.settimeout(3)
        s.connect((WHERE['db0'], 1433))
        source = s.getsockname()[1]
        time.sleep(2)
    said = {}
    for what, tail in tails.items():
        tail.terminate()
        said[what] = [json.loads(line) for line in tail.stdout.read().splitlines()]
    mine = [f for d in said['flows'] for f in d['flows'] if f['port'] == 'app0' and f['source_port'] == source]
    t.ok(1 <= len(mine) <= 3, 'flows: the new one, once for each change of its counts', mine)
    later = [d for data in said['drops'][1:] for d in data['drops']]
    t.ok(later and all(d['port'] == 'app0' for d in later), 'drops: after the first answer only the counter that grew', later)
    t.ok(any(e['port'] == 'app0' and e['destination_port'] == 9 for e in said['events']), 'events: the drop', said['events'][-2:])


def test_refused(t):
    for args, what in ((['--from', 'nobody', '--to', 'db0'], 'an unknown instance'),
                       (['--from', 'web0', '--to', '1.2.3'], 'half an address'),
                       (['--from', 'web0', '--to', 'db0', '--port', '0'], 'port 0'),
                       (['--from', 'web0', '--to', '2001:db8::1'], 'an address of the other family')):
        t.eq(trace(*args)[0], 2, f'trace refuses {what}')


if __name__ == '__main__':
    main([test_up, test_trace, test_lines, test_flows, test_follow, test_refused])
