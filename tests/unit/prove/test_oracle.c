/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle against a table made by hand from office.json and the semantics page; no line was taken from its output.
 *
 *   network one 10.1.0.0/16: front .1.0/24 (group gfront): a .4, a2 .5; back .2.0/24 (no group): b .4 with a Basic
 * address, b2 .5 with a Standard one, b3 .6, e .7 in the pool of an internal Standard balancer; mixed .3.0/24 (group
 * gmixed): c .4 with a group of its own and a Standard address, d .5 and d2 .6 behind the Basic balancer network
 * two 10.1.0.0/16: z and z2, where b and b2 are in network one
 */
#include "prove/oracle.h"
#include "abi/maps.h"
#include "scene.h"

#define OUTSIDE "192.0.2.1"

struct expectation {
	const char *why;
	const char *from, *source; /* NULL: the Internet from OUTSIDE; an instance from its own address */
	const char *to;            /* an address, or a public one's name */
	int protocol, port;
	enum esc_verdict verdict;
	const char *reached;     /* instance; NULL: nobody, or the Internet */
	const char *rules[4];    /* short names, NULL: none */
	const char *seen;        /* destination that the receiver sees, "address:port"; NULL: not asked */
	const char *seen_source; /* NULL: not asked */
};

#define IN_NETWORK "65000"

