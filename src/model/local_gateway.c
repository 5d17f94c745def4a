/* SPDX-License-Identifier: Apache-2.0 */
/* Local network gateways: networks elsewhere, as the gateway that connects to them must know them. */
#include "model/name.h"
#include "model/network.h"
#include "model/outer.h"

const struct known local_gateway_known[] = {
        {"properties.gatewayIpAddress", RECORDED, WHY_VPN},
        {"properties.fqdn", RECORDED, WHY_VPN},
        {"properties.localNetworkAddressSpace.addressPrefixes", RECORDED_PART},
        {"properties.localNetworkAddressSpace.ipamPoolPrefixAllocations", NOT_MODELLED, WHY_IPAM},
        {"properties.bgpSettings", RECORDED_PART},
        {NULL},
};

void local_gateway_free(struct local_gateway *l)
{
	noun_clear(&l->noun);
	g_free(l->fqdn);
	g_array_unref(l->space);
	g_ptr_array_unref(l->connections);
	g_free(l);
}

static gboolean is_told(const struct spot *s, const char *dotted)
{
	const char *text = read_text(s, dotted, FALSE);

	return text && *text;
}

static void read_device(struct local_gateway *l, const struct spot *s)
{
	static const char property[] = "properties.gatewayIpAddress", name[] = "properties.fqdn";
	gboolean has_address = is_told(s, property), has_name = is_told(s, name);
	const char *text = node_str(spot_get(s, name), "");

	if (has_address && has_name)
		spot_error(s, name, "the device has an address as well; remove one of them");
	else if (!has_address && !has_name)
		spot_error(s, property, "nothing says where the device is; write its address, or its name in fqdn");
	if (has_address && read_address(s, property, &l->address) && l->address == 0)
		spot_error(s, property, "it is no address of a device; write one like 203.0.113.1");
	if (!has_name || g_str_has_prefix(text, "<unknown"))
		return;
	if (!name_is_host(text))
		spot_error(s, name, "'%.100s' is not the name of a host; write one like vpn.example.com", text);
	else
		l->fqdn = g_strdup(text);
}

void local_gateway_declare(struct build *b, const struct document *d)
{
	struct spot s = spot_of(b, d);
	struct local_gateway *l = g_new0(struct local_gateway, 1);

	l->space = g_array_new(FALSE, FALSE, sizeof(struct prefix6));
	l->connections = g_ptr_array_new();
	g_ptr_array_add(b->graph->local_gateways, l);
	noun_declare(&l->noun, &s, d->id);
	noun_check_name(&l->noun, &s, 80);
	read_device(l, &s);
	space_read(&s, "properties.localNetworkAddressSpace.addressPrefixes", l->space);
	bgp_read(&s, "properties.bgpSettings", &l->speaker, FALSE);
	if (l->speaker.has_address && !l->speaker.v6 && l->address && l->speaker.address == l->address)
		spot_error(
		        &s, "properties.bgpSettings.bgpPeeringAddress",
		        "it is the device's public address; BGP is spoken inside of the tunnel, name an address there");
}

void local_gateway_check(struct build *b, struct local_gateway *l)
{
	struct spot s = noun_spot(b, &l->noun);

	g_ptr_array_sort(l->connections, noun_compare);
	if (l->space->len == 0 && !l->speaker.asn && l->connections->len > 0)
		spot_warning(&s, "properties.localNetworkAddressSpace",
		             "no prefix is behind it and BGP tells none: nothing is sent there; add one");
}
