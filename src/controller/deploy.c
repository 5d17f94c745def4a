/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one deployment that runs, from the request to the answer:
 *   validate ─▶ commit (with the way back) ─▶ publish ─▶ wait for every host ─▶ confirm
 *                                                └ refused, or out of time ─▶ restore ─▶ publish ─▶ wait ─▶ error
 * Everything up to the commit happens in one turn of the main loop, so nobody else writes in between.
 */
#include "controller/internal.h"
#include "controller/moves.h"
#include "model/life.h"

struct deploy {
	struct controller *c;
	struct control_client *client; /* NULL: nobody waits for the answer */
	struct node *answer;           /* the one for success */
	gboolean restoring;
	char *failure; /* why it is restoring */
	GPtrArray *details;
	gboolean *told; /* by host: its acknowledgement was reported */
	GSource *clock;
	gint64 started; /* in µs of real time */
	/* Between the two rounds of a move; else NULL. */
	struct moves *moves;
	struct plan *plan;
	gint64 revision;
};

void deploy_free(struct deploy *d)
{
	if (!d)
		return;
	if (d->clock) {
		g_source_destroy(d->clock);
		g_source_unref(d->clock);
	}
	node_unref(d->answer);
	g_free(d->failure);
	g_ptr_array_unref(d->details);
	g_free(d->told);
	moves_free(d->moves);
	plan_free(d->plan);
	g_free(d);
}

void deploy_forget(struct controller *c, const struct control_client *client)
{
	if (c->deploy && c->deploy->client == client)
		c->deploy->client = NULL;
}

static void deploy_end(struct deploy *d, struct node *answer)
{
	struct controller *c = d->c;
	struct control_client *client = d->client;
	c->deploy = NULL;
	if (client)
		control_answer(client, answer);
	else
		node_unref(answer);
	deploy_free(d);
}

static gboolean out_of_time(gpointer user);

static void deploy_wait(struct deploy *d)
{
	if (d->clock) {
		g_source_destroy(d->clock);
		g_source_unref(d->clock);
	}
	d->clock = g_timeout_source_new_seconds(d->c->ack_seconds);
	g_source_set_callback(d->clock, out_of_time, d, NULL);
	g_source_attach(d->clock, d->c->context);
	for (guint host = 0; host < d->c->hosts; host++)
		d->told[host] = publish_state(d->c, host) == ACK_OK;
}

gboolean deploy_stored(struct controller *c, gboolean all, GError **error)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(stored) s = stored_read(c->store, error);
	if (!s)
		return FALSE;
	g_autoptr(plan) p = plan_make(s, c->hosts, c->told, errors);
	if (!p) {
		g_ptr_array_add(errors, NULL);
		g_autofree char *lines = g_strjoinv("\n", (char **)errors->pdata);
		g_set_error(error, STORE_ERROR, STORE_FAILED, "the stored documents do not compile:\n%s", lines);
		return FALSE;
	}
	if (!publish(c, p, &(struct publication){.revision = s->revision, .all = all}, error))
		return FALSE;
	g_steal_pointer(&p);
	c->documents = g_hash_table_size(s->documents);
	g_clear_pointer(&c->trouble, g_free);
	return TRUE;
}

/* Undoes the commit and asks every host for the previous tables; what fails here is told, never hidden. */
static void deploy_restore(struct deploy *d, const char *why)
{
	struct controller *c = d->c;
	g_autoptr(GError) error = NULL;
	g_autoptr(stored) s = stored_read(c->store, &error);
	d->restoring = TRUE;
	d->failure = g_strdup(why);
	g_clear_pointer(&d->moves, moves_free);
	g_clear_pointer(&d->plan, plan_free);
	if (d->client)
		control_progress(d->client, "%s; going back to the network before", why);
	if (!s || !s->pending || !stored_restore(c->store, s->pending, &error) || !deploy_stored(c, FALSE, &error)) {
		const char *what = error ? error->message : "the record of the network before is missing";
		g_free(c->trouble);
		c->trouble = g_strdup_printf("going back failed: %s", what);
		g_ptr_array_add(d->details, g_strdup(c->trouble));
		deploy_end(d, control_error(d->failure, d->details));
		return;
	}
	deploy_wait(d);
	deploy_look(c);
}

