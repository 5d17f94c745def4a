/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays the controller towards one agent: keeps the tables that are published, and publishes two of them in turn, faster
 * than deployments could.
 *
 *   flipper SOCKET HOST get FILE
 *   flipper SOCKET HOST flip FILE FILE MILLISECONDS TIMES
 *
 * Each flip waits for the agent's acknowledgement of the one before, but no longer than it has to wait for its time.
 * Prints {"flips": n, "longest_ms": n}: how many were acknowledged, and the longest time that one took.
 */
#include "store/store.h"
#include <stdio.h>
#include <stdlib.h>

static int fail(const GError *error)
{
	g_printerr("flipper: %s\n", error->message);
	return EXIT_FAILURE;
}

static gboolean read_key(struct store *s, const char *key, GBytes **value, gint64 *modified, GError **error)
{
	g_autoptr(GPtrArray) all = store_range(s, key, NULL, error);

	*value = NULL;
	*modified = 0;
	for (guint i = 0; all && i < all->len; i++) {
		const struct store_entry *e = all->pdata[i];

		if (g_strcmp0(e->key, key))
			continue;
		*value = g_bytes_ref(e->value);
		*modified = e->mod_revision;
	}
	return all != NULL;
}

static int get(struct store *s, const char *key, const char *file)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) value = NULL;
	gint64 modified;
	gsize size;

	if (!read_key(s, key, &value, &modified, &error))
		return fail(error);
	const char *data = value ? g_bytes_get_data(value, &size) : NULL;
	return data && g_file_set_contents(file, data, (gssize)size, &error) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Until somebody has written the key after `before`. */
static gboolean await(struct store *s, const char *key, gint64 before, GError **error)
{
	for (guint i = 0; i < 5000; i++) {
		g_autoptr(GBytes) value = NULL;
		gint64 modified;

		if (!read_key(s, key, &value, &modified, error))
			return FALSE;
		if (modified > before)
			return TRUE;
		g_usleep(2000);
	}
	g_set_error(error, STORE_ERROR, STORE_FAILED, "no acknowledgement within 10 s");
	return FALSE;
}

static int flip(struct store *s, const char *tables, const char *ack, char **files, gint64 pause_us, guint times)
{
	g_autoptr(GError) error = NULL;
	GBytes *values[2];
	gint64 longest = 0;

	for (guint i = 0; i < 2; i++) {
		char *text;
		gsize size;
		if (!g_file_get_contents(files[i], &text, &size, &error))
			return fail(error);
		values[i] = g_bytes_new_take(text, size);
	}
	for (guint i = 0; i < times; i++) {
		gint64 start = g_get_monotonic_time(), revision = store_put(s, tables, values[i % 2], &error);

		if (!revision || !await(s, ack, revision, &error))
			return fail(error);
		gint64 took = g_get_monotonic_time() - start;
		longest = MAX(longest, took);
		if (took < pause_us)
			g_usleep((gulong)(pause_us - took));
	}
	printf("{\"flips\": %u, \"longest_ms\": %" G_GINT64_FORMAT "}\n", times, longest / 1000);
	g_bytes_unref(values[0]);
	g_bytes_unref(values[1]);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	g_autofree char *address = argc > 4 ? g_strconcat("unix:", argv[1], NULL) : NULL;
	g_autofree char *tables = argc > 4 ? g_strconcat("/run/tables/", argv[2], NULL) : NULL;
	g_autofree char *ack = argc > 4 ? g_strconcat("/run/ack/", argv[2], NULL) : NULL;
	g_autoptr(GError) error = NULL;
	struct store *s = address ? store_open(address, &error) : NULL;
	int code = 2;

	if (error)
		return fail(error);
	if (s && argc == 5 && !g_strcmp0(argv[3], "get"))
		code = get(s, tables, argv[4]);
	else if (s && argc == 8 && !g_strcmp0(argv[3], "flip"))
		code = flip(s, tables, ack, argv + 4, 1000 * (gint64)atoi(argv[6]), (guint)atoi(argv[7]));
	if (s)
		store_close(s);
	return code;
}
