# SPDX-License-Identifier: Apache-2.0
"""Templates in the many styles in which people publish theirs, each with what is open derived by hand; and hostile ones."""
import json, os, resource, subprocess, sys, tempfile

ESCARP = sys.argv[1]
SCHEMA = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
VNET, NSG, PIP, NIC, LB = ('Microsoft.Network/' + t for t in
                           ('virtualNetworks', 'networkSecurityGroups', 'publicIPAddresses', 'networkInterfaces', 'loadBalancers'))
VM = 'Microsoft.Compute/virtualMachines'
count = failed = 0
folder = tempfile.TemporaryDirectory(prefix='escarp-quick-')


def ok(good, name, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    if not good:
        for line in str(why).splitlines():
            print('# ' + line)


def eq(got, want, name):
    ok(got == want, name, f'got  {got!r}\nwant {want!r}')


# A sanitizer reserves terabytes of address space for its shadow, so there the bound can only be the other build's.
with open(ESCARP, 'rb') as program:
    SANITIZED = b'__asan_init' in program.read()


def run(*args, limit=None):
    def bound():
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return subprocess.run([ESCARP, *args], capture_output=True, text=True, timeout=60, preexec_fn=bound if limit else None,
                          env={**os.environ, 'ESCARP_LAB': 't-quick'})


def write(name, content):
    path = os.path.join(folder.name, name + '.json')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


def template(*resources, **more):
    return {'$schema': SCHEMA, 'contentVersion': '1.0.0.0', 'resources': list(resources), **more}


def res(type, name, properties=None, **more):
    return {'type': type, 'apiVersion': '2020-05-01', 'name': name, 'location': "[resourceGroup().location]", 'properties': properties or {}, **more}


def ref(type, *names):
    return {'id': f"[resourceId('{type}', {', '.join(n if '(' in n else repr(n) for n in names)})]"}


def vnet(name='net', space='10.0.0.0/16', subnets=(('sub', '10.0.0.0/24', None),), **more):
    return res(VNET, name, {'addressSpace': {'addressPrefixes': [space]}, 'subnets': [
        {'name': n, 'properties': {'addressPrefix': p, **({'networkSecurityGroup': ref(NSG, g)} if g else {})}} for n, p, g in subnets]}, **more)


def rule(name, priority, access='Allow', direction='Inbound', protocol='Tcp', src='*', dst='*', port='*', **more):
    return {'name': name, 'properties': {'priority': priority, 'access': access, 'direction': direction, 'protocol': protocol, 'sourcePortRange': '*',
            **({'sourceAddressPrefix': src} if src else {}), **({'destinationAddressPrefix': dst} if dst else {}), **({'destinationPortRange': port} if port else {}), **more}}


def nsg(name, *rules):
    return res(NSG, name, {'securityRules': list(rules)})


def config(name='c', subnet=('net', 'sub'), pip=None, **more):
    return {'name': name, 'properties': {'subnet': ref(VNET + '/subnets', *subnet), 'privateIPAllocationMethod': 'Dynamic',
            **({'publicIPAddress': ref(PIP, pip)} if pip else {}), **more}}


def nic(name, *configs, group=None):
    return res(NIC, name, {'ipConfigurations': list(configs), **({'networkSecurityGroup': ref(NSG, group)} if group else {})})


def vm(name, *nics):
    return res(VM, name, {'hardwareProfile': {'vmSize': 'Standard_B1s'}, 'networkProfile': {'networkInterfaces': [
        {**ref(NIC, n), 'properties': {'primary': i == 0}} for i, n in enumerate(nics)]}})


def plan(name, content, *args):
    r = run('plan', write(name, content), '--json', *args)
    ok(r.returncode == 0, f'{name}: plans', r.stderr)
    return json.loads(r.stdout) if r.returncode == 0 else {'open': [], 'warnings': [], 'instances': [], 'outputs': {}, 'unmodelled': [], 'notes': []}


def opened(out):
    return {(e['protocol'], e['ports'], e['instance'], ','.join(e['sources'])) for e in out['open']}


def addresses(out):
    return {i['name']: [[a['address'] for a in n['addresses']] for n in i['nics']] for i in out['instances']}


def one(*rules, **more):
    """One machine with a public address, and these rules on its interface."""
    return template(vnet(), nsg('g', *rules), res(PIP, 'p'), nic('n', config(pip='p'), group='g'), vm('m', 'n'), **more)


DENIES = ('1.0.0.0-198.51.99.255', '198.51.101.0-223.255.255.255')


def rules():
    out = plan('plural', one(rule('a', 100, src=None, port=None, sourceAddressPrefixes=['203.0.113.0/25', '203.0.113.128/25'],
                                  destinationPortRanges=['80', '8080-8081'])))
    eq(opened(out), {('tcp', p, 'm', '203.0.113.0/24') for p in ('80', '8080-8081')}, 'plural: prefixes and ports of lists')
    out = plan('strings', one(rule('a', '100', 'allow', 'INBOUND', 'TCP', 'internet', 'virtualnetwork', 443)))
    eq(opened(out), {('tcp', '443', 'm', '*')}, 'strings: case, a priority in quotes, a port without')
    out = plan('deny-first', one(rule('a', 200, port='22'), rule('d', 100, 'Deny', src='198.51.100.0/24')))
    ok(('tcp', '22', 'm', '*') not in opened(out) and all('198.51.100' not in s for *_, s in opened(out)), 'deny-first: the lower priority wins whatever the order', opened(out))
    out = plan('deny-last', one(rule('a', 100, port='22'), rule('d', 200, 'Deny', src='198.51.100.0/24')))
    eq(opened(out), {('tcp', '22', 'm', '*')}, 'deny-last: the higher priority comes too late')
    out = plan('mixed', one(rule('d', 100, 'Deny', src=None, sourceAddressPrefixes=['Storage', '198.51.100.0/24', 'AzureLoadBalancer']),
                            rule('a', 200, port='80')))
    ok(opened(out) == {('tcp', '80', 'm', ','.join(s)) for s in [opened(out) and sorted(opened(out))[0][3].split(',')]} and
       all(s != '*' and '198.51.100' not in s for *_, s in opened(out)) and opened(out), 'mixed: a tag without addresses takes nothing from the prefix beside it', opened(out))
    ok(any("'Storage'" in w and 'denies nothing' in w and '/d' in w or 'rule' in w and "'Storage'" in w for w in out['warnings']), 'mixed: and there is a warning', out['warnings'])
    text = run('plan', os.path.join(folder.name, 'mixed.json')).stdout
    ok("tag 'Storage' has no addresses here, so this rule denies nothing by it" in text, 'mixed: in words too', text)
    out = plan('v6-deny', one(rule('d', 100, 'Deny', src='::/0'), rule('a', 200, port='80')))
    eq(opened(out), {('tcp', '80', 'm', '*')}, 'v6-deny: it says nothing of IPv4')
    out = plan('v6-and-v4', one(rule('d', 100, 'Deny', src=None, sourceAddressPrefixes=['::/0', '0.0.0.0/0']), rule('a', 200, port='80')))
    eq(opened(out), set(), 'v6-and-v4: the IPv4 part of a list counts')
    out = plan('esp', one(rule('d', 100, 'Deny', protocol='Esp'), rule('e', 110, 'Deny', protocol='Ah'), rule('a', 200, port='80')))
    eq(opened(out), {('tcp', '80', 'm', '*')}, 'esp: denies of other protocols leave TCP alone')
    out = plan('any-deny', one(rule('d', 100, 'Deny', protocol='*', src='Internet'), rule('a', 200, port='80')))
    eq(opened(out), set(), 'any-deny: * covers TCP')
    out = plan('outbound', one(rule('a', 100, direction='Outbound', port='80')))
    eq(opened(out), set(), 'outbound: a rule for the other direction opens nothing')
    asg = 'Microsoft.Network/applicationSecurityGroups'
    out = plan('asg-deny', template(vnet(), res(asg, 'w'), nsg('g', rule('d', 100, 'Deny', dst=None, port='22', destinationApplicationSecurityGroups=[ref(asg, 'w')]), rule('a', 200, port='22')),
        res(PIP, 'p'), res(PIP, 'q'), nic('n', config(pip='p', applicationSecurityGroups=[ref(asg, 'w')]), group='g'), nic('o', config(pip='q'), group='g'), vm('m', 'n'), vm('k', 'o')))
    eq(opened(out), {('tcp', '22', 'k', '*')}, 'asg-deny: members of the group are closed, others open')
    out = plan('host-bits', one(rule('d', 100, 'Deny', src='198.51.100.7/24'), rule('a', 200, port='80')))
    eq(opened(out), {('tcp', '80', 'm', ','.join(DENIES))}, 'host-bits: a deny by an address and a length takes the whole prefix')
    for what, r, says in (('blank', rule('x', 100, 'Deny', src=None, sourceAddressPrefixes=['198.51.100.0/24', '']), 'known service tag'), ('null', rule('x', 100, 'Deny', src=None, sourceAddressPrefixes=[None]), 'missing'),
                          ('comma', rule('x', 100, 'Deny', src='10.0.0.0/8,1.0.0.0/8'), 'known service tag'), ('access', rule('x', 100, 'Denny'), "'Denny' is not known"), ('direction', rule('x', 100, direction='In'), "'In' is not known"),
                          ('tag', rule('x', 100, 'Deny', src='Intrenet'), 'known service tag'), ('empty list', rule('x', 100, 'Deny', src=None, sourceAddressPrefixes=[]), 'names no source'),
                          ('both', rule('x', 100, 'Deny', sourceAddressPrefixes=['10.0.0.0/8']), 'keep one'), ('port', rule('x', 100, port='80,443'), 'not a port'),
                          ('priority', rule('x', 99), '100 to 4096'), ('no access', {'name': 'x', 'properties': {'priority': 100}}, 'it is missing'),
                          ('unknown', rule('x', 100, 'Deny', src="[reference('elsewhere').ip]"), 'correct it')):
        refused('rule, ' + what, one(r), says, "resource 'g' (properties.securityRules[0].properties.")
    refused('rule names of two cases', one(rule('Web', 100), rule('wEB', 101)), 'declared twice')
    refused('one priority twice', one(rule('a', 100), rule('b', '100')), 'also the priority')


def refused(name, content, *says, args=()):
    r = run('plan', write(name.replace(' ', '-').replace(',', ''), content), *args)
    ok(r.returncode == 2 and r.stderr.startswith('escarp: ') and not r.stdout and '.json:' in r.stderr and all(s in r.stderr for s in says),
       f'{name}: refused, with file and line', f'{r.returncode} {r.stderr}')


def children():
    out = plan('child', template(res(VNET, 'net', {'addressSpace': {'addressPrefixes': ['10.0.0.0/16']}}),
        res(VNET + '/subnets', 'net/sub', {'addressPrefix': '10.0.5.0/24', 'networkSecurityGroup': ref(NSG, 'g')}, dependsOn=['net', 'g']),
        nsg('g'), res(NSG + '/securityRules', 'g/web', rule('web', 100, port='80')['properties']),
        res(PIP, 'p'), nic('n', config(pip='p')), vm('m', 'n')))
    eq((addresses(out), opened(out)), ({'m': [['10.0.5.4']]}, {('tcp', '80', 'm', '*')}), 'child: subnet and rule as resources of their own')
    nested = res(VNET, 'net', {'addressSpace': {'addressPrefixes': ['10.0.0.0/16']}}, resources=[
        {'type': 'subnets', 'apiVersion': '2020-05-01', 'name': 'sub', 'dependsOn': ['net'], 'properties': {'addressPrefix': '10.0.6.0/24'}}])
    group = {**nsg('g'), 'resources': [{'type': 'securityRules', 'apiVersion': '2020-05-01', 'name': 'web', 'properties': rule('web', 100, port='80')['properties']}]}
    out = plan('nested-child', template(nested, group, res(PIP, 'p'), nic('n', config(pip='p'), group='g'), vm('m', 'n')))
    eq((addresses(out), opened(out)), ({'m': [['10.0.6.4']]}, {('tcp', '80', 'm', '*')}), 'nested-child: inside the parent')
    out = plan('child-wins', template(vnet(), nsg('g', rule('r', 100, port='80')), res(NSG + '/securityRules', 'g/r', rule('r', 100, 'Deny', port='80')['properties']),
               res(PIP, 'p'), nic('n', config(pip='p'), group='g'), vm('m', 'n')))
    eq(opened(out), set(), 'child-wins: a rule of its own replaces the one in the list')
    ok(any('that one counts' in w and "'r'" in w for w in out['warnings']), 'child-wins: and it is said', out['warnings'])


def machines():
    out = plan('two-by-two', template(vnet(subnets=(('sub', '10.0.0.0/24', None), ('back', '10.0.1.0/24', None))), nsg('g', rule('w', 100, port='22')), res(PIP, 'p'), res(PIP, 'q'),
        nic('a', config('one', pip='p', primary=True), config('two', pip='q', primary=False), group='g'), nic('b', config(subnet=('net', 'back'))), vm('m', 'a', 'b')))
    eq(addresses(out), {'m': [['10.0.0.4', '10.0.0.5'], ['10.0.1.4']]}, 'two-by-two: two configurations, two interfaces')
    eq(sorted((e['public_name'], e['address'], e['ports']) for e in out['open']), [('p', '10.0.0.4', '22'), ('q', '10.0.0.5', '22')], 'two-by-two: each address has its public one')
    loop = {'name': 'loop', 'count': "[parameters('n')]"}
    out = plan('loops', template(
        res(VNET, 'net', {'addressSpace': {'addressPrefixes': ['10.0.0.0/16']}, 'copy': [{'name': 'subnets', 'count': 3, 'input': {
            'name': "[concat('s', copyIndex('subnets'))]", 'properties': {'addressPrefix': "[concat('10.0.', copyIndex('subnets'), '.0/24')]"}}}]}),
        res(NIC, "[concat('n', copyIndex(1))]", {'ipConfigurations': [{'name': 'c', 'properties': {'subnet': {'id':
            "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', concat('s', mod(copyIndex(), 3)))]"}}}]}, copy={**loop, 'mode': 'serial', 'batchSize': 2}),
        res(VM, "[variables('names')[copyIndex()]]", {'networkProfile': {'networkInterfaces': [{'id': "[resourceId('Microsoft.Network/networkInterfaces', concat('n', copyIndex(1)))]"}]}}, copy=loop),
        parameters={'n': {'type': 'int', 'defaultValue': 4}}, variables={'copy': [{'name': 'names', 'count': 4, 'input': "[format('vm{0:00}', copyIndex('names'))]"}]}))
    eq(addresses(out), {'vm00': [['10.0.0.4']], 'vm01': [['10.0.1.4']], 'vm02': [['10.0.2.4']], 'vm03': [['10.0.0.5']]}, 'loops: of resources, properties, variables')
    out = plan('conditions', template(vnet(), {**res(PIP, 'p'), 'condition': "[equals(parameters('public'), 'yes')]"},
        res(NIC, 'n', {'ipConfigurations': [{'name': 'c', 'properties': {'subnet': ref(VNET + '/subnets', 'net', 'sub'),
            'publicIPAddress': "[if(equals(parameters('public'), 'yes'), createObject('id', resourceId('Microsoft.Network/publicIPAddresses', 'p')), json('null'))]"}}]}), vm('m', 'n'),
        parameters={'public': {'type': 'string', 'allowedValues': ['yes', 'no'], 'defaultValue': 'no'}}))
    eq((addresses(out), opened(out)), ({'m': [['10.0.0.4']]}, set()), 'conditions: a null public address is none')
    out = json.loads(run('plan', os.path.join(folder.name, 'conditions.json'), '--param', 'public=yes', '--json').stdout)
    ok({('tcp', '*', 'm', '*')} <= opened(out), 'conditions: and with it, all ports of a Basic address are open', opened(out))
    out = plan('standard', template(vnet(), res(PIP, 'p', {'publicIPAllocationMethod': 'Static'}, sku={'name': 'Standard'}, zones=['1']), nic('n', config(pip='p')), vm('m', 'n')))
    eq(opened(out), set(), 'standard: closed without a group')


def balancers():
    front = f"[resourceId('{LB}/frontendIPConfigurations', 'lb', 'f')]"
    balancer = res(LB, 'lb', {'frontendIPConfigurations': [{'name': 'f', 'properties': {'publicIPAddress': ref(PIP, 'p')}}], 'backendAddressPools': [{'name': 'pool'}],
        'loadBalancingRules': [{'name': 'web', 'properties': {'frontendIPConfiguration': {'id': front}, 'backendAddressPool': ref(LB + '/backendAddressPools', 'lb', 'pool'),
            'protocol': 'Tcp', 'frontendPort': 80, 'backendPort': 8080, 'probe': ref(LB + '/probes', 'lb', 'tcp')}}],
        'probes': [{'name': 'tcp', 'properties': {'protocol': 'Tcp', 'port': 8080, 'intervalInSeconds': 5, 'numberOfProbes': 2}}],
        'copy': [{'name': 'inboundNatRules', 'count': 2, 'input': {'name': "[concat('ssh', copyIndex('inboundNatRules'))]", 'properties': {
            'frontendIPConfiguration': {'id': front}, 'protocol': 'tcp', 'frontendPort': "[add(50000, copyIndex('inboundNatRules'))]", 'backendPort': 22}}}]})
    nics = res(NIC, "[concat('n', copyIndex())]", {'ipConfigurations': [{'name': 'c', 'properties': {'subnet': ref(VNET + '/subnets', 'net', 'sub'),
        'loadBalancerBackendAddressPools': [ref(LB + '/backendAddressPools', 'lb', 'pool')],
        'loadBalancerInboundNatRules': [{'id': f"[resourceId('{LB}/inboundNatRules', 'lb', concat('ssh', copyIndex()))]"}]}}]}, copy={'name': 'n', 'count': 2})
    vms = res(VM, "[concat('m', copyIndex())]", {'networkProfile': {'networkInterfaces': [{'id': "[resourceId('Microsoft.Network/networkInterfaces', concat('n', copyIndex()))]"}]}}, copy={'name': 'v', 'count': 2})
    out = plan('basic-lb', template(vnet(), res(PIP, 'p'), balancer, nics, vms))
    eq(opened(out), {('tcp', '80', 'm0', '*'), ('tcp', '80', 'm1', '*'), ('tcp', '50000', 'm0', '*'), ('tcp', '50001', 'm1', '*')}, 'basic-lb: Basic is open without a group')
    eq(sum('SSH (22)' in w for w in out['warnings']), 2, 'basic-lb: SSH by NAT rules is a warning each')
    standard = [{**balancer, 'sku': {'name': 'Standard'}}, nics, vms, res(PIP, 'p', {'publicIPAllocationMethod': 'Static'}, sku={'name': 'Standard'})]
    eq(opened(plan('standard-lb', template(vnet(), *standard))), set(), 'standard-lb: Standard is closed without a group')
    out = plan('standard-lb-group', template(vnet(subnets=(('sub', '10.0.0.0/24', 'g'),)), nsg('g', rule('w', 100, port='8080')), *standard))
    eq(opened(out), {('tcp', '80', 'm0', '*'), ('tcp', '80', 'm1', '*')}, 'standard-lb-group: rules judge the private port')


def deployments():
    inner = template(vnet(space="[parameters('space')]", subnets=(('sub', '10.7.0.0/24', None),)), parameters={'space': {'type': 'string'}},
                     outputs={'subnet': {'type': 'string', 'value': "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'sub')]"}})
    out = plan('nested', template(
        {'type': 'Microsoft.Resources/deployments', 'apiVersion': '2020-10-01', 'name': 'network', 'properties': {'mode': 'Incremental',
            'expressionEvaluationOptions': {'scope': 'inner'}, 'parameters': {'space': {'value': '10.7.0.0/16'}}, 'template': inner}},
        res(NIC, 'n', {'ipConfigurations': [{'name': 'c', 'properties': {'subnet': {'id': "[reference('network').outputs.subnet.value]"}}}]}, dependsOn=['network']), vm('m', 'n')))
    eq(addresses(out), {'m': [['10.7.0.4']]}, 'nested: inner scope, and its output')
    out = plan('outputs', template(vnet(), res(PIP, 'p', {'dnsSettings': {'domainNameLabel': 'web'}}), nic('n', config(pip='p')), vm('m', 'n'), outputs={
        'ip': {'type': 'string', 'value': "[reference('p').ipAddress]"}, 'fqdn': {'type': 'string', 'value': "[reference(resourceId('Microsoft.Network/publicIPAddresses', 'p'), '2020-05-01').dnsSettings.fqdn]"},
        'ssh': {'type': 'string', 'value': "[format('ssh root@{0}', reference('p').ipAddress)]"}, 'private': {'type': 'string', 'value': "[reference('n').ipConfigurations[0].properties.privateIPAddress]"}}))
    ok(len(out['outputs']) == 4 and out['notes'], 'outputs: what only a real deployment knows is no error', out['outputs'])
    symbolic = {'$schema': SCHEMA, 'languageVersion': '2.0', 'contentVersion': '1.0.0.0', 'metadata': {'_generator': {'name': 'bicep', 'version': '0.20.4.51522', 'templateHash': '1'}},
        'parameters': {'names': {'type': 'array', 'defaultValue': ['x', 'y']}}, 'resources': {
        'network': vnet(), 'group': nsg('g', rule('w', 100, port='443')), 'address': res(PIP, "[format('p-{0}', parameters('names')[copyIndex()])]", copy={'name': 'address', 'count': "[length(parameters('names'))]"}),
        'card': res(NIC, "[format('n-{0}', parameters('names')[copyIndex()])]", {'networkSecurityGroup': {'id': "[resourceId('Microsoft.Network/networkSecurityGroups', 'g')]"}, 'ipConfigurations': [{'name': 'c', 'properties': {
            'subnet': {'id': "[reference('network').subnets[0].id]"}, 'publicIPAddress': {'id': "[resourceId('Microsoft.Network/publicIPAddresses', format('p-{0}', parameters('names')[copyIndex()]))]"}}}]},
            copy={'name': 'card', 'count': "[length(parameters('names'))]"}, dependsOn=['network', 'address', 'group']),
        'machine': res(VM, "[format('m-{0}', parameters('names')[copyIndex()])]", {'networkProfile': {'networkInterfaces': [{'id': "[resourceId('Microsoft.Network/networkInterfaces', format('n-{0}', parameters('names')[copyIndex()]))]"}]}},
            copy={'name': 'machine', 'count': "[length(parameters('names'))]"}, dependsOn=['card']),
        'old': {'existing': True, 'type': VNET, 'apiVersion': '2020-05-01', 'name': 'old'}}}
    out = plan('symbolic', symbolic)
    eq(opened(out), {('tcp', '443', 'm-x', '*'), ('tcp', '443', 'm-y', '*')}, 'symbolic: as Bicep compiles it')
    other = "[resourceId('shared', 'Microsoft.Network/networkSecurityGroups', 'g')]"
    group = write('shared', template(nsg('g', rule('w', 100, port='80')), vnet(), res(PIP, 'p')))
    two = write('two-groups', template(res(NIC, 'n', {'networkSecurityGroup': ref(NSG, 'g'), 'ipConfigurations': [config(pip='p')]}), vm('m', 'n')))
    r = run('plan', group, two, '--json')
    eq((r.returncode, r.returncode == 0 and opened(json.loads(r.stdout))), (0, {('tcp', '80', 'm', '*')}), 'several files make one group')
    far = template({'type': 'Microsoft.Resources/deployments', 'apiVersion': '2020-10-01', 'name': 'far', 'resourceGroup': 'shared', 'properties': {'mode': 'Incremental', 'expressionEvaluationOptions': {'scope': 'inner'}, 'template':
        template(nsg('g', rule('w', 100, port='80')), vnet(), res(PIP, 'p'), nic('n', config(pip='p'), group='g'))}},
        res(VM, 'm', {'networkProfile': {'networkInterfaces': [{'id': other.replace('networkSecurityGroups', 'networkInterfaces').replace("'g'", "'n'")}]}}))
    eq(opened(plan('other-group', far, '--group', 'app')), {('tcp', '80', 'm', '*')}, 'other-group: a machine with the interface of another group')


def parameters():
    declared = {'n': {'type': 'int'}, 'b': {'type': 'bool'}, 'a': {'type': 'array'}, 'o': {'type': 'object'}, 's': {'type': 'string'}, 'k': {'type': 'securestring'}, 'h': {'type': 'secureObject'}}
    content = template(parameters=declared, outputs={k: {'type': v['type'], 'value': f"[parameters('{k}')]"} for k, v in declared.items()})
    given = {'n': 7, 'b': False, 'a': [1, 'x'], 'o': {'x': {'y': 1}}, 's': '7', 'k': 'hunter22', 'h': {'p': 'swordfish'}}
    want = {k: given[k] for k in 'nbaos'}
    params = [x for k, v in given.items() for x in ('--param', f'{k}={v if isinstance(v, str) else json.dumps(v)}')]
    full = write('full', {'$schema': SCHEMA.replace('deploymentTemplate', 'deploymentParameters'), 'contentVersion': '1.0.0.0', 'parameters': {k: {'value': v} for k, v in given.items()}})
    brief = write('brief', {k: {'value': v} for k, v in given.items()})
    for name, args in (('on the command line', params), ('in a parameters file', ['--parameters', full]), ('in a bare one', ['--parameters', brief])):
        out = plan('types', content, *args)
        eq({k: v.get('value') for k, v in out['outputs'].items() if k in want}, want, f'types: {name}')
        ok('hunter22' not in json.dumps(out) and 'swordfish' not in json.dumps(out), f'types: {name}, secrets are not told')
    for bad in ('n=x', 'b=maybe', 'a={}', 'o=[1]', 'a=[', 'n=1.5', 'h=[', 'n=99999999999999999999'):
        args = [f'{bad}' if p.startswith(bad[:2]) else p for p in params]
        refused(f'--param {bad}'.replace('=', ' '), content, f"'{bad[0]}'", args=args)
    text = '\ufeff// made by hand\n' + json.dumps(one(rule('w', 100, port='80')), indent=1).replace('"resources"', '/* all\n of it */ "resources"', 1)
    eq(opened(plan('comments', text)), {('tcp', '80', 'm', '*')}, 'comments: and a byte order mark')


def exported():
    public = res(PIP, 'p', {'ipAddress': '52.174.34.95', 'publicIPAllocationMethod': 'Static', 'provisioningState': 'Succeeded', 'ipTags': []})
    out = plan('exported', template(vnet(), nsg('g', rule('w', 100, port='80')), public, nic('n', config(pip='p'), group='g'), vm('m', 'n')))
    ok([e['public'][:7] for e in out['open']] == ['198.18.'], 'exported: an address of the real cloud is chosen anew', out['open'])
    ok(any('52.174.34.95' in w and "'p'" in w for w in out['warnings']), 'exported: with a warning', out['warnings'])


def spent():
    """Processor seconds of all children: whatever else the machine does at the same time does not count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def hostile():
    bomb = {f'v{i}': f"[concat(variables('v{i - 1}'), variables('v{i - 1}'))]" for i in range(1, 60)}
    loop = {'name': 'x', 'count': 800}
    wide = res(NSG, "[concat('g', copyIndex())]", {'copy': [{'name': 'securityRules', 'count': 800, 'input': rule("[concat('r', copyIndex('securityRules'))]", "[add(100, copyIndex('securityRules'))]")}]}, copy=loop)
    big = '[' + ','.join(['{"a":[1,2,3]}'] * 600000) + ']'
    for name, content in (
            ('doubling', template(variables={'v0': 'xxxxxxxxxxxxxxxx', **bomb}, outputs={'o': {'type': 'string', 'value': "[variables('v59')]"}})),
            ('pad', template(outputs={'o': {'type': 'string', 'value': "[padLeft('x', 2000000000)]"}})), ('range', template(outputs={'o': {'type': 'array', 'value': '[range(0, 100000000)]'}})),
            ('wide', template(wide)), ('deep expression', template(outputs={'o': {'type': 'string', 'value': '[' + 'not(' * 5000 + 'true' + ')' * 5000 + ']'}})),
            ('many', '{"$schema": "' + SCHEMA + '", "resources": ' + big + '}'), ('nul', '{"$schema": "x", "resources": [{"type": "a\\u0000b/c", "name": "\\u0000"}]}'),
            ('control', template(res(NIC, '\x1b[2Jx', {}))), ('slashes', template(res(NIC, '../../../x', {}))), ('number name', template({**res(NIC, 'x'), 'name': 7})),
            ('loop of itself', template(res(NIC, 'a', dependsOn=['b']), res(NIC, 'b', dependsOn=['a']))), ('negative count', template(res(NIC, 'a', copy={'name': 'x', 'count': -1})))):
        path, begin = write('hostile-' + name.replace(' ', '-'), content), spent()
        r = run('plan', path, limit=256 << 20)
        took = spent() - begin
        ok(r.returncode == 2 and r.stderr.startswith('escarp: ') and len(r.stderr) < 4096 and '\x1b' not in r.stderr and 'hostile-' in r.stderr, f'hostile, {name}: refused within 256 MiB', f'{r.returncode} {r.stderr[:600]}')
        ok(took < (30 if SANITIZED else 3), f'hostile, {name}: and soon', f'{took:.2f} s')


for part in (rules, children, machines, balancers, deployments, parameters, exported, hostile):
    part()
print(f'1..{count}')
sys.exit(1 if failed else 0)
