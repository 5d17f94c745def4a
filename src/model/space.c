/* SPDX-License-Identifier: Apache-2.0 */
/* Spaces: prefixes of both families in one list. */
#include "model/network.h"

void space_add(GArray *space, const GArray *prefixes, const GArray *prefixes6)
{
	for (guint i = 0; i < prefixes->len; i++) {
		struct prefix6 p = prefix6_mapped(g_array_index(prefixes, struct prefix, i));

		g_array_append_val(space, p);
	}
	g_array_append_vals(space, prefixes6->data, prefixes6->len);
}

char *space_text(struct prefix6 p)
{
	struct prefix6 mapped = prefix6_mapped((struct prefix){0});
	struct prefix v4 = {.length = (guint8)(p.length - mapped.length)};

	if (!prefix6_contains(mapped, p))
		return prefix6_format(p);
	for (guint i = 12; i < sizeof p.addr.b; i++)
		v4.addr = v4.addr << 8 | p.addr.b[i];
	return prefix_format(v4);
}

gint space_compare(gconstpointer a, gconstpointer b)
{
	const struct prefix6 *x = a, *y = b;
	gint c = ip6_compare(x->addr, y->addr);

	return c ? c : (gint)x->length - (gint)y->length;
}

void space_tidy(GArray *space)
{
	guint kept = 0;

	g_array_sort(space, space_compare);
	for (guint i = 0; i < space->len; i++) {
		struct prefix6 p = g_array_index(space, struct prefix6, i);

		if (kept == 0 || !prefix6_contains(g_array_index(space, struct prefix6, kept - 1), p))
			g_array_index(space, struct prefix6, kept++) = p;
	}
	g_array_set_size(space, kept);
}

/* The last that does not begin after `a`; NULL: all do. */
static const struct prefix6 *last_before(const GArray *space, struct ip6 a)
{
	guint low = 0, high = space->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (ip6_compare(g_array_index(space, struct prefix6, middle).addr, a) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &g_array_index(space, struct prefix6, low - 1) : NULL;
}

gboolean space_contains(const GArray *space, struct prefix6 p)
{
	const struct prefix6 *held = last_before(space, p.addr);

	return held && prefix6_contains(*held, p);
}

/* What overlaps a prefix begins at or before its end: the last of these does, if any does. */
gboolean space_overlap(const GArray *a, const GArray *b, struct prefix6 *of_a, struct prefix6 *of_b)
{
	for (guint i = 0; i < a->len && a->len <= b->len; i++) {
		const struct prefix6 *other;

		*of_a = g_array_index(a, struct prefix6, i);
		other = last_before(b, prefix6_last(*of_a));
		if (other && prefix6_overlap(*of_a, *other)) {
			*of_b = *other;
			return TRUE;
		}
	}
	return a->len > b->len && space_overlap(b, a, of_b, of_a);
}

/* A prefix of either family, mapped. FALSE and an error when it is none, or has bits beyond its length. */
static gboolean parse_one(const struct spot *s, const char *dotted, const char *text, struct prefix6 *p)
{
	g_autofree char *host = g_strndup(text, strcspn(text, "/"));
	struct ip6 address6;
	struct prefix v4;
	guint32 address;
	gboolean exact;

	if (prefix_parse(text, &v4)) {
		*p = prefix6_mapped(v4);
		exact = ip_parse(host, &address) && address == v4.addr;
	} else if (prefix6_parse(text, p)) {
		exact = ip6_parse(host, &address6) && ip6_compare(address6, p->addr) == 0;
	} else {
		spot_error(s, dotted, "'%.60s' is not an address prefix; write one like 10.0.0.0/16", text);
		return FALSE;
	}
	if (!exact) {
		g_autofree char *canonical = space_text(*p);

		spot_error(s, dotted, "%.60s has bits beyond its length; write %s", text, canonical);
	}
	return exact;
}

void space_read_one(const struct spot *s, const char *dotted, GArray *space)
{
	const char *text = read_text(s, dotted, TRUE);
	struct prefix6 p;

	if (!text)
		return;
	if (g_str_has_prefix(text, "<unknown"))
		spot_unmodelled(s, dotted, "only a real deployment knows this prefix: it is left out");
	else if (parse_one(s, dotted, text, &p))
		g_array_append_val(space, p);
}

void space_read(const struct spot *s, const char *dotted, GArray *space)
{
	guint count = spot_length(s, dotted);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, dotted, i);

		space_read_one(&item, "", space);
	}
}
