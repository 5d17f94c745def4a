/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a graph: what the nouns' files share. Private to src/model.
 *
 * Concept. Three passes over documents sorted by id, so that their order never matters: *declare* makes a noun of
 * every resource and nested resource and reads what stands in it; *link* turns ids into pointers; *check*
 * looks at what only shows between nouns. A noun with a fault is still declared, so that one mistake gives one error
 * and not one for each reference to it.
 *
 * A `spot` is a JSON value and where it stands: readers take a spot and a dotted path below it, and on a fault add one
 * error line with the file, line and JSON path of the deepest node that exists, what is wrong and what to do. They
 * return a harmless fallback then; graph_build fails at the end when there is any error.
 */
#pragma once
#include "model/graph.h"

struct build {
	struct graph *graph;
	GPtrArray *errors;
	GHashTable *documents; /* lower-case id -> struct document *: what is declared, of any type */
	GStringChunk *texts;   /* paths of spots: die with the build */
	GHashTable *said;      /* lines that were said: what holds for every instance of a scale set is said once */
	guint made;            /* configurations of interfaces written inside machines and scale sets */
	GPtrArray *missing;    /* struct missing, where the caller wants to know; else NULL */
	GHashTable *found;     /* table of known properties -> what was found in it: unmodelled.c */
};

/* A reference to a resource that no document declares, or to a part of one. */
struct missing {
	char *id;              /* as written */
	struct node *referrer; /* the document's resource that refers, and */
	struct node *at;       /* the object around the reference: what else it says is what it needs */
	char *type;            /* of the document */
	char *where;           /* for people: file, line, resource, path */
};
/* graph_build that also lists the missing references, each of which is an error as well. `missing` may be NULL. */
struct graph *graph_build_noting(GPtrArray *documents, GPtrArray *errors, GPtrArray *missing);
void assumption_free(struct assumption *a);

struct spot {
	struct build *build;
	const struct document *document;
	const struct node *node;
	const char *path; /* "" for the whole resource */
};

/* A kind of resource that others may refer to. */
struct kind {
	const char *type; /* lower case, as in ids */
	const char *word; /* for people: "subnet" */
};
extern const struct kind kind_network, kind_subnet, kind_security_group, kind_public_address, kind_nic, kind_frontend,
        kind_pool, kind_probe, kind_nat_rule, kind_nat_pool, kind_app_group, kind_load_balancer, kind_route_table,
        kind_nat_gateway, kind_public_prefix, kind_ddos_plan, kind_endpoint_policy;
/* Of the nouns of model/outer.h */
extern const struct kind kind_gateway, kind_gateway_nat_rule, kind_local_gateway, kind_circuit, kind_circuit_port,
        kind_private_zone, kind_public_zone, kind_watcher, kind_storage_account;

/* spot.c */
struct spot spot_of(struct build *b, const struct document *d);
const struct node *spot_get(const struct spot *s, const char *dotted); /* NULL also for JSON null */
/* The list at `dotted`; 0 when absent; an error when it is no list. */
guint spot_length(const struct spot *s, const char *dotted);
/* TRUE when the value is an object or absent; an error otherwise. */
gboolean spot_is_object(const struct spot *s, const char *dotted);
struct spot spot_item(const struct spot *s, const char *dotted, guint i);
/* `message`: "what is wrong; what to do". dotted "" means the spot itself. */
void spot_error(const struct spot *s, const char *dotted, const char *message, ...) G_GNUC_PRINTF(3, 4);
/* "file:line: resource 'x' (path)": the first half of every message. Caller frees. */
char *spot_place(const struct spot *s, const char *dotted);
void spot_warning(const struct spot *s, const char *dotted, const char *message, ...) G_GNUC_PRINTF(3, 4);
void spot_unmodelled(const struct spot *s, const char *dotted, const char *why);
void spot_recorded(const struct spot *s, const char *dotted, const char *why); /* in the graph, not enforced yet */
/* The object at `dotted` as a spot of its own; it must be there. */
struct spot spot_below(const struct spot *s, const char *dotted);
/* The same for a noun: as if at the place that declares it. */
struct spot noun_spot(struct build *b, const struct noun *n);
char *noun_where(const struct noun *n); /* "'name' (file:line)" for the second half of a message */

