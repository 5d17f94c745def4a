/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escarp vm create: a machine without a template, as the documents that one would have: deployed like any other.
 *
 * Management endpoints are what the portal of old gave a machine that was made there: remote desktop and remote PowerShell on
 * public ports that nobody can guess, so that whoever knocks at the usual ones finds nothing.
 */
#include "cli/commands.h"
#include "cli/deploy.h"
#include "cli/live.h"
#include "cli/report.h"
#include "cli/source.h"
#include "lib/document.h"

#include <string.h>
#include <sys/random.h>

#define NETWORK    "Microsoft.Network/"
#define VM         "Microsoft.Compute/virtualMachines"
#define API        "2020-11-01"
#define PORT_FIRST 49152u /* 49152-65535: fourteen bits, so each port is as likely as any */
#define PORT_BITS  0x3fffu

static const struct {
	const char *name;
	guint port;
} management[] = {{"rdp", 3389}, {"powershell", 5986}};

struct creation {
	const char *name, *subscription, *group;
	char *network, *subnet; /* NULL: one of its own */
	char *network_group;
	gboolean managed;
	guint ports[G_N_ELEMENTS(management)];
	struct node *documents;
};

static gboolean draw_ports(struct creation *c, GError **error)
{
	for (guint k = 0; k < G_N_ELEMENTS(management); k++) {
		guint16 bits;

		do {
			if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits)) {
				g_set_error(error, CLI_ERROR, CLI_USAGE, "the kernel has no random numbers");
				return FALSE;
			}
			c->ports[k] = PORT_FIRST + (bits & PORT_BITS);
		} while (k > 0 && c->ports[k] == c->ports[0]);
	}
	return TRUE;
}

/* --- documents --- */

static char *id_of(const struct creation *c, const char *type, const char *suffix)
{
	g_autofree char *name = g_strconcat(c->name, suffix, NULL);

	return document_make_id(c->subscription, c->group, type, name);
}

static struct node *reference(const char *id)
{
	struct node *n = node_object();

	node_set(n, "id", node_string(id));
	return n;
}

/* One that goes when what refers to it is deleted. */
static struct node *companion(const char *id)
{
	struct node *n = reference(id), *properties = node_object();

	node_set(properties, "deleteOption", node_string("Delete"));
	node_set(n, "properties", properties);
	return n;
}

static struct node *named(const char *name, struct node *properties)
{
	struct node *n = node_object();

	node_set(n, "name", node_string(name));
	node_set(n, "properties", properties);
	return n;
}

static struct node *list_of(struct node *item)
{
	struct node *n = node_array();

	node_append(n, item);
	return n;
}

/* Takes the properties. `made_for`: an id, or NULL. */
static void add(struct creation *c, const char *type, const char *suffix, const char *made_for, struct node *properties)
{
	g_autofree char *id = id_of(c, type, suffix);
	struct node *d = node_object(), *resource = node_object();

	node_set(resource, "type", node_string(type));
	node_set(resource, "apiVersion", node_string(API));
	node_set(resource, "name", node_stringf("%s%s", c->name, suffix));
	if (made_for) {
		struct node *tags = node_object();

		node_set(tags, "escarp-made-for", node_string(made_for));
		node_set(resource, "tags", tags);
	}
	node_set(resource, "properties", properties);
	node_set(d, "id", node_string(id));
	node_set(d, "resource", resource);
	node_set(d, "line", node_int(0));
	node_append(c->documents, d);
}

static void add_network(struct creation *c)
{
	struct node *properties = node_object(), *space = node_object(), *subnet = node_object();

	node_set(space, "addressPrefixes", list_of(node_string("10.0.0.0/16")));
	node_set(subnet, "addressPrefix", node_string("10.0.0.0/24"));
	node_set(properties, "addressSpace", space);
	node_set(properties, "subnets", list_of(named("default", subnet)));
	add(c, NETWORK "virtualNetworks", "-net", NULL, properties);
}

