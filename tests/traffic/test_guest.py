# SPDX-License-Identifier: Apache-2.0
"""A real machine on a port: a QEMU guest (Debian's kernel, a busybox) on the port's tap device.

    peer 10.0.0.5 (namespace) ----- net 10.0.0.0/24 ----- guest 10.0.0.4 (QEMU, virtio-net; group guest-nsg; a public address)

The guest takes commands over its serial console, one a line, and says what came of them.
"""
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time

import harness as h

sys.path.insert(0, os.path.join(h.ROOT, 'tests', 'kernel'))
import vm  # noqa: E402

lab = h.Lab('t-guest')
BOOT = 60 # seconds
PAGE = 3 << 20 # bytes: enough for the guest to send what a NIC would have to segment


def template():
    return h.template(
        h.nsg('guest-nsg',
              h.rule('in-7777', 100, 'Allow', source='10.0.0.5', dport='7777'),
              h.rule('in-web', 110, 'Allow', source='*', dport='80'),
              h.rule('in-deny', 4000, 'Deny', protocol='*'),
              h.rule('out-81', 100, 'Deny', direction='Outbound', destination='10.0.0.5', dport='81')),
        h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)}), h.pip('guest-ip'),
        h.vm('guest', 'net', 's', '10.0.0.4', group='guest-nsg', public='guest-ip'), h.vm('peer', 'net', 's', '10.0.0.5'))


class Guest:
    def __init__(self, mac):
        vmlinuz, modules = vm.kernel(h.BUILD)
        ram = vm.Initramfs()
        ram.busybox()
        script = ram.modules(modules, ('virtio_pci', 'virtio_net')) + '''
for word in $(cat /proc/cmdline); do case $word in escarp.*) export "${word#escarp.}";; esac; done
ip link set lo up; ip link set eth0 up; ip addr add $ip dev eth0; ip route add default via $gw
mkdir /www; echo guest > /www/index.html; yes escarp | head -c $page > /www/big
httpd -p 80 -h /www
nc -ll -p 7777 -e echo guest &
nc -ll -p 81 -e echo guest &
stty -echo; echo "@ready"
while read -r line; do eval "$line" 2>&1; echo "@end $?"; done
'''
        ram.init(script)
        self.dir = tempfile.mkdtemp(prefix='escarp-guest-')
        initrd = os.path.join(self.dir, 'initrd')
        ram.write(initrd)
        argv = vm.command(vmlinuz, initrd, 256, f'quiet escarp.ip=10.0.0.4/24 escarp.gw=10.0.0.1 escarp.page={PAGE}',
                          ('-netdev', 'tap,id=n,ifname="$ESCARP_TAP",script=no,downscript=no',
                           '-device', f'virtio-net-pci,netdev=n,mac={mac},romfile='))
        line = 'exec ' + ' '.join(a if '$ESCARP_TAP' in a else f"'{a}'" for a in argv)
        self.process = subprocess.Popen([h.ESCARP, 'exec', '--lab', lab.name, 'guest', '--', 'sh', '-c', line], text=True,
                                        errors='replace', stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.said = []
        self.wait('@ready', BOOT)

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put(None)

    def wait(self, mark, seconds):
        """What it says until the line that begins with the mark, and that line."""
        out, end = [], time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise RuntimeError(f'the guest did not say {mark}: ' + '\n'.join(self.said[-20:]))
            self.said.append(line)
            if m := re.search(re.escape(mark) + r'(.*)', line):
                return '\n'.join(out), m[1].strip()
            out.append(line)

    def run(self, command, seconds=20):
        """(what the command printed, its exit status as text)"""
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()
        return self.wait('@end', seconds)

    def stop(self):
        self.process.kill()
        self.process.wait()
        subprocess.run(['rm', '-rf', self.dir])


guest = None


def boots(t):
    global guest
    vm.kernel(h.BUILD)  # Unavailable comes before a lab is made
    r = lab.up(template(), '--tap', 'guest')
    t.ok(r.returncode == 0, 'comes up with a tap in place of a namespace', r.stdout + r.stderr)
    port = lab.port('guest')
    t.ok(port['tap'], 'status says so', port)
    t.eq(lab.tcp('peer', '10.0.0.4', 7777), None, 'nobody answers before a machine is plugged in')
    guest = Guest(port['mac'])
    t.ok(True, 'the guest boots')


def denied(t, name, attempt, verdict):
    lab.denied(t, name, attempt, 'guest', verdict)


def inbound(t):
    denied(t, 'neighbour to a closed port', lambda: lab.tcp('peer', '10.0.0.4', 81), 'policy-in')
    t.eq(lab.tcp('peer', '10.0.0.4', 7777), 'guest', 'neighbour to an open port')
    public = lab.port('guest')['public'][0]
    denied(t, 'Internet to a port open to the neighbour', lambda: lab.tcp('internet', public, 7777), 'policy-in')
    t.eq(fetch('internet', public, '/')[-6:], b'guest\n', 'Internet to the web server')


def outbound(t):
    denied(t, 'guest to a denied port', lambda: guest.run('nc -w 2 10.0.0.5 81 </dev/null')[1] == '0', 'policy-out')
    t.eq(guest.run('nc -w 3 10.0.0.5 80 </dev/null'), ('peer', '0'), 'guest to its neighbour')
    t.eq(guest.run('nc -w 3 8.8.4.4 80 </dev/null'), ('internet', '0'), 'guest to the Internet')
    t.eq(guest.run('ping -c 1 -W 2 10.0.0.5 >/dev/null')[1], '0', 'guest pings its neighbour')


def spoofs(t):
    guest.run('ip addr add 10.0.0.9/24 dev eth0')
    denied(t, 'a guest with a second address', lambda: guest.run('ping -c 1 -W 1 -I 10.0.0.9 10.0.0.5')[1] == '0', 'spoofed-ip')
    guest.run('ip addr del 10.0.0.9/24 dev eth0')
    guest.run('ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:99; ip link set eth0 up; ip route add default via 10.0.0.1')
    denied(t, 'a guest with a MAC of its own making', lambda: guest.run('ping -c 1 -W 1 10.0.0.5')[1] == '0', 'spoofed-mac')


def fetch(who, address, path):
    with lab.socket(who) as s:
        s.settimeout(10)
        s.connect((address, 80))
        s.sendall(f'GET {path} HTTP/1.0\r\n\r\n'.encode())
        data = b''
        while more := s.recv(1 << 16):
            data += more
    return data


def bulk(t):
    """Segmentation and checksums that the guest leaves to its NIC."""
    want = (b'escarp\n' * (PAGE // 7 + 1))[:PAGE]
    for who, address in (('peer', '10.0.0.4'), ('internet', lab.port('guest')['public'][0])):
        body = fetch(who, address, '/big').split(b'\r\n\r\n', 1)[1]
        t.ok(body == want, f'{PAGE} bytes from the guest to {who} arrive whole', f'{len(body)} bytes')


if __name__ == '__main__':
    try:
        vm.kernel(h.BUILD)
    except vm.Unavailable as e:
        print(f'1..0 # SKIP {e}')
        sys.exit(0)
    try:
        h.main([boots, inbound, outbound, bulk, spoofs])
    finally:
        if guest:
            guest.stop()
