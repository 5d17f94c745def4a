# SPDX-License-Identifier: Apache-2.0
"""A machine that is this test itself: it opens its ports' tap devices, without offloads, and reads and writes whole
frames. So the checksum of every packet that a real socket sent is complete here, and a wrong rewrite shows.

    peer 10.3.0.6 (namespace) --- net 10.3.0.0/24 --- tap0 10.3.0.4 (group; lb 80 -> 8080, 5022 -> 22, 53 UDP -> 5353)
                                                  --- tap1 10.3.0.5 (a public address of its own)
"""
import fcntl
import os
import select
import socket
import struct
import threading
import time

import harness as h

lab = h.Lab('t-tap')
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 2, 0x1000, 0x4000
SO_NO_CHECK = 11
ADDRESS = {'tap0': '10.3.0.4', 'tap1': '10.3.0.5'}
VIP = {}
SYN, RST, PSH, ACK = 2, 4, 8, 16

TEMPLATE = h.template(
    h.nsg('nsg', h.rule('web', 100, 'Allow', source='*', dport='8080'),
          h.rule('ssh', 110, 'Allow', source='Internet', dport='22'),
          h.rule('names', 120, 'Allow', source='*', protocol='Udp', dport='5353'),
          h.rule('echo', 130, 'Allow', source='10.3.0.6', protocol='Icmp'),
          h.rule('deny', 4000, 'Deny', protocol='*')),
    h.vnet('net', '10.3.0.0/16', {'s': ('10.3.0.0/24', None)}),
    h.pip('lb-ip'), h.pip('one-ip'),
    h.balancer('lb', 'lb-ip', ['web'], [('http', 'web', 80, 8080), ('dns', 'web', 53, 5353, 'Udp')], [('ssh', 5022, 22)]),
    h.vm('tap0', 'net', 's', '10.3.0.4', group='nsg', pools=[('lb', 'web')], nat=[('lb', 'ssh')]),
    h.vm('tap1', 'net', 's', '10.3.0.5', public='one-ip'), h.vm('peer', 'net', 's', '10.3.0.6'))


class Packet:
    """An IPv4 packet in a frame, taken apart."""

    def __init__(self, frame):
        self.frame, ip = frame, frame[14:]
        self.length = int.from_bytes(ip[2:4], 'big')
        self.head, self.l4 = ip[:20], ip[20:self.length]
        self.proto, self.src, self.dst = ip[9], socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
        self.sport, self.dport = struct.unpack('!HH', self.l4[:4])
        if self.proto == 6:
            self.seq, self.ack = struct.unpack('!II', self.l4[4:12])
            self.flags, self.data = self.l4[13], self.l4[(self.l4[12] >> 4) * 4:]
        else:
            self.data = self.l4[8:]

    def good(self):
        """Both checksums, computed the long way; a UDP checksum of 0 is none."""
        pseudo = self.head[12:20] + struct.pack('!BBH', 0, self.proto, len(self.l4)) if self.proto != 1 else b''
        none = self.proto == 17 and self.l4[6:8] == b'\0\0'
        return h.checksum(self.head) == 0 and (none or h.checksum(pseudo + self.l4) == 0)

    def __repr__(self):
        return f'{self.src}:{self.sport} > {self.dst}:{self.dport} proto {self.proto} {self.frame.hex()}'


