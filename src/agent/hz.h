/* SPDX-License-Identifier: Apache-2.0 */
/* Jiffies a second of the running kernel, from its configuration; 0: it does not tell, so the programs read a clock
 * instead. */
#pragma once
#include <glib.h>

guint32 hz_of_kernel(void);
