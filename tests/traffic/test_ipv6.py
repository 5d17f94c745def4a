# SPDX-License-Identifier: Apache-2.0
"""IPv6 through documents, tables, lab and kernel, on one host and across two: first what must not arrive, with its reason
and counter, then what must; and everything that probe tries agrees with the oracle.

    contoso, fd00:1::/48:                                  fabrikam, the same prefixes:
      web0 fd00:1:0:1::4 --- front6 (80, Standard)           spy  fd00:1:0:1::4
      web1 fd00:1:0:1::5 --/
      db0  fd00:1:0:2::4     group db on its subnet
      own0 fd00:1:0:3::4     own6, Standard, group own
      bare fd00:1:0:4::4     bare6, Standard, no group
"""
import errno
import glob
import json
import os
import struct
import sys

import harness as h

lab = h.Lab('t-ipv6')

WEB0, WEB1, DB0, OWN0, BARE = 'fd00:1:0:1::4', 'fd00:1:0:1::5', 'fd00:1:0:2::4', 'fd00:1:0:3::4', 'fd00:1:0:4::4'
OUTSIDE = '2a00:1::9'


def six(name, network, subnet, public=None, pools=()):
    """A VM with a configuration of each family."""
    vm = h.vm(name, network, subnet)
    config = {'subnet': {'id': h.rid('virtualNetworks/subnets', network, subnet)}, 'privateIPAddressVersion': 'IPv6'}
    if public:
        config['publicIPAddress'] = {'id': h.rid('publicIPAddresses', public)}
    if pools:
        config['loadBalancerBackendAddressPools'] = [{'id': h.rid('loadBalancers/backendAddressPools', *p)} for p in pools]
    nic = vm[0]['properties']['ipConfigurations']
    nic[0]['properties']['primary'] = True
    nic.append({'name': 'six', 'properties': config})
    return vm


def pip6(name):
    p = h.pip(name, 'Standard')
    p['properties']['publicIPAddressVersion'] = 'IPv6'
    return p


def vnet(name, subnets):
    """subnets: {name: (number, group or None)}: 10.0.N.0/24 and fd00:1:0:N::/64."""
    n = h.vnet(name, '10.0.0.0/16', {s: (f'10.0.{k}.0/24', g) for s, (k, g) in subnets.items()})
    n['properties']['addressSpace']['addressPrefixes'].append('fd00:1::/48')
    for s in n['properties']['subnets']:
        prefix = s['properties'].pop('addressPrefix')
        s['properties']['addressPrefixes'] = [prefix, f'fd00:1:0:{prefix.split(".")[2]}::/64']
    return n


def contoso(extra=()):
    return h.template(
        h.nsg('web', h.rule('http', 110, 'Allow', source='Internet', dport='8080'),
              h.rule('no-doc', 100, 'Deny', source='2001:db8::/32', dport='8080')),
        h.nsg('db', h.rule('no-web1', 100, 'Deny', source=WEB1, dport='1433'),
              h.rule('sql', 110, 'Allow', source='fd00:1:0:1::/64', dport='1433'), *extra,
              h.rule('ping', 120, 'Allow', protocol='Icmp', source='VirtualNetwork'),
              h.rule('shut', 200, 'Deny', protocol='*', source='VirtualNetwork')),
        h.nsg('own', h.rule('http', 100, 'Allow', dport='80')),
        vnet('net', {'web': (1, 'web'), 'db': (2, 'db'), 'own': (3, 'own'), 'bare': (4, None)}),
        pip6('front6'), pip6('own6'), pip6('bare6'),
        h.balancer('lb', 'front6', ['web'], [('http', 'web', 80, 8080)], sku='Standard'),
        *[six(f'web{i}', 'net', 'web', pools=[('lb', 'web')]) for i in range(2)],
        six('db0', 'net', 'db'), six('own0', 'net', 'own', public='own6'), six('bare', 'net', 'bare', public='bare6'))


def fabrikam():
    return h.template(vnet('net', {'a': (1, None)}), six('spy', 'net', 'a'))


def public(label):
    return [a for a in lab.port(label)['public'] if ':' in a][0]


