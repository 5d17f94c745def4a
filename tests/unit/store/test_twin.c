/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every provider against a twin that is too simple to be wrong: a sorted list in memory. Random transactions go to
 * both; after each the answer, the error and the whole range must agree, and at the end a watch from the start must
 * have delivered what the twin wrote down.
 */
#include "tests/unit/store/support.h"
#include "store/store-provider.h"
#include <string.h>

#define KEYS   12
#define ROUNDS 600

struct twin_key {
	gint64 created, modified; /* modified 0: absent */
	char *value;
};
struct twin {
	struct twin_key keys[KEYS];
	gint64 revision;
	GString *journal; /* "revision key=value\n" of every change */
};

static char *key_name(guint k)
{
	/* Byte order differs from the order of people: /a/10 comes before /a/2. */
	return g_strdup_printf("/%s/%u", k % 3 ? "doc" : "run", k);
}

struct operation {
	guint key;
	gint64 expect; /* -1: no compare */
	char *value;   /* NULL: delete */
	gboolean writes;
};

static int by_key(gconstpointer a, gconstpointer b)
{
	g_autofree char *x = key_name(((const struct operation *)a)->key);
	g_autofree char *y = key_name(((const struct operation *)b)->key);
	return strcmp(x, y);
}

static gint64 twin_apply(struct twin *t, GArray *operations)
{
	gint64 next = t->revision + 1;
	gboolean changed = FALSE;
	for (guint i = 0; i < operations->len; i++) {
		struct operation *o = &g_array_index(operations, struct operation, i);
		if (o->expect >= 0 && t->keys[o->key].modified != o->expect)
			return 0;
	}
	for (guint i = 0; i < operations->len; i++) {
		struct operation *o = &g_array_index(operations, struct operation, i);
		struct twin_key *k = &t->keys[o->key];
		g_autofree char *name = key_name(o->key);
		if (!o->writes || (!o->value && !k->modified))
			continue;
		k->created = o->value ? (k->modified ? k->created : next) : 0;
		k->modified = o->value ? next : 0;
		g_free(k->value);
		k->value = g_strdup(o->value);
		g_string_append_printf(t->journal, "%" G_GINT64_FORMAT " %s=%s\n", next, name,
		                       o->value ? o->value : "-");
		changed = TRUE;
	}
	t->revision += changed;
	return t->revision;
}

static GArray *random_operations(GRand *random, const struct twin *t)
{
	GArray *operations = g_array_new(FALSE, TRUE, sizeof(struct operation));
	guint start = g_rand_int_range(random, 0, KEYS), count = (guint)g_rand_int_range(random, 0, 5);
	for (guint i = 0; i < count; i++) {
		struct operation o = {.key = (start + i) % KEYS, .expect = -1};
		if (g_rand_int_range(random, 0, 3) == 0)
			o.expect = g_rand_int_range(random, 0, 4) ? t->keys[o.key].modified
			                                          : g_rand_int_range(random, 0, (gint)t->revision + 1);
		o.writes = g_rand_int_range(random, 0, 4) != 0;
		if (g_rand_int_range(random, 0, 3))
			o.value = g_strdup_printf("v%u", g_rand_int(random));
		g_array_append_val(operations, o);
	}
	/* Deletes go last and puts first on the wire: the journal is compared by revision, then key. */
	g_array_sort(operations, by_key);
	return operations;
}

static gint64 store_apply(struct store *s, GArray *operations, GError **error)
{
	struct store_txn *txn = store_txn_new();
	for (guint i = 0; i < operations->len; i++) {
		struct operation *o = &g_array_index(operations, struct operation, i);
		g_autofree char *name = key_name(o->key);
		g_autoptr(GBytes) value = o->value ? tests_text("%s", o->value) : NULL;
		if (o->expect >= 0)
			store_txn_if_mod(txn, name, o->expect);
		if (o->writes && value)
			store_txn_put(txn, name, value);
		else if (o->writes)
			store_txn_delete(txn, name);
	}
	return store_txn_commit(s, txn, error);
}

