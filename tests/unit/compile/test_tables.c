/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as bytes: the same when they come back, refused when anything in them is not what it must be. */
#include "compile/access.h"
#include "compile/policy.h"
#include "compile/tables.h"
#include "lib/node.h"
#include <string.h>

static GBytes *policy_blob(void)
{
	struct policy_input in = {.name = "test", .flags = ESC_POLICY_NO_GROUP};
	return policy_build(&in, NULL);
}

/* Two back ends and a table of 11. */
static GBytes *choice_blob(gboolean owners)
{
	guint16 *w = g_new0(guint16, 96);
	w[0] = 2;
	w[1] = 11;
	if (owners) {
		w[2] = 10;
		w[3] = ESC_SNAT_FIRST;
	}
	for (guint i = 0; i < 2; i++) {
		struct esc_backend b = {.port = i + 1, .mac = {2}};
		memcpy(w + 32 + 16 * i, &b, sizeof b);
	}
	for (guint i = 0; i < 11; i++)
		w[64 + i] = owners && i > 1 ? ESC_BLOB_NOBODY : i & 1;
	return g_bytes_new_take(w, 96 * sizeof *w);
}

static void add_port(struct tables *t, guint32 number)
{
	struct table_port *p = g_new0(struct table_port, 1);
	*p = (struct table_port){.number = number, .blob = 1, .judge = 0x1122334455667788ull, .prefix_length = 24};
	p->port = (struct esc_port){.mac = {2, 0xe5}, .flags = ESC_PORT_ACTIVE, .addr_count = 1, .net = 1};
	p->port6 = (struct esc_port6){.addr_count = 1, .addr = {{{7, 0, 0, 1}}}};
	p->id = g_strdup("/subscriptions/s/nic");
	p->label = g_strdup("instance-é");
	p->vm = g_strdup("/subscriptions/s/vm");
	g_ptr_array_add(t->ports, p);
}

#define ADD(array, ...)                                                                                                \
	do {                                                                                                           \
		__VA_ARGS__;                                                                                           \
		g_array_append_val(array, row);                                                                        \
	} while (0)

/* One rule that permits, one that denies. */
static GBytes *access_blob(gboolean wide)
{
	g_autoptr(GArray) rules = g_array_new(FALSE, TRUE, sizeof(struct access_rule));
	const guint32 numbers[] = {1, 2};
	struct access_control a = {.rules = rules};
	struct access_rule r = {.permit = TRUE, .v6 = wide, .prefix = {0x0a000000, 8}, .prefix6 = {.length = 8}};
	g_array_append_val(rules, r);
	r = (struct access_rule){.order = 1, .v6 = wide, .prefix6 = {.length = 4}};
	g_array_append_val(rules, r);
	return access_build(&a, numbers, wide);
}

static struct tables *sample(void)
{
	struct tables *t = tables_new();
	t->hosts = 2;
	t->self.ring_size = 128;
	t->revision = 42;
	g_ptr_array_add(t->blobs, policy_blob());
	g_ptr_array_add(t->blobs, choice_blob(FALSE));
	g_ptr_array_add(t->blobs, choice_blob(TRUE));
	g_ptr_array_add(t->blobs, access_blob(FALSE));
	g_ptr_array_add(t->blobs, access_blob(TRUE));
	add_port(t, 1);
	add_port(t, 5);
	struct table_rule *r = g_new0(struct table_rule, 1);
	*r = (struct table_rule){3, g_strdup("g/r"), g_strdup("/id"), g_strdup("f.json"), 12, 100, 1, 1, 2, 365};
	g_ptr_array_add(t->rules, r);
	struct table_probe *p = g_new0(struct table_probe, 1);
	*p = (struct table_probe){5, 0, PROBE_HTTP, 80, 15, 2, g_strdup("/p"), g_strdup("/n"), g_strdup("/ok")};
	g_ptr_array_add(t->probes, p);
	ADD(t->addrs, struct table_addr row = {{1, 7}, {.port = 5}});
	ADD(t->addrs, struct table_addr row = {{1, 8}, {.host = 9, .port = 4}});
	ADD(t->routes, struct table_route row = {{48, 1, 10}, {ESC_HOP_NETWORK, 0}});
	ADD(t->macs, struct table_mac row = {{{2, 0xe5}, 0}, 5});
	ADD(t->peers, struct table_peer row = {77, ESC_PEER_HOST});
	ADD(t->endpoints, struct table_endpoint row = {{.vip = 1, .port = 80, .proto = 6},
	                                               {.kind = ESC_EP_BALANCED, .slot = 2, .access = 4}});
	ADD(t->endpoints, struct table_endpoint row = {{.vip = 2, .proto = 255}, {.kind = ESC_EP_SNAT, .slot = 3}});
	ADD(t->endpoints, struct table_endpoint row = {{.vip = 3}, {.kind = ESC_EP_ONE, .one = {.port = 5}}});
	ADD(t->dnat, struct table_dnat row = {{.port = 5, .vip = 3}, {.addr = 7}});
	ADD(t->snat, struct table_snat row = {{5, 7}, {.addr = 3, .first = 1024, .count = 1024}});
	ADD(t->addrs6, struct table_addr6 row = {{1, {{7}}}, {.port = 5}});
	ADD(t->routes6, struct table_route6 row = {{160, 1, {{10}}}, {.hop = ESC_HOP_NETWORK}});
	ADD(t->endpoints6, struct table_endpoint6 row = {{.vip = {{1}}, .port = 80, .proto = 6},
	                                                 {.kind = ESC_EP_BALANCED, .slot = 2, .access = 5}});
	ADD(t->dnat6, struct table_dnat6 row = {{.port = 5, .vip = {{3}}}, {.addr = {{7}}}});
	ADD(t->snat6, struct table_snat6 row = {{5, {{7}}}, {.addr = {{3}}}});
	return t;
}

