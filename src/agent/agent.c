/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "agent/events.h"
#include "agent/flowlog.h"
#include "agent/internal.h"
#include "agent/metrics.h"
#include "agent/move.h"
#include "agent/rulebook.h"
#include "lab/error.h"
#include "lab/lines.h"
#include "lab/wire.h"
#include "lib/paths.h"

#include <glib-unix.h>
#include <stdlib.h>
#include <unistd.h>

#define RETRY_MS      500
#define GUARD_SECONDS 2

struct follower {
	struct agent *agent;
	struct store *store;
	struct store_watch *watch, *move_watch;
	char *address, *tables_key, *ack_key, *move_key, *moved_key;
};

/* --- the store --- */

static GBytes *ack_bytes(const char *hash, guint ports, guint64 revision, gint64 live_at, const GError *error)
{
	g_autoptr(node) n = node_object();
	char *text;

	node_set(n, "hash", node_string(hash));
	node_set(n, "ok", node_bool(!error));
	node_set(n, "error", node_string(error ? error->message : ""));
	node_set(n, "ports", node_int(ports));
	node_set(n, "revision", node_int((gint64)revision));
	node_set(n, "live_at", node_int(live_at));
	text = node_print(n, FALSE);
	return g_bytes_new_take(text, strlen(text));
}

static void acknowledge(struct follower *f, const char *hash, guint ports, guint64 revision, const GError *error)
{
	g_autoptr(GBytes) bytes = ack_bytes(hash, ports, revision, f->agent->live_at, error);
	g_autoptr(GError) failed = NULL;

	if (!store_put(f->store, f->ack_key, bytes, &failed))
		g_warning("cannot acknowledge: %s", failed->message);
}

/* What the controller says of ports that move with these tables, if anything. */
static void take_move(struct follower *f, guint64 revision)
{
	g_autoptr(GError) error = NULL;
	struct store_entry *e = store_get(f->store, f->move_key, &error);
	g_autoptr(moved) word = e ? moved_parse(e->value, &error) : NULL;

	store_entry_free(e);
	if (word && word->revision == revision && move_prepare(f->agent, &error))
		f->agent->move = move_new(g_steal_pointer(&word));
	if (error)
		g_warning("conversations do not come along: %s", error->message);
}

/* Before the acknowledgement: whoever sees that has these as well. */
static void give_move(struct follower *f)
{
	struct move *m = f->agent->move;
	g_autoptr(GError) error = NULL;

	if (m && m->out) {
		g_autoptr(GBytes) bytes = moved_serialize(m->out);

		if (!store_put(f->store, f->moved_key, bytes, &error))
			g_warning("conversations do not go along: %s", error->message);
	}
	g_clear_pointer(&f->agent->move, move_free);
}

static void take(struct follower *f, GBytes *bytes)
{
	struct agent *a = f->agent;
	g_autoptr(GError) error = NULL;
	g_autofree char *hash = NULL;
	struct tables *t;
	guint64 revision;
	guint ports;

	t = tables_parse(bytes, &error);
	if (!t) {
		g_warning("%s", error->message);
		acknowledge(f, "", 0, 0, error);
		return;
	}
	hash = tables_hash(t);
	revision = t->revision;
	ports = t->ports->len;
	take_move(f, revision);
	if (agent_apply(a, t, &error))
		g_message("%u ports in force, revision %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT
		          " calls, %" G_GUINT64_FORMAT " blocks, %" G_GINT64_FORMAT " us",
		          ports, revision, a->calls, a->blocks_copied, a->applied_us);
	else
		g_warning("refused: %s", error->message);
	give_move(f);
	acknowledge(f, hash, ports, revision, error);
}

static gboolean connect_store(gpointer user);

static void disconnect(struct follower *f)
{
	if (f->watch)
		store_watch_free(f->watch);
	if (f->move_watch)
		store_watch_free(f->move_watch);
	f->move_watch = NULL;
	if (f->store)
		store_close(f->store);
	f->watch = NULL;
	f->store = NULL;
}

static gboolean reconnect(gpointer user)
{
	disconnect(user);
	return connect_store(user);
}

