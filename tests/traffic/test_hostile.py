# SPDX-License-Identifier: Apache-2.0
"""A hostile instance: raw frames, every trick of layer 2 and address control, fragments and floods.

Each fails with a counter of its own, its neighbours see nothing of it, and an honest connection goes on meanwhile.
"""
import socket
import struct
import subprocess
import threading
import time

import harness as h

lab = h.Lab('t-hostile')
MALLORY, ALICE, BOB = '10.0.1.4', '10.0.1.5', '10.0.1.6'
PLATFORM = '169.254.169.253'
EVERYBODY = b'\xff' * 6
MARK = b'hostile!'
FIRST = b'a first piece'


def comes_up(t):
    r = lab.up(h.template(
        h.pip('pip'), h.nsg('g', h.rule('no-666', 100, 'Deny', protocol='Udp', dport='666'), h.rule('all', 110, 'Allow', protocol='*')),
        h.vnet('net', '10.0.0.0/16', {'s': ('10.0.1.0/24', None)}),
        *h.vm('mallory', 'net', 's', MALLORY), *h.vm('alice', 'net', 's', ALICE, public='pip'), *h.vm('bob', 'net', 's', BOB, group='g')))
    t.ok(r.returncode == 0, 'three instances come up', r.stdout + r.stderr)
    for who in ('alice', 'bob'):  # the answerer is shut out: these have servers of the test's own
        subprocess.run([h.ESCARP, 'exec', '--lab', lab.name, who, '--', 'nft', 'flush', 'ruleset'], check=True, timeout=20)


class Honest:
    """A connection from alice to bob that says something every few milliseconds, until it is told to stop."""

    def __init__(self):
        server, self.client = lab.socket('bob'), lab.socket('alice')
        server.bind((BOB, 9000))
        server.listen()
        self.client.settimeout(5)
        self.client.connect((BOB, 9000))
        self.peer, _ = server.accept()
        self.peer.settimeout(5)
        self.said, self.heard, self.slowest, self.stop = 0, 0, 0, threading.Event()
        self.thread = threading.Thread(target=self.talk)
        self.thread.start()

    def talk(self):
        while not self.stop.wait(0.01):
            began = time.monotonic()
            self.client.sendall(b'honest..')
            self.said += 1
            try:
                self.heard += self.peer.recv(8) == b'honest..'
            except OSError:
                return
            self.slowest = max(self.slowest, time.monotonic() - began)

    def end(self):
        self.stop.set()
        self.thread.join()
        return self.said, self.heard


def leaks(frame):
    """What no neighbour may see: a frame that no gateway delivered, one to many, or one with the mark."""
    return frame[6:12] != h.GATEWAY_MAC or frame[0] & 1 or MARK in frame


def try_trick(t, out, watch, name, frame, verdict, port='mallory', ahead=()):
    """`ahead`: honest frames that have to be fresh when the trick comes."""
    before = lab.drops(port, verdict)
    for f in (*ahead, frame):
        out.send(f)
    seen = [f for s in watch for f in h.frames(s, 0.1, leaks)]
    t.eq(seen, [], f'{name}: no neighbour sees it')
    t.eq(lab.drops(port, verdict), before + 1, f'{name}: counted as {verdict}')


def ip_frame(own, body, to=h.GATEWAY_MAC):
    return h.ether(to, own, 0x800, body)


def udp(own, src=MALLORY, dst=BOB, sport=5000, dport=5001, data=MARK, to=h.GATEWAY_MAC, **kw):
    return ip_frame(own, h.ipv4(src, dst, 17, h.udp_segment(src, dst, sport, dport, data), **kw), to)


def icmp(kind, code=0, data=MARK):
    body = struct.pack('!BBHHH', kind, code, 0, 7, 1) + data
    return body[:2] + struct.pack('!H', h.checksum(body)) + body[4:]


def dhcp(own, src='0.0.0.0', dst='255.255.255.255', op=1, chaddr=None, options=b'', relay='0.0.0.0', sport=68, dport=67):
    message = struct.pack('!BBBBIHH4s4s4s4s', op, 1, 6, 0, 1, 0, 0, bytes(4), bytes(4), bytes(4), h.ip4(relay))
    message += (chaddr or own) + bytes(10) + bytes(192) + b'\x63\x82\x53\x63' + options + b'\xff' + MARK
    return udp(own, src, dst, sport, dport, message, EVERYBODY if dst.startswith('255') else h.GATEWAY_MAC)


