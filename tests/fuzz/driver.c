/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short run of a fuzz target, in every check: its seeds, then mutations of them in an order that never changes.
 *
 *     fuzz_NAME DIRECTORY | FILE     a file: that input alone, to see a crash again
 *
 * An input that kills the program is written to ./crash-NAME first. The long run is libFuzzer's (./dev fuzz).
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MUTATIONS       100000
#define SECONDS         5            /* at most: a target may be slow, above all under a sanitizer */
#define INPUT_MAX_BYTES (256u << 10) /* more than any seed */

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static const guint8 *current;
static gsize current_size;
static char crash_file[256];

/* Only what a signal handler may call. */
static void save_and_die(int number)
{
	int fd = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd >= 0 && write(fd, current, current_size) == (ssize_t)current_size)
		(void)!write(STDOUT_FILENO, "# input kept in ./crash-*\n", 26);
	signal(number, SIG_DFL);
	raise(number);
}

static void run(const guint8 *data, gsize size)
{
	/* A copy of exactly this size, so that a sanitizer sees one byte too far. */
	g_autofree guint8 *copy = g_memdup2(data, size ? size : 1);

	current = data;
	current_size = size;
	LLVMFuzzerTestOneInput(copy, size);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *read_seeds(const char *path)
{
	GPtrArray *seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *leaf;

	while (dir && (leaf = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_build_filename(path, leaf, NULL));
	if (!dir)
		g_ptr_array_add(names, g_strdup(path));
	g_ptr_array_sort(names, by_name);
	for (guint i = 0; i < names->len; i++) {
		char *text;
		gsize length;

		if (g_file_get_contents(names->pdata[i], &text, &length, NULL))
			g_ptr_array_add(seeds, g_bytes_new_take(text, length));
	}
	return seeds;
}

/* One change: a byte, a bit, a number at a boundary, a piece cut out, a piece doubled, or a piece of another seed. */
static void mutate_once(GRand *r, GByteArray *b, GBytes *other)
{
	static const guint8 interesting[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '"', '{',
	                                     '}',  '[',  ']',  '\\', '\'', '(', ')'};
	gsize other_size;
	const guint8 *other_data = g_bytes_get_data(other, &other_size);
	guint at = b->len ? (guint)g_rand_int_range(r, 0, (gint32)b->len) : 0;
	guint piece = b->len ? (guint)g_rand_int_range(r, 0, (gint32)MIN(b->len - at, 64) + 1) : 0;

	switch (g_rand_int_range(r, 0, 6)) {
	case 0:
		if (b->len)
			b->data[at] = (guint8)g_rand_int(r);
		break;
	case 1:
		if (b->len)
			b->data[at] ^= (guint8)(1u << g_rand_int_range(r, 0, 8));
		break;
	case 2:
		if (b->len)
			b->data[at] = interesting[g_rand_int_range(r, 0, G_N_ELEMENTS(interesting))];
		break;
	case 3:
		if (piece)
			g_byte_array_remove_range(b, at, piece);
		break;
	case 4:
		if (piece && b->len + piece <= INPUT_MAX_BYTES) {
			g_autofree guint8 *copy = g_memdup2(b->data + at, piece);

			g_byte_array_append(b, copy, piece);
		}
		break;
	default:
		if (other_size && b->len) {
			gsize from = (gsize)g_rand_int_range(r, 0, (gint32)MIN(other_size, G_MAXINT32));
			gsize n = MIN(MIN(other_size - from, b->len - at), 64);

			memcpy(b->data + at, other_data + from, n);
		}
	}
}

static guint mutate_all(GPtrArray *seeds)
{
	g_autoptr(GRand) r = g_rand_new_with_seed(20141001);
	gint64 end = g_get_monotonic_time() + SECONDS * G_USEC_PER_SEC;
	guint done = 0;

	for (; done < MUTATIONS && g_get_monotonic_time() < end; done++) {
		GBytes *seed = seeds->pdata[done % seeds->len];
		GBytes *other = seeds->pdata[g_rand_int_range(r, 0, (gint32)seeds->len)];
		g_autoptr(GByteArray) b = g_byte_array_new();
		gsize size;
		const guint8 *data = g_bytes_get_data(seed, &size);

		g_byte_array_append(b, data, (guint)MIN(size, INPUT_MAX_BYTES));
		for (gint n = g_rand_int_range(r, 1, 8); n > 0; n--)
			mutate_once(r, b, other);
		run(b->data, b->len);
	}
	return done;
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) seeds = argc == 2 ? read_seeds(argv[1]) : NULL;
	g_autofree char *name = g_path_get_basename(argv[0]);
	static const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

	if (!seeds || !seeds->len) {
		g_print("not ok 1 - there are seeds\n1..1\n");
		return 1;
	}
	g_snprintf(crash_file, sizeof(crash_file), "crash-%s", name);
	for (guint i = 0; i < G_N_ELEMENTS(deadly); i++)
		signal(deadly[i], save_and_die);
	for (guint i = 0; i < seeds->len; i++) {
		gsize size;
		const guint8 *data = g_bytes_get_data(seeds->pdata[i], &size);

		run(data, size);
	}
	g_print("ok 1 - %u seeds\n", seeds->len);
	if (g_file_test(argv[1], G_FILE_TEST_IS_DIR))
		g_print("ok 2 - %u mutations of them\n1..2\n", mutate_all(seeds));
	else
		g_print("1..1\n");
	return 0;
}
