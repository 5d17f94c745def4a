/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Back-end pools. Members join by their interface, which names the pool (ip_config.c), or are named here by address:
 * then whoever has that address in the network is the member.
 */
#include "model/balancer.h"
#include "model/network.h"

#define ADDRESSES     "properties.loadBalancerBackendAddresses"
#define MAX_ADDRESSES 1000

static void pool_address_free(gpointer data)
{
	struct pool_address *a = data;

	g_free(a->name);
	g_free(a->frontend_id);
	g_free(a);
}

void pool_free(struct pool *p)
{
	noun_clear(&p->noun);
	g_ptr_array_unref(p->members);
	g_ptr_array_unref(p->members6);
	g_ptr_array_unref(p->addresses);
	g_array_unref(p->tunnels);
	g_free(p);
}

static void read_tunnels(struct pool *p, const struct spot *s)
{
	static const char list[] = "properties.tunnelInterfaces";
	static const char *const types[] = {"None", "Internal", "External", NULL}; /* enum tunnel_type */
	static const char *const protocols[] = {"None", "Native", "VXLAN", NULL};  /* enum tunnel_protocol */
	guint count = spot_length(s, list);

	if (count > 2)
		spot_error(s, list, "%u tunnels are more than the two that a pool may have; remove some", count);
	if (count > 0 && p->lb->sku != SKU_GATEWAY)
		spot_error(s, list, "tunnels are for gateway load balancers; remove them, or change the SKU");
	for (guint i = 0; i < MIN(count, 2); i++) {
		struct spot item = spot_item(s, list, i);
		struct tunnel t = {0};

		if (!spot_is_object(&item, ""))
			continue;
		t.type = (enum tunnel_type)read_choice(&item, "type", types, TUNNEL_NONE);
		t.protocol = (enum tunnel_protocol)read_choice(&item, "protocol", protocols, TUNNEL_VXLAN);
		t.port = (guint16)read_number(&item, "port", 1, 65535, REQUIRED);
		t.identifier = read_number(&item, "identifier", 0, 0xffffff, REQUIRED);
		g_array_append_val(p->tunnels, t);
	}
}

void pool_add(struct load_balancer *l, const struct spot *s, const char *id)
{
	static const char *const modes[] = {"Automatic", "Manual", NULL};
	struct pool *p = g_new0(struct pool, 1);

	p->lb = l;
	p->members = g_ptr_array_new();
	p->members6 = g_ptr_array_new();
	p->addresses = g_ptr_array_new_with_free_func(pool_address_free);
	p->tunnels = g_array_new(FALSE, FALSE, sizeof(struct tunnel));
	noun_declare(&p->noun, s, id);
	p->drain_seconds = read_number(s, "properties.drainPeriodInSeconds", 0, G_MAXINT32, 0);
	p->manual = read_choice(s, "properties.syncMode", modes, 0) == 1;
	read_tunnels(p, s);
	g_ptr_array_add(l->pools, p);
}

/* FALSE when it is none, or names a place outside of its network. */
static gboolean read_member(struct pool_address *a, const struct spot *s)
{
	static const char property[] = "properties.ipAddress";
	const char *text = read_text(s, property, FALSE);
	const GArray *list;

	a->v6 = text && ip6_parse(text, &a->address6);
	if (!a->v6 && !read_address(s, property, &a->address))
		return FALSE;
	list = a->v6 ? a->network->prefixes6 : a->network->prefixes;
	for (guint i = 0; i < list->len; i++)
		if (a->v6 ? prefix6_has(g_array_index(list, struct prefix6, i), a->address6)
		          : prefix_has(g_array_index(list, struct prefix, i), a->address))
			return TRUE;
	spot_error(s, property, "%.60s is not in virtual network '%s'; choose an address inside it", text,
	           a->network->noun.name);
	return FALSE;
}

/* Who declares this address in the network; a dynamic one may move, so it counts for nobody. */
static struct ip_config *holder(const struct pool_address *a)
{
	for (guint i = 0; i < a->network->ports->len; i++) {
		const struct nic *n = a->network->ports->pdata[i];
		const GPtrArray *configs = a->v6 ? n->configs6 : n->configs;

		for (guint k = 0; k < configs->len; k++) {
			struct ip_config *c = configs->pdata[k];

			if (c->is_static &&
			    (a->v6 ? ip6_compare(c->address6, a->address6) == 0 : c->address == a->address))
				return c;
		}
	}
	return NULL;
}

