# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the agent at random moments of deployments, under traffic; and ports that appear before their tables.

Throughout, what every policy of the test denies is knocked at, and what every one allows is talked through.
"""
import os
import random
import signal
import socket
import subprocess
import threading
import time

import harness as h

lab = h.Lab('t-killed')
KILLS = int(os.environ.get('ESCARP_KILLS', 8))  # each restart waits longer than the one before
A, B = '10.0.0.4', '10.0.0.5'


def network(n):
    """Revision n: rules come and go, and so does a third machine; 1433 is always open, 81 never."""
    more = [h.vm('c', 'net', 's', '10.0.0.6', group='g')] if n % 3 == 1 else []
    return h.template(h.nsg('g', h.rule('sql', 100, 'Allow', source='VirtualNetwork', dport='1433'),
                            h.rule('some', 110, 'Allow', source='VirtualNetwork', dport=str(2000 + n % 2)),
                            *[h.rule(f'f{i}', 200 + i, 'Deny', dport=str(30000 + i + n)) for i in range(50)],
                            h.rule('deny', 4000, 'Deny', protocol='*')),
                      h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)}),
                      h.vm('a', 'net', 's', A), h.vm('b', 'net', 's', B, group='g'), *more)


class Watch:
    """A connection that must go on, and knocks that must stay unheard."""

    def __init__(self):
        subprocess.run([h.ESCARP, 'exec', '--lab', lab.name, 'b', '--', 'nft', 'flush', 'ruleset'], check=True, timeout=20)
        self.stop, self.rounds, self.broken = False, 0, None
        self.heard, self.knocks = [], 0
        self.listener = lab.socket('b')
        self.listener.bind((B, 1433))
        self.listener.listen()
        self.client = lab.socket('a')
        self.client.settimeout(30)
        self.client.connect((B, 1433))
        self.server, _ = self.listener.accept()
        self.server.settimeout(30)
        self.ears = [lab.socket('b', kind=kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)]
        for s in self.ears:
            s.bind((B, 81))
        self.ears[0].listen()
        self.threads = [threading.Thread(target=f) for f in (self.talk, self.knock, self.listen)]
        for x in self.threads:
            x.start()

    def talk(self):
        try:
            while not self.stop:
                word = str(self.rounds).encode().rjust(8)
                self.client.sendall(word)
                self.server.sendall(self.server.recv(8))
                if self.client.recv(8) != word:
                    raise OSError('another word came back')
                self.rounds += 1
                time.sleep(0.002)
        except OSError as e:
            self.broken = repr(e)

    def knock(self):
        with lab.socket('a', kind=socket.SOCK_DGRAM) as s:
            s.connect((B, 81))
            while not self.stop:
                s.send(b'knock')
                self.knocks += 1
                with lab.socket('a') as c:
                    c.settimeout(0.02)
                    try:
                        c.connect((B, 81))
                        self.heard.append('connected')
                    except OSError:
                        pass

    def listen(self):
        self.ears[1].settimeout(0.5)
        while not self.stop:
            try:
                self.heard.append(self.ears[1].recv(100))
            except (TimeoutError, socket.timeout):
                pass

    def end(self):
        self.stop = True
        for x in self.threads:
            x.join()
        for s in (self.client, self.server, self.listener, *self.ears):
            s.close()


def kills(t):
    r = lab.up(network(0))
    t.ok(r.returncode == 0, 'comes up', r.stderr)
    seed = int(os.environ.get('ESCARP_SEED', time.time()))
    print(f'# ESCARP_SEED={seed}')
    dice, watch, failures = random.Random(seed), Watch(), []
    for n in range(1, KILLS + 1):
        before = lab.agent()
        box = {}
        change = threading.Thread(target=lambda: box.update(r=lab.up(network(n), '--mode', 'complete')))
        change.start()
        time.sleep(dice.uniform(0.05, 0.9))
        pid = lab.agent()
        if pid:
            os.kill(pid, signal.SIGKILL)
        change.join()
        if not h.wait(lambda: (lab.agent() or before) != before):
            failures.append(f'{n}: the agent was not started again')
        if box['r'].returncode:
            failures.append(f'{n}: {box["r"].stderr}')
        if not h.wait(lambda: all(p['enforced'] for p in lab.status()['ports'])):
            failures.append(f'{n}: not every port is enforced: {lab.status()}')
        if lab.tcp('a', B, 2000 + (n + 1) % 2, timeout=0.2) is not None:
            failures.append(f'{n}: a port of the revision before is open')
        if watch.broken:
            break
    watch.end()
    t.eq(failures, [], f'after each of {KILLS} kills the agent carries on, up ends well, and all is enforced')
    t.ok(watch.broken is None and watch.rounds > 100, f'the connection never broke ({watch.rounds} rounds)', watch.broken)
    t.eq(watch.heard, [], f'of {watch.knocks} knocks at what is always closed none was heard')
    t.ok(lab.drops('b', 'policy-in') > 0, 'they were counted as policy-in')
    log = open(f'/run/escarp/{lab.name}/log/agent-0.log').read()
    t.ok('beginning again' not in log, 'nothing in force was ever given up', log[-2000:])


def no_tables(t):
    """A device in the host's namespace that no tables know: whatever it sends, nobody gets it."""
    host, guest = lab.netns('host0'), f'esc.{lab.name}.i.stray-0'
    run = lambda *args: subprocess.run(args, check=True, timeout=10, capture_output=True)
    run('ip', 'netns', 'add', guest)
    lab.spaces['stray'] = guest
    try:
        run('ip', 'link', 'add', 'p99', 'netns', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', guest)
        run('ip', '-n', host, 'link', 'set', 'p99', 'up')
        run('ip', '-n', guest, 'link', 'set', 'eth0', 'up')
        target = h.mac(lab.port('b')['mac'])
        body = h.ipv4('10.0.0.9', B, 17, h.udp_segment('10.0.0.9', B, 5, 1433, b'stray!!'))
        outside = h.ipv4('10.0.0.9', h.CLIENT, 17, h.udp_segment('10.0.0.9', h.CLIENT, 5, 53, b'stray!!'))
        with lab.raw('stray') as out, lab.raw('b') as into, lab.raw('internet', 'host0') as beyond:
            for mac in (h.GATEWAY_MAC, target, b'\xff' * 6):
                for packet in (body, outside):
                    out.send(h.ether(mac, bytes.fromhex('02e500000063'), 0x800, packet))
                out.send(h.ether(mac, bytes.fromhex('02e500000063'), 0x806,
                                 h.arp(1, bytes.fromhex('02e500000063'), '10.0.0.9', bytes(6), B)))
            t.eq(h.frames(into, 0.5, lambda f: b'stray!!' in f or f[12:14] == b'\x08\x06' and f[28:32] == h.ip4('10.0.0.9')), [], 'b gets nothing of it')
            t.eq(h.frames(beyond, 0.1, lambda f: b'stray!!' in f), [], 'nor does the Internet')
            t.eq(h.frames(out, 0.1, lambda f: f[12:14] == b'\x08\x06'), [], 'and it is not answered')
    finally:
        subprocess.run(['ip', '-n', host, 'link', 'del', 'p99'], timeout=10)
        subprocess.run(['ip', 'netns', 'del', guest], timeout=10)


h.main([kills, no_tables])
