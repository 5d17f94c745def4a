# SPDX-License-Identifier: Apache-2.0
"""A virtual machine for tests: Debian 12's own kernel, a busybox, and what the test puts in.

The kernel is the package that `linux-image-cloud-amd64` names, downloaded once into BUILD/kernel61 and unpacked there,
never installed. There is no disk: everything is in an initramfs that is written here, byte for byte, because the
format is simpler than the program that makes it. QEMU runs without KVM (plain TCG), so it works where nested
virtualization does not.
"""
import gzip, os, re, shutil, subprocess

META = 'linux-image-cloud-amd64'
QEMU = 'qemu-system-x86_64'


class Unavailable(Exception):
    """The machine cannot be had here; the text says why. Tests skip with it."""


def kernel(build):
    """(vmlinuz, modules directory). Downloads on first use."""
    for tool in (QEMU, 'apt-get', 'dpkg-deb'):
        if not shutil.which(tool):
            raise Unavailable(f'{tool} is not installed')
    home = os.path.join(build, 'kernel61')
    root = os.path.join(home, 'root')
    if not os.path.exists(os.path.join(home, 'complete')):
        os.makedirs(root, exist_ok=True)
        package = _image_package()
        quiet = dict(capture_output=True, text=True, cwd=home)
        got = subprocess.run(['apt-get', '-q', '-o', 'APT::Sandbox::User=root', 'download', package], **quiet)
        debs = [f for f in os.listdir(home) if f.endswith('.deb')]
        if got.returncode or not debs:
            raise Unavailable(f'cannot download {package}: {(got.stderr.strip().splitlines() or ["?"])[-1]}')
        subprocess.run(['dpkg-deb', '-x', debs[0], root], check=True, **quiet)
        os.unlink(os.path.join(home, debs[0]))
        open(os.path.join(home, 'complete'), 'w').close()
    image = next(f for f in os.listdir(os.path.join(root, 'boot')) if f.startswith('vmlinuz-'))
    return os.path.join(root, 'boot', image), os.path.join(root, 'lib', 'modules', image.removeprefix('vmlinuz-'))


def _image_package():
    out = subprocess.run(['apt-cache', 'depends', META], capture_output=True, text=True).stdout
    m = re.search(r'Depends: (linux-image-6\.1\.\S+)', out)
    if not m:
        raise Unavailable(f'the package lists have no {META} with a 6.1 kernel (apt-get update?)')
    return m[1]


def _module_order(modules, names):
    """Files of the named modules, each after those that it needs."""
    files = {}
    for folder, _, leaves in os.walk(os.path.join(modules, 'kernel')):
        files.update({f.removesuffix('.ko').replace('-', '_'): os.path.join(folder, f) for f in leaves if f.endswith('.ko')})
    order = []

    def need(name):
        path = files[name.replace('-', '_')]
        if path not in order:
            depends = re.search(rb'\0depends=([^\0]*)\0', open(path, 'rb').read())
            for other in filter(None, depends[1].decode().split(',') if depends else []):
                need(other)
            order.append(path)
    for name in names:
        need(name)
    return order


def libraries(program):
    """The shared objects of a dynamic program, with its loader."""
    out = subprocess.run(['ldd', program], capture_output=True, text=True).stdout
    return re.findall(r'(/\S+) \(0x', out)


class Initramfs:
    """Files for the machine's memory: a newc archive, gzipped."""

    def __init__(self):
        self.parts, self.inode, self.known = [], 1, {''}

    def _entry(self, name, mode, data=b''):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b'070701' + b''.join(b'%08X' % f for f in fields) + name.encode() + b'\0'
        self.parts += [head, b'\0' * (-len(head) % 4), data, b'\0' * (-len(data) % 4)]

    def folder(self, name):
        name = name.strip('/')
        if name not in self.known:
            self.folder(os.path.dirname(name))
            self.known.add(name)
            self._entry(name, 0o40755)

    def data(self, name, data, mode=0o644):
        name = name.strip('/')
        if name not in self.known:
            self.folder(os.path.dirname(name))
            self.known.add(name)
            self._entry(name, 0o100000 | mode, data)

    def link(self, name, target):
        self.folder(os.path.dirname(name.strip('/')))
        self._entry(name.strip('/'), 0o120777, target.encode())

    def file(self, source, name=None):
        with open(source, 'rb') as f:
            self.data(name or source, f.read(), 0o755)

    def program(self, source, name=None):
        """A program of this machine with its libraries, all where they are here."""
        self.file(source, name)
        for library in libraries(source):
            self.file(library)

    def busybox(self):
        path = next((p for p in ('/usr/bin/busybox', '/bin/busybox') if os.path.exists(p)), None)
        if not path:
            raise Unavailable('busybox is not installed')
        self.program(path, '/bin/busybox')
        for name in ('proc', 'sys', 'dev', 'tmp', 'run', 'etc', 'root'):
            self.folder(name)

    def modules(self, directory, names):
        """Adds modules and returns the shell lines that load them."""
        lines = []
        for path in _module_order(directory, names):
            self.file(path, '/modules/' + os.path.basename(path))
            lines.append(f'insmod /modules/{os.path.basename(path)}')
        return '\n'.join(lines)

    def init(self, script):
        self.data('/init', ('#!/bin/busybox sh\n/bin/busybox --install -s /bin\nexport PATH=/bin\n'
                            'mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev\n'
                            'mount -t bpf bpf /sys/fs/bpf\n' + script +
                            '\nsync; poweroff -f\n').encode(), 0o755)

    def write(self, path):
        self._entry('TRAILER!!!', 0)
        with gzip.open(path, 'wb', compresslevel=1) as f:
            f.writelines(self.parts)


def command(vmlinuz, initrd, memory=1024, append='', extra=()):
    """The machine as a command line: its serial console is standard output, a panic or a reboot ends it."""
    return [QEMU, '-accel', 'tcg', '-cpu', 'max', '-m', str(memory), '-nographic', '-no-reboot', '-nodefaults',
            '-serial', 'stdio', '-kernel', vmlinuz, '-initrd', initrd,
            '-append', f'console=ttyS0 panic=-1 loglevel=4 {append}'.strip(), *extra]
