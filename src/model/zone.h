/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS zones: names, and the networks that can see them.
 *
 * Concept. A private zone is seen by the networks that a *link* names; at most one zone of each network takes up the names
 * of its machines by itself (registration). A *record set* is all that stands at one name with one type (RFC 2181 section
 * 5). All of it is recorded: no name is served yet, so that machines find nothing by these.
 */
#pragma once
#include "model/graph.h"

enum dns_type {
	DNS_A,
	DNS_AAAA,
	DNS_CNAME,
	DNS_MX,
	DNS_PTR,
	DNS_SOA,
	DNS_SRV,
	DNS_TXT,
	DNS_NS,
	DNS_CAA,
	DNS_OTHER /* types of public zones that no reader takes */
};

struct dns_zone {
	struct noun noun;
	gboolean is_private;
	GPtrArray *links;   /* struct dns_link, in order of id */
	GPtrArray *records; /* struct dns_record_set, in order of id */
};

struct dns_link {
	struct noun noun;
	struct dns_zone *zone;
	struct network *network; /* NULL: of another subscription and not declared here; its id is there then */
	char *network_id;
	gboolean registration;
};

struct dns_record_set {
	struct noun noun; /* its name is relative to the zone, "@" for the zone's own */
	struct dns_zone *zone;
	enum dns_type type;
	guint ttl;         /* seconds */
	GPtrArray *values; /* char *: as RFC 1035 section 5 writes them, "10 mail.example.com"; texts without quotes */
};