class Device:
    """The tap device of a port, as its machine has it."""

    def __init__(self, label, flags=0):
        port = lab.port(label)
        self.label, self.address, self.mac = label, ADDRESS[label], h.mac(port['mac'])
        self.fd = h.in_netns(lab.netns('host0'), lambda: self._open(f"p{port['number']}", flags))
        self.ill = []

    @staticmethod
    def _open(name, flags):
        fd = os.open('/dev/net/tun', os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI | flags))
        return fd

    def write(self, proto, to, segment):
        os.write(self.fd, h.ether(h.GATEWAY_MAC, self.mac, 0x800, h.ipv4(self.address, to, proto, segment)))

    def read(self, want, seconds=2):
        """The next packet that is wanted; None when none comes. Whatever comes must be good."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            frame = os.read(self.fd, 70000)
            if frame[12:14] != b'\x08\0':
                continue
            p = Packet(frame)
            if not p.good() or frame[:6] != self.mac or frame[6:12] != h.GATEWAY_MAC or p.dst != self.address:
                self.ill.append(p)
            if want(p):
                return p
        return None

    def serve(self, port, want):
        """Accepts one TCP connection, takes `want` bytes, answers with its label; what it got, and from where."""
        p = self.read(lambda p: p.proto == 6 and p.dport == port and p.flags == SYN)
        if not p:
            return None, b''
        peer, client, got, mine = p.src, p.sport, b'', 1000

        def say(flags, data=b''):
            self.write(6, peer, h.tcp_segment(self.address, peer, port, client, flags, mine, at, data))
        at = (p.seq + 1) & 0xffffffff
        say(SYN | ACK)
        mine += 1
        while len(got) < want:
            p = self.read(lambda p: p.proto == 6 and p.dport == port and p.sport == client)
            if not p:
                break
            if p.seq == at:
                got, at = got + p.data, (at + len(p.data)) & 0xffffffff
            if p.data:
                say(ACK)
        say(ACK | PSH, self.label.encode() + b'\n')
        self.read(lambda p: p.proto == 6 and p.ack > mine, 1)
        say(RST)
        return peer, got


tap = {}


def comes_up(t):
    r = lab.up(TEMPLATE, '--tap', 'tap0', '--tap', 'tap1')
    t.ok(r.returncode == 0, 'the template comes up with two taps', r.stdout + r.stderr)
    VIP['one'] = lab.port('tap1')['public'][0]
    VIP['lb'] = next(f['address'] for f in lab.status()['front_ends'] if f['name'].split('/')[0] == 'lb')
    for label in ADDRESS:
        tap[label] = Device(label)


def good(t, label, name):
    t.eq(tap[label].ill, [], f'{name}: every frame is addressed to the port and has right checksums')
    tap[label].ill.clear()


def denied(t):
    before = lab.drops('tap0', 'policy-in')
    t.eq(lab.tcp('peer', ADDRESS['tap0'], 81), None, 'a closed port: silence')
    t.ok(lab.drops('tap0', 'policy-in') > before, 'policy-in at tap0')
    t.eq(tap['tap0'].read(lambda p: p.dport == 81, 0.3), None, 'and nothing of it reaches the tap')
    before = lab.drops('tap0', 'spoofed-ip')
    os.write(tap['tap0'].fd, h.ether(h.GATEWAY_MAC, tap['tap0'].mac, 0x800, h.ipv4(
        '10.3.0.9', '10.3.0.6', 17, h.udp_segment('10.3.0.9', '10.3.0.6', 5, 6))))
    t.eq(lab.drops('tap0', 'spoofed-ip'), before + 1, 'a source that is not its own: spoofed-ip')


def connection(t, name, label, who, address, port, inner):
    """A real socket sends what its stack would segment; the tap reads it whole and answers."""
    body, box = os.urandom(40000), {}

    def client():
        try:
            with lab.socket(who) as s:
                s.settimeout(5)
                s.connect((address, port))
                s.sendall(body)
                box['answer'] = h.read_line(s)
        except OSError as e:
            box['answer'] = e
    thread = threading.Thread(target=client)
    thread.start()
    peer, got = tap[label].serve(inner, len(body))
    thread.join()
    t.eq(peer, '10.3.0.6' if who == 'peer' else h.CLIENT, f'{name}: from the sender\'s own address')
    t.ok(got == body, f'{name}: {len(body)} bytes arrive whole', f'{len(got)} bytes')
    t.eq(box['answer'], label, f'{name}: and the answer gets back')
    good(t, label, name)


def datagram(t, name, label, who, address, port, inner, unchecked=False):
    with lab.socket(who, kind=socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        if unchecked:
            s.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        s.connect((address, port))
        s.send(b'odd')
        p = tap[label].read(lambda p: p.proto == 17 and p.dport == inner)
        if not t.ok(p and p.data == b'odd', f'{name}: arrives', p):
            return
        t.eq(p.l4[6:8] == b'\0\0', unchecked, f'{name}: {"still without" if unchecked else "with"} a checksum')
        tap[label].write(17, p.src, h.udp_segment(tap[label].address, p.src, inner, p.sport, b'even'))
        t.eq(s.recv(100), b'even', f'{name}: and the answer gets back')
    good(t, label, name)


def echo(t, name, label, who, address):
    done = []
    thread = threading.Thread(target=lambda: done.append(lab.ping(who, address, 3)))
    thread.start()
    p = tap[label].read(lambda p: p.proto == 1 and p.l4[0] == 8)
    if p:
        body = b'\0\0\0\0' + p.l4[4:]
        tap[label].write(1, p.src, body[:2] + struct.pack('!H', h.checksum(body)) + body[4:])
    thread.join()
    t.eq(done, [True], f'{name}: the request arrives, its reply gets back')
    good(t, label, name)


def network(t):
    connection(t, 'inside the network', 'tap0', 'peer', ADDRESS['tap0'], 8080, 8080)
    datagram(t, 'UDP inside the network', 'tap0', 'peer', ADDRESS['tap0'], 5353, 5353)
    echo(t, 'ping inside the network', 'tap0', 'peer', ADDRESS['tap0'])


def balanced(t):
    connection(t, 'load-balancing rule', 'tap0', 'internet', VIP['lb'], 80, 8080)
    datagram(t, 'UDP by a load-balancing rule', 'tap0', 'internet', VIP['lb'], 53, 5353)
    datagram(t, 'UDP without a checksum', 'tap0', 'internet', VIP['lb'], 53, 5353, unchecked=True)
    connection(t, 'NAT rule', 'tap0', 'internet', VIP['lb'], 5022, 22)


def one_to_one(t):
    connection(t, 'an address of its own', 'tap1', 'internet', VIP['one'], 4444, 4444)
    datagram(t, 'UDP to it', 'tap1', 'internet', VIP['one'], 4444, 4444)
    echo(t, 'ping of it', 'tap1', 'internet', VIP['one'])


def outward(t):
    """The Internet's own stack checks what the tap sends; the tap checks the answer."""
    for label, what in (('tap0', 'a range of ports'), ('tap1', 'one to one')):
        d = tap[label]
        d.write(17, '9.9.9.9', h.udp_segment(d.address, '9.9.9.9', 6000, 53, b'hello'))
        p = d.read(lambda p: p.proto == 17 and p.dport == 6000)
        t.ok(p and (p.src, p.data.strip()) == ('9.9.9.9', b'internet'), f'{what}: UDP out, and its answer', p)
        d.write(6, '9.9.9.9', h.tcp_segment(d.address, '9.9.9.9', 6001, 80, SYN))
        p = d.read(lambda p: p.proto == 6 and p.dport == 6001)
        t.ok(p and p.flags == SYN | ACK, f'{what}: TCP out, and its answer', p)
        body = b'\x08\0\0\0' + struct.pack('!HH', 0x77, 1) + b'data'
        d.write(1, '9.9.9.9', body[:2] + struct.pack('!H', h.checksum(body)) + body[4:])
        p = d.read(lambda p: p.proto == 1)
        t.ok(p and p.l4[0] == 0 and p.l4[4:6] == b'\0\x77', f'{what}: ping out, its identifier back', p)
        good(t, label, f'outward by {what}')


