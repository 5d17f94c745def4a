/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native pipeline: bpf/stage over src/explain/table.c. What an agent and the kernel do around the stages is
 * here: placing blobs, generations, interface numbers, the exits' counters.
 */
#include "explain/native_host.h"

#define NATIVE_UPLINK  2
#define NATIVE_OVERLAY 3
#define NATIVE_PROBER  4
#define NATIVE_PORT(n) (100 + (n))
#define NATIVE_RULES   65536

__thread struct native *native_self;

#include "bpf/ctx/native.h"
#include "bpf/stage/express.h"
#include "bpf/stage/import.h"
#include "bpf/stage/journey.h"

_Static_assert((int)NATIVE_DEAD == ESC_PAIR_DEAD && (int)NATIVE_CLOSED == ESC_PAIR_CLOSED &&
                       (int)NATIVE_ALIVE == ESC_PAIR_ALIVE,
               "one and the same");

static void native_put_static(struct native *n, const struct tables *t)
{
	for (guint i = 0; i < t->addrs->len; i++) {
		const struct table_addr *a = &g_array_index(t->addrs, struct table_addr, i);
		table_put(&n->addrs, &a->key, &a->value);
	}
	for (guint i = 0; i < t->routes->len; i++) {
		const struct table_route *r = &g_array_index(t->routes, struct table_route, i);
		table_put(&n->routes, &r->key, &r->value);
	}
	for (guint i = 0; i < t->macs->len; i++) {
		const struct table_mac *m = &g_array_index(t->macs, struct table_mac, i);
		table_put(&n->macs, &m->key, &m->value);
	}
	for (guint i = 0; i < t->peers->len; i++) {
		const struct table_peer *p = &g_array_index(t->peers, struct table_peer, i);
		table_put(&n->peers, &p->key, &p->value);
	}
	for (guint i = 0; i < t->forwarders->len; i++) {
		const struct table_forwarder *f = &g_array_index(t->forwarders, struct table_forwarder, i);
		table_put(&n->forwarders, &f->key, &f->value);
	}
	for (guint i = 0; i < t->dnat->len; i++) {
		const struct table_dnat *d = &g_array_index(t->dnat, struct table_dnat, i);
		table_put(&n->dnat, &d->key, &d->value);
	}
	for (guint i = 0; i < t->snat->len; i++) {
		const struct table_snat *s = &g_array_index(t->snat, struct table_snat, i);
		table_put(&n->snat, &s->key, &s->value);
	}
}

/* Blobs one after the other from block 1; element i: where blob i starts. */
static GArray *native_put_blobs(struct native *n, const struct tables *t)
{
	GArray *starts = g_array_new(FALSE, FALSE, sizeof(guint32));
	guint32 next = 1;

	for (guint i = 0; i < t->blobs->len; i++) {
		g_array_append_val(starts, next);
		next += g_bytes_get_size(t->blobs->pdata[i]) / sizeof(struct esc_block);
	}
	table_clear(&n->blobs);
	table_init_array(&n->blobs, next, sizeof(struct esc_block));
	for (guint i = 0; i < t->blobs->len; i++) {
		gsize size;
		gconstpointer data = g_bytes_get_data(t->blobs->pdata[i], &size);
		guint8 *place = table_lookup(&n->blobs, &g_array_index(starts, guint32, i));
		if (place && size)
			memcpy(place, data, size / sizeof(struct esc_block) * sizeof(struct esc_block));
	}
	return starts;
}

guint32 native_slot(const GArray *starts, guint32 slot)
{
	return slot && slot <= starts->len ? g_array_index(starts, guint32, slot - 1) : 0;
}

static void native_put_endpoints(struct native *n, const struct tables *t, const GArray *starts)
{
	for (guint i = 0; i < t->endpoints->len; i++) {
		struct table_endpoint e = g_array_index(t->endpoints, struct table_endpoint, i);
		e.value.slot = native_slot(starts, e.value.slot);
		e.value.access = native_slot(starts, e.value.access);
		table_put(&n->endpoints, &e.key, &e.value);
	}
}

