/* SPDX-License-Identifier: Apache-2.0 */
/* Two processors at the same flows at the same time: no half of a pair may stay, and no flow outside its ring. */
#include "scene.h"
#include <string.h>

#define RACES 2000 /* two slots each, so that nothing has to make room */

static void test_one_flow(void)
{
	g_autoptr(tables) t = world_tables();
	g_autoptr(GArray) frames = g_array_new(FALSE, FALSE, sizeof(struct frame));
	guint left;

	t->self.ring_size = 4096;
	g_autoptr(twin) w = twin_new(t);
	if (!twin_kernel_available() || g_get_num_processors() < 2) {
		g_test_skip("needs the kernel build and two processors");
		return;
	}
	for (guint i = 0; i < RACES; i++) {
		struct frame_spec s = scene_from(1, WORLD_ADDR(1, 4), WORLD_ADDR(2, 4), 17, (guint16)(1000 + i), 53);
		struct frame f;
		frame_build(&f, &s);
		g_array_append_val(frames, f);
	}
	left = twin_race(w, 1, frames, 1); /* one processor alone: as many as there are packets */
	g_assert_cmpuint(left, ==, RACES);
	for (guint round = 0; round < 3; round++) {
		left = twin_race(w, 1, frames, 2);
		g_assert_cmpuint(left, ==, RACES);
	}
}

void cases_race_register(void)
{
	g_test_add_func("/race/one-flow", test_one_flow);
}
