/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/prober.h"
#include "lib/paths.h"
#include "prober/roster.h"
#include "prober/sandbox.h"
#include "store/store.h"

#include <glib-unix.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 500
#define TELL_MS  20 /* what changes together is told together */

struct prober {
	struct roster *roster;
	struct store *store;
	struct store_watch *watch;
	char *address, *tables_key, *health_key;
	guint tell;
	gboolean remembered;
};

/* --- what is found --- */

static gboolean on_tell(gpointer user)
{
	struct prober *p = user;
	g_autoptr(node) n = roster_tell(p->roster);
	g_autoptr(GError) error = NULL;
	char *text = node_print(n, FALSE);
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));

	p->tell = 0;
	if (p->store && !store_put(p->store, p->health_key, bytes, &error))
		g_message("cannot tell: %s", error->message); /* the next connection tells it all */
	return G_SOURCE_REMOVE;
}

static void on_changed(gpointer user)
{
	struct prober *p = user;

	if (!p->tell)
		p->tell = g_timeout_add(TELL_MS, on_tell, p);
}

/* --- whom to ask --- */

static void take(struct prober *p, GBytes *bytes)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(tables) t = tables_parse(bytes, &error);

	if (t)
		roster_update(p->roster, t);
	else
		g_warning("%s", error->message);
}

static gboolean connect_store(gpointer user);

static void disconnect(struct prober *p)
{
	g_clear_pointer(&p->watch, store_watch_free);
	g_clear_pointer(&p->store, store_close);
}

static gboolean reconnect(gpointer user)
{
	disconnect(user);
	return connect_store(user);
}

static void on_change(GPtrArray *events, const GError *error, gpointer user)
{
	struct prober *p = user;
	GBytes *last = NULL;

	if (error) { /* a watch must not be freed from within */
		g_message("store: %s", error->message);
		g_timeout_add(RETRY_MS, reconnect, p);
		return;
	}
	for (guint i = 0; events && i < events->len; i++) {
		const struct store_event *e = g_ptr_array_index(events, i);

		if (e->value && !g_strcmp0(e->key, p->tables_key))
			last = e->value;
	}
	if (last)
		take(p, last);
}

/* What a predecessor told counts until something else is found. */
static gboolean remember(struct prober *p, GError **error)
{
	g_autoptr(GError) failed = NULL;
	struct store_entry *e = store_get(p->store, p->health_key, &failed);

	if (e) {
		gsize size;
		const char *text = g_bytes_get_data(e->value, &size);
		g_autoptr(node) told = node_parse(size ? text : "", size, p->health_key, NULL);

		if (told)
			roster_remember(p->roster, told);
		store_entry_free(e);
	}
	if (failed)
		g_propagate_error(error, g_steal_pointer(&failed));
	else
		p->remembered = TRUE;
	return p->remembered;
}

static gboolean follow(struct prober *p, GError **error)
{
	g_autoptr(GPtrArray) now = NULL;
	gint64 revision;

	p->store = store_open(p->address, error);
	if (!p->store || (!p->remembered && !remember(p, error)))
		return FALSE;
	now = store_range(p->store, p->tables_key, &revision, error);
	if (!now)
		return FALSE;
	for (guint i = 0; i < now->len; i++) {
		const struct store_entry *e = g_ptr_array_index(now, i);

		if (!g_strcmp0(e->key, p->tables_key))
			take(p, e->value);
	}
	p->watch = store_watch(p->store, p->tables_key, revision + 1, on_change, p, error);
	return p->watch != NULL;
}

static gboolean connect_store(gpointer user)
{
	g_autoptr(GError) error = NULL;

	if (!follow(user, &error)) {
		g_message("store: %s", error->message);
		g_timeout_add(RETRY_MS, reconnect, user);
	}
	return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/* Files, threads and whatever else a library needs once is had before the filter closes. */
static gboolean prepare(GError **error)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();

	gnutls_global_init();
	return now && sandbox_enter(error);
}

int prober_run(const char *lab, guint host)
{
	g_autofree char *socket = paths_store_socket(lab);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GError) error = NULL;
	struct prober p = {.address = g_strconcat("unix:", socket, NULL),
	                   .tables_key = g_strdup_printf("/run/tables/%u", host),
	                   .health_key = g_strdup_printf("/run/health/%u", host)};
	gboolean ok;

	p.roster = roster_new(on_changed, &p);
	g_unix_signal_add(SIGTERM, on_signal, loop);
	g_unix_signal_add(SIGINT, on_signal, loop);
	ok = prepare(&error);
	if (ok) {
		connect_store(&p);
		g_main_loop_run(loop);
	} else {
		g_printerr("escarpd prober: %s\n", error->message);
	}
	disconnect(&p);
	roster_free(p.roster);
	g_free(p.address);
	g_free(p.tables_key);
	g_free(p.health_key);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
