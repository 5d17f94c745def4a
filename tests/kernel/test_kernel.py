#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pipeline tests on Debian 12's own kernel (6.1), which has no tcx and an older verifier.

    test_kernel.py PROGRAM...    TAP programs of this build, run one after the other in one machine

Every TAP line that comes over the serial console becomes one of ours. A program that dies, hangs the machine or breaks
its plan is a failure of its own.
"""
import os, re, subprocess, sys, tempfile, threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import vm  # noqa: E402

BUILD = os.environ.get('ESCARP_BUILD', 'build')
LIMIT = int(os.environ.get('ESCARP_VM_SECONDS', '900'))
MODULES = ('veth', 'vxlan', 'tun', 'sch_ingress', 'cls_bpf', 'act_bpf')
# Marks what a program says; whatever the kernel prints between is not it.
RUN = "echo '@begin {name}'; {{ {path} --tap -k; echo \"@end $?\"; }} 2>&1 | sed 's/^\\([^@]\\)/@ \\1/'\n"

count = failed = 0


def ok(good, name, why=()):
    global count, failed
    count, failed = count + 1, failed + (not good)
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    for line in why if not good else ():
        print(f'# {line}', flush=True)


def image(programs, work):
    vmlinuz, modules = vm.kernel(BUILD)
    ram = vm.Initramfs()
    ram.busybox()
    script = ram.modules(modules, MODULES) + '\nip link set lo up\n'
    objects = os.path.join(BUILD, 'bpf')
    for name in os.listdir(objects) if os.path.isdir(objects) else ():
        if name.endswith('.o'):
            ram.file(os.path.join(os.path.abspath(objects), name))
    script += f'export ESCARP_BUILD={os.path.abspath(BUILD)}\nuname -r | sed "s/^/@kernel /"\n'
    for path in programs:
        ram.program(path)
        script += RUN.format(name=os.path.basename(path), path=path)
    ram.init(script)
    ram.write(os.path.join(work, 'initrd'))
    return vmlinuz, os.path.join(work, 'initrd')


class Inner:
    """One program in the machine: its lines become ours, its end is judged."""

    def __init__(self, name):
        self.name, self.plan, self.ran, self.notes, self.open = name, None, 0, [], True

    def line(self, text):
        if m := re.match(r'(ok|not ok)\b\s*\d*\s*(?:-\s*)?(.*)', text):
            self.ran += 1
            ok(m[1] == 'ok', f'6.1 {self.name}: {m[2]}', self.notes)
            self.notes = []
        elif m := re.match(r'1\.\.(\d+)', text):
            self.plan = int(m[1])
        else:
            self.notes = (self.notes + [text.removeprefix('# ')])[-40:]

    def end(self, how):
        self.open = False
        ok(how == 'status 0' and self.plan == self.ran and self.ran > 0, f'6.1 {self.name} ran to its end',
           [f'{how}; planned {self.plan}, ran {self.ran}', *self.notes])


def run(programs, work):
    machine = subprocess.Popen(vm.command(*image(programs, work)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors='replace')
    alarm = threading.Timer(LIMIT, machine.kill)
    alarm.start()
    release, inner, tail, started = '', None, [], 0
    for line in machine.stdout:
        line = line.rstrip()
        tail = (tail + [line])[-30:]
        if m := re.search(r'@kernel (\S+)', line):
            release = m[1]
            ok(release.startswith('6.1.'), 'the machine runs a 6.1 kernel', [release])
        elif m := re.search(r'@begin (\S+)', line):
            inner, started = Inner(m[1]), started + 1
        elif inner and (m := re.match(r'@ (.*)', line)):
            inner.line(m[1])
        elif inner and (m := re.match(r'@end (\d+)', line)):
            inner.end(f'status {m[1]}')
    machine.wait()
    alarm.cancel()
    if inner and inner.open:
        inner.end(f'the machine ended or was stopped after {LIMIT} s')
    ok(release != '' and started == len(programs), 'the machine booted and ran every program', tail)


def main(programs):
    if not programs:
        ok(False, 'there are programs to run')
    else:
        try:
            with tempfile.TemporaryDirectory() as work:
                run([os.path.abspath(p) for p in programs], work)
        except vm.Unavailable as e:
            print(f'1..0 # SKIP {e}')
            return 0
    print(f'1..{count}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
