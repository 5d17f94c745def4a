/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/roster.h"
#include "prober/ask.h"
#include "prober/opinion.h"

#include <string.h>

#define NEW_SECONDS 1 /* between questions to somebody who has never answered */
#define ASK_SECONDS 5 /* an answer takes no longer than that, or than an interval */

struct member {
	struct roster *r;
	struct table_probe probe;
	guint32 address;
	struct opinion opinion;
	struct ask *ask;
	guint timer;
	char *why; /* of the last failure; NULL: none */
};

struct roster {
	GHashTable *members; /* "probe nic" -> struct member */
	GHashTable *past;    /* the same -> struct opinion, as a predecessor told */
	GQueue *events;      /* struct node, oldest first */
	void (*changed)(gpointer user);
	gpointer user;
};

static void member_free(gpointer p)
{
	struct member *m = p;

	ask_cancel(m->ask);
	if (m->timer)
		g_source_remove(m->timer);
	g_free(m->probe.id);
	g_free(m->probe.nic);
	g_free(m->probe.path);
	g_free(m->why);
	g_free(m);
}

struct roster *roster_new(void (*changed)(gpointer user), gpointer user)
{
	struct roster *r = g_new0(struct roster, 1);

	r->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, member_free);
	r->past = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	r->events = g_queue_new();
	r->changed = changed;
	r->user = user;
	return r;
}

void roster_free(struct roster *r)
{
	if (!r)
		return;
	g_hash_table_unref(r->members);
	g_hash_table_unref(r->past);
	g_queue_free_full(r->events, (GDestroyNotify)node_unref);
	g_free(r);
}

static char *key_of(const char *probe, const char *nic)
{
	return g_strdup_printf("%s %s", probe, nic);
}

static struct node *name_node(const char *probe, const char *nic)
{
	struct node *n = node_object();

	node_set(n, "probe", node_string(probe));
	node_set(n, "nic", node_string(nic));
	return n;
}

static void push_event(struct roster *r, struct node *event)
{
	g_queue_push_tail(r->events, event);
	while (g_queue_get_length(r->events) > ROSTER_EVENTS)
		node_unref(g_queue_pop_head(r->events));
}

static void note_event(struct member *m)
{
	struct node *n = name_node(m->probe.id, m->probe.nic);

	node_set(n, "time", node_int(m->opinion.changed / 1000));
	node_set(n, "down", node_bool(m->opinion.down));
	node_set(n, "why", node_string(m->opinion.down && m->why ? m->why : ""));
	push_event(m->r, n);
}

/* --- asking --- */

static gboolean on_time(gpointer user);

static void ask_again(struct member *m)
{
	guint seconds = m->opinion.known ? m->probe.interval : NEW_SECONDS;

	m->timer = g_timeout_add_seconds(MIN(seconds, 1u << 20), on_time, m);
}

static void on_answer(gboolean good, const char *why, gpointer user)
{
	struct member *m = user;
	gint64 before = m->opinion.changed;
	gboolean news = opinion_note(&m->opinion, good, m->probe.threshold, m->probe.interval, g_get_real_time());

	m->ask = NULL;
	if (!good) {
		g_free(m->why);
		m->why = g_strdup(why);
	}
	if (m->opinion.changed != before)
		note_event(m);
	if (news)
		m->r->changed(m->r->user);
	if (news && m->timer) { /* from every second to every interval */
		g_source_remove(m->timer);
		ask_again(m);
	}
}

/* A question that is still open has had its time. */
static gboolean on_time(gpointer user)
{
	struct member *m = user;

	m->timer = 0;
	if (!m->ask)
		m->ask = ask_start(&m->probe, m->address, MIN(m->probe.interval, ASK_SECONDS), on_answer, m);
	ask_again(m);
	return G_SOURCE_REMOVE;
}

/* --- the list --- */

