# SPDX-License-Identifier: Apache-2.0
"""Templates written by others: every one plans or is refused with its reason, and each with 1 to 12 instances comes up and
agrees with the oracle, probed from the Internet and from each VM. Reads ../shared/corpus/arm where it is."""
import concurrent.futures
import glob
import json
import os
import queue
import subprocess

import harness as h

CORPUS = os.path.join(h.SHARED, 'corpus', 'arm')
UP_AT_LEAST, MOST_INSTANCES = 30, 12
LABS = queue.Queue()  # two at a time: each waits most of its time for silence
for n in range(2):
    LABS.put(f't-corpus{n}')


def arguments(folder):
    template = os.path.join(folder, 'azuredeploy.json')
    parameters = os.path.join(folder, 'azuredeploy.parameters.json')
    return [template, '--fill-missing'] + (['--parameters', parameters] if os.path.exists(parameters) else [])


def plan(folder):
    return subprocess.run([h.ESCARP, 'plan', *arguments(folder), '--json'], capture_output=True, text=True, timeout=60)


def bring_up(which):
    """What `up` and `probe` of a template answered; the second None when it did not come up."""
    folder, _ = which
    name = LABS.get()
    lab = h.Lab(name)
    try:
        r = lab.escarp('up', *arguments(folder))
        return r, lab.escarp('probe', '--json', timeout=300) if r.returncode == 0 else None
    finally:
        lab.down()
        LABS.put(name)


def corpus(t):
    folders = sorted(glob.glob(os.path.join(CORPUS, '*', '')))
    if not folders:
        t.skip('templates of the corpus', 'needs ../shared/corpus/arm')
        return
    with_vms, wanting, planned = [], [], 0
    for folder in folders:
        name = os.path.basename(folder[:-1])
        r = plan(folder)
        if r.returncode == 0:
            planned += 1
            out = json.loads(r.stdout)
            if 1 <= len(out['instances']) <= MOST_INSTANCES:
                (wanting if out['assumed'] else with_vms).append((folder, name))
        else:
            t.ok(r.returncode == 2 and r.stderr.startswith('escarp: '), f'{name} is refused with a reason', r.stderr[:500])
            print(f'# refused: {name}: {r.stderr.splitlines()[0] if r.stderr else ""}')
    t.ok(planned == len(folders), f'{planned} of {len(folders)} templates plan')
    t.ok(len(with_vms) >= UP_AT_LEAST, f'{len(with_vms)} of them have instances (at least {UP_AT_LEAST})')
    for folder, name in wanting:  # what plan assumes to exist is not there: nothing comes up, and it is said why
        lab = h.Lab('t-corpus')
        r = lab.escarp('up', *arguments(folder))
        t.ok(r.returncode == 2 and 'no document declares' in r.stderr, f'{name} needs what is not there, and is refused', r.stdout + r.stderr)
        lab.down()
    up = 0
    with concurrent.futures.ThreadPoolExecutor(LABS.qsize()) as pool:
        answers = list(pool.map(bring_up, with_vms))
    for (_, name), (r, p) in zip(with_vms, answers):
        if not t.ok(r.returncode == 0, f'{name} comes up', r.stdout + r.stderr):
            continue
        result = json.loads(p.stdout) if p.stdout.startswith(('{', '[')) else {}
        t.ok(p.returncode == 0 and result.get('attempts', 0) > 0 and not result.get('mismatches'),
             f'{name}: {result.get("attempts")} attempts agree with the oracle', p.stderr[:500] + json.dumps(result.get('mismatches'))[:1500])
        up += 1
    t.ok(up >= UP_AT_LEAST, f'{up} templates with instances came up (at least {UP_AT_LEAST})')


h.main([corpus])
