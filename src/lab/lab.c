/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/lab.h"
#include "lab/desk.h"
#include "lab/dirs.h"
#include "lab/error.h"
#include "lab/logs.h"
#include "lab/pids.h"
#include "lab/plugs.h"
#include "lab/spawn.h"
#include "lab/supervise.h"
#include "lab/wire.h"
#include "lib/paths.h"

#include <glib-unix.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIT(cap) (G_GUINT64_CONSTANT(1) << (cap))
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif
#define AGENT_CAPABILITIES (BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_NET_ADMIN))

struct lab {
	const char *name;
	guint hosts;
	struct desk *desk;
	struct supervisor *supervisor;
};

struct host_role {
	struct lab *lab;
	guint host;
};

/* What all roles have in common; the strings are borrowed until the fork. */
static pid_t start(struct lab *l, const char *role, const char *const *argv, struct spawn s, GError **error)
{
	g_autofree char *leaf = g_strdup_printf("log/%s.log", role);
	g_autofree char *log = paths_run(l->name, leaf);

	s.argv = argv;
	s.log = log;
	return spawn_role(&s, error);
}

static pid_t start_controller(gpointer user, GError **error)
{
	struct lab *l = user;
	g_autofree char *hosts = g_strdup_printf("%u", l->hosts);
	const char *const argv[] = {"escarpd", "controller", "--lab", l->name, "--hosts", hosts, NULL};

	return start(l, "controller", argv, (struct spawn){.uid = UID_CONTROLLER, .channel = -1}, error);
}

static pid_t start_agent(gpointer user, GError **error)
{
	struct host_role *r = user;
	g_autofree char *host = g_strdup_printf("%u", r->host);
	g_autofree char *role = g_strdup_printf("agent-%u", r->host);
	g_autofree char *netns = paths_netns_host(r->lab->name, r->host);
	const char *const argv[] = {"escarpd", "agent", "--lab", r->lab->name, "--host", host, NULL};
	const struct spawn s = {
	        .uid = UID_AGENT(r->host), .capabilities = AGENT_CAPABILITIES, .netns = netns, .channel = -1};

	return start(r->lab, role, argv, s, error);
}

/* No capability at all; its namespace leads to ports of its host, as the data path lets it. */
static pid_t start_prober(gpointer user, GError **error)
{
	struct host_role *r = user;
	g_autofree char *host = g_strdup_printf("%u", r->host);
	g_autofree char *role = g_strdup_printf("prober-%u", r->host);
	g_autofree char *netns = paths_netns_prober(r->lab->name, r->host);
	const char *const argv[] = {"escarpd", "prober", "--lab", r->lab->name, "--host", host, NULL};

	return start(r->lab, role, argv, (struct spawn){.uid = UID_PROBER(r->host), .netns = netns, .channel = -1},
	             error);
}

static pid_t start_echo(gpointer user, GError **error)
{
	struct lab *l = user;
	const char *const argv[] = {"escarpd", "echo", "--lab", l->name, NULL};
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		lab_fail_errno(error, "socketpair");
		return -1;
	}
	pid = start(l, "echo", argv, (struct spawn){.uid = UID_ECHO, .channel = pair[1]}, error);
	close(pair[1]);
	if (pid > 0)
		desk_set_channel(l->desk, pair[0]);
	else
		close(pair[0]);
	return pid;
}

static void start_roles(struct lab *l, struct host_role *agents)
{
	l->supervisor = supervisor_new(l->name);
	supervisor_add(l->supervisor, "echo", start_echo, l);
	supervisor_add(l->supervisor, "controller", start_controller, l);
	for (guint k = 0; k < l->hosts; k++) {
		g_autofree char *role = g_strdup_printf("agent-%u", k);

		agents[k] = (struct host_role){l, k};
		supervisor_add(l->supervisor, role, start_agent, &agents[k]);
		g_autofree char *prober = g_strdup_printf("prober-%u", k);
		supervisor_add(l->supervisor, prober, start_prober, &agents[k]);
	}
}

static gboolean on_signal(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

static gboolean on_logs(gpointer user)
{
	const struct lab *l = user;

	logs_bound(l->name);
	return G_SOURCE_CONTINUE;
}

static gboolean prepare(struct lab *l, GError **error)
{
	g_autofree char *internet = paths_netns_internet(l->name);

	pids_end_all(l->name, getpid(), 5); /* of a supervisor that was killed */
	return pids_write(l->name, "lab", getpid(), error) && wire_build(l->name, l->hosts, error) &&
	       desk_open(l->desk, internet, "internet", error);
}

static int serve(struct lab *l, GError **error)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct host_role agents[LAB_MAX_HOSTS];
	struct plugs *plugs = plugs_new(l->name, l->hosts, l->desk, error);

	if (!plugs)
		return EXIT_FAILURE;
	logs_bound(l->name);
	g_timeout_add_seconds(LOGS_SECONDS, on_logs, l);
	g_unix_signal_add(SIGTERM, on_signal, loop);
	g_unix_signal_add(SIGINT, on_signal, loop);
	start_roles(l, agents);
	g_main_loop_run(loop);
	supervisor_free(l->supervisor);
	plugs_free(plugs);
	return EXIT_SUCCESS;
}

int lab_run(const char *name, guint hosts)
{
	struct lab l = {.name = name, .hosts = hosts, .desk = desk_new()};
	g_autoptr(GError) error = NULL;
	int lock, code = EXIT_FAILURE;

	if (!hosts || hosts > LAB_MAX_HOSTS)
		lab_fail(&error, "a lab has 1 to %d hosts", LAB_MAX_HOSTS);
	else if (geteuid())
		lab_fail(&error, "the lab's supervisor needs root");
	else if ((lock = dirs_prepare(name, hosts, &error)) >= 0 && prepare(&l, &error)) {
		code = serve(&l, &error);
		pids_forget(name, "lab");
	}
	desk_free(l.desk);
	if (error)
		g_printerr("escarpd lab: %s\n", error->message);
	return code;
}
