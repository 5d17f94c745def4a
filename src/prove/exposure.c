/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/exposure.h"

#include "prove/spans.h"
#include "prove/starts.h"

#include <string.h>

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))
#define SOME_SOURCE_PORT    40000

struct survey {
	const struct graph *g;
	const struct alloc *a;
	const struct alloc_settings *s;
	GPtrArray *list;
	struct ip6 address; /* that is asked about */
	guint64 left;       /* questions that may still be asked about this address */
	gboolean exceeded;  /* there would have been more */
};

static void add_ports(GArray *starts, const GArray *ranges)
{
	for (guint i = 0; i < ranges->len; i++) {
		struct port_range r = g_array_index(ranges, struct port_range, i);

		starts_add(starts, r.first, r.last, 65535);
	}
}

static void add_members(struct spans *spans, const GPtrArray *groups, const struct alloc *a)
{
	for (guint i = 0; i < groups->len; i++) {
		const struct app_group *group = NTH(groups, struct app_group, i);
		const GPtrArray *configs = spans->v6 ? group->configs6 : group->configs;

		for (guint k = 0; k < configs->len; k++) {
			struct ip6 addr = address_private(a, NTH(configs, struct ip_config, k));

			spans_add(spans, addr, addr);
		}
	}
}

struct question {
	const struct public_address *address;
	const struct ip_config *to;
	guint8 protocol;
	guint16 port;                        /* public */
	guint16 private_port;                /* what the rules see */
	const struct access_control *access; /* of the endpoint; may be NULL */
};

/* For one question: where sources may fare differently, and source ports worth trying. Only rules that could match
 * count. */
struct intervals {
	struct spans sources;
	GArray *source_ports; /* guint32 */
};

static gboolean concerns(const struct rule *r, const struct question *q)
{
	if (r->protocol != PROTO_ANY && (guint)r->protocol != q->protocol)
		return FALSE;
	for (guint i = 0; i < r->destination.ports->len; i++) {
		struct port_range range = g_array_index(r->destination.ports, struct port_range, i);

		if (q->protocol == PROTO_ICMP || (q->private_port >= range.first && q->private_port <= range.last))
			return TRUE;
	}
	return FALSE;
}

static void look_at_group(struct intervals *v, const struct security_group *group, const struct question *q,
                          const struct alloc *a)
{
	for (guint i = 0; group && i < group->rules[DIR_IN]->len; i++) {
		const struct rule *r = NTH(group->rules[DIR_IN], struct rule, i);

		if (!concerns(r, q))
			continue;
		spans_add_prefixes(&v->sources, r->source.prefixes, r->source.prefixes6);
		add_members(&v->sources, r->source.groups, a);
		add_ports(v->source_ports, r->source.ports);
	}
}

static void look_at_access(struct intervals *v, const struct access_control *access)
{
	for (guint i = 0; access && i < access->rules->len; i++) {
		const struct access_rule *r = &g_array_index(access->rules, struct access_rule, i);

		if (r->v6 == v->sources.v6)
			spans_add_prefix(&v->sources, r->v6 ? r->prefix6 : prefix6_mapped(r->prefix));
	}
}

static void intervals_init(struct intervals *v, const struct question *q, const struct alloc *a)
{
	guint32 usual = SOME_SOURCE_PORT;

	spans_init(&v->sources, q->address->v6);
	v->source_ports = starts_new();
	g_array_append_val(v->source_ports, usual);
	spans_add_special(&v->sources, q->to->nic->network);
	spans_add_roads(&v->sources, q->to->subnet); /* where answers go, and what VirtualNetwork is */
	look_at_group(v, q->to->subnet->group, q, a);
	look_at_group(v, q->to->nic->group, q, a);
	look_at_access(v, q->access);
	spans_finish(&v->sources);
	starts_finish(v->source_ports);
}

static void intervals_clear(struct intervals *v)
{
	spans_clear(&v->sources);
	g_array_unref(v->source_ports);
}

