/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model/gateway.h"
#include "model/sql.h"
#include "model/watcher.h"
#include "model/zone.h"

#include <string.h>

static char *full_type(const char *type)
{
	return strchr(type, '.') ? g_strdup(type) : g_strconcat("Microsoft.Network/", type, NULL);
}

/* "@a/b/c/d" is alternately type and name: type a/c, name b/d. "@ns.x/a/b" begins with a namespace. */
static char *make_id(const char *subscription, const char *group, const char *brief)
{
	const char *rest = brief + 1;
	const char *slash = strchr(rest, '/');
	gboolean named = slash && memchr(rest, '.', (gsize)(slash - rest));

	return g_strdup_printf("/subscriptions/%s/resourceGroups/%s/providers/%s%s", subscription, group,
	                       named ? "" : "Microsoft.Network/", rest);
}

char *fixture_id(const char *brief)
{
	return make_id("s", "g", brief);
}

/* A copy with every "@..." string made an id. */
static struct node *expand(const struct node *n, const char *subscription, const char *group)
{
	struct node *c;

	if (n->type == NODE_STRING && n->string[0] == '@')
		return node_at(node_take_string(make_id(subscription, group, n->string)), n);
	if (n->type == NODE_ARRAY) {
		c = node_array();
		for (guint i = 0; i < node_length(n); i++)
			node_append(c, expand(node_item(n, i), subscription, group));
		return node_at(c, n);
	}
	if (n->type == NODE_OBJECT) {
		c = node_object();
		for (guint i = 0; i < node_length(n); i++)
			node_set(c, node_name(n, i), expand(node_value(n, i), subscription, group));
		return node_at(c, n);
	}
	return node_copy(n);
}

GPtrArray *fixture_documents(const char *text)
{
	g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
	g_autoptr(GError) error = NULL;
	g_autoptr(node) list = node_parse(json, strlen(json), "t.json", &error);
	GPtrArray *documents = document_list_new();

	g_assert_no_error(error);
	for (guint i = 0; i < node_length(list); i++) {
		const struct node *n = node_item(list, i);
		const char *subscription = node_get_str(n, "subscription", "s");
		const char *group = node_get_str(n, "group", "g");
		g_autofree char *type = full_type(node_get_str(n, "type", ""));
		g_autofree char *path = g_strdup_printf("$.resources[%u]", i);
		g_autoptr(node) resource = expand(n, subscription, group);

		node_remove(resource, "subscription");
		node_remove(resource, "group");
		g_ptr_array_add(documents, document_new(subscription, group, type, node_get_str(n, "name", ""),
		                                        resource, "t.json", path));
	}
	return documents;
}

struct graph *fixture_graph(const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	struct graph *g = graph_build(fixture_documents(text), errors);

	for (guint i = 0; i < errors->len; i++)
		g_test_message("%s", (char *)errors->pdata[i]);
	g_assert_cmpuint(errors->len, ==, 0);
	g_assert_nonnull(g);
	return g;
}

char *fixture_errors(const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	struct graph *g = graph_build(fixture_documents(text), errors);
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < errors->len; i++)
		g_string_append_printf(all, "%s%s", i ? "\n" : "", (char *)errors->pdata[i]);
	g_assert_null(g);
	return g_string_free(all, FALSE);
}

static void test_fault(gconstpointer data)
{
	const struct fault *f = data;
	g_autofree char *text = g_strdup_printf("[%s]", f->documents);
	g_autofree char *errors = fixture_errors(text);

	g_assert_cmpstr(errors, ==, f->error);
}

gpointer fixture_noun(const struct graph *g, const char *brief)
{
	g_autofree char *id = fixture_id(brief);
	g_autofree char *lower = g_ascii_strdown(id, -1);
	gpointer noun = g_hash_table_lookup(g->by_id, lower);

	if (!noun)
		g_test_message("no %s in the graph", id);
	g_assert_nonnull(noun);
	return noun;
}

static void dump_prefixes(GString *out, const GArray *prefixes, const GArray *prefixes6)
{
	for (guint i = 0; i < prefixes->len; i++) {
		g_autofree char *p = prefix_format(g_array_index(prefixes, struct prefix, i));

		g_string_append_printf(out, " %s", p);
	}
	for (guint i = 0; i < prefixes6->len; i++) {
		g_autofree char *p = prefix6_format(g_array_index(prefixes6, struct prefix6, i));

		g_string_append_printf(out, " %s", p);
	}
}

