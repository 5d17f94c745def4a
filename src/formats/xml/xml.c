/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file, and refusing what a file by people never needs. */
#include "formats/xml/xml.h"

#include "formats/xml/text.h"
#include "lib/input.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean fail(GError **error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	g_clear_error(error);
	if (error)
		*error = g_error_new_valist(ESC_INPUT_ERROR, ESC_INPUT_SYNTAX, format, ap);
	va_end(ap);
	return FALSE;
}

/* What the parser's hooks leave behind. */
struct guard {
	guint depth, elements, namespaces;
	guint32 line;
	const char *refused; /* why parsing was stopped */
	char *wrong;         /* the parser's first error, at `line` */
};

static void refuse(xmlParserCtxt *ctxt, const char *why)
{
	struct guard *g = ctxt->_private;

	if (!g->refused) {
		g->refused = why;
		g->line = (guint32)xmlSAX2GetLineNumber(ctxt);
	}
	xmlStopParser(ctxt);
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	refuse(ctx, "a document type (<!DOCTYPE>) is not accepted, as it could declare entities; remove it");
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                     const xmlChar **ns, int attributes, int defaulted, const xmlChar **values)
{
	xmlParserCtxt *ctxt = ctx;
	struct guard *g = ctxt->_private;

	if (++g->depth > XML_MAX_DEPTH) {
		refuse(ctxt, "elements are nested more than 32 deep; the format needs fewer than 10");
		return;
	}
	if (++g->elements > XML_MAX_ELEMENTS) {
		refuse(ctxt, "there are more than 20000 elements; split the file");
		return;
	}
	g->namespaces += (guint)namespaces;
	if (g->namespaces > XML_MAX_NAMESPACES) {
		refuse(ctxt, "more than 100 namespaces are declared; the format needs one");
		return;
	}
	xmlSAX2StartElementNs(ctx, name, prefix, uri, namespaces, ns, attributes, defaulted, values);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	((struct guard *)((xmlParserCtxt *)ctx)->_private)->depth--;
	xmlSAX2EndElementNs(ctx, name, prefix, uri);
}

/* Past its first error the parser would go on reading what text.c did not bound. */
static void on_error(void *ctx, xmlError *e)
{
	struct guard *g = ((xmlParserCtxt *)ctx)->_private;

	if (e->level < XML_ERR_ERROR)
		return;
	if (!g->wrong && !g->refused) {
		g->wrong = g_strdup(e->message ? e->message : "");
		g->line = e->line > 0 ? (guint32)e->line : 0;
	}
	xmlStopParser(ctx);
}

/* The parser's own words, on one line. */
static void fail_syntax(const struct guard *g, const char *file, GError **error)
{
	g_autofree char *text = g_strdup(g->wrong ? g->wrong : "");

	g_strstrip(g_strdelimit(text, "\n\r\t", ' '));
	if (!*text || !g_utf8_validate(text, -1, NULL))
		fail(error, "%s:%u: not well-formed XML; correct it", file, MAX(g->line, 1));
	else
		fail(error, "%s:%u: not well-formed XML: %.200s; correct it", file, MAX(g->line, 1), text);
}

static xmlParserCtxt *new_parser(const char *text, gsize length, struct guard *guard)
{
	xmlParserCtxt *ctxt = xmlCreateMemoryParserCtxt(length ? text : " ", length ? (int)length : 1);

	if (!ctxt)
		return NULL;
	/* The text is UTF-8 by now, whatever it was when its declaration was written. */
	xmlCtxtUseOptions(ctxt, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA |
	                                XML_PARSE_BIG_LINES | XML_PARSE_COMPACT | XML_PARSE_IGNORE_ENC);
	ctxt->_private = guard;
	ctxt->sax->internalSubset = on_doctype;
	ctxt->sax->startElementNs = on_start;
	ctxt->sax->endElementNs = on_end;
	ctxt->sax->serror = on_error;
	return ctxt;
}

static struct xml *parse(const char *text, gsize length, const char *file, GError **error)
{
	struct guard guard = {0};
	xmlParserCtxt *ctxt = new_parser(text, length, &guard);
	struct xml *x = NULL;

