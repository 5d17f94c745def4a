/* SPDX-License-Identifier: Apache-2.0 */
/* Health: who gets new flows, who keeps the old ones, and what each host's prober is given to ask. */
#include "compile/health.h"
#include "compile/parts.h"
#include "compile/seats.h"
#include "fleet.h"
#include <string.h>

#define FRONT "'frontendIPConfiguration':{'id':'~loadBalancers/lb/frontendIPConfigurations/f'}"
#define POOL  ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/backendAddressPools/web'}]"
#define IDS   "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
#define PROBE IDS "loadBalancers/lb/probes/p"

/* --- tables --- */

static const char *const names[] = {"a", "b", "c"};
static struct probe probe = {.noun.id = (char *)"P"};

static struct health *health_of(const gint64 *changed, const gboolean *down, guint count)
{
	struct health *h = health_new();

	for (guint i = 0; i < count; i++)
		health_set(h, "p", names[i], (struct health_state){down[i], changed[i]});
	return h;
}

static struct seats seats_of(const gint64 *changed, const gboolean *down, guint count, enum sku sku)
{
	g_autoptr(health) h = health_of(changed, down, count);
	struct seats s;

	seats_fill(&s, names, count, h, &probe, sku);
	return s;
}

static guint16 *plain(guint count)
{
	guint16 *table = g_new(guint16, MAGLEV_SIZE);

	maglev_fill(table, MAGLEV_SIZE, names, count);
	return table;
}

static gboolean among(const struct seats *s, guint place, guint16 owner)
{
	for (guint i = 0; i < ESC_BLOB_TABLES; i++) {
		if (s->cells[i * s->size + place] == owner)
			return TRUE;
	}
	return FALSE;
}

/* Nobody speaks against anybody: one table, Maglev's. */
static void test_all_up(void)
{
	g_autofree guint16 *table = plain(3);
	struct seats s;

	seats_fill(&s, names, 3, NULL, &probe, SKU_STANDARD);
	g_assert_cmpuint(s.further, ==, 0);
	g_assert_cmpmem(s.cells, MAGLEV_SIZE * 2, table, MAGLEV_SIZE * 2);
	seats_clear(&s);
}

/* Without a probe nobody is down, whatever was found by that of another rule. */
static void test_no_probe(void)
{
	g_autoptr(health) h = health_of((gint64[]){7}, (gboolean[]){TRUE}, 1);
	struct seats s;

	seats_fill(&s, names, 1, h, NULL, SKU_STANDARD);
	g_assert_cmpuint(s.cells[0], ==, 0);
	seats_clear(&s);
}

/* One is down: no place of it is left first, the places of the others have not moved by more than 1 %, and each of its own
 * still names it. */
static void test_one_down(void)
{
	g_autofree guint16 *table = plain(3);
	struct seats s = seats_of((gint64[]){0, 7, 0}, (gboolean[]){FALSE, TRUE, FALSE}, 3, SKU_BASIC);
	guint moved = 0;

	g_assert_cmpuint(s.further, >=, 1);
	for (guint i = 0; i < MAGLEV_SIZE; i++) {
		g_assert_cmpuint(s.cells[i], !=, 1);
		g_assert_true(among(&s, i, table[i]));
		moved += table[i] != 1 && s.cells[i] != table[i];
	}
	g_assert_cmpuint(moved, <=, MAGLEV_SIZE / 100);
	seats_clear(&s);
}

/* It is back: the places are as before, and each still names who had it meanwhile. */
static void test_back_again(void)
{
	g_autofree guint16 *table = plain(3);
	struct seats away = seats_of((gint64[]){0, 7, 0}, (gboolean[]){FALSE, TRUE, FALSE}, 3, SKU_BASIC);
	struct seats s = seats_of((gint64[]){0, 8, 0}, (gboolean[]){FALSE, FALSE, FALSE}, 3, SKU_BASIC);

	g_assert_cmpmem(s.cells, MAGLEV_SIZE * 2, table, MAGLEV_SIZE * 2);
	for (guint i = 0; i < MAGLEV_SIZE; i++)
		g_assert_true(among(&s, i, away.cells[i]));
	seats_clear(&s);
	seats_clear(&away);
}

