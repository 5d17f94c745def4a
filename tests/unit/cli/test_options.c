/* SPDX-License-Identifier: Apache-2.0 */
/* The command table: what it refuses, what it yields, and that every reading of it tells everything. */
#include "cli/options.h"
#include "cli/report.h"

#include <string.h>

static struct invocation *parse(const char *command, const char *line, GError **error)
{
	static char **words; /* what was parsed is borrowed from them */

	g_strfreev(words);
	words = g_strsplit(line, " ", -1);
	return options_parse(command_find(command), *line ? (int)g_strv_length(words) : 0, words, error);
}

static void test_refused(void)
{
	static const struct {
		const char *command, *line, *says;
	} table[] = {
	        {"plan", "", "plan: missing argument: FILE..."},
	        {"plan", "--nonsense a.json", "plan: there is no option --nonsense"},
	        {"plan", "-x a.json", "plan: there is no option -x"},
	        {"plan", "a.json --group", "plan: --group needs a value: NAME"},
	        {"plan", "a.json --group a --group b", "plan: --group is given twice"},
	        {"plan", "a.json --json=yes", "plan: --json takes no value"},
	        {"plan", "a.json -- ls", "plan: nothing may follow --"},
	        {"plan", "a.json --follow", "plan: there is no option --follow"},
	        {"up", "--mode sudden", "up: --mode 'sudden': must be one of: incremental complete"},
	        {"exec", "web0", "exec: missing command after --"},
	        {"exec", "web0 ls", "exec: 'ls' is one argument too many; write -- before the command"},
	        {"exec", "-- ls", "exec: missing argument: (INSTANCE|internet|host/K)"},
	        {"status", "now", "status: 'now' is one argument too many"},
	        {"status", "--lab Main", "status: 'Main' is no name for a lab"},
	        {"status", "--lab ../x", "status: '../x' is no name for a lab"},
	        {"probe", "--protocol icmp", "probe: --protocol 'icmp': must be one of: tcp udp"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(invocation) got = parse(table[i].command, table[i].line, &error);

		g_test_message("%s %s", table[i].command, table[i].line);
		g_assert_null(got);
		g_assert_error(error, CLI_ERROR, CLI_USAGE);
		g_assert_true(g_str_has_prefix(error->message, table[i].says));
	}
}

static void test_accepted(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(invocation) up =
	        parse("up", "a.json --param x=1 b.json --param=y=2=3 --json --lab t-1 --mode complete", &error);

	g_assert_no_error(error);
	g_assert_cmpuint(up->arguments->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(up->arguments, 1), ==, "b.json");
	g_assert_null(up->arguments->pdata[2]);
	g_assert_cmpuint(option_list(up, "param")->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(option_list(up, "param"), 1), ==, "y=2=3");
	g_assert_true(option_given(up, "json"));
	g_assert_false(option_given(up, "tap"));
	g_assert_cmpstr(option_text(up, "mode", "incremental"), ==, "complete");
	g_assert_cmpstr(option_text(up, "group", "none"), ==, "none");
	g_assert_cmpstr(up->lab, ==, "t-1");
}

static void test_trailing(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(invocation) e = parse("exec", "--as 192.0.2.7 internet -- nc --json -- x", &error);

	g_assert_no_error(error);
	g_assert_false(option_given(e, "json"));
	g_assert_cmpuint(e->trailing->len, ==, 4);
	g_assert_cmpstr(e->trailing->pdata[2], ==, "--");
	g_assert_null(e->trailing->pdata[4]);
}

static void test_lab_of_environment(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(invocation) s = NULL;

	g_setenv("ESCARP_LAB", "from-env", TRUE);
	s = parse("status", "", &error);
	g_unsetenv("ESCARP_LAB");
	g_assert_no_error(error);
	g_assert_cmpstr(s->lab, ==, "from-env");
}

static void test_numbers(void)
{
	static const char *const bad[] = {"--hosts 0", "--hosts 17", "--hosts -1", "--hosts two", "--hosts 1x"};
	guint hosts = 5;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(invocation) up = parse("up", bad[i], NULL);

		g_assert_nonnull(up);
		g_assert_false(option_number(up, "hosts", 1, CLI_MAX_HOSTS, &hosts, &error));
		g_assert_error(error, CLI_ERROR, CLI_USAGE);
		g_assert_cmpuint(hosts, ==, 5);
	}
	g_autoptr(invocation) fine = parse("up", "--hosts 16", NULL);
	g_assert_true(option_number(fine, "hosts", 1, CLI_MAX_HOSTS, &hosts, NULL));
	g_assert_cmpuint(hosts, ==, 16);
}

static void test_help_wins(void)
{
	g_autoptr(invocation) plan = parse("plan", "--help", NULL);

	g_assert_nonnull(plan);
	g_assert_true(option_given(plan, "help"));
}

static void expect_option(const struct option *o, const char *help, const char *man, const char *completion)
{
	g_autofree char *dashed = g_strdup_printf("--%s", o->name);
	g_autoptr(GString) roff = g_string_new("\\-\\-");

	for (const char *p = o->name; *p; p++)
		g_string_append_printf(roff, *p == '-' ? "\\-" : "%c", *p);
	g_assert_nonnull(strstr(help, dashed));
	g_assert_nonnull(strstr(man, roff->str));
	g_assert_nonnull(strstr(completion, dashed));
	g_assert_true(o->kind == OPTION_FLAG ? !o->value : o->value != NULL);
}

static void test_readings(void)
{
	g_autofree char *man = help_man(), *completion = help_completion(), *overview = help_overview();

	for (const struct command *c = commands; c->name; c++) {
		g_autofree char *help = help_command(c);
		g_autofree char *in_man = g_strdup_printf(".SS escarp %s ", c->name);
		g_autofree char *in_completion = g_strdup_printf("\t\"%s\":-*)", c->name);

		g_test_message("%s", c->name);
		g_assert_nonnull(strstr(overview, c->summary));
		g_assert_nonnull(strstr(help, c->help));
		g_assert_nonnull(strstr(man, in_man));
		g_assert_nonnull(strstr(completion, in_completion));
		for (const struct option *const *o = c->options; *o; o++)
			expect_option(*o, help, man, completion);
		for (const struct option *const *o = common_options; *o; o++)
			expect_option(*o, help, man, completion);
	}
}

/* Names come from documents and end on terminals. */
static void test_clean(void)
{
	g_autofree char *text = report_clean("a\x1b[2Jb\x7f\tc\n\xc2\x9b"
	                                     "d\xc3\xa9");

	g_assert_cmpstr(text, ==, "a?[2Jb?\tc\n??d\xc3\xa9");
}

static void test_grid(void)
{
	g_autoptr(grid) g = grid_new();
	g_autoptr(GString) out = g_string_new(NULL);

	grid_row(g, "A", "LONG", "C", NULL);
	grid_row(g, "aa", "", "c", NULL);
	grid_print(g, "  ", out);
	g_assert_cmpstr(out->str, ==, "  A   LONG  C\n  aa  -     c\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_unsetenv("ESCARP_LAB");
	g_test_add_func("/options/refused", test_refused);
	g_test_add_func("/options/accepted", test_accepted);
	g_test_add_func("/options/trailing", test_trailing);
	g_test_add_func("/options/lab-of-environment", test_lab_of_environment);
	g_test_add_func("/options/numbers", test_numbers);
	g_test_add_func("/options/help-wins", test_help_wins);
	g_test_add_func("/options/readings", test_readings);
	g_test_add_func("/report/clean", test_clean);
	g_test_add_func("/report/grid", test_grid);
	return g_test_run();
}
