/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to what is deployed: whole or not at all, remembered, and carried on by the next controller. */
#include "tests/unit/controller/support.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct node *act(struct fleet *f, const char *action, const char *name, const char *other)
{
	g_autofree char *request =
	        g_strdup_printf("{\"op\":\"life\",\"action\":\"%s\",\"name\":\"%s\",\"other\":\"%s\"}", action, name,
	                        other ? other : "");
	return fleet_ask(f, request);
}

static void refuse(struct fleet *f, const char *action, const char *name, const char *says)
{
	g_autoptr(node) n = act(f, action, name, NULL);
	g_autofree char *text = n ? node_print(n, FALSE) : g_strdup("(nothing)");
	if (!node_get_str(n, "error", NULL) || !strstr(text, says))
		g_error("expected an error with '%s', got %s", says, text);
}

static void expect(struct fleet *f, const char *action, const char *name, const char *was, const char *state)
{
	g_autoptr(node) n = act(f, action, name, NULL);
	g_autofree char *text = n ? node_print(n, FALSE) : g_strdup("(nothing)");
	if (!node_truth(node_get(n, "ok"), FALSE))
		g_error("%s %s: %s", action, name, text);
	g_assert_cmpstr(node_get_str(n, "was", NULL), ==, was);
	g_assert_cmpstr(node_get_str(n, "state", NULL), ==, state);
}

static void deploy(struct fleet *f, const char *group, const char *vms, const char *more)
{
	g_autofree char *request = fleet_deploy(group, vms, more);
	g_autoptr(node) n = fleet_ask(f, request);
	g_assert_true(node_truth(node_get(n, "ok"), FALSE));
}

/* "state host" of a machine; host "-": none. Caller frees. */
static char *machine(struct fleet *f, const char *label)
{
	g_autoptr(node) n = fleet_ask(f, "{\"op\":\"status\"}");
	const struct node *list = node_get(n, "machines");
	for (guint i = 0; i < node_length(list); i++) {
		const struct node *m = node_item(list, i);
		gint64 host = node_integer(node_get(m, "host"), -1);
		if (strcmp(node_get_str(m, "label", ""), label))
			continue;
		return host < 0 ? g_strdup_printf("%s -", node_get_str(m, "state", "?"))
		                : g_strdup_printf("%s %d", node_get_str(m, "state", "?"), (int)host);
	}
	return g_strdup("none");
}

static void is(struct fleet *f, const char *label, const char *want)
{
	g_autofree char *got = machine(f, label);
	g_assert_cmpstr(got, ==, want);
}

static guint ports(struct fleet *f)
{
	g_autoptr(node) n = fleet_ask(f, "{\"op\":\"status\"}");
	return node_length(node_get(n, "ports"));
}

static struct fleet *fleet_with(const char *vms)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	deploy(f, "g", vms, NULL);
	return f;
}

static void nonsense(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	fleet_until_settled(f);
	gint64 allocated = fleet_modified(f, "/doc/alloc");
	refuse(f, "vm stop", "", "must be given");
	refuse(f, "vm stop", "a", "no virtual machine is named 'a'");
	refuse(f, "vm", "a", "no action");
	refuse(f, "vm explode", "a", "no action");
	refuse(f, "start stop", "a", "no action");
	refuse(f, "deployment delete", "g", "no deployment is named 'g'");
	refuse(f, "endpoint disable", "rdp", "no endpoint is named 'rdp'");
	g_autoptr(node) mode =
	        fleet_ask(f, "{\"op\":\"life\",\"action\":\"vm stop\",\"name\":\"a\",\"live_flows\":\"x\"}");
	g_assert_nonnull(strstr(node_get_str(mode, "error", ""), "live_flows"));
	g_assert_cmpint(fleet_modified(f, "/doc/alloc"), ==, allocated);
	g_assert_cmpuint(fleet_count(f, "/doc/life"), ==, 0);
	fleet_free(f);
}

static void states(void)
{
	struct fleet *f = fleet_with("a,b");
	is(f, "a", "running 0");
	expect(f, "vm stop", "a", "running", "stopped");
	is(f, "a", "stopped 0");
	g_assert_cmpuint(ports(f), ==, 1);
	expect(f, "vm stop", "A", "stopped", "stopped");
	refuse(f, "vm repair", "a", "only a machine that runs");
	expect(f, "vm deallocate", "a", "stopped", "deallocated");
	expect(f, "vm stop", "a", "deallocated", "deallocated");
	is(f, "a", "deallocated -");
	/* Another deployment, and another controller, leave it at that. */
	deploy(f, "g", "a,b,c", NULL);
	is(f, "a", "deallocated -");
	fleet_stop(f, SIGKILL);
	fleet_start(f);
	fleet_until_settled(f);
	is(f, "a", "deallocated -");
	g_assert_cmpuint(ports(f), ==, 2);
	expect(f, "vm start", "a", "deallocated", "running");
	expect(f, "vm start", "a", "running", "running");
	g_assert_cmpuint(ports(f), ==, 3);
	fleet_free(f);
}

