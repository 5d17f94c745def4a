#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plan.5000: `escarp plan` of a template of 5,000 resources, on one core; beside it "json", this interpreter reading the same file.

Two templates, since their kinds cost differently: "plan.5000.machines" is interfaces and machines in subnets with a group of ten
rules each; "plan.5000.rules" has public addresses, balancers and ten times as many rules besides. Processor time, medians;
the two programs take turns.
"""
import json, os, resource, statistics, subprocess, sys, tempfile

BUILD = os.environ.get('ESCARP_BUILD', 'build')
RUNS, COUNT = 7, 5000
NET = 'Microsoft.Network/'


def reference(kind, *names):
    return {'id': f"[resourceId('{NET}{kind}', {', '.join(map(repr, names))})]"}


def document(kind, name, properties, **more):
    return {'type': kind if '.' in kind else NET + kind, 'apiVersion': '2020-11-01', 'name': name, 'location': 'l', **more, 'properties': properties}


def rules(n):
    return {'securityRules': [{'name': f'r{i}', 'properties': {
        'priority': 100 + i, 'access': 'Deny' if i % 4 == 3 else 'Allow', 'direction': 'Outbound' if i % 5 == 4 else 'Inbound',
        'protocol': ('Tcp', 'Udp', '*')[i % 3], 'sourceAddressPrefix': ('Internet', f'10.{n % 250}.{i}.0/24', '203.0.113.0/24', 'VirtualNetwork', '*')[i % 5],
        'sourcePortRange': '*', 'destinationAddressPrefix': '*', 'destinationPortRange': ('22', '80', '443', '8000-8080', '1433')[(i + n) % 5]}}
        for i in range(10)]}


def machine(name, network, subnet, **config):
    yield document('networkInterfaces', f'{name}-nic', {'ipConfigurations': [{'name': 'c', 'properties': {
        'subnet': reference('virtualNetworks/subnets', network, subnet), **config}}]})
    yield document('Microsoft.Compute/virtualMachines', name, {'networkProfile': {'networkInterfaces': [reference('networkInterfaces', f'{name}-nic')]}})


def network(v, subnets):
    for k in range(subnets):
        yield document('networkSecurityGroups', f'g{v}-{k}', rules(v + k))
    yield document('virtualNetworks', f'v{v}', {'addressSpace': {'addressPrefixes': [f'10.{v % 250}.0.0/16']}, 'subnets': [
        {'name': f's{k}', 'properties': {'addressPrefix': f'10.{v % 250}.{k}.0/24', 'networkSecurityGroup': reference('networkSecurityGroups', f'g{v}-{k}')}}
        for k in range(subnets)]})


def machines():
    yield from network(0, 100)
    for m in range((COUNT - 101) // 2):
        yield from machine(f'm{m}', 'v0', f's{m % 100}')


def address(name):
    return document('publicIPAddresses', name, {'publicIPAllocationMethod': 'Static'}, sku={'name': 'Standard'})


def balancer(name):
    part = lambda kind, which: reference(f'loadBalancers/{kind}', name, which)
    yield address(f'{name}-ip')
    yield document('loadBalancers', name, {
        'frontendIPConfigurations': [{'name': 'f', 'properties': {'publicIPAddress': reference('publicIPAddresses', f'{name}-ip')}}],
        'backendAddressPools': [{'name': 'p'}], 'probes': [{'name': 'h', 'properties': {'protocol': 'Tcp', 'port': 80}}],
        'loadBalancingRules': [{'name': f'w{port}', 'properties': {
            'frontendIPConfiguration': part('frontendIPConfigurations', 'f'), 'backendAddressPool': part('backendAddressPools', 'p'),
            'probe': part('probes', 'h'), 'protocol': 'Tcp', 'frontendPort': port, 'backendPort': port}} for port in (80, 443)]}, sku={'name': 'Standard'})


def many_rules():
    for v in range(COUNT // 43 + 1):
        yield from network(v, 4)
        yield from balancer(f'lb{v}')
        for m in range(16):
            config = {}
            if m % 4 == 0:
                config['loadBalancerBackendAddressPools'] = [reference('loadBalancers/backendAddressPools', f'lb{v}', 'p')]
            if m % 4 == 1:
                yield address(f'ip{v}-{m}')
                config['publicIPAddress'] = reference('publicIPAddresses', f'ip{v}-{m}')
            yield from machine(f'm{v}-{m}', f'v{v}', f's{m % 4}', **config)


def seconds(*argv):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    for name, make in (('machines', machines), ('rules', many_rules)):
        resources = list(make())
        with tempfile.NamedTemporaryFile('w', suffix='.json') as f:
            json.dump({'$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', 'contentVersion': '1.0.0.0',
                       'resources': resources}, f)
            f.flush()
            pairs = [(seconds(os.path.join(BUILD, 'escarp'), 'plan', f.name),
                      seconds(sys.executable, '-c', f'import json; json.load(open({f.name!r}))')) for _ in range(RUNS)]
        ours, theirs = (statistics.median(column) * 1000 for column in zip(*pairs))
        print(json.dumps({'name': f'plan.5000.{name}', 'value': round(ours), 'unit': 'ms', 'beside': {'json': round(theirs)}, 'runs': RUNS}))
        print(f'{name}: {len(resources)} resources', file=sys.stderr)


main()
