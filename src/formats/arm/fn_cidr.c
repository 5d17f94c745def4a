/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on IPv4 networks: parseCidr, cidrSubnet, cidrHost. */
#include "internal.h"
#include <arpa/inet.h>
#include <string.h>

struct network {
	guint32 address; /* first, host order */
	guint prefix;
};

static guint32 mask_of(guint prefix)
{
	return prefix ? 0xffffffffu << (32 - prefix) : 0;
}

static gboolean take_network(struct env *e, const struct args *a, struct network *out)
{
	const char *text = arg_string(e, a, 0), *slash = text ? strchr(text, '/') : NULL;
	struct in_addr in;
	guint64 prefix;

	if (!text)
		return FALSE;
	g_autofree char *address = slash ? g_strndup(text, (gsize)(slash - text)) : NULL;
	if (!slash || inet_pton(AF_INET, address, &in) != 1 ||
	    !g_ascii_string_to_unsigned(slash + 1, 10, 0, 32, &prefix, NULL))
		return arm_fail(e, "%s(): '%.60s' is not an IPv4 network like 10.0.0.0/16", a->function, text) != NULL;
	out->prefix = (guint)prefix;
	out->address = ntohl(in.s_addr) & mask_of(out->prefix);
	return TRUE;
}

static struct node *dotted(guint32 address)
{
	return node_stringf("%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

static struct node *fn_parse_cidr(struct env *e, const struct args *a)
{
	struct network n;
	struct node *out;

	if (!take_network(e, a, &n))
		return NULL;
	guint32 last = n.address | ~mask_of(n.prefix);
	gboolean hosts = n.prefix < 31;
	out = node_object();
	node_set(out, "network", dotted(n.address));
	node_set(out, "netmask", dotted(mask_of(n.prefix)));
	node_set(out, "broadcast", dotted(last));
	node_set(out, "firstUsable", dotted(hosts ? n.address + 1 : n.address));
	node_set(out, "lastUsable", dotted(hosts ? last - 1 : last));
	node_set(out, "cidr", node_int(n.prefix));
	return out;
}

static struct node *fn_cidr_subnet(struct env *e, const struct args *a)
{
	struct network n;
	gint64 prefix, index;

	if (!take_network(e, a, &n) || !arg_int(e, a, 1, &prefix) || !arg_int(e, a, 2, &index))
		return NULL;
	if (prefix < n.prefix || prefix > 32)
		return arm_fail(e, "cidrSubnet(): the new prefix length must be from %u to 32", n.prefix);
	guint64 count = G_GUINT64_CONSTANT(1) << (prefix - n.prefix);
	if (index < 0 || (guint64)index >= count)
		return arm_fail(e, "cidrSubnet(): the network has only %" G_GUINT64_FORMAT " such subnets", count);
	g_autoptr(node) address = dotted((guint32)(n.address + ((guint64)index << (32 - prefix))));
	return node_stringf("%s/%d", address->string, (int)prefix);
}

static struct node *fn_cidr_host(struct env *e, const struct args *a)
{
	struct network n;
	gint64 index;

	if (!take_network(e, a, &n) || !arg_int(e, a, 1, &index))
		return NULL;
	guint64 size = G_GUINT64_CONSTANT(1) << (32 - n.prefix);
	if (index < 0 || (guint64)index + 2 >= size)
		return arm_fail(e, "cidrHost(): host %" G_GINT64_FORMAT " lies outside the network", index);
	return dotted((guint32)(n.address + 1 + (guint64)index));
}

const struct function arm_cidr_functions[] = {
        {"parseCidr", 1, 1, 0, fn_parse_cidr, NULL},
        {"cidrSubnet", 3, 3, 0, fn_cidr_subnet, NULL},
        {"cidrHost", 2, 2, 0, fn_cidr_host, NULL},
        {NULL},
};
