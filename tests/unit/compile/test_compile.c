/* SPDX-License-Identifier: Apache-2.0 */
/* A small network through the whole compiler, on one host and on three. */
#include "blob.h"
#include "fleet.h"
#include <string.h>

#define NSG_RULE(name, priority, direction, access, protocol, source, ports)                                           \
	"{'name':'" name "','properties':{'priority':" priority ",'direction':'" direction "','access':'" access       \
	"','protocol':'" protocol "','sourceAddressPrefix':'" source                                                   \
	"','sourcePortRange':'*','destinationAddressPrefix':'*','destinationPortRange':'" ports "'}}"

#define POOL ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/backendAddressPools/web'}]"
#define NAT  ",'loadBalancerInboundNatRules':[{'id':'~loadBalancers/lb/inboundNatRules/ssh'}]"
#define OWN  ",'publicIPAddress':{'id':'~publicIPAddresses/shop'}"

static struct kit *world(void)
{
	struct kit *k = kit_new();
	kit_add(k, "networkSecurityGroups", "web",
	        "'securityRules':[" NSG_RULE("http", "100", "Inbound", "Allow", "Tcp", "Internet", "80") "]");
	kit_add(k, "networkSecurityGroups", "db", "'securityRules':[%s]",
	        NSG_RULE("shut", "200", "Inbound", "Deny", "*", "10.0.1.0/24", "*"));
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':["
	        "{'name':'web','properties':{'addressPrefix':'10.0.1.0/"
	        "24','networkSecurityGroup':{'id':'~networkSecurityGroups/web'}}},"
	        "{'name':'db','properties':{'addressPrefix':'10.0.2.0/24'}}]");
	kit_add(k, "virtualNetworks", "w",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/"
	        "16']},'subnets':[{'name':'s','properties':{'addressPrefix':'10.0.1.0/24'}}]");
	kit_add(k, "publicIPAddresses", "front", "'publicIPAllocationMethod':'Dynamic'");
	kit_add(k, "publicIPAddresses", "shop", "'publicIPAllocationMethod':'Dynamic'");
	kit_add(k, "loadBalancers", "lb",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'~publicIPAddresses/"
	        "front'}}}],"
	        "'backendAddressPools':[{'name':'web'}],"
	        "'loadBalancingRules':[{'name':'http','properties':{'frontendIPConfiguration':{'id':'~loadBalancers/lb/"
	        "frontendIPConfigurations/f'},"
	        "'backendAddressPool':{'id':'~loadBalancers/lb/backendAddressPools/"
	        "web'},'protocol':'Tcp','frontendPort':80,'backendPort':8080}}],"
	        "'inboundNatRules':[{'name':'ssh','properties':{'frontendIPConfiguration':{'id':'~loadBalancers/lb/"
	        "frontendIPConfigurations/f'},"
	        "'protocol':'Tcp','frontendPort':50001,'backendPort':22}}]");
	kit_vm(k, "web0", "v/subnets/web", POOL NAT, "");
	kit_vm(k, "web1", "v/subnets/web", POOL, "");
	kit_vm(k, "db0", "v/subnets/db", ",'privateIPAllocationMethod':'Static','privateIPAddress':'10.0.2.4'",
	       ",'networkSecurityGroup':{'id':'~networkSecurityGroups/db'}");
	kit_vm(k, "shop0", "w/subnets/s", OWN, "");
	return k;
}

static gboolean judged(const struct fleet *f, guint host, const char *nic, guint direction, struct header h)
{
	const struct table_port *p = port_of(f, host, nic);
	return blob_decide(g_ptr_array_index(f->t[host]->blobs, p->blob - 1), direction, &h).allow;
}

static void test_isolation(void)
{
	g_autoptr(kit) k = world();
	struct fleet f;
	fleet_up(&f, k, 1, 0);
	guint32 v = alloc_vni(f.a, kit_nic(f.g, "web0-nic")->network),
	        w = alloc_vni(f.a, kit_nic(f.g, "shop0-nic")->network);
	g_assert_cmpuint(v, !=, w);
	/* The same address in two networks is two ports; one that nobody has is nobody. */
	g_assert_cmpuint(be_private(&f, "web0-nic"), ==, be_private(&f, "shop0-nic"));
	g_assert_cmpuint(address(&f, 0, v, be_private(&f, "web0-nic"))->port, ==, port_of(&f, 0, "web0-nic")->number);
	g_assert_cmpuint(address(&f, 0, w, be_private(&f, "shop0-nic"))->port, ==, port_of(&f, 0, "shop0-nic")->number);
	g_assert_null(address(&f, 0, w, be_private(&f, "db0-nic")));
	/* A port's policy knows only its own groups. */
	guint32 web = 0x0a000104, db = 0x0a000204, outside = 0xc0586301;
	g_assert_false(judged(&f, 0, "web0-nic", 1, (struct header){outside, web, 40000, 81, 6}));
	g_assert_false(judged(&f, 0, "web0-nic", 1, (struct header){outside, web, 40000, 80, 17}));
	g_assert_true(judged(&f, 0, "web0-nic", 1, (struct header){outside, web, 40000, 80, 6}));
	g_assert_false(judged(&f, 0, "db0-nic", 1, (struct header){web, db, 40000, 1433, 6}));
	g_assert_true(judged(&f, 0, "db0-nic", 1, (struct header){0x0a000204, db, 40000, 1433, 6}));
	g_assert_true(judged(&f, 0, "shop0-nic", 1, (struct header){outside, web, 40000, 81, 6}));
	fleet_down(&f);
}