/* When the last host's packets met the change; hosts that had nothing to change say when they last had. */
static gint64 live_ms(const struct deploy *d)
{
	gint64 last = d->started;

	for (guint host = 0; host < d->c->hosts; host++)
		last = MAX(last, d->c->acks[host].live_at);
	return (last - d->started + 999) / 1000;
}

static void deploy_commit(struct deploy *d, const struct stored *old, const struct stored *next, struct plan *taken);

/*
 * The second half of a repair: what was taken from its host comes back on another. In two halves, so that it is never on
 * both; and found in the store, so that a controller that dies between them carries on. FALSE: nothing waits for it.
 */
static gboolean deploy_return(struct deploy *d)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(stored) old = stored_read(d->c->store, &error);
	g_autoptr(stored) next = old ? change_return(old) : NULL;
	if (!next)
		return FALSE;
	g_autoptr(plan) p = plan_make(next, d->c->hosts, d->c->told, errors);
	if (!p) {
		deploy_end(d,
		           control_error("a machine under repair has no place to come back to, and is off; make room, "
		                         "and `escarp vm start` starts it",
		                         errors));
		return TRUE;
	}
	node_unref(next->alloc);
	next->alloc = node_ref(p->alloc_node);
	if (d->client)
		control_progress(d->client, "taken from its host; coming back");
	deploy_commit(d, old, next, g_steal_pointer(&p));
	return TRUE;
}

static void deploy_confirm(struct deploy *d)
{
	g_autoptr(GError) error = NULL;
	node_set(d->answer, "live_ms", node_int(live_ms(d)));
	if (!stored_confirm(d->c->store, &error)) {
		/* In force, but the way back is still recorded: a restart would check it once more. */
		struct node *warnings = node_get(d->answer, "warnings");
		node_append(warnings, node_string(error->message));
	} else if (deploy_return(d)) {
		return;
	}
	deploy_end(d, g_steal_pointer(&d->answer));
}

/* The host that is left has said what the ports had: the others may have their tables. */
static void deploy_second_round(struct deploy *d)
{
	struct controller *c = d->c;
	g_autoptr(GError) error = NULL;
	struct moves *m = g_steal_pointer(&d->moves);
	g_autoptr(GBytes) report = publish_report(c, m->from, &error);
	g_autoptr(GBytes) word = error ? NULL : moves_arrive(m, (guint64)d->revision, report, &error);
	struct publication what = {.revision = d->revision, .word = word, .word_for = m->to};
	if (error) {
		g_autofree char *warning = g_strdup_printf("its conversations did not come along: %s", error->message);
		node_append(node_get(d->answer, "warnings"), node_take_string(g_steal_pointer(&warning)));
		g_clear_error(&error);
	}
	moves_free(m);
	if (!publish(c, d->plan, &what, &error)) {
		deploy_restore(d, error->message);
		return;
	}
	d->plan = NULL; /* the controller's now */
	deploy_wait(d);
	deploy_look(c);
}

void deploy_look(struct controller *c)
{
	struct deploy *d = c->deploy;
	guint waiting = 0;
	if (!d)
		return;
	for (guint host = 0; host < c->hosts; host++) {
		enum ack_state state = publish_state(c, host);
		if (state == ACK_REFUSED && !d->restoring) {
			g_autofree char *why =
			        g_strdup_printf("host %u refused its tables: %s", host, c->acks[host].error);
			deploy_restore(d, why);
			return;
		}
		if (state == ACK_REFUSED && !d->told[host])
			g_ptr_array_add(d->details, g_strdup_printf("host %u refused the previous tables too: %s", host,
			                                            c->acks[host].error));
		if (state == ACK_OK && !d->told[host] && d->client)
			control_progress(d->client, "host %u acknowledged", host);
		d->told[host] = state != ACK_WAITING;
		waiting += state == ACK_WAITING;
	}
	if (waiting)
		return;
	if (d->moves)
		deploy_second_round(d);
	else if (d->restoring)
		deploy_end(d, control_error(d->failure, d->details));
	else
		deploy_confirm(d);
}

