/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flowlog_text.h"

#include "lib/node.h"

#include <netinet/in.h>
#include <string.h>

#define USER    "/securityRules/"
#define DEFAULT "/defaultSecurityRules/"

char *flowlog_tuple_text(const struct flowlog_tuple *t, guint version)
{
	GString *s = g_string_new(NULL);

	g_string_append_printf(s, "%" G_GINT64_FORMAT ",%s,%s,%u,%u,%c,%c,%c", t->epoch, t->source, t->destination,
	                       t->source_port, t->destination_port, t->protocol == IPPROTO_TCP ? 'T' : 'U',
	                       t->inbound ? 'I' : 'O', t->allowed ? 'A' : 'D');
	if (version < 2)
		return g_string_free(s, FALSE);
	g_string_append_printf(s, ",%c", (char)t->state);
	if (t->state == FLOWLOG_BEGIN)
		g_string_append(s, ",,,,");
	else
		g_string_append_printf(
		        s, ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT,
		        t->packets, t->bytes, t->back_packets, t->back_bytes);
	return g_string_free(s, FALSE);
}

/* Where the collection's name is in the id, case not minded; NULL: nowhere. */
static const char *find_collection(const char *id, const char *collection)
{
	gsize n = strlen(collection);

	for (const char *p = id; *p; p++)
		if (!g_ascii_strncasecmp(p, collection, n))
			return p;
	return NULL;
}

char *flowlog_group(const char *rule_id)
{
	const char *end = find_collection(rule_id, USER);

	if (!end)
		end = find_collection(rule_id, DEFAULT);
	return end ? g_strndup(rule_id, (gsize)(end - rule_id)) : NULL;
}

char *flowlog_rule(const char *rule_id)
{
	const char *user = find_collection(rule_id, USER), *fallback = find_collection(rule_id, DEFAULT);

	if (user)
		return g_strconcat("UserRule_", user + strlen(USER), NULL);
	return fallback ? g_strconcat("DefaultRule_", fallback + strlen(DEFAULT), NULL) : NULL;
}

char *flowlog_mac(const guint8 mac[6])
{
	return g_strdup_printf("%02X%02X%02X%02X%02X%02X", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* No name of a document leads out of the directory: neither upwards nor by a byte that a shell or a file system minds. */
static void add_segment(GString *s, const char *segment)
{
	gboolean dots = strspn(segment, ".") == strlen(segment);

	g_string_append_c(s, '/');
	for (const char *p = segment; *p; p++) {
		guchar c = (guchar)g_ascii_toupper(*p);

		g_string_append_c(s, (c < 0x20 || c == 0x7f || c == '\\' || (dots && c == '.')) ? '_' : (char)c);
	}
}

char *flowlog_path(const char *group_id, const guint8 mac[6], gint64 epoch)
{
	g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(epoch);
	g_autofree char *hour = g_date_time_format(t, "y=%Y/m=%m/d=%d/h=%H/m=00"), *hex = flowlog_mac(mac);
	g_auto(GStrv) segments = g_strsplit(group_id, "/", -1);
	GString *s = g_string_new("resourceId=");

	for (guint i = 0; segments[i]; i++)
		if (*segments[i])
			add_segment(s, segments[i]);
	g_string_append_printf(s, "/%s/macAddress=%s/PT1H.json", hour, hex);
	return g_string_free(s, FALSE);
}

char *flowlog_system_id(const char *group_id)
{
	g_autofree char *lower = g_ascii_strdown(group_id, -1);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, lower, -1);

	return g_strdup_printf("%.8s-%.4s-8%.3s-8%.3s-%.12s", hash, hash + 8, hash + 12, hash + 15, hash + 18);
}

static char *time_text(gint64 real_us)
{
	g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(real_us / G_USEC_PER_SEC);
	g_autofree char *seconds = g_date_time_format(t, "%Y-%m-%dT%H:%M:%S");

	return g_strdup_printf("%s.%06d0Z", seconds, (int)(real_us % G_USEC_PER_SEC));
}

static struct node *rule_node(const char *name, const char *mac, const GPtrArray *tuples)
{
	struct node *rule = node_object(), *inner = node_array(), *port = node_object(), *list = node_array();

	for (guint i = 0; i < tuples->len; i++)
		node_append(list, node_string(tuples->pdata[i]));
	node_set(port, "mac", node_string(mac));
	node_set(port, "flowTuples", list);
	node_append(inner, port);
	node_set(rule, "rule", node_string(name));
	node_set(rule, "flows", inner);
	return rule;
}

char *flowlog_record(const char *group_id, const guint8 mac[6], gint64 real_us, guint version, const GPtrArray *rules,
                     const GPtrArray *tuples)
{
	g_autoptr(node) n = node_object();
	struct node *properties = node_object(), *flows = node_array();
	g_autofree char *hex = flowlog_mac(mac);

	node_set(n, "time", node_take_string(time_text(real_us)));
	node_set(n, "systemId", node_take_string(flowlog_system_id(group_id)));
	node_set(n, "macAddress", node_string(hex));
	node_set(n, "category", node_string("NetworkSecurityGroupFlowEvent"));
	node_set(n, "resourceId", node_take_string(g_ascii_strup(group_id, -1)));
	node_set(n, "operationName", node_string("NetworkSecurityGroupFlowEvents"));
	for (guint i = 0; i < rules->len; i++)
		node_append(flows, rule_node(rules->pdata[i], hex, tuples->pdata[i]));
	node_set(properties, "Version", node_int(version));
	node_set(properties, "flows", flows);
	node_set(n, "properties", properties);
	return node_print(n, FALSE);
}
