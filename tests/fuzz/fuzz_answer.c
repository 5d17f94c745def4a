/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a stranger's web server: in one piece or in many, they are worth the same, and only one line is good. */
#include "prober/answer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	gsize length = MIN(size, ANSWER_MAX);
	g_autofree char *copy = g_memdup2(data, length); /* so that reading beyond is seen; NULL for none */
	guint status = 0;
	enum answer whole = answer_read(copy, length, &status), so_far = ANSWER_MORE;

	for (gsize i = 0; i <= length && so_far == ANSWER_MORE; i++)
		so_far = answer_read(copy, i, NULL);
	g_assert_true(whole == so_far);
	g_assert_true(status <= 999 && (whole == ANSWER_GOOD) == (status == 200));
	g_assert_true(whole != ANSWER_GOOD || memcmp(copy + 8, " 200", 4) == 0);
	return 0;
}
