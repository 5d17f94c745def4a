/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/events.h"
#include "prove/naming.h"
#include <string.h>

#define EVENTS_MOST 256u

/* struct alloc_past that the allocations before did not have. */
static GArray *new_past(const struct stored *old, const struct plan *p)
{
	GArray *past = alloc_past(p->alloc);
	const struct node *before = node_get(old->alloc, "released");
	for (guint i = past->len; i-- > 0;) {
		const struct alloc_past *r = &g_array_index(past, struct alloc_past, i);
		if (node_integer(node_get(node_get(before, r->address), "at"), -1) == r->at)
			g_array_remove_index(past, i);
	}
	return past;
}

struct node *events_released(const struct stored *old, const struct plan *p)
{
	g_autoptr(GArray) past = new_past(old, p);
	struct node *list = node_array();
	for (guint i = 0; i < past->len; i++) {
		const struct alloc_past *r = &g_array_index(past, struct alloc_past, i);
		struct node *n = node_object();
		node_set(n, "address", node_string(r->address));
		node_set(n, "owner", node_string(r->owner));
		node_append(list, n);
	}
	return list;
}

/* TRUE when the id (in any case) is one of this subscription. */
static gboolean is_of(const char *id, const char *subscription)
{
	g_autofree char *head = g_strdup_printf("/subscriptions/%s/", subscription);
	return !g_ascii_strncasecmp(id, head, strlen(head));
}

/* Who of other subscriptions names it; NULL: nobody. */
static struct node *strangers(const struct graph *g, const struct alloc_past *r)
{
	g_autoptr(GPtrArray) list = naming_find(g, r->address);
	g_autoptr(node) named = node_array();
	for (guint i = 0; i < list->len; i++) {
		const struct naming *n = g_ptr_array_index(list, i);
		struct node *one;
		if (is_of(r->owner, n->noun->subscription))
			continue;
		one = node_object();
		node_set(one, "id", node_string(n->noun->id));
		node_set(one, "subscription", node_string(n->noun->subscription));
		node_set(one, "what", node_string(n->what));
		node_set(one, "place", node_take_string(noun_place(n->noun)));
		node_append(named, one);
	}
	return node_length(named) ? g_steal_pointer(&named) : NULL;
}

/* The newest of the list so far, with room for one more. */
static struct node *newest(const struct node *old)
{
	struct node *list = node_array();
	guint count = node_length(old);
	for (guint i = count >= EVENTS_MOST ? count - EVENTS_MOST + 1 : 0; i < count; i++)
		node_append(list, node_ref(node_item(old, i)));
	return list;
}

void events_add(struct stored *next, const struct stored *old, const struct plan *p)
{
	g_autoptr(GArray) past = new_past(old, p);
	for (guint i = 0; i < past->len; i++) {
		const struct alloc_past *r = &g_array_index(past, struct alloc_past, i);
		struct node *named = strangers(p->graph, r), *list, *event;
		if (!named)
			continue;
		event = node_object();
		node_set(event, "kind", node_string("address-released"));
		node_set(event, "time", node_int(r->at * 1000));
		node_set(event, "address", node_string(r->address));
		node_set(event, "owner", node_string(r->owner));
		node_set(event, "named_by", named);
		list = newest(next->events);
		node_append(list, event);
		node_unref(next->events);
		next->events = list;
	}
}

void events_warn(const struct plan *p, GPtrArray *lines)
{
	g_autoptr(GArray) past = alloc_past(p->alloc);
	for (guint i = 0; i < past->len; i++) {
		const struct alloc_past *r = &g_array_index(past, struct alloc_past, i);
		naming_warn(p->graph, r, alloc_public_holder(p->alloc, r->address), lines);
	}
}
