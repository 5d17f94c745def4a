/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as plain data: their life, and the name of their content. The bytes are in tables_write.c and tables_read.c.
 */
#include "tables.h"
#include "tables_format.h"

static void port_free(gpointer p)
{
	struct table_port *port = p;
	g_free(port->id);
	g_free(port->label);
	g_free(port->vm);
	g_free(port);
}

static void rule_free(gpointer p)
{
	struct table_rule *rule = p;
	g_free(rule->name);
	g_free(rule->id);
	g_free(rule->file);
	g_free(rule);
}

static void probe_free(gpointer p)
{
	struct table_probe *probe = p;
	g_free(probe->id);
	g_free(probe->nic);
	g_free(probe->path);
	g_free(probe);
}

struct tables *tables_new(void)
{
	struct tables *t = g_new0(struct tables, 1);
	t->ports = g_ptr_array_new_with_free_func(port_free);
	t->rules = g_ptr_array_new_with_free_func(rule_free);
	t->probes = g_ptr_array_new_with_free_func(probe_free);
	t->blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	for (guint i = 0; i < FORMAT_ARRAYS; i++)
		*tables_array(t, i) = g_array_new(FALSE, TRUE, tables_arrays[i].size);
	return t;
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	g_ptr_array_unref(t->ports);
	g_ptr_array_unref(t->rules);
	g_ptr_array_unref(t->probes);
	g_ptr_array_unref(t->blobs);
	for (guint i = 0; i < FORMAT_ARRAYS; i++)
		g_array_unref(*tables_array(t, i));
	g_free(t);
}

const struct tables_array_form tables_arrays[FORMAT_ARRAYS] = {
        {"addresses", sizeof(struct table_addr), sizeof(struct esc_addr_key), G_STRUCT_OFFSET(struct tables, addrs)},
        {"routes", sizeof(struct table_route), sizeof(struct esc_route_key), G_STRUCT_OFFSET(struct tables, routes)},
        {"macs", sizeof(struct table_mac), sizeof(struct esc_mac_key), G_STRUCT_OFFSET(struct tables, macs)},
        {"peers", sizeof(struct table_peer), sizeof(guint32), G_STRUCT_OFFSET(struct tables, peers)},
        {"endpoints", sizeof(struct table_endpoint), sizeof(struct esc_endpoint_key),
         G_STRUCT_OFFSET(struct tables, endpoints)},
        {"dnat", sizeof(struct table_dnat), sizeof(struct esc_dnat_key), G_STRUCT_OFFSET(struct tables, dnat)},
        {"snat", sizeof(struct table_snat), sizeof(struct esc_snat_key), G_STRUCT_OFFSET(struct tables, snat)},
        {"IPv6 addresses", sizeof(struct table_addr6), sizeof(struct esc_addr_key6),
         G_STRUCT_OFFSET(struct tables, addrs6)},
        {"IPv6 routes", sizeof(struct table_route6), sizeof(struct esc_route_key6),
         G_STRUCT_OFFSET(struct tables, routes6)},
        {"IPv6 endpoints", sizeof(struct table_endpoint6), sizeof(struct esc_endpoint_key6),
         G_STRUCT_OFFSET(struct tables, endpoints6)},
        {"IPv6 dnat", sizeof(struct table_dnat6), sizeof(struct esc_dnat_key6), G_STRUCT_OFFSET(struct tables, dnat6)},
        {"IPv6 snat", sizeof(struct table_snat6), sizeof(struct esc_snat_key6), G_STRUCT_OFFSET(struct tables, snat6)},
        {"forwarders", sizeof(struct table_forwarder), sizeof(struct esc_mac_key),
         G_STRUCT_OFFSET(struct tables, forwarders)},
        {"IPv6 forwarders", sizeof(struct table_forwarder6), sizeof(struct esc_mac_key),
         G_STRUCT_OFFSET(struct tables, forwarders6)},
};

GArray **tables_array(const struct tables *t, guint i)
{
	return (GArray **)G_STRUCT_MEMBER_P(t, tables_arrays[i].offset);
}

char *tables_hash(const struct tables *t)
{
	struct tables content = *t;
	content.revision = 0;
	content.live = LIVE_REEVALUATE;
	g_autoptr(GBytes) bytes = tables_serialize(&content);
	return g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
}
