/* SPDX-License-Identifier: Apache-2.0 */
/* Deployments: what is refused changes nothing; what a host refuses is undone; what is in force stays. */
#include "lib/paths.h"
#include "tests/unit/controller/support.h"
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect_error(struct fleet *f, const char *request, const char *says)
{
	g_autoptr(node) n = fleet_ask(f, request);
	g_autofree char *text = n ? node_print(n, FALSE) : g_strdup("(nothing)");
	if (!node_get_str(n, "error", NULL) || !strstr(text, says))
		g_error("expected an error with '%s', got %s", says, text);
}

static struct node *expect_ok(struct fleet *f, const char *request)
{
	struct node *n = fleet_ask(f, request);
	if (!node_truth(node_get(n, "ok"), FALSE))
		g_error("expected ok, got %s", n ? node_print(n, FALSE) : "nothing");
	return n;
}

static void invalid(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	fleet_until_settled(f);
	gint64 before = fleet_modified(f, "/run/tables/0"), allocated = fleet_modified(f, "/doc/alloc");
	expect_error(f, "", "");
	expect_error(f, "{", "");
	expect_error(f, "[]", "unknown request");
	expect_error(f, "{\"op\":\"shutdown\"}", "unknown request");
	expect_error(f, "{\"op\":\"deploy\"}", "subscription");
	expect_error(f, "{\"op\":\"deploy\",\"subscription\":\"s\",\"group\":\"g\"}", "documents");
	expect_error(f, "{\"op\":\"deploy\",\"subscription\":\"s\",\"group\":\"g\",\"documents\":[{}]}", "resource id");
	expect_error(f, "{\"op\":\"deploy\",\"subscription\":\"s\",\"group\":\"g\",\"mode\":\"x\",\"documents\":[]}",
	             "mode");
	expect_error(f,
	             "{\"op\":\"deploy\",\"subscription\":\"s\",\"group\":\"g\",\"live_flows\":\"x\",\"documents\":[]}",
	             "live_flows");
	g_autofree char *twice = fleet_deploy("g", "a,A", NULL);
	expect_error(f, twice, "declared twice");
	g_autofree char *broken = fleet_deploy("g", "a,b!", NULL);
	expect_error(f, broken, "test.json:7");
	g_autofree char *tap = fleet_deploy("g", "a", ",\"settings\":{\"taps\":[\"/subscriptions/s/none\"]}");
	expect_error(f, tap, "there is no VM");
	g_autofree char *endless = g_strnfill((64u << 20) + (1u << 20), ' ');
	expect_error(f, endless, "longer than");
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 0);
	g_assert_cmpint(fleet_modified(f, "/run/tables/0"), ==, before);
	g_assert_cmpint(fleet_modified(f, "/doc/alloc"), ==, allocated);
	fleet_free(f);
}

