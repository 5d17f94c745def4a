/* SPDX-License-Identifier: Dual BSD/GPL */
/* word: bytes and words: their order, their places, their sums. Knows nothing of packets. */
#pragma once
#include "abi/maps.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "written for little-endian machines");
#define ESC_BE16(x) ((esc_u16)((((x)&0xff) << 8) | (((x) >> 8) & 0xff)))
#define ESC_BE32(x) __builtin_bswap32(x)

/* Two words of any alignment: what x86 and arm64 load at once, and C would take apart. */
#ifdef __bpf__
#define ESC_WORD(p)   (*(esc_u32 *)(p))
#define ESC_WORD16(p) (*(esc_u16 *)(p))
#define ESC_WORD64(p) (*(esc_u64 *)(p))
#else
struct esc_word {
	esc_u32 v;
} __attribute__((packed, may_alias));
struct esc_word16 {
	esc_u16 v;
} __attribute__((packed, may_alias));
struct esc_word64 {
	esc_u64 v;
} __attribute__((packed, may_alias));
#define ESC_WORD(p)   (((struct esc_word *)(p))->v)
#define ESC_WORD16(p) (((struct esc_word16 *)(p))->v)
#define ESC_WORD64(p) (((struct esc_word64 *)(p))->v)
#endif

/* A good mixer of 32 bits (the finalizer of MurmurHash3). */
static __always_inline esc_u32 mix32(esc_u32 x)
{
	x ^= x >> 16;
	x *= 0x85ebca6bu;
	x ^= x >> 13;
	x *= 0xc2b2ae35u;
	return x ^ (x >> 16);
}

/* What to add to a checksum when the words of `from` become those of `to`. */
static __always_inline esc_u32 sum_difference(esc_u32 from, esc_u32 to, esc_u32 from2, esc_u32 to2)
{
	esc_u64 sum = (esc_u64)(esc_u32)~from + to + (esc_u32)~from2 + to2;

	sum = (sum & 0xffffffff) + (sum >> 32);
	return sum + (sum >> 32);
}