def as_outside(address, port, source):
    """A TCP connection from an address of the Internet's; None for silence."""
    code = ('import socket,sys\ns=socket.socket(socket.AF_INET6);s.settimeout(1.5)\n'
            'try:\n s.connect((sys.argv[1],int(sys.argv[2])));print(s.recv(99).decode().strip())\n'
            'except OSError:\n pass')
    r = lab.escarp('exec', 'internet', '--as', source, '--', sys.executable, '-c', code, address, port)
    return r.stdout.strip() or None


def spoof(who, source, destination, port):
    """A SYN from an address that is another's."""
    own = h.mac(lab.port(who)['mac'])
    syn = h.tcp_segment(source, destination, 40000, port, 2)
    with lab.raw(who) as s:
        s.send(h.ether(h.GATEWAY_MAC, own, 0x86dd, h.ipv6(source, destination, 6, syn)))


def denied(t):
    front = [f['address'] for f in lab.status()['front_ends']][0]
    lab.denied(t, 'a prefix that a rule denies', lambda: lab.tcp('web1', DB0, 1433), 'db0', 'policy-in', 'db/no-web1')
    lab.denied(t, 'a port that no rule opens', lambda: lab.tcp('web0', DB0, 1434), 'db0', 'policy-in', 'db/shut')
    lab.denied(t, 'UDP where TCP is allowed', lambda: lab.udp('web0', DB0, 1433), 'db0', 'policy-in', 'db/shut')
    lab.denied(t, 'an address that nobody has', lambda: lab.tcp('web0', 'fd00:1:0:2::99', 1433), 'web0', 'unreachable')
    lab.denied(t, 'another tenant with the same prefix', lambda: lab.tcp('spy', DB0, 1433), 'spy', 'unreachable')
    lab.denied(t, "a neighbour's address as source", lambda: spoof('web0', WEB1, DB0, 1433), 'web0', 'spoofed-ip')
    lab.denied(t, 'private space outside', lambda: lab.tcp('own0', 'fd00:2::1', 80), 'own0', 'no-route')
    lab.denied(t, 'out without an address to leave by', lambda: lab.tcp('web0', OUTSIDE, 80), 'web0', 'no-outbound')
    lab.denied(t, 'a closed port of the front end', lambda: lab.tcp('internet', front, 81), 'uplink', 'no-endpoint')
    lab.denied(t, 'a public address of nobody', lambda: lab.tcp('internet', '2001:2::ffff', 80), 'uplink', 'not-vip')
    lab.denied(t, 'a private source outside', lambda: as_outside(front, 80, 'fd00:1:0:2::4'), 'uplink', 'bogon-source')
    before = sum(lab.drops(f'web{i}', 'policy-in') for i in range(2))
    t.ok(as_outside(front, 80, '2001:db8::7') is None, 'a documentation prefix that a rule denies: silence')
    t.ok(sum(lab.drops(f'web{i}', 'policy-in') for i in range(2)) > before, '... counted at the back end')
    lab.denied(t, 'a port that the group of an own address shuts', lambda: lab.tcp('internet', public('own0'), 22), 'own0', 'policy-in')
    lab.denied(t, 'a Standard address without a group', lambda: lab.tcp('internet', public('bare'), 80), 'bare', 'standard-closed')


def bad_packets(t):
    """Each dies at the uplink for its own reason, and a good one from the same hand arrives."""
    outside, me, you = h.Outside(lab), OUTSIDE, public('own0')

    def dies(name, packet, verdict):
        before = lab.drops('uplink', verdict)
        outside.send(packet)
        t.eq(lab.drops('uplink', verdict) - before, 1, f'{name}: {verdict}')
    tcp, udp = h.tcp_segment(me, you, 40000, 80, 0x02), h.udp_segment(me, you, 40000, 80, b'outside!')
    good = h.ipv6(me, you, 6, tcp)
    with lab.raw('own0') as s:
        dies('from a site-local address', h.ipv6('fec0::1', you, 6, tcp), 'bogon-source')
        dies('from the address that it is for', h.ipv6(you, you, 6, h.tcp_segment(you, you, 80, 80, 0x02)), 'land')
        dies('TCP flags that do not go together', h.ipv6(me, you, 6, tcp[:13] + b'\x03' + tcp[14:]), 'bad-flags')
        dies('longer than its frame', good[:4] + b'\0\xff' + good[6:], 'bad-length')
        dies('UDP without a checksum', h.ipv6(me, you, 17, udp[:6] + b'\0\0' + udp[8:]), 'bad-checksum')
        dies('a first fragment of 8 bytes', h.ipv6(me, you, 44, b'\x06\0\0\1\0\0\0\7' + tcp[:8]), 'tiny-fragment')
        dies('a fragment over the TCP header', h.ipv6(me, you, 44, b'\x06\0\0\x08\0\0\0\7' + tcp[8:]), 'fragment-overlap')
        outside.send(good)
        got = h.frames(s, 2, lambda f: f[12:14] == b'\x86\xdd' and f[20] in (6, 17, 44) and f[22:38] in (h.ip6(me), h.ip6(you)), enough=1)
        t.ok(len(got) == 1 and got[0][20] == 6 and got[0][67] == 0x02, 'of all these the good SYN alone arrives', got)


