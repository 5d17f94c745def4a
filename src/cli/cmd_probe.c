/* SPDX-License-Identifier: Apache-2.0 */
/* escarp probe: tries who can reach what, beside what should be. */
#include "cli/commands.h"
#include "cli/probe.h"
#include "cli/report.h"

#include <string.h>
#include <unistd.h>

static GArray *chosen_ports(const struct invocation *i, GError **error)
{
	const GPtrArray *list = option_list(i, "port");
	g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(guint16));

	for (guint k = 0; list && k < list->len; k++) {
		const char *text = g_ptr_array_index(list, k);
		guint64 value;
		guint16 port;

		if (!g_ascii_string_to_unsigned(text, 10, 1, 65535, &value, NULL)) {
			g_set_error(error, CLI_ERROR, CLI_USAGE, "probe: --port '%.80s': must be from 1 to 65535",
			            text);
			return NULL;
		}
		port = (guint16)value;
		g_array_append_val(ports, port);
	}
	return g_steal_pointer(&ports);
}

int cmd_probe(const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) ports = chosen_ports(i, &error);
	guint8 protocol = strcmp(option_text(i, "protocol", "tcp"), "udp") == 0 ? PROTO_UDP : PROTO_TCP;
	g_autoptr(live) l = NULL;
	g_autoptr(probe_plan) p = NULL;
	g_autoptr(node) data = NULL;

	if (!ports)
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	if (geteuid() != 0)
		return report_error(EXIT_FAILED, "probe: needs root: it enters network namespaces");
	l = live_open(i->lab, &error);
	if (!l)
		return report_error(EXIT_FAILED, "probe: %s", error->message);
	p = probe_plan_new(l, i->lab, protocol, ports, &error);
	if (!p)
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	if (!probe_run(p, &error))
		return report_error(EXIT_FAILED, "probe: %s", error->message);
	data = probe_describe(p);
	if (!report_show(&(struct report){data, probe_text}, i))
		return EXIT_FAILED;
	return node_length(node_get(data, "mismatches")) ? EXIT_FAILED : EXIT_OK;
}
