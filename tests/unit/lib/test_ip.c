/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ip.h"

static void test_refused(void)
{
	static const char *const addresses[] = {
	        "",         "1.2.3",  "1.2.3.4.5", "1.2.3.256",  "01.2.3.4", "1.2.3.4 ",   " 1.2.3.4", "1.2.3.-4",
	        "1.2.3.+4", "1..3.4", "0x1.2.3.4", "1.2.3.4/32", "1.2.3.",   "4294967296", "1.2.3.4a", "::1"};
	static const char *const prefixes[] = {"",
	                                       "10.0.0.0/",
	                                       "10.0.0.0/33",
	                                       "10.0.0.0/-1",
	                                       "10.0.0.0/08",
	                                       "10.0.0.0/8 ",
	                                       "10.0.0.0//8",
	                                       "10.0.0/8",
	                                       "10.0.0.0/8/8",
	                                       "/8",
	                                       "10.0.0.0/4294967304"};
	guint32 addr = 7;
	struct prefix p = {.addr = 7};

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++)
		g_assert_false(ip_parse(addresses[i], &addr));
	g_assert_false(ip_parse(NULL, &addr));
	g_assert_cmpuint(addr, ==, 7);
	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
		g_assert_false(prefix_parse(prefixes[i], &p));
	g_assert_cmpuint(p.addr, ==, 7);
}

static void test_address(void)
{
	static const char *const texts[] = {"0.0.0.0", "255.255.255.255", "10.0.2.4", "198.18.0.1"};
	guint32 addr;

	g_assert_true(ip_parse("10.0.2.4", &addr));
	g_assert_cmphex(addr, ==, 0x0a000204);
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *back = NULL;

		g_assert_true(ip_parse(texts[i], &addr));
		back = ip_format(addr);
		g_assert_cmpstr(back, ==, texts[i]);
	}
}

static void test_prefix(void)
{
	static const struct {
		const char *text, *canonical;
		guint32 last;
	} cases[] = {{"10.0.0.0/8", "10.0.0.0/8", 0x0affffff},
	             {"10.1.2.3/8", "10.0.0.0/8", 0x0affffff},
	             {"0.0.0.0/0", "0.0.0.0/0", 0xffffffff},
	             {"10.1.2.3", "10.1.2.3/32", 0x0a010203},
	             {"10.1.2.3/31", "10.1.2.2/31", 0x0a010203}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *back = NULL;
		struct prefix p;

		g_assert_true(prefix_parse(cases[i].text, &p));
		back = prefix_format(p);
		g_assert_cmpstr(back, ==, cases[i].canonical);
		g_assert_cmphex(prefix_last(p), ==, cases[i].last);
	}
	g_assert_cmphex(prefix_mask(0), ==, 0);
	g_assert_cmphex(prefix_mask(1), ==, 0x80000000);
	g_assert_cmphex(prefix_mask(32), ==, 0xffffffff);
}

static void test_relations(void)
{
	struct prefix all, ten = {0}, inner, beside = {0};

	g_assert_true(prefix_parse("0.0.0.0/0", &all) && prefix_parse("10.0.0.0/8", &ten));
	g_assert_true(prefix_parse("10.0.1.0/24", &inner) && prefix_parse("10.0.2.0/24", &beside));
	g_assert_false(prefix_contains(inner, ten));
	g_assert_false(prefix_overlap(inner, beside));
	g_assert_false(prefix_has(inner, 0x0a000200));
	g_assert_true(prefix_contains(all, ten) && prefix_contains(ten, inner) && prefix_contains(ten, ten));
	g_assert_true(prefix_overlap(inner, ten) && prefix_overlap(ten, inner) && prefix_overlap(all, beside));
	g_assert_true(prefix_has(all, 0xffffffff) && prefix_has(inner, 0x0a0001ff));
}

static void test_mac(void)
{
	static const char *const refused[] = {"",
	                                      "02:e5:00:00:00",
	                                      "02:e5:00:00:00:0g",
	                                      "02:e5-00:00:00:01",
	                                      "02:e5:00:00:00:01:",
	                                      "2:e5:00:00:00:00:1",
	                                      "02 e5 00 00 00 01"};
	guint8 mac[6];
	g_autofree char *text = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		g_assert_false(mac_parse(refused[i], mac));
	g_assert_false(mac_parse(NULL, mac));
	g_assert_true(mac_parse("02-E5-00-00-0A-ff", mac));
	text = mac_format(mac);
	g_assert_cmpstr(text, ==, "02:e5:00:00:0a:ff");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ip/refused", test_refused);
	g_test_add_func("/ip/address", test_address);
	g_test_add_func("/ip/prefix", test_prefix);
	g_test_add_func("/ip/relations", test_relations);
	g_test_add_func("/ip/mac", test_mac);
	return g_test_run();
}
