#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A machine moves to another host, and back, with its connections: those with machines that it leaves behind, that it comes to
and that are elsewhere, with the Internet in both directions, in both families. What is denied stays denied on the way.

    host 0: m, n0      host 1: n1      host 2: n2       m has public addresses of its own
"""
import os
import signal
import socket
import threading
import time

import harness as h

lab = h.Lab('t-move', '--hosts', '3')
M, N = '10.0.0.4', ['10.0.0.5', '10.0.0.6', '10.0.0.7']
PORT = 1433


def six(vm, public=None):
    config = {'subnet': {'id': h.rid('virtualNetworks/subnets', 'net', 's')}, 'privateIPAddressVersion': 'IPv6'}
    if public:
        config['publicIPAddress'] = {'id': h.rid('publicIPAddresses', public)}
    nic = vm[0]['properties']['ipConfigurations']
    nic[0]['properties']['primary'] = True
    nic.append({'name': 'six', 'properties': config})
    return vm


def network(port=PORT):
    net = h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)})
    net['properties']['addressSpace']['addressPrefixes'].append('fd00:7::/48')
    subnet = net['properties']['subnets'][0]['properties']
    del subnet['addressPrefix']
    subnet['addressPrefixes'] = ['10.0.0.0/24', 'fd00:7:0:1::/64']
    pub6 = h.pip('pub6', 'Standard')
    pub6['properties']['publicIPAddressVersion'] = 'IPv6'
    return h.template(
        h.nsg('g', h.rule('sql', 100, 'Allow', source='*', dport=str(port)),
              h.rule('deny', 4000, 'Deny', protocol='*')),
        h.pip('pub', 'Standard'), pub6, net,
        six(h.vm('m', 'net', 's', M, group='g', public='pub'), 'pub6'),
        *[six(h.vm(f'n{i}', 'net', 's', a)) for i, a in enumerate(N)])


class Talk:
    """One connection, of which words go both ways."""

    def __init__(self, name, client, server, address, port=PORT):
        self.name = name
        family = h.family_of(address)
        with lab.socket(server, family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(('::' if family == socket.AF_INET6 else '0.0.0.0', port))
            listener.listen()
            listener.settimeout(10)
            self.a = lab.socket(client, family)
            self.a.settimeout(20)
            self.a.connect((address, port))
            self.b, _ = listener.accept()
            self.b.settimeout(20)
        self.said = 0

    def round(self):
        """None, or why the connection is no more."""
        self.said += 1
        word = f'{self.name} {self.said}'.encode()
        try:
            for one, other in ((self.a, self.b), (self.b, self.a)):
                one.sendall(word)
                got = b''
                while len(got) < len(word):
                    piece = other.recv(len(word) - len(got))
                    if not piece:
                        return 'closed'
                    got += piece
                if got != word:
                    return f'{got} in place of {word}'
        except OSError as e:
            return repr(e)
        return None

    def close(self):
        self.a.close()
        self.b.close()


def addresses(name):
    p = lab.port(name)
    return [next(x for x in p[kind] if ':' in x) if p[kind] else None for kind in ('addresses', 'public')]


def command(*words):
    return lab.escarp(f'{words[0]} {words[1]}', *words[2:])


def move(t, to, what):
    r = command('vm', 'move', 'm', str(to))
    t.ok(r.returncode == 0 and lab.port('m')['host'] == to, f'{what}: m is on host {to}', r.stdout + r.stderr)


def place(name, host):
    if lab.port(name)['host'] != host:
        r = command('vm', 'move', name, str(host))
        if r.returncode:
            raise RuntimeError(r.stderr)


def comes_up(t):
    r = lab.up(network())
    t.ok(r.returncode == 0, 'comes up', r.stdout + r.stderr)
    for name, host in (('m', 0), ('n0', 0), ('n1', 1), ('n2', 2)):
        place(name, host)
    for arguments, why in ((('m', '3'), 'is no host'), (('m', 'here'), 'is no host'), (('x', '1'), 'x')):
        r = command('vm', 'move', *arguments)
        t.ok(r.returncode != 0 and why in r.stderr, f'no move: {" ".join(arguments)}', r.stderr)


def talks():
    private, public = addresses('m')
    other = [addresses(f'n{i}')[0] for i in range(3)]
    pub4 = next(a for a in lab.port('m')['public'] if ':' not in a)
    out = []
    for i in range(3):
        out.append(Talk(f'n{i} to m', f'n{i}', 'm', M))
        out.append(Talk(f'm to n{i}', 'm', f'n{i}', N[i]))
        out.append(Talk(f'n{i} to m, IPv6', f'n{i}', 'm', private))
        out.append(Talk(f'm to n{i}, IPv6', 'm', f'n{i}', other[i]))
    out.append(Talk('the Internet to m', 'internet', 'm', pub4))
    out.append(Talk('the Internet to m, IPv6', 'internet', 'm', public))
    out.append(Talk('m to the Internet', 'm', 'internet', h.CLIENT, 7777))
    return out


def moves(t):
    every = talks()
    t.eq([x.name for x in every if x.round()], [], 'all talk')
    for to in (1, 2, 0):
        move(t, to, 'with all that talk')
        lab.denied(t, f'a new one, denied on host {to}', lambda: lab.tcp('n2', M, 90), 'm', 'policy-in', 'g/deny')
        lab.denied(t, f'from outside too, on host {to}', lambda: lab.tcp('internet', lab.port('m')['public'][0], 90), 'm', 'policy-in')
        broken = {x.name: why for x in every if (why := x.round())}
        t.eq(broken, {}, f'all {len(every)} talk on, with m on host {to}')
        new = Talk('a new one', 'n1', 'm', M)
        t.eq(new.round(), None, f'a new one on host {to}')
        new.close()
    for x in every:
        x.close()


def meanwhile(t):
    """Never silent for long: what is said while it moves comes a little later."""
    talk, stop, worst = Talk('n1 to m', 'n1', 'm', M), [], [0.0, None]

    def go_on():
        while not stop and not worst[1]:
            begun = time.monotonic()
            worst[1] = talk.round()
            worst[0] = max(worst[0], time.monotonic() - begun)

    thread = threading.Thread(target=go_on)
    thread.start()
    for to in (1, 2, 1, 0):
        move(t, to, 'under traffic')
    stop.append(True)
    thread.join()
    t.ok(worst[1] is None and talk.said > 100, f'the connection never broke ({talk.said} rounds)', worst[1])
    print(f'# the longest round, a move within, took {worst[0] * 1000:.0f} ms')
    talk.close()


def not_carried(t):
    """What lives on by favour of a change alone does not move: here it is judged as if it began."""
    talk = Talk('n1 to m', 'n1', 'm', M)
    r = lab.up(network(port=1434), '--live-flows', 'keep')
    t.ok(r.returncode == 0 and talk.round() is None, 'the port is closed, and what lives is kept', r.stderr)
    move(t, 2, 'with a connection that may not begin')
    talk.a.settimeout(3)
    talk.b.settimeout(3)
    before = lab.drops('m', 'no-flow')
    t.ok(talk.round() is not None, 'it has ended')
    t.ok(lab.drops('m', 'no-flow') > before or lab.drops('n1', 'no-flow') > 0, 'counted as no-flow')
    talk.close()
    r = lab.up(network())
    t.ok(r.returncode == 0, 'open again', r.stderr)
    place('m', 0)


def killed(t):
    """The agent of either host dies on the way: connections may be lost, the machine and its rules are not."""
    for which, to in ((0, 1), (1, 0), (1, 1), (0, 0)):
        box = {}
        change = threading.Thread(target=lambda: box.update(r=command('vm', 'move', 'm', str(to))))
        pid = lab.agent(which)
        change.start()
        time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
        change.join()
        t.ok(h.wait(lambda: lab.agent(which) not in (None, pid)), f'the agent of host {which} is started again')
        t.ok(h.wait(lambda: all(p['enforced'] for p in lab.status()['ports'])), 'all is enforced', box['r'].stderr)
        place('m', to)
        t.ok(h.wait(lambda: lab.tcp('n2', M, PORT) == 'm', 20), f'm answers, on host {to}')
        lab.denied(t, 'and no more than before', lambda: lab.tcp('n2', M, 90), 'm', 'policy-in', 'g/deny')


h.main([comes_up, moves, meanwhile, not_carried, killed])
