/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/change.h"
#include "controller/change_internal.h"
#include "model/life.h"
#include <string.h>

gboolean change_fail(GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (error)
		*error = g_error_new_valist(STORE_ERROR, STORE_INVALID, format, args);
	va_end(args);
	return FALSE;
}

/* --- what runs, and what is open --- */

/* The record with this entry; `value` NULL: without. */
static void set_life(struct stored *s, const char *section, const char *key, const char *value)
{
	struct node *life = s->life ? node_copy(s->life) : node_object();
	struct node *entries = node_get(life, section);
	if (!entries || entries->type != NODE_OBJECT)
		node_set(life, section, entries = node_object());
	if (value)
		node_set(entries, key, node_string(value));
	else
		node_remove(entries, key);
	node_unref(s->life);
	s->life = life;
}

/* What a command makes of a machine's state. FALSE: not from there. */
static gboolean next_state(enum vm_state now, const char *verb, enum vm_state *next)
{
	if (!strcmp(verb, "start"))
		*next = VM_RUNNING;
	else if (!strcmp(verb, "deallocate"))
		*next = VM_DEALLOCATED;
	else if (!strcmp(verb, "stop"))
		*next = now == VM_DEALLOCATED ? now : VM_STOPPED; /* it is off already, and more than that */
	else if (now == VM_RUNNING || now == VM_REPAIRING)
		*next = VM_REPAIRING;
	else
		return FALSE;
	return TRUE;
}

static gboolean change_state(struct changing *c, const struct vm *vm, const char *verb)
{
	g_autofree char *label = graph_vm_label(c->now->graph, vm);
	enum vm_state next;
	if (!next_state(vm->state, verb, &next))
		return change_fail(c->error,
		                   "%s is %s: only a machine that runs is repaired; `escarp vm start %s` starts it",
		                   label, vm_state_name(vm->state), label);
	set_life(c->next, LIFE_MACHINES, vm->noun.key, next == VM_RUNNING ? NULL : vm_state_name(next));
	node_set(c->answer, "was", node_string(vm_state_name(vm->state)));
	node_set(c->answer, "state", node_string(vm_state_name(next == VM_REPAIRING ? VM_RUNNING : next)));
	return TRUE;
}

static gboolean change_vm(struct changing *c, const char *verb)
{
	struct vm *vm = graph_find_vm(c->now->graph, c->request->name, c->error);
	if (!vm)
		return FALSE;
	node_set(c->answer, "name", node_take_string(graph_vm_label(c->now->graph, vm)));
	node_set(c->answer, "id", node_string(vm->noun.id));
	if (!strcmp(verb, "move"))
		return change_move(c, vm);
	return strcmp(verb, "delete") ? change_state(c, vm, verb) : change_delete_vm(c, vm);
}

static gboolean change_endpoint(struct changing *c, const char *verb)
{
	gboolean disable = !strcmp(verb, "disable");
	struct endpoint e;
	if (!graph_find_endpoint(c->now->graph, c->request->name, &e, c->error))
		return FALSE;
	set_life(c->next, LIFE_ENDPOINTS, e.noun->key, disable ? LIFE_DISABLED : NULL);
	node_set(c->answer, "name", node_stringf("%s/%s", e.lb->noun.name, e.noun->name));
	node_set(c->answer, "id", node_string(e.noun->id));
	node_set(c->answer, "was", node_string(*e.disabled ? "disabled" : "enabled"));
	node_set(c->answer, "state", node_string(disable ? "disabled" : "enabled"));
	return TRUE;
}

static gboolean change_deployment(struct changing *c, const char *verb)
{
	return strcmp(verb, "swap") ? change_delete_group(c) : change_swap(c);
}

static const struct {
	const char *noun, *verbs; /* separated by spaces */
	gboolean (*make)(struct changing *c, const char *verb);
} actions[] = {
        {"vm", "start stop deallocate repair move delete", change_vm},
        {"deployment", "swap delete", change_deployment},
        {"endpoint", "enable disable", change_endpoint},
};

static gboolean make(struct changing *c)
{
	g_auto(GStrv) words = g_strsplit(c->request->action, " ", 2);
	for (guint i = 0; i < G_N_ELEMENTS(actions); i++) {
		g_auto(GStrv) verbs = g_strsplit(actions[i].verbs, " ", -1);
		if (words[0] && words[1] && !strcmp(words[0], actions[i].noun) &&
		    g_strv_contains((const char *const *)verbs, words[1]))
			return actions[i].make(c, words[1]);
	}
	return change_fail(c->error, "there is no action '%.80s'", c->request->action);
}

struct stored *change_make(const struct plan *now, const struct stored *old, const struct request *r,
                           struct node *answer, GError **error)
{
	g_autoptr(stored) next = stored_copy(old);
	struct changing c = {now, old, next, r, answer, error};
	if (!now) {
		change_fail(error, "the stored documents do not compile, so nothing can be done to what they declare; "
		                   "`escarp status` says why, and `escarp up` with others mends it");
		return NULL;
	}
	next->live = r->live;
	node_set(answer, "action", node_string(r->action));
	return make(&c) ? g_steal_pointer(&next) : NULL;
}

struct stored *change_return(const struct stored *old)
{
	const struct node *machines = node_get(old->life, LIFE_MACHINES);
	g_autoptr(stored) next = stored_copy(old);
	gboolean any = FALSE;
	for (guint i = 0; i < node_length(machines); i++) {
		if (strcmp(node_str(node_value(machines, i), ""), vm_state_name(VM_REPAIRING)) != 0)
			continue;
		set_life(next, LIFE_MACHINES, node_name(machines, i), NULL);
		any = TRUE;
	}
	return any ? g_steal_pointer(&next) : NULL;
}
