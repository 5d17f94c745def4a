/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoints of a role, and the private ports of those that leave the choice to the platform. */
#include "formats/cloudservice/internal.h"

#include <string.h>

#define FREE_PORT_FIRST 20000

static const char *const protocols[] = {"http", "https", "tcp", "udp", "any", NULL};

/* Which of `protocols` a kind may have. */
static const guint allowed[] = {
        [ENDPOINT_INPUT] = 1 << PROTOCOL_HTTP | 1 << PROTOCOL_HTTPS | 1 << PROTOCOL_TCP | 1 << PROTOCOL_UDP,
        [ENDPOINT_INTERNAL] = 1 << PROTOCOL_HTTP | 1 << PROTOCOL_TCP | 1 << PROTOCOL_UDP | 1 << PROTOCOL_ANY,
        [ENDPOINT_INSTANCE] = 1 << PROTOCOL_TCP | 1 << PROTOCOL_UDP,
};

static gboolean read_protocol(struct endpoint *e, GError **error)
{
	guint protocol;

	if (!xml_get_choice(e->x, e->at, "protocol", protocols,
	                    e->kind == ENDPOINT_INTERNAL ? PROTOCOL_TCP : XML_REQUIRED, &protocol, error))
		return FALSE;
	if (!(allowed[e->kind] & 1u << protocol))
		return xml_fail(e->x, e->at, error, "protocol='%s' is for another kind of endpoint; choose tcp or udp",
		                protocols[protocol]);
	e->protocol = protocol;
	return TRUE;
}

/* A port, "*" or nothing: any free one, which is 0 until all are known. */
static gboolean read_port(const struct endpoint *e, const element *at, const char *name, guint *port, GError **error)
{
	if (g_strcmp0(xml_attribute(at, name), "*") == 0) {
		*port = 0;
		return TRUE;
	}
	return xml_get_number(e->x, at, name, 1, 65535, 0, port, error);
}

static gboolean read_range(const struct endpoint *e, const element *at, guint *first, guint *last, GError **error)
{
	if (!xml_get_number(e->x, at, "min", 1, 65535, XML_REQUIRED, first, error) ||
	    !xml_get_number(e->x, at, "max", 1, 65535, XML_REQUIRED, last, error))
		return FALSE;
	if (*first > *last)
		return xml_fail(e->x, at, error, "min %u is above max %u; exchange them", *first, *last);
	return TRUE;
}

static gboolean read_input(struct endpoint *e, GError **error)
{
	static const char *const distributions[] = {"none", "sourceIP", "sourceIPProtocol", NULL};

	if (!xml_get_number(e->x, e->at, "port", 1, 65535, XML_REQUIRED, &e->public_first, error) ||
	    !read_port(e, e->at, "localPort", &e->first, error) ||
	    !xml_get_choice(e->x, e->at, "loadBalancerDistribution", distributions, 0, &e->distribution, error) ||
	    !xml_get_number(e->x, e->at, "idleTimeoutInMinutes", 4, 30, 0, &e->idle, error))
		return FALSE;
	e->public_last = e->public_first;
	if (!xml_attribute(e->at, "localPort"))
		e->first = e->public_first;
	e->last = e->first;
	e->probe = xml_attribute(e->at, "loadBalancerProbe");
	e->balancer = xml_attribute(e->at, "loadBalancer");
	if (e->protocol == PROTOCOL_HTTPS && !xml_attribute(e->at, "certificate"))
		return xml_fail(e->x, e->at, error, "an https endpoint needs a certificate; name one");
	return TRUE;
}

