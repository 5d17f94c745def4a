# SPDX-License-Identifier: Apache-2.0
"""The distributed firewall over real sockets: for each rule and default first the packet that must not arrive, with
its reason and counter, then one that must.

    contoso:  web 10.0.1.4 --\                           fabrikam (same addresses):
              app 10.0.1.5 ---+-- vnet 10.0.0.0/16         red  10.0.1.4
              db  10.0.2.4 --/    (db-nsg on its subnet,   blue 10.0.2.4
              bare 10.0.3.4        nic-nsg on db's NIC)

    tailspin: near 10.0.1.5 (no group), and with a group on the NIC: plain 10.0.1.4 (public, a group without rules),
              lists 10.0.1.6 (lists of addresses and ports), shut 10.0.1.7 (rules that override every default)
"""
import harness as h

lab = h.Lab('t-firewall')

DB_NSG = h.nsg('db-nsg',
               h.rule('deny-web', 100, 'Deny', source='10.0.1.4', dport='1433'),
               h.rule('allow-sql', 200, 'Allow', source='10.0.1.0/24', dport='1433'),
               h.rule('allow-admin', 300, 'Allow', source='VirtualNetwork', dport='5000-5010'),
               h.rule('allow-ping', 400, 'Allow', protocol='Icmp', source='10.0.1.5'),
               h.rule('allow-dns', 500, 'Allow', protocol='Udp', source='10.0.1.0/24', dport='53'),
               h.rule('deny-vnet', 4000, 'Deny', protocol='*', source='VirtualNetwork'),
               h.rule('no-internet', 100, 'Deny', direction='Outbound', protocol='*', destination='Internet'),
               h.rule('no-web', 110, 'Deny', direction='Outbound', protocol='Tcp', destination='10.0.1.4', dport='80'))
NIC_NSG = h.nsg('nic-nsg',
                h.rule('deny-5005', 100, 'Deny', dport='5005'),
                h.rule('allow-vnet', 200, 'Allow', protocol='*', source='VirtualNetwork'))


def contoso():
    return h.template(
        DB_NSG, NIC_NSG, h.pip('web-ip'),
        h.vnet('net', '10.0.0.0/16', {'front': ('10.0.1.0/24', None), 'db': ('10.0.2.0/24', 'db-nsg'), 'bare': ('10.0.3.0/24', None)}),
        h.vm('web', 'net', 'front', '10.0.1.4', public='web-ip'), h.vm('app', 'net', 'front', '10.0.1.5'),
        h.vm('db', 'net', 'db', '10.0.2.4', group='nic-nsg'), h.vm('bare', 'net', 'bare', '10.0.3.4'))


def fabrikam():
    return h.template(h.vnet('net', '10.0.0.0/16', {'a': ('10.0.1.0/24', None), 'b': ('10.0.2.0/24', None)}),
                      h.vm('red', 'net', 'a', '10.0.1.4'), h.vm('blue', 'net', 'b', '10.0.2.4'))


def augmented(rule, **lists):
    """The rule with lists in place of single values: sourcePortRanges, destinationPortRanges, ..."""
    for name, values in lists.items():
        del rule['properties'][name.removesuffix('s')]
        rule['properties'][name] = values
    return rule


def tailspin():
    return h.template(
        h.nsg('plain-nsg'),
        h.nsg('lists-nsg',
              augmented(h.rule('some', 100, 'Allow', source=['10.0.1.5', '10.0.9.0/24'], destination=['10.0.9.9', '10.0.1.6/32']),
                        destinationPortRanges=['80', '100-110', '443']),
              augmented(h.rule('by-source', 200, 'Allow', dport='8080'), sourcePortRanges=['2000-2010', '3000']),
              h.rule('elsewhere', 300, 'Allow', protocol='*', destination='10.0.1.5'),
              h.rule('rest', 4096, 'Deny', protocol='*')),
        h.nsg('shut-nsg',
              h.rule('prober', 100, 'Allow', protocol='*', source='AzureLoadBalancer'),
              h.rule('in', 4096, 'Deny', protocol='*'),
              h.rule('one', 100, 'Allow', direction='Outbound', destination='10.0.1.5', dport='80'),
              h.rule('out', 4096, 'Deny', direction='Outbound', protocol='*')),
        h.vnet('net', '10.0.0.0/16', {'a': ('10.0.1.0/24', None)}), h.pip('plain-ip'),
        h.vm('near', 'net', 'a', '10.0.1.5'), h.vm('plain', 'net', 'a', '10.0.1.4', group='plain-nsg', public='plain-ip'),
        h.vm('lists', 'net', 'a', '10.0.1.6', group='lists-nsg'), h.vm('shut', 'net', 'a', '10.0.1.7', group='shut-nsg'))