static void test_routes(void)
{
	g_autoptr(kit) k = world();
	struct fleet f;
	fleet_up(&f, k, 1, 0);
	const struct esc_port *port = &port_of(&f, 0, "web0-nic")->port;
	static const struct {
		guint32 addr;
		guint length, hop;
	} want[] = {{0x0a000000, 16, ESC_HOP_NETWORK}, {0x0a000000, 8, ESC_HOP_NONE}, {0xac100000, 12, ESC_HOP_NONE},
	            {0x64400000, 10, ESC_HOP_NONE},    {0xe0000000, 3, ESC_HOP_NONE}, {0, 0, ESC_HOP_INTERNET}};
	for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
		struct esc_route_key key = {32 + want[i].length, port->table, GUINT32_TO_BE(want[i].addr)};
		const struct table_route *row = kit_row(f.t[0]->routes, &key, sizeof key);
		g_assert_nonnull(row);
		g_assert_cmpuint(row->value.hop, ==, want[i].hop);
	}
	fleet_down(&f);
}

static void test_endpoints(void)
{
	g_autoptr(kit) k = world();
	struct fleet f;
	fleet_up(&f, k, 1, 0);
	guint32 front = be_public(&f, "front"), shop = be_public(&f, "shop");
	guint32 web0 = port_of(&f, 0, "web0-nic")->number, web1 = port_of(&f, 0, "web1-nic")->number;
	g_assert_null(endpoint(&f, 0, front, 81, 6));
	g_assert_null(endpoint(&f, 0, front, 80, 17));
	g_assert_null(endpoint(&f, 0, front, 0, 0)); /* a front end is not an instance's own address */
	const struct esc_endpoint *http = endpoint(&f, 0, front, 80, 6), *ssh = endpoint(&f, 0, front, 50001, 6);
	g_assert_cmpuint(http->kind, ==, ESC_EP_BALANCED);
	g_assert_cmpuint(ssh->kind, ==, ESC_EP_ONE);
	g_assert_cmpuint(ssh->one.port, ==, web0);
	g_assert_cmpuint(ssh->one.host, ==, 0);
	g_assert_cmpuint(endpoint(&f, 0, shop, 0, 0)->one.port, ==, port_of(&f, 0, "shop0-nic")->number);
	/* At the port: VIP and port become private ones. */
	const struct esc_dnat *d = dnat(&f, 0, web1, front, 80, 6);
	g_assert_cmpuint(d->addr, ==, be_private(&f, "web1-nic"));
	g_assert_cmpuint(d->port, ==, GUINT16_TO_BE(8080));
	g_assert_null(dnat(&f, 0, web1, front, 50001, 6));
	g_assert_cmpuint(dnat(&f, 0, web0, front, 50001, 6)->port, ==, GUINT16_TO_BE(22));
	g_assert_cmpuint(dnat(&f, 0, port_of(&f, 0, "shop0-nic")->number, shop, 0, 0)->port, ==, 0);
	fleet_down(&f);
}

/* Who gets the reply to a source port, by the blob's own words. */
static guint32 owner(const struct fleet *f, guint host, guint32 vip, guint16 port)
{
	const struct esc_endpoint *e = endpoint(f, host, vip, 0, 255);
	g_assert_cmpuint(e->kind, ==, ESC_EP_SNAT);
	if (!e->slot)
		return 0;
	const guint16 *w = g_bytes_get_data(g_ptr_array_index(f->t[host]->blobs, e->slot - 1), NULL);
	guint block = (guint)(port - w[3]) >> w[2];
	guint16 index = port < w[3] || block >= w[1] ? ESC_BLOB_NOBODY : w[32 * (1 + (w[0] + 1) / 2) + block];
	struct esc_backend b = {0};
	if (index != ESC_BLOB_NOBODY)
		memcpy(&b, w + 32 + 16 * index, sizeof b);
	return b.port;
}

