#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs libFuzzer targets for a while each.

    fuzz.py BUILD [SECONDS [TARGET]]     60 seconds; TARGET: only targets whose name contains it

What it learns is kept in BUILD/corpus/NAME and used the next time; an input that breaks a target is kept as
BUILD/crash-NAME-* and repeated by `BUILD/tests/fuzz/fuzz_NAME FILE`.
"""
import glob, os, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main(build, seconds='60', wanted=''):
    targets = [p for p in sorted(glob.glob(os.path.join(build, 'tests', 'fuzz', 'fuzz_*')))
               if os.path.isfile(p) and os.access(p, os.X_OK) and wanted in os.path.basename(p)]
    broken = []
    for path in targets:
        name = os.path.basename(path).removeprefix('fuzz_')
        learnt = os.path.join(build, 'corpus', name)
        os.makedirs(learnt, exist_ok=True)
        print(f'== {name}, {seconds} s', flush=True)
        made = os.path.join(build, 'tests', 'fuzz', 'corpus', name)
        seeds = made if os.path.isdir(made) else os.path.join(ROOT, 'tests', 'fuzz', 'corpus', name)
        done = subprocess.run([path, learnt, seeds, f'-max_total_time={seconds}',
                               f'-artifact_prefix={build}/crash-{name}-', '-rss_limit_mb=4096', '-timeout=20', '-print_final_stats=1'])
        broken += [name] if done.returncode else []
    print(f'{len(targets) - len(broken)} of {len(targets)} targets held' + ''.join(f'\nbroken: {n}' for n in broken))
    return 1 if broken or not targets else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