	if (!ctxt) {
		fail(error, "%s: it cannot be read as XML", file);
		return NULL;
	}
	xmlParseDocument(ctxt);
	if (guard.refused)
		fail(error, "%s:%u: %s", file, MAX(guard.line, 1), guard.refused);
	else if (!ctxt->wellFormed || !ctxt->myDoc || !xmlDocGetRootElement(ctxt->myDoc))
		fail_syntax(&guard, file, error);
	else {
		x = g_new0(struct xml, 1);
		x->doc = g_steal_pointer(&ctxt->myDoc);
		x->file = g_strdup(file);
	}
	if (ctxt->myDoc)
		xmlFreeDoc(ctxt->myDoc);
	xmlFreeParserCtxt(ctxt);
	g_free(guard.wrong);
	return x;
}

struct xml *xml_parse(const char *bytes, gsize length, const char *file, GError **error)
{
	g_autofree char *converted = NULL;
	const char *why;
	gsize at;

	if (length > XML_MAX_BYTES) {
		fail(error, "%s: larger than 4 MiB; split it", file);
		return NULL;
	}
	why = text_to_utf8(&bytes, &length, &converted, &at);
	if (!why)
		why = text_check_tags(bytes, length, &at);
	if (why) {
		fail(error, "%s:%u: %s", file, text_line(bytes, at), why);
		return NULL;
	}
	return parse(bytes, length, file, error);
}

struct xml *xml_parse_file(const char *file, GError **error)
{
	g_autoptr(GByteArray) bytes = input_read(file, XML_MAX_BYTES, error);

	return bytes ? xml_parse((const char *)bytes->data, bytes->len, file, error) : NULL;
}

void xml_free(struct xml *x)
{
	if (!x)
		return;
	xmlFreeDoc(x->doc);
	g_free(x->file);
	g_free(x);
}

const element *xml_root(const struct xml *x)
{
	return xmlDocGetRootElement(x->doc);
}

const char *xml_name(const element *e)
{
	return (const char *)e->name;
}

gboolean xml_is(const element *e, const char *name)
{
	return e->type == XML_ELEMENT_NODE && g_ascii_strcasecmp(xml_name(e), name) == 0;
}

static const element *from(const element *e, const char *name)
{
	for (; e; e = e->next)
		if (e->type == XML_ELEMENT_NODE && (!name || xml_is(e, name)))
			return e;
	return NULL;
}

const element *xml_first(const element *parent, const char *name)
{
	return parent ? from(parent->children, name) : NULL;
}

const element *xml_next(const element *e, const char *name)
{
	return from(e->next, name);
}

const element *xml_find(const element *parent, const char *path)
{
	g_auto(GStrv) names = g_strsplit(path, "/", -1);

	for (guint i = 0; parent && names[i]; i++)
		parent = xml_first(parent, names[i]);
	return parent;
}

guint32 xml_line(const element *e)
{
	long line = xmlGetLineNo((xmlNode *)e);

	return line > 0 && line < G_MAXINT32 ? (guint32)line : 0;
}

#define POSITION_MAX                                                                                                   \
	1000 /* siblings looked at: a path is made for every note, and a parent may have very many children */

/* Where `e` stands among its like-named siblings, from 1; 0 when it has none, or stands too far behind to count. */
static guint position(const element *e)
{
	guint before = 0, looked = 0;

	for (const element *p = e->prev; p; p = p->prev) {
		if (++looked > POSITION_MAX)
			return 0;
		before += xml_is(p, xml_name(e));
	}
	for (const element *n = e->next; n && !before && ++looked <= POSITION_MAX; n = n->next)
		if (xml_is(n, xml_name(e)))
			return 1;
	return before ? before + 1 : 0;
}

char *xml_path(const element *e)
{
	g_autoptr(GString) path = g_string_new(NULL);

	for (; e && e->type == XML_ELEMENT_NODE; e = e->parent) {
		const char *name = xml_attribute(e, "name");
		guint n = name ? 0 : position(e);
		g_autofree char *step = name ? g_strdup_printf("/%s[@name='%.80s']", xml_name(e), name)
		                        : n  ? g_strdup_printf("/%s[%u]", xml_name(e), n)
		                             : g_strdup_printf("/%s", xml_name(e));

		g_string_prepend(path, step);
	}
	return g_strdup(path->str);
}

char *xml_text(const element *e)
{
	xmlChar *content = xmlNodeGetContent(e);
	char *text = g_strdup(content ? (const char *)content : "");

	xmlFree(content);
	return g_strstrip(text);
}

const char *xml_attribute(const element *e, const char *name)
{
	for (const xmlAttr *a = e->properties; a; a = a->next)
		if (g_ascii_strcasecmp((const char *)a->name, name) == 0)
			return a->children && a->children->content ? (const char *)a->children->content : "";
	return NULL;
}
