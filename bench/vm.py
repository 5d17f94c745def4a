#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vm.tcp, vm.pps, vm.cps, vm.rr: from guest to guest of one host, beside what else may lie between them (paths.py).

    bench/vm.py [--quick] [--only PATH,...] [--what tcp,...]

Client and server keep to a processor each. All paths stand at the same time and take turns, measure by measure and run by
run, so that whatever the machine does hits all of them; values are medians. A sample during which others had a part of
the processors is taken again, and if that does not end, the least disturbed one stands and is told of.
"""
import argparse, json, os, statistics, sys, time

import paths

MEASURES = {  # unit, decimals, is more better
    'tcp': ('Gbit/s', 2, True),
    'pps': ('packets/s', 0, True),
    'cps': ('connections/s', 0, True),
    'rr': ('us', 1, False),
    'rr.p99': ('us', 1, False),
}
# measure, peer, what Escarp's value may be of the peer's at the worst
BOUNDS = (('tcp', 'redirect_peer', 0.95), ('pps', 'redirect_peer', 0.80), ('cps', 'redirect_peer', 0.90), ('rr', 'redirect_peer', 1.10),
          ('pps', 'nftables', 1), ('pps', 'ovs', 1), ('cps', 'nftables', 1), ('cps', 'ovs', 1))
TOLERATED = 0.02  # of all processors' time: what comes of rounding, and the machine's own small things
TICKS = os.sysconf('SC_CLK_TCK')


def descends(pid, parents, roots):
    while pid and pid not in roots:
        pid = parents.get(pid, 0)
    return bool(pid)


def processor_time():
    """{pid: (parent, ticks with those of its children that ended)}; kernel threads work for those who are measured."""
    out = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            words = open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()
        except OSError:
            continue
        if pid != '2' and words[1] != '2':
            out[int(pid)] = (int(words[1]), sum(map(int, words[11:15])))
    return out


def steal():
    return int(open('/proc/stat').readline().split()[8])


class Watch:
    """The share of all processors' time that went to others between its making and foreign()."""
    def __init__(self, own):
        self.own = own | {os.getpid()}
        self.begin, self.stolen, self.before = time.monotonic(), steal(), processor_time()

    def foreign(self):
        after = processor_time()
        parents = {pid: parent for pid, (parent, _) in after.items()}
        ticks = sum(now - self.before.get(pid, (0, 0))[1] for pid, (_, now) in after.items()
                    if not descends(pid, parents, self.own))
        return max(0, ticks + steal() - self.stolen) / ((time.monotonic() - self.begin) * TICKS * os.cpu_count())


def sample(path, what, seconds, tries):
    """The figures of the least disturbed try, and the share that it was disturbed by."""
    best = None
    path.pause(False)
    for _ in range(tries):
        watch = Watch(path.pids())
        try:
            figures = path.measure(what, seconds)
        except RuntimeError as e:
            print(f'# taken again: {e}', file=sys.stderr)
            continue
        tried = (watch.foreign(), figures)
        best = min(best or tried, tried, key=lambda t: t[0])
        if best[0] <= TOLERATED:
            break
    path.pause(True)
    if not best:
        raise RuntimeError(f'{path.name}: no figure for {what}')
    return best[1], best[0]


def measure(all_paths, wanted, runs, seconds, tries):
    """{measure: {path: [values]}}, and of each measure how many samples were disturbed."""
    got, disturbed = {}, dict.fromkeys(MEASURES, 0)
    for run in range(runs):
        for what in wanted:
            for path in all_paths[run % len(all_paths):] + all_paths[:run % len(all_paths)]:
                figures, foreign = sample(path, what, seconds, tries)
                for name, figure in zip((what, what + '.p99') if what == 'rr' else (what,), figures):
                    got.setdefault(name, {}).setdefault(path.name, []).append(figure)
                    disturbed[name] += foreign > TOLERATED
    return got, disturbed


def bounds(what, medians):
    for _, peer, bound in (b for b in BOUNDS if b[0] == what and b[1] in medians):
        ratio, more = medians['escarp'] / medians[peer], MEASURES[what][2]
        held = ratio >= bound if more else ratio <= bound
        yield f"{'holds' if held else 'MISSED'}: vm.{what} is {ratio:.2f} of {peer}, bound {'at least' if more else 'at most'} {bound:.2f}"


def report(got, runs, disturbed):
    for what, by in got.items():
        unit, decimals, _ = MEASURES[what]
        medians = {name: statistics.median(values) for name, values in by.items()}
        for name, each in by.items():
            print(f'# vm.{what} {name}: ' + ' '.join(f'{v:.{decimals}f}' for v in each), file=sys.stderr)
        if 'escarp' in medians:
            values = {name: round(v, decimals or None) for name, v in medians.items()}
            print(json.dumps({'name': f'vm.{what}', 'value': values.pop('escarp'), 'unit': unit, 'beside': values, 'runs': runs,
                              'disturbed': disturbed[what], 'bounds': list(bounds(what, medians))}))
    if any(disturbed.values()):
        print(f'samples that stand although others had more than {TOLERATED:.0%} of the processors: {disturbed}', file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--quick', action='store_true', default='ESCARP_QUICK' in os.environ, help='few short runs, and disturbed ones stand: for work on it')
    parser.add_argument('--only', default='', help='these paths')
    parser.add_argument('--what', default='tcp,pps,cps,rr', help='these measures')
    args = parser.parse_args()
    runs, seconds, tries = (3, 0.3, 3) if args.quick else (7, 1.5, 6)
    classes = [c for c in paths.ALL if not args.only or c.name in args.only.split(',')]
    up = []
    try:
        for make in classes:
            up.append(make())
            up[-1].pause(True)
        got, disturbed = measure(up, args.what.split(','), runs, seconds, tries)
        report(got, runs, disturbed)
    finally:
        for path in reversed(up):
            path.down()


if __name__ == '__main__':
    main()
