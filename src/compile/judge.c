/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of everything that judges a port's flows: its own structure, the content of its policy, its translations,
 * the routes of its tables. When it changes, the port's generation does, and its flows are judged anew; so nothing of
 * other ports goes in, and no place of anything in these tables.
 */
#include "parts.h"
#include <string.h>

struct digest {
	guint8 bytes[32];
};

static struct digest *digest_blobs(const struct tables *t)
{
	struct digest *out = g_new0(struct digest, t->blobs->len + 1);
	for (guint i = 0; i < t->blobs->len; i++) {
		g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
		gsize size, length = sizeof out[i].bytes;
		const guint8 *data = g_bytes_get_data(g_ptr_array_index(t->blobs, i), &size);
		g_checksum_update(sum, data, (gssize)size);
		g_checksum_get_digest(sum, out[i].bytes, &length);
	}
	return out;
}

static void add(GChecksum *sum, const void *data, gsize size)
{
	g_checksum_update(sum, data, (gssize)size);
}

static GChecksum *sum_of(GHashTable *sums, guint32 table)
{
	GChecksum *sum = g_hash_table_lookup(sums, GUINT_TO_POINTER(table));
	if (!sum) {
		sum = g_checksum_new(G_CHECKSUM_SHA256);
		g_hash_table_insert(sums, GUINT_TO_POINTER(table), sum);
	}
	return sum;
}

/* Of each route table: number -> struct digest. A number alone would do but for two digests that begin alike. */
static GHashTable *digest_routes(const struct tables *t)
{
	GHashTable *out = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_autoptr(GHashTable) sums = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_checksum_free);
	GHashTableIter i;
	gpointer number, sum;
	for (guint k = 0; k < t->routes->len; k++) {
		const struct table_route *r = &g_array_index(t->routes, struct table_route, k);
		add(sum_of(sums, r->key.table), r, sizeof *r);
	}
	for (guint k = 0; k < t->routes6->len; k++) {
		const struct table_route6 *r = &g_array_index(t->routes6, struct table_route6, k);
		add(sum_of(sums, r->key.table), r, sizeof *r);
	}
	g_hash_table_iter_init(&i, sums);
	while (g_hash_table_iter_next(&i, &number, &sum)) {
		struct digest *d = g_new0(struct digest, 1);
		gsize length = sizeof d->bytes;
		g_checksum_get_digest(sum, d->bytes, &length);
		g_hash_table_insert(out, number, d);
	}
	return out;
}

static void add_table(GChecksum *sum, GHashTable *routes, guint32 number)
{
	const struct digest *d = g_hash_table_lookup(routes, GUINT_TO_POINTER(number));
	if (d)
		add(sum, d->bytes, sizeof d->bytes);
}

/* Nothing for a port without IPv6: what others have of it is not its business. */
static void judge_six(GChecksum *sum, const struct tables *t, const struct table_port *p)
{
	if (!p->port6.addr_count)
		return;
	add(sum, &p->port6, sizeof p->port6);
	add(sum, "dnat6", 5);
	for (guint i = 0; i < t->dnat6->len; i++) {
		const struct table_dnat6 *d = &g_array_index(t->dnat6, struct table_dnat6, i);
		if (d->key.port == p->number)
			add(sum, d, sizeof *d);
	}
	add(sum, "snat6", 5);
	for (guint i = 0; i < t->snat6->len; i++) {
		const struct table_snat6 *s = &g_array_index(t->snat6, struct table_snat6, i);
		if (s->key.port == p->number)
			add(sum, s, sizeof *s);
	}
}

static guint64 judge_port(const struct tables *t, const struct table_port *p, const struct digest *blobs,
                          GHashTable *routes)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	add(sum, &p->port, sizeof p->port);
	add(sum, p->blob ? blobs[p->blob - 1].bytes : blobs[t->blobs->len].bytes, sizeof blobs->bytes);
	add_table(sum, routes, p->port.table);
	add_table(sum, routes, p->port.space);
	add(sum, "dnat", 4);
	for (guint i = 0; i < t->dnat->len; i++) {
		const struct table_dnat *d = &g_array_index(t->dnat, struct table_dnat, i);
		if (d->key.port == p->number)
			add(sum, d, sizeof *d);
	}
	add(sum, "snat", 4);
	for (guint i = 0; i < t->snat->len; i++) {
		const struct table_snat *s = &g_array_index(t->snat, struct table_snat, i);
		if (s->key.port == p->number)
			add(sum, s, sizeof *s);
	}
	judge_six(sum, t, p);
	guint8 digest[32];
	gsize length = sizeof digest;
	guint64 judge;
	g_checksum_get_digest(sum, digest, &length);
	memcpy(&judge, digest, sizeof judge);
	return judge;
}

void compile_judge(struct compilation *c)
{
	g_autofree struct digest *blobs = digest_blobs(c->t);
	g_autoptr(GHashTable) routes = digest_routes(c->t);
	for (guint i = 0; i < c->t->ports->len; i++) {
		struct table_port *p = g_ptr_array_index(c->t->ports, i);
		p->judge = judge_port(c->t, p, blobs, routes);
	}
}