/* All are down, one after the other: nobody gets anything new; whoever had a place keeps it, but not at a Basic one. */
static void test_all_down(void)
{
	const gint64 changed[] = {7, 9};
	const gboolean down[] = {TRUE, TRUE};
	struct seats s = seats_of(changed, down, 2, SKU_STANDARD);
	struct seats basic = seats_of(changed, down, 2, SKU_BASIC);

	g_assert_cmpuint(basic.further, ==, 0);
	for (guint i = 0; i < MAGLEV_SIZE; i++) {
		g_assert_cmpuint(s.cells[i], ==, ESC_BLOB_NOBODY);
		g_assert_cmpuint(basic.cells[i], ==, ESC_BLOB_NOBODY);
		g_assert_true(among(&s, i, 0) && among(&s, i, 1));
	}
	seats_clear(&s);
	seats_clear(&basic);
}

/* The probe says that all are up when none is. */
static void test_all_down_all_up(void)
{
	g_autofree guint16 *table = plain(2);
	struct seats s;

	probe.up_when_all_down = TRUE;
	s = seats_of((gint64[]){7, 9}, (gboolean[]){TRUE, TRUE}, 2, SKU_BASIC);
	probe.up_when_all_down = FALSE;
	g_assert_cmpmem(s.cells, MAGLEV_SIZE * 2, table, MAGLEV_SIZE * 2);
	seats_clear(&s);
}

/* A pool of one has a table of one entry. */
static void test_single(void)
{
	struct seats s = seats_of((gint64[]){7}, (gboolean[]){TRUE}, 1, SKU_STANDARD);

	g_assert_cmpuint(s.size, ==, 1);
	g_assert_cmpuint(s.cells[0], ==, ESC_BLOB_NOBODY);
	g_assert_cmpuint(s.cells[1], ==, 0);
	seats_clear(&s);
}

/* No owner twice in a place, and nobody behind nobody: the data path relies on both. */
static void test_chains(void)
{
	for (guint i = 0; i < 64; i++) {
		const gint64 changed[] = {i % 4, i / 4 % 4, i / 16 % 4};
		const gboolean down[] = {i & 1, i & 2 ? TRUE : FALSE, i & 4 ? TRUE : FALSE};
		struct seats s = seats_of(changed, down, 3, SKU_STANDARD);

		for (guint p = 0; p < s.size; p++) {
			const guint16 a = s.cells[p], b = s.cells[s.size + p], c = s.cells[2 * s.size + p];

			g_assert_true(b == ESC_BLOB_NOBODY ? c == ESC_BLOB_NOBODY
			                                   : b != a && c != b && (c != a || c == ESC_BLOB_NOBODY));
			g_assert_true(s.further == 2 || c == ESC_BLOB_NOBODY);
		}
		seats_clear(&s);
	}
}

/* --- a whole network --- */

static struct kit *world(void)
{
	struct kit *k = kit_new();
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':["
	        "{'name':'web','properties':{'addressPrefix':'10.0.1.0/24'}}]");
	kit_add(k, "publicIPAddresses", "front", "'publicIPAllocationMethod':'Dynamic'");
	kit_add(k, "loadBalancers", "lb",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'~publicIPAddresses/"
	        "front'}}}],'backendAddressPools':[{'name':'web'}],"
	        "'probes':[{'name':'p','properties':{'protocol':'Http','port':8081,'requestPath':'/"
	        "ok','intervalInSeconds':7,"
	        "'numberOfProbes':3}}],"
	        "'loadBalancingRules':[{'name':'http','properties':{" FRONT ",'backendAddressPool':{'id':"
	        "'~loadBalancers/lb/backendAddressPools/web'},'protocol':'Tcp','frontendPort':80,'backendPort':8080,"
	        "'probe':{'id':'~loadBalancers/lb/probes/p'}}},"
	        "{'name':'tls','properties':{" FRONT ",'backendAddressPool':{'id':"
	        "'~loadBalancers/lb/backendAddressPools/"
	        "web'},'protocol':'Tcp','frontendPort':443,'backendPort':443}}]");
	kit_vm(k, "web0", "v/subnets/web", POOL, "");
	kit_vm(k, "web1", "v/subnets/web", POOL, "");
	return k;
}

