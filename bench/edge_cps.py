#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""edge.cps, edge.tcp: from outside through a load-balanced public address to a machine, beside what else does that.

    escarp         the lab's own: uplink, edge (the build that the lab attaches, which the result names), the machine's port
    redirect       two veth pairs and a program that does bpf_redirect_peer and nothing else: no address is translated
    nftables_dnat  the kernel forwards; conntrack; one DNAT rule
    haproxy        a proxy in TCP mode, which ends one connection and begins another

    bench/edge_cps.py [--quick] [--only PATH,...]

As vm.py has it: client and server keep to a processor each, all paths take turns, values are medians, and disturbed samples
are taken again.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time

import paths
import vm
from paths import h

PORTS = {'cps': 5203, 'tcp': 5201}
# measure, peer, what Escarp's value may be of the peer's at the worst
BOUNDS = (('cps', 'redirect', 0.85), ('cps', 'haproxy', 1.6), ('cps', 'nftables_dnat', 1.1), ('tcp', 'nftables_dnat', 1.0))


class Escarp(paths.Escarp):
    name = 'escarp'

    def __init__(self):
        self.lab = h.Lab('bench-edge')
        up = self.lab.up(self.template())
        if up.returncode:
            raise RuntimeError(up.stderr)
        self.client, self.server = self.lab.netns('internet'), self.lab.netns('a')
        self.hub, self.card = self.lab.netns('host0'), 'uplink0'
        self.addresses = (h.CLIENT, self.lab.status()['front_ends'][0]['address'])
        for netns in (self.client, self.server):
            paths.inside(netns, 'sysctl', '-qw', paths.PORTS)
            paths.inside(netns, 'nft', 'flush', 'ruleset')

    @staticmethod
    def template():
        rules = [(what, 'all', port, port) for what, port in PORTS.items()]
        return h.template(h.nsg('g', h.rule('in', 100, 'Allow', source='Internet')), h.pip('vip'),
                          h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)}),
                          h.balancer('lb', 'vip', ['all'], rules), h.vm('a', 'net', 's', '10.0.0.4', group='g', pools=[('lb', 'all')]))


class Redirect(paths.RedirectPeer):
    name = 'redirect'


class Routed(paths.Path):
    """The hub has an address on either side, the client speaks to the hub's, and the machine is behind it."""
    addresses, inner = ('10.0.1.4', '10.0.1.1'), '10.0.2.5'

    def __init__(self):
        super().__init__()
        self.addresses = ('10.0.1.4', self.inner)
        self.cards('10.0.1.1', '10.0.2.1')
        self.addresses = ('10.0.1.4', '10.0.1.1')
        for i in (1, 2):
            paths.ip(self.hub, 'addr', 'add', f'10.0.{i}.1/24', 'dev', f'p{i}')


class Dnat(Routed):
    name = 'nftables_dnat'

    def __init__(self):
        super().__init__()
        paths.inside(self.hub, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
        paths.inside(self.hub, 'nft', '-f', '-', input=f'''table ip escb {{
  chain in {{ type nat hook prerouting priority dstnat;
    ip daddr 10.0.1.1 meta l4proto {{ tcp, udp }} dnat to {self.inner}
  }}
}}
''')


class Haproxy(Routed):
    name = 'haproxy'

    def __init__(self):
        self.process = None
        super().__init__()
        paths.inside(self.hub, 'sysctl', '-qw', paths.PORTS)
        self.dir = tempfile.mkdtemp(prefix='escarp-bench-haproxy-')
        config = os.path.join(self.dir, 'haproxy.cfg')
        with open(config, 'w') as f:
            f.write('global\n  maxconn 4000\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n')
            for what, port in PORTS.items():
                f.write(f'listen {what}\n  bind 10.0.1.1:{port}\n  server one {self.inner}:{port}\n')
        self.process = subprocess.Popen(['ip', 'netns', 'exec', self.hub, 'haproxy', '-db', '-f', config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if '10.0.1.1:5203' in paths.inside(self.hub, 'ss', '-ltn'):
                return
            time.sleep(0.05)
        raise RuntimeError('haproxy does not start')

    def pids(self):
        return {self.process.pid}

    def down(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            shutil.rmtree(self.dir)
        super().down()


ALL = (Escarp, Redirect, Dnat, Haproxy)


def bounds(what, medians):
    for _, peer, bound in (b for b in BOUNDS if b[0] == what and b[1] in medians):
        ratio = medians['escarp'] / medians[peer]
        yield f"{'holds' if ratio >= bound else 'MISSED'}: edge.{what} is {ratio:.2f} of {peer}, bound at least {bound:.2f}"


def report(got, runs, disturbed):
    for what, by in got.items():
        unit, decimals, _ = vm.MEASURES[what]
        medians = {name: statistics.median(values) for name, values in by.items()}
        for name, each in by.items():
            print(f'# edge.{what} {name}: ' + ' '.join(f'{v:.{decimals}f}' for v in each), file=sys.stderr)
        if 'escarp' in medians:
            values = {name: round(v, decimals or None) for name, v in medians.items()}
            build = 'xdp' if os.environ.get('ESCARP_EDGE') == 'xdp' else 'tc'
            print(json.dumps({'name': f'edge.{what}', 'value': values.pop('escarp'), 'unit': unit, 'build': build, 'beside': values, 'runs': runs,
                              'disturbed': disturbed[what], 'bounds': list(bounds(what, medians))}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--quick', action='store_true', default='ESCARP_QUICK' in os.environ, help='few short runs, and disturbed ones stand')
    parser.add_argument('--only', default='', help='these paths')
    args = parser.parse_args()
    runs, seconds, tries = (3, 0.3, 2) if args.quick else (7, 1.5, 6)
    up = []
    try:
        for make in (c for c in ALL if not args.only or c.name in args.only.split(',')):
            up.append(make())
            up[-1].pause(True)
        report(*(lambda got, disturbed: (got, runs, disturbed))(*vm.measure(up, list(PORTS), runs, seconds, tries)))
    finally:
        for path in reversed(up):
            path.down()


if __name__ == '__main__':
    main()