def comes_up(t):
    for who, template in (('contoso', contoso()), ('fabrikam', fabrikam()), ('tailspin', tailspin())):
        r = lab.up(template, group='g', subscription=who)
        t.ok(r.returncode == 0, f'{who} comes up', r.stdout + r.stderr)


def rules_inbound(t):
    lab.denied(t, 'deny before allow', lambda: lab.tcp('web', '10.0.2.4', 1433), 'db', 'policy-in', 'db-nsg/deny-web')
    t.eq(lab.tcp('app', '10.0.2.4', 1433), 'db', 'allow-sql lets the other neighbour in')
    lab.denied(t, 'outside the source prefix', lambda: lab.tcp('bare', '10.0.2.4', 1433), 'db', 'policy-in', 'db-nsg/deny-vnet')
    lab.denied(t, 'NIC list denies what the subnet list allows', lambda: lab.tcp('app', '10.0.2.4', 5005), 'db', 'policy-in', 'nic-nsg/deny-5005')
    t.eq(lab.tcp('app', '10.0.2.4', 5000), 'db', 'first port of the range')
    t.eq(lab.tcp('bare', '10.0.2.4', 5010), 'db', 'last port of the range')
    lab.denied(t, 'just below the range', lambda: lab.tcp('app', '10.0.2.4', 4999), 'db', 'policy-in', 'db-nsg/deny-vnet')
    lab.denied(t, 'just above the range', lambda: lab.tcp('app', '10.0.2.4', 5011), 'db', 'policy-in', 'db-nsg/deny-vnet')
    lab.denied(t, 'UDP on a port opened for TCP', lambda: lab.udp('app', '10.0.2.4', 1433), 'db', 'policy-in', 'db-nsg/deny-vnet')
    t.eq(lab.udp('app', '10.0.2.4', 53), 'db', 'UDP where it is allowed')
    lab.denied(t, 'TCP on a port opened for UDP', lambda: lab.tcp('app', '10.0.2.4', 53), 'db', 'policy-in', 'db-nsg/deny-vnet')
    lab.denied(t, 'ping from the wrong neighbour', lambda: lab.ping('web', '10.0.2.4'), 'db', 'policy-in', 'db-nsg/deny-vnet')
    t.ok(lab.ping('app', '10.0.2.4'), 'ping from the right one')


def rules_outbound(t):
    lab.denied(t, 'outbound deny of a tag', lambda: lab.tcp('db', '8.8.4.4', 80), 'db', 'policy-out', 'db-nsg/no-internet')
    t.eq(lab.tcp('app', '8.8.4.4', 80), 'internet', 'the neighbour without that rule reaches the Internet')
    lab.denied(t, 'outbound deny of an address', lambda: lab.tcp('db', '10.0.1.4', 80), 'db', 'policy-out', 'db-nsg/no-web')
    t.eq(lab.tcp('db', '10.0.1.4', 81), 'web', 'the next port is open')
    t.eq(lab.tcp('db', '10.0.1.5', 80), 'app', 'the other address is open')


def defaults(t):
    ip = lab.port('web')['public'][0]
    t.eq(lab.tcp('internet', ip, 4242), 'web', 'a Basic public address without a group is open on every port')
    t.eq(lab.tcp('bare', '10.0.1.5', 4242), 'app', 'no group: open inside the network')
    lab.denied(t, 'an address that nobody has', lambda: lab.tcp('web', '10.0.1.99', 80), 'web', 'unreachable')
    lab.denied(t, 'a private range outside the network', lambda: lab.tcp('web', '192.168.7.7', 80), 'web', 'no-route')
    lab.denied(t, 'the platform address has no service here', lambda: lab.tcp('web', '169.254.169.253', 80), 'web', 'no-service')
    t.eq(lab.tcp('bare', '9.9.9.9', 53), 'internet', 'outbound to the Internet is open by default')


