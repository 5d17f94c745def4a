/* SPDX-License-Identifier: Apache-2.0 */
/* The two settings of the host firewall, and what becomes of them; what the rules do is test_overlay.py's to try. */
#include "lab/hostwall.h"

#include <string.h>

static gboolean taken(const char *management, const char *vlans, char **rules)
{
	g_autoptr(GError) error = NULL;
	struct hostwall w;
	gboolean ok = hostwall_init(&w, management, vlans, &error);

	g_assert_cmpint(ok, ==, error == NULL);
	if (ok && rules)
		*rules = hostwall_rules(&w, "eth0", 4789);
	hostwall_clear(&w);
	return ok;
}

static void test_wrong(void)
{
	static const char *const management[] = {"10.0.0.0/33", "10.0.0", "10.0.0.1 }", "10.0.0.1,",
	                                         "::1",         "x",      "1.2.3.4;"};
	static const char *const vlans[] = {"4096", "-1", "1,", "0x10", "1-3", "a", "1 } drop"};
	g_autoptr(GString) many = g_string_new("1");

	for (guint i = 0; i < G_N_ELEMENTS(management); i++)
		g_assert_false(taken(management[i], NULL, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(vlans); i++)
		g_assert_false(taken(NULL, vlans[i], NULL));
	for (guint i = 0; i < HOSTWALL_ENTRIES; i++)
		g_string_append(many, ",1");
	g_assert_false(taken(NULL, many->str, NULL));
}

static void test_right(void)
{
	g_autofree char *none = NULL, *both = NULL;

	g_assert_true(taken(NULL, "", &none));
	g_assert_null(strstr(none, "vlan id"));
	g_assert_true(taken("192.0.2.77/24, 198.51.100.1", "0,4095", &both));
	g_assert_nonnull(strstr(both, "{ 192.0.2.0/24, 198.51.100.1/32 }"));
	g_assert_nonnull(strstr(both, "vlan id 0 accept"));
	g_assert_nonnull(strstr(both, "vlan id 4095 accept"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hostwall/wrong", test_wrong);
	g_test_add_func("/hostwall/right", test_right);
	return g_test_run();
}
