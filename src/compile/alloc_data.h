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
	ALLOC_HOME,    /* configuration with a private address -> VNI of the network that it is one of */
	ALLOC_KINDS
};

/* The same for what does not fit a number. */
enum alloc_kind6 {
	ALLOC_PRIVATE6, /* IPv6 configuration -> address */
	ALLOC_PUBLIC6,  /* IPv6 public address -> address */
	ALLOC_KINDS6
};

/* An address that was given back, and by whom: the key of its configuration or public address. */
struct alloc_released {
	gint64 at; /* seconds of real time */
	char *owner;
};

/* Where a card was whose machine has no place now. */
struct alloc_parked {
	guint8 mac[6];
	guint host;
	gboolean avoid; /* it is not to come back there, if there is another */
};

struct alloc {
	GHashTable *ports;                    /* lower-case NIC id -> struct alloc_port */
	GHashTable *parked;                   /* the same -> struct alloc_parked */
	GHashTable *released;                 /* "ADDRESS", "VNI/ADDRESS" of a private one -> struct alloc_released */
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
gboolean assign_released(struct assignment *as);
gboolean assign_fail(struct assignment *as, const struct noun *n, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* alloc_release.c */
GHashTable *alloc_released_new(void);
char *alloc_private_place(guint32 vni, const char *address); /* Caller frees. */
void alloc_set_released(struct alloc *a, const char *place, gint64 at, const char *owner);
/* Seconds that nobody gets it yet; 0: it is free. */
guint alloc_rest(const struct alloc *a, const char *place, gint64 now);
/* Calls fn with every address that rests, of the network or (0) of the public ones, of both families. */
typedef void (*resting_fn)(const char *address, gpointer user);
void assign_resting(struct assignment *as, guint32 vni, resting_fn fn, gpointer user);
/* The same of a network, unless its number was another's before. */
void assign_resting_in(struct assignment *as, const struct network *n, resting_fn fn, gpointer user);
/* For people, after "no free address left". Caller frees. */
char *assign_resting_text(struct assignment *as, guint32 vni);
gboolean assign_may_declare(struct assignment *as, const struct noun *n, const char *address);
/* Whether it has an address at all, as its machine is now. */
gboolean assign_holds_private(const struct ip_config *c);
gboolean assign_holds_public(const struct public_address *p);
