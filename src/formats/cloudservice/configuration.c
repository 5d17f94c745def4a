/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of the roles and of their network. */
#include "formats/cloudservice/internal.h"

#include <string.h>

const char *role_setting(const struct role *r, const char *name)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);

	return r->settings ? g_hash_table_lookup(r->settings, lower) : NULL;
}

/* Which of two values holds would decide whether remote desktop is open. */
static gboolean read_settings(const struct service *s, struct role *r, GError **error)
{
	if (!xml_check_names(s->configuration, xml_first(r->configured, "ConfigurationSettings"), "Setting", error))
		return FALSE;
	r->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (const element *e = xml_find(r->configured, "ConfigurationSettings/Setting"); e;
	     e = xml_next(e, "Setting")) {
		const char *value = xml_attribute(e, "value");

		g_hash_table_insert(r->settings, g_ascii_strdown(xml_attribute(e, "name"), -1),
		                    (gpointer)(value ? value : ""));
	}
	return TRUE;
}

static gboolean read_role(struct service *s, const element *at, GError **error)
{
	const element *instances = xml_first(at, "Instances");
	struct role *r;
	const char *name;

	if (!xml_get_text(s->configuration, at, "name", TRUE, &name, error))
		return FALSE;
	r = service_role(s, name);
	if (!r) {
		xml_note(s->configuration, at, s->notes, "the definition has no such role; nothing is made of it");
		return TRUE;
	}
	if (r->configured)
		return xml_fail(s->configuration, at, error, "the role stands in line %u already; keep one",
		                xml_line(r->configured));
	r->configured = at;
	if (!instances)
		return xml_fail(s->configuration, at, error, "it has no Instances; add <Instances count=\"1\"/>");
	return xml_get_number(s->configuration, instances, "count", 0, SERVICE_MAX_INSTANCES, XML_REQUIRED,
	                      &r->instances, error) &&
	       read_settings(s, r, error);
}

/* The role that an element names; an error when there is none: its rule or address would be lost. */
static gboolean named_role(const struct service *s, const element *at, const char *attribute, struct role **r,
                           GError **error)
{
	const char *name;

	if (!xml_get_text(s->configuration, at, attribute, TRUE, &name, error))
		return FALSE;
	*r = service_role(s, name);
	return *r ||
	       xml_fail(s->configuration, at, error, "the definition has no role '%.80s'; correct the name", name);
}

static const element *access_control(const struct service *s, const char *name)
{
	for (const element *a = xml_find(s->network, "AccessControls/AccessControl"); a;
	     a = xml_next(a, "AccessControl"))
		if (g_ascii_strcasecmp(xml_attribute(a, "name") ? xml_attribute(a, "name") : "", name) == 0)
			return a;
	return NULL;
}

static gboolean read_endpoint_acl(struct service *s, const element *at, GHashTable *used, GError **error)
{
	const struct xml *x = s->configuration;
	struct endpoint *e;
	struct role *r;
	const char *endpoint, *control;

	if (!named_role(s, at, "role", &r, error) || !xml_get_text(x, at, "endpoint", TRUE, &endpoint, error) ||
	    !xml_get_text(x, at, "accessControl", TRUE, &control, error))
		return FALSE;
	e = role_endpoint(r, endpoint);
	if (!e || e->kind == ENDPOINT_INTERNAL)
		return xml_fail(x, at, error,
		                "role '%.80s' has no endpoint '%.80s' that is reached from outside; correct it",
		                r->name, endpoint);
	if (e->access)
		return xml_fail(x, at, error, "the endpoint has an access control already; keep one");
	e->access = access_control(s, control);
	g_hash_table_add(used, (gpointer)e->access);
	return e->access || xml_fail(x, at, error, "no AccessControl is called '%.80s'; add it", control);
}

static gboolean check_names(const struct service *s, GError **error)
{
	return xml_check_names(s->configuration, xml_first(s->network, "AccessControls"), "AccessControl", error) &&
	       xml_check_names(s->configuration, xml_first(s->network, "LoadBalancers"), "LoadBalancer", error);
}