/* As the agent's flip: its bounds and its odd generation are over before a packet can see them. */
static guint32 native_generation(struct native *n, const struct tables *t, const struct table_port *p,
                                 GHashTable *moved)
{
	const struct esc_port_word *word = table_lookup(&n->port_word, &p->number);
	struct esc_port_past *past = table_lookup(&n->port_past, &p->number);
	gboolean is_new = !word->generation, anew = past->judge != p->judge;

	if (!is_new && !anew && !live_leads(moved, &p->port))
		return word->generation;
	*past = live_bounds(*past, anew ? t->live : LIVE_KEEP, is_new, live_next_odd(&n->generation));
	past->before = word->slot;
	past->judge = p->judge;
	return live_next_even(&n->generation);
}

static int native_addr_order(gconstpointer a, gconstpointer b, gpointer size)
{
	return memcmp(a, b, GPOINTER_TO_UINT(size));
}

/* Tables of tests need not be sorted. */
static void native_moved(GHashTable *moved, GArray **known, GArray *addrs, guint key_size)
{
	GArray *now = g_array_copy(addrs);
	guint size = g_array_get_element_size(now);

	g_array_sort_with_data(now, native_addr_order, GUINT_TO_POINTER(key_size));
	if (*known) {
		live_moved(moved, (struct live_places){(*known)->data, (*known)->len, key_size, size},
		           (struct live_places){now->data, now->len, key_size, size});
		g_array_unref(*known);
	}
	*known = now;
}

static void native_put_ports(struct native *n, const struct tables *t, const GArray *starts)
{
	g_autofree struct esc_port_word *words = g_new0(struct esc_port_word, ESC_MAX_PORTS);
	g_autoptr(GHashTable) moved = g_hash_table_new(NULL, NULL);

	native_moved(moved, &n->known_addrs, t->addrs, sizeof(struct esc_addr_key));
	native_moved(moved, &n->known_addrs6, t->addrs6, sizeof(struct esc_addr_key6));
	live_tables(moved, t->routes, t->routes6);
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = t->ports->pdata[i];
		if (!p->number || p->number >= ESC_MAX_PORTS)
			continue;
		words[p->number].generation = native_generation(n, t, p, moved);
		words[p->number].slot = native_slot(starts, p->blob);
	}
	memset(n->ports.array, 0, (gsize)n->ports.entries * n->ports.value_size);
	memset(n->ifaces.array, 0, (gsize)n->ifaces.entries * n->ifaces.value_size);
	memcpy(n->port_word.array, words, sizeof(*words) * ESC_MAX_PORTS);
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *p = t->ports->pdata[i];
		struct esc_port port = p->port;
		guint32 ifindex = NATIVE_PORT(p->number);
		if (!p->number || p->number >= ESC_MAX_PORTS)
			continue;
		port.ifindex = ifindex;
		table_put(&n->ports, &p->number, &port);
		table_put(&n->ifaces, &ifindex, &p->number);
	}
}

static void native_put_host(struct native *n, const struct tables *t)
{
	static const guint8 uplink[6] = {0x02, 0xe5, 0xff, 0, 0, 1}, nexthop[6] = {0x02, 0xe5, 0xff, 0, 0, 2};
	static const guint8 none[6];
	struct esc_host h = t->self;
	guint32 zero = 0;

	h.uplink_ifindex = NATIVE_UPLINK;
	h.overlay_ifindex = NATIVE_OVERLAY;
	h.prober_ifindex = NATIVE_PROBER;
	if (!memcmp(h.uplink_mac, none, 6))
		memcpy(h.uplink_mac, uplink, 6);
	if (!memcmp(h.nexthop_mac, none, 6))
		memcpy(h.nexthop_mac, nexthop, 6);
	table_put(&n->host, &zero, &h);
	/* never shrinks: flows remember their slots */
	if (n->rings.entries < ESC_MAX_PORTS * h.ring_size) {
		table_clear(&n->rings);
		table_init_array(&n->rings, ESC_MAX_PORTS * h.ring_size, sizeof(struct esc_flow_key));
	}
}