static gboolean out_of_time(gpointer user)
{
	struct deploy *d = user;
	g_autoptr(GString) silent = g_string_new(NULL);
	for (guint host = 0; host < d->c->hosts; host++)
		if (publish_state(d->c, host) == ACK_WAITING)
			g_string_append_printf(silent, "%s%u", silent->len ? ", " : "", host);
	g_autofree char *why =
	        g_strdup_printf("no acknowledgement within %u s from host %s", d->c->ack_seconds, silent->str);
	if (d->restoring) {
		g_ptr_array_add(d->details, g_strdup_printf("after going back: %s", why));
		deploy_end(d, control_error(d->failure, d->details));
	} else {
		deploy_restore(d, why);
	}
	return G_SOURCE_REMOVE;
}

static struct deploy *deploy_new(struct controller *c, struct control_client *client)
{
	struct deploy *d = g_new0(struct deploy, 1);
	d->c = c;
	d->client = client;
	d->started = g_get_real_time();
	d->details = g_ptr_array_new_with_free_func(g_free);
	d->told = g_new0(gboolean, c->hosts + 1);
	d->answer = node_object();
	node_set(d->answer, "ok", node_bool(TRUE));
	return d;
}

/* A tap stays until its VM is gone; one of this request must name a VM. */
static gboolean settle_taps(struct stored *s, const struct request *r, const struct plan *p, GPtrArray *errors)
{
	for (guint i = 0; i < r->taps->len; i++) {
		const char *id = g_ptr_array_index(r->taps, i);
		if (!plan_has_vm(p, id))
			g_ptr_array_add(errors, g_strdup_printf("tap: there is no VM '%s' after this deployment", id));
	}
	const struct node *old = node_get(s->settings, "taps");
	struct node *kept = node_array();
	for (guint i = 0; i < node_length(old); i++)
		if (plan_has_vm(p, node_str(node_item(old, i), "")))
			node_append(kept, node_ref(node_item(old, i)));
	if (s->settings) {
		node_unref(s->settings);
		s->settings = node_object();
		node_set(s->settings, "taps", kept);
	} else {
		node_unref(kept);
	}
	return errors->len == 0;
}

/* What is remembered of machines and endpoints that are gone would be waiting for others of their names. */
static void settle_life(struct stored *s, const struct plan *p)
{
	if (!s->life)
		return;
	struct node *life = life_settle(p->graph, s->life);
	node_unref(s->life);
	s->life = life;
}

static void add_warnings(struct node *answer, const struct plan *p)
{
	g_autoptr(GPtrArray) more = g_ptr_array_new_with_free_func(g_free);
	struct node *warnings = node_array();
	for (guint i = 0; i < p->graph->warnings->len; i++)
		node_append(warnings, node_string(g_ptr_array_index(p->graph->warnings, i)));
	events_warn(p, more);
	for (guint i = 0; i < more->len; i++)
		node_append(warnings, node_string(g_ptr_array_index(more, i)));
	node_set(answer, "warnings", warnings);
}

/* From the request to a plan and the state to be stored, without any effect. NULL: *failure is the answer. */
static struct plan *validate(struct controller *c, const struct stored *old, const struct request *r,
                             struct node *answer, struct stored **next, struct node **failure)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	if (r->upgrade && !change_may_upgrade(c->plan, r, &error)) {
		*failure = control_error(error->message, NULL);
		return NULL;
	}
	g_autoptr(stored) s = r->action ? change_make(c->plan, old, r, answer, &error) : merge(old, r, &error);
	if (!s) {
		*failure = control_error(error->message, NULL);
		return NULL;
	}
	g_autoptr(plan) p = plan_make(s, c->hosts, c->told, errors);
	if (p && r->upgrade && change_upgrade(c->plan, p, s, r)) {
		plan_free(p);
		p = plan_make(s, c->hosts, c->told, errors);
	}
	if (!p || !settle_taps(s, r, p, errors)) {
		g_autofree char *what = g_strdup_printf("the deployment is not valid (%u %s); nothing was changed",
		                                        errors->len, errors->len == 1 ? "error" : "errors");
		*failure = control_error(what, errors);
		return NULL;
	}
	settle_life(s, p);
	node_set(answer, "released", events_released(old, p));
	events_add(s, old, p);
	node_unref(s->alloc);
	s->alloc = node_ref(p->alloc_node);
	*next = g_steal_pointer(&s);
	return g_steal_pointer(&p);
}

