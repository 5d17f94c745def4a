/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dependsOn: resolved, checked, and turned into an order. A loop's name stands for all its instances; it is
 * a point of its own in the graph, so that a thousand resources after a thousand others are two thousand
 * edges and not a million.
 */
#include "internal.h"
#include <string.h>

struct graph {
	struct frame *frame;
	guint count;          /* points: instances, then loops */
	GArray **needs;       /* point -> guint points that come before it */
	GHashTable *group_at; /* GPtrArray of a loop -> point + 1 */
	GPtrArray *groups;
};

static void add_edge(struct graph *g, guint from, guint to)
{
	if (!g->needs[from])
		g->needs[from] = g_array_new(FALSE, FALSE, sizeof(guint));
	g_array_append_val(g->needs[from], to);
}

static gboolean need_group(struct graph *g, guint from, GPtrArray *group)
{
	guint point = GPOINTER_TO_UINT(g_hash_table_lookup(g->group_at, group));

	if (point)
		add_edge(g, from, point - 1);
	return point != 0;
}

/* How well `i` answers to a name that `asking` uses: by its whole name, as a sibling, or by its last part. */
static int closeness(const struct instance *asking, const struct instance *i, const char *key)
{
	const char *mine = strrchr(asking->name, '/'), *other = strrchr(i->name, '/');

	if (g_ascii_strcasecmp(i->name, key) == 0)
		return 3;
	if (mine && other && mine - asking->name == other - i->name &&
	    g_ascii_strncasecmp(asking->name, i->name, (gsize)(mine - asking->name)) == 0)
		return 2;
	return 1;
}

/*
 * By a bare name, which resources of several types may bear: the closest one; none when two are equally
 * close, because a wrong edge could close a circle that is not there. The asking one itself only when
 * nobody else has the name.
 */
static gboolean need_named(struct graph *g, guint from, GPtrArray *list, const char *key)
{
	struct instance *asking = g->frame->instances->pdata[from], *best = NULL;
	int best_closeness = 0;
	gboolean tie = FALSE;

	for (guint k = 0; list && k < list->len && k < 1000; k++) {
		struct instance *i = list->pdata[k];
		int c = i == asking ? 0 : closeness(asking, i, key);
		if (!best || c > best_closeness || (c == best_closeness && i->active && !best->active)) {
			tie = FALSE;
			best = i;
			best_closeness = c;
		} else if (c == best_closeness && i->active == best->active) {
			tie = TRUE;
		}
	}
	if (best && !tie)
		add_edge(g, from, best->number);
	return best != NULL;
}

static gboolean need(struct graph *g, guint from, const char *wanted)
{
	struct frame *f = g->frame;
	g_autofree char *key = g_ascii_strdown(wanted, -1);
	GPtrArray *group = g_hash_table_lookup(f->groups, key);
	const char *provider = strstr(key, "/providers/");

	if (group && need_group(g, from, group))
		return TRUE;
	struct instance *i = g_hash_table_lookup(f->by_id, key);
	if (!i)
		i = arm_find_turn(f, key);
	if (!i)
		i = g_hash_table_lookup(f->by_relative, provider ? provider + strlen("/providers/") : key);
	if (i) {
		add_edge(g, from, i->number);
		return TRUE;
	}
	return need_named(g, from, g_hash_table_lookup(f->by_name, key), key);
}

static gboolean read_needs(struct graph *g, struct instance *i)
{
	struct node *list = node_get(i->source, "dependsOn");
	struct env e = {.run = g->frame->run,
	                .frame = g->frame,
	                .loops = i->loops,
	                .subject = i->subject,
	                .place = list ? list : i->source};

	if (!list || !i->active)
		return TRUE;
	g_autoptr(node) value = arm_eval_node(&e, list);
	if (!value)
		return FALSE;
	if (arm_is_unknown(value)) {
		arm_assume(&e, value, "dependsOn", "it is taken as empty");
		return TRUE;
	}
	if (value->type != NODE_ARRAY && value->type != NODE_STRING)
		return arm_fail(&e, "dependsOn must be an array of names or ids, not of type %s",
		                node_type_name(value->type)) != NULL;
	guint count = value->type == NODE_ARRAY ? node_length(value) : 1;
	for (guint k = 0; k < count; k++) {
		struct node *item = value->type == NODE_ARRAY ? node_item(value, k) : value;
		e.place = item->line ? item : list;
		if (arm_is_unknown(item)) {
			need(g, i->number, item->unknown.text);
			continue;
		}
		if (item->type != NODE_STRING)
			return arm_fail(&e, "dependsOn holds a value of type %s; only names and ids may stand there",
			                node_type_name(item->type)) != NULL;
		if (!arm_charge(&e, 64))
			return FALSE;
		if (!need(g, i->number, item->string))
			arm_note(&e, "it depends on '%.200s', which is not a resource of this template", item->string);
	}
	return TRUE;
}

