# SPDX-License-Identifier: Apache-2.0
"""The Cloud Access Layer over real sockets: public addresses, load balancing and NAT rules from the uplink to the
port with the reply translated back, and outbound through the uplink.

    Internet -- uplink0 --+-- lb (Basic):     80 -> web0, web1 :8080     5022 -> web0 :22
                          +-- slb (Standard): 443, 444 -> std0 (its group allows 443), 81 -> std1 :81 (no group)
                          +-- one-ip (Basic, one0), closed-ip (Standard, closed0), alone0 (no public address)
"""
import json
import os
import socket
import subprocess

import harness as h

XDP = os.environ.get('ESCARP_EDGE') == 'xdp'  # the edge decides in XDP, and tc goes on from its mark
lab = h.Lab('t-edge-xdp' if XDP else 't-edge')

TEMPLATE = h.template(
    h.nsg('web-nsg', h.rule('allow-8080', 100, 'Allow', source='Internet', dport='8080'),
          h.rule('allow-22', 110, 'Allow', source=['203.0.113.0/24', '198.51.100.7'], dport='22'),
          h.rule('no-mail', 100, 'Deny', direction='Outbound', destination='Internet', dport='25')),
    h.nsg('std-nsg', h.rule('allow-443', 100, 'Allow', source='Internet', dport='443')),
    h.vnet('net', '10.1.0.0/16', {'s': ('10.1.0.0/24', None)}),
    h.pip('lb-ip'), h.pip('slb-ip', 'Standard'), h.pip('one-ip'), h.pip('closed-ip', 'Standard'),
    h.balancer('lb', 'lb-ip', ['web'], [('http', 'web', 80, 8080)], [('ssh', 5022, 22)]),
    h.balancer('slb', 'slb-ip', ['open', 'shut'], [('https', 'open', 443, 443), ('next', 'open', 444, 444), ('other', 'shut', 81, 81)], sku='Standard'),
    h.vm('web0', 'net', 's', '10.1.0.4', group='web-nsg', pools=[('lb', 'web')], nat=[('lb', 'ssh')]),
    h.vm('web1', 'net', 's', '10.1.0.5', group='web-nsg', pools=[('lb', 'web')]),
    h.vm('std0', 'net', 's', '10.1.0.6', group='std-nsg', pools=[('slb', 'open')]),
    h.vm('std1', 'net', 's', '10.1.0.7', pools=[('slb', 'shut')]),
    h.vm('one0', 'net', 's', '10.1.0.8', public='one-ip'),
    h.vm('closed0', 'net', 's', '10.1.0.9', public='closed-ip'),
    h.vm('alone0', 'net', 's', '10.1.0.10'))
VIP = {}


def comes_up(t):
    r = lab.up(TEMPLATE)
    t.ok(r.returncode == 0, 'the template comes up', r.stdout + r.stderr)
    VIP.update({label[:-1]: lab.port(label)['public'][0] for label in ('one0', 'closed0')})
    VIP.update({f['name'].split('/')[0]: f['address'] for f in lab.status()['front_ends']})


def edge_build(t):
    """The build that this run is about is the one in the kernel."""
    links = subprocess.run(['ip', '-n', lab.netns('host0'), '-j', '-d', 'link'], capture_output=True, text=True, timeout=10).stdout
    with_xdp = [link['ifname'] for link in json.loads(links) if link.get('xdp')]
    t.eq(with_xdp, ['uplink0'] if XDP else [], 'XDP is on the uplink' if XDP else 'no device has XDP')


def denied(t, name, address, port, where, verdict, rule=None, who='internet', udp=False):
    lab.denied(t, name, lambda: (lab.udp if udp else lab.tcp)(who, address, port), where, verdict, rule)


