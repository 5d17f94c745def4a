/* SPDX-License-Identifier: Apache-2.0 */
/* What another host says of ports that move: what is accepted must serialize to the same bytes, and name no port that it
 * does not have. */
#include "compile/moved.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GBytes) input = g_bytes_new_static(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(moved) m = moved_parse(input, &error);

	g_assert((m == NULL) == (error != NULL));
	if (!m)
		return 0;
	g_autoptr(GBytes) again = moved_serialize(m);
	g_assert_true(g_bytes_equal(input, again));
	for (guint i = 0; i < m->flows->len; i++)
		g_assert_cmpuint(g_array_index(m->flows, struct esc_moved, i).key.port, <, m->labels->len);
	for (guint i = 0; i < m->flows6->len; i++)
		g_assert_cmpuint(g_array_index(m->flows6, struct esc_moved6, i).key.port, <, m->labels->len);
	return 0;
}
