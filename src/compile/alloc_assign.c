/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing numbers: first everybody keeps what still fits, then the new ones get the lowest free, in order of id. */
#include "alloc_data.h"
#include "abi/maps.h"
#include <stdarg.h>
#include <string.h>

gboolean assign_fail(struct assignment *as, const struct noun *n, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *place = n && n->document ? noun_place(n) : g_strdup(n ? n->id : "the fleet");
	g_set_error(as->error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT, "%s: %s", place, what);
	return FALSE;
}

/* The lowest numbers from 1 that nobody has; `next` only ever moves up, since nothing is freed on the way. */
struct free_numbers {
	GHashTable *taken; /* guint32 as pointer */
	guint32 next;
};

static gboolean take_number(struct free_numbers *f, guint32 number)
{
	return number && g_hash_table_add(f->taken, GUINT_TO_POINTER(number));
}

static guint32 take_lowest(struct free_numbers *f)
{
	while (!take_number(f, f->next))
		f->next++;
	return f->next;
}

/* Gives every key of `keys` (unique, in order) a number of its kind. */
static gboolean number_keys(struct assignment *as, enum alloc_kind kind, GPtrArray *keys, guint32 limit)
{
	g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
	struct free_numbers f = {taken, 1};
	for (guint i = 0; i < keys->len; i++) {
		guint32 old = alloc_number(as->old, kind, g_ptr_array_index(keys, i));
		if (old <= limit && take_number(&f, old))
			alloc_set(as->a, kind, g_ptr_array_index(keys, i), old);
	}
	for (guint i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);
		if (alloc_number(as->a, kind, key))
			continue;
		guint32 number = take_lowest(&f);
		if (number > limit)
			return assign_fail(as, NULL, "no number is left for '%s'; at most %u exist", key, limit);
		alloc_set(as->a, kind, key, number);
	}
	return TRUE;
}

static gboolean assign_networks(struct assignment *as)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < as->graph->networks->len; i++)
		g_ptr_array_add(keys, alloc_key(&((struct network *)g_ptr_array_index(as->graph->networks, i))->noun));
	return number_keys(as, ALLOC_NETWORK, keys, ESC_VNI_EDGE_ASK - 1);
}

struct rule_keys {
	GPtrArray *keys; /* char * */
	GHashTable *seen;
};

static void add_rule_key(struct rule_keys *k, char *key)
{
	if (g_hash_table_contains(k->seen, key)) {
		g_free(key); /* adding it would put this one in the place of the other */
		return;
	}
	g_hash_table_add(k->seen, key);
	g_ptr_array_add(k->keys, key);
}

static void add_access_keys(struct rule_keys *k, const struct noun *owner, const struct access_control *access)
{
	for (guint i = 0; access && i < access->rules->len; i++)
		add_rule_key(k, alloc_access_key(owner, g_array_index(access->rules, struct access_rule, i).order));
}

static void add_balancer_keys(struct rule_keys *k, const struct load_balancer *lb)
{
	for (guint i = 0; i < lb->rules->len; i++) {
		const struct lb_rule *r = g_ptr_array_index(lb->rules, i);
		add_access_keys(k, &r->noun, r->access);
	}
	for (guint i = 0; i < lb->nat_rules->len; i++) {
		const struct nat_rule *r = g_ptr_array_index(lb->nat_rules, i);
		add_access_keys(k, nat_rule_access_owner(r), r->access);
	}
}

static gboolean assign_rules(struct assignment *as)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	struct rule_keys k = {keys, seen};
	for (guint i = 0; i < as->graph->security_groups->len; i++) {
		const struct security_group *group = g_ptr_array_index(as->graph->security_groups, i);
		for (guint d = 0; d < 2; d++) {
			for (guint r = 0; r < group->rules[d]->len; r++)
				add_rule_key(&k, alloc_rule_key(g_ptr_array_index(group->rules[d], r)));
		}
	}
	for (guint i = 0; i < as->graph->load_balancers->len; i++)
		add_balancer_keys(&k, g_ptr_array_index(as->graph->load_balancers, i));
	return number_keys(as, ALLOC_RULE, keys, ALLOC_RULES_MAX);
}

/* --- ports --- */

struct placing {
	struct assignment *as;
	GArray *load;       /* guint: ports by host */
	GPtrArray *numbers; /* by host: GHashTable of taken numbers */
	struct free_numbers macs;
	GHashTable *host_of; /* struct vm -> host + 1 */
};

