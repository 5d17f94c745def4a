/* SPDX-License-Identifier: Apache-2.0 */
/* The instances of every role, their interfaces and own public addresses, and the network when it is their own. */
#include "formats/cloudservice/internal.h"

#include <string.h>

#define OWN_PREFIX "10.0.0.0/16"
#define OWN_SUBNET "roles"

char *role_resource(const struct service *s, const struct role *r)
{
	g_autofree char *text = g_strdup_printf("%s.%s", s->name, r->name);

	return emit_name(text);
}

char *instance_name(const struct role *r, guint instance)
{
	g_autofree char *text = g_strdup_printf("%s_IN_%u", r->name, instance);

	return emit_name(text);
}

char *instance_rule_name(const struct role *r, guint instance, const char *endpoint)
{
	g_autofree char *text = g_strdup_printf("%s_IN_%u.%s", r->name, instance, endpoint);

	return emit_name(text);
}

/* An endpoint may be called anything, and its name stands after a dot. */
char *instance_remote_name(const struct role *r, guint instance)
{
	g_autofree char *text = g_strdup_printf("%s_IN_%u-rdp", r->name, instance);

	return emit_name(text);
}

static struct node *role_subnet(const struct service *s, const struct role *r, const element *at)
{
	const element *subnet = xml_find(r->addresses, "Subnets/Subnet");
	const char *name = subnet ? xml_attribute(subnet, "name") : NULL;
	g_autofree char *fit = emit_name(s->site ? (name ? name : "default") : OWN_SUBNET);
	g_autofree char *full = g_strdup_printf("%s/%s", s->site ? s->site : s->name, fit);

	return emit_reference_in(s->m, subnet ? subnet : at, s->site_group ? s->site_group : s->m->group,
	                         VNET "/subnets", full);
}

static void note_addresses(const struct service *s, const struct role *r)
{
	const element *subnet = xml_find(r->addresses, "Subnets/Subnet");
	const element *public = xml_find(r->addresses, "PublicIPs/PublicIP");

	if (s->site && !subnet)
		xml_note(s->configuration, r->configured ? r->configured : xml_root(s->configuration), s->notes,
		         "role '%.80s' names no subnet of '%.80s': 'default' is taken; add Subnets to its "
		         "InstanceAddress",
		         r->name, s->site);
	if (!s->site && subnet)
		xml_note(s->configuration, subnet, s->notes,
		         "without a VirtualNetworkSite there is no such subnet: the deployment has a network of its "
		         "own");
	for (const element *e = subnet ? xml_next(subnet, "Subnet") : NULL; e; e = xml_next(e, "Subnet"))
		xml_note(s->configuration, e, s->notes, "all instances are in the first subnet; this one is not used");
	for (const element *e = public ? xml_next(public, "PublicIP") : NULL; e; e = xml_next(e, "PublicIP"))
		xml_note(s->configuration, e, s->notes,
		         "an instance has one public address, the first; this one is left out");
}

static void emit_network(struct service *s)
{
	const element *at = xml_root(s->definition);
	struct node *p = emit_object(at), *space = emit_object(at), *prefixes = emit_list(at), *subnets = emit_list(at);
	struct node *subnet = emit_object(at);

	node_append(prefixes, emit_text(at, OWN_PREFIX));
	node_set(space, "addressPrefixes", prefixes);
	node_set(subnet, "addressPrefix", emit_text(at, OWN_PREFIX));
	node_append(subnets, emit_nested(at, OWN_SUBNET, subnet));
	node_set(p, "addressSpace", space);
	node_set(p, "subnets", subnets);
	emit_document(s->m, at, VNET, s->name, NULL, p);
}

static void emit_set(struct service *s)
{
	const element *at = xml_root(s->definition);
	struct node *p = emit_object(at);

	node_set(p, "platformFaultDomainCount", node_int(2));
	node_set(p, "platformUpdateDomainCount", node_int(5));
	emit_document(s->m, at, "Microsoft.Compute/availabilitySets", s->name, NULL, p);
}

/* ------------------------------------------------------------------ an interface */