def answered(t, name, attempt, label, rule):
    """attempt() must bring this label (or True), and exactly this rule must have counted it."""
    hits = lab.rule_hits(rule)
    t.eq(attempt(), label, name)
    t.ok(lab.rule_hits(rule) > hits, f'{name}: counted at rule {rule}', f'still {hits}')


def group_defaults(t):
    """A group without rules: what its default rules say, each by its own counter."""
    public = lab.port('plain')['public'][0]
    for what, attempt in (('TCP', lab.tcp), ('UDP', lab.udp)):
        lab.denied(t, f'{what} from the Internet', lambda: attempt('internet', public, 80), 'plain', 'policy-in', 'plain-nsg/DenyAllInBound')
    lab.denied(t, 'ping from the Internet', lambda: lab.ping('internet', public), 'plain', 'policy-in', 'plain-nsg/DenyAllInBound')
    answered(t, 'TCP from the network', lambda: lab.tcp('near', '10.0.1.4', 80), 'plain', 'plain-nsg/AllowVnetInBound')
    answered(t, 'UDP from the network', lambda: lab.udp('near', '10.0.1.4', 80), 'plain', 'plain-nsg/AllowVnetInBound')
    answered(t, 'ping from the network', lambda: lab.ping('near', '10.0.1.4'), True, 'plain-nsg/AllowVnetInBound')
    answered(t, 'out into the network', lambda: lab.tcp('plain', '10.0.1.5', 80), 'near', 'plain-nsg/AllowVnetOutBound')
    answered(t, 'out to the Internet', lambda: lab.udp('plain', '8.8.4.4', 53), 'internet', 'plain-nsg/AllowInternetOutBound')
    # What is not of the network is the Internet to the rules: the last default outbound rule has nothing left to deny.
    lab.denied(t, 'out to where no route leads', lambda: lab.tcp('plain', '192.168.7.7', 80), 'plain', 'no-route')
    t.eq(lab.rule_hits('plain-nsg/DenyAllOutBound'), 0, 'and not for a rule')
    # The platform address belongs to the tag VirtualNetwork, whose rule comes first; nobody else is let in by 65001.
    t.eq(lab.rule_hits('plain-nsg/AllowAzureLoadBalancerInBound'), 0, 'nothing of all this came in as a probe')


def defaults_overridden(t):
    lab.denied(t, 'a deny at 4096 comes before AllowVnetInBound', lambda: lab.tcp('near', '10.0.1.7', 80), 'shut', 'policy-in', 'shut-nsg/in')
    lab.denied(t, 'a neighbour is no prober', lambda: lab.udp('near', '10.0.1.7', 80), 'shut', 'policy-in', 'shut-nsg/in')
    lab.denied(t, 'a deny at 4096 comes before AllowVnetOutBound', lambda: lab.tcp('shut', '10.0.1.5', 81), 'shut', 'policy-out', 'shut-nsg/out')
    lab.denied(t, 'a deny at 4096 comes before AllowInternetOutBound', lambda: lab.tcp('shut', '8.8.4.4', 80), 'shut', 'policy-out', 'shut-nsg/out')
    lab.denied(t, 'no ping either', lambda: lab.ping('shut', '10.0.1.5'), 'shut', 'policy-out', 'shut-nsg/out')
    answered(t, 'what an earlier rule lets out', lambda: lab.tcp('shut', '10.0.1.5', 80), 'near', 'shut-nsg/one')
    for name in ('AllowVnetInBound', 'AllowAzureLoadBalancerInBound', 'DenyAllInBound', 'AllowVnetOutBound', 'AllowInternetOutBound', 'DenyAllOutBound'):
        t.eq(lab.rule_hits(f'shut-nsg/{name}'), 0, f'nothing is left for {name}')
    t.eq(lab.rule_hits('shut-nsg/prober'), 0, 'and nothing came as a probe')