static void dump_side(GString *out, const struct rule_side *s)
{
	dump_prefixes(out, s->prefixes, s->prefixes6);
	for (guint i = 0; i < s->tags->len; i++)
		g_string_append_printf(out, " %s=%u", (char *)s->tag_names->pdata[i],
		                       g_array_index(s->tags, enum tag, i));
	for (guint i = 0; i < s->groups->len; i++)
		g_string_append_printf(out, " asg:%s", ((struct app_group *)s->groups->pdata[i])->noun.name);
	for (guint i = 0; i < s->ports->len; i++) {
		struct port_range p = g_array_index(s->ports, struct port_range, i);

		g_string_append_printf(out, " :%u-%u", p.first, p.last);
	}
}

static const char *id_of(gconstpointer noun)
{
	return noun ? ((const struct noun *)noun)->id : "-";
}

static void dump_nouns(GString *out, const char *word, GPtrArray *list)
{
	g_string_append_printf(out, "\n  %s", word);
	for (guint i = 0; i < list->len; i++)
		g_string_append_printf(out, " %s", id_of(list->pdata[i]));
}

static void dump_groups(GString *out, const struct graph *g)
{
	for (guint i = 0; i < g->security_groups->len; i++) {
		const struct security_group *s = g->security_groups->pdata[i];

		g_string_append_printf(out, "\n%s", s->noun.id);
		for (guint d = 0; d < 2; d++)
			for (guint k = 0; k < s->rules[d]->len; k++) {
				const struct rule *r = s->rules[d]->pdata[k];

				g_string_append_printf(out, "\n  %u %u %s %u %s", d, r->priority, r->full_name,
				                       r->protocol, r->allow ? "allow" : "deny");
				dump_side(out, &r->source);
				g_string_append(out, " ->");
				dump_side(out, &r->destination);
			}
	}
	for (guint i = 0; i < g->app_groups->len; i++) {
		const struct app_group *a = g->app_groups->pdata[i];

		dump_nouns(out, id_of(a), a->configs);
		dump_nouns(out, id_of(a), a->configs6);
	}
}

static void dump_peerings(GString *out, const struct network *n)
{
	for (guint i = 0; i < n->peerings->len; i++) {
		const struct peering *p = n->peerings->pdata[i];

		g_string_append_printf(out, "\n  %s %s %s %s %d%d%d%d%d%d", p->noun.id, p->remote_id, id_of(p->remote),
		                       id_of(p->reverse), p->access, p->forwarded, p->gateway_transit,
		                       p->use_remote_gateways, p->whole, p->only6);
	}
}

static void dump_networks(GString *out, const struct graph *g)
{
	for (guint i = 0; i < g->networks->len; i++) {
		const struct network *n = g->networks->pdata[i];

		g_string_append_printf(out, "\n%s", n->noun.id);
		dump_prefixes(out, n->prefixes, n->prefixes6);
		dump_nouns(out, "ports", n->ports);
		dump_peerings(out, n);
		for (guint k = 0; k < n->subnets->len; k++) {
			const struct subnet *s = n->subnets->pdata[k];

			g_string_append_printf(out, "\n  %s %s %s %s", s->noun.id, id_of(s->group),
			                       id_of(s->route_table), id_of(s->nat_gateway));
			dump_prefixes(out, s->prefixes, s->prefixes6);
			dump_nouns(out, "configs", s->configs);
			dump_nouns(out, "configs6", s->configs6);
		}
	}
}

static void dump_routes(GString *out, const struct graph *g)
{
	for (guint i = 0; i < g->route_tables->len; i++) {
		const struct route_table *t = g->route_tables->pdata[i];

		g_string_append_printf(out, "\n%s %d", t->noun.id, t->no_gateway_routes);
		dump_nouns(out, "subnets", t->subnets);
		for (guint k = 0; k < t->routes->len; k++) {
			const struct route *r = t->routes->pdata[k];
			g_autofree char *to = r->v6 ? prefix6_format(r->prefix6) : prefix_format(r->prefix);

			g_string_append_printf(out, "\n  %s %s %s %u %u %u", r->noun.id, r->tag ? r->tag : "", to,
			                       r->hop, r->addresses->len, r->addresses6->len);
		}
	}
}

