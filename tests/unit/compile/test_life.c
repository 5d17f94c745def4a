/* SPDX-License-Identifier: Apache-2.0 */
/* The life of addresses and places: random commands, beside a twin that is written as if nothing cost anything. */
#include "compile/alloc_data.h"
#include "kit.h"
#include "lib/node.h"
#include "model/life.h"
#include <string.h>

#define VMS   8
#define STEPS 1500
#define FIRST 0x0a000104u /* of a /28 with four at its start and one at its end that nobody gets */
#define LAST  0x0a00010eu
#define POOL  0xc6120001u

/* What the twin knows of one machine, or (the last one) of the front end before the first three. */
struct twin {
	gboolean exists;
	enum vm_state state;
	guint32 private, public;
	guint host, number; /* number 0: no place */
	guint8 mac[6];
};

struct gone {
	guint32 address;
	gboolean public;
	gint64 at;
	guint owner; /* index */
};

struct life {
	struct twin twin[VMS + 1];
	GArray *gone; /* struct gone */
	gint64 now;
	struct alloc *alloc;
};

static struct graph *world(const struct life *l)
{
	g_autoptr(kit) k = kit_new();
	kit_add(k, "virtualNetworks", "v",
	        "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':[{'name':'a','properties':{"
	        "'addressPrefix':'10.0.1.0/28'}}]");
	kit_add(k, "publicIPAddresses", "zfront", "'publicIPAllocationMethod':'Dynamic'");
	kit_add(k, "loadBalancers", "lb",
	        "'frontendIPConfigurations':[{'name':'f','properties':{'publicIPAddress':{'id':'~publicIPAddresses/"
	        "zfront'}}}],'backendAddressPools':[{'name':'p'}],"
	        "'loadBalancingRules':[{'name':'r','properties':{'frontendIPConfiguration':{'id':'~loadBalancers/lb/"
	        "frontendIPConfigurations/f'},'backendAddressPool':{'id':'~loadBalancers/lb/backendAddressPools/p'},"
	        "'protocol':'Tcp','frontendPort':80,'backendPort':80}}]");
	for (guint i = 0; i < VMS; i++) {
		g_autofree char *name = g_strdup_printf("vm%u", i), *ip = g_strdup_printf("ip%u", i);
		g_autofree char *more = g_strdup_printf(
		        ",'publicIPAddress':{'id':'~publicIPAddresses/%s'}%s", ip,
		        i < 3 ? ",'loadBalancerBackendAddressPools':[{'id':'~loadBalancers/lb/backendAddressPools/p'}]"
		              : "");
		if (!l->twin[i].exists)
			continue;
		kit_add(k, "publicIPAddresses", ip, "'publicIPAllocationMethod':'%s'", i == 7 ? "Static" : "Dynamic");
		kit_vm(k, name, "v/subnets/a", more, "");
	}
	return kit_graph(k, 0);
}

static void lay_life(struct graph *g, const struct life *l)
{
	g_autoptr(node) life = node_object();
	struct node *machines = node_object();
	node_set(life, "machines", machines);
	for (guint i = 0; i < g->vms->len; i++) {
		const struct vm *vm = g_ptr_array_index(g->vms, i);
		enum vm_state state = l->twin[vm->noun.name[2] - '0'].state;
		if (state != VM_RUNNING)
			node_set(machines, vm->noun.key, node_string(vm_state_name(state)));
	}
	graph_life(g, life);
}

/* --- the twin --- */

static gboolean holds_private(const struct twin *t)
{
	return t->exists && t->state != VM_DEALLOCATED;
}

static gboolean holds_public(const struct life *l, guint i)
{
	guint machines = 0, allocated = 0;
	if (i < VMS)
		return l->twin[i].exists && (i == 7 || l->twin[i].state != VM_DEALLOCATED);
	for (guint k = 0; k < 3; k++) {
		machines += l->twin[k].exists;
		allocated += l->twin[k].exists && l->twin[k].state != VM_DEALLOCATED;
	}
	return !machines || allocated;
}

