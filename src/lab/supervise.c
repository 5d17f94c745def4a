/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/supervise.h"
#include "lab/pids.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_SECONDS 4

struct role {
	struct supervisor *owner;
	char *name;
	supervise_start_fn start;
	gpointer user;
	pid_t pid;
	guint watch, timer;
	guint pause_ms;
	gint64 started;
};

struct supervisor {
	char *lab;
	GPtrArray *roles;
};

static void role_start(struct role *r);

static gboolean on_timer(gpointer user)
{
	struct role *r = user;

	r->timer = 0;
	role_start(r);
	return G_SOURCE_REMOVE;
}

static void start_later(struct role *r)
{
	if (g_get_monotonic_time() - r->started > SUPERVISE_STEADY_SECONDS * G_USEC_PER_SEC)
		r->pause_ms = SUPERVISE_FIRST_PAUSE_MS;
	r->timer = g_timeout_add(r->pause_ms, on_timer, r);
	r->pause_ms = MIN(r->pause_ms * 2, SUPERVISE_LONGEST_PAUSE_MS);
}

static void on_end(GPid pid, gint status, gpointer user)
{
	struct role *r = user;

	r->watch = 0;
	r->pid = 0;
	pids_forget(r->owner->lab, r->name);
	if (WIFSIGNALED(status))
		g_message("%s (pid %d) was ended by signal %d", r->name, pid, WTERMSIG(status));
	else
		g_message("%s (pid %d) ended with code %d", r->name, pid, WEXITSTATUS(status));
	start_later(r);
}

static void role_start(struct role *r)
{
	g_autoptr(GError) error = NULL;

	r->started = g_get_monotonic_time();
	r->pid = r->start(r->user, &error);
	if (r->pid <= 0) {
		r->pid = 0;
		g_warning("cannot start %s: %s", r->name, error ? error->message : "unknown");
		start_later(r);
		return;
	}
	if (!pids_write(r->owner->lab, r->name, r->pid, &error))
		g_warning("%s", error->message);
	r->watch = g_child_watch_add(r->pid, on_end, r);
}

static void role_free(struct role *r)
{
	if (r->watch)
		g_source_remove(r->watch);
	if (r->timer)
		g_source_remove(r->timer);
	g_free(r->name);
	g_free(r);
}

struct supervisor *supervisor_new(const char *lab)
{
	struct supervisor *s = g_new0(struct supervisor, 1);

	s->lab = g_strdup(lab);
	s->roles = g_ptr_array_new_with_free_func((GDestroyNotify)role_free);
	return s;
}

void supervisor_add(struct supervisor *s, const char *role, supervise_start_fn start, gpointer user)
{
	struct role *r = g_new0(struct role, 1);

	r->owner = s;
	r->name = g_strdup(role);
	r->start = start;
	r->user = user;
	r->pause_ms = SUPERVISE_FIRST_PAUSE_MS;
	g_ptr_array_add(s->roles, r);
	role_start(r);
}

/* TRUE when it has ended and is reaped. */
static gboolean ended(struct role *r)
{
	return !r->pid || waitpid(r->pid, NULL, WNOHANG) == r->pid;
}

void supervisor_free(struct supervisor *s)
{
	gint64 until = g_get_monotonic_time() + END_SECONDS * G_USEC_PER_SEC;

	if (!s)
		return;
	for (guint i = 0; i < s->roles->len; i++) {
		struct role *r = s->roles->pdata[i];

		if (r->pid)
			kill(r->pid, SIGTERM);
	}
	for (guint i = 0; i < s->roles->len; i++) {
		struct role *r = s->roles->pdata[i];

		while (!ended(r)) {
			if (g_get_monotonic_time() > until)
				kill(r->pid, SIGKILL);
			g_usleep(10000);
		}
		pids_forget(s->lab, r->name);
	}
	g_ptr_array_unref(s->roles);
	g_free(s->lab);
	g_free(s);
}
