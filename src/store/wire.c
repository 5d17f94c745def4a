/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of wire.h: making them, and taking them apart with suspicion. */
#include "store/wire.h"
#include "store/store-provider.h"
#include <string.h>
#include <sys/socket.h>

#define REQUEST_TYPE "(yxaya(ayx)a(ayay)aay)"
#define ANSWER_TYPE  "(yxsa(ayxxay)a(xaymay))"
#define READ_CHUNK   (256u << 10)

static GVariant *text_bytes(const char *text)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, text ? text : "", text ? strlen(text) : 0, 1);
}

static GVariant *value_bytes(GBytes *value)
{
	return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, value, TRUE);
}

static GBytes *frame(GVariant *body)
{
	g_autoptr(GVariant) v = g_variant_ref_sink(body);
	gsize size = g_variant_get_size(v);
	guchar *bytes = g_malloc(WIRE_HEADER + size);
	guint32 length = GUINT32_TO_LE((guint32)size);
	memcpy(bytes, &length, WIRE_HEADER);
	/* The header shifts the body by 4: stored through an aligned copy, since GVariant wants its alignment. */
	memcpy(bytes + WIRE_HEADER, g_variant_get_data(v), size);
	return g_bytes_new_take(bytes, WIRE_HEADER + size);
}

GBytes *wire_request_frame(enum wire_op op, const char *key, gint64 revision, const struct store_txn *txn)
{
	GVariantBuilder compares, puts, deletes;
	g_variant_builder_init(&compares, G_VARIANT_TYPE("a(ayx)"));
	g_variant_builder_init(&puts, G_VARIANT_TYPE("a(ayay)"));
	g_variant_builder_init(&deletes, G_VARIANT_TYPE("aay"));
	for (guint i = 0; txn && i < txn->compares->len; i++) {
		const struct txn_compare *c = &g_array_index(txn->compares, struct txn_compare, i);
		g_variant_builder_add(&compares, "(@ayx)", text_bytes(c->key), c->mod_revision);
	}
	for (guint i = 0; txn && i < txn->writes->len; i++) {
		const struct txn_write *w = &g_array_index(txn->writes, struct txn_write, i);
		if (w->value)
			g_variant_builder_add(&puts, "(@ay@ay)", text_bytes(w->key), value_bytes(w->value));
		else
			g_variant_builder_add_value(&deletes, text_bytes(w->key));
	}
	return frame(g_variant_new("(yx@aya(ayx)a(ayay)aay)", (guchar)op, revision, text_bytes(key), &compares, &puts,
	                           &deletes));
}

GBytes *wire_answer_frame(enum wire_code code, gint64 revision, const char *message, const GPtrArray *entries,
                          guint first, guint last, const GPtrArray *events)
{
	GVariantBuilder e, v;
	g_variant_builder_init(&e, G_VARIANT_TYPE("a(ayxxay)"));
	g_variant_builder_init(&v, G_VARIANT_TYPE("a(xaymay)"));
	for (guint i = first; entries && i < last; i++) {
		const struct store_entry *n = g_ptr_array_index(entries, i);
		g_variant_builder_add(&e, "(@ayxx@ay)", text_bytes(n->key), n->create_revision, n->mod_revision,
		                      value_bytes(n->value));
	}
	for (guint i = 0; events && i < events->len; i++) {
		const struct store_event *n = g_ptr_array_index(events, i);
		GVariant *value =
		        g_variant_new_maybe(G_VARIANT_TYPE_BYTESTRING, n->value ? value_bytes(n->value) : NULL);
		g_variant_builder_add(&v, "(x@ay@may)", n->revision, text_bytes(n->key), value);
	}
	g_autofree char *text = g_utf8_make_valid(message ? message : "", -1);
	return frame(g_variant_new("(yxsa(ayxxay)a(xaymay))", (guchar)code, revision, text, &e, &v));
}