static const struct expectation table[] = {
        /* What must not pass. */
        {"a private source from outside", NULL, "10.0.0.1", "pip-b", 6, 22, ESC_V_BOGON_SOURCE},
        {"a loopback source from outside", NULL, "127.0.0.1", "pip-b", 6, 22, ESC_V_BOGON_SOURCE},
        {"a shared-space source from outside", NULL, "100.64.1.1", "pip-b", 6, 22, ESC_V_BOGON_SOURCE},
        {"the platform address from outside", NULL, "169.254.169.253", "pip-b", 6, 22, ESC_V_BOGON_SOURCE},
        {"a multicast source from outside", NULL, "224.0.0.5", "pip-b", 6, 22, ESC_V_BOGON_SOURCE},
        {"a public address that nobody has", NULL, NULL, "198.18.200.200", 6, 80, ESC_V_NOT_VIP},
        {"a private address from outside", NULL, NULL, "10.1.1.4", 6, 80, ESC_V_NOT_VIP},
        {"a port that no endpoint opens", NULL, NULL, "pip-lb", 6, 81, ESC_V_NO_ENDPOINT},
        {"an endpoint, by another protocol", NULL, NULL, "pip-lb", 17, 80, ESC_V_NO_ENDPOINT},
        {"ping to a balancer", NULL, NULL, "pip-lb", 1, 0, ESC_V_NO_ENDPOINT},
        {"an endpoint whose pool is empty", NULL, NULL, "pip-lb", 6, 9000, ESC_V_NO_BACKEND},
        {"Standard address, no group", NULL, NULL, "pip-b2", 6, 22, ESC_V_STANDARD_CLOSED, "b2"},
        {"Standard address, no group, ping", NULL, NULL, "pip-b2", 1, 0, ESC_V_STANDARD_CLOSED, "b2"},
        {"rules see the private port: 8081 leads to 80, which is not open",
         NULL,
         NULL,
         "pip-lb",
         6,
         8081,
         ESC_V_POLICY_IN,
         "d",
         {NULL, NULL, "65500", NULL},
         "10.1.3.5:80"},
        {"NAT rule, a source that the group does not name",
         NULL,
         NULL,
         "pip-lb",
         6,
         50022,
         ESC_V_POLICY_IN,
         "d",
         {NULL, NULL, "65500", NULL}},
        {"the subnet allows, the NIC denies by rule",
         NULL,
         "198.51.100.7",
         "pip-c",
         6,
         443,
         ESC_V_POLICY_IN,
         "c",
         {NULL, NULL, "Tls", "NotThem"}},
        {"the subnet allows, the NIC denies by default",
         NULL,
         NULL,
         "pip-c",
         6,
         25,
         ESC_V_POLICY_IN,
         "c",
         {NULL, NULL, "Mail", "65500"}},
        {"the subnet denies, so the NIC is not asked",
         NULL,
         NULL,
         "pip-c",
         6,
         3389,
         ESC_V_POLICY_IN,
         "c",
         {NULL, NULL, "65500", NULL}},
        {"a rule for port 53 of any protocol is none for ping",
         NULL,
         NULL,
         "pip-c",
         1,
         0,
         ESC_V_POLICY_IN,
         "c",
         {NULL, NULL, "65500", NULL}},
        {"within one subnet its group judges too",
         "a2",
         NULL,
         "10.1.1.4",
         6,
         80,
         ESC_V_POLICY_IN,
         "a",
         {NULL, IN_NETWORK, "DenyNetwork", NULL}},
        {"another port than the allowed one",
         "a",
         NULL,
         "10.1.1.5",
         6,
         81,
         ESC_V_POLICY_IN,
         "a2",
         {NULL, IN_NETWORK, "DenyNetwork", NULL}},
        {"a neighbour's address as source", "a", "10.1.1.5", "10.1.2.6", 6, 80, ESC_V_SPOOFED_IP},
        {"the platform address as source", "b3", "169.254.169.253", "10.1.1.4", 6, 80, ESC_V_SPOOFED_PLATFORM},
        {"outbound, the NIC's list first",
         "c",
         NULL,
         "10.1.2.6",
         6,
         5000,
         ESC_V_POLICY_OUT,
         NULL,
         {"No5000", NULL, NULL, NULL}},
        {"outbound, then the subnet's",
         "c",
         NULL,
         "203.0.113.1",
         6,
         25,
         ESC_V_POLICY_OUT,
         NULL,
         {"65001", "NoMail", NULL, NULL}},
        {"an address of the network that nobody has", "a", NULL, "10.1.2.99", 6, 80, ESC_V_UNREACHABLE},
        {"the gateway is no port", "a", NULL, "10.1.1.1", 1, 0, ESC_V_UNREACHABLE},
        {"private space that is not the network's", "a", NULL, "10.9.9.9", 6, 80, ESC_V_NO_ROUTE},
        {"other private space", "b3", NULL, "192.168.1.1", 6, 80, ESC_V_NO_ROUTE},
        {"the fabric", "b3", NULL, "172.31.240.1", 17, 4789, ESC_V_NO_ROUTE},
        {"the platform address has no service here", "b3", NULL, "169.254.169.253", 6, 80, ESC_V_NO_SERVICE},
        {"multicast", "b3", NULL, "224.0.0.1", 17, 5353, ESC_V_BROADCAST},
        {"broadcast", "b3", NULL, "255.255.255.255", 17, 67, ESC_V_BROADCAST},
        {"an internal Standard balancer alone gives nothing to leave by", "e", NULL, "203.0.113.1", 6, 443,
         ESC_V_NO_OUTBOUND},
        {"an internal front end does not answer", "a", NULL, "10.1.2.50", 6, 80, ESC_V_UNREACHABLE},
        {"another tenant's private address", "z", NULL, "10.1.3.4", 6, 443, ESC_V_UNREACHABLE},
        {"from one network to another by a Standard address without group", "z", NULL, "pip-b2", 6, 22,
         ESC_V_STANDARD_CLOSED, "b2"},
        {"GRE", "b3", NULL, "10.1.2.4", 47, 0, ESC_V_PROTOCOL},
        /* What must. */
        {"Basic address, no group: every port",
         NULL,
         NULL,
         "pip-b",
         6,
         22,
         ESC_V_FORWARD,
         "b",
         {NULL, NULL, NULL, NULL},
         "10.1.2.4:22"},
        {"Basic address, no group: ping", NULL, NULL, "pip-b", 1, 0, ESC_V_FORWARD, "b"},
        {"balanced 80 becomes 8080, which is open",
         NULL,
         NULL,
         "pip-lb",
         6,
         80,
         ESC_V_FORWARD,
         "d",
         {NULL, NULL, "App", NULL},
         "10.1.3.5:8080",
         OUTSIDE},
        {"balanced UDP", NULL, NULL, "pip-lb", 17, 53, ESC_V_FORWARD, "d", {NULL, NULL, "Names", NULL}},
        {"NAT rule, a source that the group names",
         NULL,
         "203.0.113.9",
         "pip-lb",
         6,
         50022,
         ESC_V_FORWARD,
         "d",
         {NULL, NULL, "Ssh", NULL},
         "10.1.3.5:22"},
        {"both groups allow, so Standard is open",
         NULL,
         NULL,
         "pip-c",
         6,
         443,
         ESC_V_FORWARD,
         "c",
         {NULL, NULL, "Tls", "Tls"},
         "10.1.3.4:443"},
        {"the rule of one address",
         "a",
         NULL,
         "10.1.1.5",
         6,
         80,
         ESC_V_FORWARD,
         "a2",
         {NULL, IN_NETWORK, "AllowA", NULL}},
        {"inside the network, no group", "b", NULL, "10.1.2.6", 17, 9, ESC_V_FORWARD, "b3"},
        {"ESP, a flow of two addresses", "b3", NULL, "10.1.2.4", 50, 0, ESC_V_FORWARD, "b"},
        {"same address, other network: the own one", "z2", NULL, "10.1.2.4", 6, 22, ESC_V_FORWARD, "z"},
        {"a Standard address is no matter inside the network", "b3", NULL, "10.1.2.5", 6, 22, ESC_V_FORWARD, "b2"},
        {"out by the own public address",
         "c",
         NULL,
         "203.0.113.1",
         17,
         53,
         ESC_V_FORWARD,
         NULL,
         {"65001", "65001", NULL, NULL},
         NULL,
         "pip-c"},
        {"out by the balancer's",
         "d",
         NULL,
         "203.0.113.1",
         6,
         443,
         ESC_V_FORWARD,
         NULL,
         {NULL, "65001", NULL, NULL},
         NULL,
         "pip-lb"},
        {"from one network to another by public addresses",
         "z",
         NULL,
         "pip-c",
         6,
         443,
         ESC_V_FORWARD,
         "c",
         {NULL, NULL, "Tls", "Tls"},
         "10.1.3.4:443"},
        {"own balancer by its public address",
         "b",
         NULL,
         "pip-lb",
         6,
         80,
         ESC_V_FORWARD,
         "d",
         {NULL, NULL, "App", NULL},
         "10.1.3.5:8080",
         "pip-b"},
};

