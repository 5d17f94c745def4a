/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/logs.h"
#include "lib/paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last bytes of an open file. NULL: it cannot be read. */
static GBytes *read_end(int fd, off_t size)
{
	g_autofree guint8 *end = g_malloc(LOGS_KEEP);
	gssize n = pread(fd, end, LOGS_KEEP, size - LOGS_KEEP);

	return n > 0 ? g_bytes_new(end, (gsize)n) : NULL;
}

static void write_old(const char *path, GBytes *end)
{
	g_autofree char *old = g_strconcat(path, ".old", NULL);
	g_autoptr(GError) error = NULL;
	gsize size;
	const void *data = g_bytes_get_data(end, &size);

	if (!g_file_set_contents_full(old, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
		g_warning("%s", error->message);
}

static void bound_one(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > LOGS_MAX_BYTES) {
		g_autoptr(GBytes) end = read_end(fd, st.st_size);

		if (end)
			write_old(path, end);
		if (ftruncate(fd, 0))
			g_warning("cannot shorten %s", path);
	}
	close(fd);
}

void logs_bound(const char *lab)
{
	g_autofree char *folder = paths_run(lab, "log");
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_str_has_suffix(name, ".log"))
			bound_one(path);
	}
}
