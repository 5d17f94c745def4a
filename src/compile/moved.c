/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/moved.h"
#include "lib/node.h"
#include <string.h>

#define MOVED_MAGIC 0x3145564f4d435345ull /* "ESCMOVE1" in the order that hosts of ours share */

struct moved_head {
	guint64 magic;
	guint64 revision;
	guint32 arrives;
	guint32 labels, flows, flows6;
};

struct moved *moved_new(guint64 revision, gboolean arrives)
{
	struct moved *m = g_new0(struct moved, 1);

	m->revision = revision;
	m->arrives = arrives;
	m->labels = g_ptr_array_new_with_free_func(g_free);
	m->flows = g_array_new(FALSE, TRUE, sizeof(struct esc_moved));
	m->flows6 = g_array_new(FALSE, TRUE, sizeof(struct esc_moved6));
	return m;
}

void moved_free(struct moved *m)
{
	if (!m)
		return;
	g_ptr_array_unref(m->labels);
	g_array_unref(m->flows);
	g_array_unref(m->flows6);
	g_free(m);
}

gint moved_find(const struct moved *m, const char *label)
{
	for (guint i = 0; i < m->labels->len; i++)
		if (!g_ascii_strcasecmp(m->labels->pdata[i], label))
			return (gint)i;
	return -1;
}

GBytes *moved_serialize(const struct moved *m)
{
	struct moved_head head = {MOVED_MAGIC, m->revision, m->arrives, m->labels->len, m->flows->len, m->flows6->len};
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)&head, sizeof(head));
	for (guint i = 0; i < m->labels->len; i++) {
		guint16 length = (guint16)strlen(m->labels->pdata[i]);

		g_byte_array_append(out, (const guint8 *)&length, sizeof(length));
		g_byte_array_append(out, m->labels->pdata[i], length);
	}
	g_byte_array_append(out, (const guint8 *)m->flows->data, m->flows->len * (guint)sizeof(struct esc_moved));
	g_byte_array_append(out, (const guint8 *)m->flows6->data, m->flows6->len * (guint)sizeof(struct esc_moved6));
	return g_byte_array_free_to_bytes(out);
}

/* What is left to read; never more than is there. */
struct rest {
	const guint8 *at;
	gsize left;
};

static gboolean take(struct rest *r, void *to, gsize size)
{
	if (r->left < size)
		return FALSE;
	memcpy(to, r->at, size);
	r->at += size;
	r->left -= size;
	return TRUE;
}

static gboolean fail(GError **error, const char *what)
{
	g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID, "ports that move: %s", what);
	return FALSE;
}

static gboolean take_label(struct rest *r, struct moved *m, GError **error)
{
	guint16 length;

	if (!take(r, &length, sizeof(length)) || !length || length > MOVED_LABEL_MAX || r->left < length)
		return fail(error, "a label is cut short");
	g_autofree char *label = g_strndup((const char *)r->at, length);
	if (strlen(label) != length || !g_utf8_validate(label, -1, NULL) || moved_find(m, label) >= 0)
		return fail(error, "a label is not valid, or there twice");
	r->at += length;
	r->left -= length;
	g_ptr_array_add(m->labels, g_steal_pointer(&label));
	return TRUE;
}

static gboolean key_fits(const struct moved *m, guint16 port, guint8 proto, guint8 dir, guint16 peer)
{
	return port < m->labels->len && proto && dir <= ESC_FLOW_PUBLIC && !peer;
}

static gboolean take_flows(struct rest *r, struct moved *m, const struct moved_head *h, GError **error)
{
	if (r->left != (gsize)h->flows * sizeof(struct esc_moved) + (gsize)h->flows6 * sizeof(struct esc_moved6))
		return fail(error, "its length is wrong");
	for (guint i = 0; i < h->flows; i++) {
		struct esc_moved f;

		take(r, &f, sizeof(f));
		if (!key_fits(m, f.key.port, f.key.proto, f.key.dir, f.peer))
			return fail(error, "a record makes no sense");
		g_array_append_val(m->flows, f);
	}
	for (guint i = 0; i < h->flows6; i++) {
		struct esc_moved6 f;

		take(r, &f, sizeof(f));
		if (!key_fits(m, f.key.port, f.key.proto, f.key.dir, f.peer))
			return fail(error, "a record makes no sense");
		g_array_append_val(m->flows6, f);
	}
	return TRUE;
}

struct moved *moved_parse(GBytes *bytes, GError **error)
{
	struct moved_head h;
	struct rest r;

	r.at = g_bytes_get_data(bytes, &r.left);
	if (!take(&r, &h, sizeof(h)) || h.magic != MOVED_MAGIC || h.arrives > 1) {
		fail(error, "this is none of ours");
		return NULL;
	}
	if (h.labels > MOVED_PORTS_MAX || h.flows > ESC_RINGS_DEFAULT || h.flows6 > ESC_RINGS_DEFAULT) {
		fail(error, "more of them than a host has");
		return NULL;
	}
	g_autoptr(moved) m = moved_new(h.revision, (gboolean)h.arrives);
	for (guint i = 0; i < h.labels; i++)
		if (!take_label(&r, m, error))
			return NULL;
	return take_flows(&r, m, &h, error) ? g_steal_pointer(&m) : NULL;
}
