/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML files by people: Cloud Service definitions and classic network configurations.
 *
 * Concept. libxml2 reads; this is what stands between it and hostile files. A document type is refused where it begins,
 * so no entity is ever declared, expanded or fetched; size, depth and the number of elements are bounded, and of
 * attributes before the parser sees them, as it takes the square of their number. Names are
 * compared ignoring case and namespace, as published files differ in both. Every error names file, line and the
 * element's path, "/ServiceDefinition/WebRole[@name='web']/Endpoints/InputEndpoint[2]".
 *
 * Nothing is ignored in silence: xml_check() holds a file against the table of what its format knows, and refuses what
 * stands twice where readers look for one: the second block of rules would be lost.
 *
 * Ownership: elements and texts are borrowed from the file and live as long as it.
 */
#pragma once
#include "lib/node.h"

#include <libxml/tree.h>

#define XML_MAX_BYTES      (4u << 20)
#define XML_MAX_DEPTH      32
#define XML_MAX_ELEMENTS   20000u
#define XML_MAX_ATTRIBUTES 64  /* of one element, namespaces among them */
#define XML_MAX_NAMESPACES 100 /* of one file */

typedef xmlNode element;

struct xml {
	xmlDoc *doc;
	char *file; /* as the user named it */
};

/* NULL and error (ESC_INPUT_ERROR) on failure. UTF-8, UTF-16 with a byte order mark, or ISO-8859-1 or windows-1252 where
 * the declaration says so. */
struct xml *xml_parse(const char *bytes, gsize length, const char *file, GError **error);
struct xml *xml_parse_file(const char *file, GError **error);
void xml_free(struct xml *x);
typedef struct xml xml;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xml, xml_free)

const element *xml_root(const struct xml *x);
gboolean xml_is(const element *e, const char *name);
const char *xml_name(const element *e);
/* Children that are elements; of that name when `name` is not NULL. NULL ends. */
const element *xml_first(const element *parent, const char *name);
const element *xml_next(const element *e, const char *name);
/* Follows names from child to child, "Endpoints/InputEndpoint"; NULL when one is missing. */
const element *xml_find(const element *parent, const char *path);
guint32 xml_line(const element *e);
/* Steps without a name are numbered among the first 100 of their siblings. Caller frees. */
char *xml_path(const element *e);
char *xml_text(const element *e);                              /* without the spaces around it; caller frees */
const char *xml_attribute(const element *e, const char *name); /* NULL when absent */

/* Adds "FILE:LINE: PATH: what; what to do" as error; FALSE. */
gboolean xml_fail(const struct xml *x, const element *e, GError **error, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* The same line for a list of notes. */
void xml_note(const struct xml *x, const element *e, GPtrArray *notes, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Attributes by type. Absent: NULL or the fallback, an error when `required` or when the fallback is XML_REQUIRED. */
#define XML_REQUIRED (-1)
gboolean xml_get_text(const struct xml *x, const element *e, const char *name, gboolean required, const char **value,
                      GError **error);
gboolean xml_get_number(const struct xml *x, const element *e, const char *name, guint min, guint max, gint64 fallback,
                        guint *value, GError **error);
gboolean xml_get_flag(const struct xml *x, const element *e, const char *name, gboolean fallback, gboolean *value,
                      GError **error);
/* Index of the value in `names` (NULL ends it), ignoring case. */
gboolean xml_get_choice(const struct xml *x, const element *e, const char *name, const char *const names[],
                        int fallback, guint *value, GError **error);

/*
 * What a format knows: "Role/Endpoints/InputEndpoint" for an element, "Role/Endpoints/InputEndpoint@port" for an
 * attribute, from below the root. XML_READ may stand once in its parent, XML_EACH any number of times; XML_IRRELEVANT
 * covers all below it. A NULL path ends the table.
 */
enum xml_treatment { XML_READ, XML_EACH, XML_IRRELEVANT, XML_NOT_MODELLED };
struct xml_known {
	const char *path;
	enum xml_treatment treatment;
	const char *why; /* when not modelled */
};
/* A name of the file that stands for another in the table: every kind of role is a "Role". */
struct xml_alias {
	const char *name, *stands_for;
};
/* A note for each element and attribute that the table does not know, or knows as not modelled; an error for what stands
 * twice. `place`: where the root stands in the table's paths, usually "". */
gboolean xml_check(const struct xml *x, const struct xml_known *known, const char *place,
                   const struct xml_alias *aliases, GPtrArray *notes, GError **error);
/* Every child of that name has a "name", each its own ignoring case. */
gboolean xml_check_names(const struct xml *x, const element *parent, const char *child, GError **error);
