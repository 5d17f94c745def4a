/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flowlog_pending.h"

#include "agent/flowlog_file.h"
#include "agent/flowlog_text.h"

#include <string.h>

struct batch {
	char *group_id;
	guint8 mac[6];
	guint version, port, count;
	GPtrArray *rules;  /* char * */
	GPtrArray *tuples; /* GPtrArray of char *, at the rule's index */
};

struct flowlog_pending {
	GHashTable *batches; /* "group id|mac" -> struct batch */
};

static void batch_free(gpointer data)
{
	struct batch *b = data;

	g_free(b->group_id);
	g_ptr_array_unref(b->rules);
	g_ptr_array_unref(b->tuples);
	g_free(b);
}

struct flowlog_pending *flowlog_pending_new(void)
{
	struct flowlog_pending *p = g_new0(struct flowlog_pending, 1);

	p->batches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, batch_free);
	return p;
}

void flowlog_pending_free(struct flowlog_pending *p)
{
	if (!p)
		return;
	g_hash_table_unref(p->batches);
	g_free(p);
}

static struct batch *batch_get(struct flowlog_pending *p, const char *group_id, guint port, const guint8 mac[6],
                               guint version)
{
	g_autofree char *hex = flowlog_mac(mac);
	char *key = g_strdup_printf("%s|%s", group_id, hex);
	struct batch *b = g_hash_table_lookup(p->batches, key);

	if (b) {
		g_free(key);
		return b;
	}
	b = g_new0(struct batch, 1);
	b->group_id = g_strdup(group_id);
	memcpy(b->mac, mac, 6);
	b->version = version;
	b->port = port;
	b->rules = g_ptr_array_new_with_free_func(g_free);
	b->tuples = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	g_hash_table_insert(p->batches, key, b);
	return b;
}

static GPtrArray *tuples_of(struct batch *b, char *rule)
{
	guint i;

	if (g_ptr_array_find_with_equal_func(b->rules, rule, g_str_equal, &i)) {
		g_free(rule);
		return b->tuples->pdata[i];
	}
	g_ptr_array_add(b->rules, rule);
	g_ptr_array_add(b->tuples, g_ptr_array_new_with_free_func(g_free));
	return b->tuples->pdata[b->tuples->len - 1];
}

void flowlog_pending_add(struct flowlog_pending *p, char *group_id, char *rule, char *tuple, guint port,
                         const guint8 mac[6], guint version)
{
	struct batch *b = batch_get(p, group_id, port, mac, version);

	g_ptr_array_add(tuples_of(b, rule), tuple);
	b->count++;
	g_free(group_id);
}

void flowlog_pending_write(struct flowlog_pending *p, const char *directory, gint64 real_us, flowlog_written_fn fn,
                           gpointer user)
{
	GHashTableIter i;
	gpointer value;

	g_hash_table_iter_init(&i, p->batches);
	while (g_hash_table_iter_next(&i, NULL, &value)) {
		const struct batch *b = value;
		g_autofree char *path = flowlog_path(b->group_id, b->mac, real_us / G_USEC_PER_SEC);
		g_autofree char *record = flowlog_record(b->group_id, b->mac, real_us, b->version, b->rules, b->tuples);
		g_autoptr(GError) error = NULL;

		flowlog_append(directory, path, record, &error);
		fn(b->port, b->count, error, user);
	}
	g_hash_table_remove_all(p->batches);
}
