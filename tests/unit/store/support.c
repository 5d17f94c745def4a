/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store/support.h"
#include <string.h>
#include <unistd.h>

char *tests_directory(void)
{
	GError *error = NULL;
	char *directory = g_dir_make_tmp("escarp-store-XXXXXX", &error);
	g_assert_no_error(error);
	return directory;
}

void tests_remove(char *directory)
{
	GDir *d = g_dir_open(directory, 0, NULL);
	const char *name;
	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		g_unlink(path);
	}
	g_dir_close(d);
	g_rmdir(directory);
	g_free(directory);
}

GBytes *tests_text(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = g_strdup_vprintf(format, args);
	va_end(args);
	return g_bytes_new_take(text, strlen(text));
}

gint64 tests_put(struct store *s, const char *key, const char *value)
{
	GError *error = NULL;
	g_autoptr(GBytes) bytes = tests_text("%s", value);
	gint64 revision = store_put(s, key, bytes, &error);
	g_assert_no_error(error);
	return revision;
}

char *tests_get(struct store *s, const char *key)
{
	GError *error = NULL;
	struct store_entry *e = store_get(s, key, &error);
	g_assert_no_error(error);
	if (!e)
		return NULL;
	gsize size;
	const char *data = g_bytes_get_data(e->value, &size);
	char *text = g_strndup(size ? data : "", size);
	store_entry_free(e);
	return text;
}

static gpointer serve(gpointer user)
{
	struct tests_server *t = user;
	GError *error = NULL;
	g_main_context_push_thread_default(t->context);
	g_autofree char *file = g_strdup_printf("sqlite:%s/store.db", t->directory);
	struct store *s = store_open(file, &error);
	g_assert_no_error(error);
	if (t->keep)
		sqlite_store_keep(s, t->keep, 1u << 30);
	const struct store_grant all = {getuid(), "/", TRUE};
	struct store_server *v =
	        store_server_new(s, t->address + 5, t->grants ? t->grants : &all, t->grants ? t->count : 1, &error);
	g_assert_no_error(error);
	if (t->patience)
		store_server_set_patience(v, t->patience);
	g_atomic_int_set(&t->ready, 1);
	g_main_loop_run(t->loop);
	store_server_free(v);
	store_close(s);
	g_main_context_pop_thread_default(t->context);
	return NULL;
}

void tests_server_resume(struct tests_server *t)
{
	g_atomic_int_set(&t->ready, 0);
	t->loop = g_main_loop_new(t->context, FALSE);
	t->thread = g_thread_new("server", serve, t);
	while (!g_atomic_int_get(&t->ready))
		g_usleep(1000);
}

void tests_server_pause(struct tests_server *t)
{
	g_main_loop_quit(t->loop);
	g_thread_join(t->thread);
	g_main_loop_unref(t->loop);
}

struct tests_server *tests_server_start(const struct store_grant *grants, gsize count, guint patience, guint keep)
{
	struct tests_server *t = g_new0(struct tests_server, 1);
	t->directory = tests_directory();
	t->address = g_strdup_printf("unix:%s/store.sock", t->directory);
	t->grants = grants;
	t->count = count;
	t->patience = patience;
	t->keep = keep;
	t->context = g_main_context_new();
	tests_server_resume(t);
	return t;
}

void tests_server_stop(struct tests_server *t)
{
	tests_server_pause(t);
	g_main_context_unref(t->context);
	tests_remove(t->directory);
	g_free(t->address);
	g_free(t);
}
