/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flows.h"

#include "agent/flow_walk.h"
#include "agent/internal.h"
#include "agent/rulebook.h"
#include "explain/native.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <string.h>
#include <time.h>

#define COARSE_SHIFT 20 /* bpf/ctx/skb.h */
#define NS_A_SECOND  1000000000u

static const char *const DELIVERY[] = {"none", "peer", "tap", "overlay", "uplink", "self"};
static const char *const DIRECTION[] = {"from", "to", "public"};

struct match {
	const char *instance;
	gint64 protocol, source_port, destination_port, any_port; /* -1: whatever */
	gboolean has_source, has_destination;
	guint32 source, destination; /* host order */
};

/* FALSE: an address that is none matches nothing. */
static gboolean read_address(const struct node *n, const char *name, gboolean *has, guint32 *address)
{
	const char *text = node_get_str(n, name, NULL);

	*has = text != NULL;
	return !text || ip_parse(text, address);
}

static gboolean read_match(const struct node *n, struct match *m)
{
	*m = (struct match){.instance = node_get_str(n, "instance", NULL),
	                    .protocol = node_integer(node_get(n, "protocol"), -1),
	                    .source_port = node_integer(node_get(n, "sourcePort"), -1),
	                    .destination_port = node_integer(node_get(n, "destinationPort"), -1),
	                    .any_port = node_integer(node_get(n, "anyPort"), -1)};
	return read_address(n, "source", &m->has_source, &m->source) &&
	       read_address(n, "destination", &m->has_destination, &m->destination);
}

static gboolean fits(gint64 wanted, gint64 value)
{
	return wanted < 0 || wanted == value;
}

static gboolean matches(const struct agent *a, const struct match *m, const struct esc_flow_key *k)
{
	const struct table_port *p = m->instance ? ports_find(a->tables, k->port) : NULL;
	gint64 source = ntohs(k->sport), destination = ntohs(k->dport);

	if (m->instance && (!p || g_ascii_strcasecmp(p->label, m->instance)))
		return FALSE;
	if ((m->has_source && ntohl(k->saddr) != m->source) ||
	    (m->has_destination && ntohl(k->daddr) != m->destination))
		return FALSE;
	return fits(m->protocol, k->proto) && fits(m->source_port, source) && fits(m->destination_port, destination) &&
	       (fits(m->any_port, source) || fits(m->any_port, destination));
}

guint32 flows_now(const struct agent *a)
{
	guint32 hz = a->objects->hz;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (!hz)
		return (guint32)(((guint64)t.tv_sec * NS_A_SECOND + (guint64)t.tv_nsec) >> COARSE_SHIFT);
	/* jiffies begin five minutes before they wrap */
	return (guint32)((guint64)t.tv_sec * hz + (guint64)t.tv_nsec * hz / NS_A_SECOND) - 300u * hz;
}

guint32 flows_idle_ms(const struct agent *a, const struct esc_flow *f, guint32 now)
{
	gint32 ticks = (gint32)(now - f->seen); /* below 0: it was seen while we looked */
	guint32 hz = a->objects->hz;

	if (ticks <= 0)
		return 0;
	return (guint32)MIN(hz ? (guint64)ticks * 1000u / hz : (guint64)ticks * (1u << COARSE_SHIFT) / 1000000u,
	                    G_MAXINT32);
}

static const char *state_name(const struct esc_flow_key *k, const struct esc_flow *f, enum native_life life)
{
	if (life == NATIVE_DEAD)
		return "expired";
	if (k->proto != IPPROTO_TCP)
		return "open";
	if (life == NATIVE_CLOSED)
		return "closed";
	if (f->tcp & ESC_TCP_FIN)
		return "closing";
	return f->tcp & ESC_TCP_NEW ? "new" : "open";
}

static struct node *tuple_node(guint32 saddr, guint32 daddr, guint16 sport, guint16 dport)
{
	struct node *n = node_object();

	node_set(n, "source", node_take_string(ip_format(ntohl(saddr))));
	node_set(n, "sourcePort", node_int(ntohs(sport)));
	node_set(n, "destination", node_take_string(ip_format(ntohl(daddr))));
	node_set(n, "destinationPort", node_int(ntohs(dport)));
	return n;
}

static guint32 generation_now(const struct agent *a, guint port)
{
	guint64 v = __atomic_load_n(&a->objects->words[port], __ATOMIC_RELAXED);
	struct esc_port_word w;

	memcpy(&w, &v, sizeof(w));
	return w.generation;
}

