/* SPDX-License-Identifier: Apache-2.0 */
/* The builder: two lists to classes, classes to tables, tables to the words of a blob. policy.h is the essay. */
#include "classes.h"
#include "lib/node.h"
#include <string.h>

#define HEADER_WORDS (2 * ESC_BLOCK_WORDS)

/* Sections are laid at block borders; equal ones (the port tries of most groups) are laid once. */
struct layout {
	GArray *words;    /* guint16 */
	GArray *sections; /* struct section */
};

struct section {
	guint32 start, length;
};

struct side {
	struct dimension src, dst, sport, dport, proto;
	struct crossing addr, ports, pp;
	guint16 *final;
	struct intern *decisions; /* pairs of rule index + 1; 0: none */
};

static const GArray *ranges_source(const struct policy_rule *r)
{
	return r->source;
}

static const GArray *ranges_destination(const struct policy_rule *r)
{
	return r->destination;
}

static const GArray *ranges_source_ports(const struct policy_rule *r)
{
	return r->source_ports;
}

static const GArray *ranges_destination_ports(const struct policy_rule *r)
{
	return r->destination_ports;
}

static gboolean too_complex(const struct policy_input *in, guint direction, const char *what, GError **error)
{
	g_set_error(
	        error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT,
	        "%s: the %s rules combine into too many %s for one classifier (at most %u classes and %u words); use "
	        "fewer different address prefixes or port ranges",
	        in->name ? in->name : "security group", direction == ESC_POLICY_IN ? "inbound" : "outbound", what,
	        POLICY_MAX_CROSSED, POLICY_MAX_WORDS);
	return FALSE;
}

static void lay(struct layout *l, const void *words, gsize count, esc_u32 *offset)
{
	for (guint i = 0; i < l->sections->len; i++) {
		const struct section *s = &g_array_index(l->sections, struct section, i);
		if (s->length == count && memcmp(&g_array_index(l->words, guint16, s->start), words, count * 2) == 0) {
			*offset = s->start;
			return;
		}
	}
	struct section s = {l->words->len, (guint32)count};
	g_array_append_vals(l->words, words, (guint)count);
	g_array_set_size(l->words, (l->words->len + ESC_BLOCK_WORDS - 1) / ESC_BLOCK_WORDS * ESC_BLOCK_WORDS);
	g_array_append_val(l->sections, s);
	*offset = s.start;
}

/* First rule of a list in the AND of two sets; index + 1, or 0. */
static guint64 first_match(const guint64 *a, const guint64 *b, guint from, guint to)
{
	for (guint w = from / 64; w * 64 < to; w++) {
		guint64 both = a[w] & b[w];
		if (w == from / 64)
			both &= ~0ull << (from % 64);
		if (both) {
			guint rule = w * 64 + (guint)__builtin_ctzll(both);
			return rule < to ? rule + 1 : 0;
		}
	}
	return 0;
}

static gboolean allows(const struct universe *u, guint64 match, const GPtrArray *list)
{
	if (!list)
		return TRUE;
	return match && ((const struct policy_rule *)g_ptr_array_index(u->rules, match - 1))->allow;
}

static guint decide(const struct universe *u, GPtrArray *const lists[2], const guint64 *a, const guint64 *b,
                    struct intern *decisions)
{
	guint64 first = first_match(a, b, 0, u->first), second = 0;
	gboolean allow = allows(u, first, lists[0]);
	if (allow) {
		second = first_match(a, b, u->first, u->rules->len);
		allow = allows(u, second, lists[1]);
	}
	guint64 decision = first << 33 | second << 1 | allow;
	return intern_add(decisions, &decision);
}

static gboolean make_final(struct side *s, const struct universe *u, GPtrArray *const lists[2])
{
	guint rows = s->addr.sets->count, columns = s->pp.sets->count;
	if ((guint64)rows * columns > POLICY_MAX_WORDS)
		return FALSE;
	s->final = g_new(guint16, (gsize)rows * columns);
	s->decisions = intern_new(1, POLICY_MAX_CROSSED);
	for (guint i = 0; i < rows; i++) {
		for (guint j = 0; j < columns; j++) {
			guint d = decide(u, lists, intern_value(s->addr.sets, i), intern_value(s->pp.sets, j),
			                 s->decisions);
			if (d == INTERN_FULL)
				return FALSE;
			s->final[(gsize)i * columns + j] = (guint16)d;
		}
	}
	return TRUE;
}

static gboolean cross(struct side *s, const struct universe *u, GPtrArray *const lists[2], const char **what)
{
	struct shadows service = {0}, address = {0};
	gboolean ok = FALSE;
	shadows_by_service(&service, u);
	shadows_by_address(&address, u);
	*what = "classes of address pairs";
	if (!crossing_make(&s->addr, u, s->src.sets, s->dst.sets, &service))
		goto out;
	*what = "classes of port pairs";
	if (!crossing_make(&s->ports, u, s->sport.sets, s->dport.sets, NULL))
		goto out;
	*what = "classes of protocol and ports";
	if (!crossing_make(&s->pp, u, s->proto.sets, s->ports.sets, &address))
		goto out;
	*what = "combinations of addresses and ports";
	ok = make_final(s, u, lists);
out:
	shadows_clear(&service);
	shadows_clear(&address);
	return ok;
}

