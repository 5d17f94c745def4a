/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of servers of databases: ranges of addresses, subnets, and where a server itself may go. */
#include "model/name.h"
#include "model/network.h"
#include "model/outer.h"

#include <string.h>

#define WIDE    (G_MAXUINT32 / 2) /* addresses; a rule as wide is open to the Internet, whatever it says */
#define WIDE6   0x1f              /* of the first byte: all that is routed lies in 2000::/3 */
#define SERVICE "Microsoft.Sql"   /* the endpoint of all engines */

const struct known sql_rule_known[] = {
        {"properties.startIpAddress", RECORDED, "rules of databases' servers are not enforced: no server answers"},
        {"properties.endIpAddress", RECORDED_PART},
        {NULL},
};
const struct known sql_rule6_known[] = {
        {"properties.startIPv6Address", RECORDED, "rules of databases' servers are not enforced: no server answers"},
        {"properties.endIPv6Address", RECORDED_PART},
        {NULL},
};
const struct known sql_subnet_rule_known[] = {
        {"properties.virtualNetworkSubnetId", RECORDED,
         "rules of databases' servers are not enforced: no server answers"},
        {"properties.ignoreMissingVnetServiceEndpoint", RECORDED_PART},
        {"properties.state", IRRELEVANT}, /* a report */
        {NULL},
};
const struct known sql_outbound_rule_known[] = {{NULL}};

void sql_rule_free(struct sql_rule *r)
{
	noun_clear(&r->noun);
	g_free(r->subnet_id);
	g_free(r);
}

static gboolean is_unknown(const struct spot *s, const char *dotted)
{
	return g_str_has_prefix(node_str(spot_get(s, dotted), ""), "<unknown");
}

static void refuse_order(const struct spot *s, const char *dotted)
{
	spot_error(s, dotted, "the range ends before it begins; exchange the two addresses");
}

static void read_range(struct sql_rule *r, const struct spot *s)
{
	static const char first[] = "properties.startIpAddress", last[] = "properties.endIpAddress";
	gboolean has_first = read_text(s, first, TRUE) && read_address(s, first, &r->first);
	gboolean has_last = read_text(s, last, TRUE) && read_address(s, last, &r->last);

	if (has_first && has_last && r->last < r->first)
		refuse_order(s, last);
	r->from_inside = has_first && has_last && r->first == 0 && r->last == 0;
}

static void read_range6(struct sql_rule *r, const struct spot *s)
{
	static const char first[] = "properties.startIPv6Address", last[] = "properties.endIPv6Address";
	gboolean has_first = read_text(s, first, TRUE) && read_address6(s, first, &r->first6);
	gboolean has_last = read_text(s, last, TRUE) && read_address6(s, last, &r->last6);

	if (has_first && has_last && ip6_compare(r->last6, r->first6) < 0)
		refuse_order(s, last);
}

/* The last part of the type says what it is. */
static const struct {
	const char *collection;
	enum sql_rule_type type;
} types[] = {
        {"/firewallrules", SQL_RULE_RANGE},
        {"/ipv6firewallrules", SQL_RULE_RANGE6},
        {"/virtualnetworkrules", SQL_RULE_SUBNET},
        {"/outboundfirewallrules", SQL_RULE_OUTBOUND},
};

void sql_rule_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct sql_server *v = sql_parent(&s);
	struct sql_rule *r;

	if (!v)
		return;
	r = g_new0(struct sql_rule, 1);
	r->server = v;
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_has_suffix(d->type, types[i].collection))
			r->type = types[i].type;
	g_ptr_array_add(v->rules, r);
	noun_declare(&r->noun, &s, d->id);
	sql_check_name(&r->noun, &s);
	if (r->type == SQL_RULE_RANGE)
		read_range(r, &s);
	else if (r->type == SQL_RULE_RANGE6)
		read_range6(r, &s);
	else if (r->type == SQL_RULE_OUTBOUND && !name_is_domain(r->noun.name))
		spot_error(&s, "name", "'%.100s' is not the name of a host; write one like store.example.com",
		           r->noun.name);
	if (r->type == SQL_RULE_OUTBOUND)
		spot_recorded(&s, "", "a server of databases sends nothing yet");
}

static gboolean has_endpoint(const struct subnet *sub)
{
	for (guint i = 0; i < sub->service_endpoints->len; i++)
		if (g_ascii_strcasecmp(sub->service_endpoints->pdata[i], SERVICE) == 0)
			return TRUE;
	return FALSE;
}

/* A subnet of another subscription may be let in: its own side decides nothing here. */
void sql_rule_link(struct build *b, struct sql_rule *r)
{
	static const char property[] = "properties.virtualNetworkSubnetId";
	struct spot s = noun_spot(b, &r->noun);
	const char *id = r->type == SQL_RULE_SUBNET ? reference_text(&s, property, &kind_subnet, TRUE) : NULL;

	r->subnet_id = g_strdup(id);
	if (!id)
		return;
	r->subnet = reference_is_abroad(&s, id) ? reference_noun(b, id) : follow_text(&s, property, &kind_subnet);
	if (r->subnet && !noun_is_assumed(&r->subnet->noun) && !has_endpoint(r->subnet) &&
	    !read_flag(&s, "properties.ignoreMissingVnetServiceEndpoint", FALSE))
		spot_error(&s, property,
		           "subnet '%s' has no service endpoint " SERVICE
		           "; add one there, or set ignoreMissingVnetServiceEndpoint",
		           r->subnet->noun.name);
}

void sql_rule_check(struct build *b, struct sql_rule *r)
{
	struct spot s = noun_spot(b, &r->noun);
	gboolean known = !is_unknown(&s, "properties.startIpAddress") && !is_unknown(&s, "properties.endIpAddress");

	if (r->type == SQL_RULE_RANGE6 && r->last6.b[0] - r->first6.b[0] >= WIDE6)
		spot_warning(&s, "", "the range is open to the Internet; name the addresses that need it");
	if (r->type != SQL_RULE_RANGE || !known)
		return;
	if (r->from_inside)
		spot_warning(&s, "",
		             "0.0.0.0 to 0.0.0.0 lets every machine inside of this cloud in, also those of strangers; "
		             "name a subnet instead");
	else if (r->last - r->first >= WIDE)
		spot_warning(&s, "", "the range is open to the Internet; name the addresses that need it");
	if (r->server->private_only)
		spot_warning(&s, "",
		             "server '%s' refuses the public network, so nobody gets in by this rule; remove it",
		             r->server->noun.name);
}
