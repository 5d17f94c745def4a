/* SPDX-License-Identifier: Apache-2.0 */
/* A machine that moves: the host that is left first, its word checked, the others then; undone when a host refuses. */
#include "controller/controller.h"
#include "lib/paths.h"
#include "tests/unit/controller/support.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct node *move(struct fleet *f, const char *name, const char *host)
{
	g_autofree char *request = g_strdup_printf(
	        "{\"op\":\"life\",\"action\":\"vm move\",\"name\":\"%s\",\"other\":\"%s\"}", name, host);
	return fleet_ask(f, request);
}

static void refuse(struct fleet *f, const char *name, const char *host, const char *says)
{
	g_autoptr(node) n = move(f, name, host);
	g_autofree char *text = n ? node_print(n, FALSE) : g_strdup("(nothing)");
	if (!node_get_str(n, "error", NULL) || !strstr(text, says))
		g_error("expected an error with '%s', got %s", says, text);
}

/* The warnings in one line; the caller's. */
static char *moves(struct fleet *f, const char *name, const char *host)
{
	g_autoptr(node) n = move(f, name, host);
	g_autofree char *text = n ? node_print(n, FALSE) : g_strdup("(nothing)");
	if (!node_truth(node_get(n, "ok"), FALSE))
		g_error("move %s to %s: %s", name, host, text);
	return node_print(node_get(n, "warnings"), FALSE);
}

/* Host of a machine; -1: it has none. */
static gint host_of(struct fleet *f, const char *label)
{
	g_autoptr(node) n = fleet_ask(f, "{\"op\":\"status\"}");
	const struct node *list = node_get(n, "machines");
	for (guint i = 0; i < node_length(list); i++)
		if (!strcmp(node_get_str(node_item(list, i), "label", ""), label))
			return (gint)node_integer(node_get(node_item(list, i), "host"), -1);
	return -1;
}

static struct fleet *fleet_with(const char *vms)
{
	struct fleet *f = fleet_new(10);
	g_autofree char *request = fleet_deploy("g", vms, NULL);
	fleet_start(f);
	g_autoptr(node) n = fleet_ask(f, request);
	g_assert_true(node_truth(node_get(n, "ok"), FALSE));
	return f;
}

/* --- what the host says that is left --- */

static struct fleet *watched; /* by honest() */
static guint seen_by_other;

static struct moved *report(const struct moved *word, guint64 revision, gboolean arrives, const char *label)
{
	struct moved *m = moved_new(revision, arrives);
	struct esc_moved flow = {.key = {.proto = 6, .sport = 4711}};
	for (guint i = 0; i < word->labels->len; i++)
		g_ptr_array_add(m->labels, g_strdup(label ? label : g_ptr_array_index(word->labels, i)));
	g_array_append_val(m->flows, flow);
	return m;
}

static GBytes *serialized(struct moved *m)
{
	GBytes *bytes = moved_serialize(m);
	moved_free(m);
	return bytes;
}

static GBytes *honest(const struct moved *word)
{
	g_assert_cmpuint(word->labels->len, ==, 1);
	g_assert_cmpstr(g_ptr_array_index(word->labels, 0), ==, "a");
	g_assert_cmpuint(word->flows->len + word->flows6->len, ==, 0);
	seen_by_other = watched->agents[1].seen; /* nobody else has been asked yet */
	return serialized(report(word, word->revision, FALSE, NULL));
}

static GBytes *of_another(const struct moved *word)
{
	return serialized(report(word, word->revision, FALSE, "b"));
}

static GBytes *of_another_time(const struct moved *word)
{
	return serialized(report(word, word->revision - 1, FALSE, NULL));
}

static GBytes *as_if_it_took(const struct moved *word)
{
	return serialized(report(word, word->revision, TRUE, NULL));
}

static GBytes *noise(const struct moved *word)
{
	(void)word;
	return g_bytes_new_static("ESCMOVE1 and so on", 18);
}

