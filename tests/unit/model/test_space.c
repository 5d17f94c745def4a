/* SPDX-License-Identifier: Apache-2.0 */
/* Spaces against twins that hold every prefix against every other. */
#include "model/network.h"

#define ROUNDS 20000

/* Few bits, so that prefixes of both families often nest and meet. */
static GArray *random_space(void)
{
	g_autoptr(GArray) v4 = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	g_autoptr(GArray) v6 = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	GArray *space = g_array_new(FALSE, FALSE, sizeof(struct prefix6));

	for (gint i = g_test_rand_int_range(0, 5); i > 0; i--) {
		guint8 length = (guint8)g_test_rand_int_range(26, 33);
		struct prefix p = {0x0a000000 | ((guint32)g_test_rand_int_range(0, 64) & prefix_mask(length)), length};

		g_array_append_val(v4, p);
	}
	for (gint i = g_test_rand_int_range(0, 5); i > 0; i--) {
		g_autofree char *text =
		        g_strdup_printf("fd00::%x/%d", g_test_rand_int_range(0, 64), g_test_rand_int_range(122, 129));
		struct prefix6 p = {.length = 0};

		g_assert_true(prefix6_parse(text, &p));
		g_array_append_val(v6, p);
	}
	space_add(space, v4, v6);
	g_assert_cmpuint(space->len, ==, v4->len + v6->len);
	return space;
}

static gboolean meets(const GArray *space, struct prefix6 p)
{
	for (guint i = 0; i < space->len; i++)
		if (prefix6_overlap(g_array_index(space, struct prefix6, i), p))
			return TRUE;
	return FALSE;
}

static gboolean holds(const GArray *space, struct prefix6 p)
{
	for (guint i = 0; i < space->len; i++)
		if (prefix6_contains(g_array_index(space, struct prefix6, i), p))
			return TRUE;
	return FALSE;
}

static void test_twin(void)
{
	for (guint round = 0; round < ROUNDS; round++) {
		g_autoptr(GArray) a = random_space(), b = random_space(), tidy = g_array_copy(a);
		struct prefix6 x, y;
		gboolean meet = FALSE;

		space_tidy(tidy);
		for (guint i = 0; i < a->len; i++)
			g_assert_true(holds(tidy, g_array_index(a, struct prefix6, i)));
		for (guint i = 0; i + 1 < tidy->len; i++)
			g_assert_true(ip6_compare(prefix6_last(g_array_index(tidy, struct prefix6, i)),
			                          g_array_index(tidy, struct prefix6, i + 1).addr) < 0);
		for (guint i = 0; i < b->len; i++) {
			struct prefix6 p = g_array_index(b, struct prefix6, i);

			g_assert_true(space_contains(tidy, p) == holds(a, p));
			meet |= meets(a, p);
		}
		space_tidy(b);
		g_assert_true(space_overlap(tidy, b, &x, &y) == meet);
		if (meet)
			g_assert_true(holds(tidy, x) && holds(b, y) && prefix6_overlap(x, y));
	}
}

static void test_text(void)
{
	static const char *const texts[] = {"10.0.0.0/8", "0.0.0.0/0", "198.18.0.1/32", "fd00::/8", "::/0"};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *text = NULL;
		struct prefix6 p = {.length = 0};
		struct prefix v4;

		g_assert_true(prefix_parse(texts[i], &v4) || prefix6_parse(texts[i], &p));
		text = space_text(prefix_parse(texts[i], &v4) ? prefix6_mapped(v4) : p);
		g_assert_cmpstr(text, ==, texts[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/space/twin", test_twin);
	g_test_add_func("/space/text", test_text);
	return g_test_run();
}