static void check_rule(const struct rule *got, const char *want)
{
	g_autofree char *priority = got ? g_strdup_printf("%u", got->priority) : NULL;

	if (want && g_ascii_isdigit(*want))
		g_assert_cmpstr(priority, ==, want);
	else
		g_assert_cmpstr(got ? got->noun.name : NULL, ==, want);
}

static void check_seen(const struct oracle_answer *answer, const struct expectation *e, const struct scene *s)
{
	g_autofree char *addr = ip6_format_any(answer->seen_destination);
	g_autofree char *seen = g_strdup_printf("%s:%u", addr, answer->seen_destination_port);

	if (e->seen)
		g_assert_cmpstr(seen, ==, e->seen);
	if (e->seen_source)
		g_assert_true(address_same(answer->seen_source, scene_place(s, e->seen_source)));
}

static struct oracle_packet make_packet(const struct scene *s, const struct expectation *e)
{
	struct oracle_packet p = {
	        .protocol = (guint8)e->protocol, .source_port = 40000, .destination_port = (guint16)e->port};

	p.from = e->from ? scene_nic(s, e->from) : NULL;
	p.source = e->source ? scene_place(s, e->source)
	           : p.from  ? address_private(s->alloc, g_ptr_array_index(p.from->configs, 0))
	                     : scene_place(s, OUTSIDE);
	p.destination = scene_place(s, e->to);
	return p;
}

static void test_table(void)
{
	struct scene s = scene_load();

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		const struct expectation *e = &table[i];
		struct oracle_packet p = make_packet(&s, e);
		struct oracle_answer answer = oracle_judge(s.graph, s.alloc, &s.settings, &p, NULL);

		g_test_message("%s", e->why);
		g_assert_cmpint(answer.verdict, ==, e->verdict);
		g_assert_cmpstr(answer.to ? answer.to->vm->noun.name : NULL, ==, e->reached);
		for (int k = 0; k < 4 && (e->rules[0] || e->rules[1] || e->rules[2] || e->rules[3]); k++)
			check_rule(answer.rules[k], e->rules[k]);
		check_seen(&answer, e, &s);
		oracle_clear(&answer);
	}
	scene_clear(&s);
}

