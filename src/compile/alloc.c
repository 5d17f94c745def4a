/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations as data: their life, their JSON, their look-ups. */
#include "alloc_data.h"
#include "abi/maps.h"
#include "lib/node.h"
#include <string.h>

/* How a kind of number looks in JSON, and what it may be. */
static const struct {
	const char *name;
	gboolean address;
	guint32 limit;
} kinds[ALLOC_KINDS] = {
        [ALLOC_NETWORK] = {"networks", FALSE, ESC_VNI_EDGE_ASK - 1},
        [ALLOC_PRIVATE] = {"private", TRUE, G_MAXUINT32},
        [ALLOC_PUBLIC] = {"public", TRUE, G_MAXUINT32},
        [ALLOC_HOST] = {"hosts", TRUE, G_MAXUINT32},
        [ALLOC_RULE] = {"rules", FALSE, ALLOC_RULES_MAX},
        [ALLOC_SNAT] = {"snat", FALSE, ESC_SNAT_PORTS},
        [ALLOC_HOME] = {"homes", FALSE, ESC_VNI_EDGE_ASK - 1},
};

static const char *const kinds6[ALLOC_KINDS6] = {[ALLOC_PRIVATE6] = "private6", [ALLOC_PUBLIC6] = "public6"};

#define PORTS_PER_HOST 255   /* leaves each port 1024 flows of the default table */
#define HOSTS_MAX      65536 /* more than any fleet; a bound for what the store says */

void alloc_settings_init(struct alloc_settings *s)
{
	*s = (struct alloc_settings){.hosts = 1,
	                             .ports_per_host = PORTS_PER_HOST,
	                             .rates = {[ESC_LIMIT_ARP] = {100, 200},
	                                       [ESC_LIMIT_DHCP] = {10, 20},
	                                       [ESC_LIMIT_DNS] = {1000, 2000},
	                                       [ESC_LIMIT_ICMP] = {100, 200}}};
	prefix_parse(GRAPH_PUBLIC_POOL, &s->public_pool);
	prefix6_parse(GRAPH_PUBLIC_POOL6, &s->public_pool6);
	prefix_parse("172.31.240.0/24", &s->fabric);
	ip_parse("169.254.169.253", &s->platform);
	ip6_parse("fe80::1234:5678:9abc", &s->platform6);
}

