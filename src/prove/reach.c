/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/reach.h"

#include "prove/lists.h"
#include "prove/ports.h"
#include "prove/roads.h"
#include "prove/spans.h"
#include "prove/tiers.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))
#define MAX_HOPS            64
#define MAX_WORK            30000000u /* rules, prefixes and members looked at: a fraction of a second */

static const guint8 protocols[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP};

struct survey {
	const struct graph *g;
	const struct alloc *a;
	const struct alloc_settings *s;
	struct reach *r;
	guint64 work;        /* what may still be spent */
	GHashTable *weights; /* struct security_group -> what one look through its lists costs */
};

gboolean passage_same_addresses(const struct passage *a, const struct passage *b)
{
	if (!a->addresses || !b->addresses)
		return a->addresses == b->addresses;
	return a->addresses->len == b->addresses->len &&
	       memcmp(a->addresses->data, b->addresses->data, a->addresses->len * sizeof(struct address_range)) == 0;
}

static void passage_free(gpointer data)
{
	struct passage *p = data;

	g_array_unref(p->ports);
	g_clear_pointer(&p->addresses, g_array_unref);
	g_free(p);
}

void reach_free(struct reach *r)
{
	if (!r)
		return;
	g_ptr_array_unref(r->passages);
	g_ptr_array_unref(r->tiers);
	g_free(r);
}

static guint side_weight(const struct rule_side *side)
{
	guint weight = side->prefixes->len + side->tags->len + side->ports->len;

	for (guint i = 0; i < side->groups->len; i++)
		weight += NTH(side->groups, struct app_group, i)->configs->len;
	return weight;
}

static guint weight_of(struct survey *y, const struct security_group *group)
{
	guint weight = GPOINTER_TO_UINT(g_hash_table_lookup(y->weights, group));

	if (weight)
		return weight;
	weight = 1;
	for (int d = 0; d < 2; d++)
		for (guint i = 0; i < group->rules[d]->len; i++) {
			const struct rule *r = NTH(group->rules[d], struct rule, i);

			weight += side_weight(&r->source) + side_weight(&r->destination);
		}
	g_hash_table_insert(y->weights, (gpointer)group, GUINT_TO_POINTER(weight));
	return weight;
}

/* FALSE when there is nothing left to pay with. */
static gboolean pay(struct survey *y, guint64 cost)
{
	if (y->work < cost) {
		y->work = 0;
		y->r->truncated = TRUE;
		return FALSE;
	}
	y->work -= cost;
	return TRUE;
}

/* The ports that the rules, in order, leave open to a packet from this source port. */
static GArray *decide(const GPtrArray *rules, guint16 source_port, guint8 protocol)
{
	GArray *open = ports_empty(), *left = ports_all();

	for (guint i = 0; i < rules->len && left->len > 0; i++) {
		const struct rule *r = NTH(rules, struct rule, i);
		g_autoptr(GArray) ports = protocol == PROTO_ICMP ? ports_all() : ports_of(r->destination.ports);
		g_autoptr(GArray) hit = NULL;
		GArray *next;

		if (protocol != PROTO_ICMP && !list_source_port(r, source_port))
			continue;
		hit = ports_intersect(left, ports);
		if (r->allow) {
			next = ports_unite(open, hit);
			g_array_unref(open);
			open = next;
		}
		next = ports_subtract(left, hit);
		g_array_unref(left);
		left = next;
	}
	g_array_unref(left);
	return open;
}

struct list {
	const struct security_group *group;
	enum direction direction;
	const struct subnet *subnet;
};

static gint compare_ports(gconstpointer a, gconstpointer b)
{
	return (gint) * (const guint16 *)a - (gint) * (const guint16 *)b;
}

