#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./dev itself, in a copy of it among programs that only say what they were asked: what it installs, and how it ends."""
import os, pathlib, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAKES = {  # name: what it does; all of them write down how they were called
    'id': 'echo ${FAKE_UID:-0}', 'dpkg-query': 'for p; do :; done; case " $FAKE_MISSING " in *" $p "*) exit 1;; *) printf installed;; esac',
    'apt-get': 'exit ${FAKE_APT:-0}', 'meson': 'exit ${FAKE_MESON:-0}', 'ninja': 'exit 0',
}
number = failed = 0


def ok(good, name, why=''):
    global number, failed
    number, failed = number + 1, failed + (not good)
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    for line in str(why).splitlines() if not good else ():
        print(f'# {line}')


def dev(*args, cwd='/', **env):
    calls.write_text('')
    r = subprocess.run([tree / 'dev', *args], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                       env={'PATH': f'{tree}/fake:{os.environ["PATH"]}', **{k.upper(): v for k, v in env.items()}})
    return r, calls.read_text()


with tempfile.TemporaryDirectory() as folder:
    tree, calls = pathlib.Path(folder), pathlib.Path(folder, 'calls')
    shutil.copy(ROOT / 'dev', tree)
    shutil.copytree(ROOT / 'tests' / 'tools', tree / 'tests' / 'tools')
    (tree / 'fake').mkdir()
    for name, does in FAKES.items():
        (tree / 'fake' / name).write_text(f'#!/bin/sh\n[ {name} = id ] || [ {name} = dpkg-query ] || echo "{name} $*" >>{calls}\n{does}\n')
        (tree / 'fake' / name).chmod(0o755)

    r, _ = dev('nonsense')
    ok(r.returncode == 1 and "no command 'nonsense'" in r.stderr, 'an unknown command fails and says so', r.stderr)
    for command in ('run', 'check', 'stop', 'bench'):
        r, did = dev(command, fake_uid='1000')
        ok(r.returncode == 1 and 'needs root' in r.stderr and not did, f'{command} refuses without root, and touches nothing', r.stderr + did)
    r, did = dev('unit', fake_uid='1000', fake_missing='ninja-build')
    ok(r.returncode == 1 and 'missing: ninja-build' in r.stderr and not did, 'without root a missing package is named, not installed', r.stderr + did)
    r, did = dev('check', fake_missing='ninja-build libbpf-dev', fake_apt='100')
    ok(r.returncode == 1 and 'apt-get update failed' in r.stderr and 'meson' not in did, 'no package lists: it ends there', r.stderr + did)
    r, did = dev('check', fake_missing='ninja-build libbpf-dev')
    ok(did.splitlines()[:2] == ['apt-get update -q', 'apt-get install -q -y --no-install-recommends ninja-build libbpf-dev'],
       'exactly what is missing is installed', did)
    r, did = dev('check')
    ok('apt-get' not in did, 'nothing missing: the package system is left alone', did)
    ok(r.returncode == 1 and r.stdout.splitlines()[-1] == '0 passed, 1 failed', 'no test ran: the last line says failure', r.stdout)
    r, did = dev('check', fake_meson='1')
    ok(r.returncode == 1 and r.stdout.splitlines()[-1] == '0 passed, 2 failed', 'neither build succeeds: two failures', r.stdout)
    r, _ = dev('help')
    words = ['run', 'check', 'stop', 'unit', 'bench', 'fuzz', 'fmt', 'help']
    ok(r.returncode == 0 and all(f'./dev {w}' in r.stdout for w in words), 'help names every command', r.stdout)
    os.symlink(tree / 'dev', tree / 'fake' / 'link')
    r = subprocess.run([tree / 'fake' / 'link'], capture_output=True, text=True)
    ok(r.returncode == 0 and './dev check' in r.stdout, 'works through a symbolic link, and without a command', r.stderr)
    r, _ = dev('stop', escarp_lab='t-nothing')
    ok(r.returncode == 0 and 'Nothing runs' in r.stderr, 'stop where nothing was ever started', r.stderr)
print(f'1..{number}')
sys.exit(bool(failed))
