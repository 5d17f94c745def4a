/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a lookup costs in two classifiers: cache lines that it touches, mean and most, for 65,536 headers on the borders
 * of the rules. The one is the project's, the other tuple space search: the rules by the lengths of their prefixes and
 * the kinds of their ports and protocol, a hash table for each such tuple, tuples in order of their best rule and none
 * asked that cannot do better than what is found (one line for a bucket, one for each rule in it). Over the
 * ClassBench sets; and the worst that 10,000 rules can ask of the first.
 */
#include "tests/unit/compile/classbench.h"
#include "tests/unit/compile/scan.h"
#include <stdio.h>
#include <string.h>

#define HEADERS 65536

struct cost {
	double mean;
	guint most;
};

static void add_cost(struct cost *c, guint lines)
{
	c->mean += (double)lines / HEADERS;
	c->most = MAX(c->most, lines);
}

/* --- bit sets --- */

struct view {
	const guint8 *bytes;
	const struct esc_policy_dir *dir;
};

static const void *at(const struct view *v, guint64 block, guint64 offset)
{
	return v->bytes + sizeof(struct esc_block) * block + offset;
}

/* The row of a value's class; adds the lines on the way. */
static const struct esc_policy_row *row_of(const struct view *v, const struct esc_policy_dim *d, guint32 value,
                                           guint *lines)
{
	guint spans = v->dir->tail.groups > ESC_POLICY_ROW_LINES ? 2 : 1;
	guint64 level = d->starts;
	guint32 last = d->count - 1, low = 0, high = d->count;
	for (guint shift = 0; last >> shift; shift += 4) {
		level += shift ? ((last >> shift) / 16) + 1 : 0;
		++*lines;
	}
	while (low + 1 < high) {
		guint32 middle = (low + high) / 2;
		if (*(const guint32 *)at(v, level, 4ull * middle) <= value)
			low = middle;
		else
			high = middle;
	}
	*lines += 1 + spans;
	return at(v, d->rows + (guint64) * (const guint16 *)at(v, d->classes, 2ull * low) * spans, 0);
}

static guint bit_sets(const struct view *v, const struct header *h)
{
	const struct esc_policy_dim *d[] = {&v->dir->head.src, &v->dir->head.dst, &v->dir->head.sport,
	                                    &v->dir->tail.dport, &v->dir->tail.proto};
	const guint32 values[] = {h->source, h->destination, h->source_port, h->destination_port, h->protocol};
	const struct esc_policy_row *rows[5];
	guint lines = 2; /* the header */
	for (guint i = 0; i < 5; i++)
		rows[i] = row_of(v, d[i], values[i], &lines);
	for (guint g = 0, touched = G_MAXUINT; g < 8u * v->dir->tail.groups; g++) {
		guint group = g / 8, span = group / ESC_POLICY_ROW_LINES, in = group % ESC_POLICY_ROW_LINES;
		guint64 both = ~0ull;
		for (guint i = 0; i < 5; i++)
			both &= rows[i][span].words[in / 4] >> (8 * (in % 4) + g % 8) & 1 ? ~0ull : 0;
		if (!both)
			continue;
		lines += touched == group ? 0 : 5;
		touched = group;
		for (guint i = 0; i < 5; i++)
			both &= *(const guint64 *)at(v, d[i]->lines + rows[i][span].line[in], g % 8 * 8);
		if (both)
			return lines + 1; /* the rule */
	}
	return lines;
}

static struct cost cost_bit_sets(GBytes *blob, const struct header *headers)
{
	struct view v = {.bytes = g_bytes_get_data(blob, NULL)};
	struct cost c = {0};
	v.dir = (const struct esc_policy_dir *)(const void *)v.bytes + DIR_IN;
	for (guint i = 0; i < HEADERS; i++)
		add_cost(&c, bit_sets(&v, &headers[i]));
	return c;
}

/* --- tuple space --- */

struct key {
	guint32 source, destination;
	guint16 source_port, destination_port;
	guint32 protocol;
};

