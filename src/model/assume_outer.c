/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways, the networks beyond them and circuits that are taken to exist: no more than their referrers need. */
#include "model/assume.h"

#include <string.h>

/* A property that any of the referrers has, or NULL. */
static const struct node *told(const struct wanted *w, const char *dotted)
{
	for (guint i = 0; i < w->parts->len; i++) {
		const struct missing *m = w->parts->pdata[i];
		const struct node *n = node_find(m->referrer, dotted);

		if (n)
			return n;
	}
	return NULL;
}

static struct node *id_node(const struct wanted *w, const char *type, const char *name, const char *below)
{
	struct node *o = node_object();
	g_auto(GStrv) p = g_strsplit(w->id, "/", -1);

	node_set(o, "id",
	         node_stringf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/%s/%s%s", p[2], p[4],
	                      type, name, below));
	return o;
}

/* In a network of its own, by an address of its own: both are assumed in the next round. */
void assume_gateway(const struct wanted *w, const GPtrArray *documents, struct node *resource, struct node *properties)
{
	const char *type = node_str(told(w, "properties.connectionType"), "IPsec");
	gboolean circuit = g_ascii_strcasecmp(type, "ExpressRoute") == 0;
	const char *name = strrchr(w->id, '/') + 1;
	g_autofree char *network = g_strconcat(name, "-network", NULL), *address = g_strconcat(name, "-ip", NULL);
	struct node *config = node_object(), *inner = node_object(), *list = node_array(), *sku = node_object();

	(void)documents;
	(void)resource;
	node_set(inner, "subnet", id_node(w, "virtualNetworks", network, "/subnets/GatewaySubnet"));
	node_set(inner, "publicIPAddress", id_node(w, "publicIPAddresses", address, ""));
	node_set(config, "name", node_string("assumed"));
	node_set(config, "properties", inner);
	node_append(list, config);
	node_set(sku, "name", node_string(circuit ? "ErGw1AZ" : "VpnGw1"));
	node_set(properties, "gatewayType", node_string(circuit ? "ExpressRoute" : "Vpn"));
	node_set(properties, "sku", sku);
	node_set(properties, "enableBgp", node_bool(!circuit && node_truth(told(w, "properties.enableBgp"), FALSE)));
	node_set(properties, "ipConfigurations", list);
}

/* Where the device is, nobody can guess; the name says so. What is behind it is not guessed at all. */
void assume_local_gateway(const struct wanted *w, const GPtrArray *documents, struct node *resource,
                          struct node *properties)
{
	(void)documents;
	(void)resource;
	node_set(properties, "fqdn", node_string("assumed.invalid"));
	if (node_truth(told(w, "properties.enableBgp"), FALSE)) {
		struct node *speaker = node_object();

		node_set(speaker, "asn", node_int(64512));
		node_set(properties, "bgpSettings", speaker);
	}
}

void assume_circuit(const struct wanted *w, const GPtrArray *documents, struct node *resource, struct node *properties)
{
	struct node *line = node_object();

	(void)w;
	(void)documents;
	(void)resource;
	node_set(line, "serviceProviderName", node_string("assumed"));
	node_set(line, "peeringLocation", node_string("assumed"));
	node_set(line, "bandwidthInMbps", node_int(50));
	node_set(properties, "serviceProviderProperties", line);
}
