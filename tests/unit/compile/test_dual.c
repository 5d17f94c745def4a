/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 through allocation and policy: what each machine is called, and what its groups say to IPv6 headers. */
#include "blob.h"
#include "dual.h"
#include "fleet.h"
#include "lib/node.h"
#include <string.h>

#define assert_address(have, want)                                                                                     \
	do {                                                                                                           \
		g_autofree char *text_ = (have) ? ip6_format(*(have)) : NULL;                                          \
		g_assert_cmpstr(text_, ==, want);                                                                      \
	} while (0)

static void test_addresses(void)
{
	g_autoptr(kit) k = dual_world();
	struct fleet f;

	fleet_up(&f, k, 1, 0);
	g_assert_null(alloc_private6(f.a, kit_config(f.g, "web0-nic")));
	g_assert_cmpuint(alloc_private(f.a, dual_config(f.g, "web0-nic")), ==, 0);
	g_assert_null(alloc_public6(f.a, kit_public(f.g, "front")));
	g_assert_cmpuint(alloc_public(f.a, kit_public(f.g, "front6")), ==, 0);
	assert_address(alloc_private6(f.a, dual_config(f.g, "web0-nic")), "fd00:1:0:1::4");
	assert_address(alloc_private6(f.a, dual_config(f.g, "web1-nic")), "fd00:1:0:1::5");
	assert_address(alloc_private6(f.a, dual_config(f.g, "db0-nic")), "fd00:1:0:2::9");
	assert_address(alloc_private6(f.a, dual_config(f.g, "shop0-nic")), "fd00:1:0:1::4");
	assert_address(alloc_public6(f.a, kit_public(f.g, "front6")), "2001:2::1");
	assert_address(alloc_public6(f.a, kit_public(f.g, "shop6")), "2001:2::2");
	fleet_down(&f);
}

static struct alloc *through_json(const struct alloc *a)
{
	g_autoptr(node) n = alloc_to_node(a);
	g_autofree char *text = node_print(n, FALSE);
	g_autoptr(node) parsed = node_parse(text, strlen(text), "alloc", NULL);
	struct alloc *back = alloc_from_node(parsed, NULL);

	g_assert_nonnull(back);
	return back;
}

/* A machine that comes later, a declared address in the way of a kept one, and one that goes. */
static void test_kept(void)
{
	g_autoptr(kit) k = dual_world();
	struct fleet f;

	fleet_up(&f, k, 1, 0);
	g_autoptr(alloc) kept = through_json(f.a);
	kit_remove(k, "web0");
	kit_remove(k, "web0-nic");
	dual_vm(k, "aaa", "v/subnets/web", "", "");
	dual_vm(k, "bbb", "v/subnets/web", "",
	        ",'privateIPAllocationMethod':'Static','privateIPAddress':'fd00:1:0:1::6'");
	dual_vm(k, "ccc", "v/subnets/web", "", "");
	g_autoptr(graph) g = kit_graph(k, 7);
	g_autoptr(alloc) a = alloc_assign(kept, g, &f.s, NULL);
	g_assert_nonnull(a);
	assert_address(alloc_private6(a, dual_config(g, "web1-nic")), "fd00:1:0:1::5");
	assert_address(alloc_private6(a, dual_config(g, "aaa-nic")), "fd00:1:0:1::4");
	assert_address(alloc_private6(a, dual_config(g, "bbb-nic")), "fd00:1:0:1::6");
	assert_address(alloc_private6(a, dual_config(g, "ccc-nic")), "fd00:1:0:1::7");
	assert_address(alloc_public6(a, kit_public(g, "shop6")), "2001:2::2");
	fleet_down(&f);
}

/* Another subnet, or another pool: nothing of before fits, so nothing of it is kept. */
static void test_moved(void)
{
	g_autoptr(kit) k = dual_world();
	struct fleet f;

	fleet_up(&f, k, 1, 0);
	kit_remove(k, "web1");
	kit_remove(k, "web1-nic");
	dual_vm(k, "web1", "v/subnets/db", "", "");
	g_autoptr(graph) g = kit_graph(k, 0);
	g_assert_true(prefix6_parse("2001:2:0:ff::/64", &f.s.public_pool6));
	g_autoptr(alloc) a = alloc_assign(f.a, g, &f.s, NULL);
	assert_address(alloc_private6(a, dual_config(g, "web1-nic")), "fd00:1:0:2::4");
	assert_address(alloc_public6(a, kit_public(g, "front6")), "2001:2:0:ff::1");
	fleet_down(&f);
}

