/* SPDX-License-Identifier: Apache-2.0 */
/* One dimension of the classifier: cutting it into classes, and the trie that finds the class of a value. */
#include "classes.h"
#include <string.h>

struct border {
	guint64 at; /* the rule's bit flips here */
	guint rule;
};

static int compare_borders(const void *a, const void *b)
{
	const struct border *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void add_borders(GArray *borders, const GArray *ranges, guint rule)
{
	for (guint i = 0; i < ranges->len; i++) {
		const struct policy_range *r = &g_array_index(ranges, struct policy_range, i);
		struct border first = {r->first, rule}, past = {(guint64)r->last + 1, rule};
		g_array_append_val(borders, first);
		g_array_append_val(borders, past);
	}
}

/* Ranges of one rule do not touch, so at most one border of a rule lies at a place and a flip is an entry or an exit.
 */
static void sweep(struct dimension *d, const struct universe *u, GArray *borders)
{
	g_autofree guint64 *set = g_new0(guint64, u->width);
	g_array_sort(borders, compare_borders);
	guint64 place = 0;
	guint i = 0;
	for (;;) {
		for (; i < borders->len && g_array_index(borders, struct border, i).at == place; i++) {
			guint rule = g_array_index(borders, struct border, i).rule;
			set[rule / 64] ^= 1ull << (rule % 64);
		}
		guint32 class = intern_add(d->sets, set), start = (guint32)place;
		if (!d->classes->len || g_array_index(d->classes, guint32, d->classes->len - 1) != class) {
			g_array_append_val(d->starts, start);
			g_array_append_val(d->classes, class);
		}
		if (i == borders->len || g_array_index(borders, struct border, i).at > G_MAXUINT32)
			return;
		place = g_array_index(borders, struct border, i).at;
	}
}

static void cut_begin(struct dimension *d, const struct universe *u)
{
	d->starts = g_array_new(FALSE, FALSE, sizeof(guint32));
	d->classes = g_array_new(FALSE, FALSE, sizeof(guint32));
	d->sets = intern_new(u->width, G_MAXUINT - 1);
}

void dimension_cut(struct dimension *d, const struct universe *u, universe_ranges ranges)
{
	g_autoptr(GArray) borders = g_array_new(FALSE, FALSE, sizeof(struct border));
	for (guint i = 0; i < u->rules->len; i++)
		add_borders(borders, ranges(g_ptr_array_index(u->rules, i)), i);
	cut_begin(d, u);
	sweep(d, u, borders);
}

static gboolean is_any_port(const GArray *ports)
{
	const struct policy_range *r = (const struct policy_range *)(void *)ports->data;
	return ports->len == 1 && r->first == 0 && r->last >= 65535;
}

GArray *policy_protocols(const struct policy_rule *r)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(struct policy_range));
	gboolean any_port = is_any_port(r->source_ports) && is_any_port(r->destination_ports);
	if (any_port && r->protocol == PROTO_ANY) {
		policy_add_range(out, 0, 255);
	} else if (any_port || r->protocol == PROTO_TCP || r->protocol == PROTO_UDP) {
		policy_add_range(out, r->protocol, r->protocol);
	} else if (r->protocol == PROTO_ANY) {
		policy_add_range(out, PROTO_TCP, PROTO_TCP);
		policy_add_range(out, PROTO_UDP, PROTO_UDP);
	}
	return out;
}

void dimension_cut_protocols(struct dimension *d, const struct universe *u)
{
	g_autoptr(GArray) borders = g_array_new(FALSE, FALSE, sizeof(struct border));
	for (guint i = 0; i < u->rules->len; i++) {
		g_autoptr(GArray) protocols = policy_protocols(g_ptr_array_index(u->rules, i));
		add_borders(borders, protocols, i);
	}
	cut_begin(d, u);
	sweep(d, u, borders);
}

void dimension_clear(struct dimension *d)
{
	g_clear_pointer(&d->starts, g_array_unref);
	g_clear_pointer(&d->classes, g_array_unref);
	g_clear_pointer(&d->sets, intern_free);
}

/* Equal nodes are one node, on whatever level: that keeps a trie of scattered prefixes small. */
struct trie {
	const struct dimension *d;
	struct intern *nodes; /* all but the root */
	gboolean full;
};

#define NODE_WORDS 256
#define NODE_WIDTH (NODE_WORDS / 4)

/* A node as the blob has it, and as the interner compares it. */
union page {
	guint16 words[NODE_WORDS];
	guint64 values[NODE_WIDTH];
};

static void fill_page(struct trie *t, union page *page, guint64 base, guint bits, guint at);

/* The word for the values base .. base + 2^bits - 1; `at` is the interval that holds base. */
static guint16 trie_word(struct trie *t, guint64 base, guint bits, guint at)
{
	guint64 past = base + (1ull << bits);
	gboolean last = at + 1 == t->d->starts->len;
	if (last || g_array_index(t->d->starts, guint32, at + 1) >= past) {
		guint32 class = g_array_index(t->d->classes, guint32, at);
		t->full |= class >= ESC_TRIE_LEAF;
		return (guint16)(ESC_TRIE_LEAF | class);
	}
	union page page;
	fill_page(t, &page, base, bits, at);
	if (t->full)
		return 0;
	guint number = intern_add(t->nodes, page.values);
	t->full |= number == INTERN_FULL;
	return t->full ? 0 : (guint16)(number + 1);
}

static void fill_page(struct trie *t, union page *page, guint64 base, guint bits, guint at)
{
	guint64 span = 1ull << (bits - 8);
	for (guint i = 0; i < NODE_WORDS && !t->full; i++) {
		guint64 from = base + i * span;
		while (at + 1 < t->d->starts->len && g_array_index(t->d->starts, guint32, at + 1) <= from)
			at++;
		page->words[i] = trie_word(t, from, bits - 8, at);
	}
}

gboolean dimension_trie(const struct dimension *d, guint levels, GArray *words)
{
	g_autoptr(intern) nodes = intern_new(NODE_WIDTH, POLICY_MAX_WORDS / NODE_WORDS);
	struct trie t = {.d = d, .nodes = nodes};
	union page root = {0};
	fill_page(&t, &root, 0, 8 * levels, 0);
	if (t.full)
		return FALSE;
	g_array_set_size(words, 0);
	g_array_append_vals(words, root.words, NODE_WORDS);
	g_array_append_vals(words, nodes->values->data, nodes->count * NODE_WORDS);
	return TRUE;
}
