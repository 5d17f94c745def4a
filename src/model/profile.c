/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces written inside a machine or a scale set.
 *
 * They have the shape of a network interface's document, so nic.c reads them; what differs stands here. Their
 * addresses, private and public, are always dynamic. Those of a scale set are made anew for every instance from the
 * same words: nouns of different ids stand at the same place of the document.
 */
#include "model/compute.h"

#include "model/balancer.h"
#include "model/network.h"

#define MAX_NICS 32

/* FALSE and an error when the list cannot be read. */
static gboolean check_list(const struct spot *s, const char *list, guint *count)
{
	*count = spot_length(s, list);
	if (*count <= MAX_NICS)
		return TRUE;
	spot_error(s, list, "%u interfaces are more than the %d that a machine may have; use fewer", *count, MAX_NICS);
	return FALSE;
}

void profile_read(struct vm *v, const struct spot *s, const char *list, gboolean *have_primary)
{
	guint count;

	if (!check_list(s, list, &count))
		return;
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		g_autofree char *id = nested_id_in(v->noun.id, &item, "networkInterfaces");
		struct nic *n = id ? nic_new(&item, id, TRUE) : NULL;

		if (!n)
			continue;
		n->vm = v;
		vm_add_nic(v, n, &item, have_primary);
	}
}

guint profile_count(const struct spot *s, const char *list)
{
	const struct node *nics = spot_get(s, list);
	guint count = 0;

	for (guint i = 0; i < node_length(nics); i++)
		count += 1 + node_length(node_find(node_item(nics, i), "properties.ipConfigurations"));
	return count;
}

static void check_items(const struct spot *s, const char *list, const struct kind *kind)
{
	guint count = spot_length(s, list);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);

		follow(&item, "", kind, TRUE);
	}
}

void profile_check(const struct spot *s, const char *list)
{
	guint count;

	if (!check_list(s, list, &count))
		return;
	for (guint i = 0; i < count; i++) {
		struct spot nic = spot_item(s, list, i);
		guint configs = spot_length(&nic, "properties.ipConfigurations");

		follow(&nic, "properties.networkSecurityGroup", &kind_security_group, FALSE);
		for (guint k = 0; k < configs; k++) {
			struct spot c = spot_item(&nic, "properties.ipConfigurations", k);

			follow(&c, "properties.subnet", &kind_subnet, TRUE);
			check_items(&c, "properties.loadBalancerBackendAddressPools", &kind_pool);
			check_items(&c, "properties.loadBalancerInboundNatPools", &kind_nat_pool);
			check_items(&c, "properties.applicationSecurityGroups", &kind_app_group);
		}
	}
}

void profile_address(struct ip_config *c, const struct spot *s)
{
	static const char object[] = "properties.publicIPAddressConfiguration";
	struct public_address *p;
	g_autofree char *id = NULL;
	struct spot at;

	if (!spot_get(s, object) || !spot_is_object(s, object))
		return;
	at = spot_below(s, object);
	id = nested_id_in(c->noun.id, &at, "publicIPAddresses");
	if (!id || !spot_is_object(&at, "sku"))
		return;
	/* A block has no Basic addresses, so none of its own means Standard. */
	p = public_address_new(&at, id, spot_get(&at, "properties.publicIPPrefix") ? SKU_STANDARD : SKU_BASIC);
	if (p->v6 != c->v6) {
		spot_error(&at, "properties.publicIPAddressVersion",
		           "an %s address cannot be that of an %s configuration; make them equal",
		           p->v6 ? "IPv6" : "IPv4", c->v6 ? "IPv6" : "IPv4");
		return;
	}
	c->public_address = p;
	p->config = c;
}

void profile_link(struct ip_config *c, const struct spot *s)
{
	static const char list[] = "properties.loadBalancerInboundNatPools";
	guint count = spot_length(s, list);

	if (count > 0 && !c->nic->vm->scale_set) {
		spot_error(s, list, "NAT pools are for scale sets; give a single machine a NAT rule");
		return;
	}
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, list, i);
		struct nat_pool *p = follow(&item, "", &kind_nat_pool, TRUE);

		if (p)
			nat_pool_serve(p, c, &item);
	}
}
