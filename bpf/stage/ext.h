/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * ext: which IPv6 extension headers may pass: that of fragments. Called by parse6.h.
 *
 * The list is explicit so that each is a decision. RFC 9288 would have routers let most of them pass, for the sake of
 * hosts and routers that they do not know; here all hosts are known, and no router on the way acts on any. Hop-by-hop
 * options serve router alert (multicast, RSVP) and jumbograms; the routing header is the source route of IPv6; mobility,
 * HIP and shim6 have no users here; destination options none but tunnels and mobility. Public clouds drop them. So the
 * L4 header has one place, and no packet makes the parser walk. The fragment header is the one that does pass, alone and
 * first; what it is put around is judged as in IPv4 (fragment.h). ESP and AH are what
 * policies call protocols, and are left to the L4 parser.
 */
#pragma once
#include "packet.h"

/* X(next header, name, verdict or aside). */
#define ESC_EXT_LIST(X)                                                                                                \
	X(0, "hop-by-hop options", ESC_V_EXTENSION)                                                                    \
	X(43, "routing", ESC_V_EXTENSION)                                                                              \
	X(44, "fragment", ESC_ASIDE_FRAGMENT)                                                                          \
	X(60, "destination options", ESC_V_EXTENSION)                                                                  \
	X(135, "mobility", ESC_V_EXTENSION)                                                                            \
	X(139, "host identity", ESC_V_EXTENSION)                                                                       \
	X(140, "shim6", ESC_V_EXTENSION)                                                                               \
	X(253, "experiment 253", ESC_V_EXTENSION)                                                                      \
	X(254, "experiment 254", ESC_V_EXTENSION)

/* FORWARD for what is no extension header: L4 decides about that. */
static __always_inline int ext_verdict(esc_u8 next)
{
	switch (next) {
#define ESC_EXT_CASE(n, name, verdict)                                                                                 \
	case n:                                                                                                        \
		return verdict;
		ESC_EXT_LIST(ESC_EXT_CASE)
#undef ESC_EXT_CASE
	default:
		return ESC_V_FORWARD;
	}
}