static const char *point_name(const struct graph *g, guint point)
{
	struct instance *i = point < g->frame->instances->len ? g->frame->instances->pdata[point] : NULL;

	return i ? i->name : NULL;
}

/* Names a cycle among the points that never became ready. */
static void report_cycle(struct graph *g, const guint *waiting)
{
	g_autofree guint *seen = g_new0(guint, g->count);
	g_autoptr(GString) text = g_string_new(NULL);
	guint at = 0, shown = 0;

	while (!waiting[at])
		at++;
	/* Walking along unready needs must come back to a point; from there once around is the cycle. */
	for (int round = 1; round <= 2; round++) {
		while ((int)seen[at] < round) {
			seen[at] = (guint)round;
			const char *name = round == 2 ? point_name(g, at) : NULL;
			if (name && shown++ < 20)
				g_string_append_printf(text, "'%s' -> ", name);
			guint next = at;
			for (guint k = 0; g->needs[at] && k < g->needs[at]->len && next == at; k++) {
				guint candidate = g_array_index(g->needs[at], guint, k);
				if (waiting[candidate])
					next = candidate;
				if (candidate == at)
					break;
			}
			at = next;
		}
	}
	while (!point_name(g, at))
		at = g_array_index(g->needs[at], guint, 0);
	struct instance *i = g->frame->instances->pdata[at];
	struct env e = {.run = g->frame->run, .frame = g->frame, .place = i->source, .subject = i->subject};
	arm_fail(&e, "dependsOn goes round in a circle: %s%s'%s'; remove one of them", text->str,
	         shown > 20 ? "... -> " : "", i->name);
}

/* Kahn's algorithm over points; the order lists instances only. */
static GPtrArray *sorted(struct graph *g)
{
	g_autofree guint *waiting = g_new0(guint, g->count);
	g_autofree GArray **users = g_new0(GArray *, g->count);
	g_autoptr(GArray) ready = g_array_new(FALSE, FALSE, sizeof(guint));
	GPtrArray *order = g_ptr_array_new();

	for (guint i = 0; i < g->count; i++) {
		waiting[i] = g->needs[i] ? g->needs[i]->len : 0;
		for (guint k = 0; k < waiting[i]; k++) {
			guint other = g_array_index(g->needs[i], guint, k);
			if (!users[other])
				users[other] = g_array_new(FALSE, FALSE, sizeof(guint));
			g_array_append_val(users[other], i);
		}
		if (!waiting[i])
			g_array_append_val(ready, i);
	}
	guint done = 0;
	for (; done < ready->len; done++) {
		guint at = g_array_index(ready, guint, done);
		if (at < g->frame->instances->len)
			g_ptr_array_add(order, g->frame->instances->pdata[at]);
		for (guint k = 0; users[at] && k < users[at]->len; k++) {
			guint user = g_array_index(users[at], guint, k);
			if (--waiting[user] == 0)
				g_array_append_val(ready, user);
		}
	}
	for (guint i = 0; i < g->count; i++)
		if (users[i])
			g_array_unref(users[i]);
	if (done == g->count)
		return order;
	report_cycle(g, waiting);
	g_ptr_array_unref(order);
	return NULL;
}

GPtrArray *arm_order(struct frame *f)
{
	struct graph g = {.frame = f, .count = f->instances->len + g_hash_table_size(f->groups)};
	GHashTableIter groups;
	gpointer group;
	guint point = f->instances->len;
	gboolean ok = TRUE;

	g.needs = g_new0(GArray *, g.count);
	g.group_at = g_hash_table_new(NULL, NULL);
	g_hash_table_iter_init(&groups, f->groups);
	while (g_hash_table_iter_next(&groups, NULL, &group)) {
		GPtrArray *members = group;
		for (guint k = 0; k < members->len; k++)
			add_edge(&g, point, ((struct instance *)members->pdata[k])->number);
		g_hash_table_insert(g.group_at, group, GUINT_TO_POINTER(++point));
	}
	for (guint i = 0; ok && i < f->instances->len; i++)
		ok = read_needs(&g, f->instances->pdata[i]);
	GPtrArray *order = ok ? sorted(&g) : NULL;
	for (guint i = 0; i < g.count; i++)
		if (g.needs[i])
			g_array_unref(g.needs[i]);
	g_free(g.needs);
	g_hash_table_unref(g.group_at);
	return order;
}