static void refused(struct kit *k, const struct alloc_settings *s, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(graph) g = kit_graph(k, 0);

	g_assert_null(alloc_assign(NULL, g, s, &error));
	g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT);
	if (!strstr(error->message, text))
		g_error("'%s' does not say '%s'", error->message, text);
}

static void test_refused(void)
{
	struct alloc_settings s;
	g_autoptr(kit) k = dual_world();

	alloc_settings_init(&s);
	g_assert_true(prefix6_parse("2001:2::/127", &s.public_pool6));
	refused(k, &s, "resource 'shop6': the public pool 2001:2::/127 has no free address left; make it larger");
	alloc_settings_init(&s);
	for (guint i = 0; i < 2; i++)
		kit_add(k, "publicIPAddresses", i ? "b" : "a",
		        "'publicIPAddressVersion':'IPv6','publicIPAllocationMethod':'Static','ipAddress':'2001:2::77'");
	refused(k, &s, "resource 'b': its address 2001:2::77 is already that of '");
	g_assert_true(prefix6_parse("2001:2:0:1::/64", &s.public_pool6));
	refused(k, &s,
	        "resource 'a': its address 2001:2::77 is not one of the public pool 2001:2:0:1::/64; leave it out");
}

/* The real cloud's address is a report, and another one is taken in its place. */
static void test_real_cloud(void)
{
	g_autoptr(kit) k = kit_new();
	struct alloc_settings s;

	alloc_settings_init(&s);
	kit_add(k, "publicIPAddresses", "p",
	        "'publicIPAddressVersion':'IPv6','publicIPAllocationMethod':'Static','ipAddress':'2603:1020::9'");
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, NULL);
	assert_address(alloc_public6(a, kit_public(g, "p")), "2001:2::1");
	g_assert_cmpuint(g->warnings->len, ==, 1);
	g_assert_nonnull(
	        strstr(g_ptr_array_index(g->warnings, 0), "2603:1020::9 is not one of the public pool 2001:2::/48"));
}

static void test_bad_json(void)
{
#define BEGIN "{'version':1,'ports':{},'networks':{},'private':{},'public':{},'hosts':{},'rules':{},'snat':{}"
	static const char *const texts[] = {BEGIN ",'private6':[]}", BEGIN ",'private6':{'x':'10.0.0.4'}}",
	                                    BEGIN ",'public6':{'x':'::'}}", BEGIN ",'public6':{'x':4}}"};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *text = g_strdelimit(g_strdup(texts[i]), "'", '"');
		g_autoptr(GError) error = NULL;
		g_autoptr(node) n = node_parse(text, strlen(text), "alloc", NULL);

		g_assert_null(alloc_from_node(n, &error));
		g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID);
	}
	/* Allocations of before there was IPv6 are read. */
	g_autofree char *old = g_strdelimit(g_strdup(BEGIN "}"), "'", '"');
	g_autoptr(node) n = node_parse(old, strlen(old), "alloc", NULL);
	g_autoptr(alloc) a = alloc_from_node(n, NULL);
	g_assert_nonnull(a);
}

/* --- policy --- */

struct question {
	const char *nic;
	guint direction;
	const char *source, *destination;
	guint16 port;
	guint8 protocol;
	gboolean allow;
};

static void ask(const struct fleet *f, const struct question *q)
{
	const struct table_port *p = port_of(f, 0, q->nic);
	struct header h = {.v6 = TRUE,
	                   .source6 = dual_address(q->source),
	                   .destination6 = dual_address(q->destination),
	                   .source_port = q->protocol == 6 ? 40000 : 0,
	                   .destination_port = q->port,
	                   .protocol = q->protocol};
	struct decision d = blob_decide(g_ptr_array_index(f->t[0]->blobs, p->blob - 1), q->direction, &h);

	if (d.allow != q->allow)
		g_error("%s: %s to %s port %u is %s", q->nic, q->source, q->destination, q->port,
		        d.allow ? "allowed" : "denied");
}

#define WEB0  "fd00:1:0:1::4"
#define WEB1  "fd00:1:0:1::5"
#define DB0   "fd00:1:0:2::9"
#define OUT   "2a00:1::1"
#define ADMIN "2001:db8:1::9"

