# SPDX-License-Identifier: Apache-2.0
"""A scale set over real sockets: each instance is a port like any other, reached by its port of the NAT pool.

    Internet -- lb (Basic): 80 -> every instance :8080     50000, 50001, ... -> set_0, set_1, ... :22
"""
import harness as h

lab = h.Lab('t-set')
VIP = {}


def template(capacity):
    lb = h.balancer('lb', 'lb-ip', ['web'], [('http', 'web', 80, 8080)])
    lb['properties']['inboundNatPools'] = [{'name': 'ssh', 'properties': {
        'frontendIPConfiguration': {'id': h.rid('loadBalancers/frontendIPConfigurations', 'lb', 'front')},
        'protocol': 'Tcp', 'frontendPortRangeStart': 50000, 'frontendPortRangeEnd': 50009, 'backendPort': 22}}]
    config = {'subnet': {'id': h.rid('virtualNetworks/subnets', 'net', 's')},
              'loadBalancerBackendAddressPools': [{'id': h.rid('loadBalancers/backendAddressPools', 'lb', 'web')}],
              'loadBalancerInboundNatPools': [{'id': h.rid('loadBalancers/inboundNatPools', 'lb', 'ssh')}]}
    nic = {'primary': True, 'networkSecurityGroup': {'id': h.rid('networkSecurityGroups', 'set-nsg')},
           'ipConfigurations': [{'name': 'c', 'properties': config}]}
    scale_set = h.resource('virtualMachineScaleSets', 'set', {
        'upgradePolicy': {'mode': 'Manual'}, 'overprovision': True,
        'virtualMachineProfile': {'networkProfile': {'networkInterfaceConfigurations': [{'name': 'n', 'properties': nic}]}}},
        provider='Microsoft.Compute/')
    scale_set['sku'] = {'name': 'Standard_B1s', 'capacity': capacity}
    return h.template(
        h.nsg('set-nsg', h.rule('allow-22', 100, 'Allow', source='203.0.113.0/24', dport='22'),
              h.rule('allow-8080', 110, 'Allow', source='Internet', dport='8080')),
        h.vnet('net', '10.1.0.0/16', {'s': ('10.1.0.0/24', None)}), h.pip('lb-ip'), lb, scale_set)


def comes_up(t):
    r = lab.up(template(2))
    t.ok(r.returncode == 0, 'the template comes up', r.stdout + r.stderr)
    status = lab.status()
    t.eq(sorted(p['label'] for p in status['ports']), ['set_0', 'set_1'], 'two instances have a port each')
    VIP.update({f['name'].split('/')[0]: f['address'] for f in status['front_ends']})


def nat_pool(t):
    lab.denied(t, 'a port of the pool that no instance has', lambda: lab.tcp('internet', VIP['lb'], 50002), 'uplink', 'no-endpoint')
    lab.denied(t, 'a source that the rule does not name', lambda: lab.tcp('internet', VIP['lb'], 50000), 'set_0', 'policy-in')
    t.eq([lab.tcp_as('203.0.113.9', VIP['lb'], p) for p in (50000, 50001)], ['set_0', 'set_1'], 'each instance answers on its own port')


def balanced(t):
    t.eq({lab.tcp('internet', VIP['lb'], 80) for _ in range(40)}, {'set_0', 'set_1'}, 'both answer behind the balancer')


def scales(t):
    before = {p['label']: p['addresses'] for p in lab.status()['ports']}
    r = lab.up(template(3))
    t.ok(r.returncode == 0, 'a third instance comes up', r.stdout + r.stderr)
    after = {p['label']: p['addresses'] for p in lab.status()['ports']}
    t.eq({k: v for k, v in after.items() if k != 'set_2'}, before, 'the others keep their addresses')
    t.eq(lab.tcp_as('203.0.113.9', VIP['lb'], 50002), 'set_2', 'it has the next port')
    r = lab.up(template(1))
    t.ok(r.returncode == 0, 'the set shrinks', r.stdout + r.stderr)
    lab.denied(t, 'the port of an instance that is gone', lambda: lab.tcp('internet', VIP['lb'], 50001), 'uplink', 'no-endpoint')
    t.eq({lab.tcp('internet', VIP['lb'], 80) for _ in range(10)}, {'set_0'}, 'the last one answers alone')


h.main([comes_up, nat_pool, balanced, scales])
