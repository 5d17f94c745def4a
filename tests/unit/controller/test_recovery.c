/* SPDX-License-Identifier: Apache-2.0 */
/* What a killed controller leaves: /run is made anew, and a deployment that nobody was told of is finished or undone.
 */
#include "tests/unit/controller/support.h"
#include "store/sqlite-internal.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void deploy(struct fleet *f, const char *vms)
{
	g_autofree char *request = fleet_deploy("g", vms, NULL);
	g_autoptr(node) n = fleet_ask(f, request);
	g_assert_true(node_truth(node_get(n, "ok"), FALSE));
}

/* Committed, published, and killed before any host has answered. */
static struct fleet *left_half_way(guint ack_seconds)
{
	struct fleet *f = fleet_new(ack_seconds);
	fleet_start(f);
	deploy(f, "a");
	fleet_manner(f, SILENT);
	g_autofree char *request = fleet_deploy("g", "a,b", ",\"live_flows\":\"keep\"");
	int fd = fleet_send(f, request);
	for (guint i = 0; i < 1000 && !fleet_count(f, "/doc/pending"); i++)
		g_usleep(2000);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 1);
	fleet_stop(f, SIGKILL);
	close(fd);
	return f;
}

static void confirmed(void)
{
	struct fleet *f = left_half_way(10);
	fleet_manner(f, AGREE);
	fleet_start(f);
	fleet_until_settled(f);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 5);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	/* What was to be kept is kept, whoever publishes it. */
	g_assert_cmpint(f->agents[0].live, ==, LIVE_KEEP);
	g_assert_cmpint(f->agents[1].live, ==, LIVE_KEEP);
	deploy(f, "a,b,c");
	fleet_free(f);
}

static void undone(struct fleet *f)
{
	fleet_until_settled(f);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 3);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	g_assert_cmpint(f->agents[0].live, ==, LIVE_REEVALUATE); /* the way back keeps nothing of the refused */
	deploy(f, "a,b,c");
	fleet_free(f);
}

static void refused(void)
{
	struct fleet *f = left_half_way(10);
	/* Its agents say no once, to what they find; yes to what follows. */
	fleet_start(f);
	f->agents[0].refuses = g_strdup(f->agents[0].hash);
	fleet_stop(f, SIGKILL);
	fleet_manner(f, AGREE);
	fleet_start(f);
	undone(f);
}

static void silent(void)
{
	struct fleet *f = left_half_way(1);
	fleet_start(f);
	for (guint i = 0; i < 1000 && fleet_count(f, "/doc/pending"); i++)
		g_usleep(5000);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	g_assert_cmpuint(fleet_count(f, "/doc/subscriptions/"), ==, 3);
	fleet_manner(f, AGREE);
	/* Back on their feet, the agents read what is there. */
	fleet_stop(f, SIGKILL);
	fleet_start(f);
	undone(f);
}

/* Acknowledgements of before the crash say nothing; tables come back from the documents when /run is lost. */
static void run_lost(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	deploy(f, "a,b");
	g_autofree char *hash = g_strdup(f->agents[1].hash), *allocated = fleet_value(f, "/doc/alloc");
	fleet_stop(f, SIGKILL);
	g_autofree char *address = g_strconcat("sqlite:", f->file, NULL);
	struct store *s = store_open(address, NULL);
	struct store_txn *t = store_txn_new();
	g_autoptr(GBytes) junk = g_bytes_new_static("junk", 4);
	store_txn_delete(t, "/run/tables/0");
	store_txn_put(t, "/run/tables/1", junk);
	store_txn_put(t, "/run/tables/9", junk);
	g_assert_cmpint(store_txn_commit(s, t, NULL), >, 0);
	store_close(s);
	fleet_manner(f, SILENT);
	fleet_start(f);
	g_autoptr(node) n = fleet_ask(f, "{\"op\":\"status\"}");
	for (guint host = 0; host < HOSTS; host++)
		g_assert_false(node_truth(node_get(node_item(node_get(n, "hosts"), host), "acked"), TRUE));
	for (guint i = 0; i < node_length(node_get(n, "ports")); i++)
		g_assert_false(node_truth(node_get(node_item(node_get(n, "ports"), i), "enforced"), TRUE));
	g_assert_cmpstr(f->agents[1].hash, ==, hash);
	g_assert_cmpuint(fleet_count(f, "/run/tables/"), ==, HOSTS);
	g_assert_cmpuint(fleet_count(f, "/run/ack/"), ==, 0);
	g_autofree char *alloc_now = fleet_value(f, "/doc/alloc");
	g_assert_cmpstr(alloc_now, ==, allocated);
	fleet_stop(f, SIGKILL);
	fleet_manner(f, AGREE);
	fleet_start(f);
	fleet_until_settled(f);
	fleet_free(f);
}

