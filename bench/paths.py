# SPDX-License-Identifier: Apache-2.0
"""What may lie between two guests of one host: each path is two namespaces whose card is eth0, and something in a third.

    escarp         the lab's own: both ports' programs, a group of 1,000 rules
    direct         a veth pair, nothing between
    redirect_peer  two veth pairs and a program that does bpf_redirect_peer and nothing else
    nftables       the kernel forwards; conntrack; 1,000 rules as one verdict map, which is the best way to write them
    ovs            Open vSwitch's userspace datapath; conntrack; 1,000 flows; offloads off, which it does not get along with

All have the same addresses where they can, the same MTU and the same rules: 999 that deny one source one port, and one
that allows. The lab's guests route by source (a rule and a table for each card), which costs a sender more than a plain
table, so all guests do. A path is made by its constructor and gone after down().
"""
import json, os, shutil, signal, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get('ESCARP_BUILD', os.path.join(ROOT, 'build'))
LOAD = os.path.join(BUILD, 'bench', 'load')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'traffic'))
import harness as h  # noqa: E402

CLIENT_MAC, SERVER_MAC, HUB_MACS = '02:00:00:00:00:01', '02:00:00:00:00:02', ('02:00:00:00:00:03', '02:00:00:00:00:04')
DENIED = [(f'203.0.{i // 250}.{i % 250 + 1}', 1000 + i) for i in range(999)]
PORTS = 'net.ipv4.ip_local_port_range=1024 65535'


def sh(*argv, check=True, **more):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=120, **more)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def ip(netns, *argv):
    sh('ip', '-n', netns, *argv)


def inside(netns, *argv, **more):
    return sh('ip', 'netns', 'exec', netns, *argv, **more)


