/* SPDX-License-Identifier: Apache-2.0 */
/* Help for people, the man page and bash's completion: the command table read three ways. */
#include "cli/options.h"

#include <string.h>

#define HELP_COLUMN 26

static void option_lines(GString *s, const struct option *const *list)
{
	for (; list && *list; list++) {
		const struct option *o = *list;
		g_autofree char *left =
		        g_strdup_printf("  --%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");

		g_string_append_printf(s, "%-*s %s%s\n", HELP_COLUMN, left, o->help,
		                       o->kind == OPTION_LIST ? " (may be repeated)" : "");
	}
}

char *help_overview(void)
{
	GString *s = g_string_new("Usage: escarp COMMAND [OPTION...] [ARGUMENT...]\n\n"
	                          "Enforces a network that is written down as an Azure Resource Manager template.\n\n"
	                          "Commands:\n");

	for (const struct command *c = commands; c->name; c++)
		g_string_append_printf(s, "  %-*s %s\n", HELP_COLUMN - 2, c->name, c->summary);
	g_string_append(s, "\nOptions of every command:\n");
	option_lines(s, common_options);
	g_string_append(s, "\nWithout a command:\n"
	                   "  --version                prints the version\n"
	                   "  --generate-man           prints this manual as a man page\n"
	                   "  --generate-support       prints docs/arm-support.md: types, properties, functions\n"
	                   "  --generate-completion bash\n"
	                   "                           prints the completion for bash\n"
	                   "\n`escarp COMMAND --help` says more.\n");
	return g_string_free(s, FALSE);
}

char *help_noun(const char *word)
{
	GString *s = g_string_new(NULL);
	gsize length = strlen(word);

	g_string_append_printf(s, "Usage: escarp %s VERB [OPTION...] [ARGUMENT...]\n\nVerbs:\n", word);
	for (const struct command *c = commands; c->name; c++)
		if (strncmp(c->name, word, length) == 0 && c->name[length] == ' ')
			g_string_append_printf(s, "  %-*s %s\n", HELP_COLUMN - 2, c->name + length + 1, c->summary);
	g_string_append_printf(s, "\n`escarp %s VERB --help` says more.\n", word);
	return g_string_free(s, FALSE);
}

static char *usage_line(const struct command *c)
{
	return g_strdup_printf("escarp %s [OPTION...]%s%s%s", c->name, *c->arguments ? " " : "", c->arguments,
	                       c->trailing ? " -- COMMAND..." : "");
}

char *help_command(const struct command *c)
{
	g_autofree char *line = usage_line(c);
	GString *s = g_string_new(NULL);

	g_string_append_printf(s, "Usage: %s\n\n%s.\n\n%s\n\nOptions:\n", line, c->summary, c->help);
	option_lines(s, c->options);
	option_lines(s, common_options);
	return g_string_free(s, FALSE);
}

/* Text for roff: backslashes and hyphens escaped, no line that starts like a request. */
static void roff(GString *s, const char *text)
{
	gboolean start = TRUE;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			g_string_append(s, "\\&");
		if (*text == '\n' && text[1] == '\n') {
			g_string_append(s, "\n.PP");
			start = FALSE;
			continue;
		}
		start = *text == '\n';
		if (*text == '-')
			g_string_append(s, "\\-");
		else if (*text == '\\')
			g_string_append(s, "\\e");
		else
			g_string_append_c(s, *text);
	}
}

static void man_options(GString *s, const struct option *const *list)
{
	for (; list && *list; list++) {
		const struct option *o = *list;

		g_string_append(s, ".TP\n\\fB\\-\\-");
		roff(s, o->name);
		g_string_append(s, "\\fR");
		if (o->value)
			g_string_append_printf(s, " \\fI%s\\fR", o->value);
		g_string_append_c(s, '\n');
		roff(s, o->help);
		g_string_append(s, o->kind == OPTION_LIST ? " (may be repeated)\n" : "\n");
	}
}

static void man_command(GString *s, const struct command *c)
{
	g_autofree char *line = usage_line(c);

	g_string_append(s, ".SS ");
	roff(s, line);
	g_string_append_c(s, '\n');
	roff(s, c->summary);
	g_string_append(s, ".\n.PP\n");
	roff(s, c->help);
	g_string_append_c(s, '\n');
	man_options(s, c->options);
}