static void native_init_static(struct native *n)
{
	table_init_hash(&n->macs, G_MAXUINT32, sizeof(struct esc_mac_key), sizeof(guint32));
	table_init_hash(&n->addrs, G_MAXUINT32, sizeof(struct esc_addr_key), sizeof(struct esc_addr));
	table_init_prefixes(&n->routes, G_MAXUINT32, sizeof(struct esc_route_key), sizeof(struct esc_route));
	table_init_hash(&n->peers, G_MAXUINT32, sizeof(guint32), sizeof(guint32));
	table_init_hash(&n->endpoints, G_MAXUINT32, sizeof(struct esc_endpoint_key), sizeof(struct esc_endpoint));
	table_init_hash(&n->dnat, G_MAXUINT32, sizeof(struct esc_dnat_key), sizeof(struct esc_dnat));
	table_init_hash(&n->forwarders, G_MAXUINT32, sizeof(struct esc_mac_key), sizeof(struct esc_forwarder));
	table_init_hash(&n->snat, G_MAXUINT32, sizeof(struct esc_snat_key), sizeof(struct esc_snat));
	native6_init_static(n);
}

static void native_clear_static(struct native *n)
{
	struct table *all[] = {&n->macs,      &n->addrs, &n->routes, &n->peers,
	                       &n->endpoints, &n->dnat,  &n->snat,   &n->forwarders};

	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		table_clear(all[i]);
	native6_clear_static(n);
}

static void native_load(struct native *n, const struct tables *t)
{
	g_autoptr(GArray) starts = native_put_blobs(n, t);

	native_put_host(n, t);
	native_put_static(n, t);
	native_put_endpoints(n, t, starts);
	native_put_ports(n, t, starts);
	native6_load(n, t, starts);
}

struct native *native_new(const struct tables *t)
{
	struct native *n = g_new0(struct native, 1);

	table_init_array(&n->host, 1, sizeof(struct esc_host));
	table_init_array(&n->ifaces, ESC_IFINDEX_MAX, sizeof(guint32));
	table_init_array(&n->ports, ESC_MAX_PORTS, sizeof(struct esc_port));
	table_init_array(&n->port_word, ESC_MAX_PORTS, sizeof(struct esc_port_word));
	table_init_array(&n->port_past, ESC_MAX_PORTS, sizeof(struct esc_port_past));
	table_init_hash(&n->flows, NATIVE_FLOWS, sizeof(struct esc_flow_key), sizeof(struct esc_flow));
	table_init_array(&n->hands, ESC_MAX_PORTS, sizeof(struct esc_hand));
	table_init_array(&n->drops, ESC_MAX_PORTS * ESC_V_COUNT, sizeof(struct esc_count));
	table_init_array(&n->rules, NATIVE_RULES, sizeof(struct esc_count));
	table_init_array(&n->budgets, ESC_MAX_PORTS, sizeof(struct esc_budget));
	table_init_array(&n->limits, ESC_MAX_PORTS, sizeof(struct esc_limits));
	table_init_array(&n->fragments, ESC_MAX_PORTS * ESC_FRAGMENT_SETS, sizeof(struct esc_fragments));
	table_init_array(&n->vip_fragments, ESC_FRAGMENT_REGIONS * ESC_FRAGMENT_SETS, sizeof(struct esc_fragments));
	table_init_array(&n->scratch, 1, sizeof(struct esc_scratch));
	table_init_array(&n->effects, 1, sizeof(struct esc_effect));
	native6_init(n);
	native_init_static(n);
	native_load(n, t);
	return n;
}

void native_update(struct native *n, const struct tables *t)
{
	native_clear_static(n);
	native_init_static(n);
	native_load(n, t);
}

void native_free(struct native *n)
{
	struct table *all[] = {&n->host,   &n->ifaces,  &n->ports,   &n->port_word, &n->port_past,    &n->blobs,
	                       &n->flows,  &n->rings,   &n->hands,   &n->drops,     &n->rules,        &n->budgets,
	                       &n->limits, &n->scratch, &n->effects, &n->fragments, &n->vip_fragments};

	native_clear_static(n);
	native6_clear(n);
	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		table_clear(all[i]);
	g_array_unref(n->known_addrs);
	g_array_unref(n->known_addrs6);
	g_free(n);
}

static struct esc_effect native_effect(struct native *n, const struct esc_packet *p)
{
	struct esc_effect *e = (struct esc_effect *)n->effects.array;

	native_self = NULL;
	n->end = (struct native_end){.key = p->key, .judged = p->judged};
	memcpy(n->end.rules, p->rule, sizeof(n->end.rules));
	return *e;
}

/* Fragments go on in a program of their own: the other tail call. */
static void native_leave(struct native_ctx *ctx, struct esc_packet *p, int verdict)
{
	leave(ctx, p, verdict == ESC_ASIDE_FRAGMENT ? journey_fragment(ctx, p) : verdict);
}

