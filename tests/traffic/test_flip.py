# SPDX-License-Identifier: Apache-2.0
"""Two policies in turn, 100 times a second, under traffic: what both deny never passes, what both allow is never lost.

Each policy denies port 9000 by another of its two lists and allows it by the other, so that half of one with half of the
other would let it pass, and port 9001 at one of the two machines; each has 1000 rules a list, so that it is not
installed in one breath.
"""
import json
import os
import socket
import struct
import subprocess
import threading
import time

import harness as h

lab = h.Lab('t-flip')
FLIPPER = os.path.join(h.BUILD, 'tests', 'traffic', 'flipper')
RULES, TIMES = 1000, 200
A, B = '10.0.0.4', '10.0.1.5'


def policy(which):
    """Subnet's group (0) or card's (1) denies 9000 and the other allows it; open are 7000 and 8000 + which."""
    def group(name, denies):
        filler = [h.rule(f'f{i}', 200 + i, 'Deny' if (i + which) % 2 else 'Allow', source=f'172.20.{i >> 8}.{i & 255}/32', dport=str(20000 + i))
                  for i in range(RULES - 6)]
        return h.nsg(name, h.rule('marked', 100, 'Deny' if denies else 'Allow', protocol='*', dport='9000'),
                     h.rule('far', 105, 'Deny' if which else 'Allow', protocol='*', dport='9001'),
                     h.rule('both', 110, 'Allow', protocol='*', dport='7000'),
                     h.rule('one', 120, 'Allow', protocol='*', dport=str(8000 + which)), *filler,
                     h.rule('rest', 4096, 'Deny', protocol='*'))
    sender = h.nsg('ga', h.rule('far', 100, 'Allow' if which else 'Deny', direction='Outbound', protocol='*', dport='9001'))
    return h.template(sender, group('gs', which == 0), group('gn', which == 1),
                      h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None), 'u': ('10.0.1.0/24', 'gs')}),
                      h.vm('a', 'net', 's', A, group='ga'), h.vm('b', 'net', 'u', B, group='gn'))


def flipper(*args):
    return subprocess.run([FLIPPER, f'/run/escarp/{lab.name}/controller/store.sock', '0', *map(str, args)], capture_output=True, text=True, timeout=300)


def captures(t):
    for which in (1, 0):
        r = lab.up(policy(which), '--json')
        t.ok(r.returncode == 0, f'policy {which} comes up', r.stderr)
        got = flipper('get', os.path.join(lab.dir, f'tables{which}'))
        t.ok(got.returncode == 0, f'its tables of {2 * RULES} rules are taken down', got.stderr)
    said = json.loads(r.stdout)
    t.ok(0 < said['live_ms'] <= said['returned_ms'], 'up says when the change was live, and when it returned',
         f"{said.get('live_ms')} {said.get('returned_ms')}")
    print(f"# live after {said['live_ms']} ms, returned after {said['returned_ms']} ms")
    subprocess.run([h.ESCARP, 'exec', '--lab', lab.name, 'b', '--', 'nft', 'flush', 'ruleset'], check=True, timeout=20)


class Datagrams:
    """Numbered datagrams from a to one port of b, and which of them arrived."""

    def __init__(self, port, pause):
        self.pause, self.sent, self.got, self.stop = pause, 0, [], False
        self.receiver, self.sender = lab.socket('b', kind=socket.SOCK_DGRAM), lab.socket('a', kind=socket.SOCK_DGRAM)
        self.receiver.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE: nothing is lost for want of room
        self.receiver.bind((B, port))
        self.sender.connect((B, port))
        self.threads = [threading.Thread(target=f) for f in (self.send, self.receive)]

    def send(self):
        while not self.stop:
            self.sender.send(struct.pack('!I', self.sent))
            self.sent += 1
            time.sleep(self.pause)

    def receive(self):
        self.receiver.settimeout(1.5)
        try:
            while True:
                self.got.append(struct.unpack('!I', self.receiver.recv(100))[0])
        except (TimeoutError, socket.timeout):
            pass

    def start(self):
        for x in self.threads:
            x.start()

    def end(self):
        self.stop = True
        for x in self.threads:
            x.join()
        self.receiver.close()
        self.sender.close()


