/* SPDX-License-Identifier: Apache-2.0 */
/* What office.json opens to the Internet, written down by hand. */
#include "prove/exposure.h"
#include "scene.h"

static char *describe(const struct exposure *e)
{
	GString *s = g_string_new(NULL);

	g_string_append_printf(s, "%s %d %u-%u %s:%u", e->address->noun.name, e->protocol, e->first, e->last,
	                       e->to->nic->vm->noun.name, e->private_port);
	if (e->anyone)
		g_string_append(s, " anyone");
	for (guint i = 0; !e->anyone && i < e->sources->len; i++) {
		struct address_range r = g_array_index(e->sources, struct address_range, i);
		g_autofree char *first = ip_format(r.first), *last = ip_format(r.last);

		g_string_append_printf(s, " %s-%s", first, last);
	}
	return g_string_free(s, FALSE);
}

static void test_office(void)
{
	static const char *const expected[] = {
	        "pip-b 1 0-0 b:0 anyone",
	        "pip-b 6 0-65535 b:0 anyone",
	        "pip-b 17 0-65535 b:0 anyone",
	        "pip-c 6 53-53 c:0 anyone",
	        "pip-c 6 443-443 c:0 1.0.0.0-198.51.99.255 198.51.101.0-223.255.255.255",
	        "pip-c 17 53-53 c:0 anyone",
	        "pip-lb 6 80-80 d:8080 anyone",
	        "pip-lb 6 80-80 d2:8080 anyone",
	        "pip-lb 6 50022-50022 d:22 203.0.113.0-203.0.113.255",
	        "pip-lb 17 53-53 d:0 anyone",
	        "pip-lb 17 53-53 d2:0 anyone",
	};
	struct scene s = scene_load();
	g_autoptr(GPtrArray) list = exposure_list(s.graph, s.alloc, &s.settings);

	for (guint i = 0; i < MIN(list->len, G_N_ELEMENTS(expected)); i++) {
		g_autofree char *got = describe(g_ptr_array_index(list, i));

		g_assert_cmpstr(got, ==, expected[i]);
	}
	g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(expected));
	g_clear_pointer(&list, g_ptr_array_unref);
	scene_clear(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/exposure/office", test_office);
	return g_test_run();
}