def seen_source():
    """The address by which own0 appears outside."""
    with lab.socket('internet', h.socket.AF_INET6) as server, lab.socket('own0', h.socket.AF_INET6) as client:
        server.bind(('2002:c058:6301::1', 9100))
        server.listen()
        server.settimeout(3)
        client.settimeout(3)
        client.connect(('2002:c058:6301::1', 9100))
        return server.accept()[1][0]


def allowed(t):
    front = [f['address'] for f in lab.status()['front_ends']][0]
    hits = lab.rule_hits('db/sql')
    t.eq(lab.tcp('web0', DB0, 1433), 'db0', 'a rule lets a prefix in')
    t.ok(lab.rule_hits('db/sql') > hits, '... and counts it')
    t.ok(lab.ping('web1', DB0), 'ping by a rule of ICMP')
    t.eq(lab.tcp('web0', WEB1, 99), 'web1', 'within the subnet')
    t.eq(lab.udp('db0', WEB0, 99), 'web0', 'UDP within the network')
    t.eq(lab.tcp('db0', OWN0, 80), 'own0', 'from subnet to subnet')
    got = {lab.tcp('internet', front, 80) for _ in range(24)}
    t.eq(got, {'web0', 'web1'}, 'the front end leads to both back ends')
    t.ok(as_outside(front, 80, OUTSIDE) in ('web0', 'web1'), 'from any address of the Internet')
    t.eq(lab.tcp('internet', public('own0'), 80), 'own0', 'an own public address')
    t.eq(lab.tcp('own0', '2a00:2::9', 443), 'internet', 'out by it')  # not OUTSIDE: who was there may still be going
    t.eq(seen_source(), public('own0'), '... and it is what is seen there')
    t.ok(lab.tcp('own0', front, 80) in ('web0', 'web1'), 'and in again by the front end')
    t.eq(lab.tcp('web0', '10.0.2.4', 1433), None, 'the IPv4 half has rules of its own')


def piece(number, offset, more, data, source=WEB0, target=WEB1, proto=17):
    """A fragment from web0's port."""
    header = struct.pack('!BBHI', proto, 0, offset | more, number)
    with lab.raw('web0') as s:
        s.send(h.ether(h.GATEWAY_MAC, h.mac(lab.port('web0')['mac']), 0x86dd, h.ipv6(source, target, 44, header + data)))


def in_pieces(t):
    first = struct.pack('!HHHH', 4000, 99, 200, 0) + bytes(40)
    lab.denied(t, 'a later fragment alone', lambda: piece(1, 48, 1, bytes(48)), 'web0', 'fragment')
    lab.denied(t, 'half a header', lambda: piece(2, 0, 1, bytes(8), target=DB0, proto=6), 'web0', 'tiny-fragment')
    lab.denied(t, 'a first fragment that a rule denies', lambda: piece(3, 0, 1, first, target=DB0), 'db0', 'policy-in', 'db/shut')
    lab.denied(t, 'what follows it', lambda: piece(3, 48, 0, bytes(48), target=DB0), 'web0', 'fragment')
    lab.denied(t, "a fragment in a neighbour's name", lambda: piece(4, 0, 1, first, source=DB0), 'web0', 'spoofed-ip')
    lab.denied(t, 'one over its first', lambda: piece(5, 0, 1, first) or piece(5, 40, 0, bytes(48)), 'web0', 'fragment-overlap')
    t.eq(lab.udp('db0', WEB0, 99, data=bytes(4000)), 'web0', 'a datagram in three fragments arrives whole')
    t.eq(lab.udp('web1', WEB0, 99, data=bytes(9000)), 'web0', '... and one in seven')


