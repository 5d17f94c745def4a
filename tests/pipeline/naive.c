/* SPDX-License-Identifier: Apache-2.0 */
#include "naive.h"
#include "naive_tcp.h"
#include <string.h>

struct tuple {
	guint32 saddr, daddr;
	guint16 sport, dport;
	guint8 protocol;
	gboolean error; /* an ICMP error about the other direction, */
	gboolean six;
	guint8 flags, icmp;           /* type, by its IPv4 number */
	guint32 source;               /* from there */
	struct naive_segment segment; /* TCP; of an error, the seq that it quotes */
};

/* One conversation as its two ends see it; fin and reset decide whether a SYN may begin another in its place. */
struct naive_flow {
	guint32 opener_port, peer_port; /* 0: the outside */
	struct tuple there, back;       /* as they arrive at the pipeline */
	gboolean fin_there, fin_back, reset_there, reset_back;
	gboolean answered; /* the opener has gone on after its SYN */
	struct naive_tcp tcp;
	gboolean gone;
	gboolean changed; /* a port of its two has changed since its last packet; it may owe: */
	enum owed { NOTHING, JUDGEMENT, END } opener_owes, peer_owes;
};

static void port_free(gpointer p)
{
	struct naive_port *port = p;

	g_clear_pointer(&port->rules[0], g_array_unref);
	g_clear_pointer(&port->rules[1], g_array_unref);
	g_free(port);
}

struct naive *naive_new(void)
{
	struct naive *n = g_new0(struct naive, 1);

	n->ports = g_ptr_array_new_with_free_func(port_free);
	n->flows = g_array_new(FALSE, TRUE, sizeof(struct naive_flow));
	return n;
}

void naive_free(struct naive *n)
{
	g_ptr_array_unref(n->ports);
	g_array_unref(n->flows);
	g_free(n);
}

struct naive_port *naive_port(struct naive *n, guint32 number, guint32 net, guint32 addr)
{
	struct naive_port *p = g_new0(struct naive_port, 1);

	p->number = number;
	p->net = net;
	p->addr = addr;
	g_ptr_array_add(n->ports, p);
	return p;
}

static gboolean in(guint32 addr, guint32 prefix, guint length)
{
	return length == 0 || addr >> (32 - length) == prefix >> (32 - length);
}

/* A type of ICMPv6 as IPv4 numbers it; 255: no such thing. */
static guint8 icmp_of(gboolean six, guint8 type)
{
	static const guint8 errors[] = {255, 3, 3, 11, 12};

	if (!six)
		return type;
	return type == 128 ? 8 : type == 129 ? 0 : type < G_N_ELEMENTS(errors) ? errors[type] : 255;
}

static guint8 protocol_of(gboolean six, guint8 next)
{
	return !six || (next != 1 && next != 58) ? next : 59 - next;
}

static gboolean by_address(guint8 protocol)
{
	return protocol == 50 || protocol == 51 || protocol == 132;
}

/* The tuple of those who go the error's way, from the packet of the other way that it quotes. */
static enum esc_verdict read_error(const struct frame *f, gsize room, struct tuple *t)
{
	gsize ip = frame_l4(f) + 8, l4 = ip + frame_l4(f) - 14, low = t->six ? 12 : 0;
	gsize source = ip + (t->six ? 8 : 12), next = ip + (t->six ? 6 : 9);
	guint8 type;