/* Ids are long and begin alike; what tells them apart stands at their end. */
static guint key_hash(gconstpointer key)
{
	const char *text = key;
	gsize length = strlen(text), left = MIN(length, 48);
	guint64 h = length, word;

	for (const char *c = text + length - left; left; c += sizeof word) {
		word = 0;
		memcpy(&word, c, MIN(left, sizeof word));
		left -= MIN(left, sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return (guint)(h ^ h >> 32);
}

struct alloc *alloc_new(void)
{
	struct alloc *a = g_new0(struct alloc, 1);
	a->ports = g_hash_table_new_full(key_hash, g_str_equal, g_free, g_free);
	a->parked = g_hash_table_new_full(key_hash, g_str_equal, g_free, g_free);
	a->released = alloc_released_new();
	for (guint k = 0; k < ALLOC_KINDS; k++)
		a->numbers[k] = g_hash_table_new_full(key_hash, g_str_equal, g_free, NULL);
	for (guint k = 0; k < ALLOC_KINDS6; k++)
		a->addresses6[k] = g_hash_table_new_full(key_hash, g_str_equal, g_free, g_free);
	return a;
}

void alloc_free(struct alloc *a)
{
	if (!a)
		return;
	g_hash_table_unref(a->ports);
	g_hash_table_unref(a->parked);
	g_hash_table_unref(a->released);
	for (guint k = 0; k < ALLOC_KINDS; k++)
		g_hash_table_unref(a->numbers[k]);
	for (guint k = 0; k < ALLOC_KINDS6; k++)
		g_hash_table_unref(a->addresses6[k]);
	g_free(a->top);
	g_free(a);
}

char *alloc_key(const struct noun *n)
{
	return g_strdup(n->key);
}

/* Default rules may be shared by all groups and then share one id as well. */
char *alloc_rule_key(const struct rule *r)
{
	if (!r->is_default)
		return alloc_key(&r->noun);
	return g_strdup_printf("%s#%s%u", r->noun.key, r->direction == DIR_IN ? "in" : "out", r->priority);
}

char *alloc_access_key(const struct noun *owner, guint order)
{
	return g_strdup_printf("%s#access%u", owner->key, order);
}

char *alloc_snat_key(const struct public_address *p, const struct ip_config *c)
{
	return g_strdup_printf("%s|%s", p->noun.key, c->noun.key);
}

guint32 alloc_number(const struct alloc *a, enum alloc_kind kind, const char *key)
{
	return a ? GPOINTER_TO_UINT(g_hash_table_lookup(a->numbers[kind], key)) : 0;
}

void alloc_set(struct alloc *a, enum alloc_kind kind, const char *key, guint32 number)
{
	g_hash_table_replace(a->numbers[kind], g_strdup(key), GUINT_TO_POINTER(number));
}

const struct ip6 *alloc_address6(const struct alloc *a, enum alloc_kind6 kind, const char *key)
{
	return a ? g_hash_table_lookup(a->addresses6[kind], key) : NULL;
}

void alloc_set6(struct alloc *a, enum alloc_kind6 kind, const char *key, struct ip6 address)
{
	g_hash_table_replace(a->addresses6[kind], g_strdup(key), g_memdup2(&address, sizeof address));
}

void alloc_index(struct alloc *a)
{
	GHashTableIter i;
	gpointer value;
	a->hosts = 0;
	g_hash_table_iter_init(&i, a->ports);
	while (g_hash_table_iter_next(&i, NULL, &value))
		a->hosts = MAX(a->hosts, ((struct alloc_port *)value)->host + 1);
	g_free(a->top);
	a->top = g_new0(guint, a->hosts + 1);
	g_hash_table_iter_init(&i, a->ports);
	while (g_hash_table_iter_next(&i, NULL, &value)) {
		const struct alloc_port *p = value;
		a->top[p->host] = MAX(a->top[p->host], p->number);
	}
}

static GList *sorted_keys(GHashTable *t)
{
	return g_list_sort(g_hash_table_get_keys(t), (GCompareFunc)strcmp);
}

static struct node *ports_to_node(const struct alloc *a)
{
	struct node *out = node_object();
	g_autoptr(GList) keys = sorted_keys(a->ports);
	for (GList *k = keys; k; k = k->next) {
		const struct alloc_port *p = g_hash_table_lookup(a->ports, k->data);
		struct node *port = node_object();
		node_set(port, "host", node_int(p->host));
		node_set(port, "number", node_int(p->number));
		node_set(port, "mac", node_take_string(mac_format(p->mac)));
		node_set(out, k->data, port);
	}
	return out;
}

static struct node *addresses6_to_node(GHashTable *addresses)
{
	struct node *out = node_object();
	g_autoptr(GList) keys = sorted_keys(addresses);

	for (GList *k = keys; k; k = k->next) {
		const struct ip6 *address = g_hash_table_lookup(addresses, k->data);

		node_set(out, k->data, node_take_string(ip6_format(*address)));
	}
	return out;
}

static struct node *parked_to_node(const struct alloc *a)
{
	struct node *out = node_object();
	g_autoptr(GList) keys = sorted_keys(a->parked);
	for (GList *k = keys; k; k = k->next) {
		const struct alloc_parked *p = g_hash_table_lookup(a->parked, k->data);
		struct node *card = node_object();
		node_set(card, "host", node_int(p->host));
		node_set(card, "mac", node_take_string(mac_format(p->mac)));
		if (p->avoid)
			node_set(card, "avoid", node_bool(TRUE));
		node_set(out, k->data, card);
	}
	return out;
}

static struct node *released_to_node(const struct alloc *a)
{
	struct node *out = node_object();
	g_autoptr(GList) keys = sorted_keys(a->released);
	for (GList *k = keys; k; k = k->next) {
		const struct alloc_released *r = g_hash_table_lookup(a->released, k->data);
		struct node *one = node_object();
		node_set(one, "at", node_int(r->at));
		node_set(one, "owner", node_string(r->owner));
		node_set(out, k->data, one);
	}
	return out;
}

struct node *alloc_to_node(const struct alloc *a)
{
	struct node *out = node_object();
	node_set(out, "version", node_int(1));
	node_set(out, "lastMac", node_int(a->last_mac));
	node_set(out, "ports", ports_to_node(a));
	node_set(out, "parked", parked_to_node(a));
	node_set(out, "released", released_to_node(a));
	for (guint kind = 0; kind < ALLOC_KINDS; kind++) {
		struct node *section = node_object();
		g_autoptr(GList) keys = sorted_keys(a->numbers[kind]);
		for (GList *k = keys; k; k = k->next) {
			guint32 n = alloc_number(a, kind, k->data);
			node_set(section, k->data, kinds[kind].address ? node_take_string(ip_format(n)) : node_int(n));
		}
		node_set(out, kinds[kind].name, section);
	}
	for (guint kind = 0; kind < ALLOC_KINDS6; kind++)
		node_set(out, kinds6[kind], addresses6_to_node(a->addresses6[kind]));
	return out;
}

static gboolean bad(GError **error, const char *section, const char *key)
{
	g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID, "allocations: %s: '%s' is not what was written here",
	            section, key);
	return FALSE;
}

static gboolean read_ports(struct alloc *a, const struct node *ports, GError **error)
{
	for (guint i = 0; i < node_length(ports); i++) {
		const struct node *n = node_value(ports, i);
		gint64 host = node_integer(node_get(n, "host"), -1), number = node_integer(node_get(n, "number"), -1);
		struct alloc_port p = {0};
		if (host < 0 || host >= HOSTS_MAX || number < 1 || number >= ESC_MAX_PORTS ||
		    !mac_parse(node_get_str(n, "mac", ""), p.mac))
			return bad(error, "ports", node_name(ports, i));
		p.host = (guint)host;
		p.number = (guint)number;
		g_hash_table_replace(a->ports, g_ascii_strdown(node_name(ports, i), -1), g_memdup2(&p, sizeof p));
	}
	return TRUE;
}

static gboolean read_parked(struct alloc *a, const struct node *parked, GError **error)
{
	for (guint i = 0; i < node_length(parked); i++) {
		const struct node *n = node_value(parked, i);
		gint64 host = node_integer(node_get(n, "host"), -1);
		struct alloc_parked p = {.avoid = node_truth(node_get(n, "avoid"), FALSE)};
		if (host < 0 || host >= HOSTS_MAX || !mac_parse(node_get_str(n, "mac", ""), p.mac))
			return bad(error, "parked", node_name(parked, i));
		p.host = (guint)host;
		g_hash_table_replace(a->parked, g_ascii_strdown(node_name(parked, i), -1), g_memdup2(&p, sizeof p));
	}
	return TRUE;
}

/* "ADDRESS" or "VNI/ADDRESS" */
static gboolean is_place(const char *text)
{
	const char *slash = strchr(text, '/');
	g_autofree char *vni = slash ? g_strndup(text, (gsize)(slash - text)) : NULL;
	const char *address = slash ? slash + 1 : text;
	struct ip6 six;
	guint32 four;
	return (!vni || g_ascii_string_to_unsigned(vni, 10, 1, ESC_VNI_EDGE_ASK - 1, NULL, NULL)) &&
	       (ip_parse(address, &four) || ip6_parse(address, &six));
}

static gboolean read_released(struct alloc *a, const struct node *released, GError **error)
{
	for (guint i = 0; i < node_length(released); i++) {
		const struct node *n = node_value(released, i);
		gint64 at = node_integer(node_get(n, "at"), -1);
		const char *owner = node_get_str(n, "owner", NULL);
		if (at < 0 || !owner || !is_place(node_name(released, i)))
			return bad(error, "released", node_name(released, i));
		alloc_set_released(a, node_name(released, i), at, owner);
	}
	return TRUE;
}

static gboolean read_kind(struct alloc *a, enum alloc_kind kind, const struct node *section, GError **error)
{
	for (guint i = 0; i < node_length(section); i++) {
		const struct node *n = node_value(section, i);
		g_autofree char *key = g_ascii_strdown(node_name(section, i), -1);
		guint32 number = 0;
		if (kinds[kind].address) {
			if (!ip_parse(node_str(n, ""), &number) || !number)
				return bad(error, kinds[kind].name, key);
		} else {
			gint64 v = node_integer(n, -1);
			if (v < 1 || v > kinds[kind].limit)
				return bad(error, kinds[kind].name, key);
			number = (guint32)v;
		}
		alloc_set(a, kind, key, number);
	}
	return TRUE;
}

static gboolean read_kind6(struct alloc *a, enum alloc_kind6 kind, const struct node *section, GError **error)
{
	static const struct ip6 none;

	for (guint i = 0; i < node_length(section); i++) {
		g_autofree char *key = g_ascii_strdown(node_name(section, i), -1);
		struct ip6 address;

		if (!ip6_parse(node_str(node_value(section, i), ""), &address) || ip6_compare(address, none) == 0)
			return bad(error, kinds6[kind], key);
		alloc_set6(a, kind, key, address);
	}
	return TRUE;
}

/* What was written before there was IPv6 has none of these sections. */
static gboolean read_kinds6(struct alloc *a, const struct node *n, GError **error)
{
	for (guint kind = 0; kind < ALLOC_KINDS6; kind++) {
		const struct node *section = node_get(n, kinds6[kind]);

		if (section && section->type != NODE_OBJECT)
			return bad(error, kinds6[kind], "");
		if (section && !read_kind6(a, kind, section, error))
			return FALSE;
	}
	return TRUE;
}

struct alloc *alloc_from_node(const struct node *n, GError **error)
{
	g_autoptr(alloc) a = alloc_new();
	if (!n || n->type != NODE_OBJECT || node_integer(node_get(n, "version"), 0) != 1) {
		bad(error, "version", "1");
		return NULL;
	}
	const struct node *ports = node_get(n, "ports");
	if (!ports || ports->type != NODE_OBJECT) {
		bad(error, "ports", "");
		return NULL;
	}
	gint64 last = node_integer(node_get(n, "lastMac"), 0);
	if (last < 0 || last > G_MAXUINT32) {
		bad(error, "lastMac", "");
		return NULL;
	}
	a->last_mac = (guint32)last;
	if (!read_ports(a, ports, error))
		return NULL;
	if (!read_parked(a, node_get(n, "parked"), error) || !read_released(a, node_get(n, "released"), error))
		return NULL;
	for (guint kind = 0; kind < ALLOC_KINDS; kind++) {
		const struct node *section = node_get(n, kinds[kind].name);
		if (!section && kind == ALLOC_HOME)
			continue; /* written before there was one */
		if (!section || section->type != NODE_OBJECT) {
			bad(error, kinds[kind].name, "");
			return NULL;
		}
		if (!read_kind(a, kind, section, error))
			return NULL;
	}
	if (!read_kinds6(a, n, error))
		return NULL;
	alloc_index(a);
	return g_steal_pointer(&a);
}

const struct alloc_port *alloc_port(const struct alloc *a, const struct nic *nic)
{
	return nic->vm && nic->vm->state == VM_RUNNING ? alloc_place(a, nic) : NULL;
}

const struct alloc_port *alloc_place(const struct alloc *a, const struct nic *nic)
{
	return nic->vm ? g_hash_table_lookup(a->ports, nic->noun.key) : NULL;
}

static guint32 number_of(const struct alloc *a, enum alloc_kind kind, const struct noun *n)
{
	return alloc_number(a, kind, n->key);
}

guint32 alloc_vni(const struct alloc *a, const struct network *n)
{
	return number_of(a, ALLOC_NETWORK, &n->noun);
}

guint32 alloc_private(const struct alloc *a, const struct ip_config *c)
{
	return number_of(a, ALLOC_PRIVATE, &c->noun);
}

guint32 alloc_public(const struct alloc *a, const struct public_address *p)
{
	return number_of(a, ALLOC_PUBLIC, &p->noun);
}

const struct ip6 *alloc_private6(const struct alloc *a, const struct ip_config *c)
{
	return alloc_address6(a, ALLOC_PRIVATE6, c->noun.key);
}

const struct ip6 *alloc_public6(const struct alloc *a, const struct public_address *p)
{
	return alloc_address6(a, ALLOC_PUBLIC6, p->noun.key);
}

guint32 alloc_host_public(const struct alloc *a, guint host)
{
	g_autofree char *key = g_strdup_printf("%u", host);
	return alloc_number(a, ALLOC_HOST, key);
}

guint32 alloc_rule(const struct alloc *a, const struct rule *r)
{
	g_autofree char *key = r->is_default ? alloc_rule_key(r) : NULL;
	return alloc_number(a, ALLOC_RULE, key ? key : r->noun.key);
}

guint32 alloc_access(const struct alloc *a, const struct noun *owner, guint order)
{
	g_autofree char *key = alloc_access_key(owner, order);
	return alloc_number(a, ALLOC_RULE, key);
}

guint32 alloc_fabric(const struct alloc_settings *s, guint host)
{
	return s->fabric.addr + host + 1;
}

guint alloc_snat_ports(guint members)
{
	static const struct {
		guint members, ports;
	} tiers[] = {{50, 1024}, {100, 512}, {200, 256}, {400, 128}, {800, 64}};
	for (guint i = 0; i < G_N_ELEMENTS(tiers); i++) {
		if (members <= tiers[i].members)
			return tiers[i].ports;
	}
	return 32;
}

guint alloc_snat_slot(const struct alloc *a, const struct public_address *p, const struct ip_config *c)
{
	g_autofree char *key = alloc_snat_key(p, c);
	guint32 number = alloc_number(a, ALLOC_SNAT, key);
	return number ? number - 1 : ALLOC_NO_SLOT;
}

guint alloc_ports_top(const struct alloc *a, guint host)
{
	return host < a->hosts ? a->top[host] : 0;
}