static const struct alloc_port *old_port(const struct assignment *as, const struct nic *nic)
{
	g_autofree char *key = alloc_key(&nic->noun);
	return as->old ? g_hash_table_lookup(as->old->ports, key) : NULL;
}

/* A MAC is 02:e5 and a number; 0 for one that is not ours. */
static guint32 mac_number(const guint8 mac[6])
{
	if (mac[0] != 0x02 || mac[1] != 0xe5)
		return 0;
	return (guint32)mac[2] << 24 | (guint32)mac[3] << 16 | (guint32)mac[4] << 8 | mac[5];
}

static void mac_make(guint8 mac[6], guint32 number)
{
	guint8 made[6] = {0x02,          0xe5, (guint8)(number >> 24), (guint8)(number >> 16), (guint8)(number >> 8),
	                  (guint8)number};
	memcpy(mac, made, sizeof made);
}

static struct alloc_port *add_port(struct placing *p, const struct nic *nic, guint host)
{
	struct alloc_port *port = g_new0(struct alloc_port, 1);
	port->host = host;
	g_hash_table_replace(p->as->a->ports, alloc_key(&nic->noun), port);
	return port;
}

static gboolean has_place(const struct vm *vm)
{
	return vm->state == VM_RUNNING || vm->state == VM_STOPPED;
}

static const struct alloc_parked *old_parked(const struct assignment *as, const struct nic *nic)
{
	return as->old ? g_hash_table_lookup(as->old->parked, nic->noun.key) : NULL;
}

/* Its cards keep their MACs, whatever comes after. */
static void park_vm(struct placing *p, const struct vm *vm)
{
	for (guint i = 0; i < vm->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(vm->nics, i);
		const struct alloc_port *old = old_port(p->as, nic);
		const struct alloc_parked *before = old_parked(p->as, nic);
		struct alloc_parked parked = {.host = before ? before->host : 0};
		if (old) {
			memcpy(parked.mac, old->mac, sizeof parked.mac);
			parked.host = old->host;
		} else if (before) {
			parked = *before;
		} else {
			continue;
		}
		parked.avoid = vm->state == VM_REPAIRING;
		if (take_number(&p->macs, mac_number(parked.mac)))
			g_hash_table_replace(p->as->a->parked, alloc_key(&nic->noun),
			                     g_memdup2(&parked, sizeof parked));
	}
}

/* A VM stays where its first NIC that had a port was. */
static void keep_vm(struct placing *p, const struct vm *vm)
{
	guint host = G_MAXUINT;
	for (guint i = 0; i < vm->nics->len && host == G_MAXUINT; i++) {
		const struct alloc_port *old = old_port(p->as, g_ptr_array_index(vm->nics, i));
		if (old && old->host < p->as->settings->hosts)
			host = old->host;
	}
	for (guint i = 0; i < vm->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(vm->nics, i);
		const struct alloc_port *old = old_port(p->as, nic);
		if (!old || host == G_MAXUINT)
			continue;
		struct alloc_port *port = add_port(p, nic, host);
		GHashTable *numbers = g_ptr_array_index(p->numbers, host);
		if (old->host == host && old->number <= p->as->settings->ports_per_host &&
		    g_hash_table_add(numbers, GUINT_TO_POINTER(old->number)))
			port->number = old->number;
		if (take_number(&p->macs, mac_number(old->mac)))
			memcpy(port->mac, old->mac, sizeof port->mac);
	}
	if (host == G_MAXUINT)
		return;
	g_hash_table_insert(p->host_of, (gpointer)vm, GUINT_TO_POINTER(host + 1));
	g_array_index(p->load, guint, host) += vm->nics->len;
}

/* The host that the machine was taken from; G_MAXUINT: none, or there is no other. */
static guint avoided_host(const struct placing *p, const struct vm *vm)
{
	for (guint i = 0; i < vm->nics->len && p->load->len > 1; i++) {
		const struct alloc_parked *parked = old_parked(p->as, g_ptr_array_index(vm->nics, i));
		if (parked && parked->avoid)
			return parked->host;
	}
	return G_MAXUINT;
}

static guint choose_host(struct placing *p, const struct vm *vm)
{
	guint avoid = avoided_host(p, vm), best = avoid == 0 ? 1 : 0;
	for (guint h = best + 1; h < p->load->len; h++) {
		if (h != avoid && g_array_index(p->load, guint, h) < g_array_index(p->load, guint, best))
			best = h;
	}
	g_hash_table_insert(p->host_of, (gpointer)vm, GUINT_TO_POINTER(best + 1));
	g_array_index(p->load, guint, best) += vm->nics->len;
	return best;
}