def arp(own, op, mac, sender, target):
    return h.ether(EVERYBODY, own, 0x806, h.arp(op, mac, sender, bytes(6), target) + MARK)


def layer2_tricks(own, bob):
    yield "another's source MAC", udp(bob), 'spoofed-mac'
    yield "straight to the neighbour's MAC", udp(own, to=bob), 'foreign-mac'
    yield 'to everybody', udp(own, to=EVERYBODY), 'broadcast'
    yield 'to a group', udp(own, dst='224.0.0.251', to=bytes.fromhex('01005e0000fb')), 'broadcast'
    yield 'to a group, behind the gateway', udp(own, dst='239.1.1.1'), 'broadcast'
    for kind in (0x8100, 0x88a8, 0x9100):
        yield f'a VLAN tag {kind:#x}', h.ether(h.GATEWAY_MAC, own, kind, b'\0\x05\x08\0' + udp(own)[14:]), 'vlan'
    for what, kind in (('LLDP', 0x88cc), ('EAPOL', 0x888e), ('MPLS', 0x8847), ('PPPoE discovery', 0x8863), ('PPPoE', 0x8864),
                       ('RARP', 0x8035), ('spanning tree', 0x0026)):
        yield what, h.ether(bytes.fromhex('0180c200000e'), own, kind, b'\x42\x42\x03' + MARK * 5), 'ethertype'
    yield "ARP with a neighbour's MAC", arp(own, 1, bob, MALLORY, ALICE), 'spoofed-arp'
    yield "ARP from a neighbour's address", arp(own, 1, own, BOB, ALICE), 'spoofed-arp-ip'
    yield "an ARP reply from a neighbour's address", arp(own, 2, own, BOB, ALICE), 'spoofed-arp-ip'
    yield "an announcement of a neighbour's address", arp(own, 1, own, BOB, BOB), 'gratuitous-arp'
    yield "an announcement of the gateway's address", arp(own, 2, own, '10.0.1.1', '10.0.1.1'), 'gratuitous-arp'
    yield 'an ARP reply that nobody asked for', arp(own, 2, own, MALLORY, ALICE), 'arp-unanswered'


def address_tricks(own):
    yield "a neighbour's address", udp(own, src=ALICE), 'spoofed-ip'
    yield 'an address outside', udp(own, src='8.8.8.8'), 'spoofed-ip'
    yield 'no address', udp(own, src='0.0.0.0'), 'spoofed-ip'
    yield "the platform's address", udp(own, src=PLATFORM, sport=53), 'spoofed-platform'
    yield 'a host of the fabric', udp(own, dst='172.31.240.1', dport=4789), 'no-route'
    yield 'a port of the platform address', udp(own, dst=PLATFORM, dport=80), 'no-service'
    yield 'an ICMP redirect', ip_frame(own, h.ipv4(MALLORY, ALICE, 1, icmp(5, 1))), 'redirect'
    yield 'a router advertisement', ip_frame(own, h.ipv4(MALLORY, ALICE, 1, icmp(9))), 'router-advert'
    yield 'a loose source route', udp(own, options=b'\x83\x07\x04' + h.ip4(ALICE) + b'\0'), 'source-route'
    yield 'a strict source route', udp(own, options=b'\x01\x89\x07\x04' + h.ip4(ALICE)), 'source-route'
    for what, option in (('record route', b'\x07\x07\x04\0\0\0\0\0'), ('a timestamp', b'\x44\x08\x05\0\0\0\0\0'),
                         ('router alert', b'\x94\x04\0\0'), ('padding', b'\x01\x01\x01\x01')):
        yield f'an IP option: {what}', udp(own, options=option), 'ip-options'
    yield 'an IP option that is too long', udp(own, options=b'\x07\x09\x04\0'), 'malformed'


