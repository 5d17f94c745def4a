/* SPDX-License-Identifier: Apache-2.0 */
/* A machine goes to another host as it is: its ports get their places there, and deploy.c does the rest (moves.h). */
#include "controller/change_internal.h"
#include "model/life.h"

static gboolean find_host(struct changing *c, guint *host)
{
	guint64 n;
	if (!c->request->other ||
	    !g_ascii_string_to_unsigned(c->request->other, 10, 0, c->now->settings.hosts - 1, &n, NULL))
		return change_fail(c->error, "'%.40s' is no host: there are %u, from 0 on",
		                   c->request->other ? c->request->other : "", c->now->settings.hosts);
	*host = (guint)n;
	return TRUE;
}

static gboolean may_move(struct changing *c, const struct vm *vm, const char *label)
{
	g_autofree char *id = g_ascii_strdown(vm->noun.id, -1);
	if (vm->state != VM_RUNNING)
		return change_fail(c->error, "%s is %s: only a machine that runs moves", label,
		                   vm_state_name(vm->state));
	if (c->now->settings.taps && g_hash_table_contains(c->now->settings.taps, id))
		return change_fail(c->error, "%s has a tap device, whose guest cannot follow it", label);
	return vm->nics->len || change_fail(c->error, "%s has no network interface, so no place", label);
}

gboolean change_move(struct changing *c, const struct vm *vm)
{
	g_autofree char *label = graph_vm_label(c->now->graph, vm);
	guint host = 0;
	if (!may_move(c, vm, label) || !find_host(c, &host))
		return FALSE;
	guint now = alloc_port(c->now->alloc, g_ptr_array_index(vm->nics, 0))->host;
	node_set(c->answer, "state", node_stringf("on host %u", host));
	node_set(c->answer, "was", node_stringf("on host %u", now));
	if (host == now)
		return TRUE;
	g_autoptr(alloc) x = alloc_from_node(c->next->alloc, c->error);
	if (!x)
		return FALSE;
	alloc_move(x, vm, host);
	node_unref(c->next->alloc);
	c->next->alloc = alloc_to_node(x);
	return TRUE;
}
