/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service as both files together say it. Private to this folder.
 *
 *   definition.c, endpoint.c (csdef)  ─▶  struct service  ─▶  balance.c, rules.c, instances.c  ─▶  documents
 *   configuration.c (cscfg)           ─┘
 */
#pragma once
#include "formats/cloudservice/cloudservice.h"

#define NETWORK "Microsoft.Network/"
#define VNET    NETWORK "virtualNetworks"
#define NIC     NETWORK "networkInterfaces"
#define LB      NETWORK "loadBalancers"
#define NSG     NETWORK "networkSecurityGroups"
#define ASG     NETWORK "applicationSecurityGroups"
#define PUBLIC  NETWORK "publicIPAddresses"

#define SERVICE_MAX_ROLES     25
#define SERVICE_MAX_ENDPOINTS 25 /* reachable from outside; the same number of internal ones */
#define ROLE_MAX_INTERNAL     5
#define SERVICE_MAX_INSTANCES 1000 /* behind one public address, as the model has it */
#define ACCESS_MAX_RULES      50
#define RDP_PORT              3389

enum protocol { PROTOCOL_HTTP, PROTOCOL_HTTPS, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ANY };
enum endpoint_kind { ENDPOINT_INPUT, ENDPOINT_INTERNAL, ENDPOINT_INSTANCE };

struct endpoint {
	enum endpoint_kind kind;
	enum protocol protocol;
	const struct xml *x;
	const element *at;
	const char *name;
	guint public_first, public_last; /* input: one port */
	guint first, last;               /* inside; 0: any free one, until ports are given out */
	const char *probe, *balancer;    /* names, or NULL */
	guint distribution, idle;        /* index of Default, SourceIP, SourceIPProtocol; minutes, or 0 */
	const element *access;           /* AccessControl of the configuration, or NULL */
	GPtrArray *sources;              /* struct role that may use it, or NULL: everybody */
};

struct role {
	const element *at, *configured; /* in either file; the second may be NULL */
	const char *name;
	GPtrArray *endpoints;                     /* struct endpoint */
	gboolean remote_access, remote_forwarder; /* imported */
	gboolean remote;                          /* remote desktop is on */
	guint instances;
	const element *addresses; /* InstanceAddress, or NULL */
	GHashTable *settings;     /* of the configuration, name in lower case -> value; borrowed */
};

struct service {
	struct emit *m;
	const struct xml *definition, *configuration;
	GPtrArray *notes;
	gint64 now;
	char *name;             /* fit for a resource */
	GPtrArray *roles;       /* struct role */
	const element *network; /* NetworkConfiguration, or NULL */
	char *site;             /* name of the virtual network, or NULL: one of its own */
	char *site_group;       /* its resource group, or NULL: this one */
};

/* definition.c, endpoint.c */
gboolean definition_read(struct service *s, GError **error);
gboolean endpoints_read(struct service *s, struct role *r, GError **error);
struct role *service_role(const struct service *s, const char *name); /* NULL: none */
struct endpoint *role_endpoint(const struct role *r, const char *name);
void role_free(gpointer role);
void endpoint_free(gpointer endpoint);
/* configuration.c: reads it into the roles */
gboolean configuration_read(struct service *s, GError **error);
const char *role_setting(const struct role *r, const char *name); /* NULL: none */
/* traffic.c: who may use which internal endpoint */
gboolean traffic_read(struct service *s, GError **error);
/* remote.c: whether remote desktop is on, and the ports from outside */
void remote_read(struct service *s);
guint remote_port(const struct service *s, const struct role *r, guint instance, GHashTable *taken);

/* balance.c, rules.c, instances.c: documents */
gboolean balance_emit(struct service *s, GError **error);
void rules_emit(struct service *s);
gboolean instances_emit(struct service *s, GError **error);
char *role_resource(const struct service *s, const struct role *r); /* "S.R" */
char *instance_name(const struct role *r, guint instance);          /* "R_IN_0" */
/* Names of the NAT rules that lead to an instance: by an endpoint, by remote desktop. Caller frees. */
char *instance_rule_name(const struct role *r, guint instance, const char *endpoint);
char *instance_remote_name(const struct role *r, guint instance);
/* The load balancer that an endpoint is on. Caller frees. */
char *endpoint_balancer(const struct service *s, const struct endpoint *e);

/* known.c */
extern const struct xml_known definition_known[], configuration_known[];
extern const struct xml_alias role_aliases[];
