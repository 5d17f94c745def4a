# SPDX-License-Identifier: Apache-2.0
"""IPv6 beside IPv4 with real stacks: neighbour discovery, the overlay, a public address of an instance's own."""
import socket

import harness as h

lab = h.Lab('t-dual', '--hosts', '2')
SUBNET = h.rid('virtualNetworks/subnets', 'net', 's')


def dual(name, public=None):
    """A VM with both families."""
    nic, machine = h.vm(name, 'net', 's', group='g')
    six = {'subnet': {'id': SUBNET}, 'privateIPAddressVersion': 'IPv6'}
    if public:
        six['publicIPAddress'] = {'id': h.rid('publicIPAddresses', public)}
    nic['properties']['ipConfigurations'][0]['properties']['primary'] = True
    nic['properties']['ipConfigurations'].append({'name': 'six', 'properties': six})
    return [nic, machine]


def network():
    net = h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)})
    net['properties']['addressSpace']['addressPrefixes'].append('fd00:7::/48')
    subnet = net['properties']['subnets'][0]['properties']
    del subnet['addressPrefix']
    subnet['addressPrefixes'] = ['10.0.0.0/24', 'fd00:7:0:1::/64']
    group = h.nsg('g', h.rule('http', 100, 'Allow', source='Internet', dport='80'),
                  h.rule('no-90', 110, 'Deny', source='VirtualNetwork', dport='90'))
    public = h.pip('pub6', sku='Standard')
    public['properties'].update({'publicIPAddressVersion': 'IPv6', 'publicIPAllocationMethod': 'Static'})
    return h.template(group, public, net, dual('a', 'pub6'), dual('b'))


def tcp(who, address, port):
    with lab.socket(who, socket.AF_INET6) as s:
        s.settimeout(h.SILENCE)
        try:
            s.connect((address, port))
            s.settimeout(3)
            return h.read_line(s)
        except (TimeoutError, socket.timeout):
            return None


def private(name):
    return next(a for a in lab.port(name)['addresses'] if ':' in a)


def across(t):
    b = private('b')
    lab.denied(t, 'a to b port 90', lambda: tcp('a', b, 90), 'b', 'policy-in', 'g/no-90')
    t.eq(tcp('a', b, 91), 'b', 'a to b port 91, on the other host')
    t.eq(tcp('b', private('a'), 91), 'a', 'and back')
    lab.denied(t, 'nobody there', lambda: tcp('a', 'fd00:7:0:1::99', 91), 'a', 'unreachable')


def outside(t):
    public = next(a for a in lab.port('a')['public'] if ':' in a)
    lab.denied(t, 'the Internet to a, a port that no rule opens', lambda: tcp('internet', public, 81), 'a', 'policy-in')
    t.eq(tcp('internet', public, 80), 'a', 'the Internet to a')
    lab.denied(t, 'b to the Internet without a public address', lambda: tcp('b', '2600::1', 80), 'b', 'no-outbound')
    t.eq(tcp('a', '2600::1', 80), 'internet', 'a to the Internet')


def discovery(kind, source, target, mac, own):
    """A frame of neighbour discovery to all nodes, its option naming `mac`."""
    source, target = (socket.inet_pton(socket.AF_INET6, a) for a in (source, target))
    body = bytes([kind, 0, 0, 0]) + bytes(4) + target + bytes([2, 1]) + mac
    return h.ether(bytes.fromhex('333300000001'), own, 0x86dd, bytes.fromhex('6000000000203aff') + source +
                   socket.inet_pton(socket.AF_INET6, 'ff02::1') + body)


def spoofed(t):
    own, other = h.mac(lab.port('a')['mac']), h.mac(lab.port('b')['mac'])
    a, b = private('a'), private('b')
    frames = [('an announcement of a neighbour\'s address', discovery(136, a, b, own, own), 'spoofed-nd'),
              ('an announcement in a neighbour\'s name', discovery(136, b, b, own, own), 'spoofed-nd'),
              ('an announcement of the gateway', discovery(136, a, 'fe80::1234:5678:9abc', own, own), 'spoofed-nd'),
              ('an announcement with a neighbour\'s MAC', discovery(136, a, a, other, own), 'spoofed-nd'),
              ('a router advertisement', discovery(134, 'fe80::e5ff:fe00:1', a, own, own), 'router-advert'),
              ('a redirect', discovery(137, 'fe80::e5ff:fe00:1', b, own, own), 'redirect')]
    with lab.raw('a') as out, lab.raw('b') as seen:
        for name, frame, verdict in frames:
            before = lab.drops('a', verdict)
            out.send(frame)
            t.eq(h.frames(seen, 0.3, lambda f: f[12:14] == b'\x86\xdd'), [], f'{name}: nobody receives it')
            t.eq(lab.drops('a', verdict), before + 1, f'{name}: counted once as {verdict}')
    t.eq(tcp('a', b, 91), 'b', 'and the neighbour is where it was')


def neighbours(t):
    """What the guest has learned: everybody is at the gateway, and the gateway is a router."""
    r = lab.escarp('exec', 'a', '--', 'ip', '-6', 'neigh', 'show', 'dev', 'eth0')
    known = [line.split() for line in r.stdout.splitlines() if 'lladdr' in line]
    t.ok(any(n[0] == 'fe80::1234:5678:9abc' and 'router' in n for n in known), 'the gateway answers for itself', r.stdout)
    t.eq({n[n.index('lladdr') + 1] for n in known}, {'12:34:56:78:9a:bc'}, 'everybody is at its MAC')


def comes_up(t):
    r = lab.up(network())
    t.ok(r.returncode == 0, 'two instances of both families come up, one on each host', r.stdout + r.stderr)


h.main([comes_up, across, outside, neighbours, spoofed])
