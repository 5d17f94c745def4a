/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings, and identifiers made from a hash: the same arguments give the same result, everywhere. */
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
	const char *s = arg_str(a, 0);

	(void)e;
	return node_take_string(g_base64_encode((const guchar *)s, strlen(s)));
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
	return from_base64(e, a, arg_str(a, 0));
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
	const char *s = arg_str(a, 0);

	(void)e;
	g_autofree char *code = g_base64_encode((const guchar *)s, strlen(s));
	return node_stringf("data:text/plain;charset=utf8;base64,%s", code);
}

static struct node *fn_data_uri_to_string(struct env *e, const struct args *a)
{
	const char *s = arg_str(a, 0), *comma = strchr(s, ',');

	if (!g_str_has_prefix(s, "data:") || !comma)
		return arm_fail(e, "dataUriToString(): argument 1 is not a data URI");
	if (comma - s >= 7 && memcmp(comma - 7, ";base64", 7) == 0)
		return from_base64(e, a, comma + 1);
	g_autoptr(GBytes) bytes = g_uri_unescape_bytes(comma + 1, -1, NULL, NULL);
	if (!bytes)
		return arm_fail(e, "dataUriToString(): argument 1 is not a data URI");
	return text_of_bytes(e, a, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

/* SHA-256 over the arguments, each with its length so that ('ab','c') and ('a','bc') differ. */
static void digest(const struct args *a, const char *salt, guint8 out[32])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize length = 32;

	g_checksum_update(sum, (const guchar *)salt, (gssize)strlen(salt));
	for (guint i = 0; i < a->n; i++) {
		g_autofree char *s = arm_text_of(a->v[i]);
		guint64 size = GUINT64_TO_LE((guint64)strlen(s));
		g_checksum_update(sum, (const guchar *)&size, sizeof(size));
		g_checksum_update(sum, (const guchar *)s, (gssize)strlen(s));
	}
	g_checksum_get_digest(sum, out, &length);
}

/* Thirteen letters that say nothing: the cloud's own differ, so of an unknown argument they are as good as any. */
static struct node *fn_unique_string(struct env *e, const struct args *a)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	char text[14] = {0};
	guint8 d[32];

	(void)e;
	digest(a, "uniqueString", d);
	for (int i = 0; i < 13; i++)
		text[i] = letters[d[i] & 31];
	return node_string(text);
}

/* The bytes as a UUID of version 5 (RFC 9562). */
static struct node *guid_of(const guint8 *bytes)
{
	guint8 d[16];

	memcpy(d, bytes, sizeof(d));
	d[6] = (d[6] & 0x0f) | 0x50;
	d[8] = (d[8] & 0x3f) | 0x80;
	return node_stringf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1], d[2],
	                    d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

/* As the cloud does it: the name-based UUID of the arguments with '-' between them, in a namespace of its own. */
static struct node *fn_guid(struct env *e, const struct args *a)
{
	static const guint8 space[16] = {0x11, 0xfb, 0x06, 0xfb, 0x71, 0x2d, 0x4d, 0xdd,
	                                 0x98, 0xc7, 0xe7, 0x1b, 0xbd, 0x58, 0x88, 0x30};
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 d[20];
	gsize length = sizeof(d);

	(void)e;
	g_checksum_update(sum, space, sizeof(space));
	for (guint i = 0; i < a->n; i++) {
		g_autofree char *text = arm_text_of(a->v[i]);
		if (i)
			g_checksum_update(sum, (const guchar *)"-", 1);
		g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
	}
	g_checksum_get_digest(sum, d, &length);
	return guid_of(d);
}

/* Not new at all: the same for the same deployment and place, so that a plan can be repeated. */
static struct node *fn_new_guid(struct env *e, const struct args *a)
{
	const struct frame *f = e->frame->names;
	g_autofree char *target = arm_target_id(&f->target);
	g_autoptr(node) seed = node_stringf("%s/%s/%u:%u", target, f->deployment, e->place ? e->place->line : 0,
	                                    e->place ? e->place->column : 0);
	struct args one = {.function = a->function, .v = &seed, .n = 1};
	guint8 d[32];

	arm_note(e, "newGuid() answers the same value for the same deployment");
	digest(&one, "newGuid", d);
	return guid_of(d);
}

const struct function arm_encode_functions[] = {
        {"base64", 1, 1, "s", NODE_STRING, 0, fn_base64, NULL},
        {"base64ToString", 1, 1, "s", NODE_STRING, 0, fn_base64_to_string, NULL},
        {"base64ToJson", 1, 1, "s", NODE_UNKNOWN, FN_BUILDS, fn_base64_to_json, NULL},
        {"dataUri", 1, 1, "s", NODE_STRING, 0, fn_data_uri, NULL},
        {"dataUriToString", 1, 1, "s", NODE_STRING, 0, fn_data_uri_to_string, NULL},
        {"uniqueString", 1, 255, "s", NODE_STRING, FN_UNKNOWN, fn_unique_string, NULL},
        {"guid", 1, 255, "s", NODE_STRING, FN_UNKNOWN, fn_guid, NULL},
        {"newGuid", 0, 0, "v", NODE_STRING, 0, fn_new_guid, NULL},
        {NULL},
};
