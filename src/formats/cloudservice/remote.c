/* SPDX-License-Identifier: Apache-2.0 */
/* Remote desktop: whether it is on for a role, and by which ports from outside. */
#include "formats/cloudservice/internal.h"

#define PLUGINS    "Microsoft.WindowsAzure.Plugins."
#define FIRST_PORT 49152u
#define PORTS      (65536u - FIRST_PORT)

static gboolean is_on(const struct role *r, const char *name)
{
	const char *value = role_setting(r, name);

	return value && (g_ascii_strcasecmp(value, "true") == 0 || g_strcmp0(value, "1") == 0);
}

/* An account without a date, or with one that nobody can read, is none: closed, and said. */
static gboolean account_lives(const struct service *s, const struct role *r)
{
	const char *text = role_setting(r, PLUGINS "RemoteAccess.AccountExpiration");
	g_autoptr(GDateTime) date = NULL;
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();

	if (text)
		date = g_date_time_new_from_iso8601(text, utc);
	if (!date)
		xml_note(s->configuration, r->configured, s->notes,
		         "remote desktop stays closed: AccountExpiration '%.40s' is not a date like "
		         "2030-01-31T23:59:59Z",
		         text ? text : "");
	else if (g_date_time_to_unix(date) <= s->now)
		xml_note(s->configuration, r->configured, s->notes,
		         "remote desktop stays closed: its account expired on %.40s", text);
	return date && g_date_time_to_unix(date) > s->now;
}

static gboolean has_forwarder(const struct service *s)
{
	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];

		if (r->remote_forwarder && is_on(r, PLUGINS "RemoteForwarder.Enabled"))
			return TRUE;
	}
	return FALSE;
}

void remote_read(struct service *s)
{
	gboolean forwarder = has_forwarder(s);

	for (guint i = 0; i < s->roles->len; i++) {
		struct role *r = s->roles->pdata[i];

		if (r->remote_access && r->configured && !role_setting(r, PLUGINS "RemoteAccess.Enabled"))
			xml_note(s->configuration, r->configured, s->notes,
			         "remote desktop stays closed: the setting " PLUGINS "RemoteAccess.Enabled is missing");
		if (!r->remote_access || !is_on(r, PLUGINS "RemoteAccess.Enabled"))
			continue;
		if (!forwarder)
			xml_note(s->definition, r->at, s->notes,
			         "remote desktop stays closed: no role imports RemoteForwarder and has it enabled");
		r->remote = forwarder && account_lives(s, r);
	}
}

guint remote_port(const struct service *s, const struct role *r, guint instance, GHashTable *taken)
{
	g_autofree char *text =
	        g_strdup_printf("%s/%s/%s/%s/%u", s->m->subscription, s->m->group, s->name, r->name, instance);
	g_autofree char *lower = g_ascii_strdown(text, -1);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, lower, -1);
	guint port = FIRST_PORT;

	hash[8] = '\0';
	port += (guint)(g_ascii_strtoull(hash, NULL, 16) % PORTS);
	for (guint tries = 0; tries < PORTS && g_hash_table_contains(taken, GUINT_TO_POINTER(port)); tries++)
		port = port == 65535 ? FIRST_PORT : port + 1;
	g_hash_table_add(taken, GUINT_TO_POINTER(port));
	return port;
}
