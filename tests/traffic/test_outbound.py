# SPDX-License-Identifier: Apache-2.0
"""By which address instances leave, over real sockets: a NAT gateway before an own address, outbound rules, a rule that may
not be left by, and a subnet without default outbound access. What has no way out is silent, with its reason.

    nat (gateway of n0, n1):  gw0 (has own-ip as well), gw1        shut: alone0, and rule0 in pool o (outbound rule, f0)
    empty (gateway of none):  none0                                 open: barred0 in pool x (disableOutboundSnat, f2)
"""

import harness as h

lab = h.Lab('t-outbound')


def ref(kind, *names):
    return {'id': h.rid(kind, *names)}


def gateway(name, *addresses):
    return h.resource('natGateways', name, {'publicIpAddresses': [ref('publicIPAddresses', a) for a in addresses]}, 'Standard')


def subnet(name, prefix, **more):
    return {'name': name, 'properties': {'addressPrefix': prefix, **more}}


NET = h.resource('virtualNetworks', 'net', {'addressSpace': {'addressPrefixes': ['10.1.0.0/16']}, 'subnets': [
    subnet('nat', '10.1.0.0/24', natGateway=ref('natGateways', 'nat')), subnet('empty', '10.1.1.0/24', natGateway=ref('natGateways', 'empty')),
    subnet('shut', '10.1.2.0/24', defaultOutboundAccess=False), subnet('open', '10.1.3.0/24')]})
FRONT = 'loadBalancers/frontendIPConfigurations'
POOL = 'loadBalancers/backendAddressPools'
LB = h.resource('loadBalancers', 'lb', {
    'frontendIPConfigurations': [{'name': f, 'properties': {'publicIPAddress': ref('publicIPAddresses', f)}} for f in ('f0', 'f2')],
    'backendAddressPools': [{'name': 'o'}, {'name': 'x'}],
    'loadBalancingRules': [{'name': 'x', 'properties': {'frontendIPConfiguration': ref(FRONT, 'lb', 'f2'), 'backendAddressPool': ref(POOL, 'lb', 'x'),
                                                        'protocol': 'Tcp', 'frontendPort': 80, 'backendPort': 80, 'disableOutboundSnat': True}}],
    'outboundRules': [{'name': 'o', 'properties': {'frontendIPConfigurations': [ref(FRONT, 'lb', 'f0')], 'backendAddressPool': ref(POOL, 'lb', 'o'),
                                                   'protocol': 'All', 'allocatedOutboundPorts': 64}}]}, 'Standard')
TEMPLATE = h.template(
    NET, LB, gateway('nat', 'n0', 'n1'), gateway('empty'), h.nsg('in', h.rule('all', 100, 'Allow', protocol='*')),
    *(h.pip(p, 'Standard') for p in ('n0', 'n1', 'own-ip', 'f0', 'f2')),
    h.vm('gw0', 'net', 'nat', '10.1.0.4', group='in', public='own-ip'), h.vm('gw1', 'net', 'nat', '10.1.0.5'),
    h.vm('none0', 'net', 'empty', '10.1.1.4'), h.vm('alone0', 'net', 'shut', '10.1.2.4'),
    h.vm('rule0', 'net', 'shut', '10.1.2.5', pools=[('lb', 'o')]), h.vm('barred0', 'net', 'open', '10.1.3.4', group='in', pools=[('lb', 'x')]))
VIP = {}


def comes_up(t):
    r = lab.up(TEMPLATE)
    t.ok(r.returncode == 0, 'the template comes up', r.stdout + r.stderr)
    VIP['own'] = lab.port('gw0')['public'][0]
    VIP.update({f['name'].split('/')[1]: f['address'] for f in lab.status()['front_ends']})


def silent(t):
    for who, why in (('none0', 'a gateway without an address'), ('alone0', 'no default outbound access'), ('barred0', 'a rule that may not be left by')):
        before = lab.drops(who, 'no-outbound')
        t.eq(lab.leaves(who), (None, set(), set()), f'{why}: nothing is seen outside')
        t.ok(lab.drops(who, 'no-outbound') > before, f'{why}: no-outbound at {who}')


def leaves(t):
    gateway = {g['address'] for g in lab.status()['nat_gateways'] if g['name'] in ('nat/n0', 'nat/n1')}
    t.eq(len(gateway), 2, 'status tells the addresses of the gateway')
    for who in ('gw0', 'gw1'):
        answer, sources, ports = lab.leaves(who)
        t.ok(answer == 'internet' and len(sources) == 1 and sources <= gateway, f'{who} leaves by one of them', (answer, sources, gateway))
        t.ok(ports and min(ports) >= 1024, 'from a port of its range', ports)
    answer, sources, ports = lab.leaves('rule0')
    t.eq((answer, sources), ('internet', {VIP['f0']}), 'an outbound rule gives its front end')
    t.ok(all(1024 <= p < 1024 + 64 for p in ports), 'with the ports that it declares', ports)
    t.eq(lab.udp('gw1', '9.9.9.9', 53), 'internet', 'UDP as well')
    t.ok(lab.ping('gw1', '9.9.9.9'), 'and ping')


def comes_in(t):
    """An own address is still reached, and answers as itself, while its owner leaves by the gateway."""
    t.eq(lab.tcp('internet', VIP['own'], 80), 'gw0', 'the own address is reached')
    t.eq(lab.tcp('internet', VIP['f2'], 80), 'barred0', 'so is the rule')
    lab.denied(t, 'the gateway is no way in', lambda: lab.tcp('internet', sorted(lab.leaves('gw1')[1])[0], 80), 'uplink', 'no-endpoint')


h.main([comes_up, silent, leaves, comes_in])
