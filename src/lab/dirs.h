/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's directories: each role may write in its own and in no other.
 *
 *   run/            root          run/log, run/pids   root
 *   run/controller  controller    its sockets
 *   run/agent-K     agent K       its socket
 *   run/bpf         bpffs; run/bpf/hK: agent K's pins, closed to everybody else
 *   state/          controller    the store, closed to everybody else
 */
#pragma once
#include <glib.h>

/* Makes what is missing and takes the lab's lock. Returns the lock, to be held open while the supervisor lives; -1 on
 * failure, also when another supervisor holds it or the lab exists with another number of hosts. */
int dirs_prepare(const char *lab, guint hosts, GError **error);
/*
 * Starting a lab and taking it down exclude each other: who wants either waits for its turn, at most so long. Returns
 * what dirs_end_turn takes; -1 on failure. The file stays with the lab and goes with it.
 */
int dirs_take_turn(const char *lab, guint seconds, GError **error);
void dirs_end_turn(const char *lab, int turn);
/* The number of hosts of an existing lab; 0: none is there. */
guint dirs_hosts(const char *lab);
/* Removes run and state directories and the bpffs with its pins. */
gboolean dirs_remove(const char *lab, GError **error);