static void on_change(GPtrArray *events, const GError *error, gpointer user)
{
	struct follower *f = user;
	GBytes *last = NULL;

	/* A watch must not be freed from within. */
	if (error) {
		g_message("store: %s", error->message);
		g_timeout_add(RETRY_MS, reconnect, f);
		return;
	}
	/* Only the newest counts: tables are whole states, not steps. The prefix also finds other hosts' keys. */
	for (guint i = 0; events && i < events->len; i++) {
		const struct store_event *e = events->pdata[i];

		if (e->value && !g_strcmp0(e->key, f->tables_key))
			last = e->value;
	}
	if (last)
		take(f, last);
}

/* A machine is about to come: what takes its conversations is loaded while the other host still has it. */
static void on_word(GPtrArray *events, const GError *error, gpointer user)
{
	struct follower *f = user;
	g_autoptr(GError) failed = NULL;

	(void)error; /* the other watch hears of it too */
	for (guint i = 0; events && i < events->len; i++) {
		const struct store_event *e = events->pdata[i];

		if (e->value && !g_strcmp0(e->key, f->move_key) && !move_prepare(f->agent, &failed)) {
			g_warning("conversations will not come along: %s", failed->message);
			return;
		}
	}
}

static gboolean follow(struct follower *f, GError **error)
{
	g_autoptr(GPtrArray) now = NULL;
	gint64 revision;

	f->store = store_open(f->address, error);
	if (!f->store)
		return FALSE;
	now = store_range(f->store, f->tables_key, &revision, error);
	if (!now)
		return FALSE;
	for (guint i = 0; i < now->len; i++) {
		const struct store_entry *e = now->pdata[i];

		if (!g_strcmp0(e->key, f->tables_key))
			take(f, e->value);
	}
	f->move_watch = store_watch(f->store, f->move_key, revision + 1, on_word, f, error);
	if (f->move_watch)
		f->watch = store_watch(f->store, f->tables_key, revision + 1, on_change, f, error);
	return f->watch != NULL;
}

static gboolean connect_store(gpointer user)
{
	struct follower *f = user;
	g_autoptr(GError) error = NULL;

	if (follow(f, &error))
		return G_SOURCE_REMOVE;
	g_message("store: %s", error->message);
	g_timeout_add(RETRY_MS, reconnect, f);
	return G_SOURCE_REMOVE;
}

/* --- start --- */

static gboolean close_everything(struct agent *a, GError **error)
{
	g_autoptr(GPtrArray) names = rtnl_devices(a->rtnl, error);

	for (guint i = 0; names && i < names->len; i++)
		if (strcmp(names->pdata[i], "lo") && !rtnl_set_up(a->rtnl, names->pdata[i], FALSE, error))
			return FALSE;
	return names != NULL;
}

static void forget(struct agent *a)
{
	g_clear_pointer(&a->importer, importer_free);
	objects_free(a->objects);
	a->objects = NULL;
	blobs_clear(&a->blobs);
	for (guint m = 0; m < MAP_COUNT; m++)
		sync_clear(&a->syncs[m]);
	for (guint n = 0; n < ESC_MAX_PORTS; n++)
		g_clear_pointer(&a->ports[n], agent_port_free);
	memset(a->held_ports, 0, sizeof(a->held_ports));
	memset(a->held_ports6, 0, sizeof(a->held_ports6));
	memset(&a->held_host, 0, sizeof(a->held_host));
	g_clear_pointer(&a->tables, tables_free);
	g_clear_pointer(&a->resume, tables_free);
	g_clear_pointer(&a->hash, g_free);
	a->generation = 0;
}

static gboolean open_objects(struct agent *a, const char *pins, GError **error)
{
	a->objects = objects_open(pins, error);
	if (!a->objects)
		return FALSE;
	blobs_init(&a->blobs, a->objects->blocks, a->objects->block_count);
	maps_init(a);
	return recover(a, error);
}

/* What cannot be continued is begun again, with everything closed meanwhile. */
static gboolean begin_again(struct agent *a, const char *pins, GError **error)
{
	if (!close_everything(a, error))
		return FALSE;
	objects_discard(pins);
	unlink(a->kept_file);
	unlink(a->next_file);
	return open_objects(a, pins, error);
}