	if (room < l4 + 8 - frame_l4(f) || f->length < l4 + 8)
		return ESC_V_MALFORMED;
	if (t->six ? f->data[ip] >> 4 != 6 : f->data[ip] != 0x45 || frame_get16(f, ip + 6) & 0x1fff)
		return ESC_V_MALFORMED;
	if (memcmp(f->data + source, f->data + (t->six ? 38 : 30), t->six ? 16 : 4))
		return ESC_V_MALFORMED;
	t->error = TRUE;
	t->source = t->saddr;
	t->saddr = frame_get32(f, source + low + (t->six ? 16 : 4));
	t->protocol = protocol_of(t->six, f->data[next]);
	if (t->protocol == 6 || t->protocol == 17) {
		t->segment.seq = frame_get32(f, l4 + 4);
		t->sport = frame_get16(f, l4 + 2);
		t->dport = frame_get16(f, l4);
		return ESC_V_FORWARD;
	}
	if (by_address(t->protocol))
		return ESC_V_FORWARD;
	type = icmp_of(t->six, f->data[l4]);
	if (t->protocol != 1 || (type != 8 && type != 0))
		return ESC_V_PROTOCOL;
	t->sport = type == 8 ? 0 : frame_get16(f, l4 + 4);
	t->dport = type == 8 ? frame_get16(f, l4 + 4) : 0;
	return ESC_V_FORWARD;
}

static enum esc_verdict read_tcp(const struct frame *f, gsize room, struct tuple *t)
{
	gsize l4 = frame_l4(f), header = (gsize)(f->data[l4 + 12] >> 4) * 4;
	guint8 flags = f->data[l4 + 13] & 0x17;

	if (room < 20 || f->length < l4 + 20 || header < 20 || header > room)
		return ESC_V_MALFORMED;
	t->sport = frame_get16(f, l4);
	t->dport = frame_get16(f, l4 + 2);
	t->flags = flags;
	t->segment = naive_segment(f, room);
	if (!(flags & 0x16) || ((flags & 2) && (flags & 5)) || ((flags & 4) && (flags & 1)))
		return ESC_V_BAD_FLAGS;
	return ESC_V_FORWARD;
}

static enum esc_verdict read_l4(const struct frame *f, gsize room, struct tuple *t)
{
	gsize l4 = frame_l4(f);

	switch (t->protocol) {
	case 6:
		return read_tcp(f, room, t);
	case 17:
		if (room < 8 || f->length < l4 + 8 || frame_get16(f, l4 + 4) < 8 || frame_get16(f, l4 + 4) > room)
			return ESC_V_MALFORMED;
		t->sport = frame_get16(f, l4);
		t->dport = frame_get16(f, l4 + 2);
		return ESC_V_FORWARD;
	case 1:
		if (room < 8 || f->length < l4 + 8)
			return ESC_V_MALFORMED;
		t->icmp = icmp_of(t->six, f->data[l4]);
		if (t->icmp == 3 || t->icmp == 11 || t->icmp == 12)
			return read_error(f, room, t);
		if (!t->six && (t->icmp == 5 || t->icmp == 9))
			return t->icmp == 5 ? ESC_V_REDIRECT : ESC_V_ROUTER_ADVERT;
		if ((t->icmp != 8 && t->icmp != 0) || f->data[l4 + 1])
			return ESC_V_PROTOCOL;
		t->sport = t->icmp == 8 ? frame_get16(f, l4 + 4) : 0;
		t->dport = t->icmp == 8 ? 0 : frame_get16(f, l4 + 4);
		return ESC_V_FORWARD;
	case 50:
		return room < 8 ? ESC_V_MALFORMED : ESC_V_FORWARD;
	case 51:
	case 132:
		return room < 12 ? ESC_V_MALFORMED : ESC_V_FORWARD;
	default:
		return ESC_V_PROTOCOL;
	}
}

