/* SPDX-License-Identifier: Apache-2.0 */
/* Drop counters as records: for `escarp drops`, and summed for `escarp status`. */
#pragma once
#include "cli/records.h"

extern const struct record_kind drops_kind;
