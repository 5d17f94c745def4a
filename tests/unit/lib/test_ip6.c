/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 texts and prefixes, against the system's functions and against twins that look at one bit at a time. */
#include "lib/ip6.h"

#include <arpa/inet.h>
#include <string.h>

#define ROUNDS 20000

static void test_refused(void)
{
	static const char *const addresses[] = {"",
	                                        ":",
	                                        ":::",
	                                        "1",
	                                        "10.0.0.1",
	                                        "1:2:3:4:5:6:7",
	                                        "1:2:3:4:5:6:7:8:9",
	                                        "1::2::3",
	                                        "1::2:3:4:5:6:7:8",
	                                        "12345::",
	                                        "::g",
	                                        "::1 ",
	                                        " ::1",
	                                        "::1%eth0",
	                                        "[::1]",
	                                        "::1/128",
	                                        "::1.2.3",
	                                        "::1.2.3.256",
	                                        "::1.2.3.4:5",
	                                        "1:2:3:4:5:6:7:1.2.3.4",
	                                        "::-1",
	                                        "0x1::",
	                                        "1:",
	                                        ":1",
	                                        "1:2:3:4:5:6:7:8:"};
	static const char *const prefixes[] = {
	        "/0",         "::/",           "::/129",
	        "::/256",     "::/4294967296", "::/08",
	        "::/-1",      "::/+1",         "::/ 1",
	        "::/1 ",      "::/1/1",        "::%1/64",
	        "::/a",       "::/00",         "::1//8",
	        "1.2.3.4/24", "Internet",      "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0/0"};
	struct ip6 a = {{7}};
	struct prefix6 p = {.length = 7};

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++)
		g_assert_false(ip6_parse(addresses[i], &a));
	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
		g_assert_false(prefix6_parse(prefixes[i], &p));
	g_assert_false(ip6_parse(NULL, &a) || prefix6_parse(NULL, &p));
	g_assert_true(a.b[0] == 7 && p.length == 7);
}

