/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers: what a command found out, said to people or to programs.
 *
 * Concept. A command's answer is one JSON value with stable field names. `--json` prints it; without, the
 * report's text function tells the same value in words. So the two cannot say different things.
 */
#pragma once
#include "cli/options.h"
#include "lib/node.h"

struct report {
	struct node *data; /* borrowed */
	void (*text)(const struct node *data, GString *out);
};

/* To stdout; FALSE when it could not be written. */
gboolean report_show(const struct report *r, const struct invocation *i);
/* One value a line, for answers that do not end. */
gboolean report_line(const struct report *r, const struct invocation *i);

/* To stderr: "escarp: " and the message; further lines are indented as they are. Returns the code, for `return`. */
int report_error(int code, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Puts the file in front of a message that does not begin with a place of its own, "file:line: ". */
void report_prefix(GError **error, const char *file);

/* Columns that line up: rows of cells, two spaces between; the first row is the heading. */
struct grid;
struct grid *grid_new(void);
void grid_free(struct grid *g);
void grid_row(struct grid *g, ...) G_GNUC_NULL_TERMINATED;
void grid_cell(struct grid *g, const char *text); /* starts a row when none is open */
void grid_end(struct grid *g);                    /* ends the row */
void grid_print(const struct grid *g, const char *indent, GString *out);
typedef struct grid grid;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(grid, grid_free)

/* "a, b, c" of an array of strings; "-" of none. Caller frees. */
char *report_join(const struct node *strings);
/* Text from documents goes to terminals: control characters become '?', secrets "(secure)" (secrets.h). Caller frees. */
char *report_clean(const char *text);
