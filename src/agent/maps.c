/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/internal.h"
#include "lab/error.h"

#include "abi/verdict.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

static int kernel_put(void *map, const void *key, const void *value)
{
	return bpf_map_update_elem(*(int *)map, key, value, BPF_ANY) ? -errno : 0;
}

static int kernel_remove(void *map, const void *key)
{
	return bpf_map_delete_elem(*(int *)map, key) ? -errno : 0;
}

static int kernel_next(void *map, const void *key, void *next_key, void *value)
{
	if (bpf_map_get_next_key(*(int *)map, key, next_key) || bpf_map_lookup_elem(*(int *)map, next_key, value))
		return -errno;
	return 0;
}

static const struct sync_ops KERNEL = {kernel_put, kernel_remove, kernel_next};

/* The arrays of the tables are taken as records, so a key and its value must lie side by side. */
#define SIDE_BY_SIDE(type)                                                                                             \
	_Static_assert(offsetof(struct type, value) == sizeof(((struct type *)0)->key) &&                              \
	                       sizeof(struct type) ==                                                                  \
	                               sizeof(((struct type *)0)->key) + sizeof(((struct type *)0)->value),            \
	               #type " is a record")
SIDE_BY_SIDE(table_mac);
SIDE_BY_SIDE(table_addr);
SIDE_BY_SIDE(table_route);
SIDE_BY_SIDE(table_peer);
SIDE_BY_SIDE(table_endpoint);
SIDE_BY_SIDE(table_dnat);
SIDE_BY_SIDE(table_snat);
SIDE_BY_SIDE(table_addr6);
SIDE_BY_SIDE(table_route6);
SIDE_BY_SIDE(table_endpoint6);
SIDE_BY_SIDE(table_dnat6);
SIDE_BY_SIDE(table_snat6);
SIDE_BY_SIDE(table_forwarder);
SIDE_BY_SIDE(table_forwarder6);

#define INIT(which, field, type)                                                                                       \
	sync_init(&a->syncs[which], #field, &KERNEL, &a->objects->field, sizeof(((struct type *)0)->key),              \
	          sizeof(((struct type *)0)->value), objects_capacity(a->objects->field))

void maps_init(struct agent *a)
{
	INIT(MAP_MACS, macs, table_mac);
	INIT(MAP_ADDRS, addrs, table_addr);
	INIT(MAP_ROUTES, routes, table_route);
	INIT(MAP_PEERS, peers, table_peer);
	INIT(MAP_ENDPOINTS, endpoints, table_endpoint);
	INIT(MAP_DNAT, dnat, table_dnat);
	INIT(MAP_SNAT, snat, table_snat);
	INIT(MAP_ADDRS6, addrs6, table_addr6);
	INIT(MAP_ROUTES6, routes6, table_route6);
	INIT(MAP_ENDPOINTS6, endpoints6, table_endpoint6);
	INIT(MAP_DNAT6, dnat6, table_dnat6);
	INIT(MAP_SNAT6, snat6, table_snat6);
	INIT(MAP_FORWARDERS, forwarders, table_forwarder);
	INIT(MAP_FORWARDERS6, forwarders6, table_forwarder6);
}

void maps_records(const struct tables *t, const GArray *endpoints, const GArray *endpoints6,
                  struct map_records out[MAP_COUNT])
{
	const GArray *arrays[MAP_COUNT] = {[MAP_MACS] = t->macs,
	                                   [MAP_ADDRS] = t->addrs,
	                                   [MAP_ROUTES] = t->routes,
	                                   [MAP_PEERS] = t->peers,
	                                   [MAP_ENDPOINTS] = endpoints,
	                                   [MAP_DNAT] = t->dnat,
	                                   [MAP_SNAT] = t->snat,
	                                   [MAP_ADDRS6] = t->addrs6,
	                                   [MAP_ROUTES6] = t->routes6,
	                                   [MAP_ENDPOINTS6] = endpoints6,
	                                   [MAP_DNAT6] = t->dnat6,
	                                   [MAP_SNAT6] = t->snat6,
	                                   [MAP_FORWARDERS] = t->forwarders,
	                                   [MAP_FORWARDERS6] = t->forwarders6};

	for (guint m = 0; m < MAP_COUNT; m++)
		out[m] = (struct map_records){arrays[m]->data, arrays[m]->len};
}

static gboolean write_array(struct agent *a, int map, guint32 index, const void *value, GError **error)
{
	a->calls++;
	if (bpf_map_update_elem(map, &index, value, BPF_ANY))
		return lab_fail_errno(error, "cannot write a map");
	return TRUE;
}

gboolean maps_write_host(struct agent *a, const struct tables *t, GError **error)
{
	struct esc_host h = t->self;

	h.uplink_ifindex = a->uplink_ifindex;
	h.overlay_ifindex = a->overlay_ifindex;
	h.prober_ifindex = a->prober_ifindex;
	memcpy(h.uplink_mac, a->uplink_mac, 6);
	memcpy(h.nexthop_mac, a->nexthop_mac, 6);
	if (!memcmp(&h, &a->held_host, sizeof(h)))
		return TRUE;
	if (!write_array(a, a->objects->host, 0, &h, error))
		return FALSE;
	a->held_host = h;
	return TRUE;
}

static gboolean write_port6(struct agent *a, guint number, const struct esc_port6 *port, GError **error)
{
	struct esc_port6 *held = &a->held_ports6[number];

	if (!memcmp(port, held, sizeof(*port)))
		return TRUE;
	if (!write_array(a, a->objects->ports6, number, port, error))
		return FALSE;
	*held = *port;
	return TRUE;
}

/* The interface leads to the port exactly while the port names the interface, so what `ifaces` holds is known from
 * `ports`. */
gboolean maps_write_port(struct agent *a, guint number, const struct esc_port *port, const struct esc_port6 *port6,
                         GError **error)
{
	struct esc_port *held = &a->held_ports[number];
	const guint32 none = 0, own = number;

	if (!write_port6(a, number, port6, error))
		return FALSE;
	if (!memcmp(port, held, sizeof(*port)))
		return TRUE;
	if (held->ifindex && held->ifindex != port->ifindex &&
	    !write_array(a, a->objects->ifaces, held->ifindex, &none, error))
		return FALSE;
	if (!write_array(a, a->objects->ports, number, port, error) ||
	    (port->ifindex && !write_array(a, a->objects->ifaces, port->ifindex, &own, error)))
		return FALSE;
	*held = *port;
	return TRUE;
}

/* A number that somebody else gets starts counting from zero. */
void maps_forget_counters(struct agent *a, guint number)
{
	g_autofree struct esc_count *zero = g_new0(struct esc_count, (gsize)libbpf_num_possible_cpus());

	for (guint v = 0; v < ESC_V_COUNT; v++)
		write_array(a, a->objects->drops, number * ESC_V_COUNT + v, zero, NULL);
}

#define KEY_MAX sizeof(struct esc_flow_key6)

/* The walk may meet entries twice, which is harmless. `port_at`: where the port's number is in a key. */
static void forget_flows(int map, gsize port_at, const gboolean gone[ESC_MAX_PORTS])
{
	guint limit = 2 * objects_capacity(map);
	guint8 key[KEY_MAX], next[KEY_MAX];
	gboolean have = FALSE, more = TRUE;

	while (limit-- && more) {
		guint16 port = 0;

		more = bpf_map_get_next_key(map, have ? key : NULL, next) == 0;
		if (have)
			memcpy(&port, key + port_at, sizeof(port));
		if (have && port < ESC_MAX_PORTS && gone[port])
			bpf_map_delete_elem(map, key);
		memcpy(key, next, sizeof(key));
		have = TRUE;
	}
}

/* Entries of ports that are gone would hold room until somebody needs it. */
void maps_forget_flows(struct agent *a, const gboolean gone[ESC_MAX_PORTS])
{
	forget_flows(a->objects->flows, offsetof(struct esc_flow_key, port), gone);
	forget_flows(a->objects->flows6, offsetof(struct esc_flow_key6, port), gone);
}

void maps_forget_rules(struct agent *a, const struct tables *before, const struct tables *after)
{
	g_autofree struct esc_count *zero = g_new0(struct esc_count, (gsize)libbpf_num_possible_cpus());
	guint capacity = objects_capacity(a->objects->rules), i = 0;

	for (guint j = 0; j < after->rules->len; j++) {
		const struct table_rule *r = after->rules->pdata[j];
		const struct table_rule *old = NULL;

		while (i < before->rules->len && ((struct table_rule *)before->rules->pdata[i])->number < r->number)
			i++;
		if (i < before->rules->len)
			old = before->rules->pdata[i];
		if (a->hash && r->number < capacity &&
		    (!old || old->number != r->number || g_strcmp0(old->name, r->name) || g_strcmp0(old->id, r->id)))
			write_array(a, a->objects->rules, r->number, zero, NULL);
	}
}
