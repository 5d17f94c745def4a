/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends to whom: names and addresses of the command line become a port and a tuple. */
#include "cli/trace.h"

#include "lab/wire.h"

#include <string.h>

#define INTERNET            "internet"
#define OUTSIDE_SERVER      0xc0000264u /* 192.0.2.100: any outside address would do */
#define SOURCE_PORT         40000
#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))

struct somebody {
	const struct nic *nic; /* NULL: nobody's port */
	gboolean outside;      /* said to be */
	guint32 address;
};

static gboolean refuse(GError **error, const char *option, const char *text, const char *why)
{
	g_set_error(error, CLI_ERROR, CLI_USAGE, "--%s '%.200s': %s", option, text, why);
	return FALSE;
}

static gboolean has_address(const struct trace_network *n, const struct nic *nic, guint32 address)
{
	for (guint k = 0; k < nic->configs->len; k++)
		if (alloc_private(n->alloc, NTH(nic->configs, struct ip_config, k)) == address)
			return TRUE;
	return FALSE;
}

/* Whose private address it is. Several networks may have it: then a name is needed. */
static gboolean find_owner(const struct trace_network *n, const char *option, const char *text, struct somebody *s,
                           GError **error)
{
	for (guint i = 0; i < n->graph->nics->len; i++) {
		const struct nic *nic = NTH(n->graph->nics, struct nic, i);

		if (!alloc_port(n->alloc, nic) || !has_address(n, nic, s->address))
			continue;
		if (s->nic)
			return refuse(error, option, text, "several networks have this address; name the instance");
		s->nic = nic;
	}
	return TRUE;
}

static guint32 primary_address(const struct trace_network *n, const struct nic *nic)
{
	const struct ip_config *first = nic->configs->len ? NTH(nic->configs, struct ip_config, 0) : NULL;

	for (guint k = 0; k < nic->configs->len; k++)
		if (NTH(nic->configs, struct ip_config, k)->primary)
			first = NTH(nic->configs, struct ip_config, k);
	return first ? alloc_private(n->alloc, first) : 0;
}

static gboolean find_instance(const struct trace_network *n, const char *option, const char *text, struct somebody *s,
                              GError **error)
{
	const struct vm *vm = graph_find_vm(n->graph, text, error);

	if (!vm) {
		g_prefix_error(error, "--%s: ", option);
		return FALSE;
	}
	if (!vm->nics->len || !alloc_port(n->alloc, NTH(vm->nics, struct nic, 0)))
		return refuse(error, option, text, "this instance has no network interface");
	s->nic = NTH(vm->nics, struct nic, 0);
	s->address = primary_address(n, s->nic);
	return s->address ? TRUE : refuse(error, option, text, "this instance has no IPv4 address");
}

static gboolean find_somebody(const struct trace_network *n, const char *option, const char *text, guint32 outside,
                              struct somebody *s, GError **error)
{
	gsize prefix = strlen(INTERNET);

	*s = (struct somebody){.address = outside};
	if (!g_ascii_strcasecmp(text, INTERNET)) {
		s->outside = TRUE;
		return TRUE;
	}
	if (!g_ascii_strncasecmp(text, INTERNET ":", prefix + 1)) {
		s->outside = TRUE;
		return ip_parse(text + prefix + 1, &s->address) ||
		       refuse(error, option, text, "no IPv4 address follows");
	}
	if (ip_parse(text, &s->address))
		return find_owner(n, option, text, s, error);
	if (strchr(text, ':'))
		return refuse(error, option, text, "traces are of IPv4 packets");
	return find_instance(n, option, text, s, error);
}

/* Whose public address a sender speaks by is decided on the way, so one cannot send from it. */
static gboolean check_source(const struct trace_network *n, const char *text, const struct somebody *s, GError **error)
{
	if (!s->nic && prefix_has(n->public_pool, s->address))
		return refuse(error, "from", text, "this public address is inside; name the instance that sends");
	return TRUE;
}

static gboolean take_ports(const struct invocation *i, struct fleet_tuple *t, GError **error)
{
	guint source = SOURCE_PORT, port = t->protocol == PROTO_UDP ? 53 : 80;

	if (t->protocol == PROTO_ICMP && option_given(i, "port"))
		return refuse(error, "port", option_text(i, "port", ""), "an echo has no ports");
	if (!option_number(i, "port", 1, 65535, &port, error) ||
	    !option_number(i, "source-port", 1, 65535, &source, error))
		return FALSE;
	t->source_port = (guint16)source;
	t->destination_port = t->protocol == PROTO_ICMP ? 0 : (guint16)port;
	return TRUE;
}

static guint8 protocol_of(const char *name)
{
	return !strcmp(name, "udp") ? PROTO_UDP : !strcmp(name, "icmp") ? PROTO_ICMP : PROTO_TCP;
}

gboolean trace_who(const struct invocation *i, const struct trace_network *n, struct trace_request *r, GError **error)
{
	const char *from = option_text(i, "from", ""), *to = option_text(i, "to", "");
	struct somebody sender, receiver;
	guint32 client = 0;

	if (!ip_parse(WIRE_CLIENT, &client))
		g_assert_not_reached();
	*r = (struct trace_request){.tuple.protocol = protocol_of(option_text(i, "protocol", "tcp"))};
	if (!find_somebody(n, "from", from, client, &sender, error) || !check_source(n, from, &sender, error) ||
	    !find_somebody(n, "to", to, OUTSIDE_SERVER, &receiver, error) || !take_ports(i, &r->tuple, error))
		return FALSE;
	if (!sender.nic && receiver.outside)
		return refuse(error, "to", to, "what goes from outside to outside passes no host");
	r->tuple.source = sender.address;
	r->tuple.destination = receiver.address;
	r->to_outside = receiver.outside;
	if (sender.nic) {
		r->host = alloc_port(n->alloc, sender.nic)->host;
		r->port = alloc_port(n->alloc, sender.nic)->number;
	}
	if (receiver.nic) {
		r->to_host = alloc_port(n->alloc, receiver.nic)->host;
		r->to_port = alloc_port(n->alloc, receiver.nic)->number;
	}
	return TRUE;
}
