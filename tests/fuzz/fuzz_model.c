/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of strangers, as the store holds them: {"documents": [...]}. Either there are errors, each one line with a
 * remedy, or there is a graph in which everything that the compiler takes for granted is true, in whatever order they
 * came.
 */
#include "model/gateway.h"
#include "model/sql.h"
#include "model/zone.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static GPtrArray *read_documents(const struct node *root, gboolean backwards)
{
	const struct node *list = node_get(root, "documents");
	GPtrArray *documents = document_list_new();

	for (guint i = 0; i < node_length(list); i++) {
		guint at = backwards ? node_length(list) - 1 - i : i;
		struct document *d = document_from_node(node_item(list, at), NULL);

		if (d)
			g_ptr_array_add(documents, d);
	}
	return documents;
}

static void check_rule(const struct rule *r, const struct rule *before)
{
	g_assert_true(r->source.ports->len > 0 && r->destination.ports->len > 0);
	g_assert_true(r->source.tags->len == r->source.tag_names->len);
	g_assert_true(!before || before->priority < r->priority);
	g_assert_true(r->is_default == (r->priority > 4096));
}

static void check_configs(const struct nic *n, const GPtrArray *configs, gboolean v6)
{
	for (guint i = 0; i < configs->len; i++) {
		const struct ip_config *c = configs->pdata[i];

		g_assert_true(c->nic == n && c->subnet && c->subnet->network == n->network && c->v6 == v6);
		g_assert_true(c->primary == (i == 0 && !v6));
		g_assert_true(g_ptr_array_find(v6 ? c->subnet->configs6 : c->subnet->configs, c, NULL));
		g_assert_true(!c->public_address || (c->public_address->config == c && !c->public_address->frontend));
	}
}

static void check_nic(const struct nic *n)
{
	g_assert_true(n->network && n->configs->len > 0);
	g_assert_true(g_ptr_array_find(n->network->ports, n, NULL));
	check_configs(n, n->configs, FALSE);
	check_configs(n, n->configs6, TRUE);
}

/* Whoever looks for the other half finds the one that looks for it. */
static void check_network(const struct network *n)
{
	g_assert_cmpuint(n->prefixes->len, >, 0);
	for (guint i = 0; i < n->peerings->len; i++) {
		const struct peering *p = n->peerings->pdata[i];

		g_assert_true(p->network == n && p->remote != n && p->remote_id);
		g_assert_true(!p->reverse || (p->reverse->reverse == p && p->reverse->network == p->remote));
	}
	for (guint i = 0; i < n->subnets->len; i++) {
		const struct subnet *s = n->subnets->pdata[i];

		g_assert_true(s->network == n && s->prefixes->len > 0);
		g_assert_true(!s->route_table || g_ptr_array_find(s->route_table->subnets, s, NULL));
		g_assert_true(!s->nat_gateway || g_ptr_array_find(s->nat_gateway->subnets, s, NULL));
	}
}

static void check_public(const struct public_address *p)
{
	guint holders = (p->config != NULL) + (p->frontend != NULL) + (p->nat_gateway != NULL);

	g_assert_cmpuint(holders, <=, 1);
	g_assert_true(!p->config || p->config->v6 == p->v6);
	g_assert_true(!p->prefix || g_ptr_array_find(p->prefix->addresses, p, NULL));
	g_assert_true(!p->nat_gateway || g_ptr_array_find(p->nat_gateway->addresses, p, NULL));
}

static void check_balancer(const struct load_balancer *l)
{
	for (guint i = 0; i < l->rules->len; i++) {
		const struct lb_rule *r = l->rules->pdata[i];

		g_assert_true(r->frontend && r->frontend->lb == l && r->pool && r->pool->lb == l);
	}
	for (guint i = 0; i < l->nat_rules->len; i++) {
		const struct nat_rule *r = l->nat_rules->pdata[i];

		g_assert_true(r->frontend && r->frontend->lb == l && (!r->pool || r->pool->lb == l));
		g_assert_true(!r->target || g_ptr_array_find(r->target->nat_rules, r, NULL));
	}
}

