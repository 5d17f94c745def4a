/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escarpd prober: asks the members of load balancers that live on this host whether they do.
 *
 * It runs without any privilege in a namespace of its own, from which the data path leads to the ports of this host and
 * to nothing else (bpf/stage/prober.h), and under a filter of system calls. Its list comes with the host's tables from the
 * store; what it finds goes to /run/health/K there, the one key that it may write. When it dies, that stays, and with it
 * what was last known; its successor goes on from there.
 */
#pragma once
#include <glib.h>

int prober_run(const char *lab, guint host);
