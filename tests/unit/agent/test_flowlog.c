/* SPDX-License-Identifier: Apache-2.0 */
/* Flow logs: the format byte by byte, files that are whole whenever they are read, and what is told of flows. */
#include "agent/flowlog.h"
#include "agent/flowlog_file.h"
#include "agent/flowlog_pending.h"
#include "agent/flowlog_track.h"
#include "lib/node.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define GROUP "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/web"

static const guint8 mac[6] = {0x02, 0xe5, 0, 0, 0, 0x1a};

static struct flowlog_tuple tuple(enum flowlog_state state)
{
	return (struct flowlog_tuple){1542110379, "10.5.16.4", "203.0.113.115", 44931, 443,  IPPROTO_TCP, FALSE, TRUE,
	                              state,      30,          16978,           24,    14008};
}

/* As the published examples have them. */
static void test_tuples(void)
{
	struct flowlog_tuple t = tuple(FLOWLOG_GOES_ON);
	g_autofree char *goes_on = flowlog_tuple_text(&t, 2), *old = flowlog_tuple_text(&t, 1), *begin, *denied;

	g_assert_cmpstr(goes_on, ==, "1542110379,10.5.16.4,203.0.113.115,44931,443,T,O,A,C,30,16978,24,14008");
	g_assert_cmpstr(old, ==, "1542110379,10.5.16.4,203.0.113.115,44931,443,T,O,A");
	t.state = FLOWLOG_BEGIN;
	begin = flowlog_tuple_text(&t, 2);
	g_assert_cmpstr(begin, ==, "1542110379,10.5.16.4,203.0.113.115,44931,443,T,O,A,B,,,,");
	t.allowed = FALSE;
	t.inbound = TRUE;
	t.protocol = IPPROTO_UDP;
	denied = flowlog_tuple_text(&t, 2);
	g_assert_cmpstr(denied, ==, "1542110379,10.5.16.4,203.0.113.115,44931,443,U,I,D,B,,,,");
}

static void test_names(void)
{
	g_autofree char *user = flowlog_rule(GROUP "/securityRules/AllowWeb");
	g_autofree char *fallback = flowlog_rule(GROUP "/defaultSecurityRules/DenyAllInBound");
	g_autofree char *group = flowlog_group(GROUP "/defaultSecurityRules/DenyAllInBound");
	g_autofree char *path = flowlog_path(GROUP, mac, 1542110402);
	g_autofree char *one = flowlog_system_id(GROUP), *same = flowlog_system_id(GROUP);

	g_assert_cmpstr(user, ==, "UserRule_AllowWeb");
	g_assert_cmpstr(fallback, ==, "DefaultRule_DenyAllInBound");
	g_assert_cmpstr(group, ==, GROUP);
	g_assert_null(flowlog_group("/subscriptions/s"));
	g_assert_null(flowlog_rule("/subscriptions/s"));
	g_assert_cmpstr(
	        path, ==,
	        "resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB/"
	        "y=2018/m=11/d=13/h=12/m=00/macAddress=02E50000001A/PT1H.json");
	g_assert_cmpstr(one, ==, same);
	g_assert_cmpuint(strlen(one), ==, 36);
}

/* No id leads out of the directory. */
static void test_hostile_path(void)
{
	g_autofree char *path = flowlog_path("/subscriptions/../../etc/./x\n\\y/...", mac, 0);
	g_auto(GStrv) segments = g_strsplit(path, "/", -1);

	for (guint i = 0; segments[i]; i++) {
		g_assert_cmpstr(segments[i], !=, "");
		g_assert_false(strspn(segments[i], ".") == strlen(segments[i]));
		g_assert_null(strpbrk(segments[i], "\n\\"));
	}
}

static char *make_directory(void)
{
	char *path = g_dir_make_tmp("flowlog-XXXXXX", NULL);

	g_assert_nonnull(path);
	return path;
}

static void remove_directory(const char *path)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", path);

	g_assert_cmpint(system(command), ==, 0);
}

static struct node *read_log(const char *directory, const char *path)
{
	g_autofree char *file = g_build_filename(directory, path, NULL);
	g_autoptr(GError) error = NULL;
	struct node *n = node_parse_file(file, &error);

	g_assert_no_error(error);
	return n;
}

static void on_written(guint port, guint tuples, const GError *error, gpointer user)
{
	guint *written = user;

	g_assert_cmpuint(port, ==, 7);
	g_assert_no_error(error);
	*written += tuples;
}

static void add(struct flowlog_pending *p, const char *rule, const char *text)
{
	flowlog_pending_add(p, g_strdup(GROUP), g_strdup(rule), g_strdup(text), 7, mac, 2);
}

