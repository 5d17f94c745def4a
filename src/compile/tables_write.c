/* SPDX-License-Identifier: Apache-2.0 */
/* Tables to bytes. */
#include "tables_format.h"
#include <string.h>

static void put(GByteArray *out, const void *data, gsize length)
{
	g_byte_array_append(out, data, (guint)length);
}

static void put_string(GByteArray *out, const char *s)
{
	guint32 length = s ? (guint32)strlen(s) : 0;
	put(out, &length, sizeof length);
	if (length)
		put(out, s, length);
}

static void align(GByteArray *out)
{
	static const guint8 zero[8];
	if (out->len % 8)
		put(out, zero, 8 - out->len % 8);
}

static void put_self(GByteArray *out, const struct tables *t)
{
	struct format_self self = {.host = t->host,
	                           .hosts = t->hosts,
	                           .host_public = t->host_public,
	                           .revision = t->revision,
	                           .live = t->live,
	                           .self = t->self};
	put(out, &self, sizeof self);
}

static void put_port(GByteArray *out, const struct table_port *p)
{
	struct format_port fixed = {.number = p->number,
	                            .blob = p->blob,
	                            .judge = p->judge,
	                            .prefix_length = p->prefix_length,
	                            .gateway = p->gateway,
	                            .port = p->port,
	                            .port6 = p->port6};
	put(out, &fixed, sizeof fixed);
	put_string(out, p->id);
	put_string(out, p->label);
	put_string(out, p->vm);
}

static void put_rule(GByteArray *out, const struct table_rule *r)
{
	struct format_rule fixed = {.number = r->number,
	                            .line = r->line,
	                            .priority = r->priority,
	                            .allow = r->allow,
	                            .direction = r->direction,
	                            .log_version = r->log_version,
	                            .log_days = r->log_days};
	put(out, &fixed, sizeof fixed);
	put_string(out, r->name);
	put_string(out, r->id);
	put_string(out, r->file);
}

static void put_blob(GByteArray *out, GBytes *blob)
{
	gsize size;
	const void *data = g_bytes_get_data(blob, &size);
	guint64 length = size;
	put(out, &length, sizeof length);
	put(out, data, size);
}

static void put_probe(GByteArray *out, const struct table_probe *p)
{
	struct format_probe fixed = {.port = p->port,
	                             .interval = p->interval,
	                             .threshold = p->threshold,
	                             .service = p->service,
	                             .index = p->index,
	                             .protocol = p->protocol};
	put(out, &fixed, sizeof fixed);
	put_string(out, p->id);
	put_string(out, p->nic);
	put_string(out, p->path);
}

static guint64 put_section(GByteArray *out, const struct tables *t, guint section)
{
	switch (section) {
	case SECTION_SELF:
		put_self(out, t);
		return 1;
	case SECTION_PORTS:
		for (guint i = 0; i < t->ports->len; i++)
			put_port(out, g_ptr_array_index(t->ports, i));
		return t->ports->len;
	case SECTION_RULES:
		for (guint i = 0; i < t->rules->len; i++)
			put_rule(out, g_ptr_array_index(t->rules, i));
		return t->rules->len;
	case SECTION_BLOBS:
		for (guint i = 0; i < t->blobs->len; i++)
			put_blob(out, g_ptr_array_index(t->blobs, i));
		return t->blobs->len;
	case SECTION_PROBES:
		for (guint i = 0; i < t->probes->len; i++)
			put_probe(out, g_ptr_array_index(t->probes, i));
		return t->probes->len;
	default: {
		const GArray *a = *tables_array(t, section - SECTION_ARRAYS);
		put(out, a->data, (gsize)a->len * tables_arrays[section - SECTION_ARRAYS].size);
		return a->len;
	}
	}
}

GBytes *tables_serialize(const struct tables *t)
{
	GByteArray *out = g_byte_array_new();
	struct format_header header = {.magic = FORMAT_MAGIC, .version = FORMAT_VERSION, .sections = FORMAT_SECTIONS};
	struct format_entry directory[FORMAT_SECTIONS] = {0};
	put(out, &header, sizeof header);
	put(out, directory, sizeof directory);
	for (guint i = 0; i < FORMAT_SECTIONS; i++) {
		align(out);
		directory[i].offset = out->len;
		directory[i].count = put_section(out, t, i);
		directory[i].length = out->len - directory[i].offset;
	}
	header.size = out->len;
	memcpy(out->data, &header, sizeof header);
	memcpy(out->data + sizeof header, directory, sizeof directory);
	return g_byte_array_free_to_bytes(out);
}
