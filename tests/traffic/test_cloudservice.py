# SPDX-License-Identifier: Apache-2.0
"""A cloud service over real sockets: a web role that the Internet reaches, an application role that only it may use.

    Internet -- 80    -> web_IN_0, web_IN_1 :8080       (input endpoint)
                8000, 8001 -> each instance's :9000     (instance input endpoint)
                81    -> web :81, for the office alone, without one of its machines; 82 -> :82, whose access control permits all
                49152 and up -> app's remote desktop, once it is on
    web -- api (app :7000) only from web; job reaches nothing of app but what it may: log (:7001)
"""
import os
import re
import signal
import subprocess

import harness as h

lab = h.Lab('t-cloud')
PLUGINS = 'Microsoft.WindowsAzure.Plugins.'
DEFINITION = '''<ServiceDefinition name="shop" xmlns="http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceDefinition">
  <WebRole name="web"><Endpoints>
    <InputEndpoint name="http" protocol="http" port="80" localPort="8080"/>
    <InputEndpoint name="shut" protocol="tcp" port="81"/>
    <InputEndpoint name="free" protocol="tcp" port="82"/>
    <InstanceInputEndpoint name="one" protocol="tcp" localPort="9000"><AllocatePublicPortFrom>
      <FixedPortRange min="8000" max="8009"/></AllocatePublicPortFrom></InstanceInputEndpoint>
  </Endpoints></WebRole>
  <WorkerRole name="app"><Endpoints>
    <InternalEndpoint name="api" protocol="tcp" port="7000"/>
    <InternalEndpoint name="log" protocol="udp" port="7001"/>
    <InternalEndpoint name="none" protocol="tcp" port="7002"/>
  </Endpoints><Imports><Import moduleName="RemoteAccess"/><Import moduleName="RemoteForwarder"/></Imports></WorkerRole>
  <WorkerRole name="job"/>
  <NetworkTrafficRules>
    <OnlyAllowTrafficTo><Destinations><RoleEndpoint roleName="app" endpointName="api"/></Destinations>
      <WhenSource matches="AnyRule"><FromRole roleName="web"/></WhenSource></OnlyAllowTrafficTo>
    <OnlyAllowTrafficTo><Destinations><RoleEndpoint roleName="app" endpointName="none"/></Destinations></OnlyAllowTrafficTo>
  </NetworkTrafficRules>
</ServiceDefinition>'''


def configuration(remote):
    settings = {'RemoteAccess.Enabled': str(remote).lower(), 'RemoteAccess.AccountExpiration': '2099-01-01T00:00:00Z', 'RemoteForwarder.Enabled': 'true'}
    return '''<ServiceConfiguration serviceName="shop"><Role name="web"><Instances count="2"/></Role><Role name="job"><Instances count="1"/></Role>
<Role name="app"><Instances count="1"/><ConfigurationSettings>%s</ConfigurationSettings></Role>
<NetworkConfiguration><AccessControls>
  <AccessControl name="office"><Rule order="50" action="deny" remoteSubnet="203.0.113.66/32"/><Rule order="100" action="permit" remoteSubnet="203.0.113.0/24"/></AccessControl>
  <AccessControl name="all"><Rule order="100" action="permit" remoteSubnet="0.0.0.0/0"/></AccessControl></AccessControls>
<EndpointAcls><EndpointAcl role="web" endPoint="shut" accessControl="office"/>
<EndpointAcl role="web" endPoint="free" accessControl="all"/></EndpointAcls></NetworkConfiguration></ServiceConfiguration>''' % ''.join(
        f'<Setting name="{PLUGINS}{k}" value="{v}"/>' for k, v in settings.items())


ADDRESS = {}


def up(remote):
    files = [os.path.join(lab.dir, n) for n in ('shop.csdef', 'shop.cscfg')]
    for path, text in zip(files, (DEFINITION, configuration(remote))):
        with open(path, 'w') as f:
            f.write(text)
    return lab.up(files[0], files[1])


def comes_up(t):
    r = up(remote=False)
    t.ok(r.returncode == 0, 'the service comes up', r.stdout + r.stderr)
    status = lab.status()
    t.eq(sorted(p['label'] for p in status['ports']), ['app_IN_0', 'job_IN_0', 'web_IN_0', 'web_IN_1'], 'every instance of every role')
    ADDRESS.update({p['label']: p['addresses'][0] for p in status['ports']})
    ADDRESS['vip'] = status['front_ends'][0]['address']


def closed_inside(t):
    app = ADDRESS['app_IN_0']
    for name, who, port in (('a role that no traffic rule names', 'job_IN_0', 7000), ('an endpoint that is for nobody', 'web_IN_0', 7002),
                            ('a port that is no endpoint', 'web_IN_0', 7005), ('remote desktop while it is off', 'web_IN_0', 3389)):
        lab.denied(t, name, lambda: lab.tcp(who, app, port), 'app_IN_0', 'policy-in', 'shop.app/DenyAllElse')
    lab.denied(t, 'the wrong protocol', lambda: lab.udp('web_IN_0', app, 7000), 'app_IN_0', 'policy-in', 'shop.app/DenyAllElse')
    lab.denied(t, 'a role without endpoints', lambda: lab.tcp('web_IN_0', ADDRESS['job_IN_0'], 80), 'job_IN_0', 'policy-in', 'shop.job/DenyAllElse')


