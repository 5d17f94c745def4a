#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The README's tour, executed: every command of its `console` blocks runs, and must print what the README says.

    test_tour.py             the test
    test_tour.py --write     runs the tour and writes what it printed into the README

Equal means equal but for runs of blanks and dashes, times ("in 1.2 s"), revisions, and the counts in what `drops` and
`status` print: a retried packet counts twice. A block with a line `...` shows a part: its other lines must come, in
this order. The tour has a lab of its own, and ./dev is told to use this build.
"""
import os
import re
import subprocess
import sys

import harness as h

README = os.path.join(h.ROOT, 'README.md')
LAB = 't-tour'
BLOCK = re.compile(r'```console\n(.*?)```', re.S)
ELIDED = '...'


def tour(text):
    """The section: where it begins and ends in the text."""
    start = text.index('\n## Five-minute tour')
    return start, text.index('\n## ', start + 4)


def steps(block):
    """[(command, lines that it is said to print)]"""
    out = []
    for line in block.splitlines():
        if line.startswith('# '):
            out.append((line[2:], []))
        elif out:
            out[-1][1].append(line)
    return out


def run(command):
    """What it prints on both channels, as at a terminal."""
    command = re.sub(r'\bbuild/escarp\b', h.ESCARP, command)
    env = {**os.environ, 'ESCARP_LAB': LAB, 'ESCARP_BUILD': h.BUILD}
    r = subprocess.run(['sh', '-c', command], cwd=h.ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, errors='replace', timeout=300)
    return [line.replace(h.ROOT, '/root/escarp').rstrip() for line in r.stdout.splitlines() if not noise(line)]


def noise(line):
    """What the build says on the way: not the tour's."""
    return line.startswith(('ninja: ', '[')) and ('no work' in line or 'Entering' in line or '/' in line)


def same(line, command):
    line = re.sub(r'[\s─-]+', ' ', line.replace(LAB, 'main')).strip()
    line = re.sub(r'\d+(\.\d+)? (ms|s)\b', 'N s', re.sub(r'([Rr]evision) \d+', r'\1 N', line))
    if re.search(r'escarp (drops|status)', command):
        line = re.sub(r'(?<=\s)\d+(?=\s|$)', 'N', line)
    return line


def differs(said, got, command):
    """'' when the output is what was said, else the first line that is not."""
    said, got = ([same(x, command) for x in lines if x.strip()] for lines in (said, got))
    if ELIDED not in said:
        pairs = [(a, b) for a, b in zip(said + [None] * len(got), got + [None] * len(said)) if a != b]
        return f'README: {pairs[0][0]}\nprinted: {pairs[0][1]}' if pairs else ''
    rest = iter(got)
    for line in said:
        if line != ELIDED and line not in rest:
            return f'README: {line}\nnot printed (in this order):\n' + '\n'.join(got)
    return ''


def walk(t):
    text = open(README, encoding='utf-8').read()
    begin, end = tour(text)
    commands = [s for block in BLOCK.findall(text[begin:end]) for s in steps(block)]
    t.ok(len(commands) >= 8, 'the tour has its commands', len(commands))
    for command, said in commands:
        wrong = differs(said, run(command), command)
        t.ok(not wrong, f'README: {command}', wrong)


def write():
    text = open(README, encoding='utf-8').read()
    begin, end = tour(text)

    def fill(match):
        lines = []
        for command, said in steps(match[1]):
            got = [x.replace(LAB, 'main') for x in run(command)]
            lines += ['# ' + command] + (said if ELIDED in said else got)
            print('\n'.join(['# ' + command] + got))
        return '```console\n' + '\n'.join(lines) + '\n```'
    section = BLOCK.sub(fill, text[begin:end])
    with open(README, 'w', encoding='utf-8') as f:
        f.write(text[:begin] + section + text[end:])


if __name__ == '__main__':
    lab = h.Lab(LAB)  # takes it down at the end, whatever happens
    if '--write' in sys.argv:
        write()
        lab.down()
    else:
        h.main([walk])