static gboolean has_pool(const struct role *r, const struct endpoint *e)
{
	for (guint i = 0; i < r->endpoints->len; i++) { /* the first endpoint of a balancer stands for all of it */
		const struct endpoint *other = r->endpoints->pdata[i];

		if (other == e)
			return TRUE;
		if (other->kind == ENDPOINT_INPUT && g_strcmp0(other->balancer, e->balancer) == 0)
			return FALSE;
	}
	return TRUE;
}

static struct node *pools(const struct service *s, const struct role *r)
{
	struct node *list = emit_list(r->at);

	for (guint i = 0; i < r->endpoints->len; i++) {
		const struct endpoint *e = r->endpoints->pdata[i];
		g_autofree char *balancer = NULL, *pool = emit_name(r->name), *full = NULL;

		if (e->kind != ENDPOINT_INPUT || !has_pool(r, e))
			continue;
		balancer = endpoint_balancer(s, e);
		full = g_strdup_printf("%s/%s", balancer, pool);
		node_append(list, emit_reference(s->m, e->at, LB "/backendAddressPools", full));
	}
	return list;
}

static void add_nat_rule(const struct service *s, struct node *list, const element *at, const char *balancer,
                         const char *name)
{
	g_autofree char *full = g_strdup_printf("%s/%s", balancer, name);

	node_append(list, emit_reference(s->m, at, LB "/inboundNatRules", full));
}

static struct node *nat_rules(const struct service *s, const struct role *r, guint instance)
{
	struct node *list = emit_list(r->at);

	for (guint i = 0; i < r->endpoints->len; i++) {
		const struct endpoint *e = r->endpoints->pdata[i];
		g_autofree char *balancer = endpoint_balancer(s, e);

		if (e->kind == ENDPOINT_INSTANCE) {
			g_autofree char *name = instance_rule_name(r, instance, e->name);

			add_nat_rule(s, list, e->at, balancer, name);
		}
	}
	if (r->remote) {
		g_autofree char *name = instance_remote_name(r, instance);

		add_nat_rule(s, list, r->at, s->name, name);
	}
	return list;
}

static struct node *dns_servers(const struct service *s, GError **error)
{
	const element *e = xml_find(s->network, "Dns/DnsServers/DnsServer");
	struct node *settings, *list;

	if (!e)
		return NULL;
	settings = emit_object(e);
	list = emit_list(e);
	node_set(settings, "dnsServers", list);
	for (; e; e = xml_next(e, "DnsServer")) {
		const char *address;

		if (!xml_get_text(s->configuration, e, "IPAddress", TRUE, &address, error)) {
			node_unref(settings);
			return NULL;
		}
		node_append(list, emit_text(e, address));
	}
	return settings;
}

/* The address of an instance's own, and its place in the configuration. */
static gboolean add_public(struct service *s, const struct role *r, const char *instance, struct node *p,
                           GError **error)
{
	const element *e = xml_find(r->addresses, "PublicIPs/PublicIP");
	struct node *address, *sku, *dns;
	g_autofree char *name = NULL, *fit = NULL;
	const char *label;
	guint idle;

	if (!e)
		return TRUE;
	if (!xml_get_text(s->configuration, e, "name", TRUE, &label, error) ||
	    !xml_get_number(s->configuration, e, "idleTimeoutInMinutes", 4, 30, 0, &idle, error))
		return FALSE;
	name = g_strdup_printf("%s.%s", instance, label);
	fit = emit_name(name);
	address = emit_object(e);
	sku = emit_object(e);
	node_set(sku, "name", emit_text(e, "Basic"));
	node_set(address, "publicIPAllocationMethod", emit_text(e, "Dynamic"));
	if (idle)
		node_set(address, "idleTimeoutInMinutes", node_int(idle));
	label = xml_attribute(e, "domainNameLabel");
	if (label) {
		g_autofree char *full = g_strdup_printf("%s-%s", label, instance);
		g_autofree char *lower = g_ascii_strdown(full, -1);

		g_strdelimit(lower, "_.", '-');
		dns = emit_object(e);
		node_set(dns, "domainNameLabel", emit_text(e, lower));
		node_set(address, "dnsSettings", dns);
	}
	emit_document(s->m, e, PUBLIC, fit, sku, address);
	node_set(p, "publicIPAddress", emit_reference(s->m, e, PUBLIC, fit));
	return TRUE;
}

