/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sample.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define TOLERATED 2 /* ticks of 10 ms: what comes of rounding */

static int processor;
static guint disturbed, discarded;

void sample_pin(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int i = 0; i < CPU_SETSIZE; i++)
		processor = CPU_ISSET(i, &all) ? i : processor;
	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
}

/* Ticks that the processor has been busy with anything, steal included. */
static guint64 busy(void)
{
	g_autofree char *text = NULL, *name = g_strdup_printf("cpu%d ", processor);
	unsigned long long user, nice, system, irq, soft, steal;
	const char *line;

	if (!g_file_get_contents("/proc/stat", &text, NULL, NULL))
		return 0;
	line = strstr(text, name);
	if (!line ||
	    sscanf(line, "%*s %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &system, &irq, &soft, &steal) != 6)
		return 0;
	return user + nice + system + irq + soft + steal;
}

static double own(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

double sample_take(double (*measure)(gpointer what), gpointer what)
{
	double best = 0, least = G_MAXDOUBLE, ticks = (double)sysconf(_SC_CLK_TCK);

	for (guint i = 0; i < SAMPLE_TRIES; i++) {
		struct rusage before, after;
		guint64 from = busy();
		getrusage(RUSAGE_SELF, &before);
		double value = measure(what);
		getrusage(RUSAGE_SELF, &after);
		double foreign = (double)(busy() - from) - (own(&after) - own(&before)) * ticks;
		if (foreign < least) {
			least = foreign;
			best = value;
		}
		if (foreign <= TOLERATED)
			return best;
		discarded++;
	}
	disturbed++;
	return best;
}

guint sample_disturbed(void)
{
	return disturbed;
}

guint sample_discarded(void)
{
	return discarded;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double sample_median(double *values, guint count)
{
	qsort(values, count, sizeof(*values), compare);
	return count ? values[count / 2] : 0;
}