/* Takes the plan. In two rounds when a machine moves. */
static gboolean deploy_publish(struct deploy *d, struct plan *p, gint64 revision, GError **error)
{
	struct publication what = {.revision = revision};
	gboolean ok;
	d->moves = moves_between(d->c->plan, p);
	d->plan = p;
	if (!d->moves) {
		ok = publish(d->c, p, &what, error);
		d->plan = ok ? NULL : p;
		return ok;
	}
	g_autoptr(GBytes) word = moves_leave(d->moves, (guint64)revision);
	g_autoptr(GBytes) announced = moves_announce(d->moves, (guint64)revision);
	what.only = &d->moves->from;
	what.word = word;
	what.word_for = d->moves->from;
	d->revision = revision;
	return publish_word(d->c, d->moves->to, announced, error) && publish_some(d->c, p, &what, error);
}

/* Takes the plan. */
static void deploy_commit(struct deploy *d, const struct stored *old, const struct stored *next, struct plan *taken)
{
	struct controller *c = d->c;
	g_autoptr(plan) p = taken;
	g_autoptr(GError) error = NULL;
	gint64 revision = stored_commit(c->store, old, next, &error);
	if (!revision) {
		deploy_end(d, control_error(error->message, NULL));
		return;
	}
	node_set(d->answer, "revision", node_int(revision));
	if (!deploy_publish(d, g_steal_pointer(&p), revision, &error)) {
		deploy_restore(d, error->message);
		return;
	}
	g_clear_pointer(&c->trouble, g_free);
	c->documents = g_hash_table_size(next->documents);
	deploy_wait(d);
	if (d->client)
		control_progress(d->client, "revision %" G_GINT64_FORMAT " is published to %u %s", revision, c->hosts,
		                 c->hosts == 1 ? "host" : "hosts");
	deploy_look(c);
}

/* TRUE: the client was answered. */
static gboolean refuse_early(struct controller *c, const struct request *r, const GError *error,
                             struct control_client *client)
{
	if (!r)
		control_answer(client, control_error(error->message, NULL));
	else if (c->deploy && !r->dry_run)
		control_answer(client,
		               control_error("another deployment is running; try again when it has ended", NULL));
	else
		return FALSE;
	return TRUE;
}

/* A record of the way back that no deployment owns is left of one that could not be undone when it should have been (a
 * full disk): nothing new is put on top of it. */
static struct stored *read_settled(struct controller *c, gboolean dry_run, GError **error)
{
	g_autoptr(stored) s = stored_read(c->store, error);
	if (!s || dry_run || !s->pending)
		return g_steal_pointer(&s);
	if (stored_restore(c->store, s->pending, error) && deploy_stored(c, FALSE, error))
		return stored_read(c->store, error);
	g_prefix_error(error, "an earlier deployment cannot be undone: ");
	return NULL;
}

void deploy_start(struct controller *c, const struct node *n, struct control_client *client)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(request) r = request_parse(n, &error);
	g_autoptr(stored) next = NULL;
	struct node *failure = NULL;
	if (refuse_early(c, r, error, client))
		return;
	g_autoptr(stored) old = read_settled(c, r->dry_run, &error);
	if (!old) {
		control_answer(client, control_error(error->message, NULL));
		return;
	}
	struct deploy *d = deploy_new(c, client);
	g_autoptr(plan) p = validate(c, old, r, d->answer, &next, &failure);
	if (!p) {
		control_answer(client, failure);
		deploy_free(d);
		return;
	}
	merge_report(old, next, d->answer);
	add_warnings(d->answer, p);
	if (r->dry_run) {
		node_set(d->answer, "revision", node_int(old->revision));
		node_set(d->answer, "dry_run", node_bool(TRUE));
		control_answer(client, g_steal_pointer(&d->answer));
		deploy_free(d);
		return;
	}
	c->deploy = d;
	deploy_commit(d, old, next, g_steal_pointer(&p));
}

gboolean deploy_is_due(const struct stored *s)
{
	g_autoptr(stored) next = change_return(s);
	return s->pending || next;
}

void deploy_resume(struct controller *c)
{
	struct deploy *d = deploy_new(c, NULL);
	node_set(d->answer, "warnings", node_array());
	c->deploy = d;
	if (c->trouble) {
		g_autofree char *why = g_strdup(c->trouble);
		deploy_restore(d, why);
		return;
	}
	deploy_wait(d);
	deploy_look(c);
}
