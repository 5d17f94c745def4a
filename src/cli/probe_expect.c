/* SPDX-License-Identifier: Apache-2.0 */
/* What to try, and what the oracle says must come of it. */
#include "cli/probe.h"

#include "cli/probe_ports.h"
#include "lab/wire.h"
#include "lib/paths.h"
#include "prove/oracle.h"

#define NTH(array, type, i) ((type *)g_ptr_array_index(array, i))
#define INTERNET            "internet"
/* Any outside addresses would do. */
#define OUTSIDE_SERVER  "192.0.2.100"
#define OUTSIDE_SERVER6 "2001:db8::100"
#define SOURCE_PORT     40000 /* stands for the ephemeral one that the kernel will choose */

static void place_free(gpointer data)
{
	struct place *p = data;

	g_free(p->label);
	g_free(p->netns);
	g_free(p);
}

static void target_free(gpointer data)
{
	struct target *t = data;

	g_free(t->label);
	g_free(t);
}

static void attempt_free(gpointer data)
{
	struct attempt *a = data;

	g_ptr_array_unref(a->may_answer);
	g_free(a->answer);
	g_free(a);
}

void probe_plan_free(struct probe_plan *p)
{
	if (!p)
		return;
	g_ptr_array_unref(p->attempts);
	g_ptr_array_unref(p->targets);
	g_ptr_array_unref(p->places);
	g_ptr_array_unref(p->left_out);
	g_free(p);
}

static gboolean is_tap(const struct live *l, const struct vm *vm)
{
	const struct node *ports = node_get(l->status, "ports");

	for (guint i = 0; i < node_length(ports); i++) {
		const struct node *p = node_item(ports, i);

		if (g_ascii_strcasecmp(node_get_str(p, "vm", ""), vm->noun.id) == 0 &&
		    node_truth(node_get(p, "tap"), FALSE))
			return TRUE;
	}
	return FALSE;
}

static const struct ip6 none;

static struct ip6 literal(const char *text)
{
	struct ip6 six;
	guint32 four;

	if (ip_parse(text, &four))
		return ip6_mapped(four);
	if (!ip6_parse(text, &six))
		g_assert_not_reached();
	return six;
}

static struct ip6 private_of(const struct live *l, const struct ip_config *c)
{
	const struct ip6 *six = alloc_private6(l->alloc, c);
	guint32 four = alloc_private(l->alloc, c);

	return six ? *six : four ? ip6_mapped(four) : none;
}

static void add_place(struct probe_plan *p, char *label, const struct nic *nic, struct ip6 four, struct ip6 six,
                      char *netns)
{
	struct place *place = g_new0(struct place, 1);

	place->label = label;
	place->nic = nic;
	place->addresses[0] = four;
	place->addresses[1] = six;
	place->netns = netns;
	g_ptr_array_add(p->places, place);
}

const struct ip6 *place_source(const struct place *from, const struct target *to)
{
	guint32 four;
	const struct ip6 *source = &from->addresses[ip6_is_mapped(to->address, &four) ? 0 : 1];

	return ip6_compare(*source, none) ? source : NULL;
}

static void add_targets(struct probe_plan *p, const char *label, const struct vm *vm, struct ip6 address,
                        const GArray *ports)
{
	for (guint i = 0; i < ports->len; i++) {
		struct target *t = g_new0(struct target, 1);

		t->label = g_strdup(label);
		t->vm = vm;
		t->address = address;
		t->port = g_array_index(ports, guint16, i);
		g_ptr_array_add(p->targets, t);
	}
}

static void target_configs(struct probe_plan *p, const struct live *l, const struct vm *vm, const char *label,
                           const GPtrArray *configs, const GArray *chosen)
{
	for (guint k = 0; k < configs->len; k++) {
		const struct ip_config *c = NTH(configs, struct ip_config, k);
		g_autoptr(GArray) own = probe_ports_of_config(c, p->protocol);

		add_targets(p, label, vm, private_of(l, c), chosen->len ? chosen : own);
	}
}