/* One source port of every interval that these rules tell apart. */
static GArray *source_ports(GPtrArray *const candidates[], guint count)
{
	GArray *list = g_array_new(FALSE, TRUE, sizeof(guint16));
	guint n = 0;

	g_array_set_size(list, 1); /* port 0 begins the first */
	for (guint k = 0; k < count; k++)
		for (guint i = 0; i < candidates[k]->len; i++) {
			const GArray *ranges = NTH(candidates[k], struct rule, i)->source.ports;

			for (guint j = 0; j < ranges->len; j++) {
				struct port_range r = g_array_index(ranges, struct port_range, j);
				guint16 after = (guint16)(r.last + 1); /* 0 again after the last */

				g_array_append_val(list, r.first);
				g_array_append_val(list, after);
			}
		}
	g_array_sort(list, compare_ports);
	for (guint i = 0; i < list->len; i++)
		if (n == 0 || g_array_index(list, guint16, n - 1) != g_array_index(list, guint16, i))
			g_array_index(list, guint16, n++) = g_array_index(list, guint16, i);
	g_array_set_size(list, n);
	return list;
}

/* The ports that all lists leave open, from some source port or other. */
static GArray *open_through(struct survey *y, GPtrArray *const candidates[], guint count, guint8 protocol)
{
	g_autoptr(GArray) sources = source_ports(candidates, count);
	GArray *open = ports_empty();
	guint64 rules = 1;

	for (guint k = 0; k < count; k++)
		rules += candidates[k]->len;
	for (guint i = 0; i < (protocol == PROTO_ICMP ? 1 : sources->len); i++) {
		GArray *all = ports_all(), *next;

		if (!pay(y, rules)) {
			g_array_unref(all);
			break;
		}
		for (guint k = 0; k < count && all->len > 0; k++) {
			g_autoptr(GArray) list = decide(candidates[k], g_array_index(sources, guint16, i), protocol);

			next = ports_intersect(all, list);
			g_array_unref(all);
			all = next;
		}
		next = ports_unite(open, all);
		g_array_unref(open);
		g_array_unref(all);
		open = next;
	}
	return open;
}

/* The ports open from one address to another through these lists; those without a group let everything through. */
static GArray *open_ports(struct survey *y, const struct list *lists, guint count, const struct tuple *t)
{
	g_autofree GPtrArray **candidates = g_new0(GPtrArray *, count);
	guint used = 0;
	GArray *open = NULL;

	for (guint k = 0; k < count; k++) {
		struct list_view view = {lists[k].subnet, y->a, y->s};

		if (!lists[k].group)
			continue;
		if (!pay(y, weight_of(y, lists[k].group)))
			break;
		candidates[used++] = list_candidates(lists[k].group, lists[k].direction, &view, t);
	}
	open = y->work ? open_through(y, candidates, used, t->protocol) : ports_empty();
	for (guint k = 0; k < used; k++)
		g_ptr_array_unref(candidates[k]);
	return open;
}

/* Takes `ports` and `addresses`. */
static void add_passage(struct survey *y, const struct tier *from, const struct tier *to, guint8 protocol,
                        GArray *ports, GArray *addresses)
{
	struct passage *p;

	if (ports->len == 0) {
		g_array_unref(ports);
		g_clear_pointer(&addresses, g_array_unref);
		return;
	}
	p = g_new0(struct passage, 1);
	p->from = from;
	p->to = to;
	p->protocol = protocol;
	p->ports = ports;
	p->addresses = addresses;
	g_ptr_array_add(y->r->passages, p);
}

static void add_lists(GArray *lists, const struct nic *nic, enum direction direction)
{
	const struct subnet *subnet = NTH(nic->configs, struct ip_config, 0)->subnet; /* of IPv6 as well */
	struct list both[] = {{nic->group, direction, subnet}, {subnet->group, direction, subnet}};

	g_array_append_vals(lists, both, 2);
}

