/* SPDX-License-Identifier: Apache-2.0 */
/* Typed properties. Every reader says what it found and what may stand there instead. */
#include "model/build.h"

#include <string.h>

const char *read_text(const struct spot *s, const char *dotted, gboolean required)
{
	const struct node *n = spot_get(s, dotted);

	if (!n) {
		if (required)
			spot_error(s, dotted, "it is missing; add it");
		return NULL;
	}
	if (n->type != NODE_STRING) {
		spot_error(s, dotted, "a string belongs here, not %s; write it in quotes", node_type_name(n->type));
		return NULL;
	}
	return n->string;
}

guint read_number(const struct spot *s, const char *dotted, guint min, guint max, gint64 fallback)
{
	const struct node *n = spot_get(s, dotted);
	gint64 value;

	if (!n) {
		if (fallback == REQUIRED)
			spot_error(s, dotted, "it is missing; write a number from %u to %u", min, max);
		return fallback == REQUIRED ? min : (guint)fallback;
	}
	value = node_integer(n, -1);
	if (n->type == NODE_DOUBLE && n->real >= 0 && n->real <= max && n->real == (double)(guint)n->real)
		value = (gint64)n->real;
	if (value < min || value > max) {
		g_autofree char *text = node_print(n, FALSE);

		spot_error(s, dotted, "%.60s is not a number from %u to %u; write one of these", text, min, max);
		return min;
	}
	return (guint)value;
}

gboolean read_flag(const struct spot *s, const char *dotted, gboolean fallback)
{
	const struct node *n = spot_get(s, dotted);

	if (!n)
		return fallback;
	if (node_truth(n, TRUE) != node_truth(n, FALSE)) {
		g_autofree char *text = node_print(n, FALSE);

		spot_error(s, dotted, "%.60s is neither true nor false; write one of these", text);
		return fallback;
	}
	return node_truth(n, fallback);
}

guint read_choice(const struct spot *s, const char *dotted, const char *const names[], int fallback)
{
	g_autofree char *all = g_strjoinv(", ", (char **)names);
	const struct node *n = spot_get(s, dotted);
	const char *text = n ? read_text(s, dotted, FALSE) : NULL;

	if (!n && fallback == REQUIRED)
		spot_error(s, dotted, "it is missing; write one of %s", all);
	if (!text)
		return fallback == REQUIRED ? 0 : (guint)fallback;
	for (guint i = 0; names[i]; i++)
		if (g_ascii_strcasecmp(names[i], text) == 0)
			return i;
	spot_error(s, dotted, "'%.60s' is not known; write one of %s", text, all);
	return 0;
}

void read_names(const struct spot *s, const char *dotted, GPtrArray *list)
{
	guint count = spot_length(s, dotted);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, dotted, i);
		const char *text = read_text(&item, "", TRUE);

		if (text)
			g_ptr_array_add(list, g_strdup(text));
	}
}
