# SPDX-License-Identifier: Apache-2.0
"""Two hosts: delivery through the overlay, between ports of one network and from an edge to a back end elsewhere.

    Internet -- h0 (edge, even VMs) == fabric == h1 (odd VMs)
"""
import errno
import json
import os
import socket
import struct
import subprocess

import harness as h

STRANGER, MANAGER, PRIORITY = '172.31.240.201', '172.31.240.200', 0  # VLAN 0: a tag that is nothing but a priority
os.environ['ESCARP_MANAGEMENT'] = f'{MANAGER}/32'
lab = h.Lab('t-overlay', '--hosts', '2')


def network(tenant, group_rules):
    return h.template(
        h.nsg('g', *group_rules), h.pip('vip'),
        h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)}),
        h.balancer('lb', 'vip', ['all'], [('http', 'all', 80, 80)]),
        *[h.vm(f'{tenant}{i}', 'net', 's', f'10.0.0.{4 + i}', group='g', pools=[('lb', 'all')]) for i in range(2)])


RULES = [h.rule('http', 100, 'Allow', source='Internet', dport='80'), h.rule('no-90', 110, 'Deny', source='VirtualNetwork', dport='90')]


def comes_up(t):
    for tenant in ('a', 'b'):
        r = lab.up(network(tenant, RULES), subscription=tenant)
        t.ok(r.returncode == 0, f'tenant {tenant} comes up on two hosts', r.stdout + r.stderr)
    for tenant in ('a', 'b'):
        t.eq({lab.port(f'{tenant}0')['host'], lab.port(f'{tenant}1')['host']}, {0, 1}, f'{tenant}: one VM on each host')


def across(t):
    for x, y, y_ip in (('a0', 'a1', '10.0.0.5'), ('a1', 'a0', '10.0.0.4'), ('b0', 'b1', '10.0.0.5')):
        lab.denied(t, f'{x} to {y} port 90, on its own host', lambda: lab.tcp(x, y_ip, 90), y, 'policy-in', 'g/no-90')
        t.eq(lab.tcp(x, y_ip, 91), y, f'{x} to {y} port 91')
        t.eq(lab.udp(x, y_ip, 91), y, f'{x} to {y} UDP')
        t.ok(lab.ping(x, y_ip), f'{x} pings {y}')


def whole_packet(t):
    a0, a1 = lab.port('a0'), lab.port('a1')
    body = h.ipv4('10.0.0.4', '10.0.0.5', 17, h.udp_segment('10.0.0.4', '10.0.0.5', 1111, 2222, b'over the fabric'))
    with lab.raw('a0') as out, lab.raw('a1') as into, lab.raw('b1') as other:
        out.send(h.ether(h.GATEWAY_MAC, h.mac(a0['mac']), 0x800, body))
        got = h.frames(into, 0.4, lambda f: b'over the fabric' in f)
        t.eq(got, [h.ether(h.mac(a1['mac']), h.GATEWAY_MAC, 0x800, body)], 'the packet arrives whole on the other host')
        t.eq(h.frames(other, 0.1, lambda f: b'over the fabric' in f), [], 'and not at the other tenant')


def from_the_edge(t):
    vip = next(f['address'] for f in lab.status()['front_ends'] if '/subscriptions/a/' in f['id'])
    answers = {lab.tcp('internet', vip, 80) for _ in range(40)}
    t.eq(answers, {'a0', 'a1'}, 'the balancer reaches back ends on both hosts, and their replies come back')
    t.eq(lab.tcp('a1', '8.8.8.8', 80), 'internet', 'outbound from the second host')


