/* SPDX-License-Identifier: Apache-2.0 */
/* Maps by difference, against a plain table in the kernel's place that counts every call and can fail at any of them.
 */
#include "agent/sync.h"

#include <errno.h>
#include <string.h>

#define KEY      3
#define VALUE    2
#define RECORD   (KEY + VALUE)
#define CAPACITY 200

struct fake {
	GHashTable *entries; /* key bytes as GBytes -> value bytes as GBytes */
	guint puts, removes;
	gint fail_in; /* calls until one fails; negative: never */
};

static gboolean fails(struct fake *f)
{
	return f->fail_in >= 0 && f->fail_in-- == 0;
}

static int fake_put(void *map, const void *key, const void *value)
{
	struct fake *f = map;

	if (fails(f))
		return -E2BIG;
	f->puts++;
	g_hash_table_replace(f->entries, g_bytes_new(key, KEY), g_bytes_new(value, VALUE));
	return 0;
}

static int fake_remove(void *map, const void *key)
{
	g_autoptr(GBytes) k = g_bytes_new(key, KEY);
	struct fake *f = map;

	if (fails(f))
		return -EBUSY;
	f->removes++;
	return g_hash_table_remove(f->entries, k) ? 0 : -ENOENT;
}

/* In the table's own order, as the kernel has it: not sorted. */
static int fake_next(void *map, const void *key, void *next_key, void *value)
{
	g_autoptr(GBytes) k = key ? g_bytes_new(key, KEY) : NULL;
	struct fake *f = map;
	gboolean found = !key;
	GHashTableIter i;
	gpointer a, b;

	g_hash_table_iter_init(&i, f->entries);
	while (g_hash_table_iter_next(&i, &a, &b)) {
		if (found) {
			memcpy(next_key, g_bytes_get_data(a, NULL), KEY);
			memcpy(value, g_bytes_get_data(b, NULL), VALUE);
			return 0;
		}
		found = g_bytes_equal(a, k);
	}
	return -ENOENT;
}

static const struct sync_ops OPS = {fake_put, fake_remove, fake_next};

static void fake_init(struct fake *f)
{
	*f = (struct fake){.fail_in = -1};
	f->entries = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
	                                   (GDestroyNotify)g_bytes_unref);
}

static int by_key(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, KEY);
}

/* Random records, sorted, each key once. */
static GByteArray *random_records(GRand *r)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	GByteArray *out = g_byte_array_new();
	guint n = (guint)g_rand_int_range(r, 0, 40);

	for (guint i = 0; i < n; i++) {
		guint key = (guint)g_rand_int_range(r, 0, 60);
		guint8 record[RECORD] = {(guint8)(key * 7), 1, (guint8)key, (guint8)g_rand_int_range(r, 0, 3), 9};

		if (g_hash_table_add(seen, GUINT_TO_POINTER(key + 1)))
			g_byte_array_append(out, record, RECORD);
	}
	if (out->len)
		qsort(out->data, out->len / RECORD, RECORD, by_key);
	return out;
}

static const guint8 *find(const GByteArray *records, const guint8 *key)
{
	return records->len ? bsearch(key, records->data, records->len / RECORD, RECORD, by_key) : NULL;
}

static void assert_equal(const struct fake *f, const GByteArray *records)
{
	g_assert_cmpuint(g_hash_table_size(f->entries), ==, records->len / RECORD);
	for (guint i = 0; i < records->len; i += RECORD) {
		g_autoptr(GBytes) k = g_bytes_new(records->data + i, KEY);
		GBytes *v = g_hash_table_lookup(f->entries, k);

		g_assert_nonnull(v);
		g_assert_cmpmem(g_bytes_get_data(v, NULL), VALUE, records->data + i + KEY, VALUE);
	}
}

/* What the naive way counts: each key that differs, once. */
static void expected_calls(const GByteArray *from, const GByteArray *to, guint *removes, guint *puts)
{
	*removes = *puts = 0;
	for (guint i = 0; i < from->len; i += RECORD)
		*removes += !find(to, from->data + i);
	for (guint i = 0; i < to->len; i += RECORD) {
		const guint8 *have = find(from, to->data + i);

		*puts += !have || memcmp(have, to->data + i, RECORD);
	}
}