def dhcp_tricks(own, bob):
    yield "DHCP for a neighbour's MAC", dhcp(own, chaddr=bob), 'spoofed-dhcp'
    yield "DHCP with a neighbour's client identifier", dhcp(own, options=b'\x3d\x07\x01' + bob), 'spoofed-dhcp'
    yield "DHCP with a neighbour's DUID", dhcp(own, options=b'\x3d\x0f\xff\0\0\0\1\0\x03\0\x01' + bob), 'spoofed-dhcp'
    yield "DHCP from a neighbour's address", dhcp(own, src=BOB), 'spoofed-ip'
    yield 'a DHCP server', dhcp(own, MALLORY, op=2, sport=67, dport=68), 'dhcp-server'
    yield 'a DHCP server to one client', dhcp(own, MALLORY, ALICE, op=2, sport=67, dport=68), 'dhcp-server'
    yield 'a DHCP server from another port', dhcp(own, MALLORY, ALICE, op=2, sport=4000, dport=68), 'dhcp-server'
    yield 'a DHCP relay', dhcp(own, MALLORY, PLATFORM, relay=MALLORY), 'dhcp-server'
    yield 'DHCP to a neighbour', dhcp(own, MALLORY, ALICE), 'no-service'
    yield 'honest DHCP, which nobody serves yet', dhcp(own), 'no-service'


