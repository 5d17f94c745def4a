/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of the roles and of their network. */
#include "formats/cloudservice/internal.h"

#include <string.h>

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
	return xml_get_number(s->configuration, instances, "count", 0, ROLE_MAX_INSTANCES, XML_REQUIRED, &r->instances,
	                      error);
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

static gboolean read_endpoint_acl(struct service *s, const element *at, GError **error)
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
	return e->access || xml_fail(x, at, error, "no AccessControl is called '%.80s'; add it", control);
}

static gboolean check_access_names(const struct service *s, GError **error)
{
	for (const element *a = xml_find(s->network, "AccessControls/AccessControl"); a;
	     a = xml_next(a, "AccessControl")) {
		const char *name;

		if (!xml_get_text(s->configuration, a, "name", TRUE, &name, error))
			return FALSE;
		if (access_control(s, name) != a)
			return xml_fail(s->configuration, a, error,
			                "another AccessControl has this name; choose another");
	}
	return TRUE;
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
	if (!read_site(s, error) || !check_access_names(s, error))
		return FALSE;
	for (const element *e = xml_find(s->network, "EndpointAcls/EndpointAcl"); e; e = xml_next(e, "EndpointAcl"))
		if (!read_endpoint_acl(s, e, error))
			return FALSE;
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

static void note_missing(const struct service *s)
{
	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];

		if (!r->configured)
			xml_note(s->definition, r->at, s->notes,
			         "no configuration says how many instances: one is taken");
	}
}

gboolean configuration_read(struct service *s, GError **error)
{
	const element *root;

	if (s->configuration) {
		root = xml_root(s->configuration);
		for (const element *e = xml_first(root, "Role"); e; e = xml_next(e, "Role"))
			if (!read_role(s, e, error))
				return FALSE;
		s->network = xml_first(root, "NetworkConfiguration");
		if (s->network && !read_network(s, error))
			return FALSE;
	}
	note_missing(s);
	return TRUE;
}