struct tuple {
	struct key mask;
	GHashTable *buckets; /* struct key -> GArray of rule numbers */
	guint first;
};

static guint key_hash(gconstpointer p)
{
	const guint32 *w = p;
	guint32 h = 0;
	for (guint i = 0; i < sizeof(struct key) / 4; i++)
		h = (h ^ w[i]) * 0x9e3779b1u;
	return h ^ h >> 15;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct key)) == 0;
}

static guint32 mask_of(const GArray *ranges)
{
	const struct policy_range *r = &g_array_index(ranges, struct policy_range, 0);
	return ~(r->first ^ r->last);
}

/* A range of ports is no prefix: it is compared in the bucket. */
static guint16 port_mask(const GArray *ports)
{
	return mask_of(ports) == G_MAXUINT32 ? 0xffff : 0;
}

static struct key masked(const struct header *h, const struct key *m)
{
	return (struct key){h->source & m->source, h->destination & m->destination,
	                    (guint16)(h->source_port & m->source_port),
	                    (guint16)(h->destination_port & m->destination_port), h->protocol & m->protocol};
}

static void tuple_clear(gpointer p)
{
	g_hash_table_unref(((struct tuple *)p)->buckets);
}

/* In order of each tuple's first rule, since rules are added in order. */
static void tuple_add(GArray *tuples, const struct policy_rule *r, guint number)
{
	struct key m = {mask_of(r->source), mask_of(r->destination), port_mask(r->source_ports),
	                port_mask(r->destination_ports), r->protocol ? 255 : 0};
	struct header h = {.source = g_array_index(r->source, struct policy_range, 0).first,
	                   .destination = g_array_index(r->destination, struct policy_range, 0).first,
	                   .source_port = (guint16)g_array_index(r->source_ports, struct policy_range, 0).first,
	                   .destination_port =
	                           (guint16)g_array_index(r->destination_ports, struct policy_range, 0).first,
	                   .protocol = (guint8)r->protocol};
	struct key k = masked(&h, &m);
	guint i = 0;
	while (i < tuples->len && !key_equal(&g_array_index(tuples, struct tuple, i).mask, &m))
		i++;
	if (i == tuples->len) {
		struct tuple t = {m, NULL, number};
		t.buckets = g_hash_table_new_full(key_hash, key_equal, g_free, (GDestroyNotify)g_array_unref);
		g_array_append_val(tuples, t);
	}
	struct tuple *t = &g_array_index(tuples, struct tuple, i);
	GArray *bucket = g_hash_table_lookup(t->buckets, &k);
	if (!bucket) {
		bucket = g_array_new(FALSE, FALSE, sizeof(guint));
		g_hash_table_insert(t->buckets, g_memdup2(&k, sizeof k), bucket);
	}
	g_array_append_val(bucket, number);
}

static guint tuple_space(const GArray *tuples, const GPtrArray *list, const struct header *h)
{
	guint lines = 0, best = G_MAXUINT;
	for (guint i = 0; i < tuples->len; i++) {
		const struct tuple *t = &g_array_index(tuples, struct tuple, i);
		struct key k = masked(h, &t->mask);
		const GArray *bucket;
		if (t->first > best)
			break;
		bucket = g_hash_table_lookup(t->buckets, &k);
		lines++;
		for (guint j = 0; bucket && j < bucket->len; j++) {
			guint number = g_array_index(bucket, guint, j);
			const struct policy_rule *r = g_ptr_array_index(list, number);
			if (number > best)
				break;
			lines++;
			if (scan_addresses(r, h) && scan_service(r, h))
				best = number;
		}
	}
	return lines;
}

static struct cost cost_tuples(const GPtrArray *list, const struct header *headers, guint *count)
{
	g_autoptr(GArray) tuples = g_array_new(FALSE, FALSE, sizeof(struct tuple));
	struct cost c = {0};
	g_array_set_clear_func(tuples, tuple_clear);
	for (guint i = 0; i < list->len; i++)
		tuple_add(tuples, g_ptr_array_index(list, i), i);
	for (guint i = 0; i < HEADERS; i++)
		add_cost(&c, tuple_space(tuples, list, &headers[i]));
	*count = tuples->len;
	return c;
}

