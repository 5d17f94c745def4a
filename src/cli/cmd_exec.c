/* SPDX-License-Identifier: Apache-2.0 */
/* escarp exec: a command where an instance, a host or the Internet is. It replaces this process. */
#include "cli/commands.h"
#include "cli/live.h"
#include "cli/report.h"
#include "lab/netns.h"
#include "lab/outside.h"
#include "lib/paths.h"
#include "model/life.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define EXIT_CANNOT_RUN 126
#define EXIT_NO_COMMAND 127

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean fail(GError **error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (error)
		*error = g_error_new_valist(CLI_ERROR, CLI_USAGE, format, ap);
	va_end(ap);
	return FALSE;
}

static gboolean enter_named(const char *lab, const char *netns, GError **error)
{
	if (!netns_exists(netns))
		return fail(error, "lab %s has no namespace %s (is it up? see `escarp status`)", lab, netns);
	return netns_enter(netns, error);
}

static gboolean enter_internet(const struct invocation *i, GError **error)
{
	g_autofree char *netns = paths_netns_internet(i->lab);

	if (!netns_exists(netns))
		return fail(error, "lab %s is not running (start it with `escarp up`)", i->lab);
	return outside_enter(i->lab, option_text(i, "as", NULL), error);
}

static gboolean enter_host(const struct invocation *i, const char *number, GError **error)
{
	g_autofree char *netns = NULL;
	guint64 host;

	if (!g_ascii_string_to_unsigned(number, 10, 0, CLI_MAX_HOSTS - 1, &host, NULL))
		return fail(error, "'host/%.20s': must be host/0, host/1, ...", number);
	netns = paths_netns_host(i->lab, (guint)host);
	return enter_named(i->lab, netns, error);
}

/* The port that the controller lists for a VM's first card; NULL when it has none. */
static const struct node *first_port(const struct live *l, const struct vm *vm)
{
	const struct node *ports = node_get(l->status, "ports");
	const struct nic *nic = vm->nics->len ? g_ptr_array_index(vm->nics, 0) : NULL;

	for (guint k = 0; nic && k < node_length(ports); k++)
		if (g_ascii_strcasecmp(node_get_str(node_item(ports, k), "id", ""), nic->noun.id) == 0)
			return node_item(ports, k);
	return NULL;
}

static void export_guest(const struct node *port, const struct nic *nic)
{
	g_autofree char *device = g_strdup_printf("p%u", (guint)node_integer(node_get(port, "number"), 0));
	const struct ip_config *c = g_ptr_array_index(nic->configs, 0);
	struct prefix subnet = g_array_index(c->subnet->prefixes, struct prefix, 0);
	const char *address = node_str(node_item(node_get(port, "addresses"), 0), "");
	g_autofree char *gateway = ip_format(subnet.addr + 1);
	g_autofree char *length = g_strdup_printf("%u", subnet.length);

	g_setenv("ESCARP_TAP", device, TRUE);
	g_setenv("ESCARP_MAC", node_get_str(port, "mac", ""), TRUE);
	g_setenv("ESCARP_ADDRESS", address, TRUE);
	g_setenv("ESCARP_PREFIX", length, TRUE);
	g_setenv("ESCARP_GATEWAY", gateway, TRUE);
}

static gboolean enter_instance(const struct invocation *i, const char *name, GError **error)
{
	g_autoptr(live) l = live_open(i->lab, error);
	struct vm *vm = l ? graph_find_vm(l->graph, name, error) : NULL;
	const struct node *port = vm ? first_port(l, vm) : NULL;
	g_autofree char *netns = NULL;

	if (!vm)
		return FALSE;
	if (vm->state != VM_RUNNING)
		return fail(error, "%s is %s (`escarp vm start %s` starts it)", name, vm_state_name(vm->state), name);
	if (!port)
		return fail(error, "%s has no port in force", name);
	if (!node_truth(node_get(port, "tap"), FALSE)) {
		netns = paths_netns_instance(i->lab, vm->noun.id);
		return enter_named(i->lab, netns, error);
	}
	export_guest(port, g_ptr_array_index(vm->nics, 0));
	netns = paths_netns_host(i->lab, (guint)node_integer(node_get(port, "host"), 0));
	return enter_named(i->lab, netns, error);
}

static gboolean enter(const struct invocation *i, const char *who, GError **error)
{
	if (strcmp(who, "internet") == 0)
		return enter_internet(i, error);
	if (g_str_has_prefix(who, "host/"))
		return enter_host(i, who + 5, error);
	return enter_instance(i, who, error);
}

int cmd_exec(const struct invocation *i)
{
	const char *who = g_ptr_array_index(i->arguments, 0);
	char **command = (char **)i->trailing->pdata;
	g_autoptr(GError) error = NULL;
	struct ip6 six;
	guint32 four;

	if (option_given(i, "as") && strcmp(who, "internet") != 0)
		return report_error(EXIT_BAD_INPUT, "exec: --as is for internet only: %s has its own address", who);
	if (option_given(i, "as") && !ip_parse(option_text(i, "as", ""), &four) &&
	    !ip6_parse(option_text(i, "as", ""), &six))
		return report_error(EXIT_BAD_INPUT, "exec: --as '%.80s': not an IPv4 or IPv6 address",
		                    option_text(i, "as", ""));
	if (geteuid() != 0)
		return report_error(EXIT_FAILED, "exec: needs root: it enters a network namespace");
	if (!enter(i, who, &error))
		return report_error(EXIT_FAILED, "exec: %s", error->message);
	execvp(command[0], command);
	return report_error(errno == ENOENT ? EXIT_NO_COMMAND : EXIT_CANNOT_RUN, "exec: %s: %s", command[0],
	                    g_strerror(errno));
}
