/* SPDX-License-Identifier: Apache-2.0 */
/* Tables out of a store that is not trusted: what is accepted must serialize to something that is accepted and the
 * same. */
#include "compile/tables.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GBytes) input = g_bytes_new_static(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(tables) t = tables_parse(input, &error);

	g_assert((t == NULL) == (error != NULL));
	if (t) {
		g_autoptr(GBytes) first = tables_serialize(t);
		g_autoptr(tables) again = tables_parse(first, &error);

		g_assert_no_error(error);
		g_autoptr(GBytes) second = tables_serialize(again);
		g_assert_true(g_bytes_equal(first, second));
	}
	return 0;
}