static void test_policy(void)
{
	static const struct question questions[] = {
	        /* A member's IPv6 address is what its group means, nobody else's of the subnet, nor a stranger's. */
	        {"db0-nic", DIR_IN, WEB1, DB0, 1433, 6, FALSE},
	        {"db0-nic", DIR_IN, "fd00:2::4", DB0, 1433, 6, FALSE},
	        {"db0-nic", DIR_IN, WEB0, DB0, 1434, 6, FALSE},
	        {"db0-nic", DIR_IN, WEB0, DB0, 1433, 6, TRUE},
	        /* In another network the same address is nobody of the group. */
	        {"shop0-nic", DIR_IN, WEB0, WEB0, 1433, 6, FALSE},
	        /* The other prefix of the network is VirtualNetwork; mapped IPv4 is not. */
	        {"db0-nic", DIR_IN, "fd00:1:0:2::a", DB0, 99, 6, TRUE},
	        {"db0-nic", DIR_IN, "::ffff:10.0.2.4", DB0, 99, 6, FALSE},
	        /* Internet is what the network is not, documentation and unique local space of others included. */
	        {"web0-nic", DIR_IN, OUT, WEB0, 80, 6, FALSE},
	        {"web0-nic", DIR_IN, OUT, WEB0, 8080, 17, FALSE},
	        {"web0-nic", DIR_IN, OUT, WEB0, 22, 6, FALSE},
	        {"web0-nic", DIR_IN, "fd00:1::", WEB0, 8080, 6, FALSE},
	        {"web0-nic", DIR_IN, "fd00:1:0:ffff:ffff:ffff:ffff:ffff", WEB0, 8080, 6, FALSE},
	        {"web0-nic", DIR_IN, "fd00:1:1::", WEB0, 8080, 6, TRUE},
	        {"web0-nic", DIR_IN, OUT, WEB0, 8080, 6, TRUE},
	        {"web0-nic", DIR_IN, "::1", WEB0, 8080, 6, TRUE},
	        {"web0-nic", DIR_IN, "ffff:ffff::1", WEB0, 8080, 6, TRUE},
	        {"web0-nic", DIR_IN, "fd00:0:ffff:ffff:ffff:ffff:ffff:ffff", WEB0, 8080, 6, TRUE},
	        {"web0-nic", DIR_IN, "2001:db8:2::9", WEB0, 22, 6, FALSE},
	        {"web0-nic", DIR_IN, ADMIN, WEB0, 22, 6, TRUE},
	        /* The platform's probes. */
	        {"web0-nic", DIR_IN, "fe80::1234:5678:9abd", WEB0, 5, 6, FALSE},
	        {"web0-nic", DIR_IN, "fe80::1234:5678:9abc", WEB0, 5, 6, TRUE},
	        /* Outbound, by the default rules. */
	        {"web0-nic", DIR_OUT, WEB0, DB0, 1433, 6, TRUE},
	        {"web0-nic", DIR_OUT, WEB0, OUT, 443, 6, TRUE},
	};
	g_autoptr(kit) k = dual_world();
	struct fleet f;

	fleet_up(&f, k, 1, 0);
	for (guint i = 0; i < G_N_ELEMENTS(questions); i++)
		ask(&f, &questions[i]);
	fleet_down(&f);
}

/* --- tables --- */

static struct esc_ip6 words(const char *text)
{
	struct ip6 a = dual_address(text);
	struct esc_ip6 out;

	memcpy(out.w, a.b, sizeof out.w);
	return out;
}

static const struct esc_addr *where(const struct fleet *f, guint host, const char *nic, const char *address)
{
	struct esc_addr_key6 key = {alloc_vni(f->a, kit_nic(f->g, nic)->network), words(address)};
	const struct table_addr6 *row = kit_row(f->t[host]->addrs6, &key, sizeof key);

	return row ? &row->value : NULL;
}

static const struct esc_endpoint *endpoint6(const struct fleet *f, guint host, const char *vip, guint16 port,
                                            guint8 proto)
{
	struct esc_endpoint_key6 key = {.vip = words(vip), .port = GUINT16_TO_BE(port), .proto = proto};
	const struct table_endpoint6 *row = kit_row(f->t[host]->endpoints6, &key, sizeof key);

	return row ? &row->value : NULL;
}