class Stream:
    """Bytes there and back on one connection, until told to stop."""

    def __init__(self, port):
        self.listener = lab.socket('b')
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((B, port))
        self.listener.listen()
        self.client = lab.socket('a')
        self.client.settimeout(20)
        self.client.connect((B, port))
        self.server, _ = self.listener.accept()
        self.server.settimeout(20)
        self.stop, self.rounds, self.wrong = False, 0, None
        self.threads = [threading.Thread(target=f) for f in (self.ask, self.answer)]

    def answer(self):
        try:
            while data := self.server.recv(65536):
                self.server.sendall(data)
        except OSError as e:
            self.wrong = self.wrong or repr(e)

    def ask(self):
        try:
            while not self.stop:
                data, back = os.urandom(20000), b''
                self.client.sendall(data)
                while len(back) < len(data):
                    back += self.client.recv(65536)
                if back != data:
                    self.wrong = 'other bytes came back'
                self.rounds += 1
                time.sleep(0.001)
            self.client.shutdown(socket.SHUT_WR)
        except OSError as e:
            self.wrong = self.wrong or repr(e)

    start = Datagrams.start

    def finish(self):
        self.stop = True
        for x in self.threads:
            x.join()
        for s in (self.client, self.server, self.listener):
            s.close()


def knock(port, counts, stop):
    """New connections one after the other: how many of how many came about."""
    with lab.socket('b') as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((B, port))
        listener.listen(1000)
        while not stop:
            with lab.socket('a') as s:
                s.settimeout(0.3)
                counts[1] += 1
                try:
                    s.connect((B, port))
                    counts[0] += 1
                except OSError:
                    pass


def flips(t):
    allowed, denied, stream = Datagrams(7000, 0.001), Datagrams(9000, 0.0005), Stream(7000)
    far = Datagrams(9001, 0.0005)
    stop, marked = [], [0, 0]
    knocker = threading.Thread(target=knock, args=(9000, marked, stop))
    drops = lab.drops('b', 'policy-in')
    for x in (allowed, denied, far, stream, knocker):
        x.start()
    r = flipper('flip', os.path.join(lab.dir, 'tables1'), os.path.join(lab.dir, 'tables0'), 10, TIMES)
    stop.append(True)
    knocker.join()
    stream.finish()
    for x in (allowed, denied, far):
        x.end()
    t.ok(r.returncode == 0, f'{TIMES} flips', r.stderr)
    print('#', r.stdout.strip())
    t.eq((len(denied.got), marked[0]), (0, 0), f'of {denied.sent} datagrams and {marked[1]} connections that both deny, none passes')
    t.eq(far.got, [], f'nor does any of {far.sent} that one machine denies before and the other one after')
    t.ok(denied.sent > 1000 and lab.drops('b', 'policy-in') >= drops + denied.sent, 'each is counted as policy-in', lab.escarp('drops').stdout)
    t.eq(allowed.got, list(range(allowed.sent)), f'of {allowed.sent} that both allow, each arrives, once and in order')
    t.ok(stream.wrong is None and stream.rounds > 10, f'a connection that both allow goes on ({stream.rounds} rounds)', stream.wrong)


def ends_where_it_should(t):
    t.eq(lab.tcp('a', B, 8001), None, 'the policy that came last is in force: what only the other allows is closed')
    listener = lab.socket('b')
    with listener:
        listener.bind((B, 8000))
        listener.listen()
        with lab.socket('a') as s:
            s.settimeout(5)
            s.connect((B, 8000))
        t.ok(True, 'what it allows is open')


h.main([captures, flips, ends_where_it_should])
