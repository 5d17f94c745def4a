# SPDX-License-Identifier: Apache-2.0
"""What the traffic tests share: TAP, a lab of the test's own, sockets inside its namespaces, ARM fixtures.

A lab belongs to one test program. It is taken down when the program ends, however it ends: a guard process holds the
other end of a pipe and runs `escarp down` when the pipe closes, so a killed test leaves nothing behind.
"""
import ctypes, hashlib, ipaddress, json, os, select, signal, socket, struct, subprocess, sys, tempfile, threading, time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.environ.get('ESCARP_BUILD', os.path.join(ROOT, 'build'))
ESCARP = os.path.join(BUILD, 'escarp')
SHARED = os.environ.get('ESCARP_SHARED', os.path.join(ROOT, '..', 'shared'))
GATEWAY_MAC = bytes.fromhex('123456789abc')
CLIENT = '192.88.99.1'  # where the lab's Internet speaks from by default
SILENCE = 0.6           # seconds without an answer that count as silence; a refusal would come at once
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Tap:
    def __init__(self):
        self.count, self.failed = 0, 0

    def ok(self, good, name, why=''):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        for line in (str(why).splitlines() if not good else []):
            print(f'# {line}', flush=True)
        return good

    def eq(self, got, want, name):
        return self.ok(got == want, name, f'got  {got!r}\nwant {want!r}')

    def skip(self, name, why):
        self.count += 1
        print(f'ok {self.count} - {name} # SKIP {why}', flush=True)

    def done(self):
        print(f'1..{self.count}', flush=True)
        sys.exit(1 if self.failed else 0)