static gboolean read_internal(struct endpoint *e, GError **error)
{
	const element *fixed = xml_first(e->at, "FixedPort"), *range = xml_first(e->at, "FixedPortRange");

	if (!!fixed + !!range + !!xml_attribute(e->at, "port") > 1)
		return xml_fail(e->x, e->at, error,
		                "it has more than one of port, FixedPort and FixedPortRange; keep one");
	if (range)
		return read_range(e, range, &e->first, &e->last, error);
	if (!read_port(e, fixed ? fixed : e->at, "port", &e->first, error))
		return FALSE;
	e->last = e->first;
	if (e->protocol == PROTOCOL_ANY && !e->first) {
		e->first = 0;
		e->last = 65535; /* "any" without a port is every one */
	}
	return TRUE;
}

static gboolean read_instance(struct endpoint *e, GError **error)
{
	const element *range = xml_find(e->at, "AllocatePublicPortFrom/FixedPortRange");

	if (!range)
		return xml_fail(e->x, e->at, error,
		                "it has no AllocatePublicPortFrom with a FixedPortRange; add min and max");
	if (!read_range(e, range, &e->public_first, &e->public_last, error) ||
	    !read_port(e, e->at, "localPort", &e->first, error) ||
	    !xml_get_number(e->x, e->at, "idleTimeoutInMinutes", 4, 30, 0, &e->idle, error))
		return FALSE;
	e->last = e->first;
	return TRUE;
}

static const struct {
	const char *element;
	gboolean (*read)(struct endpoint *e, GError **error);
} kinds[] = {
        [ENDPOINT_INPUT] = {"InputEndpoint", read_input},
        [ENDPOINT_INTERNAL] = {"InternalEndpoint", read_internal},
        [ENDPOINT_INSTANCE] = {"InstanceInputEndpoint", read_instance},
};

void endpoint_free(gpointer data)
{
	struct endpoint *e = data;

	g_clear_pointer(&e->sources, g_ptr_array_unref);
	g_free(e);
}

struct endpoint *role_endpoint(const struct role *r, const char *name)
{
	for (guint i = 0; i < r->endpoints->len; i++) {
		struct endpoint *e = r->endpoints->pdata[i];

		if (g_ascii_strcasecmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

static gboolean read_endpoint(struct service *s, struct role *r, const element *at, guint kind, GError **error)
{
	struct endpoint *e = g_new0(struct endpoint, 1);
	const struct endpoint *other;
	const char *name;

	e->kind = kind;
	e->x = s->definition;
	e->at = at;
	e->name = "";
	g_ptr_array_add(r->endpoints, e);
	if (r->endpoints->len > 2 * SERVICE_MAX_ENDPOINTS)
		return xml_fail(e->x, at, error, "it is one endpoint more than the %u of a service; split it",
		                2 * SERVICE_MAX_ENDPOINTS);
	if (!xml_get_text(e->x, at, "name", TRUE, &name, error))
		return FALSE;
	other = role_endpoint(r, name);
	if (other)
		return xml_fail(e->x, at, error, "the name is taken by the endpoint of line %u; choose another",
		                xml_line(other->at));
	e->name = name;
	return read_protocol(e, error) && kinds[kind].read(e, error);
}

static gboolean port_taken(const struct role *r, guint port)
{
	for (guint i = 0; i < r->endpoints->len; i++) {
		const struct endpoint *e = r->endpoints->pdata[i];

		if (e->first && e->first <= port && port <= e->last)
			return TRUE;
	}
	return FALSE;
}

static void give_out_ports(struct role *r)
{
	guint port = FREE_PORT_FIRST;

	for (guint i = 0; i < r->endpoints->len; i++) {
		struct endpoint *e = r->endpoints->pdata[i];

		if (e->first || e->last)
			continue;
		while (port < 65535 && port_taken(r, port))
			port++;
		e->first = e->last = port++;
	}
}

gboolean endpoints_read(struct service *s, struct role *r, GError **error)
{
	for (const element *at = xml_first(xml_first(r->at, "Endpoints"), NULL); at; at = xml_next(at, NULL))
		for (guint kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
			if (xml_is(at, kinds[kind].element) && !read_endpoint(s, r, at, kind, error))
				return FALSE;
	give_out_ports(r);
	return TRUE;
}
