/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/moves.h"
#include "compile/moved.h"
#include "store/store.h"

/* Host + 1 by machine and label. */
static GHashTable *places(const struct plan *p)
{
	GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint host = 0; host < p->tables->len; host++) {
		const struct tables *t = g_ptr_array_index(p->tables, host);
		for (guint i = 0; i < t->ports->len; i++) {
			const struct table_port *port = g_ptr_array_index(t->ports, i);
			g_hash_table_insert(all, g_strconcat(port->vm, " ", port->label, NULL),
			                    GUINT_TO_POINTER(host + 1));
		}
	}
	return all;
}

/* FALSE: it is one move too many. */
static gboolean add(struct moves *m, guint from, guint to, const char *label)
{
	if (m->labels->len && (m->from != from || m->to != to))
		return FALSE;
	m->from = from;
	m->to = to;
	g_ptr_array_add(m->labels, g_strdup(label));
	return m->labels->len <= MOVED_PORTS_MAX;
}

struct moves *moves_between(const struct plan *before, const struct plan *after)
{
	g_autoptr(GHashTable) now = before ? places(after) : NULL;
	struct moves *m = g_new0(struct moves, 1);
	gboolean one = TRUE;
	m->labels = g_ptr_array_new_with_free_func(g_free);
	for (guint host = 0; now && one && host < before->tables->len; host++) {
		const struct tables *t = g_ptr_array_index(before->tables, host);
		for (guint i = 0; one && i < t->ports->len; i++) {
			const struct table_port *port = g_ptr_array_index(t->ports, i);
			g_autofree char *key = g_strconcat(port->vm, " ", port->label, NULL);
			guint there = GPOINTER_TO_UINT(g_hash_table_lookup(now, key));
			if (there && there - 1 != host)
				one = add(m, host, there - 1, port->label);
		}
	}
	if (one && m->labels->len)
		return m;
	moves_free(m);
	return NULL;
}

void moves_free(struct moves *m)
{
	if (!m)
		return;
	g_ptr_array_unref(m->labels);
	g_free(m);
}

static GBytes *word_of(const struct moves *m, guint64 revision, gboolean arrives)
{
	g_autoptr(moved) word = moved_new(revision, arrives);
	for (guint i = 0; i < m->labels->len; i++)
		g_ptr_array_add(word->labels, g_strdup(g_ptr_array_index(m->labels, i)));
	return moved_serialize(word);
}

GBytes *moves_announce(const struct moves *m, guint64 revision)
{
	return word_of(m, revision, TRUE);
}

GBytes *moves_leave(const struct moves *m, guint64 revision)
{
	return word_of(m, revision, FALSE);
}

static gboolean is_about(const struct moves *m, const struct moved *report, guint64 revision)
{
	if (report->revision != revision || report->arrives || report->labels->len != m->labels->len)
		return FALSE;
	for (guint i = 0; i < m->labels->len; i++)
		if (moved_find(report, g_ptr_array_index(m->labels, i)) < 0)
			return FALSE;
	return TRUE;
}

GBytes *moves_arrive(const struct moves *m, guint64 revision, GBytes *report, GError **error)
{
	g_autoptr(moved) word = report ? moved_parse(report, error) : NULL;
	if (!word) {
		if (!report)
			g_set_error(error, STORE_ERROR, STORE_FAILED, "host %u did not say what its ports had",
			            m->from);
		return NULL;
	}
	if (!is_about(m, word, revision)) {
		g_set_error(error, STORE_ERROR, STORE_FAILED, "host %u speaks of other ports than those that move",
		            m->from);
		return NULL;
	}
	word->arrives = TRUE;
	return moved_serialize(word);
}