static void add_endpoints(struct creation *c, const char *vm)
{
	g_autofree char *address = id_of(c, NETWORK "publicIPAddresses", "-ip");
	g_autofree char *front = id_of(c, NETWORK "loadBalancers/frontendIPConfigurations", "-lb/front");
	struct node *ip = node_object(), *lb = node_object(), *f = node_object(), *rules = node_array();

	node_set(ip, "publicIPAllocationMethod", node_string("Dynamic"));
	add(c, NETWORK "publicIPAddresses", "-ip", vm, ip);
	node_set(f, "publicIPAddress", reference(address));
	for (guint k = 0; k < G_N_ELEMENTS(management); k++) {
		g_autofree char *name = g_strdup_printf("%s-%s", c->name, management[k].name);
		struct node *r = node_object();

		node_set(r, "frontendIPConfiguration", reference(front));
		node_set(r, "protocol", node_string("Tcp"));
		node_set(r, "frontendPort", node_int(c->ports[k]));
		node_set(r, "backendPort", node_int(management[k].port));
		node_append(rules, named(name, r));
	}
	node_set(lb, "frontendIPConfigurations", list_of(named("front", f)));
	node_set(lb, "inboundNatRules", rules);
	add(c, NETWORK "loadBalancers", "-lb", vm, lb);
}

static char *subnet_id(const struct creation *c)
{
	g_autofree char *full = NULL;

	if (!c->subnet)
		return id_of(c, NETWORK "virtualNetworks/subnets", "-net/default");
	full = g_strdup_printf("%s/%s", c->network, c->subnet);
	return document_make_id(c->subscription, c->network_group, NETWORK "virtualNetworks/subnets", full);
}

static void add_card(struct creation *c)
{
	g_autofree char *subnet = subnet_id(c);
	struct node *properties = node_object(), *config = node_object(), *rules = node_array();

	node_set(config, "subnet", reference(subnet));
	for (guint k = 0; c->managed && k < G_N_ELEMENTS(management); k++) {
		g_autofree char *suffix = g_strdup_printf("-lb/%s-%s", c->name, management[k].name);
		g_autofree char *rule = id_of(c, NETWORK "loadBalancers/inboundNatRules", suffix);

		node_append(rules, reference(rule));
	}
	node_set(config, "loadBalancerInboundNatRules", rules);
	node_set(properties, "ipConfigurations", list_of(named("one", config)));
	add(c, NETWORK "networkInterfaces", "-nic", NULL, properties);
}

static void add_machine(struct creation *c)
{
	g_autofree char *nic = id_of(c, NETWORK "networkInterfaces", "-nic");
	struct node *properties = node_object(), *profile = node_object();

	node_set(profile, "networkInterfaces", list_of(companion(nic)));
	node_set(properties, "networkProfile", profile);
	add(c, VM, "", NULL, properties);
}

/* --- where it goes --- */

/* "network/subnet", or "group/network/subnet" */
static gboolean take_subnet(struct creation *c, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", -1);
	guint n = g_strv_length(parts);

	if (n < 2 || n > 3 || !*parts[0] || !*parts[1] || !*parts[n - 1]) {
		g_set_error(error, CLI_ERROR, CLI_USAGE,
		            "--subnet '%.80s': must be NETWORK/SUBNET or GROUP/NETWORK/SUBNET", text);
		return FALSE;
	}
	c->network_group = g_strdup(n == 3 ? parts[0] : c->group);
	c->network = g_strdup(parts[n - 2]);
	c->subnet = g_strdup(parts[n - 1]);
	return TRUE;
}

static gboolean is_there(const struct live *l, const char *id)
{
	g_autofree char *key = g_ascii_strdown(id, -1);

	return g_hash_table_contains(l->graph->by_id, key);
}

/*
 * The documents that are to be deployed: a network of its own that was left by an earlier machine of the name serves again, as it
 * is. Nothing else is made over. NULL and error then; caller unrefs.
 */
static struct node *to_deploy(const struct creation *c, const struct live *l, GError **error)
{
	g_autofree char *network = id_of(c, NETWORK "virtualNetworks", "-net");
	struct node *list = node_array();

	for (guint i = 0; i < node_length(c->documents); i++) {
		const char *id = node_get_str(node_item(c->documents, i), "id", "");

		if (!is_there(l, id)) {
			node_append(list, node_ref(node_item(c->documents, i)));
		} else if (strcmp(id, network) != 0) {
			g_set_error(error, CLI_ERROR, CLI_USAGE,
			            "%s exists already; choose another name, or delete it first", id);
			node_unref(list);
			return NULL;
		}
	}
	return list;
}

