/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings, URIs, and identifiers made from a hash: the same arguments give the same result, everywhere. */
#include "internal.h"
#include <string.h>

/* Text of bytes that came out of an encoding; an error when they are no text. */
static struct node *text_of_bytes(struct env *e, const struct args *a, const guchar *bytes, gsize length)
{
	if (length && !g_utf8_validate_len((const char *)bytes, length, NULL))
		return arm_fail(e, "%s(): what it decodes to is not UTF-8 text", a->function);
	return node_take_string(g_strndup((const char *)bytes, length));
}

static struct node *fn_base64(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0);

	return s ? node_take_string(g_base64_encode((const guchar *)s, strlen(s))) : NULL;
}

static gboolean is_base64(const char *s)
{
	gsize body = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	gsize pad = strspn(s + body, "=");

	return pad <= 2 && !s[body + pad] && (body + pad) % 4 == 0;
}

static struct node *from_base64(struct env *e, const struct args *a, const char *s)
{
	gsize length;

	if (!is_base64(s))
		return arm_fail(e, "%s(): argument 1 is not base64", a->function);
	g_autofree guchar *bytes = g_base64_decode(s, &length);
	return text_of_bytes(e, a, bytes, length);
}

static struct node *fn_base64_to_string(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0);

	return s ? from_base64(e, a, s) : NULL;
}

static struct node *fn_base64_to_json(struct env *e, const struct args *a)
{
	g_autoptr(node) text = fn_base64_to_string(e, a);
	g_autoptr(GError) error = NULL;

	if (!text)
		return NULL;
	struct node *out = node_parse(text->string, strlen(text->string), "base64ToJson()", &error);
	return out ? out : arm_fail(e, "%s", error->message);
}

static struct node *fn_data_uri(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0);

	if (!s)
		return NULL;
	g_autofree char *code = g_base64_encode((const guchar *)s, strlen(s));
	return node_stringf("data:text/plain;charset=utf8;base64,%s", code);
}

static struct node *fn_data_uri_to_string(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0), *comma = s ? strchr(s, ',') : NULL;

	if (!s)
		return NULL;
	if (!g_str_has_prefix(s, "data:") || !comma)
		return arm_fail(e, "dataUriToString(): argument 1 is not a data URI");
	if (comma - s >= 7 && memcmp(comma - 7, ";base64", 7) == 0)
		return from_base64(e, a, comma + 1);
	g_autoptr(GBytes) bytes = g_uri_unescape_bytes(comma + 1, -1, NULL, NULL);
	if (!bytes)
		return arm_fail(e, "dataUriToString(): argument 1 is not a data URI");
	return text_of_bytes(e, a, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

static struct node *fn_uri_component(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0);

	return s ? node_take_string(g_uri_escape_string(s, NULL, FALSE)) : NULL;
}

static struct node *fn_uri_component_to_string(struct env *e, const struct args *a)
{
	const char *s = arg_string(e, a, 0);

	if (!s)
		return NULL;
	g_autoptr(GBytes) bytes = g_uri_unescape_bytes(s, -1, NULL, NULL);
	if (!bytes)
		return arm_fail(e, "uriComponentToString(): argument 1 has a broken %% escape");
	return text_of_bytes(e, a, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

static struct node *fn_uri(struct env *e, const struct args *a)
{
	const char *base = arg_string(e, a, 0), *relative = base ? arg_string(e, a, 1) : NULL;

	if (!relative)
		return NULL;
	char *joined = g_uri_resolve_relative(base, relative, G_URI_FLAGS_PARSE_RELAXED, NULL);
	if (joined)
		return node_take_string(joined);
	arm_note(e, "uri(): the base is not an absolute URI; both parts are put together as they are");
	return node_stringf("%s%s", base, relative);
}

/* SHA-256 over the arguments, each with its length so that ('ab','c') and ('a','bc') differ. FALSE on a wrong type. */
static gboolean digest(struct env *e, const struct args *a, const char *salt, guint8 out[32])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize length = 32;

	g_checksum_update(sum, (const guchar *)salt, (gssize)strlen(salt));
	for (guint i = 0; i < a->n; i++) {
		const char *s = arg_string(e, a, i);
		if (!s)
			return FALSE;
		guint64 size = GUINT64_TO_LE((guint64)strlen(s));
		g_checksum_update(sum, (const guchar *)&size, sizeof(size));
		g_checksum_update(sum, (const guchar *)s, (gssize)strlen(s));
	}
	g_checksum_get_digest(sum, out, &length);
	return TRUE;
}

static struct node *fn_unique_string(struct env *e, const struct args *a)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	char text[14] = {0};
	guint8 d[32];

	if (!digest(e, a, "uniqueString", d))
		return NULL;
	for (int i = 0; i < 13; i++)
		text[i] = letters[d[i] & 31];
	return node_string(text);
}

static struct node *guid_of(guint8 d[32])
{
	d[6] = (d[6] & 0x0f) | 0x50;
	d[8] = (d[8] & 0x3f) | 0x80;
	return node_stringf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1], d[2],
	                    d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

static struct node *fn_guid(struct env *e, const struct args *a)
{
	guint8 d[32];

	return digest(e, a, "guid", d) ? guid_of(d) : NULL;
}

/* Not new at all: the same for the same deployment and place, so that a plan can be repeated. */
static struct node *fn_new_guid(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;
	g_autoptr(node) seed = node_stringf("%s/%s/%s/%u:%u", f->subscription, f->group, f->deployment,
	                                    e->place ? e->place->line : 0, e->place ? e->place->column : 0);
	struct args one = {.function = a->function, .v = &seed, .n = 1};
	guint8 d[32];

	arm_note(e, "newGuid() answers the same value for the same deployment");
	return digest(e, &one, "newGuid", d) ? guid_of(d) : NULL;
}

const struct function arm_encode_functions[] = {
        {"base64", 1, 1, 0, fn_base64, NULL},
        {"base64ToString", 1, 1, 0, fn_base64_to_string, NULL},
        {"base64ToJson", 1, 1, FN_BUILDS, fn_base64_to_json, NULL},
        {"dataUri", 1, 1, 0, fn_data_uri, NULL},
        {"dataUriToString", 1, 1, 0, fn_data_uri_to_string, NULL},
        {"uriComponent", 1, 1, 0, fn_uri_component, NULL},
        {"uriComponentToString", 1, 1, 0, fn_uri_component_to_string, NULL},
        {"uri", 2, 2, FN_UNKNOWN, fn_uri, NULL},
        {"uniqueString", 1, 255, FN_UNKNOWN, fn_unique_string, NULL},
        {"guid", 1, 255, FN_UNKNOWN, fn_guid, NULL},
        {"newGuid", 0, 0, 0, fn_new_guid, NULL},
        {NULL},
};