/* Stored documents that make no network: the controller starts, says so, leaves the hosts alone, and can be mended. */
static void trouble(void)
{
	struct fleet *f = fleet_new(10);
	fleet_start(f);
	deploy(f, "a");
	g_autofree char *hash = g_strdup(f->agents[0].hash);
	const char *net = "/doc/subscriptions/s/resourcegroups/g/providers/microsoft.network/virtualnetworks/net";
	g_assert_cmpint(fleet_modified(f, net), >, 0);
	struct store_txn *t = store_txn_new();
	store_txn_delete(t, net);
	g_assert_cmpint(store_txn_commit(f->agents[0].store, t, NULL), >, 0);
	fleet_stop(f, SIGKILL);
	fleet_manner(f, SILENT);
	fleet_start(f);
	/* Nobody has said anything to this controller yet. */
	g_assert_cmpuint(fleet_count(f, "/run/ack/"), ==, 0);
	fleet_manner(f, AGREE);
	g_autoptr(node) n = fleet_ask(f, "{\"op\":\"status\"}");
	g_assert_nonnull(strstr(node_get_str(n, "trouble", ""), "do not compile"));
	g_assert_cmpstr(f->agents[0].hash, ==, hash);
	deploy(f, "a,b");
	g_autoptr(node) mended = fleet_ask(f, "{\"op\":\"status\"}");
	g_assert_cmpint(node_get(mended, "trouble")->type, ==, NODE_NULL);
	fleet_free(f);
}

/* Killed at any moment of a stream of deployments: what was answered with ok is there, and nothing is there by half. */
static void killed_anywhere(void)
{
	struct fleet *f = fleet_new(10);
	const char *vms = "a,b,c,d,e,f,g,h";
	guint acknowledged = 0;
	for (guint round = 0; round < 8; round++) {
		fleet_start(f);
		gint64 until = g_get_monotonic_time() + g_random_int_range(5000, 150000);
		for (guint n = acknowledged + 1; n <= 8; n++) {
			g_autofree char *some = g_strndup(vms, n * 2 - 1), *request = fleet_deploy("g", some, NULL);
			g_autoptr(node) answer = NULL;
			if (g_get_monotonic_time() > until)
				break;
			int fd = fleet_send(f, request);
			if (g_random_int_range(0, 3) == 0) {
				g_usleep((gulong)g_random_int_range(0, 20000));
				close(fd);
				break;
			}
			answer = fleet_answer(f, fd);
			if (node_truth(node_get(answer, "ok"), FALSE))
				acknowledged = n;
		}
		fleet_stop(f, SIGKILL);
	}
	fleet_start(f);
	fleet_until_settled(f);
	guint documents = fleet_count(f, "/doc/subscriptions/");
	g_test_message("%u acknowledged, %u documents", acknowledged, documents);
	g_assert_cmpuint(documents, >=, acknowledged ? 1 + 2 * acknowledged : 0);
	g_assert_true(documents == 0 || documents % 2 == 1);
	g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
	fleet_free(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/controller/recovery/confirmed", confirmed);
	g_test_add_func("/controller/recovery/refused", refused);
	g_test_add_func("/controller/recovery/silent", silent);
	g_test_add_func("/controller/recovery/run-lost", run_lost);
	g_test_add_func("/controller/recovery/trouble", trouble);
	g_test_add_func("/controller/recovery/killed-anywhere", killed_anywhere);
	return g_test_run();
}