static void test_round_trip(void)
{
	g_autoptr(tables) t = sample();
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = tables_serialize(t);
	g_autoptr(tables) back = tables_parse(bytes, &error);
	g_assert_no_error(error);
	g_autoptr(GBytes) again = tables_serialize(back);
	g_assert_true(g_bytes_equal(bytes, again));
	g_assert_cmpuint(back->revision, ==, 42);
	const struct table_port *p = g_ptr_array_index(back->ports, 1);
	g_assert_cmpstr(p->label, ==, "instance-é");
	g_assert_cmpuint(p->judge, ==, 0x1122334455667788ull);
	g_assert_cmpuint(p->port6.addr[0].w[3], ==, 1);
	g_autofree char *hash = tables_hash(t);
	t->revision = 43;
	g_autofree char *same = tables_hash(t);
	g_assert_cmpstr(hash, ==, same);
	g_assert_cmpuint(strlen(hash), ==, 64);
	g_array_index(t->snat, struct table_snat, 0).value.first = 2048;
	g_autofree char *other = tables_hash(t);
	g_assert_cmpstr(hash, !=, other);
}

/* Every length, and many changed bytes: never a crash, never half a result. */
static void test_hostile(void)
{
	g_autoptr(tables) t = sample();
	g_autoptr(GBytes) bytes = tables_serialize(t);
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	for (gsize length = 0; length < size; length++) {
		g_autoptr(GBytes) cut = g_bytes_new(data, length);
		g_autoptr(GError) error = NULL;
		g_assert_null(tables_parse(cut, &error));
		g_assert_nonnull(error);
	}
	guint accepted = 0;
	for (guint i = 0; i < 20000; i++) {
		guint8 *copy = g_memdup2(data, size);
		for (gint n = g_test_rand_int_range(1, 4); n; n--)
			copy[g_test_rand_int_range(0, (gint32)(i & 1 ? MIN(size, 1200) : size))] ^=
			        (guint8)(1 << g_test_rand_int_range(0, 8));
		g_autoptr(GBytes) changed = g_bytes_new_take(copy, size);
		g_autoptr(GError) error = NULL;
		g_autoptr(tables) back = tables_parse(changed, &error);
		g_assert_true((back == NULL) == (error != NULL));
		if (back) {
			g_autoptr(GBytes) again = tables_serialize(back);
			g_assert_cmpuint(g_bytes_get_size(again), ==, size);
			accepted++;
		}
	}
	g_test_message("%u of 20000 changed tables were still well-formed", accepted);
}

typedef void (*spoil)(struct tables *t);

#define FIRST(array, type) g_array_index(t->array, struct type, 0)
#define PORT(i)            ((struct table_port *)g_ptr_array_index(t->ports, i))
#define SPOIL(name, ...)                                                                                               \
	static void spoil_##name(struct tables *t)                                                                     \
	{                                                                                                              \
		__VA_ARGS__;                                                                                           \
	}

