#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""escarp trace over files: no root, no daemon; exit codes, stages with stable names, and errors that say what is wrong."""
import json, os, subprocess, sys, tempfile

ESCARP = sys.argv[1]
SHARE = os.path.join(os.path.dirname(__file__), '../../../share/figure3')
FIGURE3 = [f'{SHARE}/contoso.json', '--parameters', f'{SHARE}/contoso.parameters.json']
count = failed = 0


def ok(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}")
    if not good:
        print(f'# {why}')


def trace(*args):
    r = subprocess.run([ESCARP, 'trace', *map(str, args)], capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def stages(trip):
    return [s['stage'] for h in trip['hops'] for s in h['stages']]


def service(directory):
    """A cloud service whose port 81 is for one office, without one of its machines."""
    files = os.path.join(directory, 'a.csdef'), os.path.join(directory, 'a.cscfg')
    with open(files[0], 'w') as f:
        f.write('<ServiceDefinition name="shop" xmlns="http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceDefinition">'
                '<WebRole name="web"><Endpoints><InputEndpoint name="shut" protocol="tcp" port="81"/></Endpoints></WebRole></ServiceDefinition>')
    with open(files[1], 'w') as f:
        f.write('<ServiceConfiguration serviceName="shop"><Role name="web"><Instances count="2"/></Role><NetworkConfiguration><AccessControls>'
                '<AccessControl name="office"><Rule order="50" action="deny" remoteSubnet="203.0.113.66/32"/>'
                '<Rule order="100" action="permit" remoteSubnet="203.0.113.0/24"/></AccessControl></AccessControls><EndpointAcls>'
                '<EndpointAcl role="web" endPoint="shut" accessControl="office"/></EndpointAcls></NetworkConfiguration></ServiceConfiguration>')
    return files


code, out, _ = trace(*FIGURE3, '--from', 'web0', '--to', 'db0', '--port', 1433, '--json')
said = json.loads(out)
ok(code == 1 and not said['delivered'] and said['reply'] is None, 'a denied packet: exit code 1, no answer', out[:300])
ok(stages(said['forward']) == ['port', 'guard', 'flow', 'policy', 'route', 'address', 'policy', 'drop'], 'its stages in order', stages(said['forward']))
ok(said['forward']['verdict'] == 'policy-in' and 'group db' in said['advice'], 'its verdict and what to do', said['advice'])
code, out, _ = trace(*FIGURE3, '--from', 'app0', '--to', 'db0', '--port', 1433, '--json')
said = json.loads(out)
ok(code == 0 and said['delivered'] and said['answered'] and said['advice'] is None, 'an allowed one: exit code 0, with its answer', out[:300])
ok([s['result'] for h in said['reply']['hops'] for s in h['stages'] if s['stage'] == 'flow'] == ['hit'], 'the answer meets the flow')
code, out, _ = trace(*FIGURE3, '--from', 'web0', '--to', 'app0', '--protocol', 'icmp')
ok(code == 1 and 'app/DenyRestOfNetwork' in out, 'an echo, told in words', out)
with tempfile.TemporaryDirectory() as directory:
    files = service(directory)
    vip = '198.18.0.2'  # .1 is the host's own
    for sender, verdict, names in (('203.0.113.66', 'access', ['endpoint', 'access', 'drop']), ('198.51.100.1', 'access', ['endpoint', 'access', 'drop']),
                                   ('203.0.113.5', 'forward', ['endpoint', 'access', 'balance', 'flow', 'policy', 'translation', 'delivery'])):
        code, out, err = trace(*files, '--from', f'internet:{sender}', '--to', vip, '--port', 81, '--json')
        said = json.loads(out or '{}')
        got = said and (said['forward']['verdict'], stages(said['forward']))
        names = [n for n in names if n != 'translation' or 'translation' in got[1]]
        ok(got == (verdict, names), f'{sender} at an endpoint with an access list: {verdict}', got or err)
        if sender == '203.0.113.66':
            rule = said['forward']['hops'][0]['stages'][1]['rules'][0]['rule']
            ok(rule.endswith('access 50'), 'the access rule is named', rule)
for args, word in (([*FIGURE3, '--to', 'db0'], '--from'), (['--from', 'a', '--to', 'b'], '--live'), (['--live', *FIGURE3, '--from', 'a', '--to', 'b'], 'not both'),
                   ([*FIGURE3, '--from', 'nobody', '--to', 'db0'], 'nobody'), ([*FIGURE3, '--from', 'internet', '--to', 'internet:192.0.2.7'], 'outside'),
                   ([*FIGURE3, '--from', 'web0', '--to', 'internet:1.2.3'], 'IPv4'), ([*FIGURE3, '--from', '198.18.0.9', '--to', 'web0'], 'inside'),
                   ([*FIGURE3, '--from', 'web0', '--to', 'db0', '--protocol', 'icmp', '--port', 1], 'no ports'), ([*FIGURE3, '--from', 'web0', '--to', 'db0', '--port', 65536], '65535')):
    code, out, err = trace(*args)
    ok(code == 2 and word in err, f'refused: {" ".join(str(a) for a in args if a not in FIGURE3)}', (code, out[:100], err))
print(f'1..{count}')
sys.exit(bool(failed))
