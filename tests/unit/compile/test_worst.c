/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worst lists that anybody can write within the limits of a group, 1,000 rules of 4,000 addresses or ports each: each
 * compiles into no more than a blob may have, or is refused with an error that names the group and says what to do; in
 * either case within bounds of time and memory, which are measured in a process of its own.
 */
#include "lib/node.h"
#include "scan.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RULES   1000
#define PARTS   4000
#define SECONDS 20.0   /* processor time, on a machine that others use too */
#define MIB     1536.0 /* of one side's borders, twice, while they are sorted: 8 million of 24 bytes */

enum field { SOURCE, DESTINATION, SOURCE_PORT, DESTINATION_PORT };

/* Fills one field of rule i; the others match everything. */
typedef void (*filler)(GArray *ranges, guint i);

struct worst {
	const char *name;
	filler fill[4];
	gboolean both;     /* both directions, and NIC and subnet alike */
	const char *error; /* part of it; NULL: it must fit */
};

/* --- ways to be difficult --- */

/* No address twice, all in steps of two so that none touch: eight million borders. */
static void scattered(GArray *ranges, guint i)
{
	for (guint k = 0; k < PARTS; k++)
		policy_add_range(ranges, 2 * (k * RULES + i), 2 * (k * RULES + i));
}

/* The same, few enough to fit. */
static void scattered_less(GArray *ranges, guint i)
{
	for (guint k = 0; k < 250; k++)
		policy_add_range(ranges, 2 * (k * RULES + i), 2 * (k * RULES + i));
}

/* Each of 12,000 neighbours is in a random half of the rules: no two sets are equal, and no line of a set is either. */
static void halves(GArray *ranges, guint i)
{
	(void)i;
	for (guint k = 0, first = 0, in = 0; k <= 12000; k++) {
		guint now = k < 12000 && scan_random(2);
		if (in && !now)
			policy_add_range(ranges, first, k - 1);
		first = now && !in ? k : first;
		in = now;
	}
	g_assert_cmpuint(ranges->len, <=, PARTS);
}

/* Address k is in rules k/1000 and k%1000 and in no others: half a million pairs. */
static void pairs(GArray *ranges, guint i)
{
	for (guint k = 0; k < RULES; k++) {
		guint low = MIN(i, k), high = MAX(i, k);
		policy_add_range(ranges, 2 * (low * RULES + high), 2 * (low * RULES + high));
	}
	policy_normalise(ranges);
}

/* One inside the other, like the layers of an onion. */
static void onion(GArray *ranges, guint i)
{
	policy_add_range(ranges, 4 * i, 0xfffffff0u - 4 * i);
}

static void ports_random(GArray *ranges, guint i)
{
	(void)i;
	for (guint k = 0; k < PARTS; k++) {
		guint first = 16 * k + scan_random(8);
		policy_add_range(ranges, first, first + scan_random(6));
	}
}

static void ports_onion(GArray *ranges, guint i)
{
	policy_add_range(ranges, 30 * i, 65535 - 30 * i);
}

static const struct worst cases[] = {
        {"four-million-addresses", {scattered}, FALSE, "intervals of source addresses"},
        {"a-million-borders", {scattered_less, scattered_less}, FALSE, NULL},
        {"every-pair", {NULL, pairs}, FALSE, "of destination addresses"},
        {"random-halves", {halves}, FALSE, NULL},
        {"random-halves-everywhere", {halves, halves, halves, halves}, TRUE, "too many classes for one classifier"},
        {"onions", {onion, onion, ports_onion, ports_onion}, TRUE, NULL},
        {"random-ports", {NULL, NULL, ports_random, ports_random}, TRUE, "of source ports"},
};

/* --- one case, in a process of its own --- */

static GPtrArray *list_of(const struct worst *w, guint number)
{
	GPtrArray *list = policy_list_new();
	for (guint i = 0; i < RULES; i++) {
		struct policy_rule *r = policy_rule_new();
		GArray *fields[] = {r->source, r->destination, r->source_ports, r->destination_ports};
		for (guint f = 0; f < G_N_ELEMENTS(fields); f++) {
			if (w->fill[f])
				w->fill[f](fields[f], i);
			else
				policy_add_range(fields[f], 0, f < SOURCE_PORT ? G_MAXUINT32 : 65535);
		}
		r->protocol = PROTO_TCP;
		r->allow = i & 1;
		r->number = number + i;
		g_ptr_array_add(list, r);
	}
	return list;
}

static void compile(const struct worst *w)
{
	struct policy_input in = {.name = "group 'worst'"};
	g_autoptr(GError) error = NULL;
	gsize size = 0;
	for (guint d = 0; d < (w->both ? 2 : 1); d++)
		for (guint l = 0; l < (w->both ? 2 : 1); l++)
			in.lists[d][l] = list_of(w, 1 + RULES * (2 * d + l));
	clock_t begin = clock();
	g_autoptr(GBytes) blob = policy_build(&in, &error);
	double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
	g_print("# %.2f s, %" G_GSIZE_FORMAT " KiB: %s\n", seconds, blob ? g_bytes_get_size(blob) / 1024 : 0,
	        blob ? "fits" : error->message);
	g_assert_cmpfloat(seconds, <, SECONDS);
	if (blob) {
		g_assert_no_error(error);
		g_assert_null(w->error);
		const guint16 *words = g_bytes_get_data(blob, &size);
		g_assert_cmpuint(size, <=, POLICY_MAX_BLOCKS * sizeof(struct esc_block));
		g_assert_true(policy_check(words, size / sizeof *words));
	} else {
		g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT);
		g_assert_nonnull(w->error);
		g_assert_nonnull(strstr(error->message, w->error));
		g_assert_true(g_str_has_prefix(error->message, "group 'worst': the "));
		g_assert_nonnull(
		        strstr(error->message, "use fewer rules, or fewer different address prefixes or port ranges"));
	}
}

static void test(gconstpointer data)
{
	const struct worst *w = data;
#if defined(__SANITIZE_ADDRESS__)
	g_test_skip("what this measures is the sanitizer's own then");
	return;
#endif
	struct rusage used;
	int status;
	pid_t child = fork();
	if (!child) {
		compile(w);
		fflush(stdout);
		_exit(0);
	}
	g_assert_cmpint(wait4(child, &status, 0, &used), ==, child);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	double mib = (double)used.ru_maxrss / 1024;
	g_test_message("%s: %.0f MiB, the lists' own included", w->name, mib);
	g_assert_cmpfloat(mib, <, MIB);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = g_strdup_printf("/worst/%s", cases[i].name);
		g_test_add_data_func(name, &cases[i], test);
	}
	return g_test_run();
}