static const struct esc_dnat6 *dnat6(const struct fleet *f, guint host, const char *nic, const char *vip, guint16 port,
                                     guint8 proto)
{
	struct esc_dnat_key6 key = {
	        .port = port_of(f, host, nic)->number, .vip = words(vip), .vport = GUINT16_TO_BE(port), .proto = proto};
	const struct table_dnat6 *row = kit_row(f->t[host]->dnat6, &key, sizeof key);

	return row ? &row->value : NULL;
}

static void test_ports(void)
{
	g_autoptr(kit) k = dual_world();
	struct esc_ip6 web0 = words(WEB0);
	struct fleet f;

	fleet_up(&f, k, 2, 0);
	const struct alloc_port *p = alloc_port(f.a, kit_nic(f.g, "web0-nic"));
	const struct table_port *port = port_of(&f, p->host, "web0-nic");
	g_assert_cmpuint(port->port6.addr_count, ==, 1);
	g_assert_cmpmem(&port->port6.addr[0], 16, &web0, 16);
	g_assert_cmpuint(port->port.addr_count, ==, 1);
	/* The same address in two networks is two ports; one that nobody has is nobody. */
	for (guint h = 0; h < 2; h++) {
		if (!where(&f, h, "web0-nic", WEB0))
			continue; /* nothing of the network lives there */
		g_assert_null(where(&f, h, "web0-nic", "fd00:1:0:1::6"));
		g_assert_cmpuint(where(&f, h, "web0-nic", WEB0)->port, ==, p->number);
		g_assert_cmphex(where(&f, h, "web0-nic", WEB0)->host, ==,
		                h == p->host ? 0 : GUINT32_TO_BE(alloc_fabric(&f.s, p->host)));
	}
	g_assert_cmpuint(where(&f, alloc_port(f.a, kit_nic(f.g, "shop0-nic"))->host, "shop0-nic", WEB0)->port, ==,
	                 alloc_port(f.a, kit_nic(f.g, "shop0-nic"))->number);
	fleet_down(&f);
}

#define FRONT6 "2001:2::1"
#define SHOP6  "2001:2::2"

static void test_endpoints(void)
{
	g_autoptr(kit) k = dual_world();
	struct fleet f;

	kit_add(k, "publicIPAddresses", "unused",
	        "'publicIPAddressVersion':'IPv6','publicIPAllocationMethod':'Static'");
	kit_sku(k, "Standard");
	fleet_up(&f, k, 1, 0);
	g_assert_null(endpoint6(&f, 0, FRONT6, 81, 6));
	g_assert_null(endpoint6(&f, 0, FRONT6, 80, 17));
	g_assert_null(endpoint6(&f, 0, FRONT6, 0, 0)); /* a front end is not an instance's own address */
	g_assert_null(endpoint6(&f, 0, "2001:2::3", 0, 255));
	g_assert_cmpuint(endpoint6(&f, 0, FRONT6, 0, 255)->kind, ==, ESC_EP_SNAT);
	g_assert_cmpuint(endpoint6(&f, 0, FRONT6, 80, 6)->kind, ==, ESC_EP_BALANCED);
	g_assert_cmpuint(endpoint6(&f, 0, FRONT6, 80, 6)->slot, !=, 0);
	g_assert_cmpuint(endpoint6(&f, 0, FRONT6, 50001, 6)->one.port, ==, port_of(&f, 0, "web0-nic")->number);
	g_assert_cmpuint(endpoint6(&f, 0, SHOP6, 0, 0)->one.port, ==, port_of(&f, 0, "shop0-nic")->number);
	fleet_down(&f);
}

static void test_translations(void)
{
	g_autoptr(kit) k = dual_world();
	struct esc_ip6 web1 = words(WEB1), shop0 = words(WEB0), shop6 = words(SHOP6);
	struct fleet f;

	fleet_up(&f, k, 1, 0);
	g_assert_null(dnat6(&f, 0, "db0-nic", FRONT6, 80, 6));
	g_assert_null(dnat6(&f, 0, "web1-nic", FRONT6, 50001, 6)); /* that one leads to web0 */
	g_assert_null(dnat6(&f, 0, "web1-nic", FRONT6, 0, 0));
	const struct esc_dnat6 *d = dnat6(&f, 0, "web1-nic", FRONT6, 80, 6);
	g_assert_cmpmem(&d->addr, 16, &web1, 16);
	g_assert_cmpuint(d->port, ==, GUINT16_TO_BE(8080));
	g_assert_cmpuint(d->flags, ==, ESC_DNAT_STANDARD);
	d = dnat6(&f, 0, "shop0-nic", SHOP6, 0, 0);
	g_assert_cmpmem(&d->addr, 16, &shop0, 16);
	g_assert_cmpuint(d->port, ==, 0);
	/* Out goes who has an address of his own, by that one: nobody else. */
	g_assert_cmpuint(f.t[0]->snat6->len, ==, 1);
	const struct table_snat6 *s = &g_array_index(f.t[0]->snat6, struct table_snat6, 0);
	g_assert_cmpuint(s->key.port, ==, port_of(&f, 0, "shop0-nic")->number);
	g_assert_cmpmem(&s->key.addr, 16, &shop0, 16);
	g_assert_cmpmem(&s->value.addr, 16, &shop6, 16);
	fleet_down(&f);
}

