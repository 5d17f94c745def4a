/* SPDX-License-Identifier: Apache-2.0 */
/* Start, recovery and end of the controller. Concept: controller.h. */
#include "controller/internal.h"
#include "lib/paths.h"
#include <glib-unix.h>
#include <signal.h>
#include <string.h>

/* Allocations follow the fleet's size too: what the plan at start had to move is kept. */
static gboolean keep_alloc(struct controller *c, GError **error)
{
	g_autoptr(stored) s = stored_read(c->store, error);
	if (!s)
		return FALSE;
	if (!c->plan || (s->alloc && node_equal(s->alloc, c->plan->alloc_node)))
		return TRUE;
	char *text = node_print(c->plan->alloc_node, FALSE);
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
	return store_put(c->store, KEY_ALLOC, bytes, error) != 0;
}

/* Documents that do not compile (any more) do not keep the controller from starting: it says so, leaves the hosts as
 * they are, and waits for a deployment that mends it. */
static gboolean start(struct controller *c, const struct controller_settings *s, GError **error)
{
	g_autofree char *address = g_strconcat("sqlite:", s->store_file, NULL);
	g_autoptr(GError) trouble = NULL;
	c->store = store_open(address, error);
	if (!c->store || !publish_reset(c, error) || !publish_follow(c, error) || !health_follow(c, error))
		return FALSE;
	if (!deploy_stored(c, TRUE, &trouble)) {
		g_warning("%s", trouble->message);
		c->trouble = g_strdup(trouble->message);
	}
	if (!keep_alloc(c, error))
		return FALSE;
	g_autoptr(stored) found = stored_read(c->store, error);
	if (!found)
		return FALSE;
	if (deploy_is_due(found))
		deploy_resume(c);
	c->server = store_server_new(c->store, s->store_socket, s->grants, s->count, error);
	c->control = c->server ? control_new(c, s->control_socket, error) : NULL;
	return c->control != NULL;
}

struct controller *controller_new(const struct controller_settings *s, GError **error)
{
	struct controller *c = g_new0(struct controller, 1);
	c->hosts = s->hosts;
	c->ack_seconds = s->ack_seconds ? s->ack_seconds : CONTROLLER_ACK_SECONDS;
	c->acks = g_new0(struct ack, s->hosts + 1);
	c->published = g_new0(char *, s->hosts + 1);
	c->told = g_new0(struct node *, s->hosts + 1);
	c->context = g_main_context_ref_thread_default();
	if (start(c, s, error))
		return c;
	controller_free(c);
	return NULL;
}

void controller_free(struct controller *c)
{
	if (!c)
		return;
	control_free(c->control);
	g_clear_pointer(&c->deploy, deploy_free);
	store_server_free(c->server);
	publish_free(c);
	health_forget(c);
	plan_free(c->plan);
	store_close(c->store);
	g_free(c->trouble);
	g_main_context_unref(c->context);
	g_free(c);
}

GArray *controller_grants(guint hosts)
{
	GArray *grants = g_array_new(FALSE, FALSE, sizeof(struct store_grant));
	const struct store_grant root = {0, "/", TRUE}, self = {UID_CONTROLLER, "/", TRUE};
	g_array_append_val(grants, root);
	g_array_append_val(grants, self);
	for (guint host = 0; host < hosts; host++) {
		struct store_grant reads = {UID_AGENT(host), g_strdup_printf("/run/tables/%u", host), FALSE};
		struct store_grant writes = {UID_AGENT(host), g_strdup_printf("/run/ack/%u", host), TRUE};
		struct store_grant move = {UID_AGENT(host), g_strdup_printf("/run/move/%u", host), FALSE};
		struct store_grant moved = {UID_AGENT(host), g_strdup_printf("/run/moved/%u", host), TRUE};
		g_array_append_val(grants, move);
		g_array_append_val(grants, moved);
		g_array_append_val(grants, reads);
		g_array_append_val(grants, writes);
		struct store_grant list = {UID_PROBER(host), g_strdup_printf("/run/tables/%u", host), FALSE};
		struct store_grant finds = {UID_PROBER(host), g_strdup_printf("/run/health/%u", host), TRUE};
		g_array_append_val(grants, list);
		g_array_append_val(grants, finds);
	}
	return grants;
}

static void free_grants(GArray *grants)
{
	for (guint i = 2; i < grants->len; i++)
		g_free((char *)g_array_index(grants, struct store_grant, i).prefix);
	g_array_unref(grants);
}

static gboolean quit(gpointer user)
{
	g_main_loop_quit(user);
	return G_SOURCE_CONTINUE;
}

int controller_main(const char *lab, guint hosts, GError **error)
{
	g_autofree char *file = paths_state(lab, "store.db");
	g_autofree char *store_socket = paths_store_socket(lab), *control_socket = paths_control_socket(lab);
	GArray *grants = controller_grants(hosts);
	const struct controller_settings s = {.store_file = file,
	                                      .store_socket = store_socket,
	                                      .control_socket = control_socket,
	                                      .hosts = hosts,
	                                      .grants = (const struct store_grant *)(gpointer)grants->data,
	                                      .count = grants->len};
	/* A full quota or size limit is an error of a write, not the end of the process. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	struct controller *c = controller_new(&s, error);
	free_grants(grants);
	if (!c)
		return 1;
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	guint term = g_unix_signal_add(SIGTERM, quit, loop), interrupt = g_unix_signal_add(SIGINT, quit, loop);
	g_main_loop_run(loop);
	g_source_remove(term);
	g_source_remove(interrupt);
	controller_free(c);
	return 0;
}
