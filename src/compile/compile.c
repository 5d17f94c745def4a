/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the parts, and what they share. */
#include "parts.h"
#include "space.h"
#include "tables_format.h"
#include <stdarg.h>
#include <string.h>

#define BLOB_BYTES_MAX (64u << 20) /* of one host */
#define HASH_SEED      0x45534331u
#define OVERLAY_MTU    1500u /* what instances send; the fabric carries it with the tunnel's headers on top */

gboolean compile_fail(struct compilation *c, const struct noun *n, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *place = n->document ? noun_place(n) : g_strdup(n->id);
	g_set_error(c->error, ESC_INPUT_ERROR, ESC_INPUT_LIMIT, "%s: %s", place, what);
	return FALSE;
}

guint32 compile_blob(struct compilation *c, GBytes *blob, const struct noun *n)
{
	gpointer known = g_hash_table_lookup(c->blobs, blob);
	if (known) {
		g_bytes_unref(blob);
		return GPOINTER_TO_UINT(known);
	}
	c->blob_bytes += g_bytes_get_size(blob);
	g_ptr_array_add(c->t->blobs, blob);
	g_hash_table_insert(c->blobs, blob, GUINT_TO_POINTER(c->t->blobs->len));
	if (c->blob_bytes > BLOB_BYTES_MAX) {
		compile_fail(c, n, "policies and balancers of host %u need more than %u MiB; use more hosts", c->host,
		             BLOB_BYTES_MAX >> 20);
		return 0;
	}
	return c->t->blobs->len;
}

const struct ip_config *compile_primary(const struct nic *nic)
{
	for (guint i = 0; i < nic->configs->len; i++) {
		const struct ip_config *c = g_ptr_array_index(nic->configs, i);
		if (c->primary)
			return c;
	}
	return nic->configs->len ? g_ptr_array_index(nic->configs, 0) : NULL;
}

guint compile_protocols(enum rule_protocol protocol, guint16 port, guint8 out[2])
{
	if (!port)
		return 0; /* HA ports: the model lists them as not modelled */
	if (protocol == PROTO_ANY) {
		out[0] = PROTO_TCP;
		out[1] = PROTO_UDP;
		return 2;
	}
	out[0] = (guint8)protocol;
	return protocol == PROTO_TCP || protocol == PROTO_UDP;
}

static int compare_keys(const void *a, const void *b, gpointer size)
{
	return memcmp(a, b, GPOINTER_TO_UINT(size));
}

static void sort_arrays(struct tables *t)
{
	for (guint i = 0; i < FORMAT_ARRAYS; i++)
		g_array_sort_with_data(*tables_array(t, i), compare_keys, GUINT_TO_POINTER(tables_arrays[i].key));
}

/* Of some words all over it: blobs that are alike so far are rare, and compared whole. */
static guint blob_hash(const void *blob)
{
	gsize size, words, step;
	const guint8 *data = g_bytes_get_data((GBytes *)blob, &size);
	guint64 h = size;
	words = size / sizeof(guint64);
	step = words / 256 + 1;
	for (gsize i = 0; i < words; i += step) {
		guint64 word;
		memcpy(&word, data + i * sizeof word, sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return (guint)h;
}

static guint endpoint_key_hash(const void *key)
{
	const struct esc_endpoint_key *k = key;
	return k->vip * 2654435761u ^ (guint)k->port << 8 ^ k->proto;
}

static guint endpoint6_key_hash(const void *key)
{
	const struct esc_endpoint_key6 *k = key;
	return (k->vip.w[1] ^ k->vip.w[3]) * 2654435761u ^ (guint)k->port << 8 ^ k->proto;
}

static gboolean endpoint6_key_equal(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct esc_endpoint_key6)) == 0;
}

static gboolean endpoint_key_equal(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct esc_endpoint_key)) == 0;
}

/* The largest power of two that every port may have, kept within the 16 bits of a flow's slot. */
static guint32 ring_size(guint ports)
{
	guint32 size = 1;
	while (size < 32768 && 2 * size * (ports + 1) <= ESC_RINGS_DEFAULT)
		size *= 2;
	return size;
}