static void replace_blob(struct tables *t, guint i, guint word, guint16 value)
{
	GBytes *old = g_ptr_array_index(t->blobs, i);
	gsize size = g_bytes_get_size(old);
	guint16 *w = g_memdup2(g_bytes_get_data(old, NULL), size);
	w[word] = value;
	g_bytes_unref(old);
	g_ptr_array_index(t->blobs, i) = g_bytes_new_take(w, size);
}

static void cut_blob(struct tables *t, gsize size)
{
	GBytes *old = g_ptr_array_index(t->blobs, 0);
	g_ptr_array_index(t->blobs, 0) = g_bytes_new(g_bytes_get_data(old, NULL), size);
	g_bytes_unref(old);
}

#define PROBE ((struct table_probe *)g_ptr_array_index(t->probes, 0))
SPOIL(probe_port, PROBE->port = 2)
SPOIL(probe_index, PROBE->index = ESC_PORT_ADDRS)
SPOIL(probe_protocol, PROBE->protocol = 3)
SPOIL(probe_service, PROBE->service = 0)
SPOIL(probe_interval, PROBE->interval = 0)
SPOIL(probe_threshold, PROBE->threshold = 0)
SPOIL(probe_name, PROBE->id[0] = 0)
SPOIL(probe_path, PROBE->path[0] = 0)
SPOIL(probe_tcp, PROBE->protocol = PROBE_TCP)
SPOIL(probe_line, PROBE->path[1] = '\n')
SPOIL(probe_space, PROBE->path[1] = ' ')
SPOIL(maglev_further, replace_blob(t, 1, 2, ESC_BLOB_TABLES))
SPOIL(ring, t->self.ring_size = 100)
SPOIL(host, t->host = 2)
SPOIL(port_order, PORT(1)->number = 1)
SPOIL(port_bound, PORT(1)->number = ESC_MAX_PORTS)
SPOIL(port_addresses, PORT(0)->port.addr_count = ESC_PORT_ADDRS + 1)
SPOIL(port_flags, PORT(0)->port.flags = 0)
SPOIL(port_net, PORT(0)->port.net = ESC_VNI_EDGE)
SPOIL(port_blob, PORT(0)->blob = 6)
SPOIL(prefix, PORT(0)->prefix_length = 33)
SPOIL(label, PORT(0)->label[9] = 0x01; PORT(0)->label[0] = (char)0xff)
SPOIL(label_long, g_free(PORT(0)->label); PORT(0)->label = g_strnfill(65537, 'x'))
SPOIL(rule, ((struct table_rule *)g_ptr_array_index(t->rules, 0))->allow = 2)
SPOIL(log, ((struct table_rule *)g_ptr_array_index(t->rules, 0))->log_version = 3)
SPOIL(rule_number, ((struct table_rule *)g_ptr_array_index(t->rules, 0))->number = 0)
SPOIL(policy, replace_blob(t, 0, 0, 0xffff))
SPOIL(policy_cut, cut_blob(t, 128))
SPOIL(blob_odd, cut_blob(t, 100))
SPOIL(maglev_count, replace_blob(t, 1, 0, 0))
SPOIL(maglev_size, replace_blob(t, 1, 1, 40))
SPOIL(maglev_index, replace_blob(t, 1, 64, 2))
SPOIL(maglev_port, replace_blob(t, 1, 34, ESC_MAX_PORTS))
SPOIL(owner_shift, replace_blob(t, 2, 2, 14))
SPOIL(order, FIRST(addrs, table_addr).key.net = 2)
SPOIL(addr_port, FIRST(addrs, table_addr).value.port = 4)
SPOIL(route, FIRST(routes, table_route).key.prefixlen = 31)
SPOIL(hop, FIRST(routes, table_route).value.hop = 9)
SPOIL(mac, FIRST(macs, table_mac).value = 2)
SPOIL(peer, FIRST(peers, table_peer).value = 4)
SPOIL(kind, FIRST(endpoints, table_endpoint).value.kind = 4)
SPOIL(slot, FIRST(endpoints, table_endpoint).value.slot = 6)
SPOIL(pad2, FIRST(endpoints, table_endpoint).value.pad2 = 1)
SPOIL(access, FIRST(endpoints, table_endpoint).value.access = 6)
SPOIL(access_owner, g_array_index(t->endpoints, struct table_endpoint, 1).value.access = 4)
SPOIL(access_count, replace_blob(t, 3, 0, 0))
SPOIL(access_verdicts, replace_blob(t, 3, 10, 200))
SPOIL(access_blocks, replace_blob(t, 3, 12, 1))
SPOIL(access6, FIRST(endpoints6, table_endpoint6).value.access = 6)
SPOIL(access6_starts, replace_blob(t, 4, 2, 200))
SPOIL(one, g_array_index(t->endpoints, struct table_endpoint, 2).value.one.port = 0)
SPOIL(dnat, FIRST(dnat, table_dnat).key.port = 2)
SPOIL(dnat_flags, FIRST(dnat, table_dnat).value.flags = 2)
SPOIL(snat, FIRST(snat, table_snat).value.count = 3)
SPOIL(snat_end, FIRST(snat, table_snat).value.first = 65000)
SPOIL(port6, PORT(0)->port6.addr_count = ESC_PORT_ADDRS + 1)
SPOIL(order6, struct table_addr6 row = FIRST(addrs6, table_addr6); g_array_append_val(t->addrs6, row))
SPOIL(addr6, FIRST(addrs6, table_addr6).value.port = 4)
SPOIL(route6, FIRST(routes6, table_route6).key.prefixlen = 161)
SPOIL(hop6, FIRST(routes6, table_route6).value.hop = 9)
SPOIL(owner6, FIRST(endpoints6, table_endpoint6).value.kind = ESC_EP_SNAT)
SPOIL(slot6, FIRST(endpoints6, table_endpoint6).value.slot = 6)
SPOIL(dnat6, FIRST(dnat6, table_dnat6).value.flags = 2)
SPOIL(snat6, FIRST(snat6, table_snat6).key.port = 2)