/* Where ports may fare differently. */
static GArray *port_starts(const struct ip_config *to)
{
	const struct security_group *groups[] = {to->subnet->group, to->nic->group};
	GArray *starts = starts_new();

	for (gsize k = 0; k < G_N_ELEMENTS(groups); k++)
		for (guint i = 0; groups[k] && i < groups[k]->rules[DIR_IN]->len; i++)
			add_ports(starts, NTH(groups[k]->rules[DIR_IN], struct rule, i)->destination.ports);
	starts_finish(starts);
	return starts;
}

/* Open when it is open from any source port: a rule that asks for one can be met by whoever likes to. */
static enum esc_verdict ask(const struct survey *y, const struct question *q, const GArray *source_ports,
                            struct ip6 source)
{
	enum esc_verdict verdict = ESC_V_FORWARD;

	for (guint i = 0; i < source_ports->len; i++) {
		struct oracle_packet p = {
		        .source = source,
		        .destination = y->address,
		        .protocol = q->protocol,
		        .source_port = (guint16)g_array_index(source_ports, guint32, i),
		        .destination_port = q->port,
		};
		struct oracle_answer answer = oracle_enter(y->g, y->a, y->s, &p, q->address, q->to);

		verdict = answer.verdict;
		oracle_clear(&answer);
		if (verdict == ESC_V_FORWARD || verdict == ESC_V_BOGON_SOURCE)
			break;
	}
	return verdict;
}

static void exposure_free(gpointer data)
{
	struct exposure *e = data;

	g_array_unref(e->sources);
	g_free(e);
}

static struct exposure *exposure_new(const struct question *q)
{
	struct exposure *e = g_new0(struct exposure, 1);

	e->address = q->address;
	e->to = q->to;
	e->protocol = q->protocol;
	e->first = e->last = q->port;
	e->sources = g_array_new(FALSE, FALSE, sizeof(struct address_range));
	return e;
}

static struct exposure *ask_all(const struct survey *y, const struct question *q, const struct intervals *v)
{
	struct exposure *e = exposure_new(q);
	gboolean running = FALSE;

	e->anyone = TRUE;
	for (guint i = 0; i < v->sources.starts->len; i++) {
		struct address_range r = spans_range(&v->sources, i);
		enum esc_verdict verdict = ask(y, q, v->source_ports, r.first);

		if (verdict == ESC_V_BOGON_SOURCE)
			continue;
		if (verdict != ESC_V_FORWARD) {
			running = e->anyone = FALSE;
		} else if (running) {
			g_array_index(e->sources, struct address_range, e->sources->len - 1).last = r.last;
		} else {
			g_array_append_val(e->sources, r);
			running = TRUE;
		}
	}
	if (e->sources->len == 0)
		g_clear_pointer(&e, exposure_free);
	return e;
}

/* Who may come in by this port; NULL when nobody. Sources that cannot exist join whatever surrounds them. */
static struct exposure *sources_of(struct survey *y, const struct question *q)
{
	struct exposure *e = NULL;
	struct intervals v;
	guint64 cost;

	intervals_init(&v, q, y->a);
	cost = (guint64)v.sources.starts->len * v.source_ports->len;
	if (cost <= y->left) {
		y->left -= cost;
		e = ask_all(y, q, &v);
	} else {
		y->exceeded = TRUE;
	}
	intervals_clear(&v);
	return e;
}

static gboolean same_sources(const struct exposure *a, const struct exposure *b)
{
	return a->sources->len == b->sources->len &&
	       memcmp(a->sources->data, b->sources->data, a->sources->len * sizeof(struct address_range)) == 0;
}

static void survey_ports(struct survey *y, struct question q)
{
	g_autoptr(GArray) ports = port_starts(q.to);
	struct exposure *last = NULL;

	for (guint i = 0; i < ports->len; i++) {
		struct exposure *e;

		q.port = q.private_port = (guint16)g_array_index(ports, guint32, i);
		e = sources_of(y, &q);
		if (!e) {
			last = NULL;
			continue;
		}
		e->last = (guint16)starts_last(ports, i, 65535);
		if (last && same_sources(last, e)) {
			last->last = e->last;
			exposure_free(e);
			continue;
		}
		g_ptr_array_add(y->list, e);
		last = e;
	}
}