static void test_outbound(void)
{
	g_autoptr(kit) k = world();
	struct fleet f;
	fleet_up(&f, k, 1, 0);
	guint32 front = be_public(&f, "front"), host = GUINT32_TO_BE(alloc_host_public(f.a, 0));
	guint32 web[2] = {port_of(&f, 0, "web0-nic")->number, port_of(&f, 0, "web1-nic")->number};
	guint32 db = port_of(&f, 0, "db0-nic")->number, shop = port_of(&f, 0, "shop0-nic")->number;
	const struct esc_snat *s[2] = {snat(&f, 0, web[0], be_private(&f, "web0-nic")),
	                               snat(&f, 0, web[1], be_private(&f, "web1-nic"))};
	g_assert_cmpuint(s[0]->addr, ==, front);
	g_assert_cmpuint(s[0]->count, ==, 1024);
	g_assert_cmpuint(ABS((int)s[0]->first - (int)s[1]->first), >=, 1024);
	for (guint i = 0; i < 2; i++) {
		g_assert_cmpuint(owner(&f, 0, front, s[i]->first), ==, web[i]);
		g_assert_cmpuint(owner(&f, 0, front, s[i]->first + 1023), ==, web[i]);
	}
	g_assert_cmpuint(owner(&f, 0, front, 1023), ==, 0);
	g_assert_cmpuint(owner(&f, 0, front, 60000), ==, 0);
	const struct esc_snat *own = snat(&f, 0, shop, be_private(&f, "shop0-nic"));
	g_assert_cmpuint(own->addr, ==, be_public(&f, "shop"));
	g_assert_cmpuint(own->count, ==, 0);
	const struct esc_snat *plain = snat(&f, 0, db, be_private(&f, "db0-nic"));
	g_assert_cmpuint(plain->addr, ==, host);
	g_assert_cmpuint(owner(&f, 0, host, plain->first), ==, db);
	g_assert_cmpuint(owner(&f, 0, host, s[0]->first + 60 * 1024), ==, 0);
	fleet_down(&f);
}