static void dump_public(GString *out, const struct graph *g)
{
	for (guint i = 0; i < g->public_addresses->len; i++) {
		const struct public_address *p = g->public_addresses->pdata[i];

		g_string_append_printf(out, "\n%s %u %d %d %s %s %s", p->noun.id, p->sku, p->is_static, p->v6,
		                       id_of(p->prefix), id_of(p->nat_gateway), id_of(p->ddos_plan));
	}
	for (guint i = 0; i < g->public_prefixes->len; i++) {
		const struct public_prefix *p = g->public_prefixes->pdata[i];

		g_string_append_printf(out, "\n%s /%u %s", p->noun.id, p->length, id_of(p->nat_gateway));
		dump_nouns(out, "addresses", p->addresses);
	}
	for (guint i = 0; i < g->nat_gateways->len; i++) {
		const struct nat_gateway *n = g->nat_gateways->pdata[i];

		g_string_append_printf(out, "\n%s %u", n->noun.id, n->idle_minutes);
		dump_nouns(out, "addresses", n->addresses);
		dump_nouns(out, "prefixes", n->prefixes);
		dump_nouns(out, "subnets", n->subnets);
	}
	for (guint i = 0; i < g->ddos_plans->len; i++)
		dump_nouns(out, id_of(g->ddos_plans->pdata[i]),
		           ((struct ddos_plan *)g->ddos_plans->pdata[i])->networks);
}

static void dump_configs(GString *out, const GPtrArray *configs)
{
	for (guint k = 0; k < configs->len; k++) {
		const struct ip_config *c = configs->pdata[k];
		g_autofree char *address = c->v6 ? ip6_format(c->address6) : ip_format(c->address);

		g_string_append_printf(out, "\n  %s %d %d %s %s %s", c->noun.id, c->primary, c->is_static, address,
		                       id_of(c->subnet), id_of(c->public_address));
		dump_nouns(out, "pools", c->pools);
		dump_nouns(out, "nat", c->nat_rules);
		dump_nouns(out, "asg", c->app_groups);
	}
}

static void dump_ports(GString *out, const struct graph *g)
{
	for (guint i = 0; i < g->nics->len; i++) {
		const struct nic *n = g->nics->pdata[i];

		g_string_append_printf(out, "\n%s %s %s %s", n->noun.id, id_of(n->network), id_of(n->group),
		                       id_of(n->vm));
		dump_configs(out, n->configs);
		dump_configs(out, n->configs6);
	}
	for (guint i = 0; i < g->vms->len; i++)
		dump_nouns(out, id_of(g->vms->pdata[i]), ((struct vm *)g->vms->pdata[i])->nics);
}

static void dump_balancers(GString *out, const struct graph *g)
{
	for (guint i = 0; i < g->load_balancers->len; i++) {
		const struct load_balancer *l = g->load_balancers->pdata[i];

		g_string_append_printf(out, "\n%s %u", l->noun.id, l->sku);
		dump_nouns(out, "frontends", l->frontends);
		dump_nouns(out, "probes", l->probes);
		for (guint k = 0; k < l->pools->len; k++)
			dump_nouns(out, id_of(l->pools->pdata[k]), ((struct pool *)l->pools->pdata[k])->members);
		for (guint k = 0; k < l->rules->len; k++) {
			const struct lb_rule *r = l->rules->pdata[k];

			g_string_append_printf(out, "\n  %s %s %s %s %u %u %u", r->noun.id, id_of(r->frontend),
			                       id_of(r->pool), id_of(r->probe), r->protocol, r->frontend_port,
			                       r->backend_port);
		}
		for (guint k = 0; k < l->nat_rules->len; k++) {
			const struct nat_rule *r = l->nat_rules->pdata[k];

			g_string_append_printf(out, "\n  %s %s %s %u %u", r->noun.id, id_of(r->frontend),
			                       id_of(r->target), r->frontend_port, r->backend_port);
		}
	}
}

static void dump_listed(GString *out, const GPtrArray *listed)
{
	for (guint i = 0; i < listed->len; i++) {
		const struct unmodelled *u = listed->pdata[i];

		g_string_append_printf(out, "\n%s %s: %s", u->id, u->property, u->why);
	}
}

void fixture_check_listed(const GPtrArray *listed, const char *const expected[])
{
	guint count = g_strv_length((char **)expected);

	for (guint i = 0; i < listed->len; i++) {
		const struct unmodelled *u = listed->pdata[i];
		g_autofree char *text = g_strdup_printf("%s|%s", u->id, u->property);

		g_assert_true(*u->why != '\0');
		if (i >= count || !g_str_has_suffix(text, expected[i])) {
			g_test_message("%s is not what is expected at %u", text, i);
			g_test_fail();
		}
	}
	g_assert_cmpuint(listed->len, ==, count);
}

void fixture_add_faults(const char *group, const struct fault *faults, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *path = g_strdup_printf("/faults/%s/%s", group, faults[i].name);

		g_test_add_data_func(path, &faults[i], test_fault);
	}
}

