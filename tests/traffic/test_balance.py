# SPDX-License-Identifier: Apache-2.0
"""Health of back ends over real sockets: probes that rules keep out, members that go down and come back under load, a
whole pool down behind a Standard and a Basic balancer, and whoever finds that out being killed meanwhile.

    Internet -- slb (Standard):  80 tcp, 81 udp -> w0, w1     90 -> d0, whose group keeps the prober out
                                 91 -> m0 and 443 -> t0 (TLS): the answerers of the lab
                blb (Basic):     80 -> b0
"""
import json
import os
import signal
import socket
import threading

import harness as h

lab = h.Lab('t-balance')
PROBED = 5  # seconds between probes: the least that a document may say
VIP = {}
healthy = {}
KEPT, LATER = [], []  # connections from before the first change, and from between the first and the second
PORTS = range(42000, 42016)


def probe(name, protocol, port, path=None):
    return {'name': name, 'properties': {'protocol': protocol, 'port': port, 'intervalInSeconds': PROBED, 'probeThreshold': 1,
                                         **({'requestPath': path} if path else {})}}


def balancer(name, sku, pools, rules, probes):
    """rules: (name, pool, front port, back port, protocol, probe)"""
    b = h.balancer(name, name + '-ip', pools, [r[:5] for r in rules], sku=sku)
    b['properties']['probes'] = probes
    for made, r in zip(b['properties']['loadBalancingRules'], rules):
        made['properties']['probe'] = {'id': h.rid('loadBalancers/probes', name, r[5])}
    return b


TEMPLATE = h.template(
    h.nsg('open', h.rule('web', 100, 'Allow', protocol='*', source='Internet', dport='8080')),
    h.nsg('shut', h.rule('web', 100, 'Allow', source='Internet', dport='8080'), h.rule('rest', 4096, 'Deny', protocol='*')),
    h.vnet('net', '10.1.0.0/16', {'s': ('10.1.0.0/24', None)}), h.pip('slb-ip', 'Standard'), h.pip('blb-ip'),
    balancer('slb', 'Standard', ['web', 'shut', 'mute', 'tls'],
             [('http', 'web', 80, 8080, 'Tcp', 'page'), ('dgram', 'web', 81, 8080, 'Udp', 'page'),
              ('shut', 'shut', 90, 8080, 'Tcp', 'plain'), ('mute', 'mute', 91, 8080, 'Tcp', 'plain'),
              ('tls', 'tls', 443, 443, 'Tcp', 'tls')],
             [probe('page', 'Http', 8080, '/health?deep=1'), probe('plain', 'Tcp', 8080), probe('tls', 'Https', 443, '/')]),
    balancer('blb', 'Basic', ['old'], [('http', 'old', 80, 8080, 'Tcp', 'page')], [probe('page', 'Http', 8080, '/')]),
    h.vm('w0', 'net', 's', '10.1.0.4', group='open', pools=[('slb', 'web')]),
    h.vm('w1', 'net', 's', '10.1.0.5', group='open', pools=[('slb', 'web')]),
    h.vm('b0', 'net', 's', '10.1.0.6', group='open', pools=[('blb', 'old')]),
    h.vm('d0', 'net', 's', '10.1.0.7', group='shut', pools=[('slb', 'shut')]),
    h.vm('m0', 'net', 's', '10.1.0.8', pools=[('slb', 'mute')]),
    h.vm('t0', 'net', 's', '10.1.0.9', group='open', pools=[('slb', 'tls')]))


class Service:
    """In an instance, instead of the lab's answerer: a page that says whether it is well, and its name to every other line."""

    def __init__(self, label):
        self.label, self.asked = label, []
        healthy[label] = True
        lab.escarp('exec', label, '--', 'nft', 'flush', 'ruleset')
        self.tcp, self.udp = lab.socket(label), lab.socket(label, kind=socket.SOCK_DGRAM)
        for s in (self.tcp, self.udp):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(('', 8080))
        self.tcp.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()
        threading.Thread(target=self.answer, daemon=True).start()

    def accept(self):
        while True:
            s, peer = self.tcp.accept()
            threading.Thread(target=self.talk, args=(s, peer), daemon=True).start()

    def talk(self, s, peer):
        try:
            for line in s.makefile('rb'):
                if line.startswith(b'GET '):
                    self.asked.append((peer[0], line.decode()))
                    s.sendall(b'HTTP/1.1 %s\r\n\r\n' % (b'200 OK' if healthy[self.label] else b'503 Ill'))
                    return
                s.sendall(self.label.encode() + b'\n')
        except OSError:
            pass
        finally:
            s.close()

    def answer(self):
        while True:
            _, peer = self.udp.recvfrom(100)
            self.udp.sendto(self.label.encode(), peer)


class Client:
    """A connection through the balancer that stays open."""

    def __init__(self, vip):
        self.s = lab.socket('internet')
        self.s.settimeout(2)
        self.s.connect((vip, 80))
        self.label = self.say()

    def say(self):
        try:
            self.s.sendall(b'who?\n')
            return h.read_line(self.s)
        except OSError:
            return None


def alive():
    """Those of the connections that no longer reach whom they reached first."""
    return [(c.label, got) for c in KEPT + LATER if (got := c.say()) != c.label]