static gboolean is_resting(const struct life *l, guint32 address, gboolean public)
{
	for (guint i = 0; i < l->gone->len; i++) {
		const struct gone *g = &g_array_index(l->gone, struct gone, i);
		if (g->address == address && g->public == public && l->now - g->at < ALLOC_REST_SECONDS)
			return TRUE;
	}
	return FALSE;
}

static void give_back(struct life *l, guint owner, guint32 *address, gboolean public)
{
	struct gone g = {*address, public, l->now, owner};
	for (guint i = l->gone->len; i-- > 0;) {
		const struct gone *old = &g_array_index(l->gone, struct gone, i);
		if (old->address == *address && old->public == public)
			g_array_remove_index(l->gone, i);
	}
	g_array_append_val(l->gone, g);
	*address = 0;
}

static gboolean is_taken(const struct life *l, guint32 address, gboolean public)
{
	for (guint i = 0; i <= VMS; i++)
		if ((public ? l->twin[i].public : l->twin[i].private) == address)
			return TRUE;
	return public && address < POOL + 2; /* the hosts' own */
}

/* FALSE: there is none. */
static gboolean give(struct life *l, guint owner, gboolean public)
{
	guint32 first = public ? POOL : FIRST, last = public ? 0xc612fffe : LAST;
	for (guint32 a = first; a <= last; a++) {
		if (is_taken(l, a, public) || is_resting(l, a, public))
			continue;
		*(public ? &l->twin[owner].public : &l->twin[owner].private) = a;
		return TRUE;
	}
	return FALSE;
}

/* Everything after one command, or nothing of it and FALSE. */
static gboolean twin_settle(struct life *l)
{
	for (guint i = 0; i <= VMS; i++) {
		struct twin *t = &l->twin[i];
		if (i < VMS && t->private && !holds_private(t))
			give_back(l, i, &t->private, FALSE);
		if (t->public && !holds_public(l, i))
			give_back(l, i, &t->public, TRUE);
	}
	for (guint i = 0; i <= VMS; i++) {
		struct twin *t = &l->twin[i];
		if (i < VMS && holds_private(t) && !t->private && !give(l, i, FALSE))
			return FALSE;
		if (holds_public(l, i) && !t->public && !give(l, i, TRUE))
			return FALSE;
	}
	return TRUE;
}

static void command(struct life *l)
{
	struct twin *t = &l->twin[g_test_rand_int_range(0, VMS)];
	l->now += g_test_rand_int_range(0, 6);
	if (!t->exists) {
		*t = (struct twin){.exists = TRUE};
		return;
	}
	if (g_test_rand_int_range(0, 12) == 0)
		t->exists = FALSE;
	else
		t->state = (enum vm_state)g_test_rand_int_range(0, VM_STATES);
	if (!t->exists)
		t->state = VM_RUNNING;
}

/* --- beside the real one --- */

static void check_place(const struct life *l, const struct alloc *a, const struct vm *vm, struct twin *t)
{
	const struct nic *nic = g_ptr_array_index(vm->nics, 0);
	const struct alloc_port *port = alloc_port(a, nic), *place = alloc_place(a, nic);
	gboolean has_place = t->state == VM_RUNNING || t->state == VM_STOPPED;
	static const guint8 none[6];
	(void)l;
	g_assert_true((port != NULL) == (t->state == VM_RUNNING));
	g_assert_true((place != NULL) == has_place);
	if (!place) {
		t->number = 0;
		return;
	}
	if (t->number) {
		g_assert_cmpuint(place->host, ==, t->host);
		g_assert_cmpuint(place->number, ==, t->number);
	}
	if (memcmp(t->mac, none, 6))
		g_assert_cmpmem(t->mac, 6, place->mac, 6);
	t->host = place->host;
	t->number = place->number;
	memcpy(t->mac, place->mac, 6);
}

