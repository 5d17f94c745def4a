/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer. What it writes, node_parse reads back as an equal node (non-finite numbers become null). */
#include "node.h"
#include <math.h>
#include <string.h>

static void print_string(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (const char *p = text; *p; p++) {
		guchar c = (guchar)*p;
		if (c == '"' || c == '\\')
			g_string_append_printf(out, "\\%c", c);
		else if (c == '\n')
			g_string_append(out, "\\n");
		else if (c == '\t')
			g_string_append(out, "\\t");
		else if (c == '\r')
			g_string_append(out, "\\r");
		else if (c < 0x20 || c == 0x7f)
			g_string_append_printf(out, "\\u%04x", c);
		else
			g_string_append_c(out, (char)c);
	}
	g_string_append_c(out, '"');
}

static void print_double(GString *out, double v)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	if (!isfinite(v)) {
		g_string_append(out, "null");
		return;
	}
	g_string_append(out, g_ascii_dtostr(text, sizeof(text), v));
	if (!strpbrk(text, ".eE"))
		g_string_append(out, ".0");
}

static void new_line(GString *out, gboolean pretty, int indent)
{
	if (!pretty)
		return;
	g_string_append_c(out, '\n');
	for (int i = 0; i < indent; i++)
		g_string_append(out, "  ");
}

static void print_node(GString *out, const struct node *n, gboolean pretty, int indent);

static void print_members(GString *out, const struct node *n, gboolean pretty, int indent)
{
	gboolean object = n->type == NODE_OBJECT;
	guint count = node_length(n);

	g_string_append_c(out, object ? '{' : '[');
	for (guint i = 0; i < count; i++) {
		if (i)
			g_string_append_c(out, ',');
		new_line(out, pretty, indent + 1);
		if (object) {
			print_string(out, node_name(n, i));
			g_string_append(out, pretty ? ": " : ":");
		}
		print_node(out, object ? node_value(n, i) : node_item(n, i), pretty, indent + 1);
	}
	if (count)
		new_line(out, pretty, indent);
	g_string_append_c(out, object ? '}' : ']');
}

static void print_node(GString *out, const struct node *n, gboolean pretty, int indent)
{
	switch (n ? n->type : NODE_NULL) {
	case NODE_NULL:
		g_string_append(out, "null");
		break;
	case NODE_BOOL:
		g_string_append(out, n->boolean ? "true" : "false");
		break;
	case NODE_INT:
		g_string_append_printf(out, "%" G_GINT64_FORMAT, n->integer);
		break;
	case NODE_DOUBLE:
		print_double(out, n->real);
		break;
	case NODE_STRING:
		print_string(out, n->string);
		break;
	case NODE_UNKNOWN:
		print_string(out, n->unknown.text);
		break;
	default:
		print_members(out, n, pretty, indent);
	}
}

char *node_print(const struct node *n, gboolean pretty)
{
	GString *out = g_string_new(NULL);

	print_node(out, n, pretty, 0);
	return g_string_free(out, FALSE);
}