def until(want, *labels):
    """They are believed to be so, and every host has it in force."""
    def settled():
        status = lab.status()
        found = {p['member']: p['health'] for p in status['probes']}
        return all(found.get(n) == want for n in labels) and all(x['acked'] for x in status['hosts'])
    return h.wait(settled, 2 * PROBED + 3)


def prober():
    for name in os.listdir('/proc'):
        try:
            argv = open(f'/proc/{name}/cmdline').read().split('\0') if name.isdigit() else []
        except OSError:
            continue
        if argv and argv[0].endswith('escarpd') and 'prober' in argv and lab.name in argv:
            return int(name)
    return None


def fresh(vip=None):
    c = Client(vip or VIP['slb'])
    c.s.close()
    return c.label


def refused(vip, port=80):
    return lab.tcp('internet', vip, port)


def datagram(source_port):
    with lab.socket('internet', kind=socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        s.bind((h.CLIENT, source_port))
        s.connect((VIP['slb'], 81))
        try:
            s.send(b'who?')
            return s.recv(100).decode()
        except (socket.timeout, OSError):
            return None


def comes_up(t):
    r = lab.up(TEMPLATE)
    t.ok(r.returncode == 0, 'the template comes up', r.stdout + r.stderr)
    VIP.update({f['name'].split('/')[0]: f['address'] for f in lab.status()['front_ends']})
    for label in ('w0', 'w1', 'b0'):
        comes_up.services[label] = Service(label)


comes_up.services = {}


def connected(t):
    t.ok(until('up', 'w0', 'w1', 'b0', 'm0', 't0'), 'who answers is up, over TLS as well, whatever the certificate', lab.escarp('status').stdout)
    asked = comes_up.services['w0'].asked
    t.ok(asked and all(a == '169.254.169.253' and line.startswith('GET /health?deep=1 HTTP/1.1') for a, line in asked),
         'asked from the platform address, for the path of the document', asked)
    KEPT.extend(Client(VIP['slb']) for _ in range(24))
    t.eq({c.label for c in KEPT}, {'w0', 'w1'}, 'connections to both')
    t.eq({datagram(p) for p in PORTS}, {'w0', 'w1'}, 'datagrams to both')
    healthy['w0'] = False


def kept_out(t):
    """Who keeps the prober out is down, whatever else his rules allow."""
    t.ok(until('down', 'd0'), 'the member whose group denies probes is down', lab.escarp('status').stdout)
    t.ok(lab.drops('d0', 'policy-in') > 0, 'the probe died at its rules')
    lab.denied(t, 'its pool is all down', lambda: refused(VIP['slb'], 90), 'uplink', 'all-down')
    lab.denied(t, 'a front end without an allowing rule, though its member is up', lambda: refused(VIP['slb'], 91), 'm0', 'standard-closed')
    events = json.loads(lab.escarp('events', '--json').stdout)['events']
    t.ok(any(e['kind'] == 'probe-down' and e['port'] == 'd0' and e['probe'] == 'slb/plain' for e in events), 'and an event tells it', events)


def one_down(t):
    t.ok(until('down', 'w0'), 'a page that says 503 is down', lab.escarp('status').stdout)
    t.eq({fresh() for _ in range(16)}, {'w1'}, 'new connections go to the other alone')
    t.eq({datagram(p) for p in PORTS}, {'w1'}, 'datagrams of old conversations too')
    LATER.extend(Client(VIP['slb']) for _ in range(8))
    t.eq(alive(), [], 'connections that live stay where they are')




def killed(t):
    """Nobody who finds anything out is there: what was last known stays in force, for packets at all times."""
    seen, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            seen.append(fresh())
    worker = threading.Thread(target=load)
    worker.start()
    first, agent = prober(), lab.agent()
    os.kill(first, signal.SIGKILL)
    os.kill(agent, signal.SIGKILL)
    back = h.wait(lambda: prober() not in (None, first) and lab.agent() not in (None, agent), 15)
    t.ok(back, 'prober and agent were killed, and are started again')
    stop.set()
    worker.join()
    t.eq(set(seen), {'w1'}, f'of {len(seen)} connections meanwhile each reached the member that was up')
    t.ok(until('down', 'w0'), 'and the prober knows what its predecessor knew')
    healthy['w0'] = True
    t.ok(until('up', 'w0'), 'until it finds otherwise', lab.escarp('status').stdout)
    t.ok(h.wait(lambda: fresh() == 'w0', 5), 'the one who is back gets connections')
    t.eq(alive(), [], 'and nobody lost his')


def all_down(t):
    basic = Client(VIP['blb'])
    t.eq(basic.label, 'b0', 'a connection through the Basic balancer')
    healthy.update(w0=False, w1=False, b0=False)
    t.ok(until('down', 'w0', 'w1', 'b0'), 'all are down', lab.escarp('status').stdout)
    lab.denied(t, 'nothing new behind the Standard one', lambda: refused(VIP['slb']), 'uplink', 'all-down')
    lab.denied(t, 'nothing new behind the Basic one', lambda: refused(VIP['blb']), 'uplink', 'all-down')
    lab.denied(t, 'behind the Basic one connections end', basic.say, 'uplink', 'all-down')
    t.eq(alive(), [], 'behind the Standard one they go on')


h.main([comes_up, connected, kept_out, one_down, killed, all_down])
