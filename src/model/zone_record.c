/* SPDX-License-Identifier: Apache-2.0 */
/* Record sets: each type's fields, and what RFC 1034 and 2181 say of sets that share a name. */
#include "model/name.h"
#include "model/outer.h"

#include <string.h>

#define MAX_RECORDS      20
#define MAX_TEXT         255 /* bytes of a string of a TXT record: RFC 1035 section 3.3 */
#define MAX_TEXT_PRIVATE 1024
#define MAX_TEXT_PUBLIC  4096
#define WHY_RECORD       "names have no data plane yet: the record is not served"

const struct known zone_record_known[] = {
        {"properties.ttl", RECORDED, WHY_RECORD},
        {"properties.aRecords", RECORDED_PART},
        {"properties.aaaaRecords", RECORDED_PART},
        {"properties.cnameRecord", RECORDED_PART},
        {"properties.mxRecords", RECORDED_PART},
        {"properties.ptrRecords", RECORDED_PART},
        {"properties.soaRecord", RECORDED_PART},
        {"properties.srvRecords", RECORDED_PART},
        {"properties.txtRecords", RECORDED_PART},
        {"properties.nsRecords", RECORDED_PART},
        {"properties.caaRecords", RECORDED_PART},
        {"properties.dsRecords", NOT_MODELLED, "records of this type are not read"},
        {"properties.tlsaRecords", NOT_MODELLED, "records of this type are not read"},
        {"properties.naptrRecords", NOT_MODELLED, "records of this type are not read"},
        {"properties.targetResource", NOT_MODELLED, "records that follow a resource are not modelled"},
        {"properties.trafficManagementProfile", NOT_MODELLED, "records that follow a resource are not modelled"},
        {"properties.metadata", IRRELEVANT},
        {"properties.fqdn", IRRELEVANT}, /* reports */
        {"properties.isAutoRegistered", IRRELEVANT},
        {NULL},
};

enum field_form { FIELD_NONE, FIELD_ADDRESS, FIELD_ADDRESS6, FIELD_NAME, FIELD_NUMBER, FIELD_LONG, FIELD_TEXT };

static const struct record_type {
	const char *suffix; /* of the type of resource */
	enum dns_type type;
	const char *property; /* under properties */
	gboolean single;      /* an object, not a list of them */
	struct {
		const char *name;
		enum field_form form;
	} fields[7]; /* in the order of the RFC's text */
} record_types[] = {
        {"/a", DNS_A, "aRecords", FALSE, {{"ipv4Address", FIELD_ADDRESS}}},
        {"/aaaa", DNS_AAAA, "aaaaRecords", FALSE, {{"ipv6Address", FIELD_ADDRESS6}}},
        {"/cname", DNS_CNAME, "cnameRecord", TRUE, {{"cname", FIELD_NAME}}},
        {"/mx", DNS_MX, "mxRecords", FALSE, {{"preference", FIELD_NUMBER}, {"exchange", FIELD_NAME}}},
        {"/ptr", DNS_PTR, "ptrRecords", FALSE, {{"ptrdname", FIELD_NAME}}},
        {"/soa",
         DNS_SOA,
         "soaRecord",
         TRUE,
         {{"host", FIELD_TEXT},
          {"email", FIELD_TEXT},
          {"serialNumber", FIELD_LONG},
          {"refreshTime", FIELD_LONG},
          {"retryTime", FIELD_LONG},
          {"expireTime", FIELD_LONG},
          {"minimumTtl", FIELD_LONG}}},
        {"/srv",
         DNS_SRV,
         "srvRecords",
         FALSE,
         {{"priority", FIELD_NUMBER}, {"weight", FIELD_NUMBER}, {"port", FIELD_NUMBER}, {"target", FIELD_NAME}}},
        {"/txt", DNS_TXT, "txtRecords", FALSE, {{NULL}}},
        {"/ns", DNS_NS, "nsRecords", FALSE, {{"nsdname", FIELD_NAME}}},
        {"/caa", DNS_CAA, "caaRecords", FALSE, {{"flags", FIELD_NUMBER}, {"tag", FIELD_TEXT}, {"value", FIELD_TEXT}}},
        {"/ds", DNS_OTHER, NULL},
        {"/tlsa", DNS_OTHER, NULL},
        {"/naptr", DNS_OTHER, NULL},
};