def main(tests):
    """Runs test functions in order; an exception fails that function and the rest go on."""
    tap = Tap()
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root: makes network namespaces')
        sys.exit(0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for test in tests:
        try:
            test(tap)
        except Exception as e:  # noqa: BLE001 - a test that dies is a failed test, with its reason
            import traceback
            tap.ok(False, f'{test.__name__} runs to its end', traceback.format_exc())
    tap.done()


def in_netns(name, call):
    """Runs call() in a thread inside the namespace: sockets made there stay there."""
    box = {}

    def body():
        fd = os.open(f'/run/netns/{name}', os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f'setns {name}')
            box['value'] = call()
        except BaseException as e:  # noqa: BLE001 - carried to the caller's thread
            box['error'] = e
        finally:
            os.close(fd)
    t = threading.Thread(target=body)
    t.start()
    t.join()
    if 'error' in box:
        raise box['error']
    return box['value']


class Lab:
    def __init__(self, name, *up_options):
        self.name, self.options = name, list(up_options)
        self.dir = tempfile.mkdtemp(prefix='escarp-test-')
        self.serial = 0
        self.spaces = {}  # label -> namespace: known even while the controller is being killed
        subprocess.run([ESCARP, 'down', '--lab', name], capture_output=True, timeout=60)  # of a run that was cut off
        hold_read, self.hold = os.pipe()
        if os.fork() == 0:
            os.close(self.hold)
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            os.read(hold_read, 1)
            subprocess.run([ESCARP, 'down', '--lab', name], timeout=120)
            subprocess.run(['rm', '-rf', self.dir])
            os._exit(0)
        os.close(hold_read)
        os.set_inheritable(self.hold, False)

    # -- the command line, as a user has it
    def escarp(self, *args, timeout=120):
        return subprocess.run([ESCARP, args[0], '--lab', self.name, *map(str, args[1:])],
                              capture_output=True, text=True, timeout=timeout)

    def up(self, template, *options, group='g', subscription='s'):
        """`escarp up` of a template (a dict, or a file name)."""
        if isinstance(template, dict):
            self.serial += 1
            path = os.path.join(self.dir, f't{self.serial}.json')
            with open(path, 'w') as f:
                json.dump(template, f, indent=1)
            template = path
        return self.escarp('up', *self.options, template, '--subscription', subscription, '--group', group, *options)

    def down(self):
        return self.escarp('down')

    def status(self):
        r = self.escarp('status', '--json')
        if r.returncode:
            raise RuntimeError(f'status: {r.stderr}')
        return json.loads(r.stdout)

    def port(self, label):
        for p in self.status()['ports']:
            if p['label'] == label:
                return p
        raise KeyError(label)

    def drops(self, label, verdict):
        """Packets of this port that ended with this verdict; label 'uplink' for the edge."""
        return self._drops().get((label, verdict), 0)

    def _drops(self):
        r = json.loads(self.escarp('drops', '--json').stdout)
        return {(d['port'], d['verdict']): d['packets'] for d in r['drops']}

    def rule_hits(self, name):
        r = json.loads(self.escarp('drops', '--json').stdout)
        return sum(x['packets'] for x in r['rules'] if x['rule'].lower() == name.lower())

    # -- what every rule is tested with
    def denied(self, t, name, attempt, port, verdict, rule=None):
        """attempt() must be silent (None or False), and this verdict (and rule) of this port must have counted it."""
        before, hits = self.drops(port, verdict), self.rule_hits(rule) if rule else 0
        got = attempt()
        t.ok(got is None or got is False, f'{name}: silence', f'answer {got!r}')
        t.ok(self.drops(port, verdict) > before, f'{name}: counted as {verdict} at {port}', f'still {before}')
        if rule:
            t.ok(self.rule_hits(rule) > hits, f'{name}: counted at rule {rule}', f'still {hits}')

    def stream_frames(self, sender, receiver, size):
        """Sizes of the frames in which a stream between two instances arrives. The receiver's answerer is shut out."""
        to, source = self.port(receiver)['addresses'][0], self.port(sender)['addresses'][0]
        subprocess.run([ESCARP, 'exec', '--lab', self.name, receiver, '--', 'nft', 'flush', 'ruleset'], check=True, timeout=20)
        with self.socket(receiver) as server, self.socket(sender) as client, self.raw(receiver) as seen:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((to, 9000))
            server.listen()
            client.settimeout(5)
            client.connect((to, 9000))
            peer, _ = server.accept()
            with peer:
                peer.settimeout(5)
                client.sendall(bytes(size))
                while size:
                    size -= len(peer.recv(size))
            return [len(f) for f in frames(seen, 0.3, lambda f: f[26:30] == ip4(source))]

    def agent(self, host=0):
        """The process of a host's agent; None while there is none."""
        for name in os.listdir('/proc'):
            try:
                argv = open(f'/proc/{name}/cmdline').read().split('\0') if name.isdigit() else []
            except OSError:
                continue
            if argv and argv[0].endswith('escarpd') and 'agent' in argv and self.name in argv and argv[argv.index('--host') + 1] == str(host):
                return int(name)
        return None

    # -- namespaces and sockets
    def netns(self, who):
        if who == 'internet':
            return f'esc.{self.name}.internet'
        if who.startswith('host'):
            return f'esc.{self.name}.h{who[4:]}'
        if who not in self.spaces:
            vm = self.port(who)['vm'].lower()
            short = ''.join(c if c.isalnum() or c in '-_' else '_' for c in vm.rsplit('/', 1)[1][:40])
            self.spaces[who] = f"esc.{self.name}.i.{short}-{hashlib.sha256(vm.encode()).hexdigest()[:24]}"
        return self.spaces[who]

    def socket(self, who, family=socket.AF_INET, kind=socket.SOCK_STREAM, proto=0):
        return in_netns(self.netns(who), lambda: socket.socket(family, kind, proto))

    def tcp(self, who, address, port, timeout=SILENCE, source_port=0):
        """The label that answered, '' for a refusal, None for silence."""
        with self.socket(who, family_of(address)) as s:
            s.settimeout(timeout)
            if source_port:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(('', source_port))
            try:
                s.connect((address, port))
                s.settimeout(3)
                return read_line(s)
            except (TimeoutError, socket.timeout):
                return None
            except OSError:
                return ''

    def tcp_as(self, source, address, port):
        """The same from a chosen outside address, through the command line."""
        r = self.escarp('exec', 'internet', '--as', source, '--', 'timeout', '1', 'nc', '-d', '-w', '1', address, port)
        return r.stdout.strip() or None

    def leaves(self, who, address='8.8.4.4', port=7777):
        """A connection to the Internet: the answer, and the sources and source ports that are seen there."""
        with self.socket('internet', socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x800)) as s:
            s.settimeout(SILENCE)
            answer = self.tcp(who, address, port)
            got = frames(s, 0.2, lambda p: p[16:20] == ip4(address) and p[9] == 6)
            return answer, {socket.inet_ntoa(p[12:16]) for p in got}, {int.from_bytes(p[20:22], 'big') for p in got}

    def udp(self, who, address, port, timeout=SILENCE, data=b'hello'):
        with self.socket(who, family_of(address), kind=socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            try:
                s.connect((address, port))
                s.send(data)
                return s.recv(200).decode().strip()
            except (TimeoutError, socket.timeout):
                return None
            except OSError:
                return ''

    def ping(self, who, address, timeout=SILENCE):
        """One echo request; True when its reply came."""
        if family_of(address) == socket.AF_INET6:
            return self._ping6(who, address, timeout)
        ident = os.getpid() & 0xffff
        body = struct.pack('!BBHHH', 8, 0, 0, ident, 1) + b'escarp ping'
        body = body[:2] + struct.pack('!H', checksum(body)) + body[4:]
        with self.socket(who, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
            s.sendto(body, (address, 0))
            return bool(frames(s, timeout, lambda p: p[12:16] == ip4(address) and p[20] == 0 and p[24:26] == body[4:6],
                               enough=1))

    def _ping6(self, who, address, timeout):
        want = struct.pack('!HH', os.getpid() & 0xffff, 1)
        with self.socket(who, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as s:
            s.sendto(struct.pack('!BBH', 128, 0, 0) + want + b'escarp ping', (address, 0))  # the kernel sums
            return bool(frames(s, timeout, lambda p: p[0] == 129 and p[4:8] == want, enough=1))

    def raw(self, who, device='eth0'):
        """A packet socket on a device: send() whole frames, see whatever arrives."""
        s = self.socket(who, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        in_netns(self.netns(who), lambda: s.bind((device, 3)))
        s.settimeout(SILENCE)
        return s


class Outside:
    """Frames from the Internet's end of host 0's uplink, with any bytes."""
    def __init__(self, lab):
        netns = lab.netns('internet')
        uplink = next(link for link in self._json(lab.netns('host0'), 'link') if link['ifname'] == 'uplink0')
        far = next(link for link in self._json(netns, 'link') if link['ifname'] == 'host0')
        self.uplink, self.nexthop = mac(uplink['address']), mac(far['address'])
        self.socket = lab.socket('internet', socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        in_netns(netns, lambda: self.socket.bind(('host0', 0)))

    @staticmethod
    def _json(netns, what):
        return json.loads(subprocess.run(['ip', '-n', netns, '-j', what], capture_output=True, text=True, timeout=10, check=True).stdout)

    def send(self, packet, source=None):
        kind = 0x86dd if packet[0] >> 4 == 6 else 0x800
        self.socket.send(ether(self.uplink, source or self.nexthop, kind, packet))


def wait(what, seconds=60):
    """What it answers in the end that is not false; None when that does not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.05)
    return None


def family_of(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def read_line(s):
    data = b''
    try:
        while not data.endswith(b'\n') and len(data) < 200:
            more = s.recv(200)
            if not more:
                break
            data += more
    except OSError:
        return None
    return data.decode(errors='replace').strip()


def frames(s, seconds, want=lambda f: True, enough=None):
    """Frames that arrive on a packet socket within the time and are wanted, own ones excluded; at most `enough`."""
    out, end = [], time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and len(out) != enough:
        ready, _, _ = select.select([s], [], [], left)
        if ready:
            data, addr = s.recvfrom(70000)
            if (len(addr) < 3 or addr[2] != socket.PACKET_OUTGOING) and want(data):
                out.append(data)
    return out


# -- packets
def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4(text):
    return ipaddress.IPv4Address(text).packed


def ip6(text):
    return ipaddress.IPv6Address(text).packed


def ipv6(src, dst, proto, payload, hops=64):
    return struct.pack('!IHBB', 6 << 28, len(payload), proto, hops) + ip6(src) + ip6(dst) + payload


def pseudo(src, dst, proto, length):
    if ':' in src:
        return ip6(src) + ip6(dst) + struct.pack('!II', length, proto)
    return ip4(src) + ip4(dst) + struct.pack('!BBH', 0, proto, length)


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def ether(dst, src, kind, payload):
    return dst + src + struct.pack('!H', kind) + payload


def ipv4(src, dst, proto, payload, flags=0, options=b'', ttl=64):
    ihl = 5 + len(options) // 4
    head = struct.pack('!BBHHHBBH4s4s', 0x40 | ihl, 0, ihl * 4 + len(payload), 7, flags, ttl, proto, 0, ip4(src), ip4(dst)) + options
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


def udp_segment(src, dst, sport, dport, data=b'x'):
    body = struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data
    return body[:6] + struct.pack('!H', checksum(pseudo(src, dst, 17, len(body)) + body) or 0xffff) + body[8:]


def tcp_segment(src, dst, sport, dport, flags, seq=1, ack=0, data=b''):
    body = struct.pack('!HHIIBBHHH', sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0) + data
    return body[:16] + struct.pack('!H', checksum(pseudo(src, dst, 6, len(body)) + body)) + body[18:]


def arp(op, sender_mac, sender_ip, target_mac, target_ip):
    return struct.pack('!HHBBH6s4s6s4s', 1, 0x0800, 6, 4, op, sender_mac, ip4(sender_ip), target_mac, ip4(target_ip))


# -- ARM fixtures
NETWORK = 'Microsoft.Network/'


def rid(kind, *names):
    return "[resourceId('%s', %s)]" % (NETWORK + kind, ', '.join(f"'{n}'" for n in names))


def resource(kind, name, properties, sku=None, provider=NETWORK, depends=()):
    r = {'type': provider + kind, 'apiVersion': '2020-11-01', 'name': name, 'location': 'local', 'properties': properties}
    if sku:
        r['sku'] = {'name': sku}
    if depends:
        r['dependsOn'] = list(depends)
    return r


def vnet(name, prefix, subnets):
    """subnets: {name: (prefix, group or None)}"""
    return resource('virtualNetworks', name, {
        'addressSpace': {'addressPrefixes': [prefix]},
        'subnets': [{'name': n, 'properties': {'addressPrefix': p,
                     **({'networkSecurityGroup': {'id': rid('networkSecurityGroups', g)}} if g else {})}}
                    for n, (p, g) in subnets.items()]})


def rule(name, priority, access, direction='Inbound', protocol='Tcp', source='*', sport='*', destination='*', dport='*'):
    def side(key, value):
        return {key + 'es': value} if isinstance(value, list) else {key: value}
    return {'name': name, 'properties': {
        'priority': priority, 'access': access, 'direction': direction, 'protocol': protocol,
        'sourcePortRange': sport, 'destinationPortRange': dport,
        **side('sourceAddressPrefix', source), **side('destinationAddressPrefix', destination)}}


def nsg(name, *rules):
    return resource('networkSecurityGroups', name, {'securityRules': list(rules)})


def pip(name, sku='Basic', static=True):
    return resource('publicIPAddresses', name, {'publicIPAllocationMethod': 'Static' if static else 'Dynamic'}, sku)


def vm(name, network, subnet, address=None, group=None, public=None, pools=(), nat=(), nics=None):
    """A VM with one NIC `name-nic`; pools: (lb, pool), nat: (lb, rule)."""
    config = {'subnet': {'id': rid('virtualNetworks/subnets', network, subnet)},
              'privateIPAllocationMethod': 'Static' if address else 'Dynamic'}
    if address:
        config['privateIPAddress'] = address
    if public:
        config['publicIPAddress'] = {'id': rid('publicIPAddresses', public)}
    if pools:
        config['loadBalancerBackendAddressPools'] = [{'id': rid('loadBalancers/backendAddressPools', *p)} for p in pools]
    if nat:
        config['loadBalancerInboundNatRules'] = [{'id': rid('loadBalancers/inboundNatRules', *n)} for n in nat]
    nic = {'ipConfigurations': [{'name': 'ipconfig1', 'properties': config}]}
    if group:
        nic['networkSecurityGroup'] = {'id': rid('networkSecurityGroups', group)}
    return [resource('networkInterfaces', f'{name}-nic', nic),
            resource('virtualMachines', name, {'networkProfile': {'networkInterfaces': [
                {'id': rid('networkInterfaces', f'{name}-nic')}]}}, provider='Microsoft.Compute/')]


def balancer(name, public, pools=(), rules=(), nat=(), sku='Basic'):
    """rules: (name, pool, front port, back port[, protocol]); nat: (name, front port, back port)."""
    front = {'id': rid('loadBalancers/frontendIPConfigurations', name, 'front')}
    return resource('loadBalancers', name, {
        'frontendIPConfigurations': [{'name': 'front', 'properties': {'publicIPAddress': {'id': rid('publicIPAddresses', public)}}}],
        'backendAddressPools': [{'name': p} for p in pools],
        'loadBalancingRules': [{'name': r[0], 'properties': {
            'frontendIPConfiguration': front, 'backendAddressPool': {'id': rid('loadBalancers/backendAddressPools', name, r[1])},
            'protocol': r[4] if len(r) > 4 else 'Tcp', 'frontendPort': r[2], 'backendPort': r[3]}} for r in rules],
        'inboundNatRules': [{'name': n[0], 'properties': {
            'frontendIPConfiguration': front, 'protocol': 'Tcp', 'frontendPort': n[1], 'backendPort': n[2]}} for n in nat]}, sku)


def template(*resources):
    flat = []
    for r in resources:
        flat.extend(r if isinstance(r, list) else [r])
    return {'$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
            'contentVersion': '1.0.0.0', 'resources': flat}
