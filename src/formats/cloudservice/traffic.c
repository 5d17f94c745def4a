/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NetworkTrafficRules: an endpoint that a rule names as a destination may be used by the roles of its rules alone.
 *
 *   <OnlyAllowTrafficTo>
 *     <Destinations><RoleEndpoint endpointName="e" roleName="r"/></Destinations>
 *     <AllowAllTraffic/>                                             every role may, or
 *     <WhenSource matches="AnyRule"><FromRole roleName="q"/></WhenSource>     these may
 *   </OnlyAllowTrafficTo>
 *
 * Several rules of one endpoint add up. A rule with neither lets no role in.
 */
#include "formats/cloudservice/internal.h"

static gboolean find_role(const struct service *s, const element *at, struct role **r, GError **error)
{
	const char *name;

	if (!xml_get_text(s->definition, at, "roleName", TRUE, &name, error))
		return FALSE;
	*r = service_role(s, name);
	return *r || xml_fail(s->definition, at, error, "the service has no role '%.80s'; correct the name", name);
}

static gboolean read_sources(const struct service *s, const element *rule, GPtrArray *sources, GError **error)
{
	static const char *const matches[] = {"AnyRule", NULL};
	guint match;

	for (const element *w = xml_first(rule, "WhenSource"); w; w = xml_next(w, "WhenSource")) {
		if (!xml_get_choice(s->definition, w, "matches", matches, 0, &match, error))
			return FALSE;
		for (const element *e = xml_first(w, "FromRole"); e; e = xml_next(e, "FromRole")) {
			struct role *r;

			if (!find_role(s, e, &r, error))
				return FALSE;
			g_ptr_array_add(sources, r);
		}
	}
	for (guint i = 0; xml_first(rule, "AllowAllTraffic") && i < s->roles->len; i++)
		g_ptr_array_add(sources, s->roles->pdata[i]);
	return TRUE;
}

static gboolean add_sources(const struct service *s, const element *at, const GPtrArray *sources, GError **error)
{
	struct endpoint *e;
	struct role *r;
	const char *name;

	if (!find_role(s, at, &r, error) || !xml_get_text(s->definition, at, "endpointName", TRUE, &name, error))
		return FALSE;
	e = role_endpoint(r, name);
	if (!e)
		return xml_fail(s->definition, at, error, "role '%.80s' has no endpoint '%.80s'; correct the name",
		                r->name, name);
	if (e->kind != ENDPOINT_INTERNAL)
		return xml_fail(
		        s->definition, at, error,
		        "'%.80s' is reached from outside, so a rule between roles cannot close it; name an internal "
		        "endpoint",
		        name);
	if (!e->sources)
		e->sources = g_ptr_array_new();
	for (guint i = 0; i < sources->len; i++)
		if (!g_ptr_array_find(e->sources, sources->pdata[i], NULL))
			g_ptr_array_add(e->sources, sources->pdata[i]);
	return TRUE;
}

gboolean traffic_read(struct service *s, GError **error)
{
	for (const element *rule = xml_find(xml_root(s->definition), "NetworkTrafficRules/OnlyAllowTrafficTo"); rule;
	     rule = xml_next(rule, "OnlyAllowTrafficTo")) {
		g_autoptr(GPtrArray) sources = g_ptr_array_new();
		const element *at = xml_find(rule, "Destinations/RoleEndpoint");

		if (!at)
			return xml_fail(s->definition, rule, error, "the rule has no RoleEndpoint; add one");
		if (!read_sources(s, rule, sources, error))
			return FALSE;
		for (; at; at = xml_next(at, "RoleEndpoint"))
			if (!add_sources(s, at, sources, error))
				return FALSE;
	}
	return TRUE;
}
