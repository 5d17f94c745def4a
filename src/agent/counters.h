/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of the data path, summed over processors. */
#pragma once
#include "abi/maps.h"
#include <glib.h>

struct agent;
struct esc_count counters_dropped(const struct agent *a, guint port, guint verdict);
struct esc_count counters_rule(const struct agent *a, guint number);