GBytes *wire_error_frame(const GError *error)
{
	int code = error->domain == STORE_ERROR ? error->code : STORE_FAILED;
	return wire_answer_frame(WIRE_ERROR, code, error->message, NULL, 0, 0, NULL);
}

static gboolean refuse(GError **error, const char *what)
{
	g_set_error(error, STORE_ERROR, STORE_INVALID, "store: the peer sent %s", what);
	return FALSE;
}

/* NULL when the bytes are not a value of this type in normal form. */
static GVariant *trusted(GBytes *body, const char *type, GError **error)
{
	g_autoptr(GVariant) v = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), body, FALSE));
	if (g_variant_is_normal_form(v))
		return g_steal_pointer(&v);
	refuse(error, "bytes that are no message");
	return NULL;
}

/* Text of a child; NULL when it holds a NUL or is longer than a key. */
static char *child_text(GVariant *parent, gsize i)
{
	g_autoptr(GVariant) v = g_variant_get_child_value(parent, i);
	gsize size;
	const char *data = g_variant_get_fixed_array(v, &size, 1);
	if (size > STORE_MAX_KEY || (size && memchr(data, 0, size)))
		return NULL;
	return g_strndup(size ? data : "", size);
}

static GBytes *child_bytes(GVariant *parent, gsize i)
{
	g_autoptr(GVariant) v = g_variant_get_child_value(parent, i);
	return g_variant_get_data_as_bytes(v);
}

static gint64 child_number(GVariant *parent, gsize i)
{
	g_autoptr(GVariant) v = g_variant_get_child_value(parent, i);
	return g_variant_get_int64(v);
}

static gboolean parse_compares(GVariant *list, struct store_txn *t)
{
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) one = g_variant_get_child_value(list, i);
		g_autofree char *key = child_text(one, 0);
		if (!key)
			return FALSE;
		store_txn_if_mod(t, key, child_number(one, 1));
	}
	return TRUE;
}

static gboolean parse_puts(GVariant *list, struct store_txn *t)
{
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) one = g_variant_get_child_value(list, i);
		g_autofree char *key = child_text(one, 0);
		if (!key)
			return FALSE;
		g_autoptr(GBytes) value = child_bytes(one, 1);
		store_txn_put(t, key, value);
	}
	return TRUE;
}

static gboolean parse_deletes(GVariant *list, struct store_txn *t)
{
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autofree char *key = child_text(list, i);
		if (!key)
			return FALSE;
		store_txn_delete(t, key);
	}
	return TRUE;
}

static gboolean parse_txn(GVariant *v, struct wire_request *r, GError **error)
{
	g_autoptr(GVariant) compares = g_variant_get_child_value(v, 3);
	g_autoptr(GVariant) puts = g_variant_get_child_value(v, 4);
	g_autoptr(GVariant) deletes = g_variant_get_child_value(v, 5);
	gsize count = g_variant_n_children(compares) + g_variant_n_children(puts) + g_variant_n_children(deletes);
	if (count > STORE_MAX_OPS)
		return refuse(error, "a transaction of too many operations");
	r->txn = store_txn_new();
	return (parse_compares(compares, r->txn) && parse_puts(puts, r->txn) && parse_deletes(deletes, r->txn)) ||
	       refuse(error, "a key that cannot be one");
}

gboolean wire_request_parse(GBytes *body, struct wire_request *r, GError **error)
{
	memset(r, 0, sizeof(*r));
	g_autoptr(GVariant) v = trusted(body, REQUEST_TYPE, error);
	if (!v)
		return FALSE;
	g_autoptr(GVariant) op = g_variant_get_child_value(v, 0);
	r->op = g_variant_get_byte(op);
	r->revision = child_number(v, 1);
	if (r->op < WIRE_GET || r->op > WIRE_WATCH)
		return refuse(error, "an unknown request");
	if (r->op == WIRE_COMMIT)
		return parse_txn(v, r, error);
	r->key = child_text(v, 2);
	return r->key ? store_key_valid(r->key, error) : refuse(error, "a key that cannot be one");
}

