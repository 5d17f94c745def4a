/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on networks of both families: parseCidr, cidrSubnet, cidrHost. Addresses are 16 bytes, IPv4 at the end. */
#include "internal.h"
#include <arpa/inet.h>
#include <string.h>

struct network {
	guint8 address[16]; /* first, network order */
	guint first;        /* byte at which it begins: 12 for IPv4, 0 for IPv6 */
	guint bits, prefix;
};

/* Sets or clears the bits behind the prefix. */
static void fill_behind(guint8 *address, const struct network *n, gboolean set)
{
	for (guint bit = n->prefix; bit < n->bits; bit++) {
		guint8 mask = (guint8)(0x80 >> bit % 8);
		guint8 *byte = &address[n->first + bit / 8];
		*byte = set ? *byte | mask : *byte & (guint8)~mask;
	}
}

static gboolean take_network(struct env *e, const struct args *a, struct network *out)
{
	const char *text = arg_str(a, 0), *slash = strchr(text, '/');
	guint64 prefix;

	memset(out, 0, sizeof(*out));
	g_autofree char *address = slash ? g_strndup(text, (gsize)(slash - text)) : NULL;
	out->first = slash && strchr(address, ':') ? 0 : 12;
	out->bits = (16 - out->first) * 8;
	if (!slash || inet_pton(out->first ? AF_INET : AF_INET6, address, out->address + out->first) != 1 ||
	    !g_ascii_string_to_unsigned(slash + 1, 10, 0, out->bits, &prefix, NULL))
		return arm_fail(e, "%s(): '%.60s' is not a network like 10.0.0.0/16 or fd00::/48", a->function, text) !=
		       NULL;
	out->prefix = (guint)prefix;
	fill_behind(out->address, out, FALSE);
	return TRUE;
}

static char *written(const struct network *n, const guint8 *address)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(n->first ? AF_INET : AF_INET6, address + n->first, text, sizeof(text));
	return g_strdup(text);
}

/* Adds to the bits before `end`; FALSE when it carries out of the network's own free bits. */
static gboolean add(struct network *n, guint64 value, guint end)
{
	for (guint bit = end; value && bit-- > 0; value >>= 1) {
		if (bit < n->prefix)
			return FALSE;
		if (value & 1)
			n->address[n->first + bit / 8] |= (guint8)(0x80 >> bit % 8);
	}
	return value == 0;
}

static struct node *edge(const struct network *n, gboolean last, int step)
{
	guint8 address[16];

	memcpy(address, n->address, sizeof(address));
	if (last)
		fill_behind(address, n, TRUE);
	address[15] = (guint8)(address[15] + step);
	return node_take_string(written(n, address));
}

/* IPv4 keeps its first and last address for the network and the broadcast; IPv6 has neither. */
static struct node *fn_parse_cidr(struct env *e, const struct args *a)
{
	struct network n, mask;
	struct node *out;

	if (!take_network(e, a, &n))
		return NULL;
	int kept = n.first && n.prefix < 31;
	mask = n;
	memset(mask.address, 0xff, sizeof(mask.address));
	fill_behind(mask.address, &mask, FALSE);
	out = node_object();
	node_set(out, "network", edge(&n, FALSE, 0));
	node_set(out, "netmask", node_take_string(written(&mask, mask.address)));
	if (n.first)
		node_set(out, "broadcast", edge(&n, TRUE, 0));
	node_set(out, "firstUsable", edge(&n, FALSE, kept));
	node_set(out, "lastUsable", edge(&n, TRUE, -kept));
	node_set(out, "cidr", node_int(n.prefix));
	return out;
}

static struct node *fn_cidr_subnet(struct env *e, const struct args *a)
{
	gint64 prefix = arg_int(a, 1), index = arg_int(a, 2);
	struct network n;

	if (!take_network(e, a, &n))
		return NULL;
	if (prefix < n.prefix || prefix > n.bits)
		return arm_fail(e, "cidrSubnet(): the new prefix length must be from %u to %u", n.prefix, n.bits);
	if (index < 0 || !add(&n, (guint64)index, (guint)prefix)) {
		guint bits = MIN((guint)prefix - n.prefix, 63); /* of more bits no index is too great */
		return arm_fail(e, "cidrSubnet(): the network has only %" G_GUINT64_FORMAT " such subnets",
		                G_GUINT64_CONSTANT(1) << bits);
	}
	g_autofree char *address = written(&n, n.address);
	return node_stringf("%s/%d", address, (int)prefix);
}

/* Host 0 is the first usable address. */
static struct node *fn_cidr_host(struct env *e, const struct args *a)
{
	gint64 index = arg_int(a, 1);
	struct network n;

	if (!take_network(e, a, &n))
		return NULL;
	guint8 last[16];
	memcpy(last, n.address, sizeof(last));
	fill_behind(last, &n, TRUE);
	gboolean kept = n.first && n.prefix < 31;
	if (index < 0 || index == G_MAXINT64 || !add(&n, (guint64)index + kept, n.bits) ||
	    (kept && memcmp(n.address, last, sizeof(last)) == 0))
		return arm_fail(e, "cidrHost(): host %" G_GINT64_FORMAT " lies outside the network", index);
	return node_take_string(written(&n, n.address));
}

const struct function arm_cidr_functions[] = {
        {"parseCidr", 1, 1, "s", NODE_OBJECT, 0, fn_parse_cidr, NULL},
        {"cidrSubnet", 3, 3, "si", NODE_STRING, 0, fn_cidr_subnet, NULL},
        {"cidrHost", 2, 2, "si", NODE_STRING, 0, fn_cidr_host, NULL},
        {NULL},
};
