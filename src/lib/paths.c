/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/paths.h"

#include <string.h>

#define RUN_ROOT     "/run/escarp"
#define STATE_ROOT   "/var/lib/escarp"
#define LOG_ROOT     "/var/log/escarp"
#define LAB_NAME_MAX 12

gboolean paths_lab_valid(const char *lab)
{
	gsize n = strlen(lab);

	return n > 0 && n <= LAB_NAME_MAX && strspn(lab, "abcdefghijklmnopqrstuvwxyz0123456789-") == n && lab[0] != '-';
}

char *paths_run(const char *lab, const char *leaf)
{
	return g_build_filename(RUN_ROOT, lab, leaf, NULL);
}

char *paths_state(const char *lab, const char *leaf)
{
	return g_build_filename(STATE_ROOT, lab, leaf, NULL);
}

/* Beside the lab's directory: it outlives it, and no lab's name has a dot. */
char *paths_turn(const char *lab)
{
	return g_strdup_printf(RUN_ROOT "/%s.turn", lab);
}

char *paths_control_socket(const char *lab)
{
	return paths_run(lab, "controller/control.sock");
}

char *paths_store_socket(const char *lab)
{
	return paths_run(lab, "controller/store.sock");
}

char *paths_lab_socket(const char *lab)
{
	return paths_run(lab, "lab.sock");
}

char *paths_agent_socket(const char *lab, guint host)
{
	return g_strdup_printf(RUN_ROOT "/%s/agent-%u/agent.sock", lab, host);
}

char *paths_logs(const char *lab)
{
	return g_build_filename(LOG_ROOT, lab, NULL);
}

char *paths_flow_log(const char *lab, guint host)
{
	return g_strdup_printf(LOG_ROOT "/%s/h%u", lab, host);
}

char *paths_bpf(const char *lab, guint host)
{
	return g_strdup_printf(RUN_ROOT "/%s/bpf/h%u", lab, host);
}

char *paths_netns_prefix(const char *lab)
{
	return g_strdup_printf("esc.%s.", lab);
}

char *paths_netns_host(const char *lab, guint host)
{
	return g_strdup_printf("esc.%s.h%u", lab, host);
}

char *paths_netns_fabric(const char *lab, guint host)
{
	return g_strdup_printf("esc.%s.h%u.fabric", lab, host);
}

char *paths_netns_prober(const char *lab, guint host)
{
	return g_strdup_printf("esc.%s.h%u.prober", lab, host);
}

char *paths_netns_internet(const char *lab)
{
	return g_strdup_printf("esc.%s.internet", lab);
}

/* The VM's own name for people, and 96 bits of a hash of its whole id: two groups may hold the same name, and nobody may
 * choose a group name that leads into another's namespace. */
char *paths_netns_instance(const char *lab, const char *vm_id)
{
	g_autofree char *lower = g_ascii_strdown(vm_id, -1);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, lower, -1);
	const char *slash = strrchr(lower, '/');
	g_autofree char *name = g_strndup(slash ? slash + 1 : lower, 40);

	g_strcanon(name, "abcdefghijklmnopqrstuvwxyz0123456789-_", '_');
	return g_strdup_printf("esc.%s.i.%s-%.24s", lab, name, hash);
}

char *paths_netns_file(const char *netns)
{
	return g_build_filename("/run/netns", netns, NULL);
}