/* Who is deleted and declared again is somebody new, and runs. */
static void forgotten(void)
{
	struct fleet *f = fleet_with("a,b");
	expect(f, "vm stop", "a", "running", "stopped");
	expect(f, "vm stop", "b", "running", "stopped");
	deploy(f, "g", "b", ",\"mode\":\"complete\"");
	is(f, "a", "none");
	deploy(f, "g", "a,b", NULL);
	is(f, "a", "running 0");
	is(f, "b", "stopped 1");
	expect(f, "vm delete", "b", NULL, "deleted");
	is(f, "b", "none");
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 4); /* its interface stays */
	expect(f, "deployment delete", "G", NULL, "deleted");
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 0);
	fleet_free(f);
}

/* A host that does not want it: everything is as before, and so it is said. */
static void undone(void)
{
	struct fleet *f = fleet_with("a,b");
	g_autofree char *allocated = fleet_value(f, "/doc/alloc");
	f->agents[0].only = g_strdup(f->agents[0].hash);
	refuse(f, "vm deallocate", "a", "host 0 refused");
	is(f, "a", "running 0");
	g_autofree char *after = fleet_value(f, "/doc/alloc");
	g_assert_cmpstr(after, ==, allocated);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	g_assert_cmpuint(fleet_count(f, "/doc/life"), ==, 0);
	fleet_free(f);
}

static void repaired(void)
{
	struct fleet *f = fleet_with("a,b");
	is(f, "a", "running 0");
	guint seen = f->agents[1].seen;
	expect(f, "vm repair", "a", "running", "running");
	is(f, "a", "running 1");
	g_assert_cmpuint(f->agents[1].seen, >, seen);
	fleet_free(f);
}

/* Killed when the machine had left its host and was not on the other yet: the next controller brings it there. */
static void repair_carried_on(void)
{
	struct fleet *f = fleet_with("a,b");
	fleet_manner(f, SILENT);
	int fd = fleet_send(f, "{\"op\":\"life\",\"action\":\"vm repair\",\"name\":\"a\"}");
	for (guint i = 0; i < 1000 && !fleet_count(f, "/doc/pending"); i++)
		g_usleep(2000);
	fleet_stop(f, SIGKILL);
	close(fd);
	fleet_manner(f, AGREE);
	fleet_start(f);
	for (guint i = 0; i < 2000; i++) {
		g_autofree char *now = machine(f, "a");
		if (!strcmp(now, "running 1"))
			break;
		g_usleep(2000);
	}
	fleet_until_settled(f);
	is(f, "a", "running 1");
	fleet_free(f);
}

/* The same between the halves: the first one is confirmed, and of the second there is nothing yet. */
static void repair_found(void)
{
	static const char life[] = "{\"machines\":{\"/subscriptions/s/resourcegroups/g/providers/microsoft.compute/"
	                           "virtualmachines/a\":\"repairing\"}}";
	struct fleet *f = fleet_with("a,b");
	g_autoptr(GBytes) bytes = g_bytes_new_static(life, strlen(life));
	struct store_txn *t = store_txn_new();
	store_txn_put(t, "/doc/life", bytes);
	g_assert_cmpint(store_txn_commit(f->agents[0].store, t, NULL), >, 0);
	fleet_stop(f, SIGKILL);
	fleet_start(f);
	for (guint i = 0; i < 2000; i++) {
		g_autofree char *now = machine(f, "a");
		if (!strcmp(now, "running 1"))
			break;
		g_usleep(2000);
	}
	fleet_until_settled(f);
	is(f, "a", "running 1");
	fleet_free(f);
}

/* A deployment with one public front end, whose address has this name and is of the kind that `method` says. */
static struct node *ask_front(struct fleet *f, const char *group, const char *name, const char *method,
                              const char *more)
{
	g_autofree char *base =
	        g_strdup_printf("/subscriptions/s/resourceGroups/%s/providers/Microsoft.Network/", group);
	g_autofree char *request = g_strdup_printf(
	        "{\"op\":\"deploy\",\"subscription\":\"s\",\"group\":\"%s\"%s,\"documents\":["
	        "{\"id\":\"%spublicIPAddresses/%s\",\"resource\":{\"type\":\"Microsoft.Network/publicIPAddresses\","
	        "\"name\":\"%s\",\"properties\":{\"publicIPAllocationMethod\":\"%s\"}},\"line\":1},"
	        "{\"id\":\"%sloadBalancers/lb\",\"resource\":{\"type\":\"Microsoft.Network/loadBalancers\","
	        "\"name\":\"lb\",\"properties\":{\"frontendIPConfigurations\":[{\"name\":\"f\",\"properties\":{"
	        "\"publicIPAddress\":{\"id\":\"%spublicIPAddresses/%s\"}}}]}},\"line\":2}]}",
	        group, more, base, name, name, method, base, base, name);
	return fleet_ask(f, request);
}