static void fill_self(struct compilation *c)
{
	struct tables *t = c->t;
	t->host = c->host;
	t->hosts = c->settings->hosts;
	t->host_public = alloc_host_public(c->alloc, c->host);
	t->self.fabric = GUINT32_TO_BE(alloc_fabric(c->settings, c->host));
	t->self.ring_size = ring_size(c->settings->ports_per_host);
	t->self.hash_seed = HASH_SEED;
	t->self.platform = GUINT32_TO_BE(c->settings->platform);
	memcpy(t->self.rates, c->settings->rates, sizeof t->self.rates);
	t->self.bogons = c->settings->bogons;
	t->self.overlay_mtu = t->hosts > 1 ? OVERLAY_MTU : 0;
}

/* What the maps of a host hold, in the order of tables_arrays. */
static gboolean check_room(struct compilation *c)
{
	static const guint room[FORMAT_ARRAYS] = {65536, 16384, 4096,  4096,  16384, 16384, 16384,
	                                          65536, 16384, 16384, 16384, 16384, 4096,  4096};
	const struct noun host = {.id = (char *)"host"};
	for (guint i = 0; i < FORMAT_ARRAYS; i++) {
		guint count = (*tables_array(c->t, i))->len;
		if (count > room[i])
			return compile_fail(c, &host, "number %u would need %u %s, and has room for %u; use more hosts",
			                    c->host, count, tables_arrays[i].name, room[i]);
	}
	return TRUE;
}

static gboolean compile_parts(struct compilation *c)
{
	fill_self(c);
	if (!compile_ports(c) || !compile_addresses(c) || !compile_routes(c) || !compile_nat(c) ||
	    !compile_endpoints(c) || !compile_probes(c))
		return FALSE;
	if (!check_room(c))
		return FALSE;
	if (c->check)
		return TRUE;
	sort_arrays(c->t);
	compile_judge(c);
	return TRUE;
}

static gboolean compile(struct compilation c)
{
	c.nics = g_ptr_array_new();
	c.networks = g_hash_table_new(NULL, NULL);
	c.near = g_hash_table_new(NULL, NULL);
	c.blobs = g_hash_table_new(blob_hash, g_bytes_equal);
	c.endpoints = g_hash_table_new_full(endpoint_key_hash, endpoint_key_equal, g_free, NULL);
	c.endpoints6 = g_hash_table_new_full(endpoint6_key_hash, endpoint6_key_equal, g_free, NULL);
	c.balanced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	c.snat_ports = g_hash_table_new(NULL, NULL);
	c.insides = g_hash_table_new(NULL, NULL);
	c.inside_set = g_hash_table_new_full(inside_hash, inside_equal, (GDestroyNotify)inside_free, NULL);
	c.route_tables = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
	c.route_numbers = g_hash_table_new(NULL, NULL);
	gboolean ok = compile_parts(&c);
	g_ptr_array_unref(c.nics);
	g_hash_table_unref(c.networks);
	g_hash_table_unref(c.near);
	g_hash_table_unref(c.blobs);
	g_hash_table_unref(c.endpoints);
	g_hash_table_unref(c.endpoints6);
	g_hash_table_unref(c.balanced);
	g_hash_table_unref(c.snat_ports);
	g_hash_table_unref(c.insides);
	g_hash_table_unref(c.inside_set);
	g_hash_table_unref(c.route_tables);
	g_hash_table_unref(c.route_numbers);
	return ok;
}

struct tables *compile_host(const struct graph *g, const struct alloc *a, const struct alloc_settings *s, guint host,
                            GError **error)
{
	g_autoptr(tables) t = tables_new();
	struct compilation c = {.graph = g, .alloc = a, .settings = s, .host = host, .t = t, .error = error};

	return compile(c) ? g_steal_pointer(&t) : NULL;
}

gboolean compile_check(const struct graph *g, const struct alloc *a, const struct alloc_settings *s, GError **error)
{
	for (guint host = 0; host < s->hosts; host++) {
		g_autoptr(tables) t = tables_new();
		struct compilation c = {
		        .graph = g, .alloc = a, .settings = s, .host = host, .check = TRUE, .t = t, .error = error};

		if (!compile(c))
			return FALSE;
	}
	return TRUE;
}
