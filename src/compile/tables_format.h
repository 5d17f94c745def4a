/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serialized form of tables. Private to tables*.c.
 *
 *   header      magic, version, size of everything, number of sections
 *   directory   one entry a section: count of its elements, offset, length; in the order of enum format_section
 *   sections    each at a multiple of 8, back to back; padding is zero
 *
 * Numbers are in the byte order of the machine: one fleet runs one version on one kind of machine, and the magic, read
 * as a number, tells when that does not hold. Arrays of keys and values are the structures of abi/maps.h themselves. A
 * string is its length (guint32) and its bytes without NUL.
 */
#pragma once
#include "tables.h"

#define FORMAT_MAGIC      0x3142415450435345ull /* "ESCPTAB1" */
#define FORMAT_VERSION    6u
#define FORMAT_STRING_MAX 65536u     /* longest string */
#define FORMAT_BLOB_MAX   (8u << 20) /* bytes of one blob */
#define FORMAT_BYTES_MAX  (1u << 30) /* bytes of everything */

#define FORMAT_ARRAYS 14
enum format_section { SECTION_SELF, SECTION_PORTS, SECTION_RULES, SECTION_BLOBS, SECTION_PROBES, SECTION_ARRAYS };
#define FORMAT_SECTIONS (SECTION_ARRAYS + FORMAT_ARRAYS)

struct format_header {
	guint64 magic;
	guint32 version, sections;
	guint64 size;
};

struct format_entry {
	guint64 offset, length;
	guint64 count;
};

struct format_self {
	guint32 host, hosts;
	guint32 host_public, live;
	guint64 revision;
	struct esc_host self;
};

/* The fixed part of a port; id, label and vm follow. */
struct format_port {
	guint32 number, blob;
	guint64 judge;
	guint32 prefix_length, gateway;
	struct esc_port port;
	struct esc_port6 port6;
};

/* The fixed part of a rule; name, id and file follow. */
struct format_rule {
	guint32 number, line, priority;
	guint8 allow, direction, log_version, pad;
	guint32 log_days;
};

/* The fixed part of a probe; id, nic and path follow. */
struct format_probe {
	guint32 port, interval, threshold;
	guint16 service;
	guint8 index, protocol;
};

ESC_ASSERT_SIZE(struct format_probe, 16);
ESC_ASSERT_SIZE(struct format_header, 24);
ESC_ASSERT_SIZE(struct format_entry, 24);
ESC_ASSERT_SIZE(struct format_self, 88);
ESC_ASSERT_SIZE(struct format_port, 224);
ESC_ASSERT_SIZE(struct format_rule, 20);
ESC_ASSERT_SIZE(struct table_addr, 24);
ESC_ASSERT_SIZE(struct table_route, 24);
ESC_ASSERT_SIZE(struct table_mac, 12);
ESC_ASSERT_SIZE(struct table_peer, 8);
ESC_ASSERT_SIZE(struct table_forwarder, 20);
ESC_ASSERT_SIZE(struct table_forwarder6, 32);
ESC_ASSERT_SIZE(struct table_endpoint, 40);
ESC_ASSERT_SIZE(struct table_dnat, 20);
ESC_ASSERT_SIZE(struct table_snat, 16);
ESC_ASSERT_SIZE(struct table_addr6, 36);
ESC_ASSERT_SIZE(struct table_route6, 48);
ESC_ASSERT_SIZE(struct table_endpoint6, 52);
ESC_ASSERT_SIZE(struct table_dnat6, 44);
ESC_ASSERT_SIZE(struct table_snat6, 36);

/* The arrays that are sorted by key, in the order of their sections. */
struct tables_array_form {
	const char *name;
	guint size, key; /* of an element, of the key at its start */
	glong offset;    /* of the GArray pointer in struct tables */
};
extern const struct tables_array_form tables_arrays[FORMAT_ARRAYS];
GArray **tables_array(const struct tables *t, guint i);
/* What holds between the parts of well-formed tables: references, sortedness, blobs. Error names the part. */
gboolean tables_check(const struct tables *t, GError **error);