def piece(own, number, offset, more, data, dst=BOB, proto=17):
    packet = h.ipv4(MALLORY, dst, proto, data, flags=offset // 8 | (0x2000 if more else 0))
    packet = packet[:4] + struct.pack('!H', number) + packet[6:10] + b'\0\0' + packet[12:]
    return ip_frame(own, packet[:10] + struct.pack('!H', h.checksum(packet[:20])) + packet[12:])


def fragment_tricks(own):
    first = struct.pack('!HHHH', 5000, 5001, 200, 0)
    yield 'a later fragment alone', piece(own, 1, 64, True, MARK * 2), 'fragment', 'mallory'
    yield 'a tiny first fragment of TCP', piece(own, 2, 0, True, struct.pack('!HH', 5000, 22) + bytes(4) + MARK, proto=6), 'tiny-fragment', 'mallory'
    yield "a fragment over TCP's header", piece(own, 3, 8, True, MARK * 2, proto=6), 'fragment-overlap', 'mallory'
    yield 'a first fragment that a rule denies', piece(own, 4, 0, True, struct.pack('!HHHH', 5000, 666, 200, 0) + MARK), 'policy-in', 'bob'
    yield 'what follows it', piece(own, 4, 16, False, MARK * 2), 'fragment', 'mallory'
    yield 'a fragment beyond the largest datagram', piece(own, 5, 65528, False, MARK * 2), 'malformed', 'mallory'
    yield 'a fragment out by a shared address', piece(own, 6, 0, True, first + MARK, dst='8.8.8.8'), 'fragment-snat', 'mallory'
    yield 'and what follows it', piece(own, 6, 16, False, MARK * 2, dst='8.8.8.8'), 'fragment-snat', 'mallory'
    yield 'a fragment for the platform', piece(own, 7, 0, True, first[:2] + b'\0\x35' + first[4:] + MARK, dst=PLATFORM), 'no-service', 'mallory'


def tricks(t):
    own, bob = h.mac(lab.port('mallory')['mac']), h.mac(lab.port('bob')['mac'])
    honest = Honest()
    with lab.raw('mallory') as out, lab.raw('alice') as a, lab.raw('bob') as b:
        for generator in (layer2_tricks(own, bob), address_tricks(own), dhcp_tricks(own, bob)):
            for name, frame, verdict in generator:
                try_trick(t, out, (a, b), name, frame, verdict)
        for name, frame, verdict, port in fragment_tricks(own):
            try_trick(t, out, (a, b), name, frame, verdict, port)
        first = piece(own, 9, 0, True, struct.pack('!HHHH', 5000, 5001, 200, 0) + FIRST[:8])
        out.send(first)
        t.eq(len(h.frames(b, 1, lambda f: FIRST[:8] in f, enough=1)), 1, 'a first fragment that the rules allow arrives')
        try_trick(t, out, (a, b), 'a later one that would write over it', piece(own, 9, 8, False, MARK), 'fragment-overlap', ahead=[first])
    said, heard = honest.end()
    t.ok(said == heard > 50, 'the honest connection has lost nothing meanwhile', f'{heard} of {said}')


def flood(out, frame, count):
    """Sends them as fast as it goes; answers the seconds that it took."""
    began = time.monotonic()
    for _ in range(count):
        while True:
            try:
                out.send(frame)
                break
            except BlockingIOError:
                time.sleep(0.001)
    return time.monotonic() - began


def floods(t):
    own = h.mac(lab.port('mallory')['mac'])
    honest = Honest()
    with lab.raw('mallory') as out, lab.raw('alice') as a, lab.raw('bob') as b:
        for name, frame, count, passed, refused, rate, burst in (
                ('ARP', arp(own, 1, own, MALLORY, BOB), 1000, None, 'rate-arp', 100, 200),
                ('DHCP', dhcp(own), 200, 'no-service', 'rate-dhcp', 10, 20),
                ('DNS', udp(own, dst=PLATFORM, dport=53), 8000, 'no-service', 'rate-dns', 1000, 2000)):
            time.sleep(2.5)  # every bucket is full again
            before, over = lab.drops('mallory', passed), lab.drops('mallory', refused)
            took = flood(out, frame, count)
            replies = h.frames(out, 0.5, lambda f: f[12:14] == b'\x08\x06' and f[20:22] == b'\0\2')
            let = lab.drops('mallory', passed) - before if passed else len(replies)
            kept = lab.drops('mallory', refused) - over
            t.eq(let + kept, count, f'{name} flood: every packet is within the limit or beyond')
            t.ok(burst <= let <= burst + rate * (took + 0.2), f'{name} flood: {burst} at once and {rate} a second pass', f'{let} in {took:.2f} s')
            t.eq([f for s in (a, b) for f in h.frames(s, 0.1, leaks)], [], f'{name} flood: no neighbour sees it')
        ask = h.arp(1, h.mac(lab.port('bob')['mac']), BOB, bytes(6), ALICE)
        b.send(h.ether(EVERYBODY, h.mac(lab.port('bob')['mac']), 0x806, ask))
        t.eq(len(h.frames(b, 1, lambda f: f[12:14] == b'\x08\x06', enough=1)), 1, "the neighbour's own questions are answered")
    said, heard = honest.end()
    t.ok(said == heard > 50, 'the honest connection has lost nothing meanwhile', f'{heard} of {said}')


def ask_in_pieces(t, name, asker, address, server, local):
    """4000 bytes there and 4000 back, cut by real stacks."""
    with lab.socket(server, kind=socket.SOCK_DGRAM) as s, lab.socket(asker, kind=socket.SOCK_DGRAM) as c:
        s.bind((local, 7777))
        for x in (s, c):
            x.settimeout(3)
            x.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: never, so larger datagrams are cut
        for i in range(3):
            c.sendto(bytes([i]) * 4000, (address, 7777))
            got, back = s.recvfrom(5000)
            t.eq(got, bytes([i]) * 4000, f'{name}: datagram {i} arrives whole')
            s.sendto(got[::-1], back)
            t.eq(len(c.recv(5000)), 4000, f'{name}: and its answer')


def honest_fragments(t):
    ask_in_pieces(t, 'between neighbours', 'alice', BOB, 'bob', BOB)
    ask_in_pieces(t, 'from outside to a public address', 'internet', lab.port('alice')['public'][0], 'alice', ALICE)


def without_ports(t):
    """ESP and SCTP by address, from raw sockets of real stacks."""
    body = struct.pack('!II', 0x1234, 1) + MARK * 4

    def send(who, proto, to):
        with lab.socket(who, kind=socket.SOCK_RAW, proto=proto) as s:
            s.sendto(body, (to, 0))

    lab.denied(t, 'GRE', lambda: send('alice', 47, BOB), 'alice', 'protocol')
    lab.denied(t, 'ESP out by a shared address', lambda: send('mallory', 50, '8.8.8.8'), 'mallory', 'no-ports')
    for name, proto in (('ESP', 50), ('SCTP', 132)):
        with lab.socket('bob', kind=socket.SOCK_RAW, proto=proto) as into:
            into.settimeout(2)
            send('alice', proto, BOB)
            t.eq(into.recv(200)[20:], body, f'{name} between neighbours arrives')


h.main([comes_up, tricks, floods, honest_fragments, without_ports])