def augmented_rules(t):
    def refused(name, attempt):
        lab.denied(t, name, attempt, 'lists', 'policy-in', 'lists-nsg/rest')

    refused('a source that is not in the list', lambda: lab.tcp('plain', '10.0.1.6', 80))
    for port in (79, 81, 99, 111, 442, 444):
        refused(f'port {port} beside the list', lambda: lab.tcp('near', '10.0.1.6', port))
    refused("UDP on the list's port", lambda: lab.udp('near', '10.0.1.6', 80))
    for port in (80, 100, 110, 443):
        answered(t, f'port {port} of the list', lambda: lab.tcp('near', '10.0.1.6', port), 'lists', 'lists-nsg/some')
    for port in (1999, 2011, 2999, 3001):
        refused(f'source port {port} beside the list', lambda: lab.tcp('plain', '10.0.1.6', 8080, source_port=port))
    for port in (2000, 2010, 3000):
        answered(t, f'source port {port} of the list', lambda: lab.tcp('plain', '10.0.1.6', 8080, source_port=port), 'lists', 'lists-nsg/by-source')
    refused('the source port alone does not do', lambda: lab.tcp('plain', '10.0.1.6', 8081, source_port=2000))
    t.eq(lab.rule_hits('lists-nsg/elsewhere'), 0, "a rule for another's address lets nobody in")


def tenants(t):
    t.eq(lab.tcp('app', '10.0.1.4', 80), 'web', "contoso's 10.0.1.4 is web")
    t.eq(lab.tcp('blue', '10.0.1.4', 80), 'red', "fabrikam's 10.0.1.4 is red")
    lab.denied(t, "contoso's 10.0.1.5 does not exist for fabrikam", lambda: lab.tcp('blue', '10.0.1.5', 80), 'blue', 'unreachable')
    seen = lab.raw('web')
    t.eq(lab.tcp('red', '10.0.2.4', 1433), 'blue', "fabrikam's 10.0.2.4 answers where contoso's would refuse")
    t.eq(h.frames(seen, 0.3, lambda f: f[26:30] == h.ip4('10.0.2.4')), [], 'and contoso sees none of it')


def spoof(t, name, frame, verdict, port='web'):
    """The frame leaves web; nobody may receive a trace of it, and web is charged."""
    out = lab.raw(port)
    listeners = [lab.raw(who) for who in ('app', 'bare', 'db', 'red')]
    before = lab.drops(port, verdict)
    out.send(frame)
    marker = b'spoofed!'
    got = [f for s in listeners for f in h.frames(s, 0.15, lambda f: marker in f or f[:6] == b'\xff' * 6 or f[12:14] == b'\x08\x06')]
    t.eq(got, [], f'{name}: nobody receives it')
    t.ok(lab.drops(port, verdict) == before + 1, f'{name}: counted once as {verdict}', f'{before} -> {lab.drops(port, verdict)}')
    for s in (out, *listeners):
        s.close()


