/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health into tables: what the probers tell is followed in the store, and when it changes, the same documents are compiled
 * again and published. Nobody waits for acknowledgements: a host that is slow to take them has the health of before in
 * force, as has everybody while this process is dead. A deployment has the health of its moment; what comes while one
 * runs is taken up when it has ended.
 */
#include "controller/internal.h"
#include "controller/findings.h"
#include <string.h>

#define PREFIX   "/run/health/"
#define PAUSE_MS 50 /* what changes together is compiled once */

static void take(struct controller *c, const char *key, GBytes *value)
{
	guint64 host;

	if (!g_str_has_prefix(key, PREFIX) ||
	    !g_ascii_string_to_unsigned(key + strlen(PREFIX), 10, 0, G_MAXUINT16, &host, NULL) || host >= c->hosts)
		return;
	node_unref(c->told[host]);
	c->told[host] = findings_read(key, value);
}

static void refresh(struct controller *c)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	if (!c->plan)
		return;
	if (!plan_refresh(c->plan, c->told, errors)) {
		g_warning("health is not taken up: %s", (char *)g_ptr_array_index(errors, 0));
		return;
	}
	if (!publish(c, c->plan, &(struct publication){.revision = c->revision}, &error))
		g_warning("health is not published: %s", error->message);
}

static gboolean on_pause(gpointer user)
{
	struct controller *c = user;

	if (c->deploy)
		return G_SOURCE_CONTINUE;
	g_clear_pointer(&c->health_pause, g_source_unref);
	refresh(c);
	return G_SOURCE_REMOVE;
}

static void later(struct controller *c)
{
	if (c->health_pause)
		return;
	c->health_pause = g_timeout_source_new(PAUSE_MS);
	g_source_set_callback(c->health_pause, on_pause, c, NULL);
	g_source_attach(c->health_pause, c->context);
}

static void on_change(GPtrArray *events, const GError *error, gpointer user)
{
	struct controller *c = user;

	if (error) {
		g_autoptr(GError) again = NULL;
		if (!health_follow(c, &again))
			g_warning("health is no longer seen: %s", again->message);
	}
	for (guint i = 0; events && i < events->len; i++) {
		const struct store_event *e = g_ptr_array_index(events, i);
		take(c, e->key, e->value);
	}
	later(c);
}

gboolean health_follow(struct controller *c, GError **error)
{
	gint64 revision;
	g_autoptr(GPtrArray) all = store_range(c->store, PREFIX, &revision, error);

	if (!all)
		return FALSE;
	g_clear_pointer(&c->health_watch, store_watch_free);
	for (guint i = 0; i < all->len; i++) {
		const struct store_entry *e = g_ptr_array_index(all, i);
		take(c, e->key, e->value);
	}
	c->health_watch = store_watch(c->store, PREFIX, revision + 1, on_change, c, error);
	return c->health_watch != NULL;
}

void health_forget(struct controller *c)
{
	g_clear_pointer(&c->health_watch, store_watch_free);
	if (c->health_pause) {
		g_source_destroy(c->health_pause);
		g_clear_pointer(&c->health_pause, g_source_unref);
	}
	for (guint host = 0; c->told && host < c->hosts; host++)
		node_unref(c->told[host]);
	g_clear_pointer(&c->told, g_free);
}
