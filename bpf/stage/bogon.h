/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * bogon: sources that cannot come from outside, by the list in abi/bogon.def. Included by family.h, which knows what an
 * address is. A list this short is compared as a whole: no table, no lookup.
 */
#pragma once
#include "word.h"

#if ESC_FAMILY == 4

#define ESC_BOGON_MASK(length) (0xffffffffu << (32 - (length)))

/* Is it of one of `groups` (bits 1 << enum esc_bogon)? No address is of two. */
static __always_inline int bogon_of(const esc_ip *source, esc_u32 groups)
{
	esc_u32 x = ESC_BE32(*source);

#define ESC_BOGON6(...)
#define ESC_BOGON4(a, b, c, d, length, group, name, rfc)                                                               \
	if ((x & ESC_BOGON_MASK(length)) == ((esc_u32)(a) << 24 | (b) << 16 | (c) << 8 | (d)))                         \
		return groups >> ESC_BOGON_##group & 1;
#include "abi/bogon.def"
#undef ESC_BOGON4
#undef ESC_BOGON6
	return 0;
}

#else

/* Of word i of a prefix, in network order. */
#define ESC_BOGON_MASK(length, i)                                                                                      \
	ESC_BE32((length) >= 32 * ((i) + 1) ? 0xffffffffu                                                              \
	         : (length) <= 32 * (i)     ? 0u                                                                       \
	                                    : 0xffffffffu << ((32 * ((i) + 1) - (length)) & 31))

/* As above. A program of its own, which verifiers walk once and not for every way that leads here. */
ESC_SUBPROGRAM int bogon_of(const esc_ip *source, esc_u32 groups)
{
	esc_ip s;

	if (!source)
		return 1;
	s = *source;
#define ESC_BOGON4(...)
#define ESC_BOGON6(w0, w1, w2, w3, length, group, name, rfc)                                                           \
	if (!(((s.w[0] ^ ESC_BE32(w0)) & ESC_BOGON_MASK(length, 0)) |                                                  \
	      ((s.w[1] ^ ESC_BE32(w1)) & ESC_BOGON_MASK(length, 1)) |                                                  \
	      ((s.w[2] ^ ESC_BE32(w2)) & ESC_BOGON_MASK(length, 2)) |                                                  \
	      ((s.w[3] ^ ESC_BE32(w3)) & ESC_BOGON_MASK(length, 3))))                                                  \
		return groups >> ESC_BOGON_##group & 1;
#include "abi/bogon.def"
#undef ESC_BOGON4
#undef ESC_BOGON6
	return 0;
}

#endif

/* Whatever the settings. */
static __always_inline int is_bogon(esc_ip source)
{
	return bogon_of(&source, 1u << ESC_BOGON_ALWAYS);
}
