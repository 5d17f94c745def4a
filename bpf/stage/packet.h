/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * What the stages hand to one another.
 *
 * Concept. A stage is a function that reads and completes one `struct esc_packet` and answers with a verdict:
 * ESC_V_FORWARD means "go on", anything else ends the journey and is told to the exit (count.h), the only
 * place that counts. Stages touch packet bytes only in parse.h, arp.h and deliver.h. They compile twice: for the
 * kernel over maps.h, and natively over src/explain/native.c; what differs is in ctx/.
 *
 * Addresses and ports are in network order throughout.
 */
#pragma once
#include <stddef.h>
#include <linux/if_ether.h>
#include "header.h"

#define ESC_TCP 6
#define ESC_UDP 17

/* Without ports that the data path knows: a flow of these is two addresses and the protocol, its ports are 0. */
#define ESC_ESP  50
#define ESC_AH   51
#define ESC_SCTP 132

#define ESC_FLAG_FIN   0x01
#define ESC_FLAG_SYN   0x02
#define ESC_FLAG_RST   0x04
#define ESC_FLAG_ACK   0x10
#define ESC_FLAG_STATE 0x17

/* Places of the checksums. */
#define ESC_TCP_SUM  (ESC_L4 + 16)
#define ESC_UDP_SUM  (ESC_L4 + 6)
#define ESC_ICMP_SUM (ESC_L4 + 2)
#define ESC_SCTP_SUM (ESC_L4 + 8) /* its own kind, which knows no addresses */

/* Not verdicts: the packet leaves the short way, for a stage that most never see. Negative, and never counted. */
#define ESC_ASIDE_PLATFORM (-2) /* platform.h */
#define ESC_ASIDE_FRAGMENT (-3) /* fragment.h */

#define ESC_FRAGMENT_FIRST 1
#define ESC_FRAGMENT_LATER 2
#define ESC_FRAGMENT_ALONE 3 /* of IPv6: a fragment header around all of a datagram (RFC 6946) */

struct esc_packet {
	struct esc_flow_key key; /* as it arrived; dir and port are the entry program's to set */
	esc_u32 now;             /* ticks, read once */
	esc_u32 bytes;           /* of the frame */
	esc_u32 segs;            /* packets that it stands for */
	esc_u32 gso_size;
	esc_u32 port;   /* charged with the verdict */
	esc_u8 smac[6]; /* words of the stack are aligned, so each of the two begins one */
	esc_u16 ip_length;
	esc_u8 dmac[6];
	esc_u8 tcp_flags, tcp_header; /* header: bytes */
	esc_u8 icmp;                  /* type */
	esc_u8 arp;
	esc_u8 delivery; /* enum esc_delivery, and where to: */
	esc_u8 judged;   /* rule[] holds something */
	esc_u8 doubted;  /* passes, and changes nothing about its flow: window.h */
	esc_u8 scale;    /* of a SYN: the window scale that it offers, ESC_TCP_NO_SCALE for none */
	esc_u8 error; /* an ICMP error: key is that of the flow which goes the same way, so the quoted one reversed */
	esc_u8 fragment;           /* ESC_FRAGMENT_*; 0: whole */
	esc_u32 seq, seq_end, ack; /* TCP, host order: end of data, SYN and FIN counted; of a quoted packet seq alone */
	union {
		esc_ip source; /* of an ICMP error itself: its flow's, or a router's on the way */
		struct {
			esc_u32 id;         /* of a fragment, as on the wire, */
			esc_u16 begin, end; /* and its place in the datagram, in bytes */
		} piece;
	};
	esc_u32 out; /* ifindex */
	esc_u32 vni, remote;
	esc_u32 from;    /* fabric address of the host that tunnelled it here; 0: none did */
	esc_u32 rule[4]; /* judged by, on a first packet: outbound lists, inbound lists */
};

/* One way of a flow's two: where its packets go. */
struct esc_way {
	esc_u8 delivery;
	esc_u8 pad;
	esc_u8 dmac[6];
	esc_u32 out;
	esc_u32 vni; /* OVERLAY: of the network; PEER, TAP: the host that its packets come from by the overlay, else 0 */
};

