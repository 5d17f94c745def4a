/* SPDX-License-Identifier: Apache-2.0 */
/* URIs: put together, taken apart, escaped. */
#include "internal.h"
#include <string.h>

static struct node *fn_uri_component(struct env *e, const struct args *a)
{
	(void)e;
	return node_take_string(g_uri_escape_string(arg_str(a, 0), NULL, FALSE));
}

static struct node *fn_uri_component_to_string(struct env *e, const struct args *a)
{
	g_autoptr(GBytes) bytes = g_uri_unescape_bytes(arg_str(a, 0), -1, NULL, NULL);
	gsize length;
	const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;

	if (!bytes)
		return arm_fail(e, "uriComponentToString(): argument 1 has a broken %% escape");
	if (!text)
		return node_string("");
	if (!g_utf8_validate_len(text, length, NULL))
		return arm_fail(e, "uriComponentToString(): what it decodes to is not UTF-8 text");
	return node_take_string(g_strndup(text, length));
}

static struct node *fn_uri(struct env *e, const struct args *a)
{
	const char *base = arg_str(a, 0), *relative = arg_str(a, 1);
	char *joined = g_uri_resolve_relative(base, relative, G_URI_FLAGS_PARSE_RELAXED, NULL);

	if (joined)
		return node_take_string(joined);
	arm_note(e, "uri(): the base is not an absolute URI; both parts are put together as they are");
	return node_stringf("%s%s", base, relative);
}

static struct node *fn_parse_uri(struct env *e, const struct args *a)
{
	g_autoptr(GUri) uri = g_uri_parse(arg_str(a, 0), G_URI_FLAGS_ENCODED, NULL);
	struct node *out;

	if (!uri || !g_uri_get_host(uri))
		return arm_fail(e, "parseUri(): argument 1 is not an absolute URI");
	out = node_object();
	node_set(out, "scheme", node_string(g_uri_get_scheme(uri)));
	node_set(out, "host", node_string(g_uri_get_host(uri)));
	if (g_uri_get_port(uri) >= 0)
		node_set(out, "port", node_int(g_uri_get_port(uri)));
	node_set(out, "path", node_string(g_uri_get_path(uri)));
	if (g_uri_get_query(uri))
		node_set(out, "query", node_string(g_uri_get_query(uri)));
	return out;
}

static struct node *fn_build_uri(struct env *e, const struct args *a)
{
	const struct node *o = a->v[0];
	const char *scheme = node_get_str(o, "scheme", NULL), *host = node_get_str(o, "host", NULL);
	const char *path = node_get_str(o, "path", ""), *query = node_get_str(o, "query", NULL);
	gint64 port = node_integer(node_get(o, "port"), -1);

	if (arm_holds_unknown(o))
		return arm_unknown(e, NODE_STRING, "buildUri({...})");
	if (!scheme || !*scheme || !host || !*host)
		return arm_fail(e, "buildUri(): the components need a scheme and a host");
	if (port < -1 || port > 65535)
		return arm_fail(e, "buildUri(): a port is from 0 to 65535");
	g_autofree char *colon = port >= 0 ? g_strdup_printf(":%d", (int)port) : g_strdup("");
	if (query && *query == '?')
		query++;
	return node_stringf("%s://%s%s%s%s%s%s", scheme, host, colon, *path && *path != '/' ? "/" : "", path,
	                    query && *query ? "?" : "", query ? query : "");
}

const struct function arm_uri_functions[] = {
        {"uri", 2, 2, "s", NODE_STRING, 0, fn_uri, NULL},
        {"uriComponent", 1, 1, "s", NODE_STRING, 0, fn_uri_component, NULL},
        {"uriComponentToString", 1, 1, "s", NODE_STRING, 0, fn_uri_component_to_string, NULL},
        {"parseUri", 1, 1, "s", NODE_OBJECT, 0, fn_parse_uri, NULL},
        {"buildUri", 1, 1, "o", NODE_STRING, FN_DEEP, fn_build_uri, NULL},
        {NULL},
};
