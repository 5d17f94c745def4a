/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a lab keeps its things, and how everything it makes is marked.
 *
 * A lab has a name (default "main", from --lab or ESCARP_LAB; [a-z0-9-], at most 12). Everything of it carries the
 * name: /run/escarp/NAME/                 sockets, pids, logs, bpffs: gone after a reboot /var/lib/escarp/NAME/store.db
 * the documents network namespaces esc.NAME.*     visible to `ip netns` so that taking it down removes exactly that,
 * whatever died before.
 *
 * Namespaces: esc.NAME.hK ports, uplink and overlay device of host K (no addresses); esc.NAME.hK.fabric its underlay;
 * esc.NAME.hK.prober its prober;
 * esc.NAME.fabric the wire between hosts (a bridge); esc.NAME.internet the outside; esc.NAME.i.VM-HASH an instance.
 * Devices in hK: pN (port number N), uplink0, overlay0, prober0. In an instance: eth0, eth1 ... by NIC order.
 *
 * All results are newly allocated; the caller frees.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

#define PATHS_DEFAULT_LAB "main"
/* Fixed, unallocated ids: a daemon's privileges are its number, no account is added to the machine. */
#define UID_CONTROLLER   ((uid_t)61201)
#define UID_ECHO         ((uid_t)61202)
#define UID_AGENT(host)  ((uid_t)(61210 + (host)))
#define UID_PROBER(host) ((uid_t)(61310 + (host)))

gboolean paths_lab_valid(const char *lab);
char *paths_run(const char *lab, const char *leaf);    /* /run/escarp/LAB[/leaf]; leaf may be NULL */
char *paths_state(const char *lab, const char *leaf);  /* /var/lib/escarp/LAB[/leaf] */
char *paths_turn(const char *lab);                     /* the lock of who starts the lab or takes it down */
char *paths_control_socket(const char *lab);           /* run/controller/control.sock */
char *paths_store_socket(const char *lab);             /* run/controller/store.sock */
char *paths_lab_socket(const char *lab);               /* run/lab.sock */
char *paths_agent_socket(const char *lab, guint host); /* run/agent-K/agent.sock */
char *paths_logs(const char *lab);                     /* /var/log/escarp/LAB */
char *paths_flow_log(const char *lab, guint host);     /* /var/log/escarp/LAB/hK */
char *paths_bpf(const char *lab, guint host);          /* run/bpf/hK: pins of one host */
char *paths_netns_prefix(const char *lab);             /* "esc.LAB." */
char *paths_netns_host(const char *lab, guint host);
char *paths_netns_fabric(const char *lab, guint host);
char *paths_netns_prober(const char *lab, guint host);
char *paths_netns_internet(const char *lab);
char *paths_netns_instance(const char *lab, const char *vm_id); /* case of the id does not matter */
char *paths_netns_file(const char *netns);                      /* /run/netns/... */
