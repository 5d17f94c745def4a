/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of strangers: whatever is accepted must print as JSON that is accepted and prints the same. */
#include "lib/node.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) n = node_parse((const char *)data, size, "fuzz", &error);

	g_assert((n == NULL) == (error != NULL));
	if (n) {
		g_autofree char *first = node_print(n, FALSE);
		g_autoptr(node) again = node_parse(first, strlen(first), "again", &error);

		g_assert_no_error(error);
		g_autofree char *second = node_print(again, FALSE);
		g_assert_cmpstr(first, ==, second);
	}
	return 0;
}
