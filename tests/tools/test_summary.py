#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""summary.py counts what ran and trusts no silence; check_includes refuses what the architecture forbids."""
import contextlib, io, json, os, pathlib, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import summary  # noqa: E402

GOOD = 'ok 1 - a\nok 2 - b\n1..2\n'
CASES = [  # what the program printed, meson's result, (passed, failed, skipped)
    ('a failed line is a failure', 'ok 1 - a\nnot ok 2 - b\n1..2\n', 'FAIL', (1, 1, 0)),
    ('a death after good lines is a failure', GOOD, 'ERROR', (2, 1, 0)),
    ('a time-out half-way is one failure', 'ok 1 - a\n', 'TIMEOUT', (1, 1, 0)),
    ('a plan that is not kept is a failure', 'ok 1 - a\n1..2\n', 'ERROR', (1, 1, 0)),
    ('no output at all is a failure', '', 'SKIP', (0, 1, 0)),
    ('bailing out is a failure', 'Bail out! no kernel\n', 'ERROR', (0, 1, 0)),
    ('an expected failure is a failure', 'not ok 1 - a # TODO later\n1..1\n', 'OK', (0, 1, 0)),
    ('good lines pass', GOOD, 'OK', (2, 0, 0)),
    ('a plan at the top counts as well', '1..2\nok 1 /a\nok 2 /b\n', 'OK', (2, 0, 0)),
    ('a skipped line is not a pass', 'ok 1 - a # SKIP no corpus\nok 2 - b\n1..2\n', 'OK', (1, 0, 1)),
    ('a skipped program is one skip', '1..0 # SKIP needs root\n', 'SKIP', (0, 0, 1)),
]
number = failed = 0


def ok(good, name, why=''):
    global number, failed
    number, failed = number + 1, failed + (not good)
    print(f"{'ok' if good else 'not ok'} {number} - {name}" + (f'\n# {why}' if why and not good else ''))


def run_summary(paths):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = summary.main(paths)
    return code, out.getvalue().splitlines()


for name, stdout, result, want in CASES:
    count = summary.Count()
    summary.program('t', result, stdout, count)
    got = (count.passed, len(count.failed), len(count.skipped))
    ok(got == want, name, f'got {got}, want {want}')

with tempfile.TemporaryDirectory() as d:
    os.chdir(d)
    code, lines = run_summary(['build/meson-logs/unit.json'])
    ok(code == 1 and lines[-1] == '0 passed, 1 failed', 'no test at all is a failure', lines)
    code, lines = run_summary(['build/did-not-build'])
    ok(code == 1 and lines[-1] == '0 passed, 1 failed', 'a build that failed is a failure', lines)
    with open('x.json', 'w') as f:
        f.write(json.dumps({'name': 'escarp:unit / t', 'result': 'OK', 'stdout': GOOD}) + '\n')
    code, lines = run_summary(['x.json'])
    ok(code == 0 and lines[-1] == '2 passed, 0 failed', 'the last line is the count', lines)

    os.makedirs('b/meson-logs')
    os.makedirs('b/meson-info')
    with open('b/meson-info/intro-tests.json', 'w') as f:
        json.dump([{'name': n, 'suite': ['escarp:unit']} for n in ('t', 'u')], f)
    os.rename('x.json', 'b/meson-logs/unit.json')
    code, lines = run_summary(['b/meson-logs/unit.json'])
    ok(code == 1 and lines[-1] == '2 passed, 1 failed' and '  b: u: never ran' in lines,
       'a program that the runner never came to is a failure', lines)

    for place, include, good in (('src/lib/a.c', 'store/b.h', False), ('src/store/a.c', 'model/b.h', False),
                                 ('src/agent/a.c', 'cli/b.h', False), ('src/lib/a.c', 'bpf/b.h', False), ('bpf/a.c', 'lib/b.h', False),
                                 ('abi/a.h', 'lib/b.h', False), ('src/cli/a.c', 'store/b.h', True),
                                 ('src/explain/a.c', 'bpf/b.h', True), ('src/compile/a.c', 'abi/b.h', True)):
        with tempfile.TemporaryDirectory() as tree:
            for file, text in ((place, f'#include "{include}"\n'), *((f'{p}{n}/b.h', '') for p, n in (
                    ('src/', 'lib'), ('src/', 'store'), ('src/', 'model'), ('src/', 'cli'), ('', 'abi'), ('', 'bpf')))):
                path = pathlib.Path(tree, file)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            r = subprocess.run([HERE / 'check_includes', tree], capture_output=True, text=True)
            ok(r.returncode == (not good) and ('must not include' in r.stdout) != good, f"{place} {'may' if good else 'must not'} include {include}", r.stdout)
    os.chdir('/')
print(f'1..{number}')
sys.exit(bool(failed))