/* The lists that a packet meets on its way, at appliances too; FALSE when there is no way. */
static gboolean walk(struct survey *y, const struct ip_config *a, const struct ip_config *b, GArray *lists)
{
	struct oracle_packet p = {.from = a->nic,
	                          .source = address_private(y->a, a),
	                          .destination = address_private(y->a, b),
	                          .protocol = PROTO_UDP};

	for (guint hop = 0; hop < MAX_HOPS && pay(y, y->g->nics->len); hop++) {
		struct oracle_answer answer = oracle_route(y->g, y->a, y->s, &p);

		if (answer.verdict != ESC_V_FORWARD || !answer.to)
			return FALSE;
		add_lists(lists, p.from, DIR_OUT);
		add_lists(lists, answer.to, DIR_IN);
		if (!answer.passes_on)
			return answer.to == b->nic;
		p.from = answer.to;
	}
	return FALSE;
}

static void look_inside(struct survey *y, const struct tier *from, const struct tier *to)
{
	const struct ip_config *a = NTH(from->members, struct ip_config, 0);
	const struct ip_config *b = NTH(to->members, struct ip_config, from == to ? 1 : 0);
	g_autoptr(GArray) lists = g_array_new(FALSE, FALSE, sizeof(struct list));

	if (!walk(y, a, b, lists))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct tuple t = {address_private(y->a, a), address_private(y->a, b), 0, 0, protocols[i]};

		add_passage(y, from, to, protocols[i], open_ports(y, (struct list *)lists->data, lists->len, &t), NULL);
	}
}

/* Whether there may be a way at all: it need not be worth a walk. */
static gboolean are_near(const struct tier *from, const struct tier *to)
{
	if (from->v6 != to->v6)
		return FALSE;
	if (from->network == to->network || from->subnet->route_table)
		return TRUE;
	for (guint i = 0; i < from->network->peerings->len; i++) {
		const struct peering *p = NTH(from->network->peerings, struct peering, i);

		if (p->reverse && p->remote == to->network)
			return TRUE;
	}
	return FALSE;
}

/* --- to the Internet --- */

/* Where outside addresses may fare differently. */
static void outside_spans(struct spans *spans, const struct tier *t)
{
	const struct security_group *groups[] = {t->group, t->subnet->group};

	spans_init(spans, t->v6);
	spans_add_special(spans, t->network);
	spans_add_roads(spans, t->subnet);
	for (gsize k = 0; k < G_N_ELEMENTS(groups); k++)
		for (guint i = 0; groups[k] && i < groups[k]->rules[DIR_OUT]->len; i++) {
			const struct rule_side *to = &NTH(groups[k]->rules[DIR_OUT], struct rule, i)->destination;

			spans_add_prefixes(spans, to->prefixes, to->prefixes6);
		}
	spans_finish(spans);
}

static gboolean is_outside(const struct subnet *s, struct ip6 address)
{
	const struct peering *peering;

	return !oracle_is_bogon(address) && !road_home(s, address, &peering);
}

/* What is open to one interval: the set of ports, and where. */
struct outlook {
	GArray *ports;
	GArray *addresses; /* struct address_range */
};

static void outlook_free(gpointer data)
{
	struct outlook *o = data;

	g_array_unref(o->ports);
	g_array_unref(o->addresses);
	g_free(o);
}

/* Adds the interval to what is open alike. Takes `ports`. */
static void add_outlook(GPtrArray *list, GArray *ports, struct address_range r)
{
	struct outlook *o = NULL;

	for (guint i = 0; i < list->len && !o; i++)
		if (ports_equal(NTH(list, struct outlook, i)->ports, ports))
			o = list->pdata[i];
	if (!o) {
		o = g_new0(struct outlook, 1);
		o->ports = g_array_ref(ports);
		o->addresses = g_array_new(FALSE, FALSE, sizeof(struct address_range));
		g_ptr_array_add(list, o);
	}
	g_array_unref(ports);
	if (o->addresses->len > 0) {
		struct address_range *last = &g_array_index(o->addresses, struct address_range, o->addresses->len - 1);

		if (address_same(ip6_add(last->last, 1), r.first)) {
			last->last = r.last;
			return;
		}
	}
	g_array_append_val(o->addresses, r);
}