/* Each host asks its own, once, as the document says; what does not change the tables' meaning changes nothing. */
static void test_list(void)
{
	g_autoptr(kit) k = world();
	struct fleet f;

	fleet_up(&f, k, 2, 0);
	for (guint host = 0; host < 2; host++) {
		g_assert_cmpuint(f.t[host]->probes->len, ==, 1);
		const struct table_probe *p = g_ptr_array_index(f.t[host]->probes, 0);
		g_assert_cmpuint(p->port, ==, port_of(&f, host, host ? "web1-nic" : "web0-nic")->number);
		g_assert_cmpuint(p->protocol, ==, PROBE_HTTP);
		g_assert_cmpuint(p->service, ==, 8081);
		g_assert_cmpuint(p->interval, ==, 7);
		g_assert_cmpuint(p->threshold, ==, 3);
		g_assert_cmpstr(p->path, ==, "/ok");
		g_assert_true(g_ascii_strcasecmp(p->id, PROBE) == 0);
	}
	fleet_down(&f);
}

static guint slot_of(struct tables *t, guint32 vip, guint16 port)
{
	struct esc_endpoint_key key = {.vip = vip, .port = GUINT16_TO_BE(port), .proto = 6};
	const struct table_endpoint *row = kit_row(t->endpoints, &key, sizeof key);

	g_assert_cmpuint(row->value.kind, ==, ESC_EP_BALANCED);
	return row->value.slot;
}

/* The rule with the probe loses the member, on every host; the rule without keeps it. No port's flows are judged anew. */
static void test_compiled(void)
{
	g_autoptr(kit) k = world();
	g_autoptr(health) h = health_new();
	struct fleet f;

	health_set(h, PROBE, IDS "networkInterfaces/web0-nic", (struct health_state){TRUE, 5});
	fleet_up(&f, k, 2, 0);
	guint32 vip = be_public(&f, "front");
	g_assert_cmpuint(slot_of(f.t[0], vip, 80), ==, slot_of(f.t[0], vip, 443)); /* equal tables are one */
	f.s.health = h;
	for (guint host = 0; host < 2; host++) {
		g_autoptr(tables) t = compile_host(f.g, f.a, &f.s, host, NULL);
		const guint16 *w = g_bytes_get_data(g_ptr_array_index(t->blobs, slot_of(t, vip, 80) - 1), NULL);
		guint first = 0;

		g_assert_cmpuint(slot_of(t, vip, 80), !=, slot_of(t, vip, 443));
		g_assert_cmpuint(w[0], ==, 2);
		for (guint i = 0; i < MAGLEV_SIZE; i++)
			first += w[64 + i] == 0;
		g_assert_cmpuint(first, ==, 0);
		for (guint i = 0; i < t->ports->len; i++)
			g_assert_cmpuint(((struct table_port *)g_ptr_array_index(t->ports, i))->judge, ==,
			                 ((struct table_port *)g_ptr_array_index(f.t[host]->ports, i))->judge);
		g_autoptr(GBytes) bytes = tables_serialize(t);
		g_autoptr(tables) back = tables_parse(bytes, NULL);
		g_assert_nonnull(back);
	}
	fleet_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/health/all-up", test_all_up);
	g_test_add_func("/health/no-probe", test_no_probe);
	g_test_add_func("/health/one-down", test_one_down);
	g_test_add_func("/health/back-again", test_back_again);
	g_test_add_func("/health/all-down", test_all_down);
	g_test_add_func("/health/all-down-all-up", test_all_down_all_up);
	g_test_add_func("/health/single", test_single);
	g_test_add_func("/health/chains", test_chains);
	g_test_add_func("/health/list", test_list);
	g_test_add_func("/health/compiled", test_compiled);
	return g_test_run();
}
