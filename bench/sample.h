/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples that nothing else had a part in.
 *
 * The process keeps to one processor. What that processor did beside it during a sample, by /proc/stat and getrusage
 * (another's time, steal, being put aside), makes the sample a disturbed one: it is taken again, up to SAMPLE_TRIES
 * times, and then the least disturbed stands. How many are like that is told, since they are worth less.
 */
#pragma once
#include <glib.h>

#define SAMPLE_TRIES 6

void sample_pin(void); /* to the last processor that this process may use */
double sample_take(double (*measure)(gpointer what), gpointer what);
guint sample_disturbed(void); /* samples so far that had to stand though disturbed */
guint sample_discarded(void);
double sample_median(double *values, guint count); /* sorts */
