#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vm.tcp: one TCP flow between two VMs of one host, through both ports' programs and a group of 51 rules; beside it
"direct", the same over a bare veth pair.

The sender runs on one core and the receiver on the other; the two paths take turns, so that whatever else the machine
does hits both. Values are medians.
"""
import json, os, statistics, subprocess, sys, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'traffic'))
import harness as h  # noqa: E402

RUNS, SECONDS = 7, 3
BARE = ('escb.client', 'escb.server')
CORES = sorted(os.sched_getaffinity(0))


def sh(*argv, check=True):
    return subprocess.run(argv, capture_output=True, text=True, check=check, timeout=120)


def template():
    deny = [h.rule(f'deny-{i}', 100 + i, 'Deny', source=f'203.0.113.{i}', dport=str(1000 + i)) for i in range(1, 51)]
    return h.template(h.nsg('g', *deny, h.rule('allow-vnet', 4000, 'Allow', protocol='*', source='VirtualNetwork')),
                      h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', 'g')}),
                      h.vm('a', 'net', 's', '10.0.0.4'), h.vm('b', 'net', 's', '10.0.0.5'))


def bare_up():
    bare_down()
    for ns in BARE:
        sh('ip', 'netns', 'add', ns)
    sh('ip', '-n', BARE[0], 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', BARE[1])
    for i, ns in enumerate(BARE):
        sh('ip', '-n', ns, 'addr', 'add', f'10.0.0.{4 + i}/24', 'dev', 'eth0')
        sh('ip', '-n', ns, 'link', 'set', 'eth0', 'up')


def bare_down():
    for ns in BARE:
        sh('ip', 'netns', 'del', ns, check=False)


def inside(path, end):
    """Command words that run something at that end of that path."""
    if path == 'direct':
        return ['ip', 'netns', 'exec', BARE[end]]
    return [h.ESCARP, 'exec', '--lab', lab.name, 'ab'[end], '--']


def gbits(path):
    server = subprocess.Popen([*inside(path, 1), 'taskset', '-c', str(CORES[-1]), 'iperf3', '-s', '-1', '-p', '5201'],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.4)
        r = sh(*inside(path, 0), 'taskset', '-c', str(CORES[0]), 'iperf3', '-J', '-c', '10.0.0.5', '-p', '5201', '-t', str(SECONDS))
        return json.loads(r.stdout)['end']['sum_received']['bits_per_second'] / 1e9
    finally:
        server.kill()
        server.wait()


def measure():
    samples = {'escarp': [], 'direct': []}
    for _ in range(RUNS):
        for path in samples:
            samples[path].append(gbits(path))
    for path, values in samples.items():
        print(f'# {path}: ' + ' '.join(f'{v:.1f}' for v in values), file=sys.stderr)
    return {path: round(statistics.median(values), 2) for path, values in samples.items()}


if __name__ == '__main__':
    lab = h.Lab('bench')
    try:
        up = lab.up(template())
        if up.returncode:
            sys.exit(up.stderr)
        # The answerer listens behind a redirect of every port; this VM is to run a server of its own.
        sh(*inside('escarp', 1), 'nft', 'flush', 'ruleset')
        bare_up()
        m = measure()
        print(json.dumps({'name': 'vm.tcp', 'value': m['escarp'], 'unit': 'Gbit/s', 'beside': {'direct': m['direct']}, 'runs': RUNS}))
    finally:
        bare_down()
        lab.down()
