/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, declared once.
 *
 * Concept. Every command is one row: its options, its arguments, what they mean. The parser, `--help`, the man page and
 * the shell completion are all read off these rows, so none of them can know an option that another does not.
 * Values stay strings here; a command that wants a number asks for one and gets an error that names the option.
 *
 * Everything a parsed command line holds is borrowed from argv, except the containers.
 */
#pragma once
#include <glib.h>

#define CLI_MAX_HOSTS 16u

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_BAD_INPUT = 2 };

enum option_kind {
	OPTION_FLAG,  /* no value */
	OPTION_VALUE, /* one value; given twice: an error */
	OPTION_LIST,  /* a value each time */
};

/* What completion offers for a value. */
enum option_values { VALUES_NONE, VALUES_FILE, VALUES_INSTANCE, VALUES_WORDS };

struct option {
	const char *name; /* without dashes */
	enum option_kind kind;
	const char *value; /* how help calls it: "FILE"; NULL for a flag */
	const char *help;
	enum option_values values;
	const char *words; /* VALUES_WORDS: what it may be, separated by spaces; anything else is an error */
};

struct invocation;

struct command {
	const char *name;                    /* one word, or what it is done to and what is done: "vm stop" */
	const char *arguments;               /* "FILE..." for the usage line; "" for none */
	const char *summary;                 /* one line */
	const char *help;                    /* paragraphs */
	const struct option *const *options; /* NULL-terminated; common_options come on top of them */
	guint least, most;                   /* arguments */
	gboolean trailing;                   /* needs `-- COMMAND...` */
	enum option_values values;           /* of the arguments */
	int (*run)(const struct invocation *i);
};

struct invocation {
	const struct command *command;
	GHashTable *values;   /* option name -> GPtrArray of const char * (empty strings for flags) */
	GPtrArray *arguments; /* const char *, NULL-terminated beyond len */
	GPtrArray *trailing;  /* const char *, what follows `--`, NULL-terminated beyond len */
	const char *lab;      /* --lab, ESCARP_LAB or the default: valid */
};

#define CLI_ERROR (cli_error_quark())
GQuark cli_error_quark(void);
enum { CLI_USAGE };

extern const struct command commands[]; /* ends with a NULL name */
extern const struct option *const common_options[];

const struct command *command_find(const char *name);
/* The command that the words (argv without the program's name) begin with, and how many of them it takes; NULL: none. */
const struct command *command_match(int argc, char **argv, int *taken);
/* TRUE for "vm": the first word of commands of two. */
gboolean command_is_noun(const char *word);
/* argv without the program's and the command's name. NULL and error (CLI_USAGE) for what the table does not allow. */
struct invocation *options_parse(const struct command *c, int argc, char **argv, GError **error);
void invocation_free(struct invocation *i);
typedef struct invocation invocation;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(invocation, invocation_free)

gboolean option_given(const struct invocation *i, const char *name);
const char *option_text(const struct invocation *i, const char *name, const char *fallback);
const GPtrArray *option_list(const struct invocation *i, const char *name); /* NULL when not given */
/* A number within the limits; FALSE and error otherwise. Not given: *out stays. */
gboolean option_number(const struct invocation *i, const char *name, guint least, guint most, guint *out,
                       GError **error);

/* The three other readings of the table. Callers free. */
char *help_overview(void);
char *help_command(const struct command *c);
char *help_noun(const char *word); /* the commands that begin with it */
char *help_man(void);
char *help_completion(void); /* for bash */
