/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include <string.h>

#define IDS "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"

struct kit *kit_new(void)
{
	struct kit *k = g_new0(struct kit, 1);
	k->texts = g_ptr_array_new_with_free_func(g_free);
	return k;
}

void kit_free(struct kit *k)
{
	g_ptr_array_unref(k->texts);
	g_free(k);
}

static char *expand(const char *text)
{
	GString *out = g_string_new(NULL);
	for (; *text; text++) {
		if (*text == '~')
			g_string_append(out, IDS);
		else
			g_string_append_c(out, *text == '\'' ? '"' : *text);
	}
	return g_string_free(out, FALSE);
}

void kit_add(struct kit *k, const char *type, const char *name, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *properties = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *text = g_strdup_printf("{'type':'%s%s','name':'%s','properties':{%s}}",
	                                        strchr(type, '.') ? "" : "Microsoft.Network/", type, name, properties);
	g_ptr_array_add(k->texts, expand(text));
}

/* Puts `more` before the properties of the document that was added last. */
static void insert(struct kit *k, const char *more)
{
	char *text = g_ptr_array_index(k->texts, k->texts->len - 1), *properties = strstr(text, ",\"properties\"");
	char *with = g_strdup_printf("%.*s,%s%s", (int)(properties - text), text, more, properties);
	g_ptr_array_remove_index(k->texts, k->texts->len - 1);
	g_ptr_array_add(k->texts, with);
}

void kit_sku(struct kit *k, const char *sku)
{
	g_autofree char *more = g_strdup_printf("\"sku\":{\"name\":\"%s\"}", sku);
	insert(k, more);
}

void kit_subscription(struct kit *k, const char *subscription)
{
	g_autofree char *more = g_strdup_printf("\"subscription\":\"%s\"", subscription);
	insert(k, more);
}

void kit_remove(struct kit *k, const char *name)
{
	g_autofree char *needle = g_strdup_printf("\",\"name\":\"%s\",", name);
	for (guint i = k->texts->len; i-- > 0;) {
		const char *first = strstr(g_ptr_array_index(k->texts, i), "\",\"name\":");
		if (first && g_str_has_prefix(first, needle))
			g_ptr_array_remove_index(k->texts, i);
	}
}

void kit_vm(struct kit *k, const char *name, const char *subnet, const char *more, const char *nic)
{
	g_autofree char *nic_name = g_strdup_printf("%s-nic", name);
	kit_add(k, "networkInterfaces", nic_name,
	        "'ipConfigurations':[{'name':'c','properties':{'subnet':{'id':'~virtualNetworks/%s'}%s}}]%s", subnet,
	        more, nic);
	kit_add(k, "Microsoft.Compute/virtualMachines", name,
	        "'networkProfile':{'networkInterfaces':[{'id':'~networkInterfaces/%s'}]}", nic_name);
}

static struct document *make_document(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) n = node_parse(text, strlen(text), "world.json", &error);
	g_assert_no_error(error);
	return document_new(node_get_str(n, "subscription", "s"), "g", node_get_str(n, "type", ""),
	                    node_get_str(n, "name", ""), n, "world.json", "$");
}

struct graph *kit_graph(const struct kit *k, guint order)
{
	GPtrArray *documents = document_list_new();
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GRand) rand = g_rand_new_with_seed(order);
	for (guint i = 0; i < k->texts->len; i++)
		g_ptr_array_add(documents, make_document(g_ptr_array_index(k->texts, i)));
	for (guint i = documents->len; order && i > 1; i--) {
		guint j = (guint)g_rand_int_range(rand, 0, (gint32)i);
		gpointer swap = documents->pdata[i - 1];
		documents->pdata[i - 1] = documents->pdata[j];
		documents->pdata[j] = swap;
	}
	struct graph *g = graph_build(documents, errors);
	for (guint i = 0; i < errors->len; i++)
		g_test_message("%s", (char *)g_ptr_array_index(errors, i));
	g_assert_nonnull(g);
	return g;
}

static void *by_name(const GPtrArray *nouns, const char *name)
{
	for (guint i = 0; i < nouns->len; i++) {
		struct noun *n = g_ptr_array_index(nouns, i);
		if (strcmp(n->name, name) == 0)
			return n;
	}
	g_error("no '%s' in this world", name);
}

struct nic *kit_nic(const struct graph *g, const char *name)
{
	return by_name(g->nics, name);
}

const struct ip_config *kit_config(const struct graph *g, const char *nic)
{
	return g_ptr_array_index(kit_nic(g, nic)->configs, 0);
}

struct public_address *kit_public(const struct graph *g, const char *name)
{
	return by_name(g->public_addresses, name);
}

const void *kit_row(GArray *rows, const void *key, gsize size)
{
	for (guint i = 0; i < rows->len; i++) {
		const char *row = rows->data + (gsize)i * g_array_get_element_size(rows);
		if (memcmp(row, key, size) == 0)
			return row;
	}
	return NULL;
}