static gboolean is_current(const struct agent *a, const struct esc_flow_key *k, const struct esc_flow *f)
{
	return k->port < ESC_MAX_PORTS && f->generation == generation_now(a, k->port) &&
	       (!f->peer || (f->peer < ESC_MAX_PORTS && f->peer_generation == generation_now(a, f->peer)));
}

/* The rules that admit it; of a reply those of its opener. */
static struct node *rules_node(struct agent *a, const struct esc_flow_key *k, const struct esc_flow *f,
                               const struct esc_flow_key *partner_key, const struct esc_flow *partner)
{
	gboolean reply = f->flags & ESC_FLOW_REPLY;
	const struct table_rule *rules[4] = {NULL};
	struct node *list = node_array();

	if (!reply)
		rulebook_ask(a, k, f, rules);
	else if (partner)
		rulebook_ask(a, partner_key, partner, rules);
	for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
		if (rules[i])
			node_append(list, node_string(rules[i]->name));
	return list;
}

static void set_state(struct agent *a, struct node *n, const struct esc_flow_key *k, const struct esc_flow *f)
{
	guint32 now = flows_now(a), idle = flows_idle_ms(a, f, now);
	struct esc_flow_key partner_key;
	struct esc_flow partner;
	gboolean whole;

	native_partner(k, f, &partner_key);
	whole = !bpf_map_lookup_elem(a->objects->flows, &partner_key, &partner);
	node_set(n, "state",
	         node_string(state_name(k, f,
	                                native_life(k, f, idle, whole ? &partner : NULL,
	                                            whole ? flows_idle_ms(a, &partner, now) : 0))));
	node_set(n, "idle", node_int(idle));
	node_set(n, "rules", rules_node(a, k, f, &partner_key, whole ? &partner : NULL));
	node_set(n, "backPackets", node_int(whole ? partner.packets : 0));
	node_set(n, "backBytes", node_int(whole ? (gint64)partner.bytes : 0));
}

static struct node *flow_node(struct agent *a, const struct esc_flow_key *k, const struct esc_flow *f)
{
	const struct table_port *p = ports_find(a->tables, k->port);
	struct node *n = tuple_node(k->saddr, k->daddr, k->sport, k->dport);
	guint delivery = f->flags & ESC_FLOW_DELIVERY;

	node_set(n, "port", node_string(p ? p->label : ""));
	node_set(n, "number", node_int(k->port));
	node_set(n, "protocol", node_int(k->proto));
	node_set(n, "direction", node_string(k->dir < G_N_ELEMENTS(DIRECTION) ? DIRECTION[k->dir] : "unknown"));
	node_set(n, "delivery", node_string(delivery < G_N_ELEMENTS(DELIVERY) ? DELIVERY[delivery] : "unknown"));
	node_set(n, "reply", node_bool(f->flags & ESC_FLOW_REPLY));
	if (f->flags & ESC_FLOW_NAT)
		node_set(n, "translated", tuple_node(f->saddr, f->daddr, f->sport, f->dport));
	node_set(n, "generation", node_int(f->generation));
	node_set(n, "current", node_bool(is_current(a, k, f)));
	node_set(n, "packets", node_int(f->packets));
	node_set(n, "bytes", node_int((gint64)f->bytes));
	set_state(a, n, k, f);
	return n;
}

static void take_batch(struct agent *a, const struct match *m, const struct flow_walk *w, struct node *list,
                       gboolean *more)
{
	for (guint i = 0; i < w->count; i++) {
		if (!matches(a, m, &w->keys[i]))
			continue;
		*more = node_length(list) >= FLOWS_TOLD;
		if (*more)
			return;
		node_append(list, flow_node(a, &w->keys[i], &w->values[i]));
	}
}

struct node *flows_tell(struct agent *a, const struct node *wanted)
{
	struct node *n = node_object(), *list = node_array();
	gboolean more = FALSE;
	struct flow_walk w;
	struct match m;

	flow_walk_init(&w);
	if (read_match(wanted, &m))
		while (!more && flow_walk_next(&w, a->objects->flows))
			take_batch(a, &m, &w, list, &more);
	flow_walk_clear(&w);
	node_set(n, "ok", node_bool(TRUE));
	node_set(n, "flows", list);
	node_set(n, "more", node_bool(more)); /* there are others that are not told */
	return n;
}