static void carried(void)
{
	struct fleet *f = watched = fleet_with("a,b");
	guint before = f->agents[1].seen;
	f->agents[0].tells = honest;
	g_autofree char *warnings = moves(f, "a", "1");
	g_assert_cmpstr(warnings, ==, "[]");
	g_assert_cmpuint(seen_by_other, ==, before);
	g_assert_cmpint(host_of(f, "a"), ==, 1);
	g_assert_nonnull(f->agents[1].word);
	g_assert_true(f->agents[1].word->arrives);
	g_assert_cmpuint(f->agents[1].word->flows->len, ==, 1);
	g_assert_cmpuint(g_array_index(f->agents[1].word->flows, struct esc_moved, 0).key.sport, ==, 4711);
	/* The next change has no word about it. */
	g_autofree char *request = fleet_deploy("g", "a,b,c,d", NULL);
	g_autoptr(node) n = fleet_ask(f, request);
	g_assert_true(node_truth(node_get(n, "ok"), FALSE));
	g_assert_null(f->agents[1].word);
	fleet_free(f);
}

/* It moves all the same, says so, and nothing of that reaches the other host. */
static void not_believed(void)
{
	static const struct {
		GBytes *(*tells)(const struct moved *word);
		const char *says;
	} liars[] = {{NULL, "did not say"},
	             {of_another, "other ports"},
	             {of_another_time, "other ports"},
	             {as_if_it_took, "other ports"},
	             {noise, "none of ours"}};
	for (guint i = 0; i < G_N_ELEMENTS(liars); i++) {
		struct fleet *f = fleet_with("a,b");
		f->agents[0].tells = liars[i].tells;
		g_autofree char *warnings = moves(f, "a", "1");
		if (!strstr(warnings, "did not come along") || !strstr(warnings, liars[i].says))
			g_error("expected a warning with '%s', got %s", liars[i].says, warnings);
		g_assert_cmpint(host_of(f, "a"), ==, 1);
		g_assert_null(f->agents[1].word);
		fleet_free(f);
	}
}

static void nonsense(void)
{
	struct fleet *f = fleet_with("a,b");
	gint64 allocated = fleet_modified(f, "/doc/alloc");
	guint seen = f->agents[0].seen;
	refuse(f, "a", "", "is no host");
	refuse(f, "a", "2", "is no host");
	refuse(f, "a", "-1", "is no host");
	refuse(f, "a", "1x", "is no host");
	refuse(f, "x", "1", "no virtual machine is named 'x'");
	g_assert_cmpint(fleet_modified(f, "/doc/alloc"), ==, allocated);
	g_autofree char *same = moves(f, "a", "0");
	g_assert_cmpuint(f->agents[0].seen, ==, seen);
	g_autoptr(node) off = fleet_ask(f, "{\"op\":\"life\",\"action\":\"vm stop\",\"name\":\"a\"}");
	g_assert_true(node_truth(node_get(off, "ok"), FALSE));
	refuse(f, "a", "1", "only a machine that runs");
	fleet_free(f);
}

static void tapped(void)
{
	static const char tap[] = ",\"settings\":{\"taps\":[\"/subscriptions/s/resourceGroups/g/providers/"
	                          "Microsoft.Compute/virtualMachines/a\"]}";
	struct fleet *f = fleet_new(10);
	g_autofree char *request = fleet_deploy("g", "a,b", tap);
	fleet_start(f);
	g_autoptr(node) n = fleet_ask(f, request);
	g_assert_true(node_truth(node_get(n, "ok"), FALSE));
	refuse(f, "a", "1", "tap");
	g_assert_cmpint(host_of(f, "a"), ==, 0);
	fleet_free(f);
}

/* Either host may refuse: then all is as before, and who was not asked yet never is. */
static void undone(void)
{
	for (guint refuser = 0; refuser < HOSTS; refuser++) {
		struct fleet *f = fleet_with("a,b");
		g_autofree char *before = fleet_value(f, "/doc/alloc");
		guint seen = f->agents[1].seen;
		f->agents[refuser].only = g_strdup(f->agents[refuser].hash);
		refuse(f, "a", "1", "refused");
		g_autofree char *after = fleet_value(f, "/doc/alloc");
		g_assert_cmpstr(after, ==, before);
		g_assert_cmpint(host_of(f, "a"), ==, 0);
		g_assert_cmpuint(fleet_count(f, "/doc/pending"), ==, 0);
		if (!refuser)
			g_assert_cmpuint(f->agents[1].seen, ==, seen);
		fleet_free(f);
	}
}

