/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was acknowledged survives kill -9, and no transaction is ever seen in part. A child writes and says each
 * revision that it was given; it is killed at a random moment; then everything it said must be there.
 */
#include "tests/unit/store/support.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 30
#define SLOTS  5

static struct store *opened(const char *address)
{
	GError *error = NULL;
	struct store *s = store_open(address, &error);
	g_assert_no_error(error);
	return s;
}

/* The same number in every slot: a torn transaction would show two numbers. Values of uneven size move pages about. */
static void write_for_ever(const char *address, int out, guint first)
{
	struct store *s = opened(address);
	for (guint n = first;; n++) {
		struct store_txn *t = store_txn_new();
		for (guint slot = 0; slot < SLOTS; slot++) {
			g_autofree char *key = g_strdup_printf("/doc/slot/%u", slot);
			g_autofree char *fill = g_strnfill(n * 37 % 9000, 'x');
			g_autoptr(GBytes) value = tests_text("%u %s", n, fill);
			store_txn_put(t, key, value);
		}
		gint64 said[2] = {n, store_txn_commit(s, t, NULL)};
		if (!said[1] || write(out, said, sizeof(said)) != sizeof(said))
			_exit(1);
	}
}

static void check(const char *address, const gint64 said[2])
{
	struct store *s = opened(address);
	GError *error = NULL;
	gint64 revision;
	g_autoptr(GPtrArray) all = store_range(s, "/doc/slot/", &revision, &error);
	g_assert_no_error(error);
	g_assert_cmpint(revision, >=, said[1]);
	g_assert_true(all->len == SLOTS || (all->len == 0 && !said[1]));
	for (guint i = 0; i < all->len; i++) {
		const struct store_entry *e = g_ptr_array_index(all, i), *first = g_ptr_array_index(all, 0);
		g_assert_true(g_bytes_equal(e->value, first->value));
		g_assert_cmpint(e->mod_revision, ==, revision);
		g_assert_cmpint(atoll(g_bytes_get_data(e->value, NULL)), >=, said[0]);
	}
	store_close(s);
}

static void killed(void)
{
	char *directory = tests_directory();
	g_autofree char *address = g_strdup_printf("sqlite:%s/store.db", directory);
	gint64 said[2] = {0, 0};
	guint acknowledged = 0;
	for (guint round = 0; round < ROUNDS; round++) {
		int pipe_ends[2];
		gint64 heard[2];
		g_assert_cmpint(pipe(pipe_ends), ==, 0);
		pid_t child = fork();
		if (!child) {
			close(pipe_ends[0]);
			write_for_ever(address, pipe_ends[1], (guint)said[0] + 1);
		}
		close(pipe_ends[1]);
		g_usleep((gulong)g_random_int_range(2000, 60000));
		kill(child, SIGKILL);
		while (read(pipe_ends[0], heard, sizeof(heard)) == sizeof(heard)) {
			said[0] = heard[0];
			said[1] = heard[1];
			acknowledged++;
		}
		close(pipe_ends[0]);
		int status;
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		g_assert_true(WIFSIGNALED(status));
		check(address, said);
	}
	g_test_message("%u acknowledged writes in %u rounds", acknowledged, ROUNDS);
	g_assert_cmpuint(acknowledged, >, ROUNDS);
	tests_remove(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/crash/killed", killed);
	return g_test_run();
}