void wire_request_clear(struct wire_request *r)
{
	g_clear_pointer(&r->key, g_free);
	g_clear_pointer(&r->txn, store_txn_free);
}

static gboolean parse_entries(GVariant *list, struct wire_answer *a)
{
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) one = g_variant_get_child_value(list, i);
		g_autofree char *key = child_text(one, 0);
		if (!key)
			return FALSE;
		g_ptr_array_add(a->entries, store_entry_new(key, strlen(key), child_bytes(one, 3), child_number(one, 1),
		                                            child_number(one, 2)));
	}
	return TRUE;
}

static gboolean parse_events(GVariant *list, struct wire_answer *a)
{
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) one = g_variant_get_child_value(list, i);
		g_autofree char *key = child_text(one, 1);
		if (!key)
			return FALSE;
		g_autoptr(GVariant) maybe = g_variant_get_child_value(one, 2);
		GBytes *value = g_variant_n_children(maybe) ? child_bytes(maybe, 0) : NULL;
		store_events_add(a->events, child_number(one, 0), key, strlen(key), value);
	}
	return TRUE;
}

gboolean wire_answer_parse(GBytes *body, struct wire_answer *a, GError **error)
{
	memset(a, 0, sizeof(*a));
	g_autoptr(GVariant) v = trusted(body, ANSWER_TYPE, error);
	if (!v)
		return FALSE;
	g_autoptr(GVariant) entries = g_variant_get_child_value(v, 3);
	g_autoptr(GVariant) events = g_variant_get_child_value(v, 4);
	guchar code;
	g_variant_get_child(v, 0, "y", &code);
	g_variant_get_child(v, 2, "s", &a->message);
	a->code = code;
	a->revision = child_number(v, 1);
	a->entries = store_entries_new();
	a->events = store_events_new();
	if (code > WIRE_ERROR || (code == WIRE_ERROR && (a->revision < 0 || a->revision > STORE_DENIED)))
		return refuse(error, "an unknown answer");
	return (parse_entries(entries, a) && parse_events(events, a)) || refuse(error, "a key that cannot be one");
}

void wire_answer_clear(struct wire_answer *a)
{
	g_clear_pointer(&a->message, g_free);
	g_clear_pointer(&a->entries, g_ptr_array_unref);
	g_clear_pointer(&a->events, g_ptr_array_unref);
}

void wire_reader_init(struct wire_reader *r, gsize limit)
{
	r->bytes = g_byte_array_new();
	r->limit = limit;
}

void wire_reader_clear(struct wire_reader *r)
{
	g_clear_pointer(&r->bytes, g_byte_array_unref);
}

gboolean wire_reader_want(const struct wire_reader *r, gsize *want, GError **error)
{
	guint32 length;
	if (r->bytes->len < WIRE_HEADER) {
		*want = WIRE_HEADER - r->bytes->len;
		return TRUE;
	}
	memcpy(&length, r->bytes->data, WIRE_HEADER);
	length = GUINT32_FROM_LE(length);
	if (length > r->limit)
		return refuse(error, "a message that is too long");
	*want = MIN(WIRE_HEADER + length - r->bytes->len, READ_CHUNK);
	return TRUE;
}

int wire_reader_fill(struct wire_reader *r, int fd, gsize want)
{
	guint before = r->bytes->len;
	g_byte_array_set_size(r->bytes, (guint)(before + want));
	gssize got = recv(fd, r->bytes->data + before, want, 0);
	g_byte_array_set_size(r->bytes, (guint)(before + MAX(got, 0)));
	return got > 0 ? 1 : (int)got;
}

GBytes *wire_reader_take(struct wire_reader *r)
{
	/* A copy of its own: aligned for GVariant, which the bytes behind the header are not. */
	GBytes *body = g_bytes_new(r->bytes->data + WIRE_HEADER, r->bytes->len - WIRE_HEADER);
	g_byte_array_unref(r->bytes);
	r->bytes = g_byte_array_new();
	return body;
}