/* Members of nothing but an internal Standard balancer have no way out; those of a Basic one leave by the host. */
static void test_no_outbound(void)
{
	for (guint standard = 0; standard < 2; standard++) {
		g_autoptr(kit) k = world();
		g_autofree char *lb = g_strdup_printf(
		        "{\"type\":\"Microsoft.Network/"
		        "loadBalancers\",\"name\":\"inner\",\"sku\":{\"name\":\"%s\"},\"properties\":{"
		        "\"frontendIPConfigurations\":[{\"name\":\"f\",\"properties\":{\"subnet\":{\"id\":"
		        "\"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/"
		        "db\"}}}],"
		        "\"backendAddressPools\":[{\"name\":\"p\"}]}}",
		        standard ? "Standard" : "Basic");
		g_ptr_array_add(k->texts, g_steal_pointer(&lb));
		kit_vm(k, "in0", "v/subnets/db",
		       ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/inner/backendAddressPools/p'}]", "");
		struct fleet f;
		fleet_up(&f, k, 1, 0);
		const struct esc_snat *s = snat(&f, 0, port_of(&f, 0, "in0-nic")->number, be_private(&f, "in0-nic"));
		g_assert_true(standard ? s == NULL : s->addr == GUINT32_TO_BE(alloc_host_public(f.a, 0)));
		fleet_down(&f);
	}
}

static void test_three_hosts(void)
{
	g_autoptr(kit) k = world();
	struct fleet f;
	fleet_up(&f, k, 3, 0);
	guint32 front = be_public(&f, "front"), v = alloc_vni(f.a, kit_nic(f.g, "web0-nic")->network);
	const struct alloc_port *web0 = alloc_port(f.a, kit_nic(f.g, "web0-nic"));
	const struct alloc_port *web1 = alloc_port(f.a, kit_nic(f.g, "web1-nic"));
	g_assert_cmpuint(web0->host, !=, web1->host);
	for (guint h = 0; h < 3; h++) {
		g_assert_cmpuint(f.t[h]->peers->len, ==, 2);
		guint32 self = f.t[h]->self.fabric;
		g_assert_null(kit_row(f.t[h]->peers, &self, sizeof self));
		g_assert_true((port_of(&f, h, "web0-nic") != NULL) == (h == web0->host));
		const struct esc_endpoint *ssh = endpoint(&f, h, front, 50001, 6);
		g_assert_cmpuint(ssh->one.host, ==,
		                 h == web0->host ? 0 : GUINT32_TO_BE(alloc_fabric(&f.s, web0->host)));
		g_assert_cmpuint(ssh->one.port, ==, web0->number);
		g_assert_cmpuint(f.t[h]->self.hash_seed, ==, f.t[0]->self.hash_seed);
		const struct esc_endpoint *http = endpoint(&f, h, front, 80, 6);
		const guint16 *w = g_bytes_get_data(g_ptr_array_index(f.t[h]->blobs, http->slot - 1), NULL);
		const struct esc_endpoint *first = endpoint(&f, 0, front, 80, 6);
		const guint16 *other = g_bytes_get_data(g_ptr_array_index(f.t[0]->blobs, first->slot - 1), NULL);
		g_assert_cmpmem(w + 64, 65521 * 2, other + 64, 65521 * 2); /* the same choice on every edge */
	}
	const struct esc_addr *remote = address(&f, web1->host, v, be_private(&f, "web0-nic"));
	g_assert_cmpuint(remote->host, ==, GUINT32_TO_BE(alloc_fabric(&f.s, web0->host)));
	g_assert_cmpmem(remote->mac, 6, web0->mac, 6);
	fleet_down(&f);
}

static void test_same_bytes(void)
{
	g_autoptr(kit) k = world();
	struct fleet f, other;
	fleet_up(&f, k, 3, 0);
	for (guint order = 1; order < 8; order++) {
		fleet_up(&other, k, 3, order);
		for (guint h = 0; h < 3; h++) {
			g_autoptr(GBytes) a = tables_serialize(f.t[h]), b = tables_serialize(other.t[h]);
			g_assert_true(g_bytes_equal(a, b));
			g_autoptr(GError) error = NULL;
			g_autoptr(tables) back = tables_parse(a, &error);
			g_assert_no_error(error);
			g_autoptr(GBytes) again = tables_serialize(back);
			g_assert_true(g_bytes_equal(a, again));
		}
		fleet_down(&other);
	}
	fleet_down(&f);
}

/* What `f` becomes when its documents are those of `k` now, with the old numbers kept. */
static void fleet_next(struct fleet *next, const struct fleet *f, const struct kit *k)
{
	g_autoptr(GError) error = NULL;
	next->s = f->s;
	next->g = kit_graph(k, 0);
	next->a = alloc_assign(f->a, next->g, &next->s, &error);
	g_assert_no_error(error);
	next->t[0] = compile_host(next->g, next->a, &next->s, 0, &error);
	g_assert_no_error(error);
}

static gboolean rejudged(const struct fleet *f, const struct fleet *next, const char *nic)
{
	return port_of(f, 0, nic)->judge != port_of(next, 0, nic)->judge;
}

/* A change re-judges the ports that it is about, and no others. */
static void test_judge(void)
{
	g_autoptr(kit) k = world();
	struct fleet f, next, last;
	fleet_up(&f, k, 1, 0);
	kit_vm(k, "zz", "v/subnets/db", "", "");
	kit_vm(k, "web2", "v/subnets/web", POOL, "");
	kit_remove(k, "db");
	kit_add(k, "networkSecurityGroups", "db", "'securityRules':[%s]",
	        NSG_RULE("shut", "200", "Inbound", "Deny", "*", "10.0.1.0/25", "*"));
	fleet_next(&next, &f, k);
	g_assert_false(rejudged(&f, &next, "web0-nic")); /* a new neighbour, also behind the same balancer */
	g_assert_false(rejudged(&f, &next, "web1-nic"));
	g_assert_false(rejudged(&f, &next, "shop0-nic"));
	g_assert_true(rejudged(&f, &next, "db0-nic")); /* its rules */
	kit_remove(k, "shop");
	kit_add(k, "publicIPAddresses", "shop", "'publicIPAllocationMethod':'Static','idleTimeoutInMinutes':10");
	kit_remove(k, "w");
	kit_add(k, "virtualNetworks", "w",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16','10.9.0.0/16']},"
	        "'subnets':[{'name':'s','properties':{'addressPrefix':'10.0.1.0/24'}}]");
	fleet_next(&last, &next, k);
	g_assert_true(rejudged(&next, &last, "shop0-nic")); /* routes of its network */
	g_assert_false(rejudged(&next, &last, "web0-nic"));
	g_assert_false(rejudged(&next, &last, "db0-nic"));
	fleet_down(&f);
	fleet_down(&next);
	fleet_down(&last);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/compile/isolation", test_isolation);
	g_test_add_func("/compile/routes", test_routes);
	g_test_add_func("/compile/endpoints", test_endpoints);
	g_test_add_func("/compile/outbound", test_outbound);
	g_test_add_func("/compile/no-outbound", test_no_outbound);
	g_test_add_func("/compile/three-hosts", test_three_hosts);
	g_test_add_func("/compile/same-bytes", test_same_bytes);
	g_test_add_func("/compile/judge", test_judge);
	return g_test_run();
}
