/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "lib/paths.h"

#include <string.h>

GQuark cli_error_quark(void)
{
	return g_quark_from_static_string("escarp-cli");
}

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* "vm stop" of "vm" and "stop" */
static gboolean is_two_words(const char *name, const char *first, const char *second)
{
	gsize length = strlen(first);

	return strncmp(name, first, length) == 0 && name[length] == ' ' && strcmp(name + length + 1, second) == 0;
}

const struct command *command_match(int argc, char **argv, int *taken)
{
	const struct command *one = argc > 0 ? command_find(argv[0]) : NULL;

	*taken = one ? 1 : 2;
	for (const struct command *c = commands; !one && argc > 1 && c->name; c++)
		if (is_two_words(c->name, argv[0], argv[1]))
			return c;
	return one;
}

gboolean command_is_noun(const char *word)
{
	gsize length = strlen(word);

	for (const struct command *c = commands; c->name; c++)
		if (length && strncmp(c->name, word, length) == 0 && c->name[length] == ' ')
			return TRUE;
	return FALSE;
}

static const struct option *find_in(const struct option *const *list, const char *name, gsize length)
{
	for (; list && *list; list++)
		if (strlen((*list)->name) == length && strncmp((*list)->name, name, length) == 0)
			return *list;
	return NULL;
}

static const struct option *find_option(const struct command *c, const char *name, gsize length)
{
	const struct option *o = find_in(c->options, name, length);

	return o ? o : find_in(common_options, name, length);
}

static gboolean usage(GError **error, const struct command *c, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean usage(GError **error, const struct command *c, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list ap;

	va_start(ap, format);
	what = g_strdup_vprintf(format, ap);
	va_end(ap);
	g_set_error(error, CLI_ERROR, CLI_USAGE, "%s: %s (see `escarp %s --help`)", c->name, what, c->name);
	return FALSE;
}

static gboolean word_allowed(const struct option *o, const char *value)
{
	g_auto(GStrv) words = NULL;

	if (o->values != VALUES_WORDS)
		return TRUE;
	words = g_strsplit(o->words, " ", -1);
	return g_strv_contains((const char *const *)words, value);
}

static gboolean add_value(struct invocation *i, const struct option *o, const char *value, GError **error)
{
	GPtrArray *list = g_hash_table_lookup(i->values, o->name);

	if (list && o->kind == OPTION_VALUE)
		return usage(error, i->command, "--%s is given twice", o->name);
	if (!word_allowed(o, value))
		return usage(error, i->command, "--%s '%s': must be one of: %s", o->name, value, o->words);
	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(i->values, (gpointer)o->name, list);
	}
	g_ptr_array_add(list, (gpointer)value);
	return TRUE;
}

/* One "--name", "--name=value" or "--name value"; advances *at past what it took. */
static gboolean parse_option(struct invocation *i, int argc, char **argv, int *at, GError **error)
{
	const char *text = argv[*at] + 2;
	const char *equals = strchr(text, '=');
	gsize length = equals ? (gsize)(equals - text) : strlen(text);
	const struct option *o = find_option(i->command, text, length);

	(*at)++;
	if (!o)
		return usage(error, i->command, "there is no option --%.*s", (int)MIN(length, 80), text);
	if (o->kind == OPTION_FLAG)
		return equals ? usage(error, i->command, "--%s takes no value", o->name) : add_value(i, o, "", error);
	if (equals)
		return add_value(i, o, equals + 1, error);
	if (*at >= argc)
		return usage(error, i->command, "--%s needs a value: %s", o->name, o->value);
	return add_value(i, o, argv[(*at)++], error);
}

static gboolean parse_words(struct invocation *i, int argc, char **argv, GError **error)
{
	for (int at = 0; at < argc;) {
		const char *word = argv[at];

		if (strcmp(word, "--") == 0) {
			for (at++; at < argc; at++)
				g_ptr_array_add(i->trailing, argv[at]);
		} else if (strcmp(word, "-h") == 0) {
			at++;
			if (!add_value(i, find_in(common_options, "help", 4), "", error))
				return FALSE;
		} else if (g_str_has_prefix(word, "--")) {
			if (!parse_option(i, argc, argv, &at, error))
				return FALSE;
		} else if (word[0] == '-' && word[1]) {
			return usage(error, i->command, "there is no option %.80s", word);
		} else {
			g_ptr_array_add(i->arguments, argv[at++]);
		}
	}
	return TRUE;
}

static gboolean check_counts(const struct invocation *i, GError **error)
{
	const struct command *c = i->command;

	if (i->arguments->len < c->least)
		return usage(error, c, "missing argument: %s", c->arguments);
	if (i->arguments->len > c->most)
		return usage(error, c, "'%.80s' is one argument too many%s",
		             (const char *)g_ptr_array_index(i->arguments, c->most),
		             c->trailing ? "; write -- before the command" : "");
	if (c->trailing && i->trailing->len == 0)
		return usage(error, c, "missing command after --");
	if (!c->trailing && i->trailing->len > 0)
		return usage(error, c, "nothing may follow --");
	return TRUE;
}

static gboolean check_lab(struct invocation *i, GError **error)
{
	const char *environment = g_getenv("ESCARP_LAB");

	i->lab = option_text(i, "lab", environment && *environment ? environment : PATHS_DEFAULT_LAB);
	if (!paths_lab_valid(i->lab))
		return usage(error, i->command,
		             "'%.80s' is no name for a lab: at most 12 of a-z, 0-9 and -, not starting with -", i->lab);
	return TRUE;
}

struct invocation *options_parse(const struct command *c, int argc, char **argv, GError **error)
{
	g_autoptr(invocation) i = g_new0(struct invocation, 1);

	i->command = c;
	i->values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
	i->arguments = g_ptr_array_new();
	i->trailing = g_ptr_array_new();
	if (!parse_words(i, argc, argv, error))
		return NULL;
	/* Whoever asks for help need not have the rest right. */
	if (!option_given(i, "help") && (!check_counts(i, error) || !check_lab(i, error)))
		return NULL;
	g_ptr_array_set_size(i->arguments, (gint)i->arguments->len + 1);
	g_ptr_array_set_size(i->trailing, (gint)i->trailing->len + 1);
	i->arguments->len--;
	i->trailing->len--;
	return g_steal_pointer(&i);
}

void invocation_free(struct invocation *i)
{
	if (!i)
		return;
	g_hash_table_unref(i->values);
	g_ptr_array_unref(i->arguments);
	g_ptr_array_unref(i->trailing);
	g_free(i);
}

gboolean option_given(const struct invocation *i, const char *name)
{
	return g_hash_table_contains(i->values, name);
}

const GPtrArray *option_list(const struct invocation *i, const char *name)
{
	return g_hash_table_lookup(i->values, name);
}

const char *option_text(const struct invocation *i, const char *name, const char *fallback)
{
	const GPtrArray *list = option_list(i, name);

	return list ? g_ptr_array_index(list, 0) : fallback;
}

gboolean option_number(const struct invocation *i, const char *name, guint least, guint most, guint *out,
                       GError **error)
{
	const char *text = option_text(i, name, NULL);
	guint64 value;

	if (!text)
		return TRUE;
	if (!g_ascii_string_to_unsigned(text, 10, least, most, &value, NULL))
		return usage(error, i->command, "--%s '%.80s': must be a number from %u to %u", name, text, least,
		             most);
	*out = (guint)value;
	return TRUE;
}
