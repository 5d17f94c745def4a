/* SPDX-License-Identifier: Apache-2.0 */
/* What an allocation is made of. Private to alloc*.c; everybody else uses alloc.h. */
#pragma once
#include "alloc.h"

/* Kinds of numbers that hang on an id; the JSON names are in alloc.c. */
enum alloc_kind {
	ALLOC_NETWORK, /* VNI, from 1 */
	ALLOC_PRIVATE, /* configuration -> address */
	ALLOC_PUBLIC,  /* public address -> address */
	ALLOC_HOST,    /* host index in decimal -> its default outbound address */
	ALLOC_RULE,    /* rule -> counter, from 1 */
	ALLOC_SNAT,    /* public address|configuration -> slot + 1 */
	ALLOC_KINDS
};

/* The same for what does not fit a number. */
enum alloc_kind6 {
	ALLOC_PRIVATE6, /* IPv6 configuration -> address */
	ALLOC_PUBLIC6,  /* IPv6 public address -> address */
	ALLOC_KINDS6
};

struct alloc {
	GHashTable *ports;                    /* lower-case NIC id -> struct alloc_port */
	GHashTable *numbers[ALLOC_KINDS];     /* char * -> guint32 as pointer; never 0 */
	GHashTable *addresses6[ALLOC_KINDS6]; /* char * -> struct ip6; never :: */
	guint32 last_mac;                     /* number of the newest MAC */
	guint *top;                           /* largest port number by host */
	guint hosts;
};

/* Keys. Caller frees. */
char *alloc_key(const struct noun *n);
char *alloc_rule_key(const struct rule *r);
char *alloc_access_key(const struct noun *owner, guint order);
char *alloc_snat_key(const struct public_address *p, const struct ip_config *c);

guint32 alloc_number(const struct alloc *a, enum alloc_kind kind, const char *key); /* 0: none */
void alloc_set(struct alloc *a, enum alloc_kind kind, const char *key, guint32 number);
const struct ip6 *alloc_address6(const struct alloc *a, enum alloc_kind6 kind, const char *key); /* NULL: none */
void alloc_set6(struct alloc *a, enum alloc_kind6 kind, const char *key, struct ip6 address);
void alloc_index(struct alloc *a); /* fills top and hosts */

#define ALLOC_RULES_MAX 65535u /* counters of a host's data path */

/* The steps of alloc_assign. `a` is what is being made. */
struct assignment {
	const struct alloc *old;
	const struct graph *graph;
	const struct alloc_settings *settings;
	struct alloc *a;
	GError **error;
};
gboolean assign_ports(struct assignment *as);
gboolean assign_private(struct assignment *as);
gboolean assign_public(struct assignment *as);
gboolean assign_snat(struct assignment *as);
gboolean assign_private6(struct assignment *as);
gboolean assign_public6(struct assignment *as);
gboolean assign_fail(struct assignment *as, const struct noun *n, const char *format, ...) G_GNUC_PRINTF(3, 4);
