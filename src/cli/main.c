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
		const struct command *c = argc > 2 ? command_find(argv[2]) : NULL;

		return print_owned(c ? help_command(c) : help_overview());
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
	const struct command *c = argc > 1 ? command_find(argv[1]) : NULL;

	/* A peer that goes away is an error to report, not a death. */
	signal(SIGPIPE, SIG_IGN);
	if (!c)
		return without_command(argc, argv);
	i = options_parse(c, argc - 2, argv + 2, &error);
	if (!i)
		return report_error(EXIT_BAD_INPUT, "%s", error->message);
	if (option_given(i, "help"))
		return print_owned(help_command(c));
	return c->run(i);
}