/* Written down to close something, and closing nothing. */
static void note_unused(const struct service *s, const GHashTable *used)
{
	for (const element *a = xml_find(s->network, "AccessControls/AccessControl"); a;
	     a = xml_next(a, "AccessControl"))
		if (!g_hash_table_contains((GHashTable *)used, a))
			xml_note(s->configuration, a, s->notes, "no EndpointAcl names it: it closes nothing");
}

/* "NAME", or "Group GROUP NAME" for a network of another resource group. */
static gboolean read_site(struct service *s, GError **error)
{
	const element *site = xml_first(s->network, "VirtualNetworkSite");
	const char *name, *space;

	if (!site)
		return TRUE;
	if (!xml_get_text(s->configuration, site, "name", TRUE, &name, error))
		return FALSE;
	if (g_ascii_strncasecmp(name, "Group ", 6) == 0) {
		name += 6;
		space = strchr(name, ' ');
		if (!space || !space[1])
			return xml_fail(
			        s->configuration, site, error,
			        "after Group come the resource group and the network; write \"Group GROUP NAME\"");
		s->site_group = g_strndup(name, (gsize)(space - name));
		name = space + 1;
	}
	s->site = emit_name(name);
	return TRUE;
}

static gboolean read_network(struct service *s, GError **error)
{
	g_autoptr(GHashTable) used = g_hash_table_new(g_direct_hash, g_direct_equal);

	if (!read_site(s, error) || !check_names(s, error))
		return FALSE;
	for (const element *e = xml_find(s->network, "EndpointAcls/EndpointAcl"); e; e = xml_next(e, "EndpointAcl"))
		if (!read_endpoint_acl(s, e, used, error))
			return FALSE;
	note_unused(s, used);
	for (const element *e = xml_find(s->network, "AddressAssignments/InstanceAddress"); e;
	     e = xml_next(e, "InstanceAddress")) {
		struct role *r;

		if (!named_role(s, e, "roleName", &r, error))
			return FALSE;
		if (r->addresses)
			return xml_fail(s->configuration, e, error,
			                "the role has an InstanceAddress already; keep one");
		r->addresses = e;
	}
	return TRUE;
}

/* The original refuses a setting without a value. Of those that a definition declares, none decides about the network. */
static void note_settings(const struct service *s, const struct role *r)
{
	const element *first = NULL;
	guint count = 0;

	for (const element *e = xml_find(r->at, "ConfigurationSettings/Setting"); e; e = xml_next(e, "Setting")) {
		const char *name = xml_attribute(e, "name");

		if (!name || role_setting(r, name))
			continue;
		count++;
		first = first ? first : e;
	}
	if (count)
		xml_note(s->definition, first, s->notes, "the configuration has no value for it%s",
		         count > 1 ? ", nor for others of the role" : "");
}

static void note_missing(const struct service *s)
{
	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];

		if (r->configured)
			note_settings(s, r);
		else
			xml_note(s->definition, r->at, s->notes,
			         "no configuration says how many instances: one is taken");
	}
}

static gboolean check_instances(const struct service *s, GError **error)
{
	guint count = 0;

	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];

		count += r->instances;
		if (count > SERVICE_MAX_INSTANCES)
			return xml_fail(s->configuration, r->configured, error,
			                "with it the service has more than %u instances; have fewer, or split it",
			                SERVICE_MAX_INSTANCES);
	}
	return TRUE;
}

gboolean configuration_read(struct service *s, GError **error)
{
	const element *root;

	if (s->configuration) {
		root = xml_root(s->configuration);
		for (const element *e = xml_first(root, "Role"); e; e = xml_next(e, "Role"))
			if (!read_role(s, e, error))
				return FALSE;
		if (!check_instances(s, error))
			return FALSE;
		s->network = xml_first(root, "NetworkConfiguration");
		if (s->network && !read_network(s, error))
			return FALSE;
	}
	note_missing(s);
	return TRUE;
}
