/* SPDX-License-Identifier: Apache-2.0 */
#include "model/outer.h"

void outer_init(struct graph *g)
{
	g->gateways = g_ptr_array_new_with_free_func((GDestroyNotify)gateway_free);
	g->local_gateways = g_ptr_array_new_with_free_func((GDestroyNotify)local_gateway_free);
	g->connections = g_ptr_array_new_with_free_func((GDestroyNotify)gateway_connection_free);
	g->circuits = g_ptr_array_new_with_free_func((GDestroyNotify)circuit_free);
	g->sql_servers = g_ptr_array_new_with_free_func((GDestroyNotify)sql_server_free);
	g->dns_zones = g_ptr_array_new_with_free_func((GDestroyNotify)zone_free);
	g->watchers = g_ptr_array_new_with_free_func((GDestroyNotify)watcher_free);
}

void outer_clear(struct graph *g)
{
	g_ptr_array_unref(g->gateways);
	g_ptr_array_unref(g->local_gateways);
	g_ptr_array_unref(g->connections);
	g_ptr_array_unref(g->circuits);
	g_ptr_array_unref(g->sql_servers);
	g_ptr_array_unref(g->dns_zones);
	g_ptr_array_unref(g->watchers);
}

#define FOR_EACH(list, call)                                                                                           \
	for (guint i_ = 0; i_ < (list)->len; i_++)                                                                     \
	call(b, (list)->pdata[i_])

void outer_link(struct build *b)
{
	struct graph *g = b->graph;

	FOR_EACH(g->gateways, gateway_link);
	FOR_EACH(g->connections, gateway_connection_link);
	FOR_EACH(g->sql_servers, sql_server_link);
	FOR_EACH(g->dns_zones, zone_link);
	FOR_EACH(g->watchers, watcher_link);
}

void outer_check(struct build *b)
{
	struct graph *g = b->graph;

	FOR_EACH(g->gateways, gateway_check);
	FOR_EACH(g->local_gateways, local_gateway_check);
	FOR_EACH(g->connections, gateway_connection_check);
	FOR_EACH(g->circuits, circuit_check);
	FOR_EACH(g->sql_servers, sql_server_check);
	FOR_EACH(g->watchers, watcher_check);
	zones_check(b);
}
