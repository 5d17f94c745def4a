/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include "cli/secrets.h"

#include <stdio.h>
#include <string.h>

/* A terminal obeys escape sequences, and names come from documents: lines and tabs stay, other controls go. */
static void clean(char *text)
{
	for (char *p = text; *p; p++) {
		guchar c = (guchar)*p;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			*p = '?';
		else if (c == 0xc2 && (guchar)p[1] >= 0x80 && (guchar)p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}

char *report_clean(const char *text)
{
	char *copy = secrets_redact(text);

	clean(copy);
	return copy;
}

static gboolean put(const char *text)
{
	return fputs(text, stdout) != EOF && fflush(stdout) == 0;
}

static gboolean put_json(const struct node *data, gboolean pretty)
{
	g_autofree char *text = node_print(data, pretty);
	gsize n = strlen(text);

	return fputs(text, stdout) != EOF && (n && text[n - 1] == '\n' ? TRUE : fputc('\n', stdout) != EOF) &&
	       fflush(stdout) == 0;
}

static gboolean put_text(const struct report *r)
{
	g_autoptr(GString) out = g_string_new(NULL);

	r->text(r->data, out);
	clean(out->str);
	return put(out->str);
}

gboolean report_show(const struct report *r, const struct invocation *i)
{
	g_autoptr(node) data = secrets_redact_node(r->data);
	struct report shown = {data, r->text};

	return option_given(i, "json") ? put_json(data, TRUE) : put_text(&shown);
}

gboolean report_line(const struct report *r, const struct invocation *i)
{
	g_autoptr(node) data = secrets_redact_node(r->data);
	struct report shown = {data, r->text};

	return option_given(i, "json") ? put_json(data, FALSE) : put_text(&shown);
}

int report_error(int code, const char *format, ...)
{
	g_autofree char *text = NULL, *shown = NULL;
	va_list ap;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	shown = report_clean(text);
	fprintf(stderr, "escarp: %s\n", shown);
	return code;
}

/* "anything:digits:" */
static gboolean has_place(const char *message)
{
	const char *colon = strchr(message, ':');

	return colon && g_ascii_isdigit(colon[1]) && colon[1 + strspn(colon + 1, G_CSET_DIGITS)] == ':';
}

void report_prefix(GError **error, const char *file)
{
	if (error && *error && !has_place((*error)->message))
		g_prefix_error(error, "%s: ", file);
}

struct grid {
	GPtrArray *rows; /* GPtrArray of char * */
	GPtrArray *open;
};

struct grid *grid_new(void)
{
	struct grid *g = g_new0(struct grid, 1);

	g->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	return g;
}

void grid_free(struct grid *g)
{
	if (!g)
		return;
	g_ptr_array_unref(g->rows);
	g_free(g);
}

void grid_cell(struct grid *g, const char *text)
{
	if (!g->open) {
		g->open = g_ptr_array_new_with_free_func(g_free);
		g_ptr_array_add(g->rows, g->open);
	}
	g_ptr_array_add(g->open, g_strdup(text && *text ? text : "-"));
}

void grid_end(struct grid *g)
{
	g->open = NULL;
}

void grid_row(struct grid *g, ...)
{
	const char *cell;
	va_list ap;

	va_start(ap, g);
	while ((cell = va_arg(ap, const char *)))
		grid_cell(g, cell);
	va_end(ap);
	grid_end(g);
}

/* Of each column: glong. */
static GArray *widths(const GPtrArray *rows)
{
	GArray *list = g_array_new(FALSE, TRUE, sizeof(glong));

	for (guint i = 0; i < rows->len; i++) {
		const GPtrArray *row = g_ptr_array_index(rows, i);

		if (list->len < row->len)
			g_array_set_size(list, row->len);
		for (guint k = 0; k < row->len; k++)
			g_array_index(list, glong, k) =
			        MAX(g_array_index(list, glong, k), g_utf8_strlen(g_ptr_array_index(row, k), -1));
	}
	return list;
}

void grid_print(const struct grid *g, const char *indent, GString *out)
{
	g_autoptr(GArray) width = widths(g->rows);

	for (guint i = 0; i < g->rows->len; i++) {
		const GPtrArray *row = g_ptr_array_index(g->rows, i);

		g_string_append(out, indent);
		for (guint k = 0; k < row->len; k++) {
			const char *cell = g_ptr_array_index(row, k);
			gboolean last = k + 1 == row->len;
			glong pad = last ? 0 : g_array_index(width, glong, k) - g_utf8_strlen(cell, -1) + 2;

			g_string_append_printf(out, "%s%*s", cell, (int)pad, "");
		}
		g_string_append_c(out, '\n');
	}
}

char *report_join(const struct node *strings)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < node_length(strings); i++)
		g_string_append_printf(s, "%s%s", i ? ", " : "", node_str(node_item(strings, i), "?"));
	if (s->len == 0)
		g_string_append_c(s, '-');
	return g_string_free(s, FALSE);
}
