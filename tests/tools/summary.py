#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the TAP lines of meson's test logs: skipped tests with their reasons, failed ones, and as the last line
"N passed, N failed[, N skipped]".

    summary.py LOG...      LOG: DIR/meson-logs/SUITE.json as `meson test --logbase SUITE` writes it

Counts what ran, and trusts no silence: a program that dies, times out, breaks its plan or runs no test at all is one
failure, and so are a program of the suite that the log does not have (the runner died on the way) and a run without a
single test. A suite without programs writes no log: it is said, and fails nothing else, because the total must not be zero.
"""
import json, os, re, sys

LINE = re.compile(r'^(ok|not ok)\b\s*(\d+)?\s*(?:-\s*)?(.*)$')
PLAN = re.compile(r'^1\.\.(\d+)(?:\s*#\s*SKIP\S*\s*(.*))?$', re.I)
SKIP = re.compile(r'(?:^|\s)#\s*SKIP\S*\s*(.*)$', re.I)


class Count:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []


def program(name, result, stdout, count):
    """One test program: its TAP lines into the count, then what the lines do not say."""
    ran = failed = 0
    plan = None
    for line in stdout.splitlines():
        if m := PLAN.match(line):
            plan = int(m[1])
            if plan == 0:
                count.skipped.append((name, m[2] or 'no reason given'))
        elif m := LINE.match(line):
            ran += 1
            if m[1] == 'not ok':
                failed += 1
                count.failed.append(f'{name}: {m[3]}')
            elif skip := SKIP.search(m[3]):
                count.skipped.append((f'{name}: {m[3][:skip.start()].strip()}', skip[1] or 'no reason given'))
            else:
                count.passed += 1
        elif line.startswith('Bail out!'):
            count.failed.append(f'{name}: {line}')
            return
    if plan is None or (plan and plan != ran):
        failed += 1
        count.failed.append(f'{name}: planned {plan} tests, ran {ran} ({result.lower()})')
    if result not in ('OK', 'SKIP') and not failed:
        count.failed.append(f'{name}: {result.lower()}')


def expected(path, suite):
    """Names of the suite's programs, as often as the build declares them."""
    try:
        with open(os.path.join(os.path.dirname(path), '..', 'meson-info', 'intro-tests.json'), encoding='utf-8') as f:
            return [t['name'] for t in json.load(f) if any(s.split(':')[-1] == suite for s in t['suite'])]
    except OSError:
        return []


def log(path, count):
    build, suite = path.split(os.sep)[0], os.path.basename(path).removesuffix('.json')
    missing = expected(path, suite)
    try:
        lines = open(path, encoding='utf-8').read().splitlines()
    except OSError:
        lines = []
        if suite == 'did-not-build':
            count.failed.append(f'{build}: did not build')
        elif not missing:
            print(f'# {build}: suite {suite} has no tests')
    for line in lines:
        t = json.loads(line)
        short = t['name'].split(' / ')[-1].split(':')[-1]
        if short in missing:
            missing.remove(short)
        program(f'{build}: {short}', t['result'], t.get('stdout', ''), count)
    count.failed += [f'{build}: {name}: never ran' for name in missing]


def main(paths):
    count = Count()
    for path in paths:
        log(path, count)
    if not count.passed and not count.failed:
        count.failed.append('no test ran')
    if count.skipped:
        print('\nSkipped:')
        for name, why in count.skipped:
            print(f'  {name}: {why}')
    if count.failed:
        print('\nFailed:')
        for name in count.failed:
            print(f'  {name}')
    print()
    skipped = f', {len(count.skipped)} skipped' if count.skipped else ''
    print(f'{count.passed} passed, {len(count.failed)} failed{skipped}')
    return 1 if count.failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
