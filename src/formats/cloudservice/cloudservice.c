/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/cloudservice/internal.h"

gboolean cloudservice_is_definition(const struct xml *x)
{
	return xml_is(xml_root(x), "ServiceDefinition");
}

gboolean cloudservice_is_configuration(const struct xml *x)
{
	return xml_is(xml_root(x), "ServiceConfiguration");
}

const char *cloudservice_name(const struct xml *x)
{
	const char *name = xml_attribute(xml_root(x), cloudservice_is_definition(x) ? "name" : "serviceName");

	return name ? name : "";
}

static void check_names(const struct service *s)
{
	const char *defined = cloudservice_name(s->definition);

	if (s->configuration && g_ascii_strcasecmp(defined, cloudservice_name(s->configuration)) != 0)
		xml_note(s->configuration, xml_root(s->configuration), s->notes,
		         "it is for the service '%.80s', and is taken for '%.80s'", cloudservice_name(s->configuration),
		         defined);
}

gboolean cloudservice_read(struct emit *m, const struct xml *definition, const struct xml *configuration, gint64 now,
                           GPtrArray *notes, GError **error)
{
	struct service s = {
	        .m = m, .definition = definition, .configuration = configuration, .notes = notes, .now = now};
	gboolean good;

	s.roles = g_ptr_array_new_with_free_func(role_free);
	m->x = definition;
	check_names(&s);
	good = xml_check(definition, definition_known, "", role_aliases, notes, error) &&
	       (!configuration || xml_check(configuration, configuration_known, "", NULL, notes, error)) &&
	       definition_read(&s, error) && configuration_read(&s, error) && traffic_read(&s, error);
	if (good) {
		remote_read(&s);
		rules_emit(&s);
	}
	good = good && balance_emit(&s, error) && instances_emit(&s, error);
	g_ptr_array_unref(s.roles);
	g_free(s.name);
	g_free(s.site);
	g_free(s.site_group);
	return good;
}