/* Killed while the host that is left has not answered: the next controller brings the machine there. */
static void carried_on(void)
{
	struct fleet *f = fleet_with("a,b");
	fleet_manner(f, SILENT);
	int fd = fleet_send(f, "{\"op\":\"life\",\"action\":\"vm move\",\"name\":\"a\",\"other\":\"1\"}");
	for (guint i = 0; i < 1000 && !fleet_count(f, "/doc/pending"); i++)
		g_usleep(2000);
	fleet_stop(f, SIGKILL);
	close(fd);
	fleet_manner(f, AGREE);
	fleet_start(f);
	fleet_until_settled(f);
	g_assert_cmpint(host_of(f, "a"), ==, 1);
	fleet_free(f);
}

/* Who was there keeps place and number. */
static void others_stay(void)
{
	struct fleet *f = fleet_with("a,b,c,d");
	g_autofree char *text = fleet_value(f, "/doc/alloc");
	g_autofree char *warnings = moves(f, "a", "1");
	g_autofree char *text_after = fleet_value(f, "/doc/alloc");
	g_autoptr(node) before = node_parse(text, strlen(text), "before", NULL);
	g_autoptr(node) after = node_parse(text_after, strlen(text_after), "after", NULL);
	const struct node *was = node_get(before, "ports"), *is = node_get(after, "ports");
	guint same = 0, there[8] = {0};
	for (guint i = 0; i < node_length(was); i++) {
		const struct node *now = node_get(is, node_name(was, i));
		g_autofree char *x = node_print(node_value(was, i), FALSE), *y = node_print(now, FALSE);
		same += !strcmp(x, y);
		g_assert_cmpstr(node_get_str(node_value(was, i), "mac", ""), ==, node_get_str(now, "mac", "?"));
		if (node_integer(node_get(now, "host"), -1) == 1)
			there[node_integer(node_get(now, "number"), 0) % 8]++;
	}
	g_assert_cmpuint(same, ==, 3);
	for (guint n = 0; n < 8; n++)
		g_assert_cmpuint(there[n], <=, 1);
	fleet_free(f);
}

/* Of the store, an agent and a prober get what is their host's, and no more. */
static void grants(void)
{
	static const struct {
		const char *kind;
		gboolean prober, write;
	} want[] = {{"tables", FALSE, FALSE}, {"move", FALSE, FALSE},  {"ack", FALSE, TRUE},
	            {"moved", FALSE, TRUE},   {"tables", TRUE, FALSE}, {"health", TRUE, TRUE}};
	GArray *all = controller_grants(HOSTS);
	guint found = 0;
	for (guint host = 0; host < HOSTS; host++) {
		for (guint w = 0; w < G_N_ELEMENTS(want); w++) {
			g_autofree char *key = g_strdup_printf("/run/%s/%u", want[w].kind, host);
			uid_t uid = want[w].prober ? UID_PROBER(host) : UID_AGENT(host);
			for (guint i = 0; i < all->len; i++) {
				const struct store_grant *g = &g_array_index(all, struct store_grant, i);
				found += g->uid == uid && !strcmp(g->prefix, key) && g->write == want[w].write;
			}
		}
	}
	g_assert_cmpuint(found, ==, HOSTS * G_N_ELEMENTS(want));
	g_assert_cmpuint(all->len, ==, 2 + found); /* beside root and the controller nobody has anything else */
	for (guint i = 2; i < all->len; i++)
		g_free((char *)g_array_index(all, struct store_grant, i).prefix);
	g_array_unref(all);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/move/carried", carried);
	g_test_add_func("/move/not-believed", not_believed);
	g_test_add_func("/move/nonsense", nonsense);
	g_test_add_func("/move/tapped", tapped);
	g_test_add_func("/move/undone", undone);
	g_test_add_func("/move/carried-on", carried_on);
	g_test_add_func("/move/others-stay", others_stay);
	g_test_add_func("/move/grants", grants);
	return g_test_run();
}