/* An instance's private addresses; `chosen` ports win over its own. */
static void target_instance(struct probe_plan *p, const struct live *l, const struct vm *vm, const char *label,
                            const GArray *chosen)
{
	for (guint n = 0; n < vm->nics->len; n++) {
		const struct nic *nic = NTH(vm->nics, struct nic, n);

		target_configs(p, l, vm, label, nic->configs, chosen);
		target_configs(p, l, vm, label, nic->configs6, chosen);
	}
}

static void take_instances(struct probe_plan *p, const struct live *l, const char *lab, const GArray *chosen)
{
	for (guint i = 0; i < l->graph->vms->len; i++) {
		const struct vm *vm = NTH(l->graph->vms, struct vm, i);
		const struct nic *nic = vm->nics->len ? NTH(vm->nics, struct nic, 0) : NULL;
		g_autofree char *label = graph_vm_label(l->graph, vm);

		if (!nic || !alloc_port(l->alloc, nic))
			continue;
		if (is_tap(l, vm)) {
			g_ptr_array_add(p->left_out,
			                g_strdup_printf("%s: a guest on a tap device answers as it likes", label));
			continue;
		}
		add_place(p, g_strdup(label), nic, private_of(l, NTH(nic->configs, struct ip_config, 0)),
		          nic->configs6->len ? private_of(l, NTH(nic->configs6, struct ip_config, 0)) : none,
		          paths_netns_instance(lab, vm->noun.id));
		target_instance(p, l, vm, label, chosen);
	}
}

static void take_public(struct probe_plan *p, const struct live *l, const GArray *chosen)
{
	for (guint i = 0; i < l->graph->public_addresses->len; i++) {
		const struct public_address *a = NTH(l->graph->public_addresses, struct public_address, i);
		g_autoptr(GArray) own = probe_ports_of_public(a, p->protocol);
		const struct ip6 *six = alloc_public6(l->alloc, a);
		guint32 four = alloc_public(l->alloc, a);

		if ((six || four) && (a->config || a->frontend))
			add_targets(p, a->noun.name, NULL, six ? *six : ip6_mapped(four), chosen->len ? chosen : own);
	}
}

static gboolean is_left_out(const struct live *l, const struct nic *to)
{
	return to && is_tap(l, to->vm);
}

/* One packet judged; its fate joins what is expected. Returns FALSE when the attempt cannot be judged by trying. */
static gboolean expect(struct attempt *a, const struct live *l, guint8 protocol, const struct ip_config *pick,
                       GPtrArray **candidates)
{
	struct oracle_packet packet = {
	        .from = a->from->nic,
	        .source = *place_source(a->from, a->to),
	        .destination = a->to->address,
	        .protocol = protocol,
	        .source_port = SOURCE_PORT,
	        .destination_port = a->to->port,
	};
	struct oracle_answer answer = oracle_follow(l->graph, l->alloc, &l->settings, &packet, pick);
	gboolean fine = !is_left_out(l, answer.to);

	if (!pick)
		a->verdict = answer.verdict;
	if (answer.verdict != ESC_V_FORWARD)
		a->may_be_silent = TRUE;
	else
		g_ptr_array_add(a->may_answer,
		                answer.to ? graph_vm_label(l->graph, answer.to->vm) : g_strdup(INTERNET));
	if (candidates)
		*candidates = g_steal_pointer(&answer.candidates);
	oracle_clear(&answer);
	return fine;
}

static void add_attempt(struct probe_plan *p, const struct live *l, const struct place *from, const struct target *to)
{
	struct attempt *a = g_new0(struct attempt, 1);
	g_autoptr(GPtrArray) candidates = NULL;
	gboolean fine;

	a->from = from;
	a->to = to;
	a->may_answer = g_ptr_array_new_with_free_func(g_free);
	fine = expect(a, l, p->protocol, NULL, &candidates);
	for (guint i = 1; candidates && i < candidates->len; i++)
		fine = expect(a, l, p->protocol, NTH(candidates, struct ip_config, i), NULL) && fine;
	if (fine)
		g_ptr_array_add(p->attempts, a);
	else
		attempt_free(a);
}