static void dump_gateways(GString *out, const struct graph *g)
{
	for (guint i = 0; i < g->gateways->len; i++) {
		const struct gateway *w = g->gateways->pdata[i];

		g_string_append_printf(out, "\n%s %u %s %u %s %s", w->noun.id, w->type, w->sku, w->speaker.asn,
		                       id_of(w->network), id_of(w->default_site));
		dump_nouns(out, "configs", w->configs);
		dump_nouns(out, "connections", w->connections);
		dump_nouns(out, "nat", w->nat_rules);
	}
	for (guint i = 0; i < g->local_gateways->len; i++)
		dump_nouns(out, id_of(g->local_gateways->pdata[i]),
		           ((struct local_gateway *)g->local_gateways->pdata[i])->connections);
	for (guint i = 0; i < g->connections->len; i++) {
		const struct gateway_connection *c = g->connections->pdata[i];

		g_string_append_printf(out, "\n%s %u %s %s %s %s %s", c->noun.id, c->type, id_of(c->gateway),
		                       id_of(c->peer), id_of(c->site), id_of(c->circuit), id_of(c->reverse));
	}
	for (guint i = 0; i < g->circuits->len; i++) {
		const struct circuit *c = g->circuits->pdata[i];

		dump_nouns(out, id_of(c), c->peerings);
		dump_nouns(out, "authorizations", c->authorizations);
	}
}

static void dump_services(GString *out, const struct graph *g)
{
	for (guint i = 0; i < g->sql_servers->len; i++) {
		const struct sql_server *v = g->sql_servers->pdata[i];

		g_string_append_printf(out, "\n%s %u %d %s", v->noun.id, v->engine, v->private_only, id_of(v->subnet));
		dump_nouns(out, "rules", v->rules);
		dump_nouns(out, "databases", v->databases);
	}
	for (guint i = 0; i < g->dns_zones->len; i++) {
		const struct dns_zone *z = g->dns_zones->pdata[i];

		dump_nouns(out, id_of(z), z->links);
		for (guint k = 0; k < z->records->len; k++) {
			const struct dns_record_set *r = z->records->pdata[k];

			g_string_append_printf(out, "\n  %s %u %u", r->noun.id, r->type, r->ttl);
			for (guint v = 0; v < r->values->len; v++)
				g_string_append_printf(out, " %s;", (char *)r->values->pdata[v]);
		}
	}
	for (guint i = 0; i < g->watchers->len; i++)
		dump_nouns(out, id_of(g->watchers->pdata[i]), ((struct watcher *)g->watchers->pdata[i])->flow_logs);
}

char *fixture_dump(const struct graph *g)
{
	GString *out = g_string_new(NULL);

	dump_networks(out, g);
	dump_groups(out, g);
	dump_ports(out, g);
	dump_balancers(out, g);
	dump_routes(out, g);
	dump_public(out, g);
	dump_gateways(out, g);
	dump_services(out, g);
	dump_listed(out, g->unmodelled);
	dump_listed(out, g->recorded);
	for (guint i = 0; i < g->warnings->len; i++)
		g_string_append_printf(out, "\n%s", (char *)g->warnings->pdata[i]);
	return g_string_free(out, FALSE);
}

static void shuffle(GPtrArray *list)
{
	for (guint i = list->len; i > 1; i--) {
		guint k = (guint)g_test_rand_int_range(0, (gint)i);
		gpointer swap = list->pdata[k];

		list->pdata[k] = list->pdata[i - 1];
		list->pdata[i - 1] = swap;
	}
}

void fixture_check_order(const char *text)
{
	g_autoptr(graph) g = fixture_graph(text);
	g_autofree char *expected = fixture_dump(g);

	for (int round = 0; round < 50; round++) {
		g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
		GPtrArray *documents = fixture_documents(text);
		g_autoptr(graph) other = NULL;
		g_autofree char *dump = NULL;

		shuffle(documents);
		other = graph_build(documents, errors);
		g_assert_nonnull(other);
		dump = fixture_dump(other);
		g_assert_cmpstr(dump, ==, expected);
	}
}

void fixture_check_warning(const struct graph *g, const char *text)
{
	for (guint i = 0; i < g->warnings->len; i++)
		if (strstr(g->warnings->pdata[i], text))
			return;
	for (guint i = 0; i < g->warnings->len; i++)
		g_test_message("%s", (char *)g->warnings->pdata[i]);
	g_test_message("no warning says '%s'", text);
	g_test_fail();
}
