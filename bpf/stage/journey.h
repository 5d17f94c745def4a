/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * The journeys: which stages a packet passes, in order. The entry programs, kernel and native, are these.
 *
 *   from a port:    parse -> guard -> (arp, nd | platform | flow -> [judge -> insert] -> deliver) -> exit
 *   from overlay:   parse -> tunnel -> flow -> [judge -> insert] -> deliver -> exit
 *   from the uplink: parse -> bad, admit -> (mark | endpoint -> balance) -> (flow ... deliver | overlay) -> exit
 *   a fragment:     as above up to flow, in fragment's hands around endpoint; then, in a program of its own,
 *                   fragment -> flow ... -> exit
 *   from the prober: parse -> prober -> flow -> [judge -> insert] -> deliver -> exit
 */
#pragma once
#include "deliver.h"
#include "edge.h"
#include "exit.h"
#include "fragment.h"
#include "parse.h"
#include "prober.h"
#include "tunnel.h"
#if ESC_FAMILY == 4
#include "arp.h"
#include "aside.h"
#else
#include "aside6.h"
#include "nd.h"
#endif

/* Only ports speak to the platform; from elsewhere that is a broadcast like any other. Fragments are set aside later. */
static __always_inline int refuse_aside(int v)
{
	if (v == ESC_ASIDE_FRAGMENT)
		return ESC_V_FORWARD;
	return v < 0 ? ESC_V_BROADCAST : v;
}

static __always_inline int go_on(struct esc_ctx *ctx, struct esc_packet *p)
{
	struct esc_flow *e;
	int v = flow(ctx, p, &e);

	return v ? v : deliver(ctx, p, e);
}

/* FORWARD: nothing has set the packet aside. */
static __always_inline int from_port_rare(struct esc_ctx *ctx, struct esc_packet *p, const struct esc_port *port, int v)
{
	if (v >= 0)
		return v;
	if (v == ESC_ASIDE_PLATFORM)
		return from_port_aside(ctx, p, port);
	v = guard(port, p);
	return v ? v : ESC_ASIDE_FRAGMENT;
}

static __always_inline int journey_from_port(struct esc_ctx *ctx, struct esc_packet *p)
{
	esc_u32 ifindex = ctx_ifindex(ctx), *number = esc_lookup(ifaces, &ifindex);
	struct esc_port *port = number ? port_get(*number) : NULL;
	struct esc_flow *e;
	int v = arrive(ctx, p);

	if (!port || !*number)
		return ESC_V_NO_PORT;
	p->port = *number;
	p->key.port = *number;
	p->key.dir = ESC_FLOW_FROM;
	if (v)
		return from_port_rare(ctx, p, port, v);
	v = guard(port, p);
	if (v)
		return v;
	if (p->arp)
		return link_answer(ctx_data(ctx), ctx_end(ctx), port, p);
	v = flow(ctx, p, &e);
	if (v)
		return v < 0 ? from_port_aside(ctx, p, port) : v;
	return deliver(ctx, p, e);
}

static __always_inline int journey_from_overlay(struct esc_ctx *ctx, struct esc_packet *p)
{
	struct esc_backend to = {};
	esc_u32 vni, remote;
	int v = arrive(ctx, p), refused;

	p->key.dir = ESC_FLOW_TO;
	if (ctx_tunnel(ctx, &vni, &remote))
		return ESC_V_FOREIGN_TUNNEL;
	if (v && refuse_aside(v))
		return refuse_aside(v);
	refused = tunnel_admit(p, vni, remote);
	if (refused)
		return refused;
	if (!v && vni == ESC_VNI_EDGE_ASK && !esc_lookup(flows, &p->key)) { /* of a fragment no flow is known yet */
		v = edge_other(p, &to);
		if (v)
			return v;
		if (to.host)
			return to_overlay(ctx, p, to.mac, ESC_VNI_EDGE, to.host);
		p->port = to.port;
		p->key.port = to.port;
	}
	return v ? v : go_on(ctx, p);
}

/* Without a mark, what XDP would have decided. */
static ESC_INLINE int edge_decide(struct esc_packet *p, struct esc_backend *to)
{
	struct esc_host *h = host_get();
	int v;

	p->key.dir = ESC_FLOW_PUBLIC;
	if (!h)
		return ESC_V_NO_PORT;
	v = admit(p, h);
	if (!v && p->fragment == ESC_FRAGMENT_LATER)
		v = fragment_recall(p, ESC_FRAGMENT_AT_EDGE);
	if (!v)
		v = edge_choose(p, h->hash_seed, to);
	if (!v && p->fragment == ESC_FRAGMENT_FIRST)
		fragment_note(p, ESC_FRAGMENT_AT_EDGE);
	return v;
}

static __always_inline int journey_edge(struct esc_ctx *ctx, struct esc_packet *p)
{
	struct esc_backend to = {};
	int v = arrive(ctx, p), refused;

	v = bad_form(ctx_data(ctx), ctx_end(ctx), p, v);
	if (v && refuse_aside(v))
		return refuse_aside(v);
	p->key.dir = ESC_FLOW_PUBLIC;
	if (!ctx_mark(ctx, &to)) {
		refused = edge_decide(p, &to);
		if (refused)
			return refused;
	}
	if (to.host)
		return to_overlay(ctx, p, to.mac, to.ask ? ESC_VNI_EDGE_ASK : ESC_VNI_EDGE, to.host);
	if (!port_get(to.port))
		return ESC_V_NO_PORT;
	p->port = to.port;
	p->key.port = to.port;
	return v ? v : go_on(ctx, p);
}

/* Goes on with what one of the others has set aside, from where a whole packet would be looked up. */
static __always_inline int journey_fragment(struct esc_ctx *ctx, struct esc_packet *p)
{
	int v = fragment_go_on(ctx, p);

	return v < 0 ? from_port_aside(ctx, p, port_get(p->port)) : v;
}

#if ESC_FAMILY == 4
static __always_inline int journey_from_prober(struct esc_ctx *ctx, struct esc_packet *p)
{
	int v = arrive(ctx, p);

	if (v)
		return v < 0 ? ESC_V_PROTOCOL : v;
	v = prober_admit(p);
	return v ? v : go_on(ctx, p);
}
#endif

/* Plain pointers: XDP has no skb. FORWARD and the choice, for tc to carry out. */
static __always_inline int journey_edge_xdp(const void *data, const void *end, struct esc_packet *p,
                                            struct esc_backend *to)
{
	int v = bad_form(data, end, p, parse(data, end, p));

	if (v && refuse_aside(v))
		return refuse_aside(v);
	return edge_decide(p, to);
}
