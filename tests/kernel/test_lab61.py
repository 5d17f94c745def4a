#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole lab on Debian 12's own kernel (6.1): no tcx there, so the programs are attached by clsact.

In one machine: both tenants of Figure 3 come up on two hosts, every connection is tried and held to the oracle, the
attachment is asserted, and `down` leaves nothing.
"""
import json, os, re, shutil, subprocess, sys, tempfile, threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import vm  # noqa: E402

ROOT = os.path.abspath(os.path.join(HERE, '..', '..'))
BUILD = os.path.abspath(os.environ.get('ESCARP_BUILD', os.path.join(ROOT, 'build')))
LIMIT = int(os.environ.get('ESCARP_VM_SECONDS', '560'))
MODULES = ('veth', 'vxlan', 'tun', 'bridge', 'sch_ingress', 'cls_bpf', 'nf_tables', 'nft_chain_nat', 'nft_redir', 'nft_ct',
           'nft_nat', 'nft_fib_ipv4', 'nft_fib_ipv6', 'nft_socket', 'nft_objref')
FIGURE = os.path.join(ROOT, 'share', 'figure3')
SCRIPT = r'''
ip link set lo up
mkdir -p /var/lib /var/log /run/netns
E={build}/escarp
say() {{ echo "@ $1 $2"; }}
uname -r | sed 's/^/@ kernel /'
up() {{ $E up --hosts 2 {figure}/$1.json --parameters {figure}/$1.parameters.json --subscription $1 --group prod >/tmp/up 2>&1; }}
# An emulated processor verifies the programs for longer than `up` waits for an agent; then it has them, and is asked again.
for t in contoso fabrikam; do
  up $t || up $t || up $t || up $t
  say up-$t $?; sed 's/^/  /' /tmp/up | head -30
done
$E probe --json >/tmp/probe 2>/tmp/err; say probe $?; cat /tmp/err
tr -d '\n' </tmp/probe | sed 's/^/@ result /'; echo
find /run/escarp/main/bpf/h0 -name 'p[0-9]*' | grep -c . | sed 's/^/@ pinned /'
$E exec host/0 -- {tc} filter show dev p1 ingress | tr -d '\n' | sed 's/^/@ filter /'; echo
$E exec app0 -- nc -w 2 10.0.2.4 1433 </dev/null; say allowed $?
$E exec web0 -- nc -w 2 10.0.2.4 1433 </dev/null; say denied $?
$E down >/tmp/down 2>&1; say down $?
find /run/netns /run/escarp /var/lib/escarp -mindepth 1 2>/dev/null | grep -c . | sed 's/^/@ left /'
'''

count = failed = 0


def ok(good, name, why=''):
    global count, failed
    count, failed = count + 1, failed + (not good)
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    for line in str(why).splitlines() if not good else ():
        print(f'# {line}', flush=True)


def image(work):
    vmlinuz, modules = vm.kernel(BUILD)
    ram = vm.Initramfs()
    ram.busybox()
    for name in ('escarp', 'escarpd'):
        ram.program(os.path.join(BUILD, name))
    ram.program(shutil.which('tc'))
    for name in os.listdir(FIGURE):
        ram.file(os.path.join(FIGURE, name))
    ram.init(ram.modules(modules, MODULES) + SCRIPT.format(build=BUILD, figure=FIGURE, tc=shutil.which('tc')))
    ram.write(os.path.join(work, 'initrd'))
    return vmlinuz, os.path.join(work, 'initrd')


def boot(work):
    """{word: rest of its line} of what the machine says, and all that it printed."""
    machine = subprocess.Popen(vm.command(*image(work), memory=2048), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors='replace')
    alarm = threading.Timer(LIMIT, machine.kill)
    alarm.start()
    said, lines = {}, []
    for line in machine.stdout:
        lines.append(line.rstrip()[:2000])
        if m := re.search(r'@ (\S+) ?(.*)', line):
            said[m[1]] = m[2].rstrip()
    machine.wait()
    alarm.cancel()
    return said, lines


def judge(said, lines):
    tail = '\n'.join(lines[-40:])
    ok(said.get('kernel', '').startswith('6.1.'), 'the machine runs a 6.1 kernel', tail)
    for tenant in ('contoso', 'fabrikam'):
        ok(said.get(f'up-{tenant}') == '0', f'{tenant} comes up on two hosts', tail)
    try:
        result = json.loads(said.get('result', ''))
    except ValueError:
        result = {}
    ok(said.get('probe') == '0' and result.get('attempts', 0) > 100 and not result.get('mismatches', ['none']),
       f"{result.get('attempts')} connection attempts agree with the oracle", f"{result.get('mismatches')}\n{tail}")
    ok('from_port' in said.get('filter', '') and 'direct-action' in said['filter'],
       'the programs are attached by clsact', said.get('filter') or tail)
    ok(said.get('denied') == '1', 'the web tier does not reach the database', tail)
    ok(said.get('allowed') == '0', 'the application tier does', tail)
    ok(said.get('down') == '0' and said.get('left') == '0', '`down` leaves nothing', tail)


try:
    with tempfile.TemporaryDirectory() as folder:
        judge(*boot(folder))
except vm.Unavailable as e:
    print(f'1..0 # SKIP {e}')
    sys.exit(0)
print(f'1..{count}')
sys.exit(1 if failed else 0)
