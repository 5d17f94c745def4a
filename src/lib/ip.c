/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers and writers of addresses. The readers are strict on purpose: inet_aton would take "10.1" and read "010" as
 * octal, and a rule that two readers understand differently is a hole.
 */
#include "lib/ip.h"

#include <string.h>

/* Decimal without sign, blanks or leading zeros, at most `max`; moves *text behind it. */
static gboolean read_decimal(const char **text, guint max, guint *value)
{
	const char *p = *text;
	guint v = 0;

	if (!g_ascii_isdigit(*p) || (*p == '0' && g_ascii_isdigit(p[1])))
		return FALSE;
	for (; g_ascii_isdigit(*p); p++) {
		v = v * 10 + (guint)(*p - '0');
		if (v > max)
			return FALSE;
	}
	*text = p;
	*value = v;
	return TRUE;
}

static gboolean read_quad(const char **text, guint32 *addr)
{
	guint32 result = 0;

	for (int i = 0; i < 4; i++) {
		guint octet;

		if (i > 0 && *(*text)++ != '.')
			return FALSE;
		if (!read_decimal(text, 255, &octet))
			return FALSE;
		result = result << 8 | octet;
	}
	*addr = result;
	return TRUE;
}

gboolean ip_parse(const char *text, guint32 *addr)
{
	guint32 value;

	if (!text || !read_quad(&text, &value) || *text)
		return FALSE;
	*addr = value;
	return TRUE;
}

gboolean prefix_parse(const char *text, struct prefix *p)
{
	guint32 value;
	guint length = 32;

	if (!text || !read_quad(&text, &value))
		return FALSE;
	if (*text == '/') {
		text++;
		if (!read_decimal(&text, 32, &length))
			return FALSE;
	}
	if (*text)
		return FALSE;
	*p = (struct prefix){.addr = value & prefix_mask((guint8)length), .length = (guint8)length};
	return TRUE;
}

char *ip_format(guint32 addr)
{
	return g_strdup_printf("%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
}

char *prefix_format(struct prefix p)
{
	g_autofree char *addr = ip_format(p.addr);

	return g_strdup_printf("%s/%u", addr, p.length);
}

guint32 prefix_mask(guint8 length)
{
	/* A shift by the whole width is undefined. */
	return length == 0 ? 0 : length >= 32 ? G_MAXUINT32 : G_MAXUINT32 << (32 - length);
}

gboolean prefix_has(struct prefix p, guint32 addr)
{
	return (addr & prefix_mask(p.length)) == p.addr;
}

gboolean prefix_contains(struct prefix outer, struct prefix inner)
{
	return inner.length >= outer.length && prefix_has(outer, inner.addr);
}

gboolean prefix_overlap(struct prefix a, struct prefix b)
{
	return prefix_contains(a, b) || prefix_contains(b, a);
}

guint32 prefix_last(struct prefix p)
{
	return p.addr | ~prefix_mask(p.length);
}

char *mac_format(const guint8 mac[6])
{
	return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* Six pairs of hex digits; ':' or '-' between them (ARM writes "00-0D-3A-…"), the same throughout. */
gboolean mac_parse(const char *text, guint8 mac[6])
{
	guint8 bytes[6];

	if (!text || strlen(text) != 17 || (text[2] != ':' && text[2] != '-'))
		return FALSE;
	for (int i = 0; i < 6; i++) {
		const char *pair = text + 3 * i;

		if (!g_ascii_isxdigit(pair[0]) || !g_ascii_isxdigit(pair[1]) || (i < 5 && pair[2] != text[2]))
			return FALSE;
		bytes[i] = (guint8)(g_ascii_xdigit_value(pair[0]) << 4 | g_ascii_xdigit_value(pair[1]));
	}
	memcpy(mac, bytes, sizeof bytes);
	return TRUE;
}