static void check_gateways(const struct graph *g)
{
	for (guint i = 0; i < g->gateways->len; i++) {
		const struct gateway *w = g->gateways->pdata[i];

		g_assert_true(w->configs->len == 0 || w->network);
		for (guint k = 0; k < w->configs->len; k++) {
			const struct gateway_config *c = w->configs->pdata[k];

			g_assert_cmpint(g_ascii_strcasecmp(c->subnet->noun.name, "GatewaySubnet"), ==, 0);
			g_assert_true(c->subnet->network == w->network);
			g_assert_true(!c->public_address || c->public_address->gateway_config == c);
		}
	}
	for (guint i = 0; i < g->connections->len; i++) {
		const struct gateway_connection *c = g->connections->pdata[i];

		g_assert_true(c->gateway && g_ptr_array_find(c->gateway->connections, c, NULL));
		g_assert_true(c->type != CONNECTION_IPSEC || c->site);
		g_assert_true(!c->reverse || c->reverse->reverse == c);
	}
}

static void check_services(const struct graph *g)
{
	for (guint i = 0; i < g->sql_servers->len; i++) {
		const struct sql_server *v = g->sql_servers->pdata[i];

		for (guint k = 0; k < v->rules->len; k++) {
			const struct sql_rule *r = v->rules->pdata[k];

			g_assert_true(r->server == v);
			g_assert_true(r->first <= r->last || r->last == 0); /* 0: only a real deployment knows it */
			g_assert_true(!r->from_inside || (r->first == 0 && r->last == 0));
		}
	}
	for (guint i = 0; i < g->dns_zones->len; i++) {
		const struct dns_zone *z = g->dns_zones->pdata[i];

		for (guint k = 0; k < z->records->len; k++) {
			const struct dns_record_set *r = z->records->pdata[k];

			g_assert_true(r->zone == z && r->ttl > 0);
			g_assert_true(r->type != DNS_CNAME || (r->values->len <= 1 && strcmp(r->noun.name, "@") != 0));
		}
	}
}

static void check_graph(const struct graph *g)
{
	check_gateways(g);
	check_services(g);
	for (guint i = 0; i < g->security_groups->len; i++)
		for (int d = 0; d < 2; d++) {
			const GPtrArray *rules = ((struct security_group *)g->security_groups->pdata[i])->rules[d];

			g_assert_cmpuint(rules->len, >=, 3);
			for (guint k = 0; k < rules->len; k++)
				check_rule(rules->pdata[k], k > 0 ? rules->pdata[k - 1] : NULL);
		}
	for (guint i = 0; i < g->networks->len; i++)
		check_network(g->networks->pdata[i]);
	for (guint i = 0; i < g->public_addresses->len; i++)
		check_public(g->public_addresses->pdata[i]);
	for (guint i = 0; i < g->nics->len; i++)
		check_nic(g->nics->pdata[i]);
	for (guint i = 0; i < g->load_balancers->len; i++)
		check_balancer(g->load_balancers->pdata[i]);
	for (guint i = 0; i < g->vms->len; i++) {
		const struct vm *v = g->vms->pdata[i];
		g_autofree char *label = graph_vm_label(g, v);

		g_assert_cmpuint(v->nics->len, >, 0);
		for (guint k = 0; k < v->nics->len; k++)
			g_assert_true(((struct nic *)v->nics->pdata[k])->vm == v);
		g_assert_true(!v->scale_set || g_ptr_array_find(v->scale_set->vms, v, NULL));
		g_assert_true(graph_find_vm(g, label, NULL) == v);
	}
}

/* Assuming adds to what builds; it changes nothing of what builds anyway, and asks for no more than it makes up. */
static void check_assumptions(const struct node *root, const struct graph *g, const GPtrArray *errors)
{
	g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(graph) assumed = graph_assume(read_documents(root, FALSE), left);

	g_assert_true((assumed == NULL) == (left->len > 0));
	g_assert_true(!g || (assumed && assumed->assumed->len == 0));
	g_assert_true(!assumed || g || (errors->len > 0 && assumed->assumed->len > 0));
	if (assumed)
		check_graph(assumed);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(node) root = node_parse((const char *)data, size, "fuzz", NULL);
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) again = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(graph) g = graph_build(read_documents(root, FALSE), errors);
	g_autoptr(graph) h = graph_build(read_documents(root, TRUE), again);

	g_assert_true((g == NULL) == (errors->len > 0));
	g_assert_cmpuint(errors->len, ==, again->len);
	for (guint i = 0; i < errors->len; i++) {
		g_assert_nonnull(strstr(errors->pdata[i], "; "));
		g_assert_null(strchr(errors->pdata[i], '\n'));
	}
	check_assumptions(root, g, errors);
	if (g) {
		check_graph(g);
		g_assert_cmpuint(g_hash_table_size(g->by_id), ==, g_hash_table_size(h->by_id));
		g_assert_cmpuint(g->unmodelled->len, ==, h->unmodelled->len);
	}
	return 0;
}
