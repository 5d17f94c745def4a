/* SPDX-License-Identifier: Apache-2.0 */
/* Front ends of a load balancer: the address that others know. */
#include "model/balancer.h"
#include "model/network.h"

void frontend_free(struct frontend *f)
{
	noun_clear(&f->noun);
	g_ptr_array_unref(f->zones);
	g_free(f->gateway_id);
	g_free(f);
}

static void read_zones(struct frontend *f, const struct spot *s)
{
	guint count = spot_length(s, "zones");

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, "zones", i);
		const char *zone = read_text(&item, "", FALSE);

		if (zone)
			g_ptr_array_add(f->zones, g_strdup(zone));
	}
}

/* An address without a method is meant; a dynamic one's is what the platform chose elsewhere. */
static void read_private(struct frontend *f, const struct spot *s)
{
	static const char *const methods[] = {"Dynamic", "Static", NULL};
	static const char *const versions[] = {"IPv4", "IPv6", NULL};
	static const char property[] = "properties.privateIPAddress";
	gboolean written = spot_get(s, property) != NULL;

	f->v6 = read_choice(s, "properties.privateIPAddressVersion", versions, 0) == 1;
	if (read_choice(s, "properties.privateIPAllocationMethod", methods, written) == 0)
		return;
	f->is_static = f->v6 ? read_address6(s, property, &f->address6) : read_address(s, property, &f->address);
	if (!written)
		spot_error(s, property, "a static front end needs an address; add it, or make the method \"Dynamic\"");
}

void frontend_add(struct load_balancer *l, const struct spot *s, const char *id)
{
	struct frontend *f = g_new0(struct frontend, 1);

	f->lb = l;
	f->zones = g_ptr_array_new_with_free_func(g_free);
	noun_declare(&f->noun, s, id);
	read_zones(f, s);
	if (spot_get(s, "properties.subnet"))
		read_private(f, s);
	g_ptr_array_add(l->frontends, f);
}

static void link_public(struct frontend *f, const struct spot *s)
{
	static const char property[] = "properties.publicIPAddress";
	struct public_address *p = follow(s, property, &kind_public_address, FALSE);

	if (!p || !public_address_is_free(p, s, property))
		return;
	f->public_address = p;
	f->v6 = p->v6;
	p->frontend = f;
	if (p->sku != f->lb->sku)
		spot_warning(
		        s, property,
		        "address '%s' is %s and the load balancer is %s, which the original refuses; make them equal",
		        p->noun.name, sku_name(p->sku), sku_name(f->lb->sku));
}

static void link_prefix(struct frontend *f, const struct spot *s)
{
	f->public_prefix = follow(s, "properties.publicIPPrefix", &kind_public_prefix, FALSE);
	if (!f->public_prefix)
		return;
	f->v6 = f->public_prefix->v6;
	if (f->lb->sku == SKU_BASIC)
		spot_error(s, "properties.publicIPPrefix",
		           "a block is for Standard load balancers; name an address, or make the load balancer one");
}

static void link_subnet(struct frontend *f, const struct spot *s)
{
	static const char property[] = "properties.privateIPAddress";

	f->subnet = follow(s, "properties.subnet", &kind_subnet, FALSE);
	if (!f->subnet)
		return;
	if (f->v6 && f->subnet->prefixes6->len == 0)
		spot_error(s, "properties.privateIPAddressVersion",
		           "subnet '%s' has no IPv6 prefix; add a /64 to it, or make the front end an IPv4 one",
		           f->subnet->noun.name);
	else if (f->v6 && f->is_static)
		address_check_inside6(s, property, f->subnet, f->address6);
	else if (f->is_static)
		address_check_inside(s, property, f->subnet, f->address);
}

/* It may be another's, in another subscription: its id is all that is known of it. */
static void read_gateway(struct frontend *f, const struct spot *s)
{
	static const char property[] = "properties.gatewayLoadBalancer.id";
	const char *id = spot_is_object(s, "properties.gatewayLoadBalancer") ? read_text(s, property, FALSE) : NULL;

	if (id && balancer_is_frontend_id(s, property, id))
		f->gateway_id = g_strdup(id);
}

void frontend_link(struct build *b, struct frontend *f)
{
	struct spot s = noun_spot(b, &f->noun);
	gboolean public = spot_get(&s, "properties.publicIPAddress") != NULL;
	gboolean prefix = spot_get(&s, "properties.publicIPPrefix") != NULL;
	gboolean internal = spot_get(&s, "properties.subnet") != NULL;

	if (internal && (public || prefix))
		spot_error(&s, "properties.subnet", "a front end is either public or in a subnet; keep one of the two");
	else if (public && prefix)
		spot_error(&s, "properties.publicIPPrefix",
		           "a front end has an address or a block of them; keep one of the two");
	else if (!public && !prefix && !internal)
		spot_error(&s, "", "the front end has neither publicIPAddress nor subnet; add one");
	else if (!internal && f->lb->sku == SKU_GATEWAY)
		spot_error(&s, "", "a gateway load balancer is internal; give the front end a subnet");
	link_public(f, &s);
	link_prefix(f, &s);
	link_subnet(f, &s);
	read_gateway(f, &s);
}
