# SPDX-License-Identifier: Apache-2.0
"""
Documents that others wrote, whole: each plans, comes back as a template that plans the same, and nothing of it is lost.
What is counted is the written template, read here by other means than the program's: every resource and every named part
of one is in the graph, or in one of the lists of what is not.
"""
import concurrent.futures, glob, json, os, subprocess, sys, tempfile
from xml.etree import ElementTree

ESCARP = sys.argv[1]
SHARED = os.environ['ESCARP_SHARED']
PARTS = ('subnets', 'virtualNetworkPeerings', 'securityRules', 'routes', 'ipConfigurations', 'frontendIPConfigurations',
         'backendAddressPools', 'probes', 'loadBalancingRules', 'inboundNatRules', 'outboundRules', 'inboundNatPools')
folder = tempfile.TemporaryDirectory(prefix='escarp-corpus-')


def run(*args):
    return subprocess.run([ESCARP, *args], capture_output=True, text=True, timeout=60)


def literal(text):
    return text[1:] if text.startswith('[[') and text.endswith(']') else text


def resource_id(subscription, group, resource):
    """Of type A.B/c/d and name x/y: /subscriptions/S/resourceGroups/G/providers/A.B/c/x/d/y, in lower case."""
    space, *types = resource['type'].split('/')
    names = literal(resource['name']).split('/')
    scope = resource.get('scope')
    if scope and scope.count('/') >= 2 and '/providers/' in f'/{resource["type"]}/providers/':
        parts = scope.split('/')
        above = parts[parts.index('providers') + 1:] if parts[0] == '' else parts
        types, names = above[1::2] + ['providers'] + types, above[2::2] + [space] + names
        space = above[0]
        if parts[0] == '' and len(parts) > 4:
            subscription, group = parts[2], parts[4]
    path = ''.join(f'/{t}/{n}' for t, n in zip(types, names))
    return f'/subscriptions/{subscription}/resourceGroups/{group}/providers/{space}{path}'.lower()


def resources(template, subscription, group):
    for r in template['resources']:
        if r['type'] == 'Microsoft.Resources/deployments':
            yield from resources(r['properties']['template'], r['subscriptionId'], r['resourceGroup'])
        else:
            yield resource_id(subscription, group, r), r


def lost(template, plan):
    """What the written template has and the plan does not account for."""
    graph = {i.lower() for i in plan['graph']} | {a['id'].lower() for a in plan['assumed']}
    listed = {}
    for entry in plan['unmodelled'] + plan['recorded']:
        listed.setdefault(entry['id'].lower(), []).append(entry['property'])
    for rid, r in resources(template, plan['subscription'], plan['group']):
        properties = listed.get(rid, [])
        if '' in properties:
            continue
        if rid not in graph:
            yield rid
            continue
        body = r.get('properties')
        for part in PARTS if isinstance(body, dict) else ():
            items = body.get(part)
            for k, item in enumerate(items if isinstance(items, list) else ()):
                path = f'properties.{part}'
                accounted = any(p == path or p == f'{path}[{k}]' for p in properties)
                if 'name' in item and not accounted and f'{rid}/{part}/{literal(item["name"])}'.lower() not in graph:
                    yield f'{rid}/{part}/{item["name"]}'


def look(args, good):
    """The problems with one input; one that is not `good` must be refused."""
    plain = run('plan', *args, '--fill-missing', '--json')
    if not good:
        return [] if plain.returncode == 2 and plain.stderr.startswith('escarp: ') and not plain.stdout else [f'exit {plain.returncode}']
    if plain.returncode != 0:
        return [f'exit {plain.returncode}: {plain.stderr[:500]}']
    plan = json.loads(plain.stdout)
    written = run('plan', *args, '--fill-missing', '--format', 'arm')
    if written.returncode != 0:
        return [f'not written: {written.stderr[:500]}']
    problems = [f'lost: {i}' for i in lost(json.loads(written.stdout), plan)]
    with tempfile.NamedTemporaryFile('w', suffix='.json', dir=folder.name) as f:
        f.write(written.stdout)
        f.flush()
        again = run('plan', f.name, '--fill-missing', '--json')
        if again.returncode != 0:
            return problems + [f'does not come back: {again.stderr[:500]}']
        back = json.loads(again.stdout)
    for k in plan:
        if k not in ('files', 'outputs', 'notes', 'warnings', 'assumed') and back[k] != plan[k]:
            problems.append(f'{k} differs when it comes back')
    if [a['id'] for a in plan['assumed']] != [a['id'] for a in back['assumed']]:
        problems.append('other things are assumed when it comes back')
    return problems


def templates():
    for file in sorted(glob.glob(os.path.join(SHARED, 'corpus', 'arm', '*', 'azuredeploy.json'))):
        values = file.replace('azuredeploy.json', 'azuredeploy.parameters.json')
        yield os.path.basename(os.path.dirname(file)), [file, *(('--parameters', values) if os.path.exists(values) else ())], True


def well_formed(file):
    """The root's name when this is XML, by a parser that is not ours; None when it is not."""
    try:
        return ElementTree.parse(file).getroot().tag.rsplit('}')[-1]
    except ElementTree.ParseError:
        return None


def classic():
    """Network configurations, and every definition of a service with each of its configurations. What is not well-formed is refused."""
    for file in sorted(glob.glob(os.path.join(SHARED, 'corpus', 'netcfg', '*.*'))):
        if not file.endswith('.tsv'):
            yield os.path.basename(file), [file], well_formed(file) is not None
    for definition in sorted(glob.glob(os.path.join(SHARED, 'corpus', 'csdef', '*', '*.csdef'))):
        for configuration in sorted(glob.glob(os.path.join(os.path.dirname(definition), '*.cscfg'))):
            yield (os.path.relpath(configuration, os.path.join(SHARED, 'corpus', 'csdef')), [definition, configuration],
                   None not in (well_formed(definition), well_formed(configuration)))


def self_check():
    """The counting itself: what is missing is found."""
    plan = {'graph': ['/subscriptions/s/resourceGroups/g/providers/A/b/x'], 'assumed': [], 'unmodelled': [], 'recorded': [],
            'subscription': 's', 'group': 'g'}
    rules = {'type': 'A/b', 'name': 'x', 'properties': {'securityRules': [{'name': 'deny'}]}}
    return list(lost({'resources': [rules, {'type': 'A/b', 'name': 'y'}]}, plan)) == [
        '/subscriptions/s/resourcegroups/g/providers/a/b/x/securityRules/deny', '/subscriptions/s/resourcegroups/g/providers/a/b/y']


inputs = [*templates(), *classic()]
if not inputs:
    print('1..0 # SKIP the collection of real templates is not here (ESCARP_SHARED)')
    sys.exit(0)
print(f'1..{len(inputs) + 2}')
failed = not self_check()
print('not ok' if failed else 'ok', '1 - what is missing is found')
print('ok' if len(inputs) >= 130 else 'not ok', f'2 - {len(inputs)} inputs')
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for number, ((name, *_), problems) in enumerate(zip(inputs, pool.map(lambda i: look(*i[1:]), inputs)), 3):
        print(f"{'not ok' if problems else 'ok'} {number} - {name}", flush=True)
        for p in problems:
            print('# ' + p.replace('\n', '\n# '))
        failed |= bool(problems)
sys.exit(failed)