static void check_past(const struct life *l, const struct alloc *a)
{
	g_autoptr(GArray) past = alloc_past(a);
	guint known = 0;
	for (guint i = 0; i < l->gone->len; i++) {
		const struct gone *g = &g_array_index(l->gone, struct gone, i);
		g_autofree char *text = ip_format(g->address);
		const struct alloc_past *found = NULL;
		if (!g->public || l->twin[g->owner].public == g->address)
			continue; /* a private one, or its owner's again */
		for (guint k = 0; k < past->len && !found; k++)
			if (!strcmp(g_array_index(past, struct alloc_past, k).address, text))
				found = &g_array_index(past, struct alloc_past, k);
		g_assert_nonnull(found);
		g_assert_cmpint(found->at, ==, g->at);
		known++;
	}
	g_assert_cmpuint(known, ==, past->len);
}

static void check(struct life *l, const struct graph *g, const struct alloc *a)
{
	for (guint i = 0; i < g->vms->len; i++) {
		const struct vm *vm = g_ptr_array_index(g->vms, i);
		struct twin *t = &l->twin[vm->noun.name[2] - '0'];
		const struct nic *nic = g_ptr_array_index(vm->nics, 0);
		const struct ip_config *c = g_ptr_array_index(nic->configs, 0);
		g_assert_cmphex(alloc_private(a, c), ==, t->private);
		g_assert_cmphex(alloc_public(a, c->public_address), ==, t->public);
		check_place(l, a, vm, t);
		if (c->pools->len)
			g_assert_true((alloc_snat_slot(a, kit_public(g, "zfront"), c) != ALLOC_NO_SLOT) ==
			              (t->state == VM_RUNNING));
	}
	g_assert_cmphex(alloc_public(a, kit_public(g, "zfront")), ==, l->twin[VMS].public);
	check_past(l, a);
}

static struct alloc *again(const struct alloc *a)
{
	g_autoptr(node) n = alloc_to_node(a);
	g_autoptr(GError) error = NULL;
	struct alloc *b = alloc_from_node(n, &error);
	g_assert_no_error(error);
	return b;
}

/* A command that has no room is refused, and leaves all as it was. */
static void step(struct life *l, guint *refused)
{
	struct life before = *l;
	g_autoptr(GArray) gone = g_array_copy(l->gone);
	g_autoptr(GError) error = NULL;
	struct alloc_settings s;
	gint64 now;
	alloc_settings_init(&s);
	s.hosts = 2;
	command(l);
	now = s.now = l->now;
	g_autoptr(graph) g = world(l);
	lay_life(g, l);
	gboolean fits = twin_settle(l);
	g_autoptr(alloc) a = alloc_assign(l->alloc, g, &s, &error);
	g_assert_true((a != NULL) == fits);
	if (a) {
		check(l, g, a);
		alloc_free(l->alloc);
		l->alloc = again(a);
		return;
	}
	g_assert_nonnull(strstr(error->message, "given back less than 60 s ago"));
	++*refused;
	g_array_unref(l->gone);
	*l = before;
	l->gone = g_steal_pointer(&gone);
	l->now = now;
}

static void random_life(void)
{
	struct life l = {.gone = g_array_new(FALSE, FALSE, sizeof(struct gone)), .now = 1000000};
	guint refused = 0;
	l.alloc = alloc_new();
	for (guint i = 0; i < STEPS; i++)
		step(&l, &refused);
	g_assert_cmpuint(refused, >, 0); /* or the subnet is too large to try it */
	g_assert_cmpuint(refused, <, STEPS / 2);
	alloc_free(l.alloc);
	g_array_unref(l.gone);
}

/* --- what one can say without chance --- */

static const char net[] = "'addressSpace':{'addressPrefixes':['10.0.0.0/16']},'subnets':[{'name':'a','properties':{"
                          "'addressPrefix':'10.0.1.0/24'}}]";

