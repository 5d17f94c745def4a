/* SPDX-License-Identifier: Apache-2.0 */
#include "blob.h"
#include <string.h>

struct view {
	const guint16 *w;
	gsize count;
};

static guint16 at(const struct view *v, guint64 i)
{
	g_assert_cmpuint(i, <, v->count);
	return v->w[i];
}

static guint32 walk(const struct view *v, guint32 trie, guint32 value, int shift)
{
	guint32 node = 0;
	for (; shift >= 0; shift -= 8) {
		guint16 w = at(v, (guint64)trie + 256ull * node + (value >> shift & 0xff));
		if (w & ESC_TRIE_LEAF)
			return w & 0x7fff;
		node = w;
	}
	g_assert_not_reached();
}

struct decision blob_decide(GBytes *policy, guint direction, const struct header *h)
{
	struct esc_policy_dir d;
	gsize size;
	struct view v = {.w = g_bytes_get_data(policy, &size)};
	v.count = size / 2;
	memcpy(&d, v.w + 32 * direction, sizeof d);
	g_assert_cmpuint(d.words, ==, v.count);
	guint64 addr = at(&v, d.addr_cross + (guint64)walk(&v, d.src, h->source, 24) * d.addr_cols +
	                              walk(&v, d.dst, h->destination, 24));
	guint64 ports = at(&v, d.port_cross + (guint64)walk(&v, d.sport, h->source_port, 8) * d.port_cols +
	                               walk(&v, d.dport, h->destination_port, 8));
	guint64 pp = at(&v, d.pp_cross + (guint64)walk(&v, d.proto, h->protocol, 0) * d.pp_cols + ports);
	guint64 row = d.decisions + 8ull * at(&v, d.final + addr * d.final_cols + pp);
	struct decision out = {.allow = at(&v, row) & ESC_DECISION_ALLOW};
	for (guint i = 0; i < 2; i++)
		out.rules[i] = at(&v, row + 2 + 2 * i) | (guint32)at(&v, row + 3 + 2 * i) << 16;
	return out;
}