/* RFC 5952: the examples of its sections 4 and 5. */
static void test_text(void)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {{"::", "::"},
	             {"::1", "::1"},
	             {"2001:db8::", "2001:db8::"},
	             {"2001:0db8::0001", "2001:db8::1"},
	             {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
	             {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	             {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	             {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	             {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	             {"2001:DB8::AAAA", "2001:db8::aaaa"},
	             {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
	             {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	             {"::ffff:c000:201", "::ffff:192.0.2.1"},
	             {"::1.2.3.4", "::102:304"},
	             {"0:0:1::", "0:0:1::"}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *back = NULL;
		struct ip6 a;

		g_assert_true(ip6_parse(cases[i].text, &a));
		back = ip6_format(a);
		g_assert_cmpstr(back, ==, cases[i].canonical);
	}
}

/* Many zeros, so that runs and long common prefixes are not rare. */
static struct ip6 random_address(void)
{
	struct ip6 a = {{0}};

	for (guint i = 0; i < 8; i++) {
		guint value = g_test_rand_int_range(0, 3) == 0 ? (guint)g_test_rand_int_range(0, 65536) : 0;

		a.b[2 * i] = (guint8)(value >> 8);
		a.b[2 * i + 1] = (guint8)value;
	}
	return a;
}

static void test_system(void)
{
	for (guint i = 0; i < ROUNDS; i++) {
		struct ip6 a = random_address(), back;
		char theirs[INET6_ADDRSTRLEN];
		g_autofree char *ours = ip6_format(a);

		g_assert_true(ip6_parse(ours, &back) && ip6_compare(a, back) == 0);
		g_assert_nonnull(inet_ntop(AF_INET6, a.b, theirs, sizeof theirs));
		/* They write dots after any 96 zero bits. */
		if (!strchr(theirs, '.'))
			g_assert_cmpstr(ours, ==, theirs);
	}
}

static gboolean bit(struct ip6 a, guint i)
{
	return a.b[i / 8] >> (7 - i % 8) & 1;
}

static gboolean same_bits(struct ip6 a, struct ip6 b, guint count)
{
	for (guint i = 0; i < count; i++)
		if (bit(a, i) != bit(b, i))
			return FALSE;
	return TRUE;
}

static struct prefix6 random_prefix(void)
{
	g_autofree char *addr = ip6_format(random_address());
	g_autofree char *text = g_strdup_printf("%s/%d", addr, g_test_rand_int_range(0, 129));
	struct prefix6 p = {.length = 255};

	g_assert_true(prefix6_parse(text, &p));
	return p;
}

static void test_twin(void)
{
	for (guint i = 0; i < ROUNDS; i++) {
		struct prefix6 p = random_prefix(), q = random_prefix();
		struct ip6 a = random_address(), last = prefix6_last(p);

		g_assert_true(prefix6_has(p, a) == same_bits(p.addr, a, p.length));
		g_assert_true(prefix6_contains(p, q) == (p.length <= q.length && same_bits(p.addr, q.addr, p.length)));
		g_assert_true(prefix6_overlap(p, q) == same_bits(p.addr, q.addr, MIN(p.length, q.length)));
		for (guint k = 0; k < 128; k++) {
			g_assert_true(k < p.length || !bit(p.addr, k));
			g_assert_true(bit(last, k) == (k < p.length ? bit(p.addr, k) : TRUE));
		}
	}
}

static void test_add(void)
{
	static const struct {
		const char *from, *to;
		guint32 n;
	} cases[] = {{"2001:db8::", "2001:db8::4", 4},
	             {"::ffff", "::1:0", 1},
	             {"::ffff:ffff:ffff:ffff", "0:0:0:1::", 1},
	             {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::", 1},
	             {"::1", "::1:0:0", G_MAXUINT32}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct ip6 from, to;

		g_assert_true(ip6_parse(cases[i].from, &from) && ip6_parse(cases[i].to, &to));
		g_assert_cmpint(ip6_compare(ip6_add(from, cases[i].n), to), ==, 0);
		if (cases[i].n == 1)
			g_assert_cmpint(ip6_compare(ip6_before(to), from), ==, 0);
	}
}

static void test_mapped(void)
{
	struct ip6 a;
	guint32 four = 7;

	g_assert_true(ip6_parse("::fffe:10.1.2.3", &a));
	g_assert_false(ip6_is_mapped(a, &four));
	g_assert_cmpuint(four, ==, 7);
	g_assert_true(ip6_parse("::ffff:10.1.2.3", &a) && ip6_is_mapped(a, &four));
	g_assert_cmphex(four, ==, 0x0a010203);
	g_assert_cmpint(ip6_compare(ip6_mapped(four), a), ==, 0);
	g_autofree char *text = ip6_format_any(a);
	g_assert_cmpstr(text, ==, "10.1.2.3");
}

static void test_prefix_text(void)
{
	static const char *const cases[][2] = {{"2001:db8::1/32", "2001:db8::/32"},
	                                       {"::1", "::1/128"},
	                                       {"ffff::/1", "8000::/1"},
	                                       {"2001:db8:ffff:ffff::/33", "2001:db8:8000::/33"},
	                                       {"1::/0", "::/0"}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *back = NULL;
		struct prefix6 p;

		g_assert_true(prefix6_parse(cases[i][0], &p));
		back = prefix6_format(p);
		g_assert_cmpstr(back, ==, cases[i][1]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ip6/refused", test_refused);
	g_test_add_func("/ip6/text", test_text);
	g_test_add_func("/ip6/prefix-text", test_prefix_text);
	g_test_add_func("/ip6/system", test_system);
	g_test_add_func("/ip6/twin", test_twin);
	g_test_add_func("/ip6/add", test_add);
	g_test_add_func("/ip6/mapped", test_mapped);
	return g_test_run();
}
