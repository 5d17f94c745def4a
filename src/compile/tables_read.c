/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to tables. The bytes may be anything: every length is checked against what is left before it is used. */
#include "tables_format.h"
#include "lib/node.h"
#include <string.h>

struct cursor {
	const guint8 *at;
	gsize left;
	GError **error;
	const char *section;
};

static gboolean bad(struct cursor *c, const char *what)
{
	g_set_error(c->error, ESC_INPUT_ERROR, ESC_INPUT_INVALID, "tables: %s: %s", c->section, what);
	return FALSE;
}

static gboolean take(struct cursor *c, void *to, gsize length)
{
	if (length > c->left)
		return bad(c, "the bytes end too early");
	memcpy(to, c->at, length);
	c->at += length;
	c->left -= length;
	return TRUE;
}

static gboolean take_string(struct cursor *c, char **to)
{
	guint32 length;
	if (!take(c, &length, sizeof length))
		return FALSE;
	if (length > FORMAT_STRING_MAX || length > c->left)
		return bad(c, "a string is too long");
	if (!g_utf8_validate_len((const char *)c->at, length, NULL))
		return bad(c, "a string is not UTF-8");
	*to = g_strndup((const char *)c->at, length);
	c->at += length;
	c->left -= length;
	return TRUE;
}

static gboolean read_self(struct cursor *c, struct tables *t)
{
	struct format_self self;
	if (!take(c, &self, sizeof self))
		return FALSE;
	t->host = self.host;
	t->hosts = self.hosts;
	t->host_public = self.host_public;
	t->revision = self.revision;
	t->live = self.live;
	t->self = self.self;
	if (self.live >= LIVE_MODES)
		return bad(c, "what becomes of live flows is unknown");
	return self.host < self.hosts ? TRUE : bad(c, "the host is not one of the fleet");
}

static gboolean read_port(struct cursor *c, struct tables *t)
{
	struct format_port fixed;
	if (!take(c, &fixed, sizeof fixed))
		return FALSE;
	struct table_port *p = g_new0(struct table_port, 1);
	g_ptr_array_add(t->ports, p);
	if (fixed.prefix_length > 32)
		return bad(c, "a prefix is longer than an address");
	p->number = fixed.number;
	p->blob = fixed.blob;
	p->judge = fixed.judge;
	p->prefix_length = (guint8)fixed.prefix_length;
	p->gateway = fixed.gateway;
	p->port = fixed.port;
	p->port6 = fixed.port6;
	return take_string(c, &p->id) && take_string(c, &p->label) && take_string(c, &p->vm);
}

static gboolean read_rule(struct cursor *c, struct tables *t)
{
	struct format_rule fixed;
	if (!take(c, &fixed, sizeof fixed))
		return FALSE;
	struct table_rule *r = g_new0(struct table_rule, 1);
	g_ptr_array_add(t->rules, r);
	if (fixed.allow > 1 || fixed.direction > 1 || fixed.pad || fixed.log_version > 2 ||
	    fixed.log_days > G_MAXUINT16)
		return bad(c, "a rule has an unknown direction, action or log");
	r->number = fixed.number;
	r->line = fixed.line;
	r->priority = fixed.priority;
	r->allow = fixed.allow;
	r->direction = fixed.direction;
	r->log_version = fixed.log_version;
	r->log_days = (guint16)fixed.log_days;
	return take_string(c, &r->name) && take_string(c, &r->id) && take_string(c, &r->file);
}

static gboolean read_blob(struct cursor *c, struct tables *t)
{
	guint64 length;
	if (!take(c, &length, sizeof length))
		return FALSE;
	if (!length || length > FORMAT_BLOB_MAX || length > c->left || length % sizeof(struct esc_block))
		return bad(c, "a blob is empty, too large or not whole blocks");
	g_ptr_array_add(t->blobs, g_bytes_new(c->at, length));
	c->at += length;
	c->left -= length;
	return TRUE;
}

static gboolean read_array(struct cursor *c, GArray *a, guint64 count)
{
	gsize size = g_array_get_element_size(a);
	if (count > G_MAXUINT32 / size || count * size != c->left)
		return bad(c, "the count does not fit the length");
	if (count)
		g_array_append_vals(a, c->at, (guint)count);
	c->left = 0;
	return TRUE;
}

static gboolean read_probe(struct cursor *c, struct tables *t)
{
	struct format_probe fixed;
	if (!take(c, &fixed, sizeof fixed))
		return FALSE;
	struct table_probe *p = g_new0(struct table_probe, 1);
	g_ptr_array_add(t->probes, p);
	p->port = fixed.port;
	p->index = fixed.index;
	p->protocol = fixed.protocol;
	p->service = fixed.service;
	p->interval = fixed.interval;
	p->threshold = fixed.threshold;
	return take_string(c, &p->id) && take_string(c, &p->nic) && take_string(c, &p->path);
}

typedef gboolean (*read_one)(struct cursor *c, struct tables *t);

static gboolean read_section(struct cursor *c, struct tables *t, guint section, guint64 count)
{
	static const read_one readers[SECTION_ARRAYS] = {read_self, read_port, read_rule, read_blob, read_probe};
	static const char *const names[SECTION_ARRAYS] = {"self", "ports", "rules", "blobs", "probes"};
	if (section >= SECTION_ARRAYS) {
		c->section = tables_arrays[section - SECTION_ARRAYS].name;
		return read_array(c, *tables_array(t, section - SECTION_ARRAYS), count);
	}
	c->section = names[section];
	if (section == SECTION_SELF && count != 1)
		return bad(c, "there must be one");
	/* Every element takes at least one byte, so `left` bounds the loop. */
	for (guint64 i = 0; i < count; i++) {
		if (!readers[section](c, t))
			return FALSE;
	}
	return c->left == 0 ? TRUE : bad(c, "bytes are left over");
}

static gboolean read_directory(struct cursor *c, gsize size, struct format_entry *directory)
{
	struct format_header header;
	c->section = "header";
	if (!take(c, &header, sizeof header))
		return FALSE;
	if (header.magic != FORMAT_MAGIC)
		return bad(c, "these are not tables");
	if (header.version != FORMAT_VERSION || header.sections != FORMAT_SECTIONS)
		return bad(c, "made by another version");
	if (header.size != size || size > FORMAT_BYTES_MAX)
		return bad(c, "the size is not what it says");
	if (!take(c, directory, sizeof(struct format_entry) * FORMAT_SECTIONS))
		return FALSE;
	guint64 at = sizeof header + sizeof(struct format_entry) * FORMAT_SECTIONS;
	for (guint i = 0; i < FORMAT_SECTIONS; i++) {
		at = (at + 7) / 8 * 8;
		if (directory[i].offset != at || at > size || directory[i].length > size - at)
			return bad(c, "a section lies outside");
		at += directory[i].length;
	}
	return at == size ? TRUE : bad(c, "bytes are left over");
}

struct tables *tables_parse(GBytes *bytes, GError **error)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	struct format_entry directory[FORMAT_SECTIONS];
	struct cursor c = {.at = data, .left = size, .error = error};
	if (!read_directory(&c, size, directory))
		return NULL;
	g_autoptr(tables) t = tables_new();
	for (guint i = 0; i < FORMAT_SECTIONS; i++) {
		c.at = data + directory[i].offset;
		c.left = directory[i].length;
		if (!read_section(&c, t, i, directory[i].count))
			return NULL;
	}
	return tables_check(t, error) ? g_steal_pointer(&t) : NULL;
}
