/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hz.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define KEY       "\nCONFIG_HZ="
#define MAX_BYTES (4u << 20)

static char *read_compressed(const char *path)
{
	g_autoptr(GFile) file = g_file_new_for_path(path);
	g_autoptr(GFileInputStream) raw = g_file_read(file, NULL, NULL);

	if (!raw)
		return NULL;
	g_autoptr(GZlibDecompressor) unzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_autoptr(GInputStream) in = g_converter_input_stream_new(G_INPUT_STREAM(raw), G_CONVERTER(unzip));
	char *text = g_malloc(MAX_BYTES);
	gsize length = 0;
	g_input_stream_read_all(in, text, MAX_BYTES - 1, &length, NULL, NULL);
	text[length] = 0;
	return text;
}

guint32 hz_of_kernel(void)
{
	g_autofree char *text = read_compressed("/proc/config.gz");
	struct utsname name;
	const char *found;

	if (!text && !uname(&name)) {
		g_autofree char *path = g_strdup_printf("/boot/config-%s", name.release);

		if (!g_file_get_contents(path, &text, NULL, NULL))
			text = NULL;
	}
	found = text ? strstr(text, KEY) : NULL;
	return found ? (guint32)strtoul(found + strlen(KEY), NULL, 10) : 0;
}
