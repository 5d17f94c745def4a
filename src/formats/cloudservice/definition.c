/* SPDX-License-Identifier: Apache-2.0 */
/* The roles of the definition, and its limits. */
#include "formats/cloudservice/internal.h"

void role_free(gpointer data)
{
	struct role *r = data;

	g_clear_pointer(&r->settings, g_hash_table_unref);
	g_ptr_array_unref(r->endpoints);
	g_free(r);
}

struct role *service_role(const struct service *s, const char *name)
{
	for (guint i = 0; i < s->roles->len; i++) {
		struct role *r = s->roles->pdata[i];

		if (g_ascii_strcasecmp(r->name, name) == 0)
			return r;
	}
	return NULL;
}

/* Modules bring endpoints of their own: RemoteAccess and RemoteForwarder what remote.c makes of them, Diagnostics none. */
static gboolean read_imports(const struct service *s, struct role *r, GError **error)
{
	for (const element *e = xml_find(r->at, "Imports/Import"); e; e = xml_next(e, "Import")) {
		const char *module;

		if (!xml_get_text(s->definition, e, "moduleName", TRUE, &module, error))
			return FALSE;
		if (g_ascii_strcasecmp(module, "RemoteAccess") == 0)
			r->remote_access = TRUE;
		else if (g_ascii_strcasecmp(module, "RemoteForwarder") == 0)
			r->remote_forwarder = TRUE;
		else if (g_ascii_strcasecmp(module, "Diagnostics") != 0)
			xml_note(s->definition, e, s->notes,
			         "the module '%.80s' is not modelled: endpoints that it would bring stay closed",
			         module);
	}
	return TRUE;
}

/* A site that is bound to an endpoint that is not there would be reached by nobody. */
static gboolean check_bindings(const struct service *s, const struct role *r, GError **error)
{
	for (const element *site = xml_find(r->at, "Sites/Site"); site; site = xml_next(site, "Site"))
		for (const element *b = xml_find(site, "Bindings/Binding"); b; b = xml_next(b, "Binding")) {
			const char *name;

			if (!xml_get_text(s->definition, b, "endpointName", TRUE, &name, error))
				return FALSE;
			if (!role_endpoint(r, name))
				return xml_fail(s->definition, b, error,
				                "the role has no endpoint '%.80s'; add it, or correct the name", name);
		}
	return TRUE;
}

static gboolean has_certificate(const struct role *r, const char *name)
{
	for (const element *c = xml_find(r->at, "Certificates/Certificate"); c; c = xml_next(c, "Certificate"))
		if (g_ascii_strcasecmp(xml_attribute(c, "name") ? xml_attribute(c, "name") : "", name) == 0)
			return TRUE;
	return FALSE;
}

static void note_certificates(const struct service *s, const struct role *r)
{
	for (guint i = 0; i < r->endpoints->len; i++) {
		const struct endpoint *e = r->endpoints->pdata[i];
		const char *certificate = xml_attribute(e->at, "certificate");

		if (certificate && !has_certificate(r, certificate))
			xml_note(s->definition, e->at, s->notes,
			         "the certificate '%.80s' is not among the role's; the port is forwarded all the same",
			         certificate);
	}
}

static gboolean read_role(struct service *s, const element *at, GError **error)
{
	struct role *r = g_new0(struct role, 1);
	const char *name;

	r->at = at;
	r->name = "";
	r->instances = 1;
	r->endpoints = g_ptr_array_new_with_free_func(endpoint_free);
	g_ptr_array_add(s->roles, r);
	if (s->roles->len > SERVICE_MAX_ROLES)
		return xml_fail(s->definition, at, error, "it is one role more than the %u of a service; split it",
		                SERVICE_MAX_ROLES);
	if (!xml_get_text(s->definition, at, "name", TRUE, &name, error))
		return FALSE;
	if (service_role(s, name))
		return xml_fail(s->definition, at, error, "another role has this name; choose another");
	r->name = name;
	if (!read_imports(s, r, error) || !endpoints_read(s, r, error) || !check_bindings(s, r, error))
		return FALSE;
	note_certificates(s, r);
	return TRUE;
}

static gboolean check_limits(const struct service *s, GError **error)
{
	const element *root = xml_root(s->definition);
	guint outside = 0, inside = 0;

	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];
		guint of_role = 0;

		for (guint k = 0; k < r->endpoints->len; k++)
			of_role += ((struct endpoint *)r->endpoints->pdata[k])->kind == ENDPOINT_INTERNAL;
		if (of_role > ROLE_MAX_INTERNAL)
			return xml_fail(s->definition, r->at, error,
			                "%u internal endpoints are more than the %u of a role; join some by a range",
			                of_role, ROLE_MAX_INTERNAL);
		inside += of_role;
		outside += r->endpoints->len - of_role;
	}
	if (MAX(outside, inside) > SERVICE_MAX_ENDPOINTS)
		return xml_fail(s->definition, root, error,
		                "%u %s endpoints are more than the %u of a service; split it", MAX(outside, inside),
		                outside > inside ? "input" : "internal", SERVICE_MAX_ENDPOINTS);
	return TRUE;
}

/* Ports of one protocol at one address lead to one endpoint, also those of instances that are yet to come. */
static gboolean check_public_ports(const struct service *s, GError **error)
{
	g_autoptr(GPtrArray) seen = g_ptr_array_new();

	for (guint i = 0; i < s->roles->len; i++) {
		const struct role *r = s->roles->pdata[i];

		for (guint k = 0; k < r->endpoints->len; k++) {
			const struct endpoint *e = r->endpoints->pdata[k];

			for (guint n = 0; e->kind != ENDPOINT_INTERNAL && n < seen->len; n++) {
				const struct endpoint *o = seen->pdata[n];

				if ((e->protocol == PROTOCOL_UDP) == (o->protocol == PROTOCOL_UDP) &&
				    e->public_first <= o->public_last && o->public_first <= e->public_last &&
				    g_ascii_strcasecmp(e->balancer ? e->balancer : "",
				                       o->balancer ? o->balancer : "") == 0)
					return xml_fail(s->definition, e->at, error,
					                "port %u is taken by the endpoint of line %u; choose another",
					                MAX(e->public_first, o->public_first), xml_line(o->at));
			}
			if (e->kind != ENDPOINT_INTERNAL)
				g_ptr_array_add(seen, (gpointer)e);
		}
	}
	return TRUE;
}

gboolean definition_read(struct service *s, GError **error)
{
	const element *root = xml_root(s->definition);
	const char *name;

	if (!xml_get_text(s->definition, root, "name", TRUE, &name, error))
		return FALSE;
	s->name = emit_name(name);
	for (const element *e = xml_first(root, NULL); e; e = xml_next(e, NULL))
		for (const struct xml_alias *a = role_aliases; a->name; a++)
			if (xml_is(e, a->name) && !read_role(s, e, error))
				return FALSE;
	if (!s->roles->len)
		return xml_fail(s->definition, root, error, "the service has no role; add a WebRole or WorkerRole");
	return check_limits(s, error) && check_public_ports(s, error) &&
	       xml_check_names(s->definition, xml_first(root, "LoadBalancerProbes"), "LoadBalancerProbe", error);
}