/* What a change of IPv6 judges anew: the ports that it is about, and no others. */
static void test_judge(void)
{
	static const char *const nics[] = {"web0-nic", "web1-nic", "db0-nic", "shop0-nic"};
	g_autoptr(kit) k = dual_world();
	struct fleet before, after;

	fleet_up(&before, k, 1, 0);
	kit_remove(k, "db0-nic");
	kit_remove(k, "db0");
	dual_vm(k, "db0", "v/subnets/db", "",
	        ",'privateIPAllocationMethod':'Static','privateIPAddress':'fd00:1:0:2::a'");
	fleet_up(&after, k, 1, 0);
	for (guint i = 0; i < G_N_ELEMENTS(nics); i++)
		if ((port_of(&before, 0, nics[i])->judge != port_of(&after, 0, nics[i])->judge) != (i == 2))
			g_error("%s is judged %s", nics[i], i == 2 ? "as before" : "anew");
	fleet_down(&before);
	fleet_down(&after);
}

static void test_bytes(void)
{
	g_autoptr(kit) k = dual_world();
	struct fleet a, b;

	fleet_up(&a, k, 2, 1);
	fleet_up(&b, k, 2, 2);
	for (guint h = 0; h < 2; h++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) x = tables_serialize(a.t[h]), y = tables_serialize(b.t[h]);
		g_autoptr(tables) back = tables_parse(x, &error);

		g_assert_no_error(error);
		g_autoptr(GBytes) again = tables_serialize(back);
		g_assert_true(g_bytes_equal(x, y) && g_bytes_equal(x, again));
		g_assert_cmpuint(back->endpoints6->len, >, 0);
	}
	fleet_down(&a);
	fleet_down(&b);
}

static void test_too_many(void)
{
	g_autoptr(kit) k = dual_world();
	g_autoptr(GString) configs = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct alloc_settings s;

	for (guint i = 0; i < ESC_PORT_ADDRS + 1; i++)
		g_string_append_printf(configs,
		                       ",{'name':'s%u','properties':{'privateIPAddressVersion':'IPv6','subnet':{'id':"
		                       "'~virtualNetworks/w/subnets/s'}}}",
		                       i);
	kit_add(k, "networkInterfaces", "many",
	        "'ipConfigurations':[{'name':'four','properties':{'subnet':{'id':'~virtualNetworks/w/subnets/s'}}}%s]",
	        configs->str);
	kit_add(k, "Microsoft.Compute/virtualMachines", "vm",
	        "'networkProfile':{'networkInterfaces':[{'id':'~networkInterfaces/many'}]}");
	alloc_settings_init(&s);
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = alloc_assign(NULL, g, &s, NULL);
	g_assert_null(compile_host(g, a, &s, 0, &error));
	g_assert_nonnull(strstr(error->message, "resource 'many': it has more than 8 IPv6 addresses"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dual/refused", test_refused);
	g_test_add_func("/dual/bad-json", test_bad_json);
	g_test_add_func("/dual/addresses", test_addresses);
	g_test_add_func("/dual/kept", test_kept);
	g_test_add_func("/dual/moved", test_moved);
	g_test_add_func("/dual/real-cloud", test_real_cloud);
	g_test_add_func("/dual/policy", test_policy);
	g_test_add_func("/dual/ports", test_ports);
	g_test_add_func("/dual/endpoints", test_endpoints);
	g_test_add_func("/dual/translations", test_translations);
	g_test_add_func("/dual/judge", test_judge);
	g_test_add_func("/dual/bytes", test_bytes);
	g_test_add_func("/dual/too-many", test_too_many);
	return g_test_run();
}
