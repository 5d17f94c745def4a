/* SPDX-License-Identifier: Apache-2.0 */
/* Typed attributes, the lines that errors and notes are made of, and what a format does not know. */
#include "formats/xml/xml.h"

#include <string.h>

static char *line_of(const struct xml *x, const element *e, const char *format, va_list ap)
{
	g_autofree char *path = xml_path(e);
	g_autofree char *text = g_strdup_vprintf(format, ap);

	return g_strdup_printf("%s:%u: %s: %s", x->file, xml_line(e), path, text);
}

gboolean xml_fail(const struct xml *x, const element *e, GError **error, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list ap;

	va_start(ap, format);
	line = line_of(x, e, format, ap);
	va_end(ap);
	g_clear_error(error);
	g_set_error_literal(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID, line);
	return FALSE;
}

void xml_note(const struct xml *x, const element *e, GPtrArray *notes, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	g_ptr_array_add(notes, line_of(x, e, format, ap));
	va_end(ap);
}

gboolean xml_get_text(const struct xml *x, const element *e, const char *name, gboolean required, const char **value,
                      GError **error)
{
	*value = xml_attribute(e, name);
	if (required && (!*value || !**value))
		return xml_fail(x, e, error, "the attribute %s is missing; add it", name);
	return TRUE;
}

gboolean xml_get_number(const struct xml *x, const element *e, const char *name, guint min, guint max, gint64 fallback,
                        guint *value, GError **error)
{
	const char *text = xml_attribute(e, name);
	guint64 number;

	*value = fallback == XML_REQUIRED ? min : (guint)fallback;
	if (!text && fallback != XML_REQUIRED)
		return TRUE;
	if (!text)
		return xml_fail(x, e, error, "the attribute %s is missing; add it, from %u to %u", name, min, max);
	if (!g_ascii_string_to_unsigned(text, 10, min, max, &number, NULL))
		return xml_fail(x, e, error, "%s='%.40s' is not a number from %u to %u; correct it", name, text, min,
		                max);
	*value = (guint)number;
	return TRUE;
}

gboolean xml_get_flag(const struct xml *x, const element *e, const char *name, gboolean fallback, gboolean *value,
                      GError **error)
{
	static const char *const names[] = {"false", "true", "0", "1", NULL};
	guint choice;

	if (!xml_get_choice(x, e, name, names, fallback ? 1 : 0, &choice, error))
		return FALSE;
	*value = choice % 2;
	return TRUE;
}

gboolean xml_get_choice(const struct xml *x, const element *e, const char *name, const char *const names[],
                        int fallback, guint *value, GError **error)
{
	const char *text = xml_attribute(e, name);
	g_autofree char *all = g_strjoinv(", ", (char **)names);

	*value = fallback == XML_REQUIRED ? 0 : (guint)fallback;
	if (!text && fallback != XML_REQUIRED)
		return TRUE;
	if (!text)
		return xml_fail(x, e, error, "the attribute %s is missing; write one of %s", name, all);
	for (guint i = 0; names[i]; i++)
		if (g_ascii_strcasecmp(names[i], text) == 0) {
			*value = i;
			return TRUE;
		}
	return xml_fail(x, e, error, "%s='%.40s' is not known; write one of %s", name, text, all);
}

static const struct xml_known *find(const struct xml_known *known, const char *path)
{
	for (; known->path; known++)
		if (g_ascii_strcasecmp(known->path, path) == 0)
			return known;
	return NULL;
}

struct walk {
	const struct xml *x;
	const struct xml_known *known;
	const struct xml_alias *aliases;
	GPtrArray *notes;
	GString *path;
};

static const struct xml_known *judge(struct walk *w, const element *e, const char *attribute)
{
	const struct xml_known *k = find(w->known, w->path->str);
	const char *what = attribute ? attribute : "this element";

	if (!k)
		xml_note(w->x, e, w->notes, "%s is not known; nothing is made of it", what);
	else if (k->treatment == XML_NOT_MODELLED)
		xml_note(w->x, e, w->notes, "%s is not modelled: %s", what, k->why);
	return k;
}

static const char *alias(const struct walk *w, const char *name)
{
	for (const struct xml_alias *a = w->aliases; a && a->name; a++)
		if (g_ascii_strcasecmp(a->name, name) == 0)
			return a->stands_for;
	return name;
}

/* Attributes are found ignoring case, so that "port" and "Port" are one. */
static gboolean walk_attributes(struct walk *w, const element *e, GError **error)
{
	gsize length = w->path->len;

	for (const xmlAttr *a = e->properties; a; a = a->next) {
		if (a->ns) /* xsi:schemaLocation, xml:space: about the file, not of it */
			continue;
		g_string_append_printf(w->path, "@%s", (const char *)a->name);
		if (judge(w, e, (const char *)a->name))
			for (const xmlAttr *b = e->properties; b != a; b = b->next)
				if (!b->ns && g_ascii_strcasecmp((const char *)a->name, (const char *)b->name) == 0)
					return xml_fail(w->x, e, error, "%s and %s are the same attribute; keep one",
					                (const char *)b->name, (const char *)a->name);
		g_string_truncate(w->path, length);
	}
	return TRUE;
}

/* As deep as the reader lets a file be. */
static gboolean walk(struct walk *w, const element *e, GError **error)
{
	gsize length = w->path->len;

	if (!walk_attributes(w, e, error))
		return FALSE;
	for (const element *c = xml_first(e, NULL); c; c = xml_next(c, NULL)) {
		const struct xml_known *k;
		const element *again;

		g_string_append_printf(w->path, "%s%s", length ? "/" : "", alias(w, xml_name(c)));
		k = judge(w, c, NULL);
		again = k && k->treatment == XML_READ ? xml_next(c, xml_name(c)) : NULL;
		if (again)
			return xml_fail(w->x, again, error, "it stands in line %u already; join the two", xml_line(c));
		if (k && (k->treatment == XML_READ || k->treatment == XML_EACH) && !walk(w, c, error))
			return FALSE;
		g_string_truncate(w->path, length);
	}
	return TRUE;
}

gboolean xml_check(const struct xml *x, const struct xml_known *known, const char *place,
                   const struct xml_alias *aliases, GPtrArray *notes, GError **error)
{
	g_autoptr(GString) path = g_string_new(place);
	struct walk w = {x, known, aliases, notes, path};

	return walk(&w, xml_root(x), error);
}

gboolean xml_check_names(const struct xml *x, const element *parent, const char *child, GError **error)
{
	g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (const element *e = xml_first(parent, child); e; e = xml_next(e, child)) {
		const char *name;
		const element *other;
		char *lower;

		if (!xml_get_text(x, e, "name", TRUE, &name, error))
			return FALSE;
		lower = g_ascii_strdown(name, -1);
		other = g_hash_table_lookup(taken, lower);
		g_hash_table_insert(taken, lower, (gpointer)e);
		if (other)
			return xml_fail(x, e, error, "the name stands in line %u already; choose another",
			                xml_line(other));
	}
	return TRUE;
}