char *help_man(void)
{
	GString *s = g_string_new(".\\\" SPDX-License-Identifier: Apache-2.0\n"
	                          ".\\\" Generated from the command table by `escarp --generate-man`.\n"
	                          ".TH ESCARP 1 \"\" \"escarp " ESCARP_VERSION "\" \"User commands\"\n"
	                          ".SH NAME\nescarp \\- enforce a network that is written down as a template\n"
	                          ".SH SYNOPSIS\n.B escarp\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n"
	                          ".SH COMMANDS\n");

	for (const struct command *c = commands; c->name; c++)
		man_command(s, c);
	g_string_append(s, ".SH OPTIONS OF EVERY COMMAND\n");
	man_options(s, common_options);
	g_string_append(s, ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nIt failed; for probe, something differs; for "
	                   "trace, the packet or its answer is dropped.\n"
	                   ".TP\n2\nThe input is wrong; nothing was changed.\n"
	                   ".SH ENVIRONMENT\n.TP\nESCARP_LAB\nThe lab when \\-\\-lab is not given.\n");
	return g_string_free(s, FALSE);
}

static void option_words(GString *s, const struct option *const *list)
{
	for (; list && *list; list++)
		g_string_append_printf(s, " --%s", (*list)->name);
}

static const char *completer(enum option_values values)
{
	switch (values) {
	case VALUES_FILE:
		return "COMPREPLY=($(compgen -f -- \"$cur\"))";
	case VALUES_INSTANCE:
		return "COMPREPLY=($(compgen -W \"internet $(escarp status --names 2>/dev/null)\" -- \"$cur\"))";
	case VALUES_WORDS:
	case VALUES_NONE:
		break;
	}
	return "COMPREPLY=()";
}

/* Options with a value: what may follow them. `command` NULL: whatever it is. */
static void completion_values(GString *s, const char *command, const struct option *const *list)
{
	for (; list && *list; list++) {
		const struct option *o = *list;

		if (o->kind == OPTION_FLAG)
			continue;
		if (command)
			g_string_append_printf(s, "\t\"%s\":--%s)\n\t\t", command, o->name);
		else
			g_string_append_printf(s, "\t*:--%s)\n\t\t", o->name);
		if (o->values == VALUES_WORDS)
			g_string_append_printf(s, "COMPREPLY=($(compgen -W \"%s\" -- \"$cur\"))", o->words);
		else
			g_string_append(s, completer(o->values));
		g_string_append(s, "\n\t\treturn ;;\n");
	}
}

/* First words, each once; of a command of two, its noun. */
static void first_words(GString *s)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (const struct command *c = commands; c->name; c++) {
		char *word = g_strndup(c->name, strcspn(c->name, " "));

		if (!g_hash_table_contains(seen, word))
			g_string_append_printf(s, "%s ", word);
		g_hash_table_add(seen, word);
	}
}

/* What may follow a noun; from the third word on the command is both. */
static void second_words(GString *s)
{
	const char *noun = "";
	gsize length = 0;

	g_string_append(s, "\tcase $command in\n");
	for (const struct command *c = commands; c->name; c++) {
		const char *space = strchr(c->name, ' ');

		if (!space || (length == (gsize)(space - c->name) && strncmp(noun, c->name, length) == 0))
			continue;
		noun = c->name;
		length = (gsize)(space - c->name);
		g_string_append_printf(s,
		                       "\t%.*s)\n\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
		                       "\t\t\tCOMPREPLY=($(compgen -W \"",
		                       (int)length, noun);
		for (const struct command *v = c; v->name; v++)
			if (strncmp(v->name, noun, length + 1) == 0)
				g_string_append_printf(s, "%s ", v->name + length + 1);
		g_string_append(s, "\" -- \"$cur\"))\n\t\t\treturn\n\t\tfi\n"
		                   "\t\tcommand=\"$command ${COMP_WORDS[2]}\" ;;\n");
	}
	g_string_append(s, "\tesac\n");
}

char *help_completion(void)
{
	GString *s =
	        g_string_new("# SPDX-License-Identifier: Apache-2.0\n"
	                     "# Generated from the command table by `escarp --generate-completion bash`.\n"
	                     "_escarp()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	                     "\tlocal command=${COMP_WORDS[1]}\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	                     "\t\tCOMPREPLY=($(compgen -W \"");

	first_words(s);
	g_string_append(s, "--help --version\" -- \"$cur\"))\n\t\treturn\n\tfi\n");
	second_words(s);
	g_string_append(s, "\tcase $command:$prev in\n");
	for (const struct command *c = commands; c->name; c++)
		completion_values(s, c->name, c->options);
	completion_values(s, NULL, common_options);
	g_string_append(s, "\tesac\n\tcase $command:$cur in\n");
	for (const struct command *c = commands; c->name; c++) {
		g_string_append_printf(s, "\t\"%s\":-*)\n\t\tCOMPREPLY=($(compgen -W \"", c->name);
		option_words(s, c->options);
		option_words(s, common_options);
		g_string_append_printf(s, "\" -- \"$cur\")) ;;\n\t\"%s\":*)\n\t\t%s ;;\n", c->name,
		                       completer(c->values));
	}
	g_string_append(s, "\tesac\n}\ncomplete -F _escarp escarp\n");
	return g_string_free(s, FALSE);
}