static gboolean sum_good(const struct frame *f)
{
	guint32 sum = 0;

	for (gsize i = 14; i < 34; i += 2)
		sum += frame_get16(f, i);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static gboolean is_tag(guint16 type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

static enum esc_verdict read_options(const struct frame *f, gsize last)
{
	for (gsize at = 34; at < MIN(last, f->length) && f->data[at]; at += f->data[at] == 1 ? 1 : f->data[at + 1]) {
		if (f->data[at] == 1)
			continue;
		if (at + 1 >= f->length || f->data[at + 1] < 2 || at + f->data[at + 1] > last)
			return ESC_V_MALFORMED;
		if (f->data[at] == 131 || f->data[at] == 137)
			return ESC_V_SOURCE_ROUTE;
	}
	return ESC_V_IP_OPTIONS;
}

static enum esc_verdict read_ip(const struct frame *f, struct tuple *t, gsize *room)
{
	gsize total = frame_get16(f, 16);

	if (f->length < 34 || f->data[14] >> 4 != 4 || (f->data[14] & 15) < 5)
		return ESC_V_MALFORMED;
	if ((f->data[14] & 15) > 5)
		return read_options(f, 14 + 4 * (gsize)(f->data[14] & 15));
	if (total < 20 || total + 14 > f->length)
		return ESC_V_MALFORMED;
	if (!sum_good(f))
		return ESC_V_BAD_CHECKSUM;
	if (f->data[20] & 0x80)
		return ESC_V_MALFORMED;
	if (frame_get16(f, 20) & 0x3fff)
		return ESC_V_FRAGMENT;
	if (f->data[30] >= 224)
		return ESC_V_BROADCAST;
	*t = (struct tuple){.saddr = frame_get32(f, 26), .daddr = frame_get32(f, 30), .protocol = f->data[23]};
	*room = total - 20;
	return ESC_V_FORWARD;
}

/* Of addresses that are those of specs. */
static enum esc_verdict read_ip6(const struct frame *f, struct tuple *t, gsize *room)
{
	static const guint8 extensions[] = {0, 43, 60, 135, 139, 140, 253, 254};

	*room = frame_get16(f, 18);
	if (f->length < 54 || f->data[14] >> 4 != 6 || *room + 54 > f->length)
		return ESC_V_MALFORMED;
	if (f->data[20] == 44)
		return ESC_V_FRAGMENT;
	if (memchr(extensions, f->data[20], sizeof(extensions)))
		return ESC_V_EXTENSION;
	*t = (struct tuple){.saddr = frame_source(f),
	                    .daddr = frame_destination(f),
	                    .protocol = protocol_of(TRUE, f->data[20]),
	                    .six = TRUE};
	return ESC_V_FORWARD;
}

static enum esc_verdict read_frame(const struct frame *f, struct tuple *t)
{
	gsize room;
	enum esc_verdict v;

	if (f->length < 14)
		return ESC_V_MALFORMED;
	if (frame_get16(f, 12) == 0x86dd)
		v = read_ip6(f, t, &room);
	else
		v = frame_get16(f, 12) == 0x0800 ? read_ip(f, t, &room)
		    : is_tag(frame_get16(f, 12)) ? ESC_V_VLAN
		                                 : ESC_V_ETHERTYPE;
	if (!v)
		v = read_l4(f, room, t);
	if (!v && t->saddr == t->daddr && t->sport == t->dport)
		v = ESC_V_LAND;
	return v;
}

static gboolean allowed(const GArray *rules, const struct tuple *t)
{
	if (!rules)
		return TRUE;
	for (guint i = 0; i < rules->len; i++) {
		const struct naive_rule *r = &g_array_index(rules, struct naive_rule, i);
		gboolean every_port = r->port == 0 && r->port_last == 65535;
		if (r->protocol && r->protocol != t->protocol)
			continue;
		if (t->saddr < r->from || t->saddr > r->from_last || t->daddr < r->to || t->daddr > r->to_last)
			continue;
		if (!every_port &&
		    (t->protocol == 1 || by_address(t->protocol) || t->dport < r->port || t->dport > r->port_last))
			continue;
		return r->allow;
	}
	return FALSE;
}

static gboolean tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return a->saddr == b->saddr && a->daddr == b->daddr && a->sport == b->sport && a->dport == b->dport &&
	       a->protocol == b->protocol && a->six == b->six;
}

static gboolean naive_over(const struct naive_flow *x)
{
	return x->reset_there || x->reset_back || (x->fin_there && x->fin_back);
}

static void naive_saw(struct naive_flow *x, gboolean there, guint8 flags)
{
	gboolean *reset = there ? &x->reset_there : &x->reset_back;

	x->answered |= there && (flags & 0x12) != 2 && !(flags & 4);
	if (there)
		x->fin_there |= (flags & 1) != 0;
	else
		x->fin_back |= (flags & 1) != 0;
	*reset = (flags & 4) != 0;
}

static gboolean may_open(const struct tuple *t)
{
	if (t->protocol == 6)
		return (t->flags & 0x12) == 2;
	return t->protocol == 17 || by_address(t->protocol) || t->icmp == 8;
}

static void owe(enum owed *o, enum live_flows mode)
{
	if (mode == LIVE_KILL)
		*o = END;
	if (mode == LIVE_REEVALUATE && *o != END)
		*o = JUDGEMENT;
}

void naive_change(struct naive *n, guint32 port, enum live_flows mode)
{
	for (guint i = 0; i < n->flows->len; i++) {
		struct naive_flow *x = &g_array_index(n->flows, struct naive_flow, i);
		x->changed |= x->opener_port == port || x->peer_port == port;
		if (x->opener_port == port)
			owe(&x->opener_owes, mode);
		if (x->peer_port == port)
			owe(&x->peer_owes, mode);
	}
}

static int from_outside_again(struct naive *n, const struct naive_flow *x)
{
	const struct naive_port *p = n->ports->pdata[x->peer_port - 1];
	struct tuple t = x->there;

	if (p->public != t.daddr)
		return ESC_V_NO_TRANSLATION;
	t.daddr = p->addr;
	if (x->peer_owes != JUDGEMENT)
		return ESC_V_FORWARD;
	if (!allowed(p->rules[ESC_POLICY_IN], &t))
		return ESC_V_POLICY_IN;
	return p->standard && !p->rules[ESC_POLICY_IN] ? ESC_V_STANDARD_CLOSED : ESC_V_FORWARD;
}

/* What the opener's first packet would meet today, without the rules that have nothing to say any more. */
static int again(struct naive *n, const struct naive_flow *x)
{
	const struct naive_port *p;

	if (!x->opener_port)
		return from_outside_again(n, x);
	p = n->ports->pdata[x->opener_port - 1];
	if (x->opener_owes == JUDGEMENT && !allowed(p->rules[ESC_POLICY_OUT], &x->there))
		return ESC_V_POLICY_OUT;
	if (!x->peer_port)
		return p->public ? ESC_V_FORWARD : ESC_V_NO_OUTBOUND;
	p = n->ports->pdata[x->peer_port - 1];
	return x->peer_owes == JUDGEMENT && !allowed(p->rules[ESC_POLICY_IN], &x->there) ? ESC_V_POLICY_IN
	                                                                                 : ESC_V_FORWARD;
}

/* Does it live on after a change? */
static int lives_on(struct naive *n, struct naive_flow *x)
{
	int v = x->opener_owes == END || x->peer_owes == END ? ESC_V_FLOW_ENDED : x->changed ? again(n, x) : 0;

	x->gone = v != ESC_V_FORWARD;
	x->changed = FALSE;
	x->opener_owes = x->peer_owes = NOTHING;
	return v;
}

static enum esc_verdict belongs(struct naive_flow *x, gboolean there, const struct tuple *t, gboolean *doubt)
{
	gboolean steady = there ? x->answered && !x->reset_there : !x->reset_back;
	enum naive_answer answer;

	if (t->protocol != 6)
		return ESC_V_FORWARD;
	if (t->error)
		return naive_tcp_quoted(&x->tcp, there ? 0 : 1, t->segment.seq) ? ESC_V_FORWARD : ESC_V_ICMP_UNRELATED;
	answer = naive_tcp_sees(&x->tcp, there ? 0 : 1, &t->segment, steady);
	*doubt = answer == NAIVE_DOUBT;
	return answer == NAIVE_OUT ? ESC_V_OUT_OF_WINDOW : ESC_V_FORWARD;
}

/* Does the packet continue a conversation? DROP with NO_FLOW is told by *verdict. */
static gboolean continues(struct naive *n, guint32 port, gboolean outside, const struct tuple *t,
                          enum esc_verdict *verdict)
{
	guint8 flags = t->flags;
	gboolean doubt = FALSE;

	for (guint i = 0; i < n->flows->len; i++) {
		struct naive_flow *x = &g_array_index(n->flows, struct naive_flow, i);
		gboolean there = tuple_equal(&x->there, t) &&
		                 (outside ? !x->opener_port && x->peer_port == port : x->opener_port == port);
		gboolean back = !there && tuple_equal(&x->back, t) &&
		                (outside ? !x->peer_port && x->opener_port == port : x->peer_port == port);
		if (x->gone || (!there && !back))
			continue;
		if ((flags & 0x12) == 2 && naive_over(x) && (there || !x->reset_back)) {
			x->gone = TRUE;
			return FALSE;
		}
		*verdict = !t->error && t->protocol == 1 && there != (t->icmp == 8) ? ESC_V_NO_FLOW : ESC_V_FORWARD;
		if ((flags & 0x12) == 2 && back && x->answered)
			*verdict = ESC_V_NO_FLOW;
		if (!*verdict)
			*verdict = belongs(x, there, t, &doubt);
		if (*verdict)
			return TRUE;
		*verdict = lives_on(n, x);
		if (*verdict == ESC_V_FLOW_ENDED && (t->error || may_open(t)))
			return FALSE;
		if (*verdict == ESC_V_FORWARD && !t->error && !doubt)
			naive_saw(x, there, flags);
		return TRUE;
	}
	return FALSE;
}

static struct naive_port *by_addr(struct naive *n, guint32 net, guint32 addr)
{
	for (guint i = 0; i < n->ports->len; i++) {
		struct naive_port *p = n->ports->pdata[i];
		if (p->net == net && p->addr == addr)
			return p;
	}
	return NULL;
}

static void remember(struct naive *n, guint32 opener, guint32 peer, struct tuple there, struct tuple translated)
{
	struct naive_flow x = {.opener_port = opener, .peer_port = peer, .there = there};

	x.back = (struct tuple){.saddr = translated.daddr,
	                        .daddr = translated.saddr,
	                        .sport = translated.dport,
	                        .dport = translated.sport,
	                        .protocol = there.protocol,
	                        .six = there.six};
	if (there.protocol == 6)
		naive_tcp_sees(&x.tcp, 0, &there.segment, FALSE);
	g_array_append_val(n->flows, x);
}

static enum esc_verdict open_from(struct naive *n, struct naive_port *p, const struct tuple *t)
{
	struct tuple translated = *t;
	struct naive_port *peer;

	if (!allowed(p->rules[ESC_POLICY_OUT], t))
		return ESC_V_POLICY_OUT;
	if (!in(t->daddr, WORLD_ADDR(0, 0), 16)) {
		if (in(t->daddr, 0x0a000000, 8))
			return ESC_V_NO_ROUTE;
		if (!p->public)
			return ESC_V_NO_OUTBOUND;
		translated.saddr = p->public;
		remember(n, p->number, 0, *t, translated);
		return ESC_V_FORWARD;
	}
	peer = by_addr(n, p->net, t->daddr);
	if (!peer)
		return ESC_V_UNREACHABLE;
	if (!allowed(peer->rules[ESC_POLICY_IN], t))
		return ESC_V_POLICY_IN;
	remember(n, p->number, peer->number, *t, translated);
	return ESC_V_FORWARD;
}

enum esc_verdict naive_from_port(struct naive *n, guint32 number, const struct frame *f)
{
	struct naive_port *p = n->ports->pdata[number - 1];
	enum esc_verdict v;
	struct tuple t;
	guint8 mac[6];

	world_mac(number, mac);
	v = read_frame(f, &t);
	if (v == ESC_V_LAND)
		v = ESC_V_MALFORMED; /* only the edge tells them apart */
	if (v)
		return v;
	if (memcmp(f->data + 6, mac, 6))
		return ESC_V_SPOOFED_MAC;
	if (f->data[0] & 1)
		return ESC_V_BROADCAST;
	if (memcmp(f->data, world_gateway, 6))
		return ESC_V_FOREIGN_MAC;
	if (t.saddr != p->addr || (t.error && t.source != t.saddr))
		return ESC_V_SPOOFED_IP;
	if (continues(n, number, FALSE, &t, &v))
		return v;
	if (t.error)
		return ESC_V_ICMP_UNRELATED;
	return may_open(&t) ? open_from(n, p, &t) : ESC_V_NO_FLOW;
}

static enum esc_verdict open_to(struct naive *n, struct naive_port *p, const struct tuple *t)
{
	struct tuple translated = *t;

	translated.daddr = p->addr;
	if (!allowed(p->rules[ESC_POLICY_IN], &translated))
		return ESC_V_POLICY_IN;
	if (p->standard && !p->rules[ESC_POLICY_IN])
		return ESC_V_STANDARD_CLOSED;
	remember(n, 0, p->number, *t, translated);
	return ESC_V_FORWARD;
}

static gboolean bogon(const struct tuple *t, guint32 a)
{
	if (t->six)
		return in(a, 0x0a000000, 8); /* the others have a public prefix */
	return in(a, 0, 8) || in(a, 0x7f000000, 8) || in(a, 0x0a000000, 8) || in(a, 0xac100000, 12) ||
	       in(a, 0xc0a80000, 16) || in(a, 0xa9fe0000, 16) || in(a, 0xe0000000, 3) || in(a, 0x64400000, 10);
}

static gboolean length_lies(const struct frame *f, gboolean six, gsize room)
{
	gsize l4 = frame_l4(f);
	guint8 protocol = f->data[six ? 20 : 23];

	if (l4 + room > f->length)
		return TRUE;
	if (protocol == 6)
		return room < 20 || (f->data[l4 + 12] >> 4) < 5 || (gsize)(f->data[l4 + 12] >> 4) * 4 > room;
	if (protocol == 17)
		return room < 8 || frame_get16(f, l4 + 4) < 8 || frame_get16(f, l4 + 4) > room;
	return room < 8;
}

/* What the edge says of a packet that a port would only call malformed. */
static enum esc_verdict from_outside(const struct frame *f, enum esc_verdict v)
{
	gboolean six = frame_l4(f) == 54;
	gsize room = six ? frame_get16(f, 18) : (gsize)frame_get16(f, 16) - 20;

	if (v != ESC_V_MALFORMED || f->length < frame_l4(f))
		return v;
	if (six ? f->data[14] >> 4 != 6 || f->data[20] == 44 : frame_get16(f, 12) != 0x0800 || f->data[14] != 0x45)
		return v;
	if (!six && frame_get16(f, 20) & 0x3fff)
		return v;
	return (!six && frame_get16(f, 16) < 20) || length_lies(f, six, room) ? ESC_V_BAD_LENGTH : v;
}

enum esc_verdict naive_from_uplink(struct naive *n, const struct frame *f)
{
	struct naive_port *p = NULL;
	struct tuple t;
	enum esc_verdict v = read_frame(f, &t);

	if (v)
		return from_outside(f, v);
	if (t.six && t.protocol == 17 && !t.error && !frame_get16(f, 60))
		return ESC_V_BAD_CHECKSUM;
	if (f->data[0] & 1)
		return ESC_V_BROADCAST;
	if (memcmp(f->data, world_uplink, 6))
		return ESC_V_FOREIGN_MAC;
	if (!memcmp(f->data + 6, world_uplink, 6) || (!t.six && t.saddr == 0x01000000)) /* host 1's own address */
		return ESC_V_OWN_SOURCE;
	if (bogon(&t, t.saddr) || (t.error && bogon(&t, t.source)))
		return ESC_V_BOGON_SOURCE;
	for (guint i = 0; i < n->ports->len; i++) {
		struct naive_port *x = n->ports->pdata[i];
		if (x->public && x->public == t.daddr)
			p = x;
	}
	if (!p)
		return ESC_V_NOT_VIP;
	if (continues(n, p->number, TRUE, &t, &v))
		return v;
	if (t.error)
		return ESC_V_ICMP_UNRELATED;
	return may_open(&t) ? open_to(n, p, &t) : ESC_V_NO_FLOW;
}
