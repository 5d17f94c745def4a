/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flowlog_file.h"

#include "lab/error.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START "{\"records\":["
#define END   "]}\n"
#define DAY   (24 * 3600)

/* Everybody of the log's group may read; nobody else looks in. */
#define DIRECTORY_MODE 0750
#define FILE_MODE      0640

static gboolean make_directory(const char *path, GError **error)
{
	if (mkdir(path, DIRECTORY_MODE) == 0)
		return chmod(path, DIRECTORY_MODE) == 0 ||
		       lab_fail_errno(error, "%s", path); /* the umask is narrower */
	return errno == EEXIST || lab_fail_errno(error, "%s", path);
}

/* Every directory between `directory`, which exists, and the file. */
static gboolean make_way(const char *directory, const char *path, GError **error)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		g_autofree char *part = g_strndup(path, (gsize)(slash - path));
		g_autofree char *whole = g_build_filename(directory, part, NULL);

		if (!make_directory(whole, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean write_all(int fd, const char *text, gsize length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n <= 0)
			return FALSE;
		text += n;
		length -= (gsize)n;
	}
	return TRUE;
}

static gboolean copy(int from, int to, gsize length)
{
	char buffer[65536];

	while (length) {
		ssize_t n = read(from, buffer, MIN(length, sizeof(buffer)));

		if (n <= 0 || !write_all(to, buffer, (gsize)n))
			return FALSE;
		length -= (gsize)n;
	}
	return TRUE;
}

/* Does it end as a whole file of ours does? What does not is somebody else's, and put aside. */
static gboolean is_whole(int fd, gsize size)
{
	gsize n = strlen(END);
	char tail[8];

	return size >= strlen(START END) && pread(fd, tail, n, (off_t)(size - n)) == (ssize_t)n &&
	       !memcmp(tail, END, n);
}

static gboolean fill(int out, int old, gsize size, const char *record, gboolean empty)
{
	if (old < 0 && !write_all(out, START, strlen(START)))
		return FALSE;
	if (old >= 0 && !copy(old, out, size - strlen(END)))
		return FALSE;
	return (empty || write_all(out, ",", 1)) && write_all(out, record, strlen(record)) &&
	       write_all(out, END, strlen(END)) && fchmod(out, FILE_MODE) == 0;
}

/* The file that is there, to be copied; -1: none that can go on. */
static int open_old(const char *file, gsize *size)
{
	int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	*size = 0;
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_whole(fd, (gsize)st.st_size)) {
		*size = (gsize)st.st_size;
		return fd;
	}
	close(fd);
	g_autofree char *aside = g_strconcat(file, ".broken", NULL);
	rename(file, aside);
	return -1;
}

static gboolean replace(const char *file, int old, gsize size, const char *record, GError **error)
{
	g_autofree char *fresh = g_strconcat(file, ".new", NULL);
	int out = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	gboolean ok;

	if (out < 0)
		return lab_fail_errno(error, "%s", fresh);
	ok = fill(out, old, size, record, old < 0);
	if (close(out))
		ok = FALSE;
	if (ok && rename(fresh, file) == 0)
		return TRUE;
	lab_fail_errno(error, "%s", file);
	unlink(fresh);
	return FALSE;
}

gboolean flowlog_append(const char *directory, const char *path, const char *record, GError **error)
{
	g_autofree char *file = g_build_filename(directory, path, NULL);
	gboolean ok;
	gsize size;
	int old;

	if (!make_way(directory, path, error))
		return FALSE;
	old = open_old(file, &size);
	ok = size + strlen(record) + strlen(START END) <= FLOWLOG_FILE_MAX
	             ? replace(file, old, size, record, error)
	             : lab_fail(error, "%s is full for this hour", file);
	if (old >= 0)
		close(old);
	return ok;
}

/* --- what is too old, or too much --- */

struct found {
	char *path;
	gint64 time;
	guint64 size;
};

static GArray *found_files; /* nftw has no argument for its callback; one walk at a time */

static int note_file(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	struct found f = {NULL, st->st_mtime, (guint64)st->st_size};

	(void)place;
	if (kind != FTW_F)
		return 0;
	f.path = g_strdup(path);
	g_array_append_val(found_files, f);
	return 0;
}

static void clear_found(gpointer data)
{
	g_free(((struct found *)data)->path);
}

static int by_time(gconstpointer a, gconstpointer b)
{
	const struct found *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

/* Oldest first. The caller unrefs. */
static GArray *list_files(const char *directory)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct found));

	g_array_set_clear_func(list, clear_found);
	found_files = list;
	nftw(directory, note_file, 16, FTW_PHYS | FTW_MOUNT);
	g_array_sort(list, by_time);
	return list;
}

/* With the directories that nothing is left in, up to the log's own. */
static void remove_file(const char *directory, const char *path)
{
	g_autofree char *at = g_path_get_dirname(path);

	unlink(path);
	while (strlen(at) > strlen(directory) && rmdir(at) == 0) {
		char *up = g_path_get_dirname(at);

		g_free(at);
		at = up;
	}
}

void flowlog_expire(const char *directory, const char *subtree, guint days, gint64 now)
{
	g_autofree char *top = g_build_filename(directory, subtree, NULL);
	g_autoptr(GArray) files = days ? list_files(top) : NULL;

	for (guint i = 0; files && i < files->len; i++) {
		const struct found *f = &g_array_index(files, struct found, i);

		if (f->time < now - (gint64)days * DAY)
			remove_file(directory, f->path);
	}
}

guint64 flowlog_bound(const char *directory, guint64 most)
{
	g_autoptr(GArray) files = list_files(directory);
	guint64 total = 0;

	for (guint i = 0; i < files->len; i++)
		total += g_array_index(files, struct found, i).size;
	for (guint i = 0; i < files->len && total > most; i++) {
		const struct found *f = &g_array_index(files, struct found, i);

		remove_file(directory, f->path);
		total -= f->size;
	}
	return total;
}