static void test_pick(void)
{
	struct scene s = scene_load();
	const struct nic *d2 = scene_nic(&s, "d2");
	struct oracle_packet p = {NULL, scene_place(&s, OUTSIDE), scene_place(&s, "pip-lb"), 6, 1000, 80};
	struct oracle_answer answer = oracle_judge(s.graph, s.alloc, &s.settings, &p, NULL);

	g_assert_cmpuint(answer.candidates->len, ==, 2);
	oracle_clear(&answer);
	answer = oracle_judge(s.graph, s.alloc, &s.settings, &p, g_ptr_array_index(d2->configs, 0));
	g_assert_true(answer.to == d2);
	oracle_clear(&answer);
	/* A NAT rule leaves no choice. */
	p.destination_port = 50022;
	answer = oracle_judge(s.graph, s.alloc, &s.settings, &p, g_ptr_array_index(d2->configs, 0));
	g_assert_null(answer.candidates);
	g_assert_cmpstr(answer.to->vm->noun.name, ==, "d");
	oracle_clear(&answer);
	scene_clear(&s);
}

/* What has nothing else leaves by its host's address, and that address opens nothing. */
static void test_host_address(void)
{
	struct scene s = scene_load();
	const struct nic *b3 = scene_nic(&s, "b3");
	guint32 host = alloc_host_public(s.alloc, alloc_port(s.alloc, b3)->host);
	struct oracle_packet out = {b3, scene_place(&s, "10.1.2.6"), scene_place(&s, OUTSIDE), 6, 1000, 80};
	struct oracle_packet in = {NULL, scene_place(&s, OUTSIDE), ip6_mapped(host), 6, 1000, 80};
	struct oracle_answer answer = oracle_judge(s.graph, s.alloc, &s.settings, &out, NULL);

	g_assert_cmpint(answer.verdict, ==, ESC_V_FORWARD);
	g_assert_null(answer.to);
	g_assert_true(address_same(answer.seen_source, ip6_mapped(host)));
	oracle_clear(&answer);
	answer = oracle_judge(s.graph, s.alloc, &s.settings, &in, NULL);
	g_assert_cmpint(answer.verdict, ==, ESC_V_NO_ENDPOINT);
	oracle_clear(&answer);
	/* Its own block of ports leads to its host, but nothing there waits for a first packet; the last block is
	 * nobody's. */
	in.destination_port = (guint16)(1024 + (alloc_port(s.alloc, b3)->number - 1) * 1024 + 1023);
	answer = oracle_judge(s.graph, s.alloc, &s.settings, &in, NULL);
	g_assert_cmpint(answer.verdict, ==, ESC_V_NO_TRANSLATION);
	g_assert_true(answer.to == b3);
	oracle_clear(&answer);
	in.destination_port = 63000;
	answer = oracle_judge(s.graph, s.alloc, &s.settings, &in, NULL);
	g_assert_cmpint(answer.verdict, ==, ESC_V_NO_ENDPOINT);
	oracle_clear(&answer);
	scene_clear(&s);
}

/* The oracle's own list says what the data path's does: at both ends of each row, and beside them. */
static void test_bogons(void)
{
	static const struct {
		guint32 first, size;
		gboolean always;
	} rows[] = {
#define ESC_BOGON6(...)
#define ESC_BOGON4(a, b, c, d, length, group, name, rfc)                                                               \
	{(guint32)(a) << 24 | (b) << 16 | (c) << 8 | (d), 1u << (32 - (length)), ESC_BOGON_##group == ESC_BOGON_ALWAYS},
#include "abi/bogon.def"
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		guint32 first = rows[i].first, last = first + (rows[i].size - 1);
		const guint32 tried[] = {first, last, first - 1, last + 1};
		for (guint k = 0; k < G_N_ELEMENTS(tried); k++) {
			gboolean want = FALSE;
			for (guint j = 0; j < G_N_ELEMENTS(rows); j++)
				want |= rows[j].always && tried[k] - rows[j].first < rows[j].size;
			g_assert_cmpint(oracle_is_bogon(ip6_mapped(tried[k])), ==, want);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/oracle/table", test_table);
	g_test_add_func("/oracle/pick", test_pick);
	g_test_add_func("/oracle/bogons", test_bogons);
	g_test_add_func("/oracle/host-address", test_host_address);
	return g_test_run();
}
