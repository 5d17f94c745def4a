/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * options: what a SYN's TCP options say of window scaling. Called by flow.h.
 *
 * Hostile: lengths lie, and end anywhere.
 */
#pragma once
#include "packet.h"

#define ESC_OPTIONS_MAX  40
#define ESC_OPTIONS_ROOM 128

#define ESC_OPTION_END   0
#define ESC_OPTION_NOP   1
#define ESC_OPTION_SCALE 3
#define ESC_SCALE_MAX    14 /* RFC 7323: more counts as this */

/* Places beyond the options are zero, so the end of the list. The mask is for the verifier, which has lost the bound. */
static __always_inline esc_u32 options_find_scale(const esc_u8 *o)
{
	esc_u32 at = 0;

	for (int i = 0; i < ESC_OPTIONS_MAX && at < ESC_OPTIONS_MAX; i++) {
		esc_u8 kind, length;

		asm volatile("" : "+r"(at));
		at &= ESC_OPTIONS_ROOM / 2 - 1;
		kind = o[at];
		length = o[at + 1];
		if (kind == ESC_OPTION_NOP) {
			at++;
			continue;
		}
		if (kind == ESC_OPTION_END || length < 2)
			break;
		if (kind == ESC_OPTION_SCALE)
			return length != 3 ? ESC_TCP_NO_SCALE : o[at + 2] < ESC_SCALE_MAX ? o[at + 2] : ESC_SCALE_MAX;
		at += length;
	}
	return ESC_TCP_NO_SCALE;
}

ESC_SUBPROGRAM int options_scale(struct esc_ctx *ctx, esc_u32 l4, esc_u32 header)
{
	esc_u8 options[ESC_OPTIONS_ROOM] = {};
	esc_u32 beyond =
	        header - 21; /* one less, since verifiers before Linux 6.8 do not see what a test for 0 tells */

	if (beyond >= ESC_OPTIONS_MAX)
		return ESC_TCP_NO_SCALE;
	asm volatile("" : "+r"(beyond));
	if (ctx_load(ctx, l4 + 20, options, beyond + 1))
		return ESC_TCP_NO_SCALE;
	return options_find_scale(options);
}