static const struct record_type *type_of(const struct document *d)
{
	for (gsize i = 0; i < G_N_ELEMENTS(record_types); i++)
		if (g_str_has_suffix(d->type, record_types[i].suffix))
			return &record_types[i];
	return NULL;
}

void zone_record_free(struct dns_record_set *r)
{
	noun_clear(&r->noun);
	g_ptr_array_unref(r->values);
	g_free(r);
}

/* NULL: a fault, or a value that only a real deployment knows. */
static char *read_host(const struct spot *s, const char *dotted)
{
	const char *text = read_text(s, dotted, TRUE);

	if (!text || g_str_has_prefix(text, "<unknown"))
		return NULL;
	if (strcmp(text, ".") == 0 || name_is_domain(text))
		return g_strdup(text);
	spot_error(s, dotted, "'%.100s' is not a name; write one like host.example.com", text);
	return NULL;
}

static char *read_field(const struct spot *s, const char *dotted, enum field_form form)
{
	struct ip6 address6;
	guint32 address;

	switch (form) {
	case FIELD_ADDRESS:
		return read_text(s, dotted, TRUE) && read_address(s, dotted, &address) ? ip_format(address) : NULL;
	case FIELD_ADDRESS6:
		return read_text(s, dotted, TRUE) && read_address6(s, dotted, &address6) ? ip6_format(address6) : NULL;
	case FIELD_NAME:
		return read_host(s, dotted);
	case FIELD_NUMBER:
		return g_strdup_printf("%u", read_number(s, dotted, 0, G_MAXUINT16, REQUIRED));
	case FIELD_LONG:
		return g_strdup_printf("%u", read_number(s, dotted, 0, G_MAXINT32, 0));
	case FIELD_TEXT:
		return g_strdup(node_str(spot_get(s, dotted), ""));
	case FIELD_NONE:
		break;
	}
	return NULL;
}

static char *read_record(const struct spot *s, const struct record_type *t)
{
	GString *line = g_string_new(NULL);
	gboolean whole = spot_is_object(s, "");

	for (gsize i = 0; whole && i < G_N_ELEMENTS(t->fields) && t->fields[i].name; i++) {
		g_autofree char *text = read_field(s, t->fields[i].name, t->fields[i].form);

		whole = text != NULL;
		g_string_append_printf(line, "%s%s", i ? " " : "", text ? text : "");
	}
	return g_string_free(line, !whole);
}

/* The strings of one record follow each other; together they have a limit of their own. */
static char *read_strings(const struct spot *s, guint max)
{
	guint count = spot_is_object(s, "") ? spot_length(s, "value") : 0;
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, "value", i);
		const char *text = read_text(&item, "", TRUE);

		if (text && strlen(text) > MAX_TEXT)
			spot_error(&item, "", "it has %u bytes and a string has at most %u; split it",
			           (guint)strlen(text), MAX_TEXT);
		g_string_append(all, text ? text : "");
	}
	if (all->len > max)
		spot_error(s, "value", "the strings have %u bytes together, more than %u; shorten them",
		           (guint)all->len, max);
	return g_string_free(all, FALSE);
}

static gboolean has_value(const struct dns_record_set *r, const char *text)
{
	for (guint i = 0; i < r->values->len; i++)
		if (g_ascii_strcasecmp(r->values->pdata[i], text) == 0)
			return TRUE;
	return FALSE;
}

static void add_value(struct dns_record_set *r, const struct spot *s, const struct record_type *t)
{
	g_autofree char *text = t->type == DNS_TXT
	                                ? read_strings(s, r->zone->is_private ? MAX_TEXT_PRIVATE : MAX_TEXT_PUBLIC)
	                                : read_record(s, t);

	if (!text)
		return;
	if (t->type != DNS_TXT && has_value(r, text))
		spot_error(s, "", "the set has this record already; remove it");
	else
		g_ptr_array_add(r->values, g_steal_pointer(&text));
}