static guint32 address_of(const struct tables *t, const struct table_probe *p)
{
	for (guint i = 0; i < t->ports->len; i++) {
		const struct table_port *port = g_ptr_array_index(t->ports, i);
		if (port->number == p->port && p->index < port->port.addr_count)
			return GUINT32_FROM_BE(port->port.addr[p->index]);
	}
	return 0;
}

static gboolean same_question(const struct member *m, const struct table_probe *p, guint32 address)
{
	const struct table_probe *o = &m->probe;

	return o->port == p->port && o->index == p->index && o->protocol == p->protocol && o->service == p->service &&
	       o->interval == p->interval && o->threshold == p->threshold && !strcmp(o->path, p->path) &&
	       m->address == address;
}

static struct member *member_new(struct roster *r, const struct table_probe *p, guint32 address, const char *key)
{
	struct member *m = g_new0(struct member, 1);
	const struct opinion *past = g_hash_table_lookup(r->past, key);

	m->r = r;
	m->probe = *p;
	m->probe.id = g_strdup(p->id);
	m->probe.nic = g_strdup(p->nic);
	m->probe.path = g_strdup(p->path);
	m->address = address;
	if (past)
		m->opinion = *past;
	m->timer = g_idle_add(on_time, m);
	return m;
}

/* Who is asked otherwise from now on keeps what was believed of him. */
static struct member *take_over(GHashTable *old, const char *key, const struct table_probe *p, guint32 address)
{
	struct member *m = g_hash_table_lookup(old, key);

	if (!m || !same_question(m, p, address))
		return NULL;
	g_hash_table_steal_extended(old, key, NULL, NULL);
	return m;
}

void roster_update(struct roster *r, const struct tables *t)
{
	g_autoptr(GHashTable) old = r->members;

	r->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, member_free);
	for (guint i = 0; i < t->probes->len; i++) {
		const struct table_probe *p = g_ptr_array_index(t->probes, i);
		guint32 address = address_of(t, p);
		char *key = key_of(p->id, p->nic);
		const struct member *before = g_hash_table_lookup(old, key);

		if (before)
			g_hash_table_insert(r->past, g_strdup(key),
			                    g_memdup2(&before->opinion, sizeof(before->opinion)));
		struct member *m = take_over(old, key, p, address);
		g_hash_table_insert(r->members, key, m ? m : member_new(r, p, address, key));
	}
	g_hash_table_remove_all(r->past);
	r->changed(r->user);
}

/* --- what is told --- */

struct node *roster_tell(const struct roster *r)
{
	struct node *n = node_object(), *members = node_array(), *events = node_array();
	GHashTableIter i;
	gpointer value;

	g_hash_table_iter_init(&i, r->members);
	while (g_hash_table_iter_next(&i, NULL, &value)) {
		const struct member *m = value;
		struct node *one = name_node(m->probe.id, m->probe.nic);

		node_set(one, "known", node_bool(m->opinion.known));
		node_set(one, "down", node_bool(m->opinion.down));
		node_set(one, "changed", node_int(m->opinion.changed));
		node_set(one, "why", node_string(m->opinion.down && m->why ? m->why : ""));
		node_append(members, one);
	}
	for (GList *e = r->events->head; e; e = e->next)
		node_append(events, node_ref(e->data));
	node_set(n, "members", members);
	node_set(n, "events", events);
	return n;
}

void roster_remember(struct roster *r, const struct node *told)
{
	const struct node *members = node_get(told, "members"), *events = node_get(told, "events");

	for (guint i = 0; i < node_length(members); i++) {
		const struct node *n = node_item(members, i);
		struct opinion o = {.known = node_truth(node_get(n, "known"), FALSE),
		                    .down = node_truth(node_get(n, "down"), FALSE),
		                    .changed = node_integer(node_get(n, "changed"), 0)};

		g_hash_table_insert(r->past, key_of(node_get_str(n, "probe", ""), node_get_str(n, "nic", "")),
		                    g_memdup2(&o, sizeof(o)));
	}
	for (guint i = 0; i < node_length(events); i++)
		push_event(r, node_ref(node_item(events, i)));
}