/* Nobody but root and the controller's own uid, even when the file's mode would let him in. */
static void strangers(void)
{
	if (getuid()) {
		g_test_skip("needs root to be somebody else");
		return;
	}
	struct fleet *f = fleet_new(10);
	struct stat st;
	fleet_start(f);
	fleet_until_settled(f);
	g_assert_cmpint(stat(f->control_socket, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 0777, ==, 0600);
	chmod(f->control_socket, 0666);
	chmod(f->directory, 0755);
	pid_t child = fork();
	if (!child) {
		if (setgid(65534) || setuid(65534))
			_exit(3);
		g_autoptr(node) n = fleet_answer(f, fleet_send(f, "{\"op\":\"status\"}"));
		_exit(n ? 1 : 0);
	}
	int status;
	waitpid(child, &status, 0);
	g_assert_cmpint(status, ==, 0);
	node_unref(expect_ok(f, "{\"op\":\"status\"}"));
	fleet_free(f);
}

/* As this uid: may it read the first key, and write the second? */
static void try_as(const char *socket, uid_t uid, const char *reads, const char *writes)
{
	g_autofree char *address = g_strconcat("unix:", socket, NULL);
	g_autoptr(GBytes) value = g_bytes_new_static("{}", 2);
	GError *error = NULL;
	if (setgid(uid) || setuid(uid))
		_exit(9);
	struct store *s = store_open(address, NULL);
	if (!s)
		_exit(8);
	store_entry_free(store_get(s, reads, &error));
	int code = error ? 0 : 1;
	g_clear_error(&error);
	code |= store_put(s, writes, value, NULL) ? 2 : 0;
	_exit(code);
}

static int may(struct fleet *f, uid_t uid, const char *reads, const char *writes)
{
	int status;
	pid_t child = fork();
	if (!child)
		try_as(f->store_socket, uid, reads, writes);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* An agent has its own tables to read and its own acknowledgement to write; the documents are nobody's of theirs. */
static void grants(void)
{
	if (getuid()) {
		g_test_skip("needs root to be somebody else");
		return;
	}
	struct fleet *f = fleet_new(10);
	f->usual_grants = TRUE;
	fleet_start(f);
	chmod(f->directory, 0755);
	const uid_t zero = UID_AGENT(0), one = UID_AGENT(1);
	g_assert_cmpint(may(f, zero, "/doc/alloc", "/doc/alloc"), ==, 0);
	g_assert_cmpint(may(f, zero, "/run/tables/1", "/run/ack/1"), ==, 0);
	g_assert_cmpint(may(f, zero, "/run/tables/10", "/run/tables/0"), ==, 0);
	g_assert_cmpint(may(f, one, "/run/tables/0", "/run/ack/0"), ==, 0);
	g_assert_cmpint(may(f, UID_ECHO, "/run/tables/0", "/run/ack/0"), ==, 0);
	g_assert_cmpint(may(f, 65534, "/doc/alloc", "/run/ack/0"), ==, 0);
	g_assert_cmpint(may(f, zero, "/run/tables/0", "/run/ack/0"), ==, 3);
	g_assert_cmpint(may(f, one, "/run/tables/1", "/run/ack/1"), ==, 3);
	fleet_free(f);
}

static void deployed(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	fleet_until_settled(f);
	g_autofree char *request = fleet_deploy("g", "a,b,c", NULL);
	g_autofree char *dry = fleet_deploy("g", "a,b,c", ",\"dry_run\":true");
	g_autoptr(node) before = expect_ok(f, dry);
	g_assert_cmpuint(node_length(node_get(before, "added")), ==, 7);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 0);
	g_autoptr(node) n = expect_ok(f, request);
	g_assert_cmpuint(node_length(node_get(n, "added")), ==, 7);
	g_assert_cmpuint(node_length(node_get(n, "changed")) + node_length(node_get(n, "removed")), ==, 0);
	g_assert_cmpuint(f->progress->len, >=, 2);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 7);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	g_autoptr(node) s = expect_ok(f, "{\"op\":\"status\"}");
	const struct node *ports = node_get(s, "ports");
	g_assert_cmpuint(node_length(ports), ==, 3);
	for (guint i = 0; i < 3; i++) {
		g_assert_true(node_truth(node_get(node_item(ports, i), "enforced"), FALSE));
		g_assert_false(node_truth(node_get(node_item(ports, i), "tap"), TRUE));
		g_assert_cmpuint(node_length(node_get(node_item(ports, i), "addresses")), ==, 1);
	}
	g_assert_cmpint(node_integer(node_get(s, "documents"), 0), ==, 7);
	/* The same again changes nothing, and no host hears of it. */
	gint64 written[HOSTS] = {fleet_modified(f, "/run/tables/0"), fleet_modified(f, "/run/tables/1")};
	g_autoptr(node) again = expect_ok(f, request);
	g_assert_cmpuint(node_length(node_get(again, "added")) + node_length(node_get(again, "changed")), ==, 0);
	g_assert_cmpint(fleet_modified(f, "/run/tables/0"), ==, written[0]);
	g_assert_cmpint(fleet_modified(f, "/run/tables/1"), ==, written[1]);
	/* Incremental keeps what it does not name, complete removes it; another group is not touched. */
	g_autofree char *other = fleet_deploy("h", "d", NULL), *fewer = fleet_deploy("G", "a", NULL);
	g_autofree char *complete = fleet_deploy("G", "a", ",\"mode\":\"complete\"");
	node_unref(expect_ok(f, other));
	g_autoptr(node) kept = expect_ok(f, fewer);
	g_assert_cmpuint(node_length(node_get(kept, "removed")), ==, 0);
	g_autoptr(node) gone = expect_ok(f, complete);
	g_assert_cmpuint(node_length(node_get(gone, "removed")), ==, 4);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 6);
	fleet_free(f);
}