static void survey_instance(struct survey *y, const struct public_address *p)
{
	static const guint8 protocols[] = {PROTO_TCP, PROTO_UDP};
	struct question q = {p, p->config, PROTO_ICMP, 0, 0, NULL};
	struct exposure *icmp;

	if (!alloc_port(y->a, p->config->nic))
		return;
	icmp = sources_of(y, &q);
	if (icmp)
		g_ptr_array_add(y->list, icmp);
	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++) {
		q.protocol = protocols[i];
		survey_ports(y, q);
	}
}

/* One public port that leads to `q.to`. */
static void survey_endpoint(struct survey *y, struct question q, enum rule_protocol protocol)
{
	static const guint8 protocols[] = {PROTO_TCP, PROTO_UDP};

	if (!q.to || !alloc_port(y->a, q.to->nic))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct exposure *e = NULL;

		q.protocol = protocols[i];
		if (protocol == PROTO_ANY || (guint)protocol == protocols[i])
			e = sources_of(y, &q);
		if (!e)
			continue;
		e->private_port = q.private_port == q.port ? 0 : q.private_port;
		g_ptr_array_add(y->list, e);
	}
}

static void survey_frontend(struct survey *y, const struct public_address *p)
{
	const struct load_balancer *lb = p->frontend->lb;

	for (guint i = 0; i < lb->rules->len; i++) {
		const struct lb_rule *r = NTH(lb->rules, struct lb_rule, i);

		const GPtrArray *members = !r->pool ? NULL : p->v6 ? r->pool->members6 : r->pool->members;

		for (guint k = 0; r->frontend == p->frontend && !r->disabled && members && k < members->len; k++) {
			struct question q = {.address = p,
			                     .to = NTH(members, struct ip_config, k),
			                     .port = r->frontend_port,
			                     .private_port = r->floating ? r->frontend_port : r->backend_port,
			                     .access = r->access};

			survey_endpoint(y, q, r->protocol);
		}
	}
	for (guint i = 0; i < lb->nat_rules->len; i++) {
		const struct nat_rule *r = NTH(lb->nat_rules, struct nat_rule, i);

		struct question q = {.address = p,
		                     .to = p->v6 ? r->target6 : r->target,
		                     .port = r->frontend_port,
		                     .private_port = r->floating ? r->frontend_port : r->backend_port,
		                     .access = r->access};

		if (r->frontend == p->frontend && !r->disabled)
			survey_endpoint(y, q, r->protocol);
	}
}

static int compare_exposures(gconstpointer a, gconstpointer b)
{
	const struct exposure *x = *(struct exposure *const *)a, *y = *(struct exposure *const *)b;
	int by_address = g_strcmp0(x->address->noun.id, y->address->noun.id);

	if (by_address)
		return by_address;
	if (x->protocol != y->protocol)
		return x->protocol - y->protocol;
	if (x->first != y->first)
		return x->first - y->first;
	return x->to && y->to ? g_strcmp0(x->to->noun.id, y->to->noun.id) : 0;
}

static void add_too_many(struct survey *y, const struct public_address *p)
{
	struct question q = {.address = p};
	struct exposure *e = exposure_new(&q);

	e->too_many = TRUE;
	g_ptr_array_add(y->list, e);
}

GPtrArray *exposure_list(const struct graph *g, const struct alloc *a, const struct alloc_settings *s)
{
	struct survey y = {g, a, s, g_ptr_array_new_with_free_func(exposure_free), {{0}}, 0, FALSE};

	for (guint i = 0; i < g->public_addresses->len; i++) {
		const struct public_address *p = NTH(g->public_addresses, struct public_address, i);

		y.address = address_public(a, p);
		if (!address_is_set(y.address))
			continue;
		y.left = EXPOSURE_MAX_QUESTIONS;
		y.exceeded = FALSE;
		if (p->config)
			survey_instance(&y, p);
		else if (p->frontend)
			survey_frontend(&y, p);
		if (y.exceeded)
			add_too_many(&y, p);
	}
	g_ptr_array_sort(y.list, compare_exposures);
	return y.list;
}
