/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/input.h"

#include "lib/node.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static GByteArray *read_all(int fd, const char *path, gsize limit, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	guint8 block[65536];

	while (bytes->len <= limit) {
		ssize_t got = read(fd, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID, "%s: cannot read: %s", path,
			            g_strerror(errno));
			return NULL;
		}
		if (got == 0) {
			g_byte_array_append(bytes, (const guint8 *)"", 1);
			g_byte_array_set_size(bytes, bytes->len - 1);
			return g_steal_pointer(&bytes);
		}
		g_byte_array_append(bytes, block, (guint)got);
	}
	g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT, "%s: larger than %" G_GSIZE_FORMAT " bytes", path, limit);
	return NULL;
}

GByteArray *input_read(const char *path, gsize limit, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	GByteArray *bytes;

	if (fd < 0) {
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID, "%s: cannot open: %s", path, g_strerror(errno));
		return NULL;
	}
	bytes = read_all(fd, path, limit, error);
	close(fd);
	return bytes;
}