def load_balancing_rule(t):
    denied(t, 'a port that no rule opens', VIP['lb'], 8080, 'uplink', 'no-endpoint')
    denied(t, 'UDP on the TCP rule', VIP['lb'], 80, 'uplink', 'no-endpoint', udp=True)
    answers = {lab.tcp('internet', VIP['lb'], 80) for _ in range(40)}
    t.eq(answers, {'web0', 'web1'}, 'both back ends answer, nobody else')
    with lab.socket('internet') as s:
        s.bind((h.CLIENT, 50123))
        first = None
        s.settimeout(1)
        s.connect((VIP['lb'], 80))
        first = h.read_line(s)
        t.eq(s.getpeername() if first is None else (VIP['lb'], 80), (VIP['lb'], 80), 'the reply comes from the public address')
        t.ok(first in ('web0', 'web1'), 'and carries the back end\'s answer', first)
    r = lab.escarp('exec', 'internet', '--', 'curl', '-s', '-m', '2', f"http://{VIP['lb']}/")
    t.ok(r.stdout.strip() in ('web0', 'web1'), 'curl gets a page', r.stdout + r.stderr)


def nat_rule(t):
    denied(t, 'the NAT rule leads in, and the security rule still judges', VIP['lb'], 5022, 'web0', 'policy-in', 'web-nsg/DenyAllInBound')
    for source in ('203.0.112.255', '203.0.114.0', '198.51.100.6', '198.51.100.8'):
        t.eq(lab.tcp_as(source, VIP['lb'], 5022), None, f'not from {source}, beside the rule\'s list')
    for source in ('203.0.113.0', '203.0.113.255', '198.51.100.7'):
        t.eq(lab.tcp_as(source, VIP['lb'], 5022), 'web0', f'from {source}, which the rule names')


def instance_address(t):
    denied(t, 'a Standard address without a rule', VIP['closed'], 80, 'closed0', 'standard-closed')
    t.eq(lab.tcp('internet', VIP['one'], 12345), 'one0', 'a Basic address is open on every port')
    t.eq(lab.udp('internet', VIP['one'], 999), 'one0', 'and for UDP')
    t.ok(lab.ping('internet', VIP['one']), 'and for ping')
    before = lab.drops('uplink', 'not-vip')
    t.eq(lab.tcp('internet', '198.18.255.250', 80), None, 'an address of the pool that nobody has: silence')
    t.ok(lab.drops('uplink', 'not-vip') > before, 'not-vip at the uplink')


def standard_balancer(t):
    denied(t, 'no group behind a Standard front end', VIP['slb'], 81, 'std1', 'standard-closed')
    denied(t, 'a group that allows another port only', VIP['slb'], 444, 'std0', 'policy-in', 'std-nsg/DenyAllInBound')
    t.eq(lab.tcp('internet', VIP['slb'], 443), 'std0', 'the allowing rule opens the other')


def outbound(t):
    before = lab.drops('web0', 'policy-out'), lab.rule_hits('web-nsg/no-mail')
    t.eq(lab.leaves('web0', port=25), (None, set(), set()), 'what an outbound rule denies is never seen outside')
    t.ok(lab.drops('web0', 'policy-out') > before[0] and lab.rule_hits('web-nsg/no-mail') > before[1], 'policy-out at web0, by that rule')
    answer, sources, _ = lab.leaves('one0')
    t.eq((answer, sources), ('internet', {VIP['one']}), 'an instance address is the source of its outbound traffic')
    answer, sources, ports = lab.leaves('web0')
    t.eq((answer, sources), ('internet', {VIP['lb']}), 'a member of a pool leaves by the front end')
    t.ok(all(1024 <= p < 1024 + 2 * 1024 for p in ports), 'from a port of the pool\'s ranges', ports)
    answer, sources, _ = lab.leaves('alone0')
    t.ok(answer == 'internet' and len(sources) == 1 and not sources & set(VIP.values()) and
         all(s.startswith('198.18.') for s in sources), 'the rest leaves by the host\'s default address', (answer, sources))
    t.eq(lab.udp('alone0', '9.9.9.9', 53), 'internet', 'UDP as well')
    t.ok(lab.ping('alone0', '9.9.9.9'), 'and ping')
    with lab.socket('internet', socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x800)) as s:
        for _ in range(3):
            lab.tcp('alone0', '8.8.4.4', 80)
        private = h.frames(s, 0.3, lambda p: p[12] == 10 or p[16] == 10)
        t.eq(private, [], 'no private address is ever seen outside')