static void read_records(struct dns_record_set *r, const struct spot *s, const struct record_type *t)
{
	g_autofree char *property = g_strconcat("properties.", t->property, NULL);
	guint count;

	if (t->single) {
		struct spot one = *s;

		if (!spot_get(s, property) || !spot_is_object(s, property))
			return;
		one.node = spot_get(s, property);
		one.path = g_string_chunk_insert(s->build->texts, property);
		add_value(r, &one, t);
		return;
	}
	count = spot_length(s, property);
	if (count > MAX_RECORDS)
		spot_error(s, property, "%u records are more than the %u that a set may have; remove some", count,
		           MAX_RECORDS);
	for (guint i = 0; i < count && count <= MAX_RECORDS; i++) {
		struct spot item = spot_item(s, property, i);

		add_value(r, &item, t);
	}
}

/* Records of another type than the set's would never be found. */
static void check_strays(const struct spot *s, const struct record_type *t)
{
	for (gsize i = 0; i < G_N_ELEMENTS(record_types); i++) {
		const char *other = record_types[i].property;
		g_autofree char *property = g_strconcat("properties.", other, NULL);

		if (other && &record_types[i] != t && node_length(spot_get(s, property)) > 0)
			spot_error(s, property, "a record set of another type has none of these; remove them");
	}
}

static void check_name(const struct dns_record_set *r, const struct spot *s)
{
	const char *name = r->noun.name;
	gboolean apex = strcmp(name, "@") == 0;

	if (!apex && (!name_is_domain(name) || g_str_has_suffix(name, ".") ||
	              strlen(name) + strlen(r->zone->noun.name) + 1 > NAME_MAX_LENGTH))
		spot_error(s, "name", "'%.100s' cannot be the name of a record; write one like www, _sip._tcp, * or @",
		           name);
	if (apex && r->type == DNS_CNAME)
		spot_error(s, "name",
		           "a CNAME cannot stand at the zone's own name, where its SOA is; use an A record or another "
		           "name");
	if (!apex && r->type == DNS_SOA)
		spot_error(s, "name", "the SOA of a zone is at its own name; write \"@\"");
}

static gboolean follows_resource(const struct spot *s)
{
	return node_length(spot_get(s, "properties.targetResource")) > 0;
}

void zone_record_declare(struct build *b, const struct document *d)
{
	const struct record_type *t = type_of(d);
	struct spot s = spot_of(b, d);
	gboolean is_private = g_str_has_prefix(d->type, kind_private_zone.type);
	struct dns_zone *z = follow_parent(&s, is_private ? &kind_private_zone : &kind_public_zone);
	struct dns_record_set *r;

	if (!z)
		return;
	r = g_new0(struct dns_record_set, 1);
	r->zone = z;
	r->type = t->type;
	r->values = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(z->records, r);
	noun_declare(&r->noun, &s, d->id);
	check_name(r, &s);
	r->ttl = read_number(&s, "properties.ttl", 1, G_MAXINT32, follows_resource(&s) ? 1 : REQUIRED);
	check_strays(&s, t);
	if (t->property)
		read_records(r, &s, t);
}

/* A CNAME stands alone: whoever asks for its name asks for another (RFC 2181 section 10.1). */
void zone_records_check(struct build *b, const struct dns_zone *z)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < z->records->len; i++) {
		const struct dns_record_set *r = z->records->pdata[i];

		if (r->type == DNS_CNAME)
			g_hash_table_insert(seen, g_ascii_strdown(r->noun.name, -1), (gpointer)r);
	}
	for (guint i = 0; i < z->records->len; i++) {
		const struct dns_record_set *r = z->records->pdata[i];
		g_autofree char *name = g_ascii_strdown(r->noun.name, -1);
		const struct dns_record_set *alias = g_hash_table_lookup(seen, name);
		struct spot s = noun_spot(b, &r->noun);

		if (alias && alias != r) {
			g_autofree char *where = noun_where(&alias->noun);

			spot_error(&s, "name", "%s is a CNAME, which stands alone at its name; remove one of them",
			           where);
		}
	}
}
