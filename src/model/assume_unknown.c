/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes that only a real deployment knows, in documents that are only looked at: a subnet of a network that is
 * elsewhere gets a prefix of its own. Unknown addresses are the readers' business (read_address.c), and rules of security
 * groups are never touched: what they admit is not to be guessed.
 */
#include "model/assume.h"

#include <string.h>

#define MARK "<unknown: "

static gboolean is_unknown(const struct node *n)
{
	return g_str_has_prefix(node_str(n, ""), MARK);
}

/* What stands for the unknown member, NULL: as it is. `count` numbers the prefixes. */
static struct node *stand_in(const char *name, const struct node *value, guint *count)
{
	guint at = *count;

	if (!is_unknown(value) || g_ascii_strcasecmp(name, "addressPrefix") != 0)
		return NULL;
	(*count)++;
	return node_stringf("10.%u.%u.0/24", 255 - at / 256 % 64, at % 256);
}

/* A copy of the value with stand-ins; of one without anything unknown, itself. Caller unrefs. */
static struct node *without(struct node *n, guint *count)
{
	gboolean array = n->type == NODE_ARRAY, same = TRUE;
	g_autoptr(node) out = NULL;

	if (!array && n->type != NODE_OBJECT)
		return node_ref(n);
	out = node_at(array ? node_array() : node_object(), n);
	for (guint i = 0; i < node_length(n); i++) {
		struct node *member = array ? node_item(n, i) : node_value(n, i);
		struct node *made = array ? NULL : stand_in(node_name(n, i), member, count);

		if (made)
			node_at(made, member);
		else
			made = without(member, count);
		same = same && made == member;
		if (array)
			node_append(out, made);
		else
			node_set(out, node_name(n, i), made);
	}
	return same ? node_ref(n) : g_steal_pointer(&out);
}

void assume_unknown(GPtrArray *documents)
{
	guint count = 0;

	for (guint i = 0; i < documents->len; i++) {
		struct document *d = documents->pdata[i];
		struct node *plain;

		if (!g_str_has_prefix(d->type, "microsoft.network/") ||
		    g_str_has_prefix(d->type, "microsoft.network/networksecuritygroups") ||
		    g_str_has_prefix(d->type, "microsoft.network/routetables"))
			continue;
		plain = without(d->resource, &count);
		node_unref(d->resource);
		d->resource = plain;
	}
}