static const struct {
	const char *name;
	spoil spoil;
	const char *text;
} spoils[] = {
        {"probe-port", spoil_probe_port, "probes: one is of no port, or of an unknown protocol"},
        {"probe-index", spoil_probe_index, "probes: one is of no port, or of an unknown protocol"},
        {"probe-protocol", spoil_probe_protocol, "probes: one is of no port, or of an unknown protocol"},
        {"probe-service", spoil_probe_service, "probes: one has no service"},
        {"probe-interval", spoil_probe_interval, "probes: one has no service, no interval"},
        {"probe-threshold", spoil_probe_threshold, "probes: one has no service, no interval, no threshold"},
        {"probe-name", spoil_probe_name, "probes: one has no service, no interval, no threshold or no name"},
        {"probe-path", spoil_probe_path, "probes: a path is missing, or has what no request line has"},
        {"probe-tcp", spoil_probe_tcp, "probes: a path is missing, or has what no request line has"},
        {"probe-line", spoil_probe_line, "probes: a path is missing, or has what no request line has"},
        {"probe-space", spoil_probe_space, "probes: a path is missing, or has what no request line has"},
        {"maglev-further", spoil_maglev_further, "endpoints: a table of back ends leads outside itself"},
        {"ring", spoil_ring, "self: the flow ring is not a power of two"},
        {"host", spoil_host, "self: the host is not one of the fleet"},
        {"port-order", spoil_port_order, "ports: numbers are out of order or out of bounds"},
        {"port-bound", spoil_port_bound, "ports: numbers are out of order or out of bounds"},
        {"port-addresses", spoil_port_addresses, "ports: a port has no address or too many"},
        {"port-flags", spoil_port_flags, "ports: a port has unknown flags"},
        {"port-net", spoil_port_net, "ports: a port is in no network"},
        {"port-blob", spoil_port_blob, "ports: a policy is not among the blobs"},
        {"port6", spoil_port6, "ports: a port has too many IPv6 addresses"},
        {"order6", spoil_order6, "IPv6 addresses: keys are out of order"},
        {"addr6", spoil_addr6, "IPv6 addresses: an address leads to no port"},
        {"route6", spoil_route6, "IPv6 routes: a prefix or a next hop is out of bounds"},
        {"hop6", spoil_hop6, "IPv6 routes: a prefix or a next hop is out of bounds"},
        {"owner6", spoil_owner6, "endpoints: IPv6 addresses have no owners of ports"},
        {"slot6", spoil_slot6, "endpoints: a table of back ends is not among the blobs"},
        {"dnat6", spoil_dnat6, "IPv6 dnat: an entry is of no port, or has unknown flags"},
        {"snat6", spoil_snat6, "IPv6 snat: an entry is of no port"},
        {"prefix", spoil_prefix, "ports: a prefix is longer than an address"},
        {"label", spoil_label, "ports: a string is not UTF-8"},
        {"label-long", spoil_label_long, "ports: a string is too long"},
        {"rule", spoil_rule, "rules: a rule has an unknown direction, action or log"},
        {"log", spoil_log, "rules: a rule has an unknown direction, action or log"},
        {"rule-number", spoil_rule_number, "rules: numbers are out of order"},
        {"policy", spoil_policy, "blobs: a policy leads outside itself"},
        {"policy-cut", spoil_policy_cut, "blobs: a policy leads outside itself"},
        {"blob-odd", spoil_blob_odd, "blobs: a blob is empty, too large or not whole blocks"},
        {"maglev-count", spoil_maglev_count, "endpoints: a table of back ends leads outside itself"},
        {"maglev-size", spoil_maglev_size, "endpoints: a table of back ends leads outside itself"},
        {"maglev-index", spoil_maglev_index, "endpoints: a table of back ends leads outside itself"},
        {"maglev-port", spoil_maglev_port, "endpoints: a table of back ends leads outside itself"},
        {"owner-shift", spoil_owner_shift, "endpoints: a table of back ends leads outside itself"},
        {"order", spoil_order, "addresses: keys are out of order"},
        {"addr-port", spoil_addr_port, "addresses: an address leads to no port"},
        {"route", spoil_route, "routes: a prefix or a next hop is out of bounds"},
        {"hop", spoil_hop, "routes: a prefix or a next hop is out of bounds"},
        {"mac", spoil_mac, "macs: a MAC leads to no port"},
        {"peer", spoil_peer, "peers: unknown flags"},
        {"kind", spoil_kind, "endpoints: unknown kind or distribution"},
        {"slot", spoil_slot, "endpoints: a table of back ends is not among the blobs"},
        {"pad2", spoil_pad2, "endpoints: unknown kind or distribution"},
        {"access", spoil_access, "endpoints: an access list leads outside itself"},
        {"access-owner", spoil_access_owner, "endpoints: an access list leads outside itself"},
        {"access-count", spoil_access_count, "endpoints: an access list leads outside itself"},
        {"access-verdicts", spoil_access_verdicts, "endpoints: an access list leads outside itself"},
        {"access-blocks", spoil_access_blocks, "endpoints: an access list leads outside itself"},
        {"access6", spoil_access6, "endpoints: an access list leads outside itself"},
        {"access6-starts", spoil_access6_starts, "endpoints: an access list leads outside itself"},
        {"one", spoil_one, "endpoints: a back end is out of bounds"},
        {"dnat", spoil_dnat, "dnat: an entry is of no port, or has unknown flags"},
        {"dnat-flags", spoil_dnat_flags, "dnat: an entry is of no port, or has unknown flags"},
        {"snat", spoil_snat, "snat: an entry is of no port, or its range is out of bounds"},
        {"snat-end", spoil_snat_end, "snat: an entry is of no port, or its range is out of bounds"},
};

