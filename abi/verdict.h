/* SPDX-License-Identifier: Dual BSD/GPL */
/* The verdicts of verdict.def as an enum, for the data path and for user space. */
#pragma once

enum esc_verdict {
#define ESC_VERDICT(code, NAME, json, help) ESC_V_##NAME = (code),
#include "verdict.def"
#undef ESC_VERDICT
	ESC_V_COUNT = 128 /* rows in the counter array of a port; codes stay below */
};

#define ESC_VERDICT(code, NAME, json, help) _Static_assert((code) < ESC_V_COUNT, "no row for it");
#include "verdict.def"
#undef ESC_VERDICT

#define ESC_VERDICT_LAST_PASS ESC_V_ANSWERED