static void agree(struct store *s, const struct twin *t, const char *prefix)
{
	GError *error = NULL;
	gint64 revision;
	g_autoptr(GPtrArray) all = store_range(s, prefix, &revision, &error);
	g_assert_no_error(error);
	g_assert_cmpint(revision, ==, t->revision);
	guint found = 0;
	const char *before = "";
	for (guint i = 0; i < all->len; i++) {
		const struct store_entry *e = g_ptr_array_index(all, i);
		g_assert_cmpint(strcmp(before, e->key), <, 0);
		before = e->key;
	}
	for (guint k = 0; k < KEYS; k++) {
		g_autofree char *name = key_name(k);
		g_autofree char *value = tests_get(s, name);
		g_assert_cmpstr(value, ==, t->keys[k].value);
		if (!value || !g_str_has_prefix(name, prefix))
			continue;
		found++;
		for (guint i = 0; i < all->len; i++) {
			const struct store_entry *e = g_ptr_array_index(all, i);
			if (strcmp(e->key, name))
				continue;
			g_assert_cmpint(e->create_revision, ==, t->keys[k].created);
			g_assert_cmpint(e->mod_revision, ==, t->keys[k].modified);
		}
	}
	g_assert_cmpuint(found, ==, all->len);
}

static int line_order(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Within one revision the order of keys has no meaning. */
static char *journal_sorted(const char *text)
{
	char **lines = g_strsplit(text, "\n", -1);
	guint n = g_strv_length(lines);
	for (guint i = 0; i < n;) {
		guint j = i;
		gint64 revision = g_ascii_strtoll(lines[i], NULL, 10);
		while (j < n && g_ascii_strtoll(lines[j], NULL, 10) == revision)
			j++;
		qsort(lines + i, j - i, sizeof(char *), line_order);
		i = j;
	}
	char *sorted = g_strjoinv("\n", lines);
	g_strfreev(lines);
	return sorted;
}

static void write_down(GPtrArray *events, const GError *error, gpointer user)
{
	GString *journal = user;
	g_assert_no_error(error);
	for (guint i = 0; i < events->len; i++) {
		const struct store_event *e = g_ptr_array_index(events, i);
		gsize size;
		const char *data = e->value ? g_bytes_get_data(e->value, &size) : NULL;
		g_string_append_printf(journal, "%" G_GINT64_FORMAT " %s=%.*s\n", e->revision, e->key,
		                       data ? (int)size : 1, data ? data : "-");
	}
}

static void run_twin(struct store *s, guint32 seed)
{
	GRand *random = g_rand_new_with_seed(seed);
	struct twin t = {.revision = 1, .journal = g_string_new(NULL)};
	g_autoptr(GString) live = g_string_new(NULL), later = g_string_new(NULL);
	GError *error = NULL;
	struct store_watch *w = store_watch(s, "/", 0, write_down, live, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < ROUNDS; i++) {
		GArray *operations = random_operations(random, &t);
		gint64 expected = twin_apply(&t, operations), got = store_apply(s, operations, &error);
		g_assert_cmpint(got, ==, expected);
		if (!expected)
			g_assert_error(error, STORE_ERROR, STORE_CONFLICT);
		else
			g_assert_no_error(error);
		g_clear_error(&error);
		for (guint k = 0; k < operations->len; k++)
			g_free(g_array_index(operations, struct operation, k).value);
		g_array_unref(operations);
		if (i % 10 == 0)
			agree(s, &t, i % 20 ? "/" : "/doc");
		g_main_context_iteration(NULL, FALSE);
	}
	agree(s, &t, "/run/");
	struct store_watch *w2 = store_watch(s, "/", 1, write_down, later, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < 2000 && (live->len < t.journal->len || later->len < t.journal->len); i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(500);
	}
	g_autofree char *want = journal_sorted(t.journal->str);
	g_autofree char *one = journal_sorted(live->str), *two = journal_sorted(later->str);
	g_assert_cmpstr(one, ==, want);
	g_assert_cmpstr(two, ==, want);
	store_watch_free(w);
	store_watch_free(w2);
	for (guint k = 0; k < KEYS; k++)
		g_free(t.keys[k].value);
	g_string_free(t.journal, TRUE);
	g_rand_free(random);
}

static void twin_sqlite(void)
{
	for (guint32 seed = 1; seed <= 3; seed++) {
		char *directory = tests_directory();
		g_autofree char *address = g_strdup_printf("sqlite:%s/store.db", directory);
		GError *error = NULL;
		struct store *s = store_open(address, &error);
		g_assert_no_error(error);
		run_twin(s, seed);
		store_close(s);
		tests_remove(directory);
	}
}

static void twin_socket(void)
{
	for (guint32 seed = 11; seed <= 12; seed++) {
		struct tests_server *t = tests_server_start(NULL, 0, 0, 0);
		GError *error = NULL;
		struct store *s = store_open(t->address, &error);
		g_assert_no_error(error);
		run_twin(s, seed);
		store_close(s);
		tests_server_stop(t);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/twin/sqlite", twin_sqlite);
	g_test_add_func("/store/twin/socket", twin_socket);
	return g_test_run();
}
