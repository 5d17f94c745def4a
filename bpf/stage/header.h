/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * header: what a packet of the family looks like: where its headers are, and the numbers of its ICMP. IPv4 options and
 * IPv6 extension headers never pass, so every header has its fixed place.
 */
#pragma once
#include "family.h"

#define ESC_L3 14

#define ESC_RULE_ICMP 1 /* what rules call ICMP, of either family */

#if ESC_FAMILY == 4

#include <linux/ip.h>

#define ESC_IP_HEADER 20
#define ESC_IP_PROTO  (ESC_L3 + 9)
#define ESC_IP_SOURCE 12 /* the destination follows it */

#define ESC_ICMP         1
#define ESC_ECHO_REPLY   0
#define ESC_ECHO_REQUEST 8

/* ICMP errors (RFC 792) quote the packet that they are about. A redirect is none of these. */
#define ESC_ICMP_UNREACHABLE 3
#define ESC_ICMP_EXCEEDED    11
#define ESC_ICMP_PARAMETER   12

/* What only routers say: a redirect, an advertisement (RFC 1256). */
#define ESC_ICMP_REDIRECT 5
#define ESC_ICMP_ROUTER   9

#define ESC_LIMITED_BROADCAST 0xffffffffu

#define ESC_FRAGMENT_HEADER 0 /* bytes between the IP header and L4 of a fragment */

static __always_inline int is_icmp_error(esc_u8 type)
{
	return type == ESC_ICMP_UNREACHABLE || type == ESC_ICMP_EXCEEDED || type == ESC_ICMP_PARAMETER;
}

/* About the link itself, and unanswered. */
#define ESC_V_LINK_UNANSWERED ESC_V_ARP_UNANSWERED

#else

#include <linux/ipv6.h>

#define ESC_IP_HEADER 40
#define ESC_IP_PROTO  (ESC_L3 + 6)
#define ESC_IP_SOURCE 8

#define ESC_ICMP         58
#define ESC_ECHO_REPLY   129
#define ESC_ECHO_REQUEST 128

#define ESC_NEXT_FRAGMENT       44
#define ESC_FRAGMENT_HEADER     8

/* RFC 4443; those below 128 are errors. */
#define ESC_ICMP_UNREACHABLE    1
#define ESC_ICMP_TOO_BIG        2
#define ESC_ICMP_EXCEEDED       3
#define ESC_ICMP_PARAMETER      4

static __always_inline int is_icmp_error(esc_u8 type)
{
	return type >= ESC_ICMP_UNREACHABLE && type <= ESC_ICMP_PARAMETER;
}

/* Neighbour discovery (RFC 4861). */
#define ESC_ND_ROUTER_SOLICIT   133
#define ESC_ND_ROUTER_ADVERT    134
#define ESC_ND_NEIGHBOUR_ASK    135
#define ESC_ND_NEIGHBOUR_ANSWER 136
#define ESC_ND_REDIRECT         137

#define ESC_V_LINK_UNANSWERED ESC_V_ND_UNANSWERED

#endif

#define ESC_L4      (ESC_L3 + ESC_IP_HEADER)
#define ESC_HEADERS (ESC_L4 + 20)
#define ESC_DEEPEST (ESC_HEADERS + ESC_FRAGMENT_HEADER) /* what the deepest parser wants in the linear part */

#define ESC_Q3     (ESC_L4 + 8)             /* the quoted IP header, which has no options either */
#define ESC_Q4     (ESC_Q3 + ESC_IP_HEADER) /* and what follows it */
#define ESC_QUOTED (ESC_Q4 + 8)             /* as much as every error quotes */
