/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and prefixes of both families, and what no network may use. */
#include "model/build.h"

#include <string.h>

/* What only a real deployment knows: an address is chosen here, and nobody is asked to correct what is no mistake. */
static gboolean is_unknown(const struct spot *s, const char *dotted, const char *text)
{
	if (!g_str_has_prefix(text, "<unknown"))
		return FALSE;
	spot_unmodelled(s, dotted, "only a real deployment knows this address: here it is another, or none");
	return TRUE;
}

gboolean read_address(const struct spot *s, const char *dotted, guint32 *address)
{
	const char *text = read_text(s, dotted, FALSE);

	if (!text || !*text || is_unknown(s, dotted, text))
		return FALSE;
	if (!ip_parse(text, address)) {
		spot_error(s, dotted, "'%.60s' is not an IPv4 address; write one like 10.0.0.4", text);
		return FALSE;
	}
	return TRUE;
}

gboolean read_address6(const struct spot *s, const char *dotted, struct ip6 *address)
{
	const char *text = read_text(s, dotted, FALSE);

	if (!text || !*text || is_unknown(s, dotted, text))
		return FALSE;
	if (!ip6_parse(text, address)) {
		spot_error(s, dotted, "'%.60s' is not an IPv6 address; write one like fd00::4", text);
		return FALSE;
	}
	return TRUE;
}

gboolean read_any_address(const struct spot *s, const char *dotted, guint32 *address, struct ip6 *address6,
                          gboolean *v6)
{
	const char *text = read_text(s, dotted, FALSE);

	if (!text || !*text || is_unknown(s, dotted, text))
		return FALSE;
	*v6 = ip6_parse(text, address6);
	if (*v6 || ip_parse(text, address))
		return TRUE;
	spot_error(s, dotted, "'%.60s' is not an address; write one like 10.0.0.4", text);
	return FALSE;
}

static const struct {
	struct prefix prefix;
	const char *why;
} forbidden[] = {
        {{0xe0000000, 4}, "multicast, which the network does not carry"},
        {{0xffffffff, 32}, "the broadcast address"},
        {{0x7f000000, 8}, "loopback, which never leaves a machine"},
        {{0xa9fe0000, 16}, "link-local, where the platform address is"},
        {{0xa83f8110, 32}, "the platform address"},
};

static const struct {
	struct prefix6 prefix;
	const char *why;
} forbidden6[] = {
        {{{{0xff}}, 8}, "multicast, which the network does not carry"},
        {{{{0xfe, 0x80}}, 10}, "link-local, which never leaves a link"},
        {{{{[15] = 1}}, 128}, "loopback, which never leaves a machine"},
        {{{{0}}, 128}, "the unspecified address"},
        {{{{[10] = 0xff, [11] = 0xff}}, 96}, "where IPv4 addresses are mapped"},
};

/* Bits beyond the length are a slip of the pen, in either the address or the length. */
static void refuse_bits(const struct spot *s, const char *dotted, const char *text, const char *canonical)
{
	spot_error(s, dotted, "%s has bits beyond its length; write %s", text, canonical);
}

static void refuse_overlap(const struct spot *s, const char *dotted, const char *text, const char *space,
                           const char *why)
{
	spot_error(s, dotted, "%s overlaps %s, %s; choose another prefix", text, space, why);
}

static void add_prefix(const struct spot *s, const char *dotted, struct prefix p, GArray *list)
{
	const char *text = read_text(s, dotted, TRUE);
	g_autofree char *canonical = prefix_format(p);

	if (strcmp(text, canonical) != 0) {
		refuse_bits(s, dotted, text, canonical);
		return;
	}
	if (p.length < 2 || p.length > 29) {
		spot_error(s, dotted, "the length of %s is not from /2 to /29; choose another prefix", text);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++)
		if (prefix_overlap(p, forbidden[i].prefix)) {
			g_autofree char *space = prefix_format(forbidden[i].prefix);

			refuse_overlap(s, dotted, text, space, forbidden[i].why);
			return;
		}
	g_array_append_val(list, p);
}

static void add_prefix6(const struct spot *s, const char *dotted, struct prefix6 p, guint8 longest, GArray *list)
{
	const char *text = read_text(s, dotted, TRUE);
	g_autofree char *canonical = prefix6_format(p), *host = g_strndup(text, strcspn(text, "/"));
	struct ip6 addr = {{0}};

	/* Zeros are written in many ways, so the addresses are compared, not the texts. */
	ip6_parse(host, &addr);
	if (ip6_compare(addr, p.addr) != 0) {
		refuse_bits(s, dotted, text, canonical);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(forbidden6); i++)
		if (prefix6_overlap(p, forbidden6[i].prefix)) {
			g_autofree char *space = prefix6_format(forbidden6[i].prefix);

			refuse_overlap(s, dotted, text, space, forbidden6[i].why);
			return;
		}
	if (p.length > longest) {
		spot_error(s, dotted, "%s is longer than /%u; choose another prefix", text, longest);
		return;
	}
	g_array_append_val(list, p);
}

void read_network_prefix(const struct spot *s, const char *dotted, GArray *list, GArray *list6)
{
	const char *text = read_text(s, dotted, TRUE);
	struct prefix p;
	struct prefix6 p6;

	if (!text)
		return;
	if (strchr(text, '/') && prefix_parse(text, &p))
		add_prefix(s, dotted, p, list);
	else if (strchr(text, '/') && prefix6_parse(text, &p6))
		add_prefix6(s, dotted, p6, 64, list6);
	else
		spot_error(s, dotted, "'%.60s' is not an address prefix; write one like 10.0.0.0/16", text);
}

void read_servers(const struct spot *s, const char *dotted, GPtrArray *list)
{
	guint count = spot_length(s, dotted);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, dotted, i);
		const char *text = read_text(&item, "", TRUE);
		guint32 address;
		struct ip6 address6;

		if (!text || is_unknown(&item, "", text))
			continue;
		if (ip_parse(text, &address))
			g_ptr_array_add(list, ip_format(address));
		else if (ip6_parse(text, &address6))
			g_ptr_array_add(list, ip6_format(address6));
		else
			spot_error(&item, "", "'%.60s' is not an address; write one like 10.0.0.4", text);
	}
}