/* `p` tells what went by the short way, as it arrived; it is all zero when nothing did. */
static gboolean native_express(struct native_ctx *ctx, guint32 port, struct esc_packet *p)
{
	arrive(ctx, p);
	p->key.dir = ESC_FLOW_FROM;
	p->key.port = (guint16)port;
	if (express(ctx) != ESC_EXPRESS_NOT)
		return TRUE;
	memset(p, 0, sizeof(*p));
	return FALSE;
}

struct esc_effect native_from_port(struct native *n, guint32 port, struct native_packet *packet)
{
	struct native_ctx ctx = {.packet = packet, .ifindex = NATIVE_PORT(port)};
	struct esc_packet p = {0};
	int verdict;

	native_self = n;
	if (!n->long_way && native_express(&ctx, port, &p))
		return native_effect(n, &p);
	verdict = journey_from_port(&ctx, &p);
	if (verdict == ESC_V_IPV6)
		native6_from_port(packet, ctx.ifindex); /* the tail call */
	else
		native_leave(&ctx, &p, verdict);
	return native_effect(n, &p);
}

struct esc_effect native_from_overlay(struct native *n, struct native_packet *packet)
{
	struct native_ctx ctx = {.packet = packet, .ifindex = NATIVE_OVERLAY};
	struct esc_packet p = {0};
	int verdict;

	native_self = n;
	verdict = journey_from_overlay(&ctx, &p);
	if (verdict == ESC_V_IPV6)
		native6_from_overlay(packet, ctx.ifindex); /* the tail call */
	else
		native_leave(&ctx, &p, verdict);
	return native_effect(n, &p);
}

struct esc_effect native_from_prober(struct native *n, struct native_packet *packet)
{
	struct native_ctx ctx = {.packet = packet, .ifindex = NATIVE_PROBER};
	struct esc_packet p = {0};

	native_self = n;
	leave(&ctx, &p, journey_from_prober(&ctx, &p));
	return native_effect(n, &p);
}

struct esc_effect native_edge(struct native *n, struct native_packet *packet)
{
	struct native_ctx ctx = {.packet = packet, .ifindex = NATIVE_UPLINK};
	struct esc_packet p = {0};
	int verdict;

	native_self = n;
	verdict = journey_edge(&ctx, &p);
	if (verdict == ESC_V_IPV6)
		native6_edge(packet, ctx.ifindex); /* the tail call */
	else
		native_leave(&ctx, &p, verdict);
	packet->marked = FALSE;
	return native_effect(n, &p);
}

struct esc_effect native_edge_xdp(struct native *n, struct native_packet *packet)
{
	struct esc_packet p = {.bytes = packet->length, .segs = 1};
	struct esc_backend to = {0};
	int verdict;

	native_self = n;
	p.now = ctx_now();
	verdict = journey_edge_xdp(packet->data, packet->data + packet->length, &p, &to);
	if (verdict == ESC_V_IPV6)
		verdict = native6_edge_xdp(packet, &to);
	else
		count(&p, verdict);
	packet->marked = verdict == ESC_V_FORWARD;
	if (packet->marked)
		packet->mark = (struct esc_mark){.magic = ESC_MARK_MAGIC, .to = to};
	return native_effect(n, &p);
}

void native_watch(struct native *n, GArray *steps)
{
	n->steps = steps;
}

struct native_end native_end(const struct native *n)
{
	return n->end;
}

gboolean native_policy(struct native *n, const struct esc_flow_key *tuple, guint direction, gboolean *allow,
                       guint32 rules[2])
{
	struct esc_query *q = &((struct esc_scratch *)(void *)n->scratch.array)->plan.query;

	native_self = n;
	*q = (struct esc_query){.slot = (esc_u32)port_read(tuple->port),
	                        .dir = direction,
	                        .saddr = tuple->saddr,
	                        .daddr = tuple->daddr,
	                        .sport = tuple->sport,
	                        .dport = tuple->dport,
	                        .proto = tuple->proto};
	if (policy_ask(q))
		return FALSE;
	*allow = q->allow != 0;
	memcpy(rules, q->rule, sizeof(q->rule));
	return TRUE;
}

void native_advance(struct native *n, guint64 milliseconds)
{
	n->now += milliseconds;
}