static void test_files(void)
{
	g_autofree char *directory = make_directory(), *path = flowlog_path(GROUP, mac, 1542110402);
	g_autofree char *file = g_build_filename(directory, path, NULL), *parent = g_path_get_dirname(file);
	struct flowlog_pending *p = flowlog_pending_new();
	g_autoptr(node) log = NULL;
	const struct node *records, *flows;
	struct stat st;
	guint written = 0;

	for (guint minute = 0; minute < 3; minute++) {
		add(p, "UserRule_a", "1");
		add(p, "DefaultRule_b", "2");
		add(p, "UserRule_a", "3");
		flowlog_pending_write(p, directory, (gint64)(1542110402 + minute) * G_USEC_PER_SEC + 389926, on_written,
		                      &written);
	}
	flowlog_pending_free(p);
	g_assert_cmpuint(written, ==, 9);
	log = read_log(directory, path);
	records = node_get(log, "records");
	g_assert_cmpuint(node_length(records), ==, 3);
	g_assert_cmpstr(node_get_str(node_item(records, 0), "time", ""), ==, "2018-11-13T12:00:02.3899260Z");
	g_assert_cmpstr(node_get_str(node_item(records, 0), "macAddress", ""), ==, "02E50000001A");
	g_assert_cmpstr(node_get_str(node_item(records, 0), "category", ""), ==, "NetworkSecurityGroupFlowEvent");
	g_assert_cmpstr(node_get_str(node_item(records, 0), "operationName", ""), ==, "NetworkSecurityGroupFlowEvents");
	g_assert_cmpint(node_integer(node_find(node_item(records, 0), "properties.Version"), 0), ==, 2);
	flows = node_find(node_item(records, 0), "properties.flows");
	g_assert_cmpuint(node_length(flows), ==, 2);
	g_assert_cmpuint(node_length(node_get(node_item(node_get(node_item(flows, 0), "flows"), 0), "flowTuples")), ==,
	                 2);
	g_assert_cmpint(stat(file, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0640);
	g_assert_cmpint(stat(parent, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0750);
	remove_directory(directory);
}

/* What is not whole is put aside, never continued; a link is not followed. */
static void test_broken(void)
{
	g_autofree char *directory = make_directory(), *file = g_build_filename(directory, "x.json", NULL);
	g_autofree char *victim = g_build_filename(directory, "victim", NULL), *text = NULL;
	g_autofree char *fresh = g_strconcat(file, ".new", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(node) log = NULL;

	g_assert_true(g_file_set_contents(file, "{\"records\":[{\"a\":", -1, NULL));
	g_assert_true(flowlog_append(directory, "x.json", "{\"b\":1}", &error));
	log = read_log(directory, "x.json");
	g_assert_cmpuint(node_length(node_get(log, "records")), ==, 1);
	g_assert_true(g_file_set_contents(victim, "precious", -1, NULL));
	g_assert_cmpint(symlink(victim, fresh), ==, 0);
	g_assert_false(flowlog_append(directory, "x.json", "{\"c\":1}", &error));
	g_assert_true(g_file_get_contents(victim, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "precious");
	remove_directory(directory);
}

static void set_age(const char *directory, const char *path, gint64 seconds)
{
	g_autofree char *file = g_build_filename(directory, path, NULL);
	struct utimbuf t = {(time_t)seconds, (time_t)seconds};

	g_assert_cmpint(utime(file, &t), ==, 0);
}

static void test_bounds(void)
{
	g_autofree char *directory = make_directory(), *first = g_build_filename(directory, "a", NULL);
	g_autofree char *last = g_build_filename(directory, "a/3/PT1H.json", NULL);
	g_autoptr(GError) error = NULL;

	for (guint i = 1; i <= 3; i++) {
		g_autofree char *path = g_strdup_printf("a/%u/PT1H.json", i);

		g_assert_true(flowlog_append(directory, path, "{\"x\":1}", &error));
		set_age(directory, path, 1000000 + i * 86400);
	}
	flowlog_expire(directory, "a", 2, 1000000 + 3 * 86400 + 10);
	g_assert_cmpuint(flowlog_bound(directory, 1000), ==, 2 * strlen("{\"records\":[{\"x\":1}]}\n"));
	g_assert_cmpuint(flowlog_bound(directory, 30), ==, strlen("{\"records\":[{\"x\":1}]}\n"));
	g_assert_true(g_file_test(last, G_FILE_TEST_EXISTS));
	g_assert_cmpuint(flowlog_bound(directory, 0), ==, 0);
	g_assert_false(g_file_test(first, G_FILE_TEST_EXISTS));
	remove_directory(directory);
}

/* --- flows --- */

struct heard {
	GString *text;
	guint32 idle;
};

static void hear(const struct flowlog_news *n, gpointer user)
{
	struct heard *h = user;

	g_string_append_printf(h->text, "%c%u:%u/%u:%u ", (char)n->state, (guint)n->packets, (guint)n->bytes,
	                       (guint)n->back_packets, (guint)n->back_bytes);
}

static guint32 idle(const struct esc_flow *f, gpointer user)
{
	(void)f;
	return ((struct heard *)user)->idle;
}

static const struct esc_flow_key opener_key = {
        .saddr = 1, .daddr = 2, .sport = 3, .dport = 4, .proto = IPPROTO_TCP, .dir = ESC_FLOW_FROM, .port = 5};
static const struct esc_flow_key back_key = {
        .saddr = 2, .daddr = 1, .sport = 4, .dport = 3, .proto = IPPROTO_TCP, .dir = ESC_FLOW_FROM, .port = 6};

static struct esc_flow entry(gboolean reply, guint32 packets, guint8 tcp)
{
	struct esc_flow f = {.peer = reply ? 5 : 6,
	                     .flags = ESC_TO_PEER | (reply ? ESC_FLOW_REPLY : 0),
	                     .tcp = tcp,
	                     .packets = packets,
	                     .bytes = packets * 100u};

	f.saddr = reply ? 2 : 1;
	f.daddr = reply ? 1 : 2;
	f.sport = reply ? 4 : 3;
	f.dport = reply ? 3 : 4;
	return f;
}

static void see(struct flowlog_track *t, guint32 there, guint32 back, guint8 tcp)
{
	struct esc_flow o = entry(FALSE, there, tcp), b = entry(TRUE, back, tcp);

	flowlog_track_see(t, &back_key, &b); /* the table has no order */
	flowlog_track_see(t, &opener_key, &o);
}

static void expect(struct flowlog_track *t, struct heard *h, gint64 now, const char *want)
{
	g_string_truncate(h->text, 0);
	flowlog_track_round(t, now, idle, hear, h);
	g_assert_cmpstr(h->text->str, ==, want);
}

static void test_track(void)
{
	struct flowlog_track *t = flowlog_track_new();
	struct heard h = {g_string_new(NULL), 0};

	expect(t, &h, 1000, "");
	see(t, 2, 1, ESC_TCP_OPEN);
	expect(t, &h, 1001, "B0:0/0:0 ");
	see(t, 5, 4, ESC_TCP_OPEN);
	expect(t, &h, 1002, "");
	see(t, 10, 8, ESC_TCP_OPEN);
	expect(t, &h, 1301, "C10:1000/8:800 ");
	see(t, 12, 9, ESC_TCP_OPEN | ESC_TCP_FIN);
	expect(t, &h, 1302, ""); /* closed, and something may still come */
	h.idle = FLOWLOG_SETTLE_MS;
	see(t, 13, 9, ESC_TCP_OPEN | ESC_TCP_FIN);
	expect(t, &h, 1303, "E3:300/1:100 ");
	see(t, 13, 9, ESC_TCP_OPEN | ESC_TCP_FIN);
	expect(t, &h, 1304, "");
	/* the same ports again */
	h.idle = 0;
	see(t, 1, 0, ESC_TCP_NEW);
	expect(t, &h, 1305, "B0:0/0:0 ");
	see(t, 3, 2, ESC_TCP_OPEN);
	expect(t, &h, 1306, "");
	/* gone: evicted, or its port is */
	expect(t, &h, 1307, "E3:300/2:200 ");
	g_assert_cmpuint(flowlog_track_count(t), ==, 0);
	g_string_free(h.text, TRUE);
	flowlog_track_free(t);
}

/* Packets are counted in 32 bits that wrap. */
static void test_wrap(void)
{
	struct flowlog_track *t = flowlog_track_new();
	struct heard h = {g_string_new(NULL), 0};
	struct esc_flow o = entry(FALSE, 0xfffffffeu, ESC_TCP_OPEN), b = entry(TRUE, 1, ESC_TCP_OPEN);

	o.bytes = 1000;
	flowlog_track_see(t, &opener_key, &o);
	flowlog_track_see(t, &back_key, &b);
	expect(t, &h, 1000, ""); /* began before the agent did */
	o.packets = 3;
	o.bytes = 1500;
	flowlog_track_see(t, &opener_key, &o);
	flowlog_track_see(t, &back_key, &b);
	expect(t, &h, 1300, "C5:500/0:0 ");
	g_string_free(h.text, TRUE);
	flowlog_track_free(t);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/flowlog/tuples", test_tuples);
	g_test_add_func("/flowlog/names", test_names);
	g_test_add_func("/flowlog/hostile-path", test_hostile_path);
	g_test_add_func("/flowlog/files", test_files);
	g_test_add_func("/flowlog/broken", test_broken);
	g_test_add_func("/flowlog/bounds", test_bounds);
	g_test_add_func("/flowlog/track", test_track);
	g_test_add_func("/flowlog/wrap", test_wrap);
	return g_test_run();
}
