/* SPDX-License-Identifier: Apache-2.0 */
/* What is believed of a member, answer by answer. */
#include "prober/opinion.h"

#define S(n) ((gint64)(n)*G_USEC_PER_SEC)

/* 'y' and 'n': an answer, a miss, a second apart. What is believed after each: '?' unknown, 'u' up, 'd' down. */
static void story(const char *results, const char *beliefs, guint threshold, guint interval)
{
	struct opinion o = {0};

	for (guint i = 0; results[i]; i++) {
		struct opinion before = o;
		gboolean news = opinion_note(&o, results[i] == 'y', threshold, interval, S(100 + i));
		char now = !o.known ? '?' : o.down ? 'd' : 'u';

		g_assert_cmpint(now, ==, beliefs[i]);
		g_assert_true(news == (before.known != o.known || before.down != o.down));
		g_assert_true(o.known || !o.down); /* the unknown count as up */
		if (o.down != before.down)
			g_assert_cmpint(o.changed, ==, S(100 + i));
		else
			g_assert_cmpint(o.changed, ==, before.changed);
	}
}

static void test_stories(void)
{
	story("y", "u", 2, 15);
	story("nny", "??u", 2, 15);
	story("nnnnnnn", "?????dd", 2, 5);  /* one interval of misses makes somebody new known */
	story("ynyn", "uuuu", 2, 15);       /* never two in a row */
	story("ynnyy", "uuddu", 2, 15);     /* and as many back */
	story("ynnynyy", "uuddddu", 2, 15); /* which begin anew with each miss */
	story("ynyyn", "uduud", 1, 5);
	story("ynnnnnyyyyy", "uuuuudddddu", 5, 5);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/opinion/stories", test_stories);
	return g_test_run();
}