#define GROUP "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n"

/* A security group without properties, with an empty list, or a rule of it, deployed by itself. */
static struct node *put_group(struct fleet *f, const char *name, const char *type, const char *properties)
{
	g_autofree char *request = g_strdup_printf(
	        "{\"op\":\"deploy\",\"subscription\":\"s\",\"group\":\"g\",\"documents\":[{\"id\":\"%s%s\","
	        "\"resource\":"
	        "{\"type\":\"Microsoft.Network/%s\",\"name\":\"n%s\",\"location\":\"l\",\"properties\":%s}}]}",
	        GROUP, *name ? name : "", type, *name ? "/r" : "", properties);

	return expect_ok(f, request);
}

/* As in ARM: a parent put with its list replaces children that were deployed by themselves; put without, keeps them. */
static void children(void)
{
	static const char RULE[] =
	        "{\"priority\":100,\"access\":\"Allow\",\"direction\":\"Inbound\",\"protocol\":\"*\","
	        "\"sourceAddressPrefix\":\"*\",\"sourcePortRange\":\"*\","
	        "\"destinationAddressPrefix\":\"*\",\"destinationPortRange\":\"80\"}";
	static const char KIND[] = "networkSecurityGroups", CHILD[] = "networkSecurityGroups/securityRules";
	struct fleet *f = fleet_new(10);

	fleet_start(f);
	fleet_until_settled(f);
	node_unref(put_group(f, "", KIND, "{}"));
	node_unref(put_group(f, "/securityRules/R", CHILD, RULE));
	g_autoptr(node) kept = put_group(f, "", KIND, "{\"x\":1}");
	g_assert_cmpuint(node_length(node_get(kept, "removed")), ==, 0);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 2);
	g_autoptr(node) gone = put_group(f, "", KIND, "{\"securityRules\":[]}");
	g_assert_cmpuint(node_length(node_get(gone, "removed")), ==, 1);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 1);
	fleet_free(f);
}

static void taps(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	const char *more = ",\"settings\":{\"taps\":[\"/subscriptions/S/resourceGroups/g/providers/"
	                   "Microsoft.Compute/virtualMachines/B\"]}";
	g_autofree char *with = fleet_deploy("g", "a,b", more), *without = fleet_deploy("g", "a,b,c", NULL);
	node_unref(expect_ok(f, with));
	node_unref(expect_ok(f, without));
	g_autoptr(node) s = expect_ok(f, "{\"op\":\"status\"}");
	for (guint i = 0; i < 3; i++) {
		const struct node *p = node_item(node_get(s, "ports"), i);
		gboolean b = g_str_has_suffix(node_get_str(p, "vm", ""), "/b");
		g_assert_cmpint(node_truth(node_get(p, "tap"), !b), ==, b);
	}
	g_autofree char *gone = fleet_deploy("g", "a", ",\"mode\":\"complete\"");
	node_unref(expect_ok(f, gone));
	g_autofree char *settings = fleet_value(f, "/doc/settings");
	g_assert_cmpstr(settings, ==, "{\"taps\":[]}");
	fleet_free(f);
}

/* Documents, allocations and tables are those of before, byte for byte; and the fleet works on. */
static void undone(struct fleet *f, const char *request, const char *says)
{
	g_autofree char *allocated = fleet_value(f, "/doc/alloc"), *one = g_strdup(f->agents[0].hash),
	                *two = g_strdup(f->agents[1].hash);
	guint documents = fleet_count(f, "/doc/subscriptions/");
	expect_error(f, request, says);
	g_autofree char *alloc_now = fleet_value(f, "/doc/alloc");
	g_assert_cmpstr(alloc_now, ==, allocated);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, documents);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	g_assert_cmpstr(f->agents[0].hash, ==, one);
	g_assert_cmpstr(f->agents[1].hash, ==, two);
}

