/* SPDX-License-Identifier: Apache-2.0 */
/* The seeds of fuzz_moved, in today's layout:  seed_moved OUT PORTS FLOWS */
#include "compile/moved.h"
#include <stdlib.h>

int main(int argc, char **argv)
{
	g_autoptr(moved) m = moved_new(7, argc == 4 && atoi(argv[3]) > 0);

	if (argc != 4)
		return 2;
	for (int i = 0; i < atoi(argv[2]); i++)
		g_ptr_array_add(m->labels, g_strdup_printf("web%d", i));
	for (int i = 0; i < atoi(argv[3]); i++) {
		struct esc_moved four = {.key = {.proto = 6, .dir = (guint8)(i % 3), .sport = (guint16)i}};
		struct esc_moved6 six = {.key = {.proto = 17, .dir = (guint8)(i % 3), .dport = (guint16)i}};

		g_array_append_val(m->flows, four);
		g_array_append_val(m->flows6, six);
	}
	g_autoptr(GBytes) bytes = moved_serialize(m);
	return !g_file_set_contents(argv[1], g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes), NULL);
}
