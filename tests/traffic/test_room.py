# SPDX-License-Identifier: Apache-2.0
"""Policies that a host has no room for: refused whole, with the previous network in force."""
import os

os.environ['ESCARP_POLICY_MIB'] = '1'
import harness as h  # noqa: E402 - the lab gets this environment

lab = h.Lab('t-room')


def network(count):
    """So many machines, each with a group of its own of 900 rules; 7000 is denied at each, 7001 open."""
    def group(k):
        return h.nsg(f'g{k}', h.rule('no', 100, 'Deny', dport='7000'), h.rule('yes', 101, 'Allow', dport='7001'),
                     *[h.rule(f'r{i}', 102 + i, 'Allow' if i % 2 else 'Deny', source=f'172.{16 + k}.{i >> 8}.{i & 255}/32', dport=str(20000 + i))
                       for i in range(900)])
    return h.template(*[group(k) for k in range(count)], h.vnet('net', '10.0.0.0/16', {'s': ('10.0.0.0/24', None)}),
                      *[h.vm(f'v{k}', 'net', 's', f'10.0.0.{4 + k}', group=f'g{k}') for k in range(count)])


def refused(t):
    r = lab.up(network(2))
    t.ok(r.returncode == 0, 'two such policies fit into 1 MiB', r.stderr)
    r = lab.up(network(8))
    t.ok(r.returncode == 1 and 'do not fit' in r.stderr and 'ESCARP_POLICY_MIB' in r.stderr, 'eight are refused, and it says why', r.stderr)
    t.eq([p['label'] for p in lab.status()['ports']], ['v0', 'v1'], 'the previous network is the one in force')
    lab.denied(t, 'what it denies', lambda: lab.tcp('v0', '10.0.0.5', 7000), 'v1', 'policy-in', 'g1/no')
    t.eq(lab.tcp('v0', '10.0.0.5', 7001), 'v1', 'what it allows passes')


h.main([refused])