static gboolean side_classify(struct side *s, GPtrArray *const lists[2], const char **what)
{
	g_autoptr(GPtrArray) rules = g_ptr_array_new();
	struct universe u = {.rules = rules};
	for (guint l = 0; l < 2; l++) {
		for (guint i = 0; lists[l] && i < lists[l]->len; i++)
			g_ptr_array_add(rules, g_ptr_array_index(lists[l], i));
		if (l == 0)
			u.first = rules->len;
	}
	u.width = MAX(1, (rules->len + 63) / 64);
	dimension_cut(&s->src, &u, ranges_source);
	dimension_cut(&s->dst, &u, ranges_destination);
	dimension_cut(&s->sport, &u, ranges_source_ports);
	dimension_cut(&s->dport, &u, ranges_destination_ports);
	dimension_cut_protocols(&s->proto, &u);
	return cross(s, &u, lists, what);
}

static void lay_decisions(struct layout *l, const struct side *s, GPtrArray *const lists[2], esc_u32 *offset)
{
	g_autofree guint16 *words = g_new0(guint16, (gsize)s->decisions->count * ESC_DECISION_WORDS);
	guint first_count = lists[0] ? lists[0]->len : 0;
	for (guint i = 0; i < s->decisions->count; i++) {
		guint64 d = *intern_value(s->decisions, i);
		guint match[2] = {(guint)(d >> 33), (guint)(d >> 1)};
		guint16 *w = words + (gsize)i * ESC_DECISION_WORDS;
		w[0] = d & 1 ? ESC_DECISION_ALLOW : 0;
		if (match[1])
			match[1] -= first_count;
		for (guint k = 0; k < 2; k++) {
			if (!match[k])
				continue;
			guint32 number =
			        ((const struct policy_rule *)g_ptr_array_index(lists[k], match[k] - 1))->number;
			w[2 + 2 * k] = (guint16)number;
			w[3 + 2 * k] = (guint16)(number >> 16);
		}
	}
	lay(l, words, (gsize)s->decisions->count * ESC_DECISION_WORDS, offset);
}

static gboolean lay_trie(struct layout *l, const struct dimension *d, guint levels, esc_u32 *offset)
{
	g_autoptr(GArray) words = g_array_new(FALSE, TRUE, sizeof(guint16));
	if (!dimension_trie(d, levels, words))
		return FALSE;
	lay(l, words->data, words->len, offset);
	return l->words->len <= POLICY_MAX_WORDS;
}

static void lay_crossing(struct layout *l, const struct crossing *c, esc_u32 *offset, esc_u32 *columns)
{
	lay(l, c->cells, (gsize)c->rows * c->columns, offset);
	*columns = c->columns;
}

static gboolean side_lay(struct layout *l, const struct side *s, GPtrArray *const lists[2], struct esc_policy_dir *dir)
{
	if (!lay_trie(l, &s->src, 4, &dir->src) || !lay_trie(l, &s->dst, 4, &dir->dst) ||
	    !lay_trie(l, &s->sport, 2, &dir->sport) || !lay_trie(l, &s->dport, 2, &dir->dport) ||
	    !lay_trie(l, &s->proto, 1, &dir->proto))
		return FALSE;
	lay_crossing(l, &s->addr, &dir->addr_cross, &dir->addr_cols);
	lay_crossing(l, &s->ports, &dir->port_cross, &dir->port_cols);
	lay_crossing(l, &s->pp, &dir->pp_cross, &dir->pp_cols);
	lay(l, s->final, (gsize)s->addr.sets->count * s->pp.sets->count, &dir->final);
	dir->final_cols = s->pp.sets->count;
	lay_decisions(l, s, lists, &dir->decisions);
	return l->words->len <= POLICY_MAX_WORDS;
}

static void side_clear(struct side *s)
{
	dimension_clear(&s->src);
	dimension_clear(&s->dst);
	dimension_clear(&s->sport);
	dimension_clear(&s->dport);
	dimension_clear(&s->proto);
	crossing_clear(&s->addr);
	crossing_clear(&s->ports);
	crossing_clear(&s->pp);
	g_clear_pointer(&s->final, g_free);
	g_clear_pointer(&s->decisions, intern_free);
}

GBytes *policy_build(const struct policy_input *in, GError **error)
{
	struct esc_policy_dir header[2] = {0};
	g_autoptr(GArray) words = g_array_new(FALSE, TRUE, sizeof(guint16));
	g_autoptr(GArray) sections = g_array_new(FALSE, FALSE, sizeof(struct section));
	struct layout layout = {words, sections};
	g_array_set_size(words, HEADER_WORDS);
	for (guint d = 0; d < 2; d++) {
		struct side side = {0};
		const char *what = NULL;
		gboolean ok = side_classify(&side, in->lists[d], &what);
		if (ok) {
			what = "words";
			ok = side_lay(&layout, &side, in->lists[d], &header[d]);
		}
		side_clear(&side);
		if (!ok) {
			too_complex(in, d, what, error);
			return NULL;
		}
	}
	for (guint d = 0; d < 2; d++) {
		header[d].flags = in->flags;
		header[d].words = words->len;
	}
	memcpy(words->data, header, sizeof header);
	return g_bytes_new(words->data, (gsize)words->len * sizeof(guint16));
}