def unfinished(t):
    """A machine may leave a checksum to its NIC, and say where it goes: it could be written over what was judged."""
    os.close(tap['tap0'].fd)
    d = tap['tap0'] = Device('tap0', IFF_VNET_HDR)
    src, dst = ADDRESS['tap0'], ADDRESS['tap1']
    segment = h.udp_segment(src, dst, 7000, 7001, b'left to the NIC')
    pseudo = ~h.checksum(h.ip4(src) + h.ip4(dst) + struct.pack('!BBH', 0, 17, len(segment))) & 0xffff
    frame = h.ether(h.GATEWAY_MAC, d.mac, 0x800, h.ipv4(src, dst, 17, segment[:6] + struct.pack('!H', pseudo) + segment[8:]))
    for name, start, offset in (('its port', 34, 2), ('its source address', 14, 12), ('its destination', 26, 4),
                                ('its payload', 34, 10)):
        before = lab.drops('tap0', 'malformed')
        try:
            os.write(d.fd, struct.pack('=BBHHHH', 1, 0, 0, 0, start, offset) + frame)
        except OSError:
            t.ok(start < 34, f'over {name}: the device itself refuses it')
            continue
        p = tap['tap1'].read(lambda p: p.proto == 17, 0.3)
        t.eq(p, None, f'a checksum to be written over {name}: nothing arrives')
        t.eq(lab.drops('tap0', 'malformed'), before + 1, f'over {name}: malformed')
        tap['tap1'].ill.clear()
    os.write(d.fd, struct.pack('=BBHHHH', 1, 0, 0, 0, 34, 6) + frame)
    p = tap['tap1'].read(lambda p: p.proto == 17)
    t.ok(p and p.dport == 7001, 'where it belongs: arrives', p)
    good(t, 'tap1', 'and was completed')


h.main([comes_up, denied, network, balanced, one_to_one, outward, unfinished])