static void join(struct pool *p, struct pool_address *a, const struct spot *s)
{
	struct ip_config *c = holder(a);

	if (!c) {
		spot_recorded(s, "properties.ipAddress",
		              "no interface of the network declares this address: nothing is sent there");
		return;
	}
	a->config = c;
	if (a->state == ADMIN_DRAIN)
		spot_recorded(s, "properties.adminState",
		              "members are not drained yet: it gets new flows all the same");
	if (a->state == ADMIN_DOWN) /* put down by hand: no member */
		return;
	if (g_ptr_array_find(c->pools, p, NULL))
		return;
	g_ptr_array_add(c->pools, p);
	g_ptr_array_sort(c->pools, noun_compare);
	g_ptr_array_add(a->v6 ? p->members6 : p->members, c);
}

/* The network of an address: its own, its subnet's, or its pool's. */
static struct network *network_of(const struct pool *p, const struct pool_address *a, const struct spot *s)
{
	struct network *own = follow(s, "properties.virtualNetwork", &kind_network, FALSE);

	if (a->subnet && own && a->subnet->network != own)
		spot_error(s, "properties.subnet", "subnet '%s' is not of virtual network '%s'; name one of the two",
		           a->subnet->noun.name, own->noun.name);
	return own ? own : a->subnet ? a->subnet->network : p->network;
}

static void add_address(struct pool *p, const struct spot *s)
{
	static const char *const states[] = {"None", "Up", "Down", "Drain", NULL}; /* enum admin_state */
	static const char frontend[] = "properties.loadBalancerFrontendIPConfiguration";
	g_autofree char *member = g_strconcat(frontend, ".id", NULL);
	struct pool_address *a;

	if (!spot_is_object(s, "") || !spot_is_object(s, "properties") || !spot_is_object(s, frontend))
		return;
	/* A report of a member that named the pool itself. */
	if (!spot_get(s, "properties.ipAddress") && !spot_get(s, frontend))
		return;
	a = g_new0(struct pool_address, 1);
	g_ptr_array_add(p->addresses, a);
	a->name = g_strdup(read_text(s, "name", TRUE));
	a->state = (enum admin_state)read_choice(s, "properties.adminState", states, ADMIN_NONE);
	if (spot_get(s, frontend)) {
		const char *id = read_text(s, member, TRUE);

		if (id && balancer_is_frontend_id(s, member, id))
			a->frontend_id = g_strdup(id);
		spot_recorded(s, frontend,
		              "load balancers of all regions have no data plane yet: nothing is sent there");
		return;
	}
	a->subnet = follow(s, "properties.subnet", &kind_subnet, FALSE);
	a->network = network_of(p, a, s);
	if (!a->network)
		spot_error(s, "properties.virtualNetwork",
		           "the address belongs to no network; name one here, or for the whole pool");
	else if (p->network && p->network != a->network)
		spot_error(s, "properties.virtualNetwork",
		           "the addresses of a pool are of one network, and this pool's is '%s'; use a pool of its own",
		           p->network->noun.name);
	else if (read_member(a, s))
		join(p, a, s);
}

/* After the interfaces, so that all who could have an address are there. */
void pool_link(struct build *b, struct pool *p)
{
	struct spot s = noun_spot(b, &p->noun);
	guint count = spot_length(&s, ADDRESSES);

	p->network = follow(&s, "properties.virtualNetwork", &kind_network, FALSE);
	if (count > MAX_ADDRESSES) {
		spot_error(&s, ADDRESSES, "%u addresses are more than the %d that a pool may have; use several", count,
		           MAX_ADDRESSES);
		return;
	}
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(&s, ADDRESSES, i);

		add_address(p, &item);
	}
	if (p->addresses->len > 0 && p->lb->sku == SKU_BASIC)
		spot_error(&s, ADDRESSES,
		           "members by address are for Standard load balancers; name the pool in the interface");
}