def hostile_port(t):
    own, app = h.mac(lab.port('web')['mac']), h.mac(lab.port('app')['mac'])

    def packet(src='10.0.1.4', dst='10.0.1.5', ether_src=own, ether_dst=h.GATEWAY_MAC, **kw):
        return h.ether(ether_dst, ether_src, 0x800, h.ipv4(src, dst, 17, h.udp_segment(src, dst, 7, 7, b'spoofed!'), **kw))

    spoof(t, "another's MAC", packet(ether_src=app), 'spoofed-mac')
    spoof(t, "a neighbour's address", packet(src='10.0.1.5', dst='10.0.3.4'), 'spoofed-ip')
    spoof(t, 'the platform address as source', packet(src='169.254.169.253'), 'spoofed-platform')
    spoof(t, 'an outside address as source', packet(src='8.8.8.8'), 'spoofed-ip')
    spoof(t, "straight to the neighbour's MAC", packet(ether_dst=app), 'foreign-mac')
    spoof(t, 'broadcast', packet(ether_dst=b'\xff' * 6, dst='255.255.255.255'), 'broadcast')
    spoof(t, 'multicast', packet(ether_dst=bytes.fromhex('01005e000001'), dst='224.0.0.1'), 'broadcast')
    spoof(t, 'multicast address behind the gateway MAC', packet(dst='224.0.0.1'), 'broadcast')
    spoof(t, 'a first fragment that says to be all', packet(flags=0x2000), 'malformed')
    spoof(t, 'a later fragment', packet(flags=0x0010), 'fragment')
    spoof(t, 'IP options', packet(options=b'\x94\x04\x00\x00'), 'ip-options')
    spoof(t, 'a VLAN tag', h.ether(h.GATEWAY_MAC, own, 0x8100, b'\0\x05\x08\0' + packet()[14:]), 'vlan')
    six = bytes.fromhex('60000000001011ff' '20010db8000000000000000000000066' '20010db8000000000000000000000001' '000100020010ffff') + b'spoofed!'
    spoof(t, 'IPv6 from an address that is not the own', h.ether(h.GATEWAY_MAC, own, 0x86dd, six), 'spoofed-ip')
    spoof(t, 'a truncated header', h.ether(h.GATEWAY_MAC, own, 0x800, packet()[14:30]), 'malformed')
    spoof(t, 'GRE', h.ether(h.GATEWAY_MAC, own, 0x800, h.ipv4('10.0.1.4', '10.0.1.5', 47, b'spoofed!')), 'protocol')
    spoof(t, 'ARP in the name of a neighbour', h.ether(b'\xff' * 6, own, 0x806, h.arp(1, own, '10.0.1.5', bytes(6), '10.0.3.4')), 'spoofed-arp-ip')
    spoof(t, "ARP with a neighbour's MAC", h.ether(b'\xff' * 6, own, 0x806, h.arp(1, app, '10.0.1.4', bytes(6), '10.0.3.4')), 'spoofed-arp')
    spoof(t, 'gratuitous ARP for the own address', h.ether(b'\xff' * 6, own, 0x806, h.arp(1, own, '10.0.1.4', bytes(6), '10.0.1.4')), 'arp-unanswered')
    spoof(t, 'a duplicate address probe', h.ether(b'\xff' * 6, own, 0x806, h.arp(1, own, '0.0.0.0', bytes(6), '10.0.1.5')), 'arp-unanswered')
    spoof(t, 'a TCP segment out of nowhere', h.ether(h.GATEWAY_MAC, own, 0x800, h.ipv4('10.0.1.4', '10.0.1.5', 6, h.tcp_segment(
        '10.0.1.4', '10.0.1.5', 999, 80, 0x10, data=b'spoofed!'))), 'no-flow')
    spoof(t, 'SYN and FIN together', h.ether(h.GATEWAY_MAC, own, 0x800, h.ipv4('10.0.1.4', '10.0.1.5', 6, h.tcp_segment(
        '10.0.1.4', '10.0.1.5', 998, 80, 0x03, data=b'spoofed!'))), 'bad-flags')


def arp_answers(t):
    own = h.mac(lab.port('web')['mac'])
    with lab.raw('web') as s:
        ask = h.arp(1, own, '10.0.1.4', bytes(6), '10.0.1.5')
        s.send(h.ether(b'\xff' * 6, own, 0x806, ask))
        got = h.frames(s, 0.3, lambda f: f[12:14] == b'\x08\x06')
        want = h.ether(own, h.GATEWAY_MAC, 0x806, h.arp(2, h.GATEWAY_MAC, '10.0.1.5', own, '10.0.1.4'))
        t.eq([f[:42] for f in got], [want], 'every neighbour has the MAC of the gateway')


def whole_packet(t):
    """What arrives is what was sent, but for the MACs."""
    own, bare = h.mac(lab.port('web')['mac']), h.mac(lab.port('bare')['mac'])
    body = h.ipv4('10.0.1.4', '10.0.3.4', 17, h.udp_segment('10.0.1.4', '10.0.3.4', 1111, 2222, b'whole packet'))
    with lab.raw('web') as out, lab.raw('bare') as into:
        out.send(h.ether(h.GATEWAY_MAC, own, 0x800, body))
        got = h.frames(into, 0.4, lambda f: b'whole packet' in f)
        t.eq(got, [h.ether(bare, h.GATEWAY_MAC, 0x800, body)], 'the receiver sees the very packet, from the gateway MAC, TTL untouched')


def gso_whole(t):
    sizes = lab.stream_frames('app', 'bare', 60000)
    t.ok(max(sizes, default=0) > 9000, 'frames larger than the MTU arrive whole: nothing on the way splits them', sorted(sizes)[-5:])


h.main([comes_up, rules_inbound, rules_outbound, defaults, group_defaults, defaults_overridden, augmented_rules, tenants, hostile_port, arp_answers, whole_packet, gso_whole])