/* --- what came of it --- */

static void create_text(const struct node *data, GString *out)
{
	const struct node *endpoints = node_get(data, "endpoints");
	g_autofree char *addresses = report_join(node_find(data, "machine.addresses"));

	g_string_append_printf(out, "%s is running at %s.\n", node_get_str(data, "name", "?"), addresses);
	for (guint k = 0; k < node_length(endpoints); k++) {
		const struct node *e = node_item(endpoints, k);

		g_string_append_printf(out, "  %s: %s port %d leads to port %d\n", node_get_str(e, "name", "?"),
		                       node_get_str(e, "address", "-"), (int)node_integer(node_get(e, "port"), 0),
		                       (int)node_integer(node_get(e, "local_port"), 0));
	}
}

static int show(const struct invocation *i, const struct creation *c)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(node) status = live_status(i->lab, &error), data = node_object();
	g_autofree char *vm = id_of(c, VM, ""), *lb = id_of(c, NETWORK "loadBalancers", "-lb");
	g_autofree char *below = g_strconcat(lb, "/", NULL);
	const struct node *machines = node_get(status, "machines"), *all = node_get(status, "endpoints");
	struct node *endpoints = node_array();

	if (!status)
		return report_error(EXIT_FAILED, "vm create: %s", error->message);
	node_set(data, "name", node_string(c->name));
	node_set(data, "id", node_string(vm));
	for (guint k = 0; k < node_length(machines); k++)
		if (strcmp(node_get_str(node_item(machines, k), "id", ""), vm) == 0)
			node_set(data, "machine", node_ref(node_item(machines, k)));
	for (guint k = 0; k < node_length(all); k++)
		if (g_str_has_prefix(node_get_str(node_item(all, k), "id", ""), below))
			node_append(endpoints, node_ref(node_item(all, k)));
	node_set(data, "endpoints", endpoints);
	return report_show(&(struct report){data, create_text}, i) ? EXIT_OK : EXIT_FAILED;
}

/* Takes the documents. */
static struct node *request(const struct creation *c, struct node *documents)
{
	struct node *n = node_object();

	node_set(n, "op", node_string("deploy"));
	node_set(n, "subscription", node_string(c->subscription));
	node_set(n, "group", node_string(c->group));
	node_set(n, "documents", documents);
	return n;
}

static gboolean prepare(struct creation *c, const struct invocation *i, GError **error)
{
	const char *subnet = option_text(i, "subnet", NULL);
	g_autofree char *vm = id_of(c, VM, "");

	if (!source_check_name("INSTANCE", c->name, error) || !source_check_name("--group", c->group, error) ||
	    !source_check_name("--subscription", c->subscription, error))
		return FALSE;
	if ((subnet && !take_subnet(c, subnet, error)) || (c->managed && !draw_ports(c, error)))
		return FALSE;
	add_machine(c);
	add_card(c);
	if (c->managed)
		add_endpoints(c, vm);
	if (!subnet)
		add_network(c);
	return TRUE;
}

static int create(struct creation *c, const struct invocation *i)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(live) l = NULL;
	g_autoptr(node) done = NULL;
	struct node *documents;

	if (!prepare(c, i, &error))
		return report_error(EXIT_BAD_INPUT, "vm create: %s", error->message);
	l = live_open(i->lab, &error);
	if (!l)
		return report_error(EXIT_FAILED, "vm create: %s", error->message);
	documents = to_deploy(c, l, &error);
	if (!documents)
		return report_error(EXIT_BAD_INPUT, "vm create: %s", error->message);
	done = deploy_send(i, request(c, documents), &error);
	return done ? show(i, c) : report_error(EXIT_FAILED, "vm create: %s", error->message);
}

int cmd_vm_create(const struct invocation *i)
{
	struct creation c = {.name = g_ptr_array_index(i->arguments, 0),
	                     .subscription = option_text(i, "subscription", "default"),
	                     .managed = option_given(i, "management-endpoints"),
	                     .documents = node_array()};
	int code;

	c.group = option_text(i, "group", c.name);
	code = create(&c, i);
	node_unref(c.documents);
	g_free(c.network);
	g_free(c.subnet);
	g_free(c.network_group);
	return code;
}
