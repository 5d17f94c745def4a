# SPDX-License-Identifier: Apache-2.0
"""Two tenants on one host: one opens flows as fast as it can send, and the other notices nothing.

What is counted are connections that came about, of a fixed number of attempts; nothing is timed.
"""
import json
import mmap
import os
import signal
import socket
import struct
import subprocess
import time

import harness as h

lab = h.Lab('t-flood')
ATTEMPTS, LIVING = 150, 200
RING = 1024  # flows that one port may own, in a lab of this size


def tenant(name):
    return h.template(h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)}),
                      h.vm(f'{name}0', 'net', 's', '10.0.0.4'), h.vm(f'{name}1', 'net', 's', '10.0.0.5'))


def comes_up(t):
    for name in ('noisy', 'quiet'):
        r = lab.up(tenant(name), group=name, subscription=name)
        t.ok(r.returncode == 0, f'tenant {name} comes up', r.stderr)
    t.eq(lab.tcp('quiet0', '10.0.0.5', 80, timeout=5), 'quiet1', 'and reaches itself')


class Living:
    """Connections of the quiet tenant that stay."""

    def __init__(self):
        subprocess.run([h.ESCARP, 'exec', '--lab', lab.name, 'quiet1', '--', 'nft', 'flush', 'ruleset'], check=True, timeout=20)
        self.listener = lab.socket('quiet1')
        self.listener.bind(('10.0.0.5', 7000))
        self.listener.listen(LIVING)
        self.pairs = []
        for _ in range(LIVING):
            client = lab.socket('quiet0')
            client.settimeout(10)
            client.connect(('10.0.0.5', 7000))
            self.pairs.append((client, self.listener.accept()[0]))

    def ports(self):
        return {c.getsockname()[1] for c, _ in self.pairs}

    def alive(self):
        count = 0
        for client, server in self.pairs:
            client.sendall(b'?')
            server.settimeout(10)
            server.sendall(server.recv(1))
            count += client.recv(1) == b'?'
        return count


def flows(label):
    out = json.loads(lab.escarp('flows', '--json').stdout)['flows']
    return [f for f in out if f['port'] == label]


def opened(label):
    """Ports of the flows that this instance opened."""
    return {(f['source_port'], f['destination_port']) for f in flows(label) if not f['reply']}


def attempts(living):
    """Connections made and used, of ATTEMPTS."""
    made = 0
    for _ in range(ATTEMPTS):
        with lab.socket('quiet0') as s:
            s.settimeout(3)
            try:
                s.connect(('10.0.0.5', 7000))
                peer, _ = living.listener.accept()
                with peer:
                    peer.sendall(b'!')
                    made += s.recv(1) == b'!'
            except OSError:
                pass
    return made


FIRST = (60001, 9)  # ports of the noisy tenant's first flow


def datagram(sport, dport):
    body = h.udp_segment('10.0.0.4', '10.0.0.5', sport, dport, b'flood')
    return h.ether(h.GATEWAY_MAC, h.mac(lab.port('noisy0')['mac']), 0x800,
                   h.ipv4('10.0.0.4', '10.0.0.5', 17, body[:6] + b'\0\0' + body[8:]))  # without a checksum


class Flood:
    """New flows only, from a process of its own: each datagram has ports that none before it had, for a long time."""

    def __init__(self):
        self.count = mmap.mmap(-1, 8)
        frame = bytearray(datagram(1, 1))
        with lab.raw('noisy0') as raw:
            self.pid = os.fork()
            if self.pid == 0:
                self.send(raw, frame)

    def send(self, raw, frame):
        sent, parent = 0, os.getppid()
        while sent % 1000 or os.getppid() == parent:
            struct.pack_into('!HH', frame, 34, 1024 + sent % 50000, 10 + sent // 50000 % 50000)
            try:
                raw.send(frame)
            except OSError:
                continue
            sent += 1
            struct.pack_into('=Q', self.count, 0, sent)
        os._exit(0)

    def sent(self):
        return struct.unpack_from('=Q', self.count, 0)[0]

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def flooded(t):
    living = Living()
    t.eq(living.alive(), LIVING, f'{LIVING} connections of the quiet tenant live')
    before = attempts(living)
    t.ok(before >= 0.95 * ATTEMPTS, f'without the flood {before} of {ATTEMPTS} attempts succeed')
    with lab.raw('noisy0') as out:
        out.send(datagram(*FIRST))
    t.ok(FIRST in opened('noisy0'), 'the noisy tenant\'s first flow is there')
    flood = Flood()
    try:
        end = time.monotonic() + 60
        while flood.sent() < 5 * RING and time.monotonic() < end:
            time.sleep(0.01)
        start = flood.sent()
        during = attempts(living)
        meanwhile = flood.sent() - start
    finally:
        flood.end()
    t.ok(start >= 5 * RING and meanwhile > RING, f'the flood opened {start} flows, and {meanwhile} more meanwhile')
    t.ok(during >= 0.9 * before, f'under the flood {during} of {ATTEMPTS} succeed', f'{before} without')
    mine = flows('quiet0')
    t.eq(living.ports() - {f['source_port'] for f in mine}, set(), 'every flow of the quiet tenant is still in the table')
    t.eq(living.alive(), LIVING, 'and every connection of it lives')
    theirs = opened('noisy0')
    t.ok(RING // 2 < len(theirs) <= RING, f'the noisy tenant has its own quota and no more ({len(theirs)})')
    t.ok(FIRST not in theirs, 'its oldest flow made room')
    t.eq(lab.drops('quiet0', 'flow-table') + lab.drops('quiet1', 'flow-table'), 0, 'the quiet tenant was never short of room')


h.main([comes_up, flooded])