static gboolean prepare(struct agent *a, GError **error)
{
	g_autofree char *pins = paths_bpf(a->lab, a->host);
	g_autoptr(GError) why = NULL;

	a->rtnl = rtnl_open(error);
	if (!a->rtnl)
		return FALSE;
	if (objects_stale(pins)) {
		g_warning("the maps in force are of another build: beginning again");
		if (!begin_again(a, pins, error))
			return FALSE;
	} else if (!open_objects(a, pins, &why)) {
		if (!a->objects) {
			g_propagate_error(error, g_steal_pointer(&why));
			return FALSE; /* cannot load: what is attached stays */
		}
		g_warning("%s: beginning again", why->message);
		forget(a);
		if (!begin_again(a, pins, error))
			return FALSE;
	}
	return ports_attach_wires(a, error);
}

/* Devices and programs of the tables that are in force already, before anything new is listened to; a change that a
 * predecessor died in is carried on. */
static void reassure(struct agent *a)
{
	g_autoptr(GBytes) bytes = a->hash ? tables_serialize(a->tables) : NULL;
	g_autoptr(GError) error = NULL;
	struct tables *same = g_steal_pointer(&a->resume);

	if (!same)
		same = bytes ? tables_parse(bytes, &error) : NULL;

	if (same && agent_apply(a, same, &error))
		g_message("%u ports recovered: %" G_GUINT64_FORMAT " calls", a->tables->ports->len, a->calls);
	if (error)
		g_warning("cannot restore what was in force: %s", error->message);
}

/* A device that lost its program is silent (the default-drop rule); here it is noticed, and mended. */
static gboolean on_guard(gpointer user)
{
	struct agent *a = user;
	g_autoptr(GError) error = NULL;

	if (ports_intact(a))
		return G_SOURCE_CONTINUE;
	g_warning("a device or its program is missing: mending");
	if (!ports_attach_wires(a, &error))
		g_warning("%s", error->message);
	reassure(a);
	return G_SOURCE_CONTINUE;
}

static gboolean on_signal(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

static int serve(struct agent *a, GError **error)
{
	g_autofree char *socket = paths_store_socket(a->lab);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct follower f = {.agent = a};
	struct lines_server *control;

	g_autofree char *logs = paths_flow_log(a->lab, a->host);

	a->flowlog = flowlog_new(a, logs);
	a->events = events_new(a, error);
	a->metrics = a->events ? metrics_new(a, error) : NULL;
	control = a->metrics ? agent_control_new(a, error) : NULL;
	if (!control)
		return EXIT_FAILURE;
	reassure(a);
	g_timeout_add_seconds(GUARD_SECONDS, on_guard, a);
	f.address = g_strconcat("unix:", socket, NULL);
	f.tables_key = g_strdup_printf("/run/tables/%u", a->host);
	f.ack_key = g_strdup_printf("/run/ack/%u", a->host);
	f.move_key = g_strdup_printf("/run/move/%u", a->host);
	f.moved_key = g_strdup_printf("/run/moved/%u", a->host);
	g_unix_signal_add(SIGTERM, on_signal, loop);
	g_unix_signal_add(SIGINT, on_signal, loop);
	connect_store(&f);
	g_main_loop_run(loop);
	disconnect(&f);
	lines_server_free(control);
	g_free(f.address);
	g_free(f.tables_key);
	g_free(f.ack_key);
	g_free(f.move_key);
	g_free(f.moved_key);
	return EXIT_SUCCESS;
}

int agent_run(const char *lab, guint host)
{
	g_autofree struct agent *a = g_new0(struct agent, 1);
	g_autofree char *leaf = g_strdup_printf("agent-%u/tables", host);
	g_autoptr(GError) error = NULL;
	int code = EXIT_FAILURE;

	a->lab = lab;
	a->host = host;
	a->lab_socket = paths_lab_socket(lab);
	a->kept_file = paths_run(lab, leaf);
	a->next_file = g_strconcat(a->kept_file, ".next", NULL);
	if (prepare(a, &error))
		code = serve(a, &error);
	if (error)
		g_printerr("escarpd agent: %s\n", error->message);
	metrics_free(a->metrics);
	flowlog_free(a->flowlog);
	events_free(a->events);
	rulebook_free(a->rulebook);
	forget(a);
	rtnl_close(a->rtnl);
	g_free(a->lab_socket);
	g_free(a->kept_file);
	g_free(a->next_file);
	return code;
}
