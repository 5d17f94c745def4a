/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets and certificates: checked for their form, never quoted. */
#include "model/outer.h"

#include <string.h>

#define SEQUENCE 0x30 /* the tag of ASN.1 that every certificate begins with */

static gboolean is_printable(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isprint(*text))
			return FALSE;
	return TRUE;
}

gboolean read_secret(const struct spot *s, const char *dotted, guint min, guint max)
{
	const char *text = read_text(s, dotted, FALSE);
	gsize length = text ? strlen(text) : 0;

	if (length == 0)
		return FALSE;
	if (g_str_has_prefix(text, "<unknown"))
		return TRUE;
	if (!is_printable(text))
		spot_error(s, dotted, "it has characters that are not printable ASCII; use only these");
	else if (length < min || length > max)
		spot_error(s, dotted, "its length is not from %u to %u characters; use another", min, max);
	return TRUE;
}

gboolean is_certificate(const char *text)
{
	gsize digits = 0, padding = 0, length = 0;
	g_autofree guchar *bytes = NULL;

	for (const char *c = text; *c; c++) {
		if (g_ascii_isspace(*c))
			continue;
		if (*c == '=')
			padding++;
		else if (padding > 0 || !(g_ascii_isalnum(*c) || *c == '+' || *c == '/'))
			return FALSE;
		else
			digits++;
	}
	if (padding > 2 || (digits + padding) % 4 != 0)
		return FALSE;
	bytes = g_base64_decode(text, &length);
	return length > 2 && bytes[0] == SEQUENCE;
}
