# SPDX-License-Identifier: Apache-2.0
"""`escarp` as a program: exit codes, what errors say, and what `plan` answers for templates of our own."""
import json, os, shutil, subprocess, sys, tempfile

ESCARP = sys.argv[1]
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
FIGURE3 = os.path.join(ROOT, 'share', 'figure3')
OFFICE = os.path.join(ROOT, 'tests', 'unit', 'prove', 'office.json')
SCHEMA = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
count = failed = 0
folder = tempfile.TemporaryDirectory(prefix='escarp-plan-')


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


def run(*args):
    return subprocess.run([ESCARP, *args], capture_output=True, text=True, timeout=60,
                          env={**os.environ, 'ESCARP_LAB': 't-plan'})


def write(name, content):
    path = os.path.join(folder.name, name)
    with open(path, 'w') as f:
        f.write(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


def template(resources=(), **more):
    return {'$schema': SCHEMA, 'contentVersion': '1.0.0.0', 'resources': list(resources), **more}


def nic(subnet):
    return {'type': 'Microsoft.Network/networkInterfaces', 'apiVersion': '2020-11-01', 'name': 'n', 'location': 'l', 'properties': {
        'ipConfigurations': [{'name': 'c', 'properties': {'subnet': {'id': subnet}}}]}}


def network(name, *prefixes):
    return {'type': 'Microsoft.Network/virtualNetworks', 'apiVersion': '2020-11-01', 'name': name,
            'properties': {'addressSpace': {'addressPrefixes': prefixes}}}


def refused(name, path, *says, args=(), commands=('plan', 'up')):
    """Exit 2, one clear error that begins as all do and names the file; nothing on stdout."""
    for command in commands:
        r = run(command, path, *args)
        ok(r.returncode == 2 and r.stderr.startswith('escarp: ') and not r.stdout
           and all(s in r.stderr for s in (os.path.basename(path), *says)), f'{command}, {name}: refused', f'{r.returncode}\n{r.stderr}{r.stdout}')


def bad_input():
    refused('malformed', write('malformed.json', '{"resources": ['))
    refused('malformed in line 3', write('third.json', '{\n"resources": [],\n"x": }\n'), 'third.json:3:')
    refused('too deep', write('deep.json', '[' * 5000 + ']' * 5000))
    refused('too large', write('large.json', '{"resources": [], "x": "' + 'x' * (33 << 20) + '"}'))
    refused('not a template', write('list.json', '[1, 2]'), 'not a deployment template')
    refused('no file', os.path.join(folder.name, 'absent.json'))
    refused('self-referencing', write('self.json', template(variables={'x': "[variables('y')]", 'y': "[variables('x')]"},
            outputs={'o': {'type': 'string', 'value': "[variables('x')]"}})))
    dangling = nic("[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]")
    refused('dangling', write('dangling.json', template([dangling])), 'virtualNetworks/v', commands=['up'])
    refused('a subnet that its network lacks', write('lacks.json', template([dangling, network('v', '10.0.0.0/16')])), "subnets/s; add it", commands=['plan'])
    refused('of another subscription', write('other.json', template([nic(
            '/subscriptions/other/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s')])), 'another subscription')
    refused('no id at all', write('noid.json', template([nic('v/s')])), 'is not the id of a subnet')
    refused('endless copy', write('copy.json', template([{'type': 'Microsoft.Network/publicIPAddresses', 'apiVersion': '2020-11-01',
            'name': "[concat('p', copyIndex())]", 'copy': {'name': 'c', 'count': 1000000000}}])))
    refused('two networks of one name', write('twice.json', template([{'type': 'Microsoft.Network/virtualNetworks', 'apiVersion': '2020-11-01',
            'name': 'v', 'properties': {'addressSpace': {'addressPrefixes': [p]}}} for p in ('10.0.0.0/16', '10.1.0.0/16')])))
    wants = write('wants.json', template(parameters={'p': {'type': 'string'}, 'q': {'type': 'int'}}))
    refused('required parameters', wants, "'p'", "'q'")
    r = run('plan', wants, '--param', 'p=x', '--param', 'q=1')
    eq(r.returncode, 0, 'and with them it plans')
    r = run('plan', wants, '--fill-missing', '--json')
    ok(r.returncode == 0 and any('p' in n for n in json.loads(r.stdout)['notes']), 'or with made-up ones, which it says', r.stdout + r.stderr)
    for args, says in ((('--param', 'z=1'), "--param 'z'"), (('--param', 'z'), 'NAME=VALUE'), (('--group', 'a/b'), '--group'),
                       (('--subscription', '..'), '--subscription'), ((wants, *('--parameters', wants) * 3), 'more parameters files')):
        r = run('plan', wants, '--fill-missing', *args)
        ok(r.returncode == 2 and says in r.stderr, f'plan {" ".join(args[:2])}: refused', r.stderr)
    secret = write('secret.txt', 's3cret-word\n')
    r = run('plan', wants, '--param', f'p=@{secret}', '--param', 'q=@' + write('number.txt', '7'))
    ok(r.returncode == 0 and 's3cret' not in r.stdout + r.stderr, 'values may stand in files', r.stderr)
    r = run('plan', wants, '--param', 'p=@/nonexistent/value', '--param', 'q=1')
    ok(r.returncode == 2 and '/nonexistent/value' in r.stderr, 'a file that is not there is named', r.stderr)
    early, late = (write(f'{n}.json', json.dumps({'parameters': v})) for n, v in (
        ('early', {'p': {'value': 'x'}, 'q': {'value': 'none'}}), ('late', {'q': {'value': 1}})))
    r = run('plan', wants, '--parameters', early, '--parameters', late)
    eq(r.returncode, 0, 'of two parameters files the last counts')
    r = run('plan', wants, '--parameters', late, '--parameters', early)
    ok(r.returncode == 2 and 'early.json:1:' in r.stderr and 'declared as int' in r.stderr, 'and its mistakes are its own', r.stderr)
    if not shutil.which('bicep'):
        refused('Bicep without its compiler', write('net.bicep', "param p string"), '`bicep build', args=())
        r = run('plan', wants, '--parameters', write('net.bicepparam', "using 'net.bicep'"))
        ok(r.returncode == 2 and '`bicep build-params' in r.stderr, 'and its parameters: refused', r.stderr)
    r = run('plan', wants, '--param', 'q=s3cret', '--param', 'unknown=s3cret')
    ok(r.returncode == 2 and 's3cret' not in r.stderr.replace("q=s3cret", ''), 'an unknown parameter is named, its value is not', r.stderr)


def usage():
    for args, says in (((), 'Usage'), (('nonsense',), "no command 'nonsense'"), (('plan',), 'missing argument'),
                       (('--generate-completion', 'zsh'), 'bash')):
        r = run(*args)
        ok(r.returncode == 2 and says in r.stderr, f'escarp {" ".join(args)}: exit 2', f'{r.returncode} {r.stderr}')
    for args in (('--help',), ('plan', '--help'), ('help', 'plan'), ('--version',), ('--generate-man',), ('--generate-support',)):
        eq(run(*args).returncode, 0, f'escarp {" ".join(args)}: exit 0')
    path = write('completion', run('--generate-completion', 'bash').stdout)
    script = f'. {path}; COMP_WORDS=(escarp up --m); COMP_CWORD=2; _escarp; echo "${{COMPREPLY[@]}}"; ' \
             'COMP_WORDS=(escarp up --mode ""); COMP_CWORD=3; _escarp; echo "${COMPREPLY[@]}"'
    r = subprocess.run(['bash', '-c', script], capture_output=True, text=True, timeout=10)
    eq(r.stdout, '--mode\nincremental complete\n', 'bash completes an option and its values')
    for args in (('status',), ('drops',), ('flows',), ('events',)):
        r = run(*args)
        ok(r.returncode == 1 and 'not running' in r.stderr, f'escarp {args[0]} without a lab: exit 1 and how to start one', r.stderr)


def figure3():
    r = run('plan', os.path.join(FIGURE3, 'contoso.json'), '--parameters', os.path.join(FIGURE3, 'contoso.parameters.json'),
            '--subscription', 'contoso', '--group', 'prod', '--json')
    ok(r.returncode == 0, 'contoso plans', r.stderr)
    out = json.loads(r.stdout)
    eq({i['name']: [a['address'] for n in i['nics'] for a in n['addresses']] for i in out['instances']},
       {'web0': ['10.0.1.4'], 'web1': ['10.0.1.5'], 'app0': ['10.0.3.4'], 'db0': ['10.0.2.4']}, 'its instances and addresses')
    eq({(e['protocol'], e['ports'], e['instance']) for e in out['open']},
       {('tcp', p, w) for p in ('80', '443') for w in ('web0', 'web1')}, 'only the web tier is open, on 80 and 443')
    eq(out['warnings'], [], 'no warnings')
    eq(out['outputs']['databaseAddress']['value'], '10.0.2.4', 'its output')
    ok('not-used-by-Escarp' not in r.stdout + r.stderr, 'the password is nowhere')
    text = run('plan', os.path.join(FIGURE3, 'contoso.json'), '--parameters', os.path.join(FIGURE3, 'contoso.parameters.json')).stdout
    ok('not-used-by-Escarp' not in text and 'Open to the Internet' in text, 'nor in the words')
    r = run('plan', os.path.join(FIGURE3, 'contoso.json'), '--param', 'adminPassword=x', '--param', 'webCount=5', '--json')
    eq(len(json.loads(r.stdout)['instances']), 7, 'five web machines when asked for')
    r = run('plan', os.path.join(FIGURE3, 'contoso.json'), '--param', 'adminPassword=x', '--param', 'webCount=9')
    ok(r.returncode == 2 and 'webCount' in r.stderr, 'nine are more than the template allows', r.stderr)
    r = run('plan', os.path.join(FIGURE3, 'fabrikam.json'), '--parameters', os.path.join(FIGURE3, 'fabrikam.parameters.json'), '--json')
    out = json.loads(r.stdout)
    eq(sorted(i['name'] for i in out['instances']), ['ledger0', 'shop0'], 'fabrikam plans')
    eq(out['group'], 'fabrikam', 'the group is named after the file')


def office():
    out = json.loads(run('plan', OFFICE, '--json').stdout)
    sources = {(e['public_name'], e['protocol'], e['ports'], e['instance']): e['sources'] for e in out['open']}
    eq(sources[('pip-lb', 'tcp', '50022', 'd')], ['203.0.113.0/24'], 'a NAT rule is open to whom the group names')
    eq(sources[('pip-c', 'tcp', '443', 'c')], ['1.0.0.0-198.51.99.255', '198.51.101.0-223.255.255.255'], 'all but those that are denied')
    ok(not any(k[0] == 'pip-b2' for k in sources), 'a Standard address without group is closed')
    ok(any('SSH (22) of b ' in w for w in out['warnings']), 'SSH open to everybody is a warning', out['warnings'])
    ok(not any('SSH (22) of d ' in w for w in out['warnings']), 'SSH open to some is none', out['warnings'])
    ok(any(u['property'].startswith('properties.frontendIPConfigurations') for u in out['recorded']), 'an internal front end is listed as recorded', out['recorded'])
    eq(set(out), {'subscription', 'group', 'files', 'networks', 'instances', 'open', 'tiers', 'reach', 'reach_complete', 'others', 'graph', 'assumed', 'recorded', 'unmodelled', 'warnings', 'notes', 'outputs'}, 'the names of the answer')


def assumed():
    """What no file declares is assumed to exist, which is said."""
    path = write('dangling.json', template([nic("[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]")]))
    r = run('plan', path, '--json')
    got = json.loads(r.stdout)['assumed'] if r.returncode == 0 else r.stderr
    eq([(a['id'], a['type']) for a in got], [('/subscriptions/default/resourceGroups/dangling/providers/Microsoft.Network/virtualNetworks/v',
       'microsoft.network/virtualnetworks')], 'a network that is referred to is assumed')
    ok(got and 'dangling.json:' in got[0]['why'] and 'properties.ipConfigurations[0].properties.subnet.id' in got[0]['why'], 'and why', got)
    text = run('plan', path).stdout
    ok('\nAssumed to exist\n  /subscriptions/default/resourceGroups/dangling/providers/Microsoft.Network/virtualNetworks/v, because of' in text,
       'and in words', text)


def written():
    """--format arm: a template that plans the same, wherever its file lies, and shows no secret."""
    for tenant in ('contoso', 'fabrikam'):
        args = (os.path.join(FIGURE3, tenant + '.json'), '--parameters', os.path.join(FIGURE3, tenant + '.parameters.json'),
                '--subscription', tenant, '--group', 'prod')
        r = run('plan', *args, '--format', 'arm')
        ok(r.returncode == 0 and 'needs a value: --param adminPassword=' in r.stderr, f'{tenant} is written as a template', r.stderr)
        ok('not-used-by-Escarp' not in r.stdout + r.stderr, 'without its password', r.stdout)
        path = write('written.json', r.stdout)
        refused('without the password', path, "'adminPassword'")
        before, after = json.loads(run('plan', *args, '--json').stdout), json.loads(run('plan', path, '--param', 'adminPassword=x', '--json').stdout)
        same = [k for k in before if k not in ('files', 'outputs', 'notes')]
        eq({k: after[k] for k in same}, {k: before[k] for k in same}, 'and it plans the same')
        again = run('plan', path, '--param', 'adminPassword=x', '--format', 'arm').stdout
        eq(again, r.stdout, 'written once more it is the same text')
    r = run('plan', write('bad-metadata.json', template([], metadata={'escarp': {'subscription': '../x', 'group': 'g'}})))
    ok(r.returncode == 2 and '--subscription' in r.stderr, 'metadata that is no name is refused', r.stderr)
    secret = write('one.json', template(parameters={'s': {'type': 'secureString'}})), write('two.json', template(parameters={'s': {'type': 'secureString'}}))
    values = [write(f'{k}.values.json', {'parameters': {'s': {'value': f'secret-{k}'}}}) for k in ('one', 'two')]
    r = run('plan', *secret, '--parameters', values[0], '--parameters', values[1], '--together', '--format', 'arm')
    ok(r.returncode == 2 and "'s' has two values" in r.stderr and 'secret-' not in r.stderr, 'one name for two secrets is refused', r.stderr)


def kept_secret():
    """Keys and passwords in plain text: no answer of plan has them, nor does an error about them."""
    net = 'Microsoft.Network/'
    policy = {'ipsecEncryption': 'None', 'ipsecIntegrity': 'SHA1'}

    def of(key, password, **more):
        ref = lambda t, n: {'id': f"[resourceId('{net}{t}', '{n}')]"}
        return template([
            {'type': net + 'connections', 'apiVersion': '2020-11-01', 'name': 'k', 'properties': {'connectionType': 'IPsec',
                'virtualNetworkGateway1': ref('virtualNetworkGateways', 'g'), 'localNetworkGateway2': ref('localNetworkGateways', 'l'),
                'sharedKey': key, 'authorizationKey': key, **more}},
            {'type': net + 'expressRouteCircuits', 'apiVersion': '2020-11-01', 'name': 'e', 'properties': {'serviceProviderProperties': {
                'serviceProviderName': 'a', 'peeringLocation': 'b', 'bandwidthInMbps': 50}, 'peerings': [{'name': 'p', 'properties': {
                'peeringType': 'AzurePrivatePeering', 'peerASN': 65001, 'vlanId': 7, 'primaryPeerAddressPrefix': '10.1.0.0/30',
                'secondaryPeerAddressPrefix': '10.1.0.4/30', 'sharedKey': key}}]}},
            {'type': 'Microsoft.Sql/servers', 'apiVersion': '2020-11-01-preview', 'name': 'd', 'properties': {'administratorLogin': 'boss',
                'administratorLoginPassword': password}},
            {'type': 'Microsoft.DBforMySQL/servers', 'apiVersion': '2017-12-01', 'name': 'mys', 'properties': {'administratorLoginPassword': password}}])

    path = write('keys.json', of('planted-key', 'planted-password'))
    for args in ((), ('--json',), ('--format', 'arm')):
        r = run('plan', path, *args)
        ok(r.returncode == 0 and 'planted' not in r.stdout + r.stderr, f'no secret in plan {" ".join(args)}', r.stderr or r.stdout)
    other = write('other-keys.json', of('planted-other', 'planted-other-word'))
    r = run('plan', path, other)
    ok('planted' not in r.stdout + r.stderr, 'nor in what changes', r.stdout + r.stderr)
    written = json.loads(run('plan', path, '--format', 'arm').stdout)
    ok({p['type'] for p in written['parameters'].values()} == {'secureString'}, 'they are secure parameters instead', written['parameters'])
    long = 'planted' * 19
    faults = {'key': of(long, 'planted-password'), 'password': of('planted-key', long), 'letters': of('planted\u00e4', 'planted-password'),
              'list': of(['planted'], 'planted-password'), 'beside': of('planted-key', 'planted-password', ipsecPolicies=[policy])}
    for name, t in faults.items():
        r = run('plan', write(f'bad-{name}.json', t))
        ok(r.returncode == 2 and r.stderr and 'planted' not in r.stdout + r.stderr, f'nor in an error: {name}', r.stderr or r.stdout)


def told_of_templates():
    """What makes a file no template, and what the original asks of one."""
    for name, t in (('other schema', {'$schema': 'x', 'resources': []}), ('neither', {'parameters': {}})):
        refused(name, write('none.json', t), 'needs a $schema that ends in deploymentTemplate.json')
    address = {'type': 'Microsoft.Network/publicIPAddresses', 'name': 'p', 'location': 'l', 'properties': {}}
    says = lambda t: 'it has no apiVersion' in run('plan', write('version.json', t)).stdout
    ok(says(template([address])), 'a resource without apiVersion is noted')
    ok(not says(template([{**address, 'apiVersion': '2020-11-01'}])), 'one with it is not')
    ok(not says(template([address], apiProfile='2018-03-01-hybrid')), 'nor where the template names a profile')


def secure_parameters():
    """What a template makes of its secure parameters is in no answer, warning or error, whichever way it goes there."""
    word = 'Qx9-SecretWord-that-is-a-good-deal-longer-than-sixty-characters-are-'
    derived = {'as it is': "parameters('pw')", 'joined': "concat('a', parameters('pw'))", 'upper': "toUpper(parameters('pw'))",
               'part': "substring(parameters('pw'), 4, 10)", 'coded': "base64(parameters('pw'))", 'changed': "replace(parameters('pw'), 'S', '_')",
               'of an object': "parameters('so').k", 'hashed': "uniqueString(parameters('pw'))",
               'list': "map(range(0, 5), lambda('i', substring(parameters('pw'), lambdaVariables('i'), 6)))"}
    secure = {'pw': {'type': 'securestring'}, 'so': {'type': 'secureObject'}}
    values = write('secure.values.json', {'parameters': {'pw': {'value': word}, 'so': {'value': {'k': word[::-1]}}}})
    told = [word[k:k + 6].lower() for k in range(len(word) - 6)] + [word[::-1][:8].lower()]
    address = lambda **p: {'type': 'Microsoft.Network/publicIPAddresses', 'apiVersion': '2020-11-01', 'name': 'p', 'location': 'l', 'properties': p}

    def quiet(name, t, code, says):
        path = write('secure.json', t)
        for args in ((), ('--json',)):
            r = run('plan', path, '--parameters', values, *args)
            out = (r.stdout + r.stderr).lower()
            leaks = [k for k in told if k in out]
            ok(r.returncode == code and not leaks and says.lower() in out, f'{name}, {" ".join(args) or "text"}: nothing is told', f'{leaks}\n{r.returncode}\n{r.stdout}{r.stderr}')

    for name, e in derived.items():
        kind = 'array' if name == 'list' else 'string'
        quiet(f'output {name}', template(parameters=secure, outputs={'o': {'type': kind, 'value': f'[{e}]'}}), 0, 'o')
        quiet(f'warning {name}', template([address(dnsSettings={'domainNameLabel': f'[string({e})]'})], parameters=secure), 0, 'domainNameLabel')
        quiet(f'error {name}', template([address(publicIPAllocationMethod=f'[string({e})]')], parameters=secure), 2, '(secure)')
    inner = template([address(publicIPAllocationMethod="[parameters('q')]")], parameters={'q': {'type': 'string'}})
    nested = lambda t, **more: {'type': 'Microsoft.Resources/deployments', 'apiVersion': '2021-04-01', 'name': 'd', 'properties': {
        'mode': 'Incremental', 'expressionEvaluationOptions': {'scope': 'inner'}, 'parameters': {'q': {'value': "[parameters('pw')]"}}, 'template': t}}
    quiet('plain parameter of a nested deployment', template([nested(inner)], parameters=secure), 2, '(secure)')
    inner = template(parameters={'q': {'type': 'string'}}, outputs={'o': {'type': 'string', 'value': "[toUpper(parameters('q'))]"}})
    quiet('output of a nested deployment', template([nested(inner)], parameters=secure, outputs={
        'o': {'type': 'string', 'value': "[reference('d').outputs.o.value]"}}), 0, 'o')
    faults = {'fail': 'fail(%s)', 'variable': 'variables(%s)', 'member': "createObject(%s, 1).zz", 'network': 'parseCidr(%s)'}
    for name, f in faults.items():
        e = f % derived['part']
        quiet(f'error of the language: {name}', template([dict(address(), location=f'[{e}]')], parameters=secure), 2, 'depends on a secure parameter')
        quiet(f'and of its resource: {name}', template([dict(address(), name="[concat('p', %s)]" % derived['part'], location=f'[{e}]')], parameters=secure),
              2, 'depends on a secure parameter')
    quiet('an error without a secret in it', template([dict(address(), location="[fail('a plain word')]")], parameters=secure), 2, 'fail(): a plain word')
    for name, more in {'scope': {'scope': "[%s]" % derived['part']}, 'order': {'dependsOn': ["[concat('x', %s)]" % derived['part']]}}.items():
        quiet(f'note: {name}', template([dict(address(), **more)], parameters=secure), 0, 'a note that depends on a secure parameter is not shown')
    decided = dict(address(), condition="[startsWith(parameters('pw'), 'Qx9')]")
    t = template([decided], parameters=secure, outputs={'o': {'type': 'string', 'value': "[substring(parameters('pw'), 4, 10)]"}})
    quiet('a secret that decides', t, 0, 'not shown')
    many = dict(address(x="[uniqueString(parameters('pw'), string(copyIndex()))]"), name="[concat('p', copyIndex())]", copy={'name': 'c', 'count': 2500})
    quiet('more derived texts than are kept', template([many], parameters=secure), 2, 'derive fewer')
    open_ = template(parameters={**secure, 'plain': {'type': 'string', 'defaultValue': 'a plain word'}}, outputs={'o': {'type': 'string', 'value': "[parameters('plain')]"}})
    r = run('plan', write('secure.json', open_), '--parameters', values)
    ok('o = a plain word' in r.stdout, 'what depends on no secret is told', r.stdout + r.stderr)


def rule(name, priority, access='Allow', direction='Inbound', protocol='Tcp', source='*', destination='*', port='*', **more):
    return {'name': name, 'properties': {'priority': priority, 'access': access, 'direction': direction, 'protocol': protocol, 'sourceAddressPrefix': source,
            'sourcePortRange': '*', 'destinationAddressPrefix': destination, 'destinationPortRange': port, **more}}


def machine(name, subnet, **config):
    """A machine and its interface in a subnet of network v."""
    return [{'type': 'Microsoft.Network/networkInterfaces', 'apiVersion': '2020-11-01', 'name': name, 'properties': {'ipConfigurations': [{'name': 'c', 'properties': {
                'subnet': {'id': f"[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', '{subnet}')]"}, **config}}]}},
            {'type': 'Microsoft.Compute/virtualMachines', 'apiVersion': '2020-06-01', 'name': name, 'properties': {'networkProfile': {
                'networkInterfaces': [{'id': f"[resourceId('Microsoft.Network/networkInterfaces', '{name}')]"}]}}}]


def reach():
    """Who may reach whom: what is closed is not there, what is open is there with its ports."""
    group = {'type': 'Microsoft.Network/networkSecurityGroups', 'apiVersion': '2020-11-01', 'name': 'g', 'properties': {'securityRules': [
        rule('web', 100, source='10.0.1.0/24', port='8080'), rule('one', 110, source='10.0.1.5', port='22'),
        rule('rest', 4000, access='Deny', protocol='*', source='VirtualNetwork')]}}
    out = {'type': 'Microsoft.Network/networkSecurityGroups', 'apiVersion': '2020-11-01', 'name': 'o', 'properties': {'securityRules': [
        rule('dns', 100, direction='Outbound', protocol='Udp', destination='9.9.9.9', port='53'),
        rule('none', 200, access='Deny', direction='Outbound', protocol='*', destination='Internet')]}}
    v = network('v', '10.0.0.0/16')
    at = lambda n: {'id': f"[resourceId('Microsoft.Network/networkSecurityGroups', '{n}')]"}
    v['properties']['subnets'] = [{'name': 'web', 'properties': {'addressPrefix': '10.0.1.0/24', 'networkSecurityGroup': at('o')}},
                                  {'name': 'app', 'properties': {'addressPrefix': '10.0.2.0/24', 'networkSecurityGroup': at('g')}}]
    static = lambda a: {'privateIPAllocationMethod': 'Static', 'privateIPAddress': a}
    path = write('reach.json', template([group, out, v, *machine('w4', 'web', **static('10.0.1.4')), *machine('w5', 'web', **static('10.0.1.5')),
                                         *machine('a', 'app'), *machine('b', 'app')]))
    r = run('plan', path, '--json')
    plan = json.loads(r.stdout) if r.returncode == 0 else {}
    eq([(t['name'], t['instances']) for t in plan.get('tiers', ())], [('app', ['a', 'b']), ('web (w4)', ['w4']), ('web (w5)', ['w5'])],
       'machines that a rule tells apart are tiers of their own')
    rows = {(p['from'], p['to'], ' '.join(p['protocols']), ' '.join(p['ports']), ' '.join(p['addresses'])) for p in plan.get('reach', ())}
    eq(rows, {('app', 'web (w4)', 'tcp udp icmp', '*', '*'), ('app', 'web (w5)', 'tcp udp icmp', '*', '*'), ('app', 'Internet', 'tcp udp icmp', '*', '*'),
              ('web (w4)', 'app', 'tcp', '8080', '*'), ('web (w5)', 'app', 'tcp', '22 8080', '*'),
              ('web (w4)', 'web (w5)', 'tcp udp icmp', '*', '*'), ('web (w5)', 'web (w4)', 'tcp udp icmp', '*', '*'),
              ('web (w4)', 'Internet', 'udp', '53', '9.9.9.9/32'), ('web (w5)', 'Internet', 'udp', '53', '9.9.9.9/32')}, 'what each reaches')
    eq(plan.get('reach_complete'), True, 'which is all')


def hostile_rules():
    """Rules without end: an answer within a second or two, which says that it is not all."""
    port = lambda i: f'{i * 16 % 65000}-{i * 16 % 65000 + 7}'
    groups = [{'type': 'Microsoft.Network/networkSecurityGroups', 'apiVersion': '2020-11-01', 'name': f'g{k}', 'properties': {'securityRules': [
        rule(f'r{i}', 100 + i, access='Deny' if i % 2 else 'Allow', direction='Inbound' if i % 3 else 'Outbound', source=f'10.{i % 200}.{i % 250}.0/24',
             port=port(i)) for i in range(1000)]}} for k in range(3)]
    v = network('v', '10.0.0.0/8')
    v['properties']['subnets'] = [{'name': f's{k}', 'properties': {'addressPrefix': f'10.{k}.0.0/16', 'networkSecurityGroup': {
        'id': f"[resourceId('Microsoft.Network/networkSecurityGroups', 'g{k % 3}')]"}}} for k in range(100)]
    path = write('hostile.json', template([*groups, v, *(m for k in range(200) for m in machine(f'm{k}', f's{k % 100}'))]))
    r = run('plan', path, '--json')
    plan = json.loads(r.stdout) if r.returncode == 0 else {}
    ok(plan.get('reach_complete') is False and any('too many rules' in w for w in plan['warnings']), 'too many rules: said to be too many', r.stderr[:500])


def warnings():
    """What is allowed and hardly meant."""
    asg = {'type': 'Microsoft.Network/applicationSecurityGroups', 'apiVersion': '2020-11-01', 'name': 'nobody', 'properties': {}}
    empty = {'id': "[resourceId('Microsoft.Network/applicationSecurityGroups', 'nobody')]"}
    group = {'type': 'Microsoft.Network/networkSecurityGroups', 'apiVersion': '2020-11-01', 'name': 'g', 'properties': {'securityRules': [
        rule('narrow', 100, access='Deny', source='10.0.0.0/24', port='80'), rule('wide', 200, source='10.0.0.0/8', port='0-1024'),
        rule('behind', 300, access='Deny', source='10.1.0.0/16', port='443'), rule('beside', 310, access='Deny', source='10.1.0.0/16', port='1000-2000'),
        rule('members', 320, source='', sourceApplicationSecurityGroups=[empty]), rule('all', 4000, protocol='*')]}}
    closed = {'type': 'Microsoft.Network/publicIPAddresses', 'apiVersion': '2020-11-01', 'name': 'shut', 'sku': {'name': 'Standard'}, 'properties': {'publicIPAllocationMethod': 'Static'}}
    v = network('v', '10.0.0.0/16')
    v['properties']['subnets'] = [{'name': 's', 'properties': {'addressPrefix': '10.0.1.0/24'}}]
    sql = [{'type': 'Microsoft.Sql/servers', 'apiVersion': '2020-11-01-preview', 'name': 'q', 'properties': {'administratorLogin': 'a'}}] + [
        {'type': 'Microsoft.Sql/servers/firewallRules', 'apiVersion': '2020-11-01-preview', 'name': f'q/{n}', 'properties': {'startIpAddress': a, 'endIpAddress': b}}
        for n, a, b in (('everybody', '0.0.0.0', '255.255.255.255'), ('few', '203.0.113.1', '203.0.113.9'))]
    found = json.loads(run('plan', write('warned.json', template([asg, *sql, group, closed, v, *machine('m', 's', publicIPAddress={
        'id': "[resourceId('Microsoft.Network/publicIPAddresses', 'shut')]"})])), '--json').stdout)['warnings']
    for words in (("'g/behind' never decides", "'g/wide' comes first and allows all that it would deny"), ("'g/members'", "'nobody'", 'no members'),
                  ("'g/all' lets everybody in",), ("security group 'g' is at no subnet",), ("Standard address 'shut'", 'no security group'),
                  ("'q/everybody' opens its server",)):
        ok(sum(all(w in line for w in words) and 'warned.json:' in line for line in found) == 1, f'a warning about {words[0]}', found)
    ok(not any("'g/beside'" in w or "'g/narrow'" in w or "'g/wide' never" in w or 'q/few' in w for w in found), 'none about rules that do decide', found)


def six():
    """Who reaches whom over IPv6 is a matter of its own, and of rows of its own."""
    group = {'type': 'Microsoft.Network/networkSecurityGroups', 'apiVersion': '2020-11-01', 'name': 'g', 'properties': {'securityRules': [
        rule('sql', 100, source='fd00:0:0:1::/64', port='5432'), rule('rest', 200, access='Deny', protocol='*', source='VirtualNetwork')]}}
    v = network('v', '10.0.0.0/16', 'fd00::/56')
    v['properties']['subnets'] = [{'name': n, 'properties': {'addressPrefixes': [f'10.0.{k}.0/24', f'fd00:0:0:{k}::/64'], **more}} for k, n, more in (
        (1, 'app', {}), (2, 'db', {'networkSecurityGroup': {'id': "[resourceId('Microsoft.Network/networkSecurityGroups', 'g')]"}}))]

    def dual(name, subnet):
        parts = machine(name, subnet)
        configs = parts[0]['properties']['ipConfigurations']
        configs.append({'name': 'six', 'properties': {**configs[0]['properties'], 'privateIPAddressVersion': 'IPv6'}})
        return parts
    path = write('six.json', template([group, v, *dual('a', 'app'), *dual('d', 'db')]))
    plan = json.loads(run('plan', path, '--json').stdout)
    rows = {(p['from'], p['to'], ' '.join(p['protocols']), ' '.join(p['ports'])) for p in plan['reach'] if p['to'] != 'Internet'}
    eq(rows, {('app IPv6', 'db IPv6', 'tcp', '5432'), ('db', 'app', 'tcp udp icmp', '*'), ('db IPv6', 'app IPv6', 'tcp udp icmp', '*')}, 'what each reaches by which family')
    eq({p['from'] for p in plan['reach'] if p['to'] == 'Internet'}, {'app', 'db'}, 'nobody leaves by IPv6 without an address of his own')
    eq([(t['name'], t['family']) for t in plan['tiers']], [('app', 'IPv4'), ('app IPv6', 'IPv6'), ('db', 'IPv4'), ('db IPv6', 'IPv6')], 'tiers of both')
    text = run('plan', path).stdout
    ok('app IPv6' in text and '5432' in text, 'in words too', text)


def routes():
    """Routes into a hole: each is said with its line and why; those that lead somewhere are not."""
    hops = {'good': '10.0.2.4', 'deaf': '10.0.2.5', 'nobody': '10.0.2.9', 'beyond': '10.9.0.4', 'peer': '10.1.0.4'}
    table = {'type': 'Microsoft.Network/routeTables', 'apiVersion': '2020-11-01', 'name': 't', 'properties': {'routes': [
        {'name': n, 'properties': {'addressPrefix': f'192.0.2.{i}/32', 'nextHopType': 'VirtualAppliance', 'nextHopIpAddress': a}}
        for i, (n, a) in enumerate(hops.items())]}}
    v, w = network('v', '10.0.0.0/16'), network('w', '10.1.0.0/16')
    v['properties']['subnets'] = [{'name': 's', 'properties': {'addressPrefix': '10.0.1.0/24', 'routeTable': {
        'id': "[resourceId('Microsoft.Network/routeTables', 't')]"}}}, {'name': 'fw', 'properties': {'addressPrefix': '10.0.2.0/24'}}]
    w['properties']['subnets'] = [{'name': 'far', 'properties': {'addressPrefix': '10.1.0.0/24'}}]
    for a, b in ((v, w), (w, v)):
        a['properties']['virtualNetworkPeerings'] = [{'name': b['name'], 'properties': {'remoteVirtualNetwork': {
            'id': f"[resourceId('Microsoft.Network/virtualNetworks', '{b['name']}')]"}}}]

    def static(name, subnet, address, of='v', **more):
        parts = machine(name, subnet, privateIPAllocationMethod='Static', privateIPAddress=address)
        interface = next(p for p in parts if p['type'].endswith('networkInterfaces'))
        interface['properties'].update(more)
        interface['properties']['ipConfigurations'][0]['properties']['subnet']['id'] = f"[resourceId('Microsoft.Network/virtualNetworks/subnets', '{of}', '{subnet}')]"
        return parts
    path = write('holes.json', template([table, v, w, *static('m', 's', '10.0.1.4'), *static('a', 'fw', '10.0.2.4', enableIPForwarding=True),
                                         *static('b', 'fw', '10.0.2.5'), *static('c', 'far', '10.1.0.4', of='w', enableIPForwarding=True)]))
    found = [w for w in json.loads(run('plan', path, '--json').stdout)['warnings'] if 'route \'' in w]
    for words in (("'deaf' leads to 10.0.2.5", 'no IP forwarding'), ("'nobody' leads to 10.0.2.9", 'no instance has'), ("'beyond' leads to 10.9.0.4", 'no network that')):
        ok(sum(all(x in line for x in words) and 'holes.json:' in line for line in found) == 1, f'a route into a hole: {words[0]}', found)
    eq(len(found), 3, 'and none about the others')


def compared():
    """plan A B: what changes, in openings; the same openings written otherwise are no change of them."""
    def office(rules, extra=()):
        group = {'type': 'Microsoft.Network/networkSecurityGroups', 'apiVersion': '2020-11-01', 'name': 'g', 'properties': {'securityRules': rules}}
        v = network('v', '10.0.0.0/16')
        v['properties']['subnets'] = [{'name': 's', 'properties': {'addressPrefix': '10.0.1.0/24', 'networkSecurityGroup': {
            'id': "[resourceId('Microsoft.Network/networkSecurityGroups', 'g')]"}}}]
        ip = {'type': 'Microsoft.Network/publicIPAddresses', 'apiVersion': '2020-11-01', 'name': 'p', 'sku': {'name': 'Standard'}, 'properties': {'publicIPAllocationMethod': 'Static'}}
        return template([group, v, ip, *machine('m', 's', publicIPAddress={'id': "[resourceId('Microsoft.Network/publicIPAddresses', 'p')]"}), *machine('n', 's'), *extra],
                        parameters={'pw': {'type': 'secureString', 'defaultValue': 'secret-before'}})
    deny = rule('inside', 4000, access='Deny', protocol='*', source='VirtualNetwork')
    old = write('old.json', office([rule('web', 100, source='Internet', port='80-443'), deny]))
    same = write('same.json', office([rule('low', 200, source='Internet', port='80-100'), rule('high', 210, source='Internet', port='101-443'),
                                      rule('a', 300, access='Deny', protocol='*', source='10.0.0.0/17'), rule('b', 310, access='Deny', protocol='*', source='10.0.128.0/17')]))
    new = write('new.json', office([rule('web', 100, source='203.0.113.0/24', port='80-90'), rule('ssh', 110, source='Internet', port='22'),
                                    rule('inner', 120, source='10.0.1.0/24', port='5432'), deny], machine('x', 's')))
    r = run('plan', old, same, '--json')
    out = json.loads(r.stdout) if r.returncode == 0 else {}
    eq([c['properties'] for c in out['resources']['changed']][0][:1], ['properties.securityRules[0].name'], 'the same written otherwise: the resource changes')
    eq((out['open'], out['reach'], out['open_complete'], out['reach_complete']), ([], [], True, True), 'and nothing that is open')
    text = run('plan', old, same).stdout
    ok('Nothing opens or closes' in text and 'is the same' in text, 'which the words say', text)
    out = json.loads(run('plan', old, new, '--json').stdout)
    eq({(e['change'], e['protocol'], e['ports'], e['instance'], ' '.join(e['before']), ' '.join(e['after'])) for e in out['open']},
       {('opened', 'tcp', '22', 'm', '', '*'), ('changed', 'tcp', '80-90', 'm', '*', '203.0.113.0/24'), ('closed', 'tcp', '91-443', 'm', '*', '')},
       'what opens, closes and changes for whom')
    eq([e['id'].rsplit('/', 1)[1] for e in out['resources']['added']], ['x', 'x'], 'what is added')
    ok(any((e['from'], ' '.join(e['opened'])) == ('s (m, n)', '5432') for e in out['reach']), 'who newly reaches whom', out['reach'])
    eq((out['before'], out['after'], out['group']), ([old], [new], 'old'), 'both are the first one\'s group')
    back = json.loads(run('plan', old, '--against', new, '--json').stdout)
    eq({(e['change'], e['ports']) for e in back['open']}, {('closed', '22'), ('changed', '80-90'), ('opened', '91-443')}, '--against turns it round')
    both = run('plan', old, new)
    ok(both.returncode == 0 and 'secret-before' not in both.stdout + both.stderr, 'no secret in the words', both.stderr)
    one = write('part.json', template([network('w', '10.9.0.0/16')]))
    r = run('plan', old, one, '--together', '--json')
    eq(len(json.loads(r.stdout)['networks']), 2, '--together: one deployment of two templates')
    r = run('plan', old, one, '--json')
    ok(r.returncode == 0 and len(json.loads(r.stdout)['networks']) == 2, 'as are two that declare different things', r.stderr)
    for args, says in (((old, new, '--together'), 'declared twice'), ((old, new, '--format', 'arm'), 'one deployment'), ((old, new, '--param', 'none=1'), "'none'"),
                       ((old, write('broken.json', '{')), 'broken.json')):
        r = run('plan', *args)
        ok(r.returncode == 2 and says in r.stderr and not r.stdout, f'plan of {len(args)} words: refused, {says}', r.stderr)


def ways():
    """What an access list leaves open and to whom, who may leave, and what of it changes; in both families."""
    net = 'Microsoft.Network/'
    ref = lambda t, *n: {'id': f"[resourceId('{net}{t}', {', '.join(repr(x) for x in n)})]"}
    acl = lambda *rules: {'accessControl': {'rules': [{'order': k, 'action': a, 'remoteSubnet': n} for k, (a, n) in enumerate(rules)]}}
    listed = (acl(('deny', '203.0.113.128/25'), ('permit', '203.0.113.0/24')), acl(('deny', '198.51.100.7')), acl(('permit', '192.0.2.0/24'), ('permit', '::/0')))
    address = lambda n, **p: {'type': net + 'publicIPAddresses', 'apiVersion': '2020-11-01', 'name': n, 'sku': {'name': 'Standard'},
                              'properties': {'publicIPAllocationMethod': 'Static', **p}}

    def of(lists):
        front, pool = ref('loadBalancers/frontendIPConfigurations', 'lb', 'f'), ref('loadBalancers/backendAddressPools', 'lb', 'p')
        rules = [{'name': f'r{k}', 'properties': {'frontendIPConfiguration': front, 'backendAddressPool': pool, 'protocol': 'Tcp', 'frontendPort': 80 + k,
                                                  'backendPort': 80 + k, 'disableOutboundSnat': True, **a}} for k, a in enumerate(lists)]
        lb = {'type': net + 'loadBalancers', 'apiVersion': '2020-11-01', 'name': 'lb', 'sku': {'name': 'Standard'}, 'properties': {
            'frontendIPConfigurations': [{'name': 'f', 'properties': {'publicIPAddress': ref('publicIPAddresses', 'vip')}}],
            'backendAddressPools': [{'name': 'p'}], 'loadBalancingRules': rules}}
        gw = {'type': net + 'natGateways', 'apiVersion': '2020-11-01', 'name': 'gw', 'sku': {'name': 'Standard'},
              'properties': {'publicIpAddresses': [ref('publicIPAddresses', 'gwip')]}}
        v = network('v', '10.0.0.0/16', 'fd00::/56')
        v['properties']['subnets'] = [{'name': 'out', 'properties': {'addressPrefix': '10.0.1.0/24', 'natGateway': ref('natGateways', 'gw')}},
                                      {'name': 'shut', 'properties': {'addressPrefixes': ['10.0.2.0/24', 'fd00::/64'], 'defaultOutboundAccess': False}}]
        group = {'type': net + 'networkSecurityGroups', 'apiVersion': '2020-11-01', 'name': 'g', 'properties': {'securityRules': [rule('all', 100, source='Internet')]}}
        six = address('six', publicIPAddressVersion='IPv6')
        lb['properties']['frontendIPConfigurations'].append({'name': 'six', 'properties': {'publicIPAddress': ref('publicIPAddresses', 'six')}})
        pool6 = ref('loadBalancers/backendAddressPools', 'lb', 'p6')
        lb['properties']['backendAddressPools'].append({'name': 'p6'})
        lb['properties']['loadBalancingRules'].append({'name': 'r6', 'properties': {
            'frontendIPConfiguration': ref('loadBalancers/frontendIPConfigurations', 'lb', 'six'), 'backendAddressPool': pool6, 'protocol': 'Tcp',
            'frontendPort': 443, 'backendPort': 443, 'disableOutboundSnat': True, **acl(('permit', '2001:db8::/32'), ('permit', '203.0.113.0/24'))}})
        member = machine('m', 'shut', loadBalancerBackendAddressPools=[pool])
        member[0]['properties']['ipConfigurations'][0]['properties']['primary'] = True
        member[0]['properties']['ipConfigurations'].append({'name': 'six', 'properties': {
            'subnet': ref('virtualNetworks/subnets', 'v', 'shut'), 'privateIPAddressVersion': 'IPv6', 'loadBalancerBackendAddressPools': [pool6]}})
        member[0]['properties']['networkSecurityGroup'] = ref('networkSecurityGroups', 'g')
        own = machine('own', 'shut', publicIPAddress=ref('publicIPAddresses', 'ownip'))
        return template([v, group, lb, gw, six, *(address(n) for n in ('vip', 'gwip', 'ownip')), *member, *own, *machine('alone', 'shut'), *machine('free', 'out')])

    path = write('ways.json', of(listed))
    r = run('plan', path, '--json')
    plan = json.loads(r.stdout) if r.returncode == 0 else {}
    eq({(o['ports'], ' '.join(o['sources'])) for o in plan.get('open', ()) if o['instance'] == 'm'},
       {('80', '203.0.113.0/25'), ('81', '1.0.0.0-198.51.100.6 198.51.100.8-223.255.255.255'), ('82', '192.0.2.0/24'), ('443', '2001:db8::/32')},
       'an access list: open to whom it permits, in either family')
    eq([(o['address'], o['ports']) for o in plan.get('open', ()) if ':' in o['address']], [('fd00::4', '443')], 'with the IPv6 address behind it')
    eq({p['from'] for p in plan.get('reach', ()) if p['to'] == 'Internet'}, {'out', 'shut (own)'}, 'who may leave, of one subnet and of another')
    ok(not [w for w in plan.get('warnings', ()) if 'IPv6' in w], 'nothing of IPv6 is beside it', plan.get('warnings') or r.stderr)
    out = json.loads(run('plan', path, write('wider.json', of((acl(), *listed[1:]))), '--json').stdout)
    eq([(e['change'], e['ports'], ' '.join(e['before']), ' '.join(e['after'])) for e in out['open']], [('changed', '80', '203.0.113.0/25', '*')], 'a list that goes opens the rest')


bad_input()
ways()
compared()
reach()
hostile_rules()
warnings()
six()
routes()
usage()
assumed()
written()
kept_secret()
told_of_templates()
secure_parameters()
figure3()
office()
print(f'1..{count}')
sys.exit(1 if failed else 0)