def closed_outside(t):
    for name, port in (('a port that is no endpoint', 8080), ('a port of the range without an instance', 8002), ('remote desktop on its own port', 3389), ('an internal endpoint', 7000)):
        lab.denied(t, name, lambda: lab.tcp('internet', ADDRESS['vip'], port), 'uplink', 'no-endpoint')
    lab.denied(t, 'an endpoint for the office alone', lambda: lab.tcp('internet', ADDRESS['vip'], 81), 'uplink', 'access')
    lab.denied(t, 'another outsider', lambda: lab.tcp_as('203.0.114.0', ADDRESS['vip'], 81), 'uplink', 'access')
    lab.denied(t, 'one of the office that is shut out', lambda: lab.tcp_as('203.0.113.66', ADDRESS['vip'], 81), 'uplink', 'access', 'web.shut/access 50')


def open_inside(t):
    t.eq(lab.tcp('web_IN_0', ADDRESS['app_IN_0'], 7000), 'app_IN_0', 'the role that the rule names reaches the endpoint')
    t.eq(lab.tcp('web_IN_1', ADDRESS['app_IN_0'], 7000), 'app_IN_0', 'from each of its instances')
    t.eq(lab.udp('job_IN_0', ADDRESS['app_IN_0'], 7001), 'app_IN_0', 'an endpoint without a rule is for every role')


def open_outside(t):
    t.eq({lab.tcp('internet', ADDRESS['vip'], 80) for _ in range(40)}, {'web_IN_0', 'web_IN_1'}, 'both instances answer on the input endpoint')
    t.ok(lab.tcp('internet', ADDRESS['vip'], 82) in ('web_IN_0', 'web_IN_1'), 'an access control that permits all closes nothing')
    t.ok(lab.tcp_as('203.0.113.65', ADDRESS['vip'], 81) in ('web_IN_0', 'web_IN_1'), 'the office is let in')
    for i in range(2):
        t.eq(lab.tcp('internet', ADDRESS['vip'], 8000 + i), f'web_IN_{i}', f'port {8000 + i} is instance {i}')


def killed(t):
    """An agent that comes back finds the access list in force, and keeps its hands off it while it places others."""
    agent = lab.agent()
    os.kill(agent, signal.SIGKILL)
    t.ok(h.wait(lambda: (lab.agent() or agent) != agent), 'an agent that is killed is started again')
    t.eq(lab.tcp('internet', ADDRESS['vip'], 81), None, 'the list refuses meanwhile')
    t.ok(h.wait(lambda: lab.escarp('drops').returncode == 0), 'and answers again')
    for step in ('afterwards', 'after another deployment'):
        lab.denied(t, f'{step}: one of the office that is shut out', lambda: lab.tcp_as('203.0.113.66', ADDRESS['vip'], 81), 'uplink', 'access', 'web.shut/access 50')
        t.ok(lab.tcp_as('203.0.113.65', ADDRESS['vip'], 81) in ('web_IN_0', 'web_IN_1'), f'{step}: the office is let in')
        if step == 'afterwards':
            t.ok(up(remote=True).returncode == 0 and up(remote=False).returncode == 0, 'two deployments, with other policies to place')


def remote_desktop(t):
    r = up(remote=True)
    t.ok(r.returncode == 0, 'switched on', r.stdout + r.stderr)
    files = [os.path.join(lab.dir, n) for n in ('shop.csdef', 'shop.cscfg')]
    written = subprocess.run([h.ESCARP, 'plan', *files, '--subscription', 's', '--group', 'g', '--format', 'arm'], capture_output=True, text=True, timeout=60).stdout
    port = int(re.search(r'"name": "app_IN_0-rdp",.*?"frontendPort": (\d+)', written, re.S).group(1))
    t.ok(49152 <= port <= 65535, f'port {port} of the address', written[:500])
    lab.denied(t, 'the port beside it', lambda: lab.tcp('internet', ADDRESS['vip'], port ^ 1), 'uplink', 'no-endpoint')
    t.eq(lab.tcp('internet', ADDRESS['vip'], port), 'app_IN_0', 'leads to the instance')
    r = up(remote=False)
    t.ok(r.returncode == 0, 'switched off again', r.stdout + r.stderr)
    lab.denied(t, 'and closed again', lambda: lab.tcp('internet', ADDRESS['vip'], port), 'uplink', 'no-endpoint')


h.main([comes_up, closed_inside, closed_outside, open_inside, open_outside, killed, remote_desktop])
