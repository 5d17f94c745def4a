/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting: documents go, and what follows from them with them.
 *
 * A machine takes along what its documents say goes with it (deleteOption), and what was made for it (the tag
 * MADE_FOR). A deployment takes its whole group but for reserved addresses: they outlive the deployment that uses
 * them, unless it is said that they go too.
 */
#include "controller/change_internal.h"
#include <string.h>

#define MADE_FOR "tags.escarp-made-for"
#define PUBLIC   "microsoft.network/publicipaddresses"
#define PREFIX   "microsoft.network/publicipprefixes"

/* The document and those of its parts. */
static void drop(struct changing *c, const char *id)
{
	g_autofree char *key = document_key(id), *below = g_strconcat(key, "/", NULL);
	GHashTableIter i;
	gpointer other;
	g_hash_table_iter_init(&i, c->next->documents);
	while (g_hash_table_iter_next(&i, &other, NULL))
		if (!strcmp(other, key) || g_str_has_prefix(other, below))
			g_hash_table_iter_remove(&i);
}

static gboolean goes_along(const struct node *reference)
{
	const char *inner = node_str(node_find(reference, "properties.deleteOption"), "");
	return !g_ascii_strcasecmp(inner, "Delete") ||
	       !g_ascii_strcasecmp(node_get_str(reference, "deleteOption", ""), "Delete");
}

/* The resource of a noun that is a document of its own; NULL: it is a part of another. */
static const struct node *resource_of(const struct noun *n)
{
	return n->document && !g_ascii_strcasecmp(n->document->id, n->id) ? n->document->resource : NULL;
}

static void drop_addresses(struct changing *c, const struct node *nic)
{
	const struct node *configs = node_find(nic, "properties.ipConfigurations");
	for (guint i = 0; i < node_length(configs); i++) {
		const struct node *address = node_find(node_item(configs, i), "properties.publicIPAddress");
		const char *id = node_get_str(address, "id", NULL);
		if (id && goes_along(address))
			drop(c, id);
	}
}

static void drop_cards(struct changing *c, const struct vm *vm)
{
	const struct node *list = node_find(resource_of(&vm->noun), "properties.networkProfile.networkInterfaces");
	for (guint i = 0; i < node_length(list); i++) {
		const struct node *item = node_item(list, i);
		const char *id = node_get_str(item, "id", "");
		for (guint k = 0; goes_along(item) && k < vm->nics->len; k++) {
			const struct nic *nic = g_ptr_array_index(vm->nics, k);
			if (g_ascii_strcasecmp(nic->noun.id, id))
				continue;
			drop_addresses(c, resource_of(&nic->noun));
			drop(c, id);
		}
	}
}

static void drop_made_for(struct changing *c, const struct vm *vm)
{
	const GPtrArray *all = c->now->graph->documents;
	for (guint i = 0; i < all->len; i++) {
		const struct document *d = g_ptr_array_index(all, i);
		if (!g_ascii_strcasecmp(node_str(node_find(d->resource, MADE_FOR), ""), vm->noun.id) &&
		    !g_ascii_strcasecmp(d->subscription, vm->noun.subscription))
			drop(c, d->id);
	}
}

gboolean change_delete_vm(struct changing *c, const struct vm *vm)
{
	if (vm->scale_set)
		return change_fail(c->error,
		                   "%s is an instance of scale set '%s', which would make it again; lower the capacity "
		                   "that its document declares",
		                   vm->noun.name, vm->scale_set->noun.name);
	drop_cards(c, vm);
	drop_made_for(c, vm);
	drop(c, vm->noun.id);
	node_set(c->answer, "state", node_string("deleted"));
	return TRUE;
}

/* --- deployments --- */

struct finding {
	char *subscription, *group;
	guint found;
};

static void look_at(struct finding *f, const struct document *d, const char *name)
{
	g_autofree char *full = d->group ? g_strdup_printf("%s/%s", d->subscription, d->group) : NULL;
	if (!full || (g_ascii_strcasecmp(d->group, name) && g_ascii_strcasecmp(full, name)))
		return;
	if (f->found && !g_ascii_strcasecmp(f->subscription, d->subscription))
		return;
	if (f->found++)
		return;
	f->subscription = g_strdup(d->subscription);
	f->group = g_strdup(d->group);
}

gboolean change_find_group(const struct plan *now, const char *name, char **subscription, char **group, GError **error)
{
	struct finding f = {0};
	for (guint i = 0; i < now->graph->documents->len; i++)
		look_at(&f, g_ptr_array_index(now->graph->documents, i), name);
	*subscription = f.subscription;
	*group = f.group;
	if (f.found == 1)
		return TRUE;
	g_clear_pointer(subscription, g_free);
	g_clear_pointer(group, g_free);
	if (!f.found)
		return change_fail(error,
		                   "no deployment is named '%s': a deployment is the resource group that was given to "
		                   "`escarp up`, by --group or by the name of its file",
		                   name);
	return change_fail(error, "%u subscriptions have a deployment '%s'; write subscription/%s", f.found, name,
	                   name);
}

static gboolean is_reserved(const struct document *d)
{
	if (!strcmp(d->type, PREFIX))
		return TRUE;
	return !strcmp(d->type, PUBLIC) &&
	       !g_ascii_strcasecmp(node_str(node_find(d->resource, "properties.publicIPAllocationMethod"), ""),
	                           "Static");
}

gboolean change_delete_group(struct changing *c)
{
	g_autofree char *subscription = NULL, *group = NULL;
	struct node *kept = node_array();
	node_set(c->answer, "kept", kept);
	if (!change_find_group(c->now, c->request->name, &subscription, &group, c->error))
		return FALSE;
	for (guint i = 0; i < c->now->graph->documents->len; i++) {
		const struct document *d = g_ptr_array_index(c->now->graph->documents, i);
		if (!d->group || g_ascii_strcasecmp(d->group, group) ||
		    g_ascii_strcasecmp(d->subscription, subscription))
			continue;
		if (is_reserved(d) && !c->request->release)
			node_append(kept, node_string(d->id));
		else
			drop(c, d->id);
	}
	node_set(c->answer, "name", node_string(group));
	node_set(c->answer, "state", node_string("deleted"));
	return TRUE;
}