def hairpin(t):
    t.eq(lab.tcp('alone0', VIP['one'], 5555), 'one0', 'a VM reaches a public address of its own network')
    denied(t, 'and is judged there like anyone from outside', VIP['closed'], 80, 'closed0', 'standard-closed', who='alone0')


def unsolicited(t):
    """What is sent to the host's default address without an open flow reaches nobody."""
    _, sources, ports = lab.leaves('alone0', port=7070)
    (source,), port = sources, min(ports)
    before = lab.drops('alone0', 'no-translation')
    t.eq(lab.tcp_as('198.51.100.7', source, port), None, 'another outsider on the translated port: silence')
    t.ok(lab.drops('alone0', 'no-translation') > before, 'no-translation at alone0', lab.escarp('drops').stdout)


def dies(t, outside, name, packet, verdict, source=None):
    before = lab.drops('uplink', verdict)
    outside.send(packet, source)
    t.eq(lab.drops('uplink', verdict) - before, 1, f'{name}: {verdict}')


def datagram(source, destination, data=b'outside!', sport=5):
    return h.ipv4(source, destination, 17, h.udp_segment(source, destination, sport, 5, data))


def bad_packets(t):
    """Each kind of bad packet dies at the uplink with its own reason and reaches nobody; the good one beside it arrives."""
    outside, me, you = h.Outside(lab), '8.8.8.8', VIP['one']
    good = datagram(me, you)
    tcp = h.tcp_segment(me, you, 40000, 80, 0x02)
    with lab.raw('one0') as s:
        for source in ('10.1.0.10', '127.0.0.1', '192.168.1.1', '169.254.1.1', '169.254.169.253', '224.0.0.1', '0.0.0.0'):
            dies(t, outside, f'from {source}', datagram(source, you), 'bogon-source')
        dies(t, outside, 'from the uplink\'s own MAC', good, 'own-source', source=outside.uplink)
        dies(t, outside, 'from the address that it is for', datagram(you, you), 'land')
        for flags in (0x00, 0x01, 0x03, 0x06, 0x05, 0x29, 0x3f):
            dies(t, outside, f'TCP flags {flags:#04x}', h.ipv4(me, you, 6, h.tcp_segment(me, you, 40000, 80, flags)), 'bad-flags')
        dies(t, outside, 'longer than its frame', resized(good, len(good) + 9), 'bad-length')
        dies(t, outside, 'shorter than its datagram', resized(good, 20 + 10), 'bad-length')
        dies(t, outside, 'a TCP header beyond the end', h.ipv4(me, you, 6, tcp[:12] + b'\xf0' + tcp[13:]), 'bad-length')
        dies(t, outside, 'a wrong header checksum', good[:10] + b'\0\0' + good[12:], 'bad-checksum')
        dies(t, outside, 'a first fragment of 8 bytes', h.ipv4(me, you, 6, tcp[:8], flags=0x2000), 'tiny-fragment')
        dies(t, outside, 'a fragment over the TCP header', h.ipv4(me, you, 6, tcp[8:], flags=0x0001), 'fragment-overlap')
        t.eq(h.frames(s, 0.3, lambda f: f[26:30] in (h.ip4(me), h.ip4(you)) or b'outside!' in f), [], 'and nothing of all that arrives')
        outside.send(good)
        t.eq(len(h.frames(s, 2, lambda f: b'outside!' in f, enough=1)), 1, 'the good datagram does')


def resized(packet, length):
    """With another total length, and the header checksum that goes with it."""
    head = packet[:2] + length.to_bytes(2, 'big') + packet[4:10] + b'\0\0' + packet[12:20]
    return head[:10] + h.checksum(head).to_bytes(2, 'big') + head[12:] + packet[20:]


h.main([comes_up, edge_build, load_balancing_rule, nat_rule, instance_address, standard_balancer, outbound, hairpin, unsolicited, bad_packets])