static void test_difference(void)
{
	g_autoptr(GRand) r = g_rand_new_with_seed(42);
	g_autoptr(GByteArray) before = g_byte_array_new();
	struct fake f;
	struct sync s;

	fake_init(&f);
	sync_init(&s, "fake", &OPS, &f, KEY, VALUE, CAPACITY);
	for (guint round = 0; round < 2000; round++) {
		g_autoptr(GByteArray) after = random_records(r);
		guint removes, puts, n = after->len / RECORD;

		expected_calls(before, after, &removes, &puts);
		f.removes = f.puts = 0;
		s.calls = 0;
		g_assert_true(sync_check(&s, after->data, n, NULL));
		g_assert_true(sync_remove(&s, after->data, n, NULL));
		g_assert_cmpuint(f.puts, ==, 0);
		g_assert_true(sync_put(&s, after->data, n, NULL));
		g_assert_cmpuint(f.removes, ==, removes);
		g_assert_cmpuint(f.puts, ==, puts);
		g_assert_cmpuint(s.calls, ==, removes + puts);
		assert_equal(&f, after);
		g_byte_array_set_size(before, 0);
		g_byte_array_append(before, after->data, after->len);
	}
	sync_clear(&s);
	g_hash_table_destroy(f.entries);
}

/* A call that fails at any moment: what is remembered is what the map holds, and the way back leads back. */
static void test_failure(void)
{
	g_autoptr(GRand) r = g_rand_new_with_seed(7);
	struct fake f;
	struct sync s;

	fake_init(&f);
	sync_init(&s, "fake", &OPS, &f, KEY, VALUE, CAPACITY);
	for (guint round = 0; round < 1000; round++) {
		g_autoptr(GByteArray) old = random_records(r), new = random_records(r);
		g_autoptr(GError) error = NULL;
		guint n = new->len / RECORD;

		g_assert_true(sync_remove(&s, old->data, old->len / RECORD, NULL));
		g_assert_true(sync_put(&s, old->data, old->len / RECORD, NULL));
		f.fail_in = g_rand_int_range(r, 0, 12);
		if (sync_remove(&s, new->data, n, &error) && sync_put(&s, new->data, n, &error))
			g_assert_no_error(error);
		else
			g_assert_nonnull(error);
		f.fail_in = -1;
		assert_equal(&f, s.held);
		g_assert_true(sync_remove(&s, old->data, old->len / RECORD, NULL));
		g_assert_true(sync_put(&s, old->data, old->len / RECORD, NULL));
		assert_equal(&f, old);
	}
	sync_clear(&s);
	g_hash_table_destroy(f.entries);
}

static void test_read_back(void)
{
	g_autoptr(GRand) r = g_rand_new_with_seed(3);
	struct fake f;
	struct sync s, successor;

	fake_init(&f);
	sync_init(&s, "fake", &OPS, &f, KEY, VALUE, CAPACITY);
	sync_init(&successor, "fake", &OPS, &f, KEY, VALUE, CAPACITY);
	for (guint round = 0; round < 200; round++) {
		g_autoptr(GByteArray) records = random_records(r);
		guint n = records->len / RECORD;

		g_assert_true(sync_remove(&s, records->data, n, NULL) && sync_put(&s, records->data, n, NULL));
		g_assert_true(sync_read_back(&successor, NULL));
		g_assert_cmpmem(successor.held->data, successor.held->len, s.held->data, s.held->len);
		f.puts = f.removes = 0;
		g_assert_true(sync_remove(&successor, records->data, n, NULL) &&
		              sync_put(&successor, records->data, n, NULL));
		g_assert_cmpuint(f.puts + f.removes, ==, 0);
		for (guint i = 0; i < n; i++) {
			const guint8 *record = records->data + i * RECORD;

			g_assert_cmpmem(sync_find(&s, record), VALUE, record + KEY, VALUE);
		}
		g_assert_null(sync_find(&s, "\xff\xff\xff"));
	}
	sync_clear(&s);
	sync_clear(&successor);
	g_hash_table_destroy(f.entries);
}

static void test_refusals(void)
{
	static const guint8 unsorted[] = {2, 0, 0, 1, 1, 1, 0, 0, 1, 1}, twice[] = {1, 0, 0, 1, 1, 1, 0, 0, 2, 2};
	g_autofree guint8 *many = g_new0(guint8, (CAPACITY + 1) * RECORD);
	g_autoptr(GError) order = NULL, repeated = NULL, room = NULL;
	struct fake f;
	struct sync s;

	fake_init(&f);
	sync_init(&s, "fake", &OPS, &f, KEY, VALUE, CAPACITY);
	g_assert_false(sync_check(&s, unsorted, 2, &order));
	g_assert_nonnull(strstr(order->message, "not in order"));
	g_assert_false(sync_check(&s, twice, 2, &repeated));
	g_assert_nonnull(strstr(repeated->message, "not in order"));
	g_assert_false(sync_check(&s, many, CAPACITY + 1, &room));
	g_assert_nonnull(strstr(room->message, "the map holds 200"));
	sync_clear(&s);
	g_hash_table_destroy(f.entries);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/sync/difference", test_difference);
	g_test_add_func("/agent/sync/failure", test_failure);
	g_test_add_func("/agent/sync/read-back", test_read_back);
	g_test_add_func("/agent/sync/refusals", test_refusals);
	return g_test_run();
}
