/* SPDX-License-Identifier: Apache-2.0 */
#include "space.h"
#include <string.h>

static void peer_free(gpointer data)
{
	struct peer_space *p = data;
	g_array_unref(p->prefixes);
	g_array_unref(p->prefixes6);
	g_free(p);
}

static gboolean names(const GPtrArray *list, const struct subnet *s)
{
	for (guint i = 0; i < list->len; i++) {
		if (g_ascii_strcasecmp(list->pdata[i], s->noun.name) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Whether both halves take part with this subnet of the first one's network. */
static gboolean takes_part(const struct peering *own, const struct subnet *s)
{
	return (own->whole || names(own->local_subnets, s)) &&
	       (own->reverse->whole || names(own->reverse->remote_subnets, s));
}

static void add_parts(struct peer_space *out, gboolean only6)
{
	const struct network *remote = out->peering->remote;
	for (guint i = 0; i < remote->subnets->len; i++) {
		const struct subnet *s = g_ptr_array_index(remote->subnets, i);
		if (!takes_part(out->peering->reverse, s))
			continue;
		if (!only6)
			g_array_append_vals(out->prefixes, s->prefixes->data, s->prefixes->len);
		g_array_append_vals(out->prefixes6, s->prefixes6->data, s->prefixes6->len);
	}
}

static struct peer_space *peer_new(const struct peering *p)
{
	struct peer_space *out = g_new0(struct peer_space, 1);
	gboolean whole = p->whole && p->reverse->whole, only6 = p->only6 || p->reverse->only6;
	out->peering = p;
	out->prefixes =
	        whole && !only6 ? g_array_ref(p->remote->prefixes) : g_array_new(FALSE, FALSE, sizeof(struct prefix));
	out->prefixes6 = whole ? g_array_ref(p->remote->prefixes6) : g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	if (!whole)
		add_parts(out, only6);
	return out;
}

GPtrArray *space_peers(const struct subnet *subnet)
{
	GPtrArray *peers = g_ptr_array_new_with_free_func(peer_free);
	for (guint i = 0; i < subnet->network->peerings->len; i++) {
		const struct peering *p = g_ptr_array_index(subnet->network->peerings, i);
		if (p->reverse && takes_part(p, subnet))
			g_ptr_array_add(peers, peer_new(p));
	}
	return peers;
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (int)x->length - (int)y->length;
}

static int compare_prefixes6(const void *a, const void *b)
{
	const struct prefix6 *x = a, *y = b;
	int order = ip6_compare(x->addr, y->addr);
	return order ? order : (int)x->length - (int)y->length;
}

static void sort_unique(GArray *list, GCompareFunc compare)
{
	guint kept = 0, size = g_array_get_element_size(list);
	g_array_sort(list, compare);
	for (guint i = 0; i < list->len; i++) {
		char *at = list->data + (gsize)i * size, *to = list->data + (gsize)kept * size;
		if (!kept || compare(to - size, at))
			memmove(list->data + (gsize)kept++ * size, at, size);
	}
	g_array_set_size(list, kept);
}

static void add_user_prefixes(struct inside *in, const struct route_table *t)
{
	for (guint i = 0; t && i < t->routes->len; i++) {
		const struct route *r = g_ptr_array_index(t->routes, i);
		if (!r->tag && !r->v6 && r->prefix.length > 0)
			g_array_append_val(in->prefixes, r->prefix);
		if (!r->tag && r->v6 && r->prefix6.length > 0)
			g_array_append_val(in->prefixes6, r->prefix6);
	}
}

struct inside *inside_new(const struct subnet *subnet)
{
	struct inside *in = g_new0(struct inside, 1);
	g_autoptr(GPtrArray) peers = space_peers(subnet);
	in->prefixes = g_array_copy(subnet->network->prefixes);
	in->prefixes6 = g_array_copy(subnet->network->prefixes6);
	for (guint i = 0; i < peers->len; i++) {
		const struct peer_space *p = g_ptr_array_index(peers, i);
		if (!p->peering->access)
			continue;
		g_array_append_vals(in->prefixes, p->prefixes->data, p->prefixes->len);
		g_array_append_vals(in->prefixes6, p->prefixes6->data, p->prefixes6->len);
	}
	add_user_prefixes(in, subnet->route_table);
	sort_unique(in->prefixes, compare_prefixes);
	sort_unique(in->prefixes6, compare_prefixes6);
	return in;
}

void inside_free(struct inside *i)
{
	g_array_unref(i->prefixes);
	g_array_unref(i->prefixes6);
	g_free(i);
}

guint inside_hash(gconstpointer inside)
{
	const struct inside *in = inside;
	guint h = in->prefixes->len * 31 + in->prefixes6->len;
	for (guint i = 0; i < in->prefixes->len; i++) {
		struct prefix p = g_array_index(in->prefixes, struct prefix, i);
		h = (h ^ p.addr) * 2654435761u + p.length;
	}
	return h;
}

gboolean inside_equal(gconstpointer a, gconstpointer b)
{
	const struct inside *x = a, *y = b;
	if (x->prefixes->len != y->prefixes->len || x->prefixes6->len != y->prefixes6->len)
		return FALSE;
	for (guint i = 0; i < x->prefixes->len; i++) {
		if (compare_prefixes(&g_array_index(x->prefixes, struct prefix, i),
		                     &g_array_index(y->prefixes, struct prefix, i)))
			return FALSE;
	}
	for (guint i = 0; i < x->prefixes6->len; i++) {
		if (compare_prefixes6(&g_array_index(x->prefixes6, struct prefix6, i),
		                      &g_array_index(y->prefixes6, struct prefix6, i)))
			return FALSE;
	}
	return TRUE;
}