static struct alloc *assign(const struct alloc *old, const struct graph *g, guint hosts, gint64 now, GError **error)
{
	struct alloc_settings s;
	alloc_settings_init(&s);
	s.hosts = hosts;
	s.now = now;
	return alloc_assign(old, g, &s, error);
}

static void set_state(struct graph *g, guint vm, enum vm_state state)
{
	((struct vm *)g_ptr_array_index(g->vms, vm))->state = state;
}

/* A machine under repair comes back on the other host although the old one has as much room. */
static void repair_moves(void)
{
	g_autoptr(kit) k = kit_new();
	kit_add(k, "virtualNetworks", "v", net);
	kit_vm(k, "a", "v/subnets/a", "", "");
	g_autoptr(graph) g = kit_graph(k, 0);
	const struct nic *nic = kit_nic(g, "a-nic");
	g_autoptr(alloc) a = assign(NULL, g, 2, 1000, NULL);
	struct alloc_port before = *alloc_port(a, nic);
	set_state(g, 0, VM_REPAIRING);
	g_autoptr(alloc) b = assign(a, g, 2, 1001, NULL), c = again(b);
	g_assert_null(alloc_place(b, nic));
	g_assert_cmphex(alloc_private(b, kit_config(g, "a-nic")), ==, alloc_private(a, kit_config(g, "a-nic")));
	set_state(g, 0, VM_RUNNING);
	g_autoptr(alloc) d = assign(c, g, 2, 1002, NULL);
	g_assert_cmpuint(alloc_port(d, nic)->host, !=, before.host);
	g_assert_cmpmem(alloc_port(d, nic)->mac, 6, before.mac, 6);
	/* With one host there is no other. */
	g_autoptr(alloc) e = assign(c, g, 1, 1002, NULL);
	g_assert_cmpuint(alloc_port(e, nic)->host, ==, 0);
}

/* One deployment that removes who has an address and adds who wants one does not hand it on. */
static void not_handed_on(void)
{
	g_autoptr(kit) k = kit_new();
	kit_add(k, "virtualNetworks", "v", net);
	kit_vm(k, "a", "v/subnets/a", "", "");
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = assign(NULL, g, 1, 1000, NULL);
	kit_remove(k, "a");
	kit_remove(k, "a-nic");
	kit_vm(k, "b", "v/subnets/a", "", "");
	g_autoptr(graph) h = kit_graph(k, 0);
	g_autoptr(alloc) b = assign(a, h, 1, 1000, NULL), later = assign(NULL, h, 1, 1000, NULL);
	g_assert_cmphex(alloc_private(b, kit_config(h, "b-nic")), ==, 0x0a000105);
	g_assert_cmphex(alloc_private(later, kit_config(h, "b-nic")), ==, 0x0a000104);
	/* A network that comes after another with its number has nothing to do with what was given back there. */
	kit_remove(k, "v");
	kit_add(k, "virtualNetworks", "w", net);
	kit_remove(k, "b");
	kit_remove(k, "b-nic");
	kit_vm(k, "c", "w/subnets/a", "", "");
	g_autoptr(graph) other = kit_graph(k, 0);
	g_autoptr(alloc) c = assign(b, other, 1, 1001, NULL);
	g_assert_cmpuint(alloc_vni(c, g_ptr_array_index(other->networks, 0)), ==, 1);
	g_assert_cmphex(alloc_private(c, kit_config(other, "c-nic")), ==, 0x0a000104);
}

