/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/secrets.h"

#include <string.h>

#define SHORTEST  4
#define BEGINNING 12 /* of a cut text: fewer characters may be in a message by chance; messages cut at 40 or more */
#define MOST      2000u

static GPtrArray *by_first[256]; /* char *: by the first byte, lowered; longest first */
static guint count;
static gboolean overflow;

static guchar first_of(const char *text)
{
	return (guchar)g_ascii_tolower(*text);
}

static gint longest_first(gconstpointer a, gconstpointer b)
{
	gsize x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);

	return x > y ? -1 : x < y;
}

/* Bytes of `text` that `secret` begins with; 0: too few to be it. */
static gsize match(const char *text, const char *secret)
{
	gsize n = 0;

	while (secret[n] && g_ascii_tolower(text[n]) == g_ascii_tolower(secret[n]))
		n++;
	return !secret[n] || n >= BEGINNING ? n : 0;
}

/* The longest secret that stands at `text`. */
static gsize found(const char *text)
{
	const GPtrArray *list = by_first[first_of(text)];
	gsize most = 0;

	for (guint i = 0; list && i < list->len; i++)
		most = MAX(most, match(text, list->pdata[i]));
	return most;
}

static const char *find(const char *text)
{
	for (; *text; text++)
		if (found(text))
			return text;
	return NULL;
}

void secrets_add(const char *text)
{
	GPtrArray **list = &by_first[first_of(text)];

	if (strlen(text) < SHORTEST)
		return;
	for (guint i = 0; *list && i < (*list)->len; i++)
		if (strcmp((*list)->pdata[i], text) == 0)
			return;
	if (count == MOST) {
		overflow = TRUE;
		return;
	}
	if (!*list)
		*list = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(*list, g_strdup(text));
	g_ptr_array_sort(*list, longest_first);
	count++;
}

gboolean secrets_overflow(void)
{
	return overflow;
}

static void learn_text(const char *text)
{
	if (!find(text))
		secrets_add(text);
}

static void learn_all(const struct node *n)
{
	if (n->type == NODE_STRING)
		learn_text(n->string);
	for (guint i = 0; i < node_length(n); i++) {
		if (n->type == NODE_OBJECT)
			learn_text(node_name(n, i));
		learn_all(n->type == NODE_OBJECT ? node_value(n, i) : node_item(n, i));
	}
}

static gboolean same_shape(const struct node *a, const struct node *b)
{
	if (!b || a->type != b->type || node_length(a) != node_length(b))
		return FALSE;
	for (guint i = 0; a->type == NODE_OBJECT && i < node_length(a); i++)
		if (strcmp(node_name(a, i), node_name(b, i)) != 0)
			return FALSE;
	return TRUE;
}

void secrets_learn(const struct node *value, const struct node *twin)
{
	if (value == twin)
		return;
	if (!same_shape(value, twin)) {
		learn_all(value);
		return;
	}
	if (value->type == NODE_STRING && strcmp(value->string, twin->string) != 0)
		learn_text(value->string);
	for (guint i = 0; i < node_length(value); i++)
		if (value->type == NODE_OBJECT)
			secrets_learn(node_value(value, i), node_value(twin, i));
		else
			secrets_learn(node_item(value, i), node_item(twin, i));
}

char *secrets_redact(const char *text)
{
	GString *out;
	const char *at;

	if (!count)
		return g_strdup(text);
	out = g_string_new(NULL);
	while ((at = find(text))) {
		g_string_append_len(out, text, at - text);
		g_string_append(out, "(secure)");
		text = at + found(at);
	}
	g_string_append(out, text);
	return g_string_free(out, FALSE);
}

static struct node *redact(const struct node *n)
{
	struct node *out;

	switch (n->type) {
	case NODE_STRING:
		return find(n->string) ? node_take_string(secrets_redact(n->string)) : node_ref((struct node *)n);
	case NODE_ARRAY:
		out = node_array();
		for (guint i = 0; i < node_length(n); i++)
			node_append(out, redact(node_item(n, i)));
		return out;
	case NODE_OBJECT:
		out = node_object();
		for (guint i = 0; i < node_length(n); i++) {
			g_autofree char *name = secrets_redact(node_name(n, i));

			node_set(out, name, redact(node_value(n, i)));
		}
		return out;
	default:
		return node_ref((struct node *)n);
	}
}

struct node *secrets_redact_node(const struct node *n)
{
	return count ? redact(n) : node_ref((struct node *)n);
}