static void test_spoiled(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(spoils); i++) {
		g_autoptr(tables) t = sample();
		g_autoptr(GError) error = NULL;
		spoils[i].spoil(t);
		g_autoptr(GBytes) bytes = tables_serialize(t);
		g_autoptr(tables) back = tables_parse(bytes, &error);
		if (back)
			g_error("%s was accepted", spoils[i].name);
		g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID);
		if (!strstr(error->message, spoils[i].text))
			g_error("%s: '%s'", spoils[i].name, error->message);
	}
}

/* Many elements claimed in few bytes must not be believed. */
static void test_counts(void)
{
	g_autoptr(tables) t = sample();
	g_autoptr(GBytes) bytes = tables_serialize(t);
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	for (guint section = 0; section < 17; section++) {
		static const guint64 counts[] = {0xffffffffull, ~0ull, 1ull << 62, 1000000};
		for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
			guint8 *copy = g_memdup2(data, size);
			memcpy(copy + 24 + 24 * section + 16, &counts[i], sizeof counts[i]);
			g_autoptr(GBytes) changed = g_bytes_new_take(copy, size);
			g_assert_null(tables_parse(changed, NULL));
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tables/spoiled", test_spoiled);
	g_test_add_func("/tables/counts", test_counts);
	g_test_add_func("/tables/hostile", test_hostile);
	g_test_add_func("/tables/round-trip", test_round_trip);
	return g_test_run();
}
