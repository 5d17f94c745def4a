#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Routes of one's own, appliances and peerings, with real sockets on two hosts.

    a0 (10.0.1.4) ─┐            ┌─ b0 (10.0.2.4)      each subnet's route to the other leads to fw (10.0.3.4)
                   └─ fw ───────┘
    net (10.0.0.0/16) == peer (10.1.0.0/16) == far (10.2.0.0/16); half (10.3.0.0/16) has one half of a peering
"""
import harness as h

lab = h.Lab('t-routes', '--hosts', '2')


def table(name, **routes):
    """name=(prefix, hop type[, address])"""
    return h.resource('routeTables', name, {'routes': [
        {'name': n, 'properties': {'addressPrefix': r[0], 'nextHopType': r[1],
                                   **({'nextHopIpAddress': r[2]} if len(r) > 2 else {})}} for n, r in routes.items()]})


def net(name, prefix, subnets, peers=(), **flags):
    """subnets: {name: (prefix, route table or None)}"""
    r = h.vnet(name, prefix, {n: (p, None) for n, (p, _) in subnets.items()})
    for s, (_, t) in zip(r['properties']['subnets'], subnets.values()):
        if t:
            s['properties']['routeTable'] = {'id': h.rid('routeTables', t)}
    r['properties']['virtualNetworkPeerings'] = [
        {'name': p, 'properties': {'remoteVirtualNetwork': {'id': h.rid('virtualNetworks', p)}, **flags}} for p in peers]
    return r


def network(forwards=True):
    fw = h.vm('fw', 'net', 'fw', '10.0.3.4')
    fw[0]['properties']['enableIPForwarding'] = forwards
    return h.template(
        table('ta', b=('10.0.2.0/24', 'VirtualAppliance', '10.0.3.4'), hole=('198.51.100.0/24', 'None'),
              gw=('172.16.0.0/12', 'VirtualNetworkGateway')),
        table('tb', a=('10.0.1.0/24', 'VirtualAppliance', '10.0.3.4')),
        net('net', '10.0.0.0/16', {'a': ('10.0.1.0/24', 'ta'), 'b': ('10.0.2.0/24', 'tb'), 'fw': ('10.0.3.0/24', None)},
            ['peer']),
        net('peer', '10.1.0.0/16', {'s': ('10.1.0.0/24', None)}, ['net', 'far']),
        net('far', '10.2.0.0/16', {'s': ('10.2.0.0/24', None)}, ['peer']),
        net('half', '10.3.0.0/16', {'s': ('10.3.0.0/24', None)}, ['peer']),
        h.vm('a0', 'net', 'a', '10.0.1.4'), h.vm('b0', 'net', 'b', '10.0.2.4'), fw,
        h.vm('p0', 'peer', 's', '10.1.0.4'), h.vm('p1', 'peer', 's', '10.1.0.5'), h.vm('f0', 'far', 's', '10.2.0.4'),
        h.vm('h0', 'half', 's', '10.3.0.4'))


def comes_up(t):
    r = lab.up(network())
    t.ok(r.returncode == 0, 'it comes up on two hosts', r.stdout + r.stderr)
    hosts = {x: lab.port(x)['host'] for x in ('a0', 'b0', 'fw', 'p0', 'p1')}
    t.ok(hosts['fw'] != hosts['a0'] or hosts['fw'] != hosts['b0'], 'not all of one talk are on one host', repr(hosts))
    t.ok(hosts['p0'] != hosts['p1'], 'the peer has a machine on each host', repr(hosts))


def nowhere(t):
    lab.denied(t, 'a0 into the hole', lambda: lab.tcp('a0', '198.51.100.1', 80), 'a0', 'no-route')
    t.eq(lab.tcp('b0', '198.51.100.1', 80), 'internet', 'b0, whose subnet has no such route, gets out')
    lab.denied(t, 'a0 to the gateway', lambda: lab.tcp('a0', '172.16.0.1', 80), 'a0', 'gateway')


def spoof(t):
    """What forwards nothing may send nothing that is not its own; what forwards may not send from everywhere."""
    b0, fw = lab.port('b0'), lab.port('fw')
    for who, port, source, why in (('b0', b0, '10.0.1.4', 'spoofed-ip'), ('fw', fw, '127.0.0.1', 'spoofed-ip'),
                                   ('fw', fw, '169.254.169.253', 'spoofed-platform')):
        body = h.ipv4(source, '10.1.0.4', 17, h.udp_segment(source, '10.1.0.4', 7, 7, b'not mine'))

        def attempt(port=port, body=body, who=who):
            with lab.raw(who) as out, lab.raw('p0') as into:
                out.send(h.ether(h.GATEWAY_MAC, h.mac(port['mac']), 0x800, body))
                return bool(h.frames(into, 0.4, lambda f: b'not mine' in f))
        lab.denied(t, f'{who} as {source}', attempt, who, why)


def through(t):
    with lab.raw('fw') as seen:
        t.eq(lab.tcp('a0', '10.0.2.4', 80), 'b0', 'a0 reaches b0')
        got = h.frames(seen, 0.3, lambda f: f[26:30] == h.ip4('10.0.1.4') and f[30:34] == h.ip4('10.0.2.4'))
        back = got or [b'']
        t.ok(len(got) > 2, 'by fw, addresses as they were', repr(back[0]))
    with lab.raw('fw') as seen:
        t.eq(lab.tcp('b0', '10.0.1.4', 80), 'a0', 'b0 reaches a0')
        t.ok(len(h.frames(seen, 0.3, lambda f: f[26:30] == h.ip4('10.0.1.4'))) > 1, 'and the answers come by fw')
    t.eq(lab.udp('a0', '10.0.2.4', 53), 'b0', 'UDP')
    t.ok(lab.ping('a0', '10.0.2.4'), 'a ping')
    t.eq(lab.tcp('a0', '10.0.3.4', 80), 'fw', 'fw itself answers for itself')
    r = lab.escarp('probe')
    t.ok(r.returncode == 0, 'all is as the rules and routes say', r.stdout + r.stderr)


def peerings(t):
    lab.denied(t, 'a0 to the peer of its peer', lambda: lab.tcp('a0', '10.2.0.4', 80), 'a0', 'no-route')
    lab.denied(t, 'one half of a peering', lambda: lab.tcp('h0', '10.1.0.4', 80), 'h0', 'no-route')
    lab.denied(t, 'and from the other side', lambda: lab.tcp('p0', '10.3.0.4', 80), 'p0', 'no-route')
    for x, y, address in (('a0', 'p0', '10.1.0.4'), ('a0', 'p1', '10.1.0.5'), ('p0', 'a0', '10.0.1.4'), ('p1', 'a0', '10.0.1.4'),
                          ('p1', 'f0', '10.2.0.4')):
        t.eq(lab.tcp(x, address, 80), y, f'{x} reaches {y} in the other network')


def off(t):
    """Without IP forwarding the same appliance passes nothing, and says so."""
    r = lab.up(network(forwards=False))
    t.ok(r.returncode == 0, 'IP forwarding goes off', r.stdout + r.stderr)
    lab.denied(t, 'a0 to b0', lambda: lab.tcp('a0', '10.0.2.4', 80), 'a0', 'no-appliance')
    t.eq(lab.tcp('a0', '10.1.0.4', 80), 'p0', 'what does not go by it goes on')


h.main([comes_up, nowhere, spoof, through, peerings, off])