/* --- both --- */

static struct header *headers_of(const GPtrArray *list)
{
	struct header *out = g_new0(struct header, HEADERS);
	for (guint i = 0; i < HEADERS; i++) {
		const struct policy_rule *r = g_ptr_array_index(list, scan_random(list->len));
		const struct policy_rule *other = g_ptr_array_index(list, scan_random(list->len));
		out[i].source = scan_near(r->source, scan_random(G_MAXUINT32));
		out[i].destination = scan_near((scan_random(4) ? r : other)->destination, scan_random(G_MAXUINT32));
		scan_service_near(&out[i], r, other);
	}
	return out;
}

static void measure(const char *name, GPtrArray *list)
{
	struct policy_input in = {.lists = {{NULL, NULL}, {list, NULL}}, .name = name};
	g_autoptr(GError) error = NULL;
	gint64 start = g_get_monotonic_time();
	g_autoptr(GBytes) blob = policy_build(&in, &error);
	double ms = (double)(g_get_monotonic_time() - start) / 1000;
	guint tuples;
	if (!blob) {
		fprintf(stderr, "%s: %s\n", name, error->message);
		return;
	}
	g_autofree struct header *headers = headers_of(list);
	struct cost ours = cost_bit_sets(blob, headers), other = cost_tuples(list, headers, &tuples);
	fprintf(stderr,
	        "%-14s %5u rules %6.1f ms %6zu KiB  lines: mean %5.1f most %3u  tuple space (%u): mean %6.1f most "
	        "%4u\n",
	        name, list->len, ms, g_bytes_get_size(blob) / 1024, ours.mean, ours.most, tuples, other.mean,
	        other.most);
	printf("{\"name\":\"classify.%s\",\"value\":%.1f,\"unit\":\"lines\",\"beside\":{\"most\":%u,\"tuples\":%.1f,"
	       "\"most-tuples\":%u},\"runs\":%u}\n",
	       name, ours.mean, ours.most, other.mean, other.most, HEADERS);
}

/* The worst that can be asked: every word of the set has a rule for this source and one for this destination, and none
 * for both. */
static void measure_worst(void)
{
	const struct header one = {.source = 1, .destination = 1, .protocol = 6};
	g_autoptr(GPtrArray) list = policy_list_new();
	for (guint i = 0; i < 10000; i++) {
		struct policy_rule *r = policy_rule_new();
		guint32 source = i & 1 ? one.source : i + 2, destination = i & 1 ? i + 2 : one.destination;
		policy_add_range(r->source, source, source);
		policy_add_range(r->destination, destination, destination);
		policy_add_range(r->source_ports, 0, 65535);
		policy_add_range(r->destination_ports, 0, 65535);
		r->number = i + 1;
		g_ptr_array_add(list, r);
	}
	struct policy_input in = {.lists = {{NULL, NULL}, {list, NULL}}, .name = "worst"};
	g_autoptr(GBytes) blob = policy_build(&in, NULL);
	struct view v = {.bytes = g_bytes_get_data(blob, NULL)};
	v.dir = (const struct esc_policy_dir *)(const void *)v.bytes + DIR_IN;
	guint lines = bit_sets(&v, &one);
	fprintf(stderr, "worst case of 10000 rules: %u lines, %zu KiB\n", lines, g_bytes_get_size(blob) / 1024);
	printf("{\"name\":\"classify.worst\",\"value\":%u,\"unit\":\"lines\",\"beside\":{},\"runs\":1}\n", lines);
}

int main(void)
{
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autoptr(GPtrArray) paths = classbench_paths(shared ? shared : SHARED);
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GPtrArray) list = classbench_read(g_ptr_array_index(paths, i));
		if (list)
			measure(strrchr(g_ptr_array_index(paths, i), '/') + 1, list);
	}
	measure_worst();
	return 0;
}
