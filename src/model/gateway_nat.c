/* SPDX-License-Identifier: Apache-2.0 */
/* NAT rules of VPN gateways: which addresses of one side the other side sees as which. */
#include "model/network.h"
#include "model/outer.h"

const struct known gateway_nat_rule_known[] = {
        {"properties.type", RECORDED_PART},
        {"properties.mode", RECORDED, WHY_VPN},
        {"properties.internalMappings", RECORDED_PART},
        {"properties.externalMappings", RECORDED_PART},
        {"properties.ipConfigurationId", RECORDED_PART},
        {NULL},
};

void gateway_nat_rule_free(struct gateway_nat_rule *r)
{
	noun_clear(&r->noun);
	g_array_unref(r->internal);
	g_array_unref(r->external);
	g_free(r);
}

static void read_ports(const struct spot *item)
{
	const char *text = read_text(item, "portRange", FALSE);
	g_auto(GStrv) ends = text && *text ? g_strsplit(text, "-", 3) : NULL;
	guint64 first = 0, last = 0;

	if (!ends)
		return;
	if (g_strv_length(ends) > 2 || !g_ascii_string_to_unsigned(ends[0], 10, 1, 65535, &first, NULL) ||
	    (ends[1] && !g_ascii_string_to_unsigned(ends[1], 10, first, 65535, &last, NULL)))
		spot_error(item, "portRange", "'%.40s' is no range of ports; write one like 100-200", text);
}

static void read_mappings(const struct spot *s, const char *dotted, GArray *space)
{
	guint count = spot_length(s, dotted);

	if (count == 0)
		spot_error(s, dotted, "there are none; add one with an addressSpace");
	for (guint i = 0; i < count; i++) {
		struct spot item = spot_item(s, dotted, i);

		if (!spot_is_object(&item, ""))
			continue;
		space_read_one(&item, "addressSpace", space);
		read_ports(&item);
	}
}

/* A static rule turns each address into one of its own, so both sides are of one size. */
static void check_sizes(const struct spot *s, const struct gateway_nat_rule *r)
{
	for (guint i = 0; !r->dynamic && i < r->internal->len && i < r->external->len; i++) {
		struct prefix6 in = g_array_index(r->internal, struct prefix6, i);
		struct prefix6 out = g_array_index(r->external, struct prefix6, i);

		if (in.length != out.length) {
			g_autofree char *a = space_text(in), *c = space_text(out);

			spot_error(s, "properties.externalMappings", "%s and %s are not of one size; make them equal",
			           c, a);
		}
	}
}

void gateway_nat_rule_add(gpointer gateway, const struct spot *s, const char *id)
{
	static const char *const types[] = {"Static", "Dynamic", NULL};
	static const char *const modes[] = {"EgressSnat", "IngressSnat", NULL};
	struct gateway *g = gateway;
	struct gateway_nat_rule *r = g_new0(struct gateway_nat_rule, 1);
	guint faults = s->build->errors->len;

	r->gateway = g;
	r->internal = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	r->external = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	g_ptr_array_add(g->nat_rules, r);
	noun_declare(&r->noun, s, id);
	noun_check_name(&r->noun, s, 80);
	r->dynamic = read_choice(s, "properties.type", types, 0) == 1;
	r->ingress = read_choice(s, "properties.mode", modes, 0) == 1;
	read_mappings(s, "properties.internalMappings", r->internal);
	read_mappings(s, "properties.externalMappings", r->external);
	if (s->build->errors->len == faults)
		check_sizes(s, r);
}

void gateway_nat_rule_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct gateway *g = follow_parent(&s, &kind_gateway);

	if (g)
		gateway_nat_rule_add(g, &s, d->id);
}
