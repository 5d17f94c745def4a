/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escarpd ROLE: the daemons, one binary. The supervisor (role "lab") starts the others with exactly their privileges.
 */
#include "agent/agent.h"
#include "controller/controller.h"
#include "lab/echo.h"
#include "lab/lab.h"
#include "lab/spawn.h"
#include "lib/paths.h"
#include "prober/prober.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct options {
	char *lab;
	gint hosts, host;
};

static int run_lab(const struct options *o)
{
	return lab_run(o->lab, (guint)o->hosts);
}

static int run_echo(const struct options *o)
{
	(void)o;
	spawn_settle();
	return echo_run(SPAWN_CHANNEL);
}

static int run_down(const struct options *o)
{
	g_autoptr(GError) error = NULL;

	if (lab_teardown(o->lab, &error))
		return EXIT_SUCCESS;
	g_printerr("escarpd down: %s\n", error->message);
	return EXIT_FAILURE;
}

static int run_agent(const struct options *o)
{
	spawn_settle();
	return agent_run(o->lab, (guint)o->host);
}

static int run_prober(const struct options *o)
{
	spawn_settle();
	return prober_run(o->lab, (guint)o->host);
}

static int run_controller(const struct options *o)
{
	g_autoptr(GError) error = NULL;
	int code;

	spawn_settle();
	code = controller_main(o->lab, (guint)o->hosts, &error);
	if (error)
		g_printerr("escarpd controller: %s\n", error->message);
	return code;
}

static const struct role {
	const char *name, *help;
	int (*run)(const struct options *o);
} ROLES[] = {
        {"lab", "the lab's supervisor (root)", run_lab},
        {"down", "removes everything of the lab, whatever of it is alive (root)", run_down},
        {"controller", "documents to tables (started by the supervisor)", run_controller},
        {"agent", "one host's tables to its kernel (started by the supervisor)", run_agent},
        {"prober", "asks one host's members of load balancers (started by the supervisor)", run_prober},
        {"echo", "answers for instances (started by the supervisor)", run_echo},
};

static const struct role *find_role(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(ROLES); i++)
		if (name && !strcmp(ROLES[i].name, name))
			return &ROLES[i];
	return NULL;
}

static char *summary(void)
{
	GString *s = g_string_new("Roles:\n");

	for (gsize i = 0; i < G_N_ELEMENTS(ROLES); i++)
		g_string_append_printf(s, "  %-12s%s\n", ROLES[i].name, ROLES[i].help);
	return g_string_free(s, FALSE);
}

static gboolean parse(int *argc, char ***argv, struct options *o, GError **error)
{
	const GOptionEntry entries[] = {{"lab", 0, 0, G_OPTION_ARG_STRING, &o->lab, "the lab's name", "NAME"},
	                                {"hosts", 0, 0, G_OPTION_ARG_INT, &o->hosts, "how many hosts it has", "N"},
	                                {"host", 0, 0, G_OPTION_ARG_INT, &o->host, "which host (from 0)", "K"},
	                                {NULL}};
	g_autoptr(GOptionContext) context = g_option_context_new("ROLE");
	g_autofree char *text = summary();

	g_option_context_set_summary(context, text);
	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse(context, argc, argv, error);
}

int main(int argc, char **argv)
{
	struct options o = {.hosts = 1};
	g_autoptr(GError) error = NULL;
	const struct role *role;
	int code;

	signal(SIGPIPE, SIG_IGN);
	if (!parse(&argc, &argv, &o, &error)) {
		g_printerr("escarpd: %s\n", error->message);
		return 2;
	}
	role = argc == 2 ? find_role(argv[1]) : NULL;
	if (!o.lab)
		o.lab = g_strdup(PATHS_DEFAULT_LAB);
	if (!role || !paths_lab_valid(o.lab) || o.hosts < 1 || o.hosts > LAB_MAX_HOSTS || o.host < 0 ||
	    o.host >= LAB_MAX_HOSTS) {
		g_printerr("escarpd: one role, a valid name and numbers are needed: see --help\n");
		g_free(o.lab);
		return 2;
	}
	code = role->run(&o);
	g_free(o.lab);
	return code;
}
