/* SPDX-License-Identifier: Apache-2.0 */
/* Captures by strangers: every frame that the tests' reader hands out stands inside its buffer, and the reading ends. */
#include "tests/pipeline/capture.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	struct capture c;
	struct frame f;
	gsize before = 0, frames = 0;

	if (!capture_open(&c, data, size))
		return 0;
	for (; capture_next(&c, &f); frames++) {
		g_assert_cmpuint(f.length, <=, FRAME_MAX - 64);
		g_assert_cmpuint(c.at, >, before);
		before = c.at;
	}
	g_assert_cmpuint(c.at, ==, size);
	g_assert_cmpuint(frames + c.left_out, <=, size / 12);
	return 0;
}
