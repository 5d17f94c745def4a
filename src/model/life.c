/* SPDX-License-Identifier: Apache-2.0 */
#include "model/life.h"

#include <string.h>

static const char *const states[VM_STATES] = {"running", "stopped", "deallocated", "repairing"};

const char *vm_state_name(enum vm_state state)
{
	return states[state];
}

static enum vm_state state_of(const struct node *machines, const struct vm *v)
{
	const char *name = node_get_str(machines, v->noun.key, "");

	for (guint s = 0; s < VM_STATES; s++)
		if (strcmp(states[s], name) == 0)
			return s;
	return VM_RUNNING;
}

static gboolean is_disabled(const struct node *endpoints, const struct noun *n)
{
	return strcmp(node_get_str(endpoints, n->key, ""), LIFE_DISABLED) == 0;
}

struct opening endpoint_opening(const struct endpoint *e)
{
	const struct lb_rule *r = e->rule;
	const struct nat_rule *p = e->port;

	if (r)
		return (struct opening){r->frontend, r->protocol, r->frontend_port, r->backend_port, r->pool, NULL};
	return (struct opening){p->frontend,     p->protocol, p->frontend_port,
	                        p->backend_port, NULL,        p->target ? p->target : p->target6};
}

GArray *graph_endpoints(const struct graph *g)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct endpoint));

	for (guint i = 0; i < g->load_balancers->len; i++) {
		struct load_balancer *lb = g->load_balancers->pdata[i];

		for (guint k = 0; k < lb->rules->len; k++) {
			struct lb_rule *r = lb->rules->pdata[k];
			struct endpoint e = {lb, r, NULL, &r->noun, &r->disabled};

			g_array_append_val(list, e);
		}
		for (guint k = 0; k < lb->nat_rules->len; k++) {
			struct nat_rule *p = lb->nat_rules->pdata[k];
			struct endpoint e = {lb, NULL, p, &p->noun, &p->disabled};

			g_array_append_val(list, e);
		}
	}
	return list;
}

void graph_life(struct graph *g, const struct node *life)
{
	const struct node *machines = node_get(life, LIFE_MACHINES), *endpoints = node_get(life, LIFE_ENDPOINTS);
	g_autoptr(GArray) all = graph_endpoints(g);

	for (guint i = 0; i < g->vms->len; i++) {
		struct vm *v = g->vms->pdata[i];

		v->state = state_of(machines, v);
	}
	for (guint i = 0; i < all->len; i++) {
		const struct endpoint *e = &g_array_index(all, struct endpoint, i);

		*e->disabled = is_disabled(endpoints, e->noun);
	}
}

struct node *life_settle(const struct graph *g, const struct node *life)
{
	struct node *out = node_object(), *machines = node_object(), *endpoints = node_object();
	g_autoptr(GArray) all = graph_endpoints(g);

	for (guint i = 0; i < g->vms->len; i++) {
		const struct vm *v = g->vms->pdata[i];
		enum vm_state state = state_of(node_get(life, LIFE_MACHINES), v);

		if (state != VM_RUNNING)
			node_set(machines, v->noun.key, node_string(states[state]));
	}
	for (guint i = 0; i < all->len; i++) {
		const struct noun *n = g_array_index(all, struct endpoint, i).noun;

		if (is_disabled(node_get(life, LIFE_ENDPOINTS), n))
			node_set(endpoints, n->key, node_string(LIFE_DISABLED));
	}
	node_set(out, LIFE_MACHINES, machines);
	node_set(out, LIFE_ENDPOINTS, endpoints);
	return out;
}

/* "rule", "balancer/rule", and with group and subscription in front of these. */
static gboolean is_named(const struct endpoint *e, const char *name)
{
	const struct noun *n = e->noun, *lb = &e->lb->noun;
	g_autofree char *two = g_strdup_printf("%s/%s", lb->name, n->name);
	g_autofree char *three = g_strdup_printf("%s/%s", lb->group, two);
	g_autofree char *four = g_strdup_printf("%s/%s", lb->subscription, three);
	const char *const names[] = {n->name, two, three, four, n->id};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_ascii_strcasecmp(names[i], name) == 0)
			return TRUE;
	return FALSE;
}

gboolean graph_find_endpoint(const struct graph *g, const char *name, struct endpoint *out, GError **error)
{
	g_autoptr(GArray) all = graph_endpoints(g);
	guint found = 0;

	for (guint i = 0; i < all->len; i++) {
		const struct endpoint *e = &g_array_index(all, struct endpoint, i);

		if (is_named(e, name) && found++ == 0)
			*out = *e;
	}
	if (found == 0)
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID,
		            "no endpoint is named '%s'; `escarp status --json` lists them", name);
	else if (found > 1)
		g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID,
		            "%u endpoints are named '%s'; write balancer/%s, or group/balancer/%s", found, name, name,
		            name);
	return found == 1;
}