guint64 native_drops(const struct native *n, guint32 port, enum esc_verdict v)
{
	guint32 index = port * ESC_V_COUNT + v;
	const struct esc_count *c = table_lookup(&n->drops, &index);

	return c ? c->packets : 0;
}

guint64 native_rule_hits(const struct native *n, guint32 rule)
{
	const struct esc_count *c = table_lookup(&n->rules, &rule);

	return c ? c->packets : 0;
}

guint64 native_events(const struct native *n, struct esc_event *last)
{
	*last = n->last_event;
	return n->events;
}

enum native_life native_life(const struct esc_flow_key *key, const struct esc_flow *flow, guint32 idle_ms,
                             const struct esc_flow *partner, guint32 partner_idle_ms)
{
	struct esc_flow e = *flow, p = partner ? *partner : (struct esc_flow){0};

	e.seen = -idle_ms;
	p.seen = -partner_idle_ms;
	return (enum native_life)pair_state(key, &e, partner ? &p : NULL, 0);
}

int native_import(struct native *n, const struct esc_moved *m)
{
	native_self = n;
	return import(m, ctx_now());
}

void native_partner(const struct esc_flow_key *key, const struct esc_flow *flow, struct esc_flow_key *partner)
{
	*partner = (struct esc_flow_key){0};
	entry_partner(key, flow, partner);
}

void native_long_way(struct native *n, gboolean always)
{
	n->long_way = always;
}

guint native_flow_count(const struct native *n)
{
	return g_hash_table_size(n->flows.hash) + g_hash_table_size(n->flows6.hash);
}

gboolean native_flow(const struct native *n, const struct esc_flow_key *key, struct esc_flow *flow)
{
	const struct esc_flow *f = table_lookup(&n->flows, key);

	if (f)
		*flow = *f;
	return f != NULL;
}

guint32 native_port_behind(guint32 ifindex)
{
	return ifindex - NATIVE_PORT(0);
}

const struct esc_host *native_host(const struct native *n)
{
	return (const struct esc_host *)n->host.array;
}

#define NATIVE_TABLE(name)                                                                                             \
	{                                                                                                              \
#name, G_STRUCT_OFFSET(struct native, name)                                                            \
	}
static const struct {
	const char *name;
	gsize offset;
} native_tables[] = {
        NATIVE_TABLE(host),          NATIVE_TABLE(ifaces),      NATIVE_TABLE(ports),          NATIVE_TABLE(port_word),
        NATIVE_TABLE(blobs),         NATIVE_TABLE(macs),        NATIVE_TABLE(addrs),          NATIVE_TABLE(routes),
        NATIVE_TABLE(peers),         NATIVE_TABLE(endpoints),   NATIVE_TABLE(dnat),           NATIVE_TABLE(snat),
        NATIVE_TABLE(flows),         NATIVE_TABLE(rings),       NATIVE_TABLE(hands),          NATIVE_TABLE(drops),
        NATIVE_TABLE(rules),         NATIVE_TABLE(budgets),     NATIVE_TABLE(port_past),      NATIVE_TABLE(ports6),
        NATIVE_TABLE(addrs6),        NATIVE_TABLE(routes6),     NATIVE_TABLE(endpoints6),     NATIVE_TABLE(dnat6),
        NATIVE_TABLE(snat6),         NATIVE_TABLE(flows6),      NATIVE_TABLE(rings6),         NATIVE_TABLE(hands6),
        NATIVE_TABLE(forwarders),    NATIVE_TABLE(forwarders6), NATIVE_TABLE(limits),         NATIVE_TABLE(fragments),
        NATIVE_TABLE(vip_fragments), NATIVE_TABLE(fragments6),  NATIVE_TABLE(vip_fragments6),
};

struct table *native_table(struct native *n, const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(native_tables); i++) {
		if (!strcmp(native_tables[i].name, name))
			return G_STRUCT_MEMBER_P(n, native_tables[i].offset);
	}
	return NULL;
}

const char *native_name(const struct native *n, const struct table *t)
{
	for (guint i = 0; i < G_N_ELEMENTS(native_tables); i++) {
		if ((const struct table *)G_STRUCT_MEMBER_P(n, native_tables[i].offset) == t)
			return native_tables[i].name;
	}
	return NULL;
}
