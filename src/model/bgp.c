/* SPDX-License-Identifier: Apache-2.0 */
/* BGP speakers: numbers of autonomous systems that may be used, addresses, weights. */
#include "model/outer.h"

#define MAX_WEIGHT 100

/* What nobody may call himself; 65515 is what a gateway is called unless it says otherwise. */
static const struct {
	guint first, last;
	gboolean gateways_too;
	const char *why;
} reserved_asns[] = {
        {0, 0, FALSE, "no number of a system"},
        {8074, 8075, TRUE, "reserved by the platform"},
        {12076, 12076, TRUE, "reserved by the platform"},
        {23456, 23456, TRUE, "reserved by RFC 6793"},
        {64496, 64511, TRUE, "for documentation (RFC 5398)"},
        {65515, 65515, FALSE, "the platform's own"},
        {65517, 65520, TRUE, "reserved by the platform"},
        {65535, 65551, TRUE, "reserved by RFC 7300 and RFC 5398"},
        {G_MAXUINT32, G_MAXUINT32, TRUE, "reserved by RFC 7300"},
};

gboolean bgp_check_asn(const struct spot *s, const char *dotted, guint asn, gboolean is_gateway)
{
	for (gsize i = 0; i < G_N_ELEMENTS(reserved_asns); i++)
		if (asn >= reserved_asns[i].first && asn <= reserved_asns[i].last &&
		    (!is_gateway || reserved_asns[i].gateways_too)) {
			spot_error(s, dotted, "%u is %s; use another, such as one from 64512 to 65514", asn,
			           reserved_asns[i].why);
			return FALSE;
		}
	return TRUE;
}

void bgp_read(const struct spot *s, const char *dotted, struct bgp_speaker *speaker, gboolean is_gateway)
{
	g_autofree char *asn = g_strconcat(dotted, ".asn", NULL);
	g_autofree char *address = g_strconcat(dotted, ".bgpPeeringAddress", NULL);
	g_autofree char *weight = g_strconcat(dotted, ".peerWeight", NULL);

	if (spot_is_object(s, dotted) && spot_get(s, asn)) {
		guint faults = s->build->errors->len, value = read_number(s, asn, 0, G_MAXUINT32, 0);

		if (s->build->errors->len == faults && bgp_check_asn(s, asn, value, is_gateway))
			speaker->asn = value;
	}
	/* Of a gateway it is a report, of several addresses when it has several configurations. */
	if (!is_gateway)
		speaker->has_address =
		        read_any_address(s, address, &speaker->address, &speaker->address6, &speaker->v6);
	speaker->weight = read_number(s, weight, 0, MAX_WEIGHT, 0);
}