def vxlan(source_netns, target, vni, inner):
    """A forged tunnel packet from a namespace of the fabric."""
    header = struct.pack('!II', 0x08000000, vni << 8)
    s = h.in_netns(source_netns, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with s:
        s.sendto(header + inner, (target, 4789))


def address_of(netns):
    out = subprocess.run(['ip', '-n', netns, '-j', '-4', 'addr'], capture_output=True, text=True, timeout=10, check=True).stdout
    return next(a['local'] for link in json.loads(out) for a in link['addr_info'] if a['local'].startswith('172.31.'))


def walled(netns, counter):
    """What the host firewall has dropped: nftables counts it."""
    out = subprocess.run(['ip', 'netns', 'exec', netns, 'nft', '-j', 'list', 'counters'], capture_output=True, text=True, timeout=10, check=True).stdout
    return sum(o['counter']['packets'] for o in json.loads(out)['nftables'] if o.get('counter', {}).get('name') == counter)


class Guest:
    """A machine on the fabric that is no host of the fleet, with some address."""
    def __init__(self, address):
        self.netns, self.address = f'esc.{lab.name}.fabric', address

    def ip(self, what):
        subprocess.run(['ip', '-n', self.netns, 'addr', what, f'{self.address}/24', 'dev', 'fabric0'], check=True, timeout=10)

    def __enter__(self):
        self.ip('add')
        return self

    def __exit__(self, *_):
        self.ip('del')

    def pings(self, target):
        echo = struct.pack('!BBHHH', 8, 0, 0, 77, 1)
        with h.in_netns(self.netns, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)) as s:
            s.bind((self.address, 0))
            s.sendto(echo[:2] + struct.pack('!H', h.checksum(echo)) + echo[4:], (target, 0))
            s.settimeout(0.7)
            try:
                while s.recv(200)[20:28] != struct.pack('!BBHHH', 0, 0, h.checksum(b'\0' * 4 + echo[4:]), 77, 1):
                    pass
                return True
            except TimeoutError:
                return False


def host_firewall(t):
    """A host answers the hosts of its fleet and its management, and nobody else on the fabric."""
    fabric = f'esc.{lab.name}.h1.fabric'
    target = address_of(fabric)
    with Guest(STRANGER) as guest:
        before = walled(fabric, 'stranger_arp')
        t.ok(not guest.pings(target), 'a stranger on the fabric does not even learn the MAC')
        t.ok(walled(fabric, 'stranger_arp') > before, 'his ARP is counted')
        link = subprocess.run(['ip', '-n', fabric, '-j', 'link', 'show', 'eth0'], capture_output=True, text=True, timeout=10).stdout
        subprocess.run(['ip', '-n', guest.netns, 'neigh', 'replace', target, 'lladdr', json.loads(link)[0]['address'], 'dev', 'fabric0'], check=True, timeout=10)
        before = walled(fabric, 'stranger')
        t.ok(not guest.pings(target), 'who knows it gets no answer')
        vxlan(guest.netns, target, 1, b'x' * 60)
        t.ok(h.wait(lambda: walled(fabric, 'stranger') >= before + 2, 5), 'his ping and his tunnel packet are counted')
        subprocess.run(['ip', '-n', guest.netns, 'neigh', 'del', target, 'dev', 'fabric0'], check=True, timeout=10)
    with Guest(MANAGER) as guest:
        t.ok(guest.pings(target), 'a declared management source gets one')
    t.ok(not h.in_netns(f'esc.{lab.name}.h0.fabric', lambda: answers(target)), 'a host of the fleet finds no other port open')


def answers(target):
    with socket.socket() as s:
        s.settimeout(0.5)
        try:
            s.connect((target, 22))
            return True
        except TimeoutError:
            return False
        except OSError:
            return True  # a refusal is an answer too