/* A question to one port's policy, and its answer. */
struct esc_query {
	esc_u32 slot; /* from the port's word */
	esc_u32 dir;  /* ESC_POLICY_OUT, ESC_POLICY_IN */
	esc_ip saddr, daddr;
	esc_u16 sport, dport; /* 0 for ICMP */
	esc_u32 proto;
	/* the answer */
	esc_u32 allow, flags;
	esc_u32 rule[2];
	/* at work: of source and destination address, source and destination port, protocol */
	esc_u32 blocks, spans, row[5], lines[5];
	esc_u32 words[ESC_POLICY_UNITS]; /* that all five rows have */
	esc_u32 unit, bits, to;          /* the walk over them */
	int position;
};

/*
 * What the judgement of an opener decides; flow.h makes entries of it. One a processor, in the map `scratch`: the stack
 * of a program and all it calls is 512 bytes.
 */
struct esc_plan {
	esc_ip saddr, daddr; /* after translation */
	esc_u16 sport, dport;
	esc_u16 snat_first, snat_count; /* host order; with a count, sport is still to be chosen */
	struct esc_way there, back;
	esc_u32 generation, peer_generation;
	esc_u32 port; /* charged with the verdict */
	esc_u16 peer;
	esc_u8 flags;     /* ESC_FLOW_* of the opener */
	esc_u8 forwarded; /* at work: by somebody else than its source */
	esc_u32 rule[4];
	esc_u64 word, own, other; /* at work: the port's word as first read, and those of both ports */
	struct esc_query query;
	esc_u8 sender[6]; /* given, of dir TO: the inner source MAC, which names a forwarder */
	esc_u16 pad2;
};

/* The walk along a port's ring: ring.h. */
struct esc_ring_walk {
	esc_u32 port, size, now;
	esc_u32 slot; /* the answer */
	esc_u32 rank; /* of the flow there, while it has to be evicted */
	esc_u32 evict;
};

/* The search for a way back that is free: insert.h. */
struct esc_insertion {
	struct esc_flow_key key; /* of the way back */
	struct esc_flow entry;
	esc_u32 first, count; /* ports to choose from; 0: the key is whole */
	esc_u32 hand;
	esc_u32 now;
	int done;
};

/* 128 bits as a number. */
struct esc_wide {
	esc_u64 high, low;
};

/* The walk along the options of an IPv4 header: ip_options.h. */
struct esc_option_walk {
	esc_u32 at, length;
	esc_u32 verdict;
	esc_u32 words[16]; /* of which 10 may be options */
};

/*
 * Work in progress, one a processor, in the map `scratch`. For two reasons: the stack of a program and all it calls
 * is 512 bytes; and what the body of a bpf_loop changes must not be on the stack, because verifiers before Linux 6.7
 * look at the body once only, take what was on the stack before the loop for constant, and cut the branches that a
 * later step would take.
 */
struct esc_scratch {
	struct esc_packet packet;
#if ESC_FAMILY == 6
	struct esc_wide wide; /* one that policy.h looks for */
#endif
	struct esc_plan plan;
	struct esc_ring_walk walk;
	struct esc_insertion insertion;
	struct esc_option_walk options;
};

static __always_inline int by_address(esc_u8 proto)
{
	return proto == ESC_ESP || proto == ESC_AH || proto == ESC_SCTP;
}

/* Bytes of the shortest L4 header. */
static __always_inline esc_u32 l4_least(esc_u8 proto)
{
	return proto == ESC_TCP ? 20 : proto == ESC_SCTP || proto == ESC_AH ? 12 : 8;
}

/* Packets that a frame stands for. What came from a tap may not say, so it is counted by its bytes. */
static __always_inline esc_u32 super_frame_segs(esc_u32 bytes, esc_u32 segs, esc_u32 gso_size)
{
	if (!gso_size)
		return 1;
	if (segs || bytes <= ESC_HEADERS)
		return segs ? segs : 1;
	return (bytes - ESC_HEADERS + gso_size - 1) / gso_size;
}

static __always_inline int mac_equal(const esc_u8 *a, const esc_u8 *b)
{
	return ESC_WORD(a) == ESC_WORD(b) && ESC_WORD16(a + 4) == ESC_WORD16(b + 4);
}

static __always_inline void mac_copy(esc_u8 *to, const esc_u8 *from)
{
	ESC_WORD(to) = ESC_WORD(from);
	ESC_WORD16(to + 4) = ESC_WORD16(from + 4);
}
