/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/naming.h"
#include "model/sql.h"

#include <string.h>

#define NTH(list, type, i) ((type *)g_ptr_array_index(list, i))

/* Sixteen addresses and fewer are a list of machines; more are a network. */
#define LONG_PREFIX  28
#define LONG_PREFIX6 124
#define SHORT_RANGE  16u

struct search {
	gboolean v6;
	guint32 four;
	struct ip6 six;
	GPtrArray *found;
};

static void naming_free(gpointer p)
{
	struct naming *n = p;

	g_free(n->what);
	g_free(n);
}

/* Takes `what`. */
static void found(struct search *s, const struct noun *n, char *what)
{
	struct naming *naming = g_new(struct naming, 1);

	naming->noun = n;
	naming->what = what;
	g_ptr_array_add(s->found, naming);
}

static gboolean is_meant(const struct search *s, struct prefix p)
{
	return !s->v6 && p.length >= LONG_PREFIX && prefix_has(p, s->four);
}

static gboolean is_meant6(const struct search *s, struct prefix6 p)
{
	return s->v6 && p.length >= LONG_PREFIX6 && prefix6_has(p, s->six);
}

static gboolean side_names(const struct search *s, const struct rule_side *side)
{
	for (guint i = 0; i < side->prefixes->len; i++)
		if (is_meant(s, g_array_index(side->prefixes, struct prefix, i)))
			return TRUE;
	for (guint i = 0; i < side->prefixes6->len; i++)
		if (is_meant6(s, g_array_index(side->prefixes6, struct prefix6, i)))
			return TRUE;
	return FALSE;
}

static void look_at_group(struct search *s, const struct security_group *g)
{
	for (guint d = 0; d < 2; d++)
		for (guint i = 0; i < g->rules[d]->len; i++) {
			const struct rule *r = NTH(g->rules[d], struct rule, i);

			if (!r->is_default && (side_names(s, &r->source) || side_names(s, &r->destination)))
				found(s, &r->noun, g_strdup_printf("security rule '%s'", r->noun.name));
		}
}

static void look_at_access(struct search *s, const struct noun *n, const struct access_control *a)
{
	for (guint i = 0; a && i < a->rules->len; i++) {
		const struct access_rule *r = &g_array_index(a->rules, struct access_rule, i);

		if (r->v6 ? is_meant6(s, r->prefix6) : is_meant(s, r->prefix))
			found(s, n, g_strdup_printf("access rule %u of endpoint '%s'", r->order, n->name));
	}
}

static void look_at_balancer(struct search *s, const struct load_balancer *lb)
{
	for (guint i = 0; i < lb->rules->len; i++) {
		const struct lb_rule *r = NTH(lb->rules, struct lb_rule, i);

		look_at_access(s, &r->noun, r->access);
	}
	for (guint i = 0; i < lb->nat_rules->len; i++) {
		const struct nat_rule *r = NTH(lb->nat_rules, struct nat_rule, i);

		if (!r->made_by)
			look_at_access(s, &r->noun, r->access);
	}
	for (guint i = 0; i < lb->nat_pools->len; i++) {
		const struct nat_pool *p = NTH(lb->nat_pools, struct nat_pool, i);

		look_at_access(s, &p->noun, p->access);
	}
}

static void look_at_routes(struct search *s, const struct route_table *t)
{
	for (guint i = 0; i < t->routes->len; i++) {
		const struct route *r = NTH(t->routes, struct route, i);

		if (!r->tag && (r->v6 ? is_meant6(s, r->prefix6) : is_meant(s, r->prefix)))
			found(s, &r->noun, g_strdup_printf("route '%s'", r->noun.name));
	}
}

static gboolean range_names(const struct search *s, const struct sql_rule *r)
{
	if (r->type == SQL_RULE_RANGE)
		return !s->v6 && s->four >= r->first && s->four <= r->last && r->last - r->first < SHORT_RANGE;
	return r->type == SQL_RULE_RANGE6 && s->v6 && ip6_compare(s->six, r->first6) >= 0 &&
	       ip6_compare(s->six, r->last6) <= 0 && ip6_compare(r->last6, ip6_add(r->first6, SHORT_RANGE)) < 0;
}

static void look_at_server(struct search *s, const struct sql_server *server)
{
	for (guint i = 0; i < server->rules->len; i++) {
		const struct sql_rule *r = NTH(server->rules, struct sql_rule, i);

		if (range_names(s, r))
			found(s, &r->noun,
			      g_strdup_printf("rule '%s' of server '%s'", r->noun.name, server->noun.name));
	}
}

GPtrArray *naming_find(const struct graph *g, const char *address)
{
	struct search s = {.found = g_ptr_array_new_with_free_func(naming_free)};

	s.v6 = !ip_parse(address, &s.four);
	if (s.v6 && !ip6_parse(address, &s.six))
		return s.found;
	for (guint i = 0; i < g->security_groups->len; i++)
		look_at_group(&s, NTH(g->security_groups, struct security_group, i));
	for (guint i = 0; i < g->load_balancers->len; i++)
		look_at_balancer(&s, NTH(g->load_balancers, struct load_balancer, i));
	for (guint i = 0; i < g->route_tables->len; i++)
		look_at_routes(&s, NTH(g->route_tables, struct route_table, i));
	for (guint i = 0; i < g->sql_servers->len; i++)
		look_at_server(&s, NTH(g->sql_servers, struct sql_server, i));
	return s.found;
}

/* "2026-11-27 22:58:01 UTC". Caller frees. */
static char *time_text(gint64 at)
{
	g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(at);

	return t ? g_date_time_format(t, "%F %T UTC") : g_strdup("some time");
}

/* " (by ID)" where the id is of the noun's own subscription; no tenant is told another's names. Caller frees. */
static char *own_name(const struct noun *n, const char *before, const char *id, const char *after)
{
	g_autofree char *head = g_strdup_printf("/subscriptions/%s/", n->subscription);

	return g_ascii_strncasecmp(id, head, strlen(head)) == 0 ? g_strconcat(before, id, after, NULL) : NULL;
}

static char *warning(const struct naming *n, const struct alloc_past *past, const char *holder)
{
	g_autofree char *place = noun_place(n->noun), *at = time_text(past->at);
	g_autofree char *by = own_name(n->noun, " (by ", past->owner, ")");
	g_autofree char *own = holder ? own_name(n->noun, "belongs to ", holder, " now") : NULL;

	return g_strdup_printf(
	        "%s: %s names %s, which was released at %s%s and %s; remove it, or name the address that is "
	        "meant",
	        place, n->what, past->address, at, by ? by : "",
	        own      ? own
	        : holder ? "belongs to somebody else now"
	                 : "may belong to somebody else");
}

void naming_warn(const struct graph *g, const struct alloc_past *past, const char *holder, GPtrArray *lines)
{
	g_autoptr(GPtrArray) list = naming_find(g, past->address);

	for (guint i = 0; i < list->len; i++)
		g_ptr_array_add(lines, warning(NTH(list, struct naming, i), past, holder));
}
