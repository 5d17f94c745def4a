/* SPDX-License-Identifier: Apache-2.0 */
/* escarp: the command line. Finds the row of the command table, parses by it and runs it. */
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int print_owned(char *text)
{
	int code = fputs(text, stdout) == EOF || fflush(stdout) ? EXIT_FAILED : EXIT_OK;

	g_free(text);
	return code;
}

static int without_command(int argc, char **argv)
{
	if (argc < 2) {
		g_autofree char *text = help_overview();

		fputs(text, stderr);
		return EXIT_BAD_INPUT;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		int taken;
		const struct command *c = command_match(argc - 2, argv + 2, &taken);

		if (!c && argc > 2 && command_is_noun(argv[2]))
			return print_owned(help_noun(argv[2]));
		return print_owned(c ? help_command(c) : help_overview());
	}
	if (command_is_noun(argv[1])) {
		g_autofree char *verbs = help_noun(argv[1]);

		if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
			return print_owned(g_steal_pointer(&verbs));
		return argc > 2 ? report_error(EXIT_BAD_INPUT, "%s: there is no verb '%.80s' (see `escarp %s --help`)",
		                               argv[1], argv[2], argv[1])
		                : report_error(EXIT_BAD_INPUT, "%s: say what to do (see `escarp %s --help`)", argv[1],
		                               argv[1]);
	}
	if (strcmp(argv[1], "--version") == 0)
		return print_owned(g_strdup("escarp " ESCARP_VERSION "\n"));
	if (strcmp(argv[1], "--generate-man") == 0)
		return print_owned(help_man());
	if (strcmp(argv[1], "--generate-support") == 0)
		return print_owned(support_text());
	if (strcmp(argv[1], "--generate-completion") == 0) {
		if (argc != 3 || strcmp(argv[2], "bash") != 0)
			return report_error(EXIT_BAD_INPUT, "--generate-completion: the shell must be bash");
		return print_owned(help_completion());
	}
	return report_error(EXIT_BAD_INPUT, "there is no command '%.80s' (see `escarp --help`)", argv[1]);
}

int main(int argc, char **argv)
{
	g_autoptr(invocation) i = NULL;
	g_autoptr(GError) error = NULL;
	int taken;
	const struct command *c = command_match(argc - 1, argv + 1, &taken);

	/* A peer that goes away is an error to report, not a death. */
	signal(SIGPIPE, SIG_IGN);
	if (!c)
		return without_command(argc, argv);
	i = options_parse(c, argc - 1 - taken, argv + 1 + taken, &error);
	if (!i)
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	if (option_given(i, "help"))
		return print_owned(help_command(c));
	return c->run(i);
}