/* What an interface has is mostly the configuration's, so that is where it is from when there is one. */
static gboolean emit_nic(struct service *s, const struct role *r, guint instance, const char *name, GError **error)
{
	g_autofree char *group = role_resource(s, r);
	const element *at = r->configured ? r->configured : r->at;
	struct node *p = emit_object(at), *configs = emit_list(at), *config = emit_object(at);
	struct node *groups = emit_list(at), *dns;
	GError *wrong = NULL;

	s->m->x = r->configured ? s->configuration : s->definition;
	node_set(p, "networkSecurityGroup", emit_reference(s->m, at, NSG, group));
	node_set(p, "ipConfigurations", configs);
	node_append(configs, emit_nested(at, "default", config));
	node_set(config, "privateIPAllocationMethod", emit_text(at, "Dynamic"));
	node_set(config, "subnet", role_subnet(s, r, at));
	node_append(groups, emit_reference(s->m, at, ASG, group));
	node_set(config, "applicationSecurityGroups", groups);
	node_set(config, "loadBalancerBackendAddressPools", emit_elsewhere(pools(s, r)));
	node_set(config, "loadBalancerInboundNatRules", emit_elsewhere(nat_rules(s, r, instance)));
	dns = dns_servers(s, &wrong);
	if (dns)
		node_set(p, "dnsSettings", dns);
	if (wrong || !add_public(s, r, name, config, &wrong)) {
		g_propagate_error(error, wrong);
		node_unref(p);
		return FALSE;
	}
	emit_document(s->m, at, NIC, name, NULL, p);
	s->m->x = s->definition;
	return TRUE;
}

/* ------------------------------------------------------------------ a machine */

/* Which certificates an instance is given: names and thumbprints, neither of which is a secret. */
static struct node *certificates(const struct service *s, const struct role *r)
{
	struct node *list = emit_list(r->at);

	for (const element *c = xml_find(r->configured, "Certificates/Certificate"); c;
	     c = xml_next(c, "Certificate")) {
		const char *name = xml_attribute(c, "name"), *thumbprint = xml_attribute(c, "thumbprint");
		struct node *o = emit_object(c);

		node_set(o, "name", emit_text(c, name ? name : ""));
		node_set(o, "thumbprint", emit_text(c, thumbprint ? thumbprint : ""));
		node_append(list, o);
		if (!thumbprint || strlen(thumbprint) != 40 || strspn(thumbprint, "0123456789abcdefABCDEF") != 40)
			xml_note(s->configuration, c, s->notes, "the thumbprint is not 40 hexadecimal digits");
	}
	return list;
}

static void emit_machine(struct service *s, const struct role *r, const char *name, const struct node *certificates)
{
	struct node *p = emit_object(r->at), *profile = emit_object(r->at), *nics = emit_list(r->at);
	struct node *os = emit_object(r->at);

	node_append(nics, emit_reference(s->m, r->at, NIC, name));
	node_set(profile, "networkInterfaces", nics);
	node_set(p, "networkProfile", profile);
	node_set(p, "availabilitySet", emit_reference(s->m, r->at, "Microsoft.Compute/availabilitySets", s->name));
	node_set(os, "computerName", emit_text(r->at, name));
	if (node_length(certificates))
		node_set(os, "certificates", emit_elsewhere(node_copy(certificates)));
	node_set(p, "osProfile", os);
	emit_document(s->m, r->at, "Microsoft.Compute/virtualMachines", name, NULL, p);
}

gboolean instances_emit(struct service *s, GError **error)
{
	s->m->x = s->definition;
	if (!s->site)
		emit_network(s);
	emit_set(s);
	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];
		g_autoptr(node) given = certificates(s, r);

		note_addresses(s, r);
		for (guint k = 0; k < r->instances; k++) {
			g_autofree char *name = instance_name(r, k);

			if (!emit_nic(s, r, k, name, error))
				return FALSE;
			emit_machine(s, r, name, given);
		}
	}
	return TRUE;
}
