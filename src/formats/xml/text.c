/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/xml/text.h"

#include "formats/xml/xml.h"

#include <string.h>

guint text_line(const char *text, gsize at)
{
	guint line = 1;

	for (gsize i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

/* ------------------------------------------------------------------ encoding */

static gboolean declares(const char *bytes, gsize length, const char *encoding)
{
	gsize head = MIN(length, 200);
	const char *end = g_strstr_len(bytes, (gssize)head, "?>");
	g_autofree char *declaration = end ? g_ascii_strdown(bytes, end - bytes) : NULL;
	const char *p = declaration ? strstr(declaration, "encoding") : NULL;

	return p && strstr(p, encoding);
}

static gboolean convert(const char **bytes, gsize *length, char **converted, const char *from)
{
	gsize made;

	*converted = g_convert(*bytes, (gssize)*length, "UTF-8", from, NULL, &made, NULL);
	if (!*converted)
		return FALSE;
	*bytes = *converted;
	*length = made;
	return TRUE;
}

/* A parser that follows a declaration into any encoding reads other tags than those that were counted. */
const char *text_to_utf8(const char **bytes, gsize *length, char **converted, gsize *at)
{
	const char *end, *b = *bytes;

	*at = 0;
	if (*length >= 2 && (memcmp(b, "\xff\xfe", 2) == 0 || memcmp(b, "\xfe\xff", 2) == 0)) {
		if (!convert(bytes, length, converted, "UTF-16"))
			return "it begins as UTF-16 and is not; save it as UTF-8";
	} else if (!g_utf8_validate_len(b, *length, &end) && !memchr(b, 0, *length)) {
		*at = (gsize)(end - b);
		if (!(declares(b, *length, "iso-8859-1") && convert(bytes, length, converted, "ISO-8859-1")) &&
		    !(declares(b, *length, "windows-1252") && convert(bytes, length, converted, "WINDOWS-1252")))
			return "it is not UTF-8; save it as UTF-8";
	}
	end = memchr(*bytes, 0, *length);
	if (!end)
		return NULL;
	*at = (gsize)(end - *bytes);
	return "there is a NUL character in it; remove it";
}

/* ------------------------------------------------------------------ tags */

/* Past what begins with `open` at `p`, when it does. */
static gboolean skip(const char **p, const char *end, const char *open, const char *close)
{
	gsize n = strlen(open);
	const char *found;

	if ((gsize)(end - *p) < n || memcmp(*p, open, n) != 0)
		return FALSE;
	found = g_strstr_len(*p + n, end - *p - (gssize)n, close);
	*p = found ? found + strlen(close) : end;
	return TRUE;
}

/* Past the tag that begins at `p`; FALSE when it has too many attributes, each of which has one '='. */
static gboolean skip_tag(const char **p, const char *end)
{
	guint attributes = 0;
	char quote = 0;

	for (; *p < end && (quote || **p != '>'); (*p)++) {
		if (quote)
			quote = **p == quote ? 0 : quote;
		else if (**p == '"' || **p == '\'')
			quote = **p;
		else if (**p == '=' && ++attributes > XML_MAX_ATTRIBUTES)
			return FALSE;
	}
	return TRUE;
}

/* Right for what is well-formed; at the first that is not, the parser stops. */
const char *text_check_tags(const char *text, gsize length, gsize *at)
{
	const char *end = text + length;

	for (const char *p = text; (p = memchr(p, '<', (gsize)(end - p)));) {
		if (skip(&p, end, "<!--", "-->") || skip(&p, end, "<![CDATA[", "]]>") || skip(&p, end, "<?", "?>"))
			continue;
		*at = (gsize)(p - text);
		if (!skip_tag(&p, end))
			return "an element has more than 64 attributes; the format needs fewer than 10";
	}
	return NULL;
}