/* read.c: typed properties */
#define REQUIRED (-1)
const char *read_text(const struct spot *s, const char *dotted, gboolean required);
guint read_number(const struct spot *s, const char *dotted, guint min, guint max, gint64 fallback); /* REQUIRED */
gboolean read_flag(const struct spot *s, const char *dotted, gboolean fallback);
/* Index in `names` (NULL ends it), ignoring case. Fallback REQUIRED: an error when absent. On a fault 0. */
guint read_choice(const struct spot *s, const char *dotted, const char *const names[], int fallback);

void read_names(const struct spot *s, const char *dotted,
                GPtrArray *list); /* appends a copy of each string of a list */

/* read_address.c */
gboolean read_address(const struct spot *s, const char *dotted, guint32 *address); /* FALSE when absent or faulty */
gboolean read_address6(const struct spot *s, const char *dotted, struct ip6 *address);
gboolean read_any_address(const struct spot *s, const char *dotted, guint32 *address, struct ip6 *address6,
                          gboolean *v6);
/* Appends the prefix to the list of its family when it can be a network's or a subnet's. */
void read_network_prefix(const struct spot *s, const char *dotted, GArray *list, GArray *list6);
/* Appends the addresses of a list of DNS servers, each as its one text. */
void read_servers(const struct spot *s, const char *dotted, GPtrArray *list);

/* reference.c */
/*
 * The noun that the object at `dotted` names by its "id" ("" for an item of a list). NULL when it is absent (an error
 * if required) or faulty: not of the kind, of another subscription, declared nowhere.
 */
gpointer follow(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required);
/* The id that stands there, of the kind, whoever declares it and in whatever subscription. NULL as above. */
const char *reference_id(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required);
/* The same two where the id stands as a text of its own, not in { "id": ... }. Absent, or only known to a real deployment:
 * NULL, and an error only when it is absent and required. */
const char *reference_text(const struct spot *s, const char *dotted, const struct kind *kind, gboolean required);
gpointer follow_text(const struct spot *s, const char *dotted, const struct kind *kind);
gboolean reference_is_abroad(const struct spot *s, const char *id); /* of another subscription than the document */
gpointer reference_noun(const struct build *b, const char *id);     /* NULL when no document declares it */
/* The noun that a child document (".../parent/name") belongs to. NULL and an error when it is declared nowhere. */
gpointer follow_parent(const struct spot *s, const struct kind *kind);
/* The type part of an id in lower case; NULL when it is no resource id. Caller frees. */
char *reference_type(const char *id);
/* The id of the whole resource that this id names a part of, or itself. Caller frees. */
char *reference_top(const char *id);

/* noun.c */
/* Fills in a noun for a spot and makes it known by its id. */
void noun_declare(struct noun *n, const struct spot *s, const char *id);
void noun_clear(struct noun *n);
/* TRUE for one that is only taken to exist: it has what its referrers need, and what else it has nobody knows. */
gboolean noun_is_assumed(const struct noun *n);
/* An error when the name is longer, or has characters that the original refuses in names of networks and their parts. */
void noun_check_name(const struct noun *n, const struct spot *s, guint max);
gint noun_compare(gconstpointer a,
                  gconstpointer b); /* elements of a GPtrArray of nouns' owners: by id, ignoring case */
/* id of a nested resource that is an item of a list: "<document id>/collection/<name>". NULL and an error without a
 * usable name. Caller frees. */
char *nested_id(const struct spot *item, const char *collection);
/* The same below another id than the document's. */
char *nested_id_in(const char *parent, const struct spot *item, const char *collection);
/* TRUE when a document of its own declares this id: it wins over the nested form. */
gboolean has_document(const struct build *b, const char *id);
/* The same for one of a parent's list, with a warning when the two differ: its own document is the whole of it. */
gboolean has_own_document(const struct spot *item, const char *id);
/* Adds each item of a list that has no document of its own: `add` gets the parent, the item and its id. */
void read_children(const struct spot *s, const char *list, const char *collection,
                   void (*add)(gpointer parent, const struct spot *item, const char *id), gpointer parent);
void sort_prefixes(GArray *prefixes); /* by address, then length: of any two that overlap, the larger comes first */