def path_mtu(t):
    """Across two hosts: who sends more than the overlay carries is told."""
    host = {x: lab.port(x)['host'] for x in ('web0', 'own0', 'bare', 'web1')}
    a, b = 'web0', next(x for x in host if host[x] != host['web0'])
    lab.escarp('exec', a, '--', 'ip', 'link', 'set', 'eth0', 'mtu', '1560')
    with lab.socket(a, h.socket.AF_INET6, h.socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.setsockopt(h.socket.IPPROTO_IPV6, 23, 2)  # IPV6_MTU_DISCOVER: never cut
        s.connect((next(x for x in lab.port(b)['addresses'] if ':' in x), 91))
        before = lab.drops(a, 'too-big')
        s.send(bytes(1500))
        t.ok(lab.drops(a, 'too-big') > before, 'a datagram that is too large is dropped and counted')
        t.eq(s.getsockopt(h.socket.SOL_SOCKET, h.socket.SO_ERROR), errno.EMSGSIZE, '... and its sender has been told')
        s.send(bytes(1452))
        t.eq(s.recv(99).decode().strip(), b, 'one that just fits is answered')


def agrees(t, name):
    r = lab.escarp('probe', '--json', timeout=300)
    out = json.loads(r.stdout) if r.stdout.startswith('{') else {}
    tried = [x for x in out.get('results', []) if ':' in x.get('address', '')]
    t.ok(len(tried) > 10 and {x['expected'] for x in tried} >= {'open', 'closed'}, f'{name}: {len(tried)} attempts of IPv6', set(x['expected'] for x in tried))
    t.ok(r.returncode == 0 and not out.get('mismatches'), f'{name}: probe agrees with the oracle',
         r.stderr[:300] + json.dumps(out.get('mismatches'))[:1500])


def changes(t):
    """A rule of IPv6 that comes reaches connections of IPv6."""
    lab.up(contoso([h.rule('no-web', 105, 'Deny', source='fd00:1:0:1::/64', dport='1433')]), subscription='contoso')
    lab.denied(t, 'a rule that came', lambda: lab.tcp('web0', DB0, 1433), 'db0', 'policy-in', 'db/no-web')


def of_others(t):
    """A template of somebody else's with IPv6 in it."""
    folders = glob.glob(os.path.join(h.SHARED, 'corpus', 'arm', 'demo.ipv6-in-vnet-vmss', ''))
    if not folders:
        t.skip('a published template with IPv6', 'needs ../shared/corpus/arm')
        return
    lab.down()
    r = lab.escarp('up', folders[0] + 'azuredeploy.json', '--parameters', folders[0] + 'azuredeploy.parameters.json', '--fill-missing')
    if t.ok(r.returncode == 0, 'a published template with IPv6 comes up', r.stderr[:500]):
        first, second = [[a for a in p['addresses'] if ':' in a][0] for p in lab.status()['ports']]
        labels = [p['label'] for p in lab.status()['ports']]
        t.eq(lab.tcp(labels[0], second, 80), labels[1], 'one of its machines reaches the other')
        agrees(t, 'a published template')


def one_host(t):
    everything(t, 1)


def two_hosts(t):
    everything(t, 2)


def everything(t, hosts):
    lab.options = ['--hosts', str(hosts)]
    for make in (contoso, fabrikam):
        r = lab.up(make(), subscription=make.__name__)
        t.ok(r.returncode == 0, f'{hosts} hosts: {make.__name__} comes up', r.stdout + r.stderr)
    denied(t)
    allowed(t)
    in_pieces(t)
    if hosts > 1:
        path_mtu(t)
    if hosts == 1:
        bad_packets(t)
    agrees(t, f'{hosts} hosts')
    changes(t)
    t.eq({lab.port(x)['host'] for x in ('web0', 'web1', 'db0', 'own0', 'bare')}, set(range(hosts)), 'on every host')
    lab.down()


h.main([one_host, two_hosts, of_others])