static void refused(void)
{
	struct fleet *f = fleet_new(2);
	fleet_start(f);
	g_autofree char *first = fleet_deploy("g", "a", NULL), *second = fleet_deploy("g", "a,b,c", NULL);
	node_unref(expect_ok(f, first));
	node_unref(expect_ok(f, second));
	g_autofree char *back = fleet_deploy("g", "a", ",\"mode\":\"complete\"");
	node_unref(expect_ok(f, back));
	f->agents[1].only = g_strdup(f->agents[1].hash);
	undone(f, second, "host 1 refused its tables: no room for it");
	fleet_until_settled(f);
	/* What a host cannot read it cannot name either: refused at once, not when the time is out. */
	f->agents[1].unreadable = TRUE;
	gint64 begun = g_get_monotonic_time();
	undone(f, second, "host 1 refused its tables: no room for it");
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 1500000);
	f->agents[1].unreadable = FALSE;
	fleet_until_settled(f);
	/* A yes to something else is no yes. */
	g_clear_pointer(&f->agents[1].only, g_free);
	f->agents[1].lies = TRUE;
	expect_error(f, second, "no acknowledgement within 2 s from host 1");
	f->agents[1].lies = FALSE;
	node_unref(expect_ok(f, back));
	fleet_until_settled(f);
	/* Nobody answers: the same after the time is out, and the answer says that going back was not heard either. */
	fleet_manner(f, SILENT);
	int waiting = fleet_send(f, second);
	g_usleep(300000);
	expect_error(f, first, "another deployment is running");
	/* What they said about the tables of before is gone with these. */
	g_assert_cmpuint(fleet_count(f, "/run/ack/"), ==, 0);
	g_autoptr(node) s = expect_ok(f, "{\"op\":\"status\"}");
	g_assert_true(node_truth(node_get(s, "deploying"), FALSE));
	g_autoptr(node) late = fleet_answer(f, waiting);
	g_autofree char *text = node_print(late, FALSE);
	g_assert_nonnull(strstr(text, "no acknowledgement within 2 s"));
	g_assert_nonnull(strstr(text, "after going back: no acknowledgement"));
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 3);
	/* One that is heard undoes it for good. */
	fleet_manner(f, AGREE);
	node_unref(expect_ok(f, second));
	fleet_free(f);
}

/* The record of a deployment that nobody carries on with (a disk was full when it was to be undone): the next one
 * undoes it first, and only then does what it was asked. */
static void unsettled(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	g_autofree char *one = fleet_deploy("g", "a", NULL), *two = fleet_deploy("h", "b", NULL);
	node_unref(expect_ok(f, one));
	g_autofree char *allocated = fleet_value(f, "/doc/alloc");
	g_autofree char *pending =
	        g_strdup_printf("{\"before\":{\"/doc/settings\":null,\"/doc/alloc\":%s}}", allocated);
	g_autoptr(GBytes) bytes = g_bytes_new(pending, strlen(pending)), taps = g_bytes_new_static("{\"taps\":[]}", 11);
	g_assert_cmpint(store_put(f->agents[0].store, "/doc/pending", bytes, NULL), >, 0);
	g_assert_cmpint(store_put(f->agents[0].store, "/doc/settings", taps, NULL), >, 0);
	node_unref(expect_ok(f, two));
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	g_assert_cmpuint(fleet_count(f, "/doc/settings"), ==, 0);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 6);
	fleet_free(f);
}

/* A client that goes away does not stop what it asked for. */
static void impatient(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	fleet_until_settled(f);
	g_autofree char *request = fleet_deploy("g", "a", NULL);
	fleet_manner(f, SILENT);
	close(fleet_send(f, request));
	g_usleep(300000);
	fleet_manner(f, AGREE);
	fleet_until_settled(f);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 3);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	fleet_free(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/controller/deploy/invalid", invalid);
	g_test_add_func("/controller/deploy/strangers", strangers);
	g_test_add_func("/controller/deploy/grants", grants);
	g_test_add_func("/controller/deploy/deployed", deployed);
	g_test_add_func("/controller/deploy/children", children);
	g_test_add_func("/controller/deploy/taps", taps);
	g_test_add_func("/controller/deploy/refused", refused);
	g_test_add_func("/controller/deploy/unsettled", unsettled);
	g_test_add_func("/controller/deploy/impatient", impatient);
	return g_test_run();
}