static void deploy_front(struct fleet *f, const char *group, const char *method)
{
	g_autoptr(node) n = ask_front(f, group, "ip", method, "");
	g_autofree char *text = n ? node_print(n, FALSE) : g_strdup("(nothing)");
	if (!node_truth(node_get(n, "ok"), FALSE))
		g_error("deploy: %s", text);
}

static char *front(struct fleet *f, guint k)
{
	g_autoptr(node) n = fleet_ask(f, "{\"op\":\"status\"}");
	return g_strdup(node_get_str(node_item(node_get(n, "front_ends"), k), "address", "?"));
}

static void swapped(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	deploy_front(f, "one", "Dynamic");
	deploy_front(f, "two", "Dynamic");
	deploy_front(f, "three", "Static");
	/* In order of id: one, three, two. */
	g_autofree char *one = front(f, 0), *three = front(f, 1), *two = front(f, 2);
	refuse(f, "deployment swap", "one", "name the other one");
	g_autoptr(node) same = act(f, "deployment swap", "one", "one"),
	                kinds = act(f, "deployment swap", "one", "three");
	g_assert_nonnull(strstr(node_get_str(same, "error", ""), "the same deployment"));
	g_assert_nonnull(strstr(node_get_str(kinds, "error", ""), "reserved (static)"));
	g_autoptr(node) done = act(f, "deployment swap", "one", "two");
	g_assert_true(node_truth(node_get(done, "ok"), FALSE));
	g_autofree char *one_now = front(f, 0), *three_now = front(f, 1), *two_now = front(f, 2);
	g_assert_cmpstr(one_now, ==, two);
	g_assert_cmpstr(two_now, ==, one);
	g_assert_cmpstr(three_now, ==, three);
	g_assert_cmpuint(node_length(node_get(done, "released")), ==, 0);
	/* Deploying again, and deleting with and without what is reserved. */
	deploy_front(f, "one", "Dynamic");
	g_autofree char *kept = front(f, 0);
	g_assert_cmpstr(kept, ==, two);
	g_autoptr(node) gone = act(f, "deployment delete", "one", NULL),
	                stays = act(f, "deployment delete", "three", NULL);
	g_assert_cmpstr(node_get_str(node_item(node_get(gone, "released"), 0), "address", ""), ==, two);
	g_assert_cmpuint(node_length(node_get(stays, "kept")), ==, 1);
	g_autoptr(node) all =
	        fleet_ask(f, "{\"op\":\"life\",\"action\":\"deployment delete\",\"name\":\"three\",\"release\":true}");
	g_assert_cmpstr(node_get_str(node_item(node_get(all, "released"), 0), "address", ""), ==, three);
	fleet_free(f);
}

/* The address stays where the front end does, also when it gets another name and becomes a reserved one. */
static void upgraded(void)
{
	static const char upgrade[] = ",\"upgrade\":true,\"mode\":\"complete\"";
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	g_autoptr(node) nothing = ask_front(f, "one", "ip", "Dynamic", upgrade);
	g_assert_nonnull(strstr(node_get_str(nothing, "error", ""), "no deployment one to upgrade"));
	deploy_front(f, "zero", "Dynamic");
	deploy_front(f, "one", "Dynamic");
	g_autofree char *before = front(f, 0);
	g_autoptr(node) named = ask_front(f, "one", "reserved", "Static", upgrade);
	g_autofree char *after = front(f, 0);
	g_assert_true(node_truth(node_get(named, "ok"), FALSE));
	g_assert_cmpuint(node_length(node_get(named, "removed")), ==, 1);
	g_assert_cmpuint(node_length(node_get(named, "released")), ==, 0);
	g_assert_cmpstr(after, ==, before);
	/* Without, the other name is another address. */
	g_autoptr(node) other = ask_front(f, "one", "third", "Static", ",\"mode\":\"complete\"");
	g_autofree char *then = front(f, 0);
	g_assert_cmpuint(node_length(node_get(other, "released")), ==, 1);
	g_assert_cmpstr(then, !=, before);
	fleet_free(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/controller/life/nonsense", nonsense);
	g_test_add_func("/controller/life/states", states);
	g_test_add_func("/controller/life/forgotten", forgotten);
	g_test_add_func("/controller/life/undone", undone);
	g_test_add_func("/controller/life/repaired", repaired);
	g_test_add_func("/controller/life/repair-carried-on", repair_carried_on);
	g_test_add_func("/controller/life/repair-found", repair_found);
	g_test_add_func("/controller/life/swapped", swapped);
	g_test_add_func("/controller/life/upgraded", upgraded);
	return g_test_run();
}