def tags(t):
    """A VLAN tag is dropped though all within is as a host of the fleet sends it: no tag is on the allow-list."""
    fabric, other = f'esc.{lab.name}.h1.fabric', f'esc.{lab.name}.h0.fabric'
    target, source = address_of(fabric), address_of(other)
    macs = [json.loads(subprocess.run(['ip', '-n', n, '-j', 'link', 'show', 'eth0'], capture_output=True, text=True, timeout=10).stdout)[0]['address'] for n in (fabric, other)]
    inner = h.ether(h.mac('02:00:00:00:00:99'), h.GATEWAY_MAC, 0x800, h.ipv4('10.0.0.4', '10.0.0.5', 17, h.udp_segment('10.0.0.4', '10.0.0.5', 1, 91)))
    packet = h.ipv4(source, target, 17, h.udp_segment(source, target, 5000, 4789, struct.pack('!II', 0x08000000, 1 << 8) + inner))
    s = h.in_netns(other, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
    with s:
        h.in_netns(other, lambda: s.bind(('eth0', 0)))
        for kind, name in ((0x8100, 'VLAN'), (0x88a8, 'service')):
            before = walled(fabric, 'tagged'), lab.drops('uplink', 'no-port')
            s.send(h.ether(h.mac(macs[0]), h.mac(macs[1]), kind, struct.pack('!HH', PRIORITY, 0x800) + packet))
            t.ok(h.wait(lambda: walled(fabric, 'tagged') == before[0] + 1, 5), f'a {name} tag is dropped and counted')
            t.eq(lab.drops('uplink', 'no-port'), before[1], '... and nothing of it reaches the overlay')
        before = lab.drops('uplink', 'no-port')
        s.send(h.ether(h.mac(macs[0]), h.mac(macs[1]), 0x800, packet))
        t.ok(h.wait(lambda: lab.drops('uplink', 'no-port') == before + 1, 5), 'the same without one does')
        rules = f'insert rule netdev escarp tags ether type 8021q vlan id {PRIORITY} accept'
        subprocess.run(['ip', 'netns', 'exec', fabric, 'nft', rules], check=True, timeout=10)  # as ESCARP_VLANS=0 has it
        s.send(h.ether(h.mac(macs[0]), h.mac(macs[1]), 0x8100, struct.pack('!HH', PRIORITY, 0x800) + packet))
        t.ok(h.wait(lambda: lab.drops('uplink', 'no-port') == before + 2, 5), 'and with a tag that is on the list')


def forged(t):
    """From one whom the host firewall lets by but who is no host of the fleet, and from a host with the wrong network."""
    a1 = lab.port('a1')
    fabric = f'esc.{lab.name}.fabric'
    address = address_of(f'esc.{lab.name}.h1.fabric')
    inner = h.ether(h.mac(a1['mac']), h.GATEWAY_MAC, 0x800, h.ipv4('10.0.0.4', '10.0.0.5', 17, h.udp_segment('10.0.0.4', '10.0.0.5', 1, 91, b'forged!!')))
    with Guest(MANAGER), lab.raw('a1') as seen:
        before = lab.drops('uplink', 'foreign-tunnel')
        vxlan(fabric, address, int(a1['network_vni']) if 'network_vni' in a1 else 1, inner)
        t.eq(h.frames(seen, 0.4, lambda f: b'forged!!' in f), [], 'a stranger on the fabric: silence')
        t.eq(lab.drops('uplink', 'foreign-tunnel'), before + 1, 'foreign-tunnel')
        before = lab.drops('a1', 'wrong-network')
        vxlan(f'esc.{lab.name}.h0.fabric', address, 4242, inner)
        t.eq(h.frames(seen, 0.4, lambda f: b'forged!!' in f), [], 'a host of the fleet with a network that is not the port\'s: silence')
        t.eq(lab.drops('a1', 'wrong-network'), before + 1, 'wrong-network')


def gso_whole(t):
    sizes = lab.stream_frames('a0', 'a1', 200000)
    t.ok(sum(sizes) > 200000 and max(sizes) > 5000, 'super-frames cross the fabric whole', sorted(sizes)[-5:])


def ip(who, *words):
    subprocess.run([h.ESCARP, 'exec', '--lab', lab.name, who, '--', 'ip', *words], check=True, timeout=20)


def path_mtu(t):
    """Instances with a larger MTU than the overlay carries: who sends more than that is told, and goes on with less."""
    for who in ('a0', 'a1'):
        ip(who, 'link', 'set', 'eth0', 'mtu', '1560')
    before = lab.drops('a0', 'too-big')
    t.ok(sum(lab.stream_frames('a0', 'a1', 200000)) > 200000, 'TCP whose segments are too large goes on')
    t.ok(lab.drops('a0', 'too-big') > before, '... after some were dropped')
    ip('a0', 'route', 'flush', 'cache')
    with lab.socket('a0', kind=socket.SOCK_DGRAM) as s, lab.raw('a1') as seen:
        s.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER: never cut
        s.connect(('10.0.0.5', 91))
        before = lab.drops('a0', 'too-big')
        s.send(b'too big!' + bytes(1500))
        t.eq(h.frames(seen, 0.3, lambda f: b'too big!' in f), [], 'a datagram that is too large: silence')
        t.eq(lab.drops('a0', 'too-big'), before + 1, '... counted')
        t.eq(s.getsockopt(socket.IPPROTO_IP, 14), 1500, '... and its sender has been told')  # IP_MTU
        t.eq(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), errno.EMSGSIZE, '... by an error')
        s.send(b'not now!' + bytes(1464))
        t.eq(len(h.frames(seen, 1, lambda f: b'not now!' in f, enough=1)), 1, 'one that just fits arrives')


h.main([comes_up, across, whole_packet, from_the_edge, host_firewall, tags, forged, gso_whole, path_mtu])