/*
 * Whether the tier's packets for an outside address leave, and have an address to leave by; what befalls them then is the
 * business of whoever has the address. What an appliance is sent does not leave: it may send on only what has a source of
 * its own, and whatever it makes of the rest is not in any document.
 */
static gboolean leaves(struct survey *y, const struct tier *t, struct ip6 address)
{
	const struct ip_config *c = NTH(t->members, struct ip_config, 0);
	struct oracle_packet p = {
	        .from = c->nic, .source = address_private(y->a, c), .destination = address, .protocol = PROTO_UDP};
	struct oracle_answer answer;
	enum esc_verdict verdict;

	if (!pay(y, y->g->nics->len) || road_of(t->subnet, address).kind != ROAD_INTERNET)
		return FALSE;
	answer = oracle_route(y->g, y->a, y->s, &p);
	verdict = answer.verdict;
	oracle_clear(&answer);
	return verdict != ESC_V_NO_PORT && verdict != ESC_V_NO_OUTBOUND && verdict != ESC_V_FABRIC;
}

/* *all: nothing outside fares differently from the rest. */
static GPtrArray *outlooks(struct survey *y, const struct tier *t, const struct spans *spans, guint8 protocol,
                           gboolean *all)
{
	struct list lists[] = {{t->group, DIR_OUT, t->subnet}, {t->subnet->group, DIR_OUT, t->subnet}};
	GPtrArray *list = g_ptr_array_new_with_free_func(outlook_free);
	gboolean known = FALSE, out = FALSE;

	*all = TRUE;
	for (guint i = 0; i < spans->starts->len && !y->r->truncated; i++) {
		struct address_range r = spans_range(spans, i);
		struct tuple tuple = {address_private(y->a, NTH(t->members, struct ip_config, 0)), r.first, 0, 0,
		                      protocol};

		if (!is_outside(t->subnet, r.first))
			continue;
		/* the system's routes make no difference outside */
		if (!known || t->subnet->route_table)
			out = leaves(y, t, r.first);
		known = TRUE;
		if (out)
			add_outlook(list, open_ports(y, lists, G_N_ELEMENTS(lists), &tuple), r);
		else
			*all = FALSE;
	}
	*all = *all && list->len == 1;
	return list;
}

static void look_outside(struct survey *y, const struct tier *t)
{
	struct spans spans;

	outside_spans(&spans, t);
	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++) {
		gboolean all;
		g_autoptr(GPtrArray) list = outlooks(y, t, &spans, protocols[i], &all);

		for (guint k = 0; k < list->len; k++) {
			const struct outlook *o = list->pdata[k];

			if (o->ports->len > 0)
				add_passage(y, t, NULL, protocols[i], g_array_ref(o->ports),
				            all ? NULL : g_array_ref(o->addresses));
		}
	}
	spans_clear(&spans);
}

struct reach *reach_make(const struct graph *g, const struct alloc *a, const struct alloc_settings *s)
{
	struct reach *r = g_new0(struct reach, 1);
	g_autoptr(GHashTable) weights = g_hash_table_new(NULL, NULL);
	struct survey y = {g, a, s, r, MAX_WORK, weights};

	r->passages = g_ptr_array_new_with_free_func(passage_free);
	r->tiers = tiers_make(g, a, &y.work);
	r->truncated = y.work == 0;
	for (guint i = 0; i < r->tiers->len && !r->truncated; i++) {
		const struct tier *from = r->tiers->pdata[i];

		for (guint k = 0; k < r->tiers->len && !r->truncated; k++) {
			const struct tier *to = r->tiers->pdata[k];

			if (are_near(from, to) && (from != to || from->members->len > 1))
				look_inside(&y, from, to);
		}
		look_outside(&y, from);
	}
	return r;
}
