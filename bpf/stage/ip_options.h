/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * ip_options: what IPv4 options may pass: none. Called by parse.h for a header of more than 20 bytes.
 *
 * The list is explicit so that each is a decision. RFC 7126 would have routers drop the source routes, and whatever is
 * experimental or obsolete; it lets pass what routers on the way fill in or act on (record route, timestamp, router
 * alert, quick start), and the labels of military networks. Here is no router on the way that would fill in or act:
 * router alert serves RSVP and IGMP, and multicast does not exist; recorded routes would show the fabric. Public clouds
 * drop them all, so no template relies on them. And without them every L4 header is in one place, which all stages
 * and the NIC's checksum gain by. Padding alone moves that place as well, so it does not pass either.
 */
#pragma once
#include "route.h"

/* X(number on the wire, name, verdict). What is not in the list is ESC_V_IP_OPTIONS too. */
#define ESC_IP_OPTION_LIST(X)                                                                                          \
	X(7, "record route", ESC_V_IP_OPTIONS)                                                                         \
	X(10, "experimental measurement", ESC_V_IP_OPTIONS)                                                            \
	X(11, "MTU probe", ESC_V_IP_OPTIONS)                                                                           \
	X(12, "MTU reply", ESC_V_IP_OPTIONS)                                                                           \
	X(25, "quick start", ESC_V_IP_OPTIONS)                                                                         \
	X(30, "experiment 30", ESC_V_IP_OPTIONS)                                                                       \
	X(68, "timestamp", ESC_V_IP_OPTIONS)                                                                           \
	X(82, "traceroute", ESC_V_IP_OPTIONS)                                                                          \
	X(94, "experiment 94", ESC_V_IP_OPTIONS)                                                                       \
	X(130, "security", ESC_V_IP_OPTIONS)                                                                           \
	X(131, "loose source route", ESC_V_SOURCE_ROUTE)                                                               \
	X(133, "extended security", ESC_V_IP_OPTIONS)                                                                  \
	X(134, "commercial security", ESC_V_IP_OPTIONS)                                                                \
	X(136, "stream identifier", ESC_V_IP_OPTIONS)                                                                  \
	X(137, "strict source route", ESC_V_SOURCE_ROUTE)                                                              \
	X(142, "experimental access control", ESC_V_IP_OPTIONS)                                                        \
	X(144, "IMI traffic descriptor", ESC_V_IP_OPTIONS)                                                             \
	X(145, "extended internet protocol", ESC_V_IP_OPTIONS)                                                         \
	X(147, "address extension", ESC_V_IP_OPTIONS)                                                                  \
	X(148, "router alert", ESC_V_IP_OPTIONS)                                                                       \
	X(149, "selective directed broadcast", ESC_V_IP_OPTIONS)                                                       \
	X(151, "dynamic packet state", ESC_V_IP_OPTIONS)                                                               \
	X(152, "upstream multicast", ESC_V_IP_OPTIONS)                                                                 \
	X(158, "experiment 158", ESC_V_IP_OPTIONS)                                                                     \
	X(222, "experiment 222", ESC_V_IP_OPTIONS)

#define ESC_OPTION_END     0
#define ESC_OPTION_NOTHING 1
#define ESC_OPTION_BYTES   40 /* the longest header leaves that much */

static __always_inline int option_verdict(esc_u8 number)
{
	switch (number) {
#define ESC_OPTION_CASE(n, name, verdict)                                                                              \
	case n:                                                                                                        \
		return verdict;
		ESC_IP_OPTION_LIST(ESC_OPTION_CASE)
#undef ESC_OPTION_CASE
	default:
		return ESC_V_IP_OPTIONS;
	}
}

static long option_step(esc_u32 step, void *context)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_option_walk *w;
	const esc_u8 *bytes;
	esc_u32 at, length;

	(void)step;
	(void)context;
	if (!scratch)
		return 1;
	w = &scratch->options;
	bytes = (const esc_u8 *)w->words;
	at = w->at;
	if (at >= w->length || at >= ESC_OPTION_BYTES || bytes[at] == ESC_OPTION_END)
		return 1;
	if (bytes[at] == ESC_OPTION_NOTHING) {
		w->at = at + 1;
		return 0;
	}
	length = bytes[at + 1]; /* beyond the last option it is 0 */
	w->at = at + length;
	w->verdict = length < 2 || at + length > w->length ? ESC_V_MALFORMED : option_verdict(bytes[at]);
	return w->verdict != ESC_V_IP_OPTIONS;
}

/* Why they do not pass: a source route among them is said so, and so is a list that runs out of its header. `length` is
 * a multiple of 4; what is not in sight is taken for the end. */
static __noinline int ip_options(const void *data, const void *end, esc_u32 length)
{
	struct esc_scratch *scratch = scratch_get();
	struct esc_option_walk *w;

	if (!scratch)
		return ESC_V_IP_OPTIONS;
	w = &scratch->options;
	__builtin_memset(w, 0, sizeof(*w));
	w->length = length;
	w->verdict = ESC_V_IP_OPTIONS;
	for (esc_u32 i = 0; i < ESC_OPTION_BYTES / 4; i++) {
		const void *word = data + ESC_L4 + 4 * i;

		if (word + 4 > end || 4 * i >= length)
			break;
		w->words[i] = ESC_WORD(word);
	}
	esc_loop(ESC_OPTION_BYTES, option_step);
	return w->verdict;
}