/* types.c, unmodelled.c */
enum treatment {
	IRRELEVANT,       /* says nothing about the network */
	ENFORCED,         /* in the graph, and compiled */
	RECORDED,         /* in the graph and validated, not compiled yet: listed as such */
	RECORDED_OFF,     /* the same, listed when it is false, which is what asks for something */
	RECORDED_PART,    /* the same, listed where another property asks for the whole of it */
	NOT_MODELLED,     /* listed, unless it asks for nothing: null, false, "", empty */
	NOT_MODELLED_OFF, /* listed when it is false, which is what asks for something */
};
struct known {
	const char *path; /* "properties.subnets[].properties.routeTable": with all below it */
	enum treatment treatment;
	const char *why;     /* when it is listed */
	const char *nothing; /* a value that asks for nothing as well, in any case: what leaving it out would mean */
};
#define WHY_ENDPOINTS "private endpoints and services are not modelled"
#define WHY_DDOS      "DDoS protection has no data plane yet"
#define WHY_NAMES     "public names are not served: use the address"
#define WHY_IP_TAGS   "IP tags say how the real cloud reaches an address: they change nothing here"
#define WHY_IDLE      "idle timeouts are the same for all flows: this value is not applied"
#define KNOWN_RULE(p)                                                                                                  \
	{p "protocol", ENFORCED}, {p "access", ENFORCED}, {p "direction", ENFORCED}, {p "priority", ENFORCED},         \
	        {p "sourceAddressPrefix", ENFORCED}, {p "sourceAddressPrefixes", ENFORCED},                            \
	        {p "destinationAddressPrefix", ENFORCED}, {p "destinationAddressPrefixes", ENFORCED},                  \
	        {p "sourcePortRange", ENFORCED}, {p "sourcePortRanges", ENFORCED},                                     \
	        {p "destinationPortRange", ENFORCED}, {p "destinationPortRanges", ENFORCED},                           \
	        {p "sourceApplicationSecurityGroups", ENFORCED}, {p "destinationApplicationSecurityGroups", ENFORCED}, \
	        {p "description", IRRELEVANT},                                                                         \
	{                                                                                                              \
		p "provisioningState", IRRELEVANT                                                                      \
	}
/*
 * Every property that we know of a type, in the file of its noun; a NULL path ends the list. A property that is not
 * there is listed as not modelled: that is how a new API version's property, or a misspelt one, comes to light.
 */
extern const struct known network_known[], subnet_known[], security_group_known[], rule_known[], app_group_known[],
        public_address_known[], nic_known[], load_balancer_known[], pool_known[], nat_rule_known[], frontend_known[],
        probe_known[], lb_rule_known[], nat_pool_known[], outbound_rule_known[], vm_known[], scale_set_known[],
        availability_set_known[];
/* types.c: every type of resource that has a noun. Parents before children, so that a child finds its parent. */
struct resource_type {
	const char *type; /* lower case */
	void (*declare)(struct build *b, const struct document *d);
	const struct known *known;
};
extern const struct resource_type resource_types[]; /* ended by a NULL type */
/* The list for a type (lower case); NULL: the type itself is not modelled. */
const struct known *known_properties(const char *type);
extern const struct known known_everywhere[]; /* what every resource may have */
/* Lists everything in the document that nothing here enforces. */
void list_unmodelled(struct build *b, const struct document *d);
void unmodelled_free(struct unmodelled *u);

/* One file per noun. *_declare for a document of that type, *_link and *_check for the noun. */
void security_group_declare(struct build *b, const struct document *d);
void rule_declare(struct build *b, const struct document *d);
void security_group_link(struct build *b, struct security_group *g);
void security_group_check(struct build *b, struct security_group *g);
void security_group_free(struct security_group *g);
/* rule.c */
struct rule *rule_new(const struct spot *s, const char *id, const struct security_group *g);
void rule_link(struct build *b, struct rule *r);
void rule_check(struct build *b, struct rule *r); /* after all links: what a side comes to */
void rule_free(struct rule *r);
void rules_add_defaults(struct security_group *g);
/* rule_side.c */
struct side_names {
	const char *side; /* "source" */
	const char *address, *addresses, *groups, *port, *ports;
};
void rule_side_read(struct rule_side *side, const struct spot *s, const struct side_names *names);
void rule_side_link(struct rule_side *side, const struct spot *s, const struct side_names *names);
void rule_side_init(struct rule_side *side);
void rule_side_clear(struct rule_side *side);
enum tag tag_find(const char *text); /* tag.c: TAG_NONE when it is none */

void app_group_declare(struct build *b, const struct document *d);
void app_group_check(struct build *b, struct app_group *g);
void app_group_free(struct app_group *g);
