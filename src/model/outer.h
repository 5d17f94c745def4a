/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nouns around the networks: gateways, circuits, databases' servers, DNS zones, flow logs. What their files share, and
 * what the passes and the registry call. All of them are recorded, so that nothing here is compiled. Private to src/model.
 */
#pragma once
#include "model/build.h"
#include "model/gateway.h"
#include "model/sql.h"
#include "model/watcher.h"
#include "model/zone.h"

/* outer.c: the lists of these nouns, in and out, and their passes. */
void outer_init(struct graph *g);
void outer_clear(struct graph *g);
void outer_link(struct build *b);
void outer_check(struct build *b);

/*
 * secret.c: values that nobody may read. FALSE when absent. An error names the place and the rule that is broken, never
 * the value, and so does nothing else: whoever needs the text takes it from the document.
 */
gboolean read_secret(const struct spot *s, const char *dotted, guint min, guint max);
/* TRUE when the text can be a certificate: base64 of DER, without the lines around it. */
gboolean is_certificate(const char *text);

/* bgp.c */
gboolean bgp_check_asn(const struct spot *s, const char *dotted, guint asn, gboolean is_gateway);
void bgp_read(const struct spot *s, const char *dotted, struct bgp_speaker *speaker, gboolean is_gateway);

/* ipsec.c: appends the policies of a list */
void ipsec_read_policies(const struct spot *s, const char *dotted, GArray *policies);

/* vpn_clients.c */
struct vpn_clients *vpn_clients_read(const struct spot *s, const char *dotted);
void vpn_clients_check(const struct spot *s, const struct gateway *g);
void vpn_clients_free(struct vpn_clients *c);

#define GATEWAY_MAX_CONNECTIONS 100u /* with more, what only shows between them is not looked at */
void gateway_declare(struct build *b, const struct document *d);
void gateway_link(struct build *b, struct gateway *g);
void gateway_check(struct build *b, struct gateway *g);
void gateway_free(struct gateway *g);
/* gateway_nat.c */
void gateway_nat_rule_declare(struct build *b, const struct document *d);
void gateway_nat_rule_add(gpointer gateway, const struct spot *s, const char *id);
void gateway_nat_rule_free(struct gateway_nat_rule *r);

void local_gateway_declare(struct build *b, const struct document *d);
void local_gateway_check(struct build *b, struct local_gateway *l);
void local_gateway_free(struct local_gateway *l);

void gateway_connection_declare(struct build *b, const struct document *d);
void gateway_connection_link(struct build *b, struct gateway_connection *c);
void gateway_connection_check(struct build *b, struct gateway_connection *c);
void gateway_connection_free(struct gateway_connection *c);

void circuit_declare(struct build *b, const struct document *d);
void circuit_peering_declare(struct build *b, const struct document *d);
void circuit_authorization_declare(struct build *b, const struct document *d);
void circuit_check(struct build *b, struct circuit *c);
void circuit_free(struct circuit *c);

/* sql_server.c, sql_rule.c: one function for each kind of type of every engine */
void sql_server_declare(struct build *b, const struct document *d);
void sql_database_declare(struct build *b, const struct document *d);
void sql_server_link(struct build *b, struct sql_server *v);
void sql_server_check(struct build *b, struct sql_server *v);
void sql_server_free(struct sql_server *v);
struct sql_server *sql_parent(const struct spot *s); /* NULL and an error when it is declared nowhere */
void sql_check_name(const struct noun *n, const struct spot *s);
void sql_rule_declare(struct build *b, const struct document *d);
void sql_rule_link(struct build *b, struct sql_rule *r);
void sql_rule_check(struct build *b, struct sql_rule *r);
void sql_rule_free(struct sql_rule *r);

void zone_declare(struct build *b, const struct document *d);
void zone_link_declare(struct build *b, const struct document *d);
void zone_link(struct build *b, struct dns_zone *z);
void zones_check(struct build *b);
void zone_free(struct dns_zone *z);
/* zone_record.c */
void zone_record_declare(struct build *b, const struct document *d);
void zone_records_check(struct build *b, const struct dns_zone *z);
void zone_record_free(struct dns_record_set *r);

void watcher_declare(struct build *b, const struct document *d);
void flow_log_declare(struct build *b, const struct document *d);
void watcher_link(struct build *b, struct watcher *w);
void watcher_check(struct build *b, struct watcher *w);
void watcher_free(struct watcher *w);

extern const struct known sql_server_known[], sql_database_known[], sql_rule_known[], sql_rule6_known[],
        sql_subnet_rule_known[], sql_outbound_rule_known[], private_zone_known[], public_zone_known[],
        zone_link_known[], zone_record_known[], watcher_known[], flow_log_known[];
extern const struct known gateway_known[], gateway_nat_rule_known[], local_gateway_known[], gateway_connection_known[],
        circuit_known[], circuit_peering_known[], circuit_authorization_known[];
#define WHY_VPN     "VPN has no data plane yet: no tunnel is built"
#define WHY_BGP     "BGP has no data plane yet"
#define WHY_CIRCUIT "circuits have no data plane yet: nothing passes over them"