static gboolean has_address(const struct live *l, const GPtrArray *configs, struct ip6 address)
{
	for (guint k = 0; k < configs->len; k++)
		if (ip6_compare(private_of(l, NTH(configs, struct ip_config, k)), address) == 0)
			return TRUE;
	return FALSE;
}

/* Nobody's way to himself crosses the network, and his own address is his own even where another network has it too. */
static gboolean is_himself(const struct live *l, const struct place *from, const struct target *to)
{
	const struct vm *vm = from->nic ? from->nic->vm : NULL;

	if (!vm)
		return ip6_compare(to->address, literal(OUTSIDE_SERVER)) == 0 ||
		       ip6_compare(to->address, literal(OUTSIDE_SERVER6)) == 0;
	if (to->vm == vm)
		return TRUE;
	for (guint n = 0; n < vm->nics->len; n++) {
		const struct nic *nic = NTH(vm->nics, struct nic, n);

		if (has_address(l, nic->configs, to->address) || has_address(l, nic->configs6, to->address))
			return TRUE;
	}
	return FALSE;
}

static gboolean check_count(const struct probe_plan *p, GError **error)
{
	guint64 count = (guint64)p->places->len * p->targets->len;

	if (count <= PROBE_MAX_ATTEMPTS)
		return TRUE;
	g_set_error(error, CLI_ERROR, CLI_USAGE,
	            "probe: %" G_GUINT64_FORMAT " attempts are more than %u; choose ports with --port", count,
	            PROBE_MAX_ATTEMPTS);
	return FALSE;
}

struct probe_plan *probe_plan_new(const struct live *l, const char *lab, guint8 protocol, const GArray *ports,
                                  GError **error)
{
	static const guint16 outside[] = {80, 443};
	g_autoptr(probe_plan) p = g_new0(struct probe_plan, 1);
	g_autoptr(GArray) outside_ports = g_array_new(FALSE, FALSE, sizeof(guint16));

	p->protocol = protocol;
	p->places = g_ptr_array_new_with_free_func(place_free);
	p->targets = g_ptr_array_new_with_free_func(target_free);
	p->attempts = g_ptr_array_new_with_free_func(attempt_free);
	p->left_out = g_ptr_array_new_with_free_func(g_free);
	add_place(p, g_strdup(INTERNET), NULL, literal(WIRE_CLIENT), literal(WIRE_CLIENT6), paths_netns_internet(lab));
	take_public(p, l, ports);
	take_instances(p, l, lab, ports);
	g_array_append_vals(outside_ports, outside, G_N_ELEMENTS(outside));
	add_targets(p, INTERNET, NULL, literal(OUTSIDE_SERVER), outside_ports);
	add_targets(p, INTERNET, NULL, literal(OUTSIDE_SERVER6), outside_ports);
	if (!check_count(p, error))
		return NULL;
	for (guint i = 0; i < p->places->len; i++) {
		const struct place *from = NTH(p->places, struct place, i);

		for (guint k = 0; k < p->targets->len; k++) {
			const struct target *to = NTH(p->targets, struct target, k);

			if (place_source(from, to) && !is_himself(l, from, to))
				add_attempt(p, l, from, to);
		}
	}
	return g_steal_pointer(&p);
}

gboolean attempt_as_expected(const struct attempt *a)
{
	/* Whoever tries from the Internet may hear the Internet itself: it has every address that is not ours. */
	if (a->outcome == OUTCOME_ANSWER && g_strcmp0(a->answer, a->from->label) == 0 && !a->from->nic)
		return a->may_be_silent;
	if (a->outcome == OUTCOME_SILENCE)
		return a->may_be_silent;
	/* It also has the addresses of networks whose space is no private one, and refuses itself there. */
	if (a->outcome == OUTCOME_REFUSED)
		return !a->from->nic && a->to->vm && a->may_be_silent;
	for (guint i = 0; i < a->may_answer->len; i++)
		if (g_strcmp0(a->answer, g_ptr_array_index(a->may_answer, i)) == 0)
			return TRUE;
	return FALSE;
}