class Path:
    """client, server: their namespaces; card: the other end of the client's, in hub; addresses and mac: as the client sees them."""
    name, card = '', 'p1'
    addresses, mac = ('10.0.0.4', '10.0.0.5'), SERVER_MAC

    def __init__(self):
        self.client, self.hub, self.server = (f'escb.{self.name}.{end}' for end in ('client', 'hub', 'server'))
        self.remove()
        for netns in (self.client, self.hub, self.server):
            sh('ip', 'netns', 'add', netns)
            inside(netns, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1', PORTS)
            ip(netns, 'link', 'set', 'lo', 'up')

    def remove(self):
        for netns in (self.client, self.hub, self.server):
            sh('ip', 'netns', 'del', netns, check=False)

    def cards(self, *gateways):
        """Both guests' cards, each with its other end in the hub: p1 and p2."""
        for i, (netns, mac) in enumerate(((self.client, CLIENT_MAC), (self.server, SERVER_MAC))):
            ip(self.hub, 'link', 'add', f'p{i + 1}', 'address', HUB_MACS[i], 'type', 'veth', 'peer', 'name', 'eth0',
               'address', mac, 'netns', netns)
            ip(self.hub, 'link', 'set', f'p{i + 1}', 'up')
            self.address(netns, self.addresses[i], *(('via', gateways[i]) if gateways else ()))

    def address(self, netns, address, *via):
        ip(netns, 'addr', 'add', f'{address}/24', 'dev', 'eth0')
        ip(netns, 'link', 'set', 'eth0', 'up')
        ip(netns, 'rule', 'add', 'from', address, 'lookup', '100')
        for table in ('100', 'main'):
            ip(netns, 'route', 'add', 'default', *(via or ('dev', 'eth0')), 'table', table)

    def neighbours(self):
        """Nobody answers ARP in some hubs; none has to in any."""
        ip(self.client, 'neigh', 'replace', self.addresses[1], 'lladdr', SERVER_MAC, 'dev', 'eth0')
        ip(self.server, 'neigh', 'replace', self.addresses[0], 'lladdr', CLIENT_MAC, 'dev', 'eth0')

    def measure(self, what, seconds):
        """The figures that load prints, as numbers."""
        out = sh(LOAD, what, self.client, self.server, self.hub, self.card, *self.addresses, self.mac, seconds)
        return [float(word) for word in out.split()]

    def pids(self):
        """Processes whose time is the path's own."""
        return set()

    def pause(self, paused):
        """While others are measured."""

    def down(self):
        self.remove()


class Direct(Path):
    name, card = 'direct', 'eth0'

    def __init__(self):
        super().__init__()
        sh('ip', 'netns', 'del', self.hub)
        self.hub = self.server
        ip(self.client, 'link', 'add', 'eth0', 'address', CLIENT_MAC, 'type', 'veth', 'peer', 'name', 'eth0', 'address',
           SERVER_MAC, 'netns', self.server)
        self.address(self.client, self.addresses[0])
        self.address(self.server, self.addresses[1])
        self.neighbours()


class RedirectPeer(Path):
    name = 'redirect_peer'

    def __init__(self):
        super().__init__()
        self.cards()
        self.neighbours()
        self.holder = subprocess.Popen([LOAD, 'hand-over', self.hub, 'p1', 'p2'], stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != 'ready\n':
            raise RuntimeError('load hand-over does not start')

    def down(self):
        self.holder.kill()
        self.holder.wait()
        super().down()


class Nftables(Path):
    name = 'nftables'
    addresses, mac = ('10.0.1.4', '10.0.2.5'), HUB_MACS[0]

    def __init__(self):
        super().__init__()
        self.cards('10.0.1.1', '10.0.2.1')
        inside(self.hub, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
        for i in (1, 2):
            ip(self.hub, 'addr', 'add', f'10.0.{i}.1/24', 'dev', f'p{i}')
        elements = ', '.join(f'{a} . {p} : drop' for a, p in DENIED)
        inside(self.hub, 'nft', '-f', '-', input=f'''table ip escb {{
  map rules {{ type ipv4_addr . inet_service : verdict; elements = {{ {elements} }}
  }}
  chain forward {{ type filter hook forward priority 0; policy drop;
    ct state established,related accept
    meta l4proto tcp ip saddr . tcp dport vmap @rules
    accept
  }}
}}
''')


class Ovs(Path):
    name = 'ovs'

    def __init__(self):
        self.processes, self.dir = [], None
        super().__init__()
        self.cards()
        self.neighbours()
        for netns in (self.client, self.server):
            inside(netns, 'ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off')
        for port in ('p1', 'p2'):
            inside(self.hub, 'ethtool', '-K', port, 'tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off')
        try:
            self.start()
        except BaseException:
            self.down()
            raise

    def start(self):
        self.dir = tempfile.mkdtemp(prefix='escarp-bench-ovs-')
        db = os.path.join(self.dir, 'conf.db')
        sh('ovsdb-tool', 'create', db, '/usr/share/openvswitch/vswitch.ovsschema')
        self.run('ovsdb-server', db, f'--remote=punix:{self.dir}/db.sock')
        self.run('ovs-vswitchd', f'unix:{self.dir}/db.sock')
        self.vsctl('--no-wait', 'init')
        self.vsctl('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev', 'fail_mode=secure')
        for i in (1, 2):
            self.vsctl('add-port', 'br0', f'p{i}', '--', 'set', 'interface', f'p{i}', f'ofport_request={i}')
        flows = [f'priority=10,in_port={i},ip,ct_state=-trk,actions=ct(table=1)' for i in (1, 2)]
        for i in (1, 2):
            flows.append(f'table=1,priority=5000,in_port={i},ip,ct_state=+trk+est,actions=output:{3 - i}')
            flows.append(f'table=1,priority=1,in_port={i},ip,ct_state=+trk+new,actions=ct(commit),output:{3 - i}')
        flows += [f'table=1,priority={4000 - i},ct_state=+trk+new,tcp,nw_src={a},tp_dst={p},actions=drop'
                  for i, (a, p) in enumerate(DENIED)]
        sh('ovs-ofctl', 'add-flows', f'unix:{self.dir}/br0.mgmt', '-', input='\n'.join(flows) + '\n')

    def run(self, program, *argv):
        control = os.path.join(self.dir, f'{program}.ctl')
        self.processes.append(subprocess.Popen(
            ['ip', 'netns', 'exec', self.hub, program, *argv, f'--unixctl={control}', '-vconsole:off', '-vsyslog:off', '-vfile:off'],
            env={**os.environ, 'OVS_RUNDIR': self.dir, 'OVS_DBDIR': self.dir}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(100):
            if os.path.exists(control):
                return
            time.sleep(0.05)
        raise RuntimeError(f'{program} does not start')

    def vsctl(self, *argv):
        sh('ovs-vsctl', f'--db=unix:{self.dir}/db.sock', '--timeout=20', *argv, env={**os.environ, 'OVS_RUNDIR': self.dir})

    def pids(self):
        return {p.pid for p in self.processes}

    def pause(self, paused):
        for p in self.processes:
            p.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    def down(self):
        for p in reversed(self.processes):
            p.send_signal(signal.SIGCONT)
            p.terminate()
            p.wait()
        self.remove()
        if self.dir:
            shutil.rmtree(self.dir)


class Escarp(Path):
    name = 'escarp'
    mac = ':'.join(f'{b:02x}' for b in h.GATEWAY_MAC)

    def __init__(self):
        self.lab = h.Lab('bench')
        up = self.lab.up(self.template())
        if up.returncode:
            raise RuntimeError(up.stderr)
        self.client, self.server, self.hub = self.lab.netns('a'), self.lab.netns('b'), self.lab.netns('host0')
        self.card = f"p{self.lab.port('a')['number']}"
        for netns in (self.client, self.server):
            inside(netns, 'sysctl', '-qw', PORTS)
            # The answerer listens behind a redirect of every port, and its conntrack is not the guest's in question.
            inside(netns, 'nft', 'flush', 'ruleset')

    @staticmethod
    def template():
        deny = [h.rule(f'deny-{i}', 100 + i, 'Deny', source=a, dport=str(p)) for i, (a, p) in enumerate(DENIED)]
        allow = h.rule('allow-vnet', 4000, 'Allow', protocol='*', source='VirtualNetwork')
        return h.template(h.nsg('g', *deny, allow), h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', 'g')}),
                          h.vm('a', 'net', 's', '10.0.0.4'), h.vm('b', 'net', 's', '10.0.0.5'))

    def pids(self):
        """Those of the lab: they carry its name."""
        out = set()
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                words = open(f'/proc/{pid}/cmdline').read().split('\0')
            except OSError:
                continue
            if os.path.basename(words[0]) == 'escarpd' and self.lab.name in words:
                out.add(int(pid))
        return out

    def down(self):
        self.lab.down()


ALL = (Escarp, Direct, RedirectPeer, Nftables, Ovs)
