/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab: a small fleet on one machine, in namespaces, with everything that Escarp runs on one.
 *
 * Its supervisor is the only process with CAP_SYS_ADMIN. It builds the wires (wire.h), runs controller, agents and echo
 * with their privileges (spawn.h), and plugs instances for the agents over run/lab.sock. It reads nothing from any
 * network. Killed at any moment it leaves enforcement in force (pins), and the next one adopts what is there.
 * Everything the lab makes is found again by its name alone, so taking it down needs no process of it to be alive.
 */
#pragma once
#include <glib.h>

#define LAB_MAX_HOSTS 16

/* The supervisor itself (role "lab"); returns an exit code. */
int lab_run(const char *lab, guint hosts);

/* For the CLI: starts the supervisor as a daemon and waits until the controller answers. Running already: no error,
 * unless with another number of hosts. */
gboolean lab_start(const char *lab, guint hosts, GError **error);
/* Removes everything that carries the lab's mark, whatever of it is alive; nothing there is no error. */
gboolean lab_teardown(const char *lab, GError **error);