/* A MAC goes along with its NIC, also from a host that is no more, or from none. */
static void give_mac(struct placing *p, struct alloc_port *port, const struct nic *nic)
{
	const struct alloc_port *old = old_port(p->as, nic);
	const struct alloc_parked *parked = old_parked(p->as, nic);
	const guint8 *mac = old ? old->mac : parked ? parked->mac : NULL;
	if (mac && take_number(&p->macs, mac_number(mac)))
		memcpy(port->mac, mac, sizeof port->mac);
	else
		mac_make(port->mac, p->as->a->last_mac = take_lowest(&p->macs));
}

static gboolean place_vm(struct placing *p, const struct vm *vm)
{
	guint host = GPOINTER_TO_UINT(g_hash_table_lookup(p->host_of, vm));
	host = host ? host - 1 : choose_host(p, vm);
	if (g_array_index(p->load, guint, host) > p->as->settings->ports_per_host)
		return assign_fail(p->as, &vm->noun,
		                   "no room for its %u network interfaces: host %u has at most %u ports; add hosts",
		                   vm->nics->len, host, p->as->settings->ports_per_host);
	for (guint i = 0; i < vm->nics->len; i++) {
		const struct nic *nic = g_ptr_array_index(vm->nics, i);
		g_autofree char *key = alloc_key(&nic->noun);
		struct alloc_port *port = g_hash_table_lookup(p->as->a->ports, key);
		if (!port)
			port = add_port(p, nic, host);
		if (!port->number) {
			struct free_numbers f = {g_ptr_array_index(p->numbers, host), 1};
			port->number = take_lowest(&f);
		}
		if (!mac_number(port->mac))
			give_mac(p, port, nic);
	}
	return TRUE;
}

gboolean assign_ports(struct assignment *as)
{
	g_autoptr(GArray) load = g_array_new(FALSE, TRUE, sizeof(guint));
	g_autoptr(GPtrArray) numbers = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
	g_autoptr(GHashTable) macs = g_hash_table_new(NULL, NULL), host_of = g_hash_table_new(NULL, NULL);
	guint32 last_mac = as->old ? as->old->last_mac : 0;
	struct placing p = {as, load, numbers, {macs, last_mac + 1}, host_of};
	as->a->last_mac = last_mac;
	g_array_set_size(load, as->settings->hosts);
	for (guint h = 0; h < as->settings->hosts; h++)
		g_ptr_array_add(numbers, g_hash_table_new(NULL, NULL));
	for (guint i = 0; i < as->graph->vms->len; i++) {
		const struct vm *vm = g_ptr_array_index(as->graph->vms, i);
		if (has_place(vm))
			keep_vm(&p, vm);
		else
			park_vm(&p, vm);
	}
	for (guint i = 0; i < as->graph->vms->len; i++) {
		const struct vm *vm = g_ptr_array_index(as->graph->vms, i);
		if (has_place(vm) && !place_vm(&p, vm))
			return FALSE;
	}
	alloc_index(as->a);
	return TRUE;
}

static gboolean check_settings(struct assignment *as)
{
	const struct alloc_settings *s = as->settings;
	guint64 fabric = (guint64)prefix_last(s->fabric) - s->fabric.addr;
	if (s->hosts < 1 || s->hosts >= fabric)
		return assign_fail(as, NULL, "%u hosts do not fit the fabric network; it has room for %u", s->hosts,
		                   (guint)(fabric ? fabric - 1 : 0));
	if (s->ports_per_host < 1 || s->ports_per_host >= ESC_MAX_PORTS)
		return assign_fail(as, NULL, "%u ports a host are out of bounds; at most %u", s->ports_per_host,
		                   ESC_MAX_PORTS - 1);
	return TRUE;
}

struct alloc *alloc_assign(const struct alloc *old, const struct graph *g, const struct alloc_settings *s,
                           GError **error)
{
	g_autoptr(alloc) a = alloc_new();
	struct assignment as = {old, g, s, a, error};
	if (!check_settings(&as) || !assign_networks(&as) || !assign_rules(&as) || !assign_ports(&as) ||
	    !assign_private(&as) || !assign_public(&as) || !assign_snat(&as) || !assign_private6(&as) ||
	    !assign_public6(&as) || !assign_released(&as))
		return NULL;
	return g_steal_pointer(&a);
}
