/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address at which the world knows a deployment: two deployments exchange theirs, and one that is upgraded keeps it. The
 * documents stay as they are, so the addresses must be allocated ones: what a document declares belongs to it.
 */
#include "controller/change_internal.h"
#include <string.h>

struct side {
	const char *name;
	char *subscription, *group;
	const struct public_address *front[2]; /* by family */
	guint count[2];
};

static gboolean find_side(struct changing *c, struct side *s, const char *name)
{
	const GPtrArray *all = c->now->graph->public_addresses;
	s->name = name;
	if (!change_find_group(c->now, name, &s->subscription, &s->group, c->error))
		return FALSE;
	for (guint i = 0; i < all->len; i++) {
		const struct public_address *p = g_ptr_array_index(all, i);
		if (!p->frontend || !p->noun.group || g_ascii_strcasecmp(p->noun.group, s->group) ||
		    g_ascii_strcasecmp(p->noun.subscription, s->subscription))
			continue;
		s->front[p->v6 ? 1 : 0] = p;
		s->count[p->v6 ? 1 : 0]++;
	}
	if (s->count[0] + s->count[1] == 0)
		return change_fail(c->error, "deployment %s has no public front end, so it has no address to swap",
		                   name);
	for (guint v = 0; v < 2; v++)
		if (s->count[v] > 1)
			return change_fail(
			        c->error,
			        "deployment %s has %u public front ends; only one with a single address can be "
			        "swapped",
			        name, s->count[v]);
	return TRUE;
}

static gboolean is_free_to_go(struct changing *c, const struct side *s, guint family)
{
	static const struct ip6 none;
	const struct public_address *p = s->front[family];
	if (p->address || ip6_compare(p->address6, none))
		return change_fail(
		        c->error,
		        "the document of %s declares which address it has; leave ipAddress out of it, and it "
		        "keeps the one it gets until it is swapped",
		        p->noun.id);
	if (!alloc_public(c->now->alloc, p) && !alloc_public6(c->now->alloc, p))
		return change_fail(
		        c->error, "deployment %s has no address now: all its machines are deallocated; start one first",
		        s->name);
	return TRUE;
}

static gboolean is_pair(struct changing *c, const struct side *a, const struct side *b)
{
	if (g_ascii_strcasecmp(a->subscription, b->subscription))
		return change_fail(c->error, "%s and %s are of two subscriptions; an address never changes its owner",
		                   a->name, b->name);
	if (!g_ascii_strcasecmp(a->group, b->group))
		return change_fail(c->error, "%s and %s are the same deployment", a->name, b->name);
	for (guint v = 0; v < 2; v++) {
		if (a->count[v] != b->count[v])
			return change_fail(c->error, "only one of %s and %s has an IPv%d address; both must have one",
			                   a->name, b->name, v ? 6 : 4);
		if (!a->count[v])
			continue;
		if (!is_free_to_go(c, a, v) || !is_free_to_go(c, b, v))
			return FALSE;
		if (a->front[v]->is_static != b->front[v]->is_static)
			return change_fail(
			        c->error,
			        "only one of %s and %s has a reserved (static) address; make both or neither "
			        "static",
			        a->name, b->name);
	}
	return TRUE;
}

static void tell(struct changing *c, const struct side *a, const struct side *b)
{
	const struct side *sides[2] = {a, b};
	struct node *list = node_array();
	for (guint i = 0; i < 2; i++) {
		const struct side *other = sides[1 - i];
		for (guint v = 0; v < 2; v++) {
			const struct public_address *p = other->front[v];
			struct node *n = p ? node_object() : NULL;
			if (!p)
				continue;
			node_set(n, "deployment", node_string(sides[i]->group));
			node_set(n, "address",
			         node_take_string(v ? ip6_format(*alloc_public6(c->now->alloc, p))
			                            : ip_format(alloc_public(c->now->alloc, p))));
			node_append(list, n);
		}
	}
	node_set(c->answer, "addresses", list);
	node_set(c->answer, "state", node_string("swapped"));
}

static gboolean exchange(struct changing *c, const struct side *a, const struct side *b)
{
	g_autoptr(alloc) x = alloc_from_node(c->next->alloc, c->error);
	if (!x)
		return FALSE;
	for (guint v = 0; v < 2; v++)
		if (a->front[v])
			alloc_exchange(x, a->front[v], b->front[v]);
	node_unref(c->next->alloc);
	c->next->alloc = alloc_to_node(x);
	tell(c, a, b);
	return TRUE;
}

gboolean change_swap(struct changing *c)
{
	struct side a = {0}, b = {0};
	gboolean ok = c->request->other && *c->request->other;
	if (!ok)
		change_fail(c->error, "two deployments swap: name the other one");
	ok = ok && find_side(c, &a, c->request->name) && find_side(c, &b, c->request->other) && is_pair(c, &a, &b) &&
	     exchange(c, &a, &b);
	g_free(a.subscription);
	g_free(a.group);
	g_free(b.subscription);
	g_free(b.group);
	return ok;
}

/* --- upgrade --- */

gboolean change_may_upgrade(const struct plan *now, const struct request *r, GError **error)
{
	for (guint i = 0; now && i < now->graph->documents->len; i++) {
		const struct document *d = g_ptr_array_index(now->graph->documents, i);
		if (d->group && !g_ascii_strcasecmp(d->group, r->group) &&
		    !g_ascii_strcasecmp(d->subscription, r->subscription))
			return TRUE;
	}
	return change_fail(error,
	                   "subscription %s has no deployment %s to upgrade; `escarp up --subscription %s --group %s` "
	                   "makes it",
	                   r->subscription, r->group, r->subscription, r->group);
}

/* The front end's address of a family, if there is one and no other; NULL. */
static const struct public_address *only_front(const struct graph *g, const struct request *r, gboolean v6)
{
	const struct public_address *found = NULL;
	guint count = 0;
	for (guint i = 0; i < g->public_addresses->len; i++) {
		const struct public_address *p = g_ptr_array_index(g->public_addresses, i);
		if (!p->frontend || p->v6 != v6 || !p->noun.group || g_ascii_strcasecmp(p->noun.group, r->group) ||
		    g_ascii_strcasecmp(p->noun.subscription, r->subscription))
			continue;
		found = p;
		count++;
	}
	return count == 1 ? found : NULL;
}

gboolean change_upgrade(const struct plan *now, const struct plan *next, struct stored *s, const struct request *r)
{
	g_autoptr(alloc) a = now && s->alloc ? alloc_from_node(s->alloc, NULL) : NULL;
	gboolean changed = FALSE;
	for (guint v6 = 0; a && v6 < 2; v6++) {
		const struct public_address *was = only_front(now->graph, r, v6), *is = only_front(next->graph, r, v6);
		if (!was || !is || !strcmp(was->noun.key, is->noun.key) ||
		    g_hash_table_contains(next->graph->by_id, was->noun.key))
			continue;
		changed |= alloc_hand_over(a, was, is);
	}
	if (!changed)
		return FALSE;
	node_unref(s->alloc);
	s->alloc = alloc_to_node(a);
	return TRUE;
}