/* Nobody declares himself the owner of an address that is, or just was, another subscription's. */
static void not_usurped(void)
{
	g_autoptr(kit) k = kit_new();
	g_autoptr(GError) held = NULL, resting = NULL;
	kit_add(k, "publicIPAddresses", "p", "'publicIPAllocationMethod':'Static'");
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = assign(NULL, g, 1, 1000, NULL);
	g_autofree char *text = ip_format(alloc_public(a, kit_public(g, "p")));
	kit_add(k, "publicIPAddresses", "q", "'publicIPAllocationMethod':'Static','ipAddress':'%s'", text);
	kit_subscription(k, "other");
	g_autoptr(graph) both = kit_graph(k, 0);
	g_autoptr(alloc) b = assign(a, both, 1, 1001, &held);
	g_assert_null(b);
	g_assert_nonnull(strstr(held->message, "is another subscription's"));
	kit_remove(k, "q");
	kit_remove(k, "p");
	kit_add(k, "publicIPAddresses", "r", "'publicIPAllocationMethod':'Static'");
	g_autoptr(graph) without = kit_graph(k, 0);
	g_autoptr(alloc) c = assign(a, without, 1, 1002, NULL);
	kit_add(k, "publicIPAddresses", "q", "'publicIPAllocationMethod':'Static','ipAddress':'%s'", text);
	kit_subscription(k, "other");
	g_autoptr(graph) q = kit_graph(k, 0);
	g_autoptr(alloc) d = assign(c, q, 1, 1002 + ALLOC_REST_SECONDS - 1, &resting);
	g_assert_null(d);
	g_assert_nonnull(strstr(resting->message, "try again in 1 s"));
	g_autoptr(alloc) e = assign(c, q, 1, 1002 + ALLOC_REST_SECONDS, NULL);
	g_assert_nonnull(e);
	g_assert_cmpstr(alloc_public_holder(e, text), ==, kit_public(q, "q")->noun.key);
}

static void exchanged(void)
{
	g_autoptr(kit) k = kit_new();
	kit_add(k, "publicIPAddresses", "p", "'publicIPAllocationMethod':'Static'");
	kit_add(k, "publicIPAddresses", "q", "'publicIPAllocationMethod':'Static'");
	g_autoptr(graph) g = kit_graph(k, 0);
	g_autoptr(alloc) a = assign(NULL, g, 1, 1000, NULL), b = again(a);
	alloc_exchange(b, kit_public(g, "p"), kit_public(g, "q"));
	g_autoptr(alloc) c = assign(b, g, 1, 1001, NULL);
	g_autoptr(GArray) past = alloc_past(c);
	g_assert_cmphex(alloc_public(c, kit_public(g, "p")), ==, alloc_public(a, kit_public(g, "q")));
	g_assert_cmphex(alloc_public(c, kit_public(g, "q")), ==, alloc_public(a, kit_public(g, "p")));
	g_assert_cmpuint(past->len, ==, 0);
}

/* What the store says is believed only where it makes sense. */
static void spoiled(void)
{
	static const char *const bad[] = {
	        "{'parked':{'/x':{'host':-1,'mac':'02:e5:00:00:00:01'}}}", "{'parked':{'/x':{'host':0,'mac':'x'}}}",
	        "{'released':{'198.18.0.1':{'at':-1,'owner':'x'}}}",       "{'released':{'198.18.0.1':{'at':1}}}",
	        "{'released':{'0/10.0.0.4':{'at':1,'owner':'x'}}}",        "{'released':{'x':{'at':1,'owner':'x'}}}",
	};
	g_autoptr(alloc) empty = alloc_new();
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *text = g_strdelimit(g_strdup(bad[i]), "'", '"');
		g_autoptr(node) more = node_parse(text, strlen(text), "test", NULL), n = alloc_to_node(empty);
		g_autoptr(GError) error = NULL;
		node_set(n, node_name(more, 0), node_ref(node_value(more, 0)));
		g_autoptr(alloc) a = alloc_from_node(n, &error);
		g_assert_null(a);
		g_assert_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/life/random", random_life);
	g_test_add_func("/life/repair-moves", repair_moves);
	g_test_add_func("/life/not-handed-on", not_handed_on);
	g_test_add_func("/life/not-usurped", not_usurped);
	g_test_add_func("/life/exchanged", exchanged);
	g_test_add_func("/life/spoiled", spoiled);
	return g_test_run();
}
