/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures by others (capture.h), replayed into both builds: as they are, and dressed so that they come further, for a
 * frame with a stranger's MAC ends at the first question.
 *
 *                  enters                              its addresses
 *     as it is     from port 1, overlay, uplink        nobody's here
 *     local        from port 1, and back from 2 or 3   the capture's first sender is port 1's, the others' are 2's or 3's
 *     overlay      from port 1, and back by overlay    the others live on another host
 *     edge         from port 1, and back by uplink     the others are outside; port 1 is asked by its public address
 *
 * IPv6 likewise, but for what speaks of the link. A file's first sender of either family is the one that is dressed.
 *
 * Each way twice, with a policy that denies everything, which nothing may pass, and one that allows everything, past
 * which only what the naive reader below finds well formed may go. Checksums are carried along, never made good.
 */
#include "capture.h"
#include "dress.h"
#include <string.h>

#define FILES 24 /* between two comparisons of everything that the builds wrote */

enum way { AS_IS_PORT, AS_IS_OVERLAY, AS_IS_EDGE, LOCAL, OVERLAY, EDGE, WAYS };

struct replay {
	struct twin *twin;
	struct native *alone; /* for what TEST_RUN does not take */
	enum way way;
	gboolean allow;
	struct dressing dressing;
	guint64 frames, cut, short_ones, six, ends[ESC_V_COUNT]; /* six: forwarded */
};

/* --- the world --- */

static GBytes *policy_of(gboolean allow)
{
	struct policy_input in = {.name = "captures"};
	g_autoptr(GError) error = NULL;
	GBytes *blob;

	for (guint d = 0; d < 2; d++) {
		in.lists[d][0] = policy_list_new();
		g_ptr_array_add(in.lists[d][0], world_rule(1 + d, allow, d, 0, 0, PROTO_ANY, 0, 65535));
	}
	blob = policy_build(&in, &error);
	g_assert_no_error(error);
	for (guint d = 0; d < 2; d++)
		g_ptr_array_unref(in.lists[d][0]);
	return blob;
}

static struct esc_ip6 six(guint32 addr)
{
	struct esc_ip6 a;

	frame_six(addr, (guint8 *)a.w);
	return a;
}

/* The other host's address, and port 1's public one, of both families. */
static void add_elsewhere(struct tables *t)
{
	struct table_addr far = {.key = {100, GUINT32_TO_BE(DRESS_FAR)},
	                         .value = {.host = GUINT32_TO_BE(WORLD_REMOTE), .port = 7}};
	struct table_snat s = {.key = {1, GUINT32_TO_BE(DRESS_OWN)}, .value = {.addr = GUINT32_TO_BE(DRESS_PUBLIC)}};
	struct table_endpoint e = {.key.vip = GUINT32_TO_BE(DRESS_PUBLIC),
	                           .value = {.kind = ESC_EP_ONE, .one.port = 1}};
	struct table_peer peer = {GUINT32_TO_BE(WORLD_REMOTE), ESC_PEER_HOST | ESC_PEER_EDGE};

	world_mac(7, far.value.mac);
	world_mac(1, e.value.one.mac);
	struct table_addr6 far6 = {.key = {100, six(DRESS_FAR)}, .value = far.value};
	struct table_snat6 s6 = {.key = {1, six(DRESS_OWN)}, .value = {six(DRESS_PUBLIC)}};
	struct table_endpoint6 e6 = {.key.vip = six(DRESS_PUBLIC), .value = e.value};
	g_array_append_val(t->addrs, far);
	g_array_append_val(t->addrs6, far6);
	g_array_append_val(t->snat, s);
	g_array_append_val(t->snat6, s6);
	g_array_append_val(t->endpoints, e);
	g_array_append_val(t->endpoints6, e6);
	g_array_append_val(t->peers, peer);
}

static struct tables *tables_of(gboolean allow)
{
	struct tables *t = tables_new();
	guint32 blob = world_blob(t, policy_of(allow));

	t->hosts = 2;
	t->self = (struct esc_host){
	        .fabric = GUINT32_TO_BE(WORLD_FABRIC), .ring_size = 1024, .hash_seed = 7, .overlay_mtu = 1450};
	memcpy(t->self.uplink_mac, world_uplink, 6);
	memcpy(t->self.nexthop_mac, world_nexthop, 6);
	world_port(t, 1, 100, DRESS_OWN, blob);
	world_port(t, 2, 100, WORLD_ADDR(1, 5), blob);
	world_port(t, 3, 100, WORLD_ADDR(2, 4), blob);
	add_elsewhere(t);
	world_dnat(t, 1, DRESS_PUBLIC, 0, 0, DRESS_OWN, 0, ESC_DNAT_STANDARD);
	world_route(t, 100, WORLD_ADDR(0, 0), 16, ESC_HOP_NETWORK);
	world_route(t, 100, 0, 0, ESC_HOP_INTERNET);
	return t;
}

static struct twin_in entry_of(struct replay *r, struct frame *f)
{
	switch (r->way) {
	case AS_IS_PORT:
		return (struct twin_in){.entry = TWIN_PORT, .port = 1};
	case AS_IS_OVERLAY:
		return (struct twin_in){.entry = TWIN_OVERLAY, .vni = 100, .remote = WORLD_REMOTE};
	case AS_IS_EDGE:
		return (struct twin_in){.entry = TWIN_EDGE};
	default:
		return dress(&r->dressing, f);
	}
}

/* --- the naive reader --- */

static gboolean tcp_is_whole(const struct frame *f, gsize l4, gsize end)
{
	gsize header = l4 + 20 <= end ? (gsize)(f->data[l4 + 12] >> 4) * 4 : 0;
	guint8 flags = header ? f->data[l4 + 13] & 0x17 : 0; /* FIN, SYN, RST, ACK */

	if (header < 20 || l4 + header > end)
		return FALSE;
	return flags & 0x16 && (flags & 3) != 3 && (flags & 6) != 6 && (flags & 5) != 5;
}

static gboolean ip4_is_whole(const struct frame *f)
{
	gsize header = (gsize)(f->data[14] & 15) * 4, l4 = 14 + header, end = 14 + (gsize)frame_get16(f, 16);
	guint32 sum = 0;

	if (header < 20 || end < l4 || end > f->length)
		return FALSE;
	for (gsize at = 14; at < l4; at += 2)
		sum += frame_get16(f, at);
	if ((sum & 0xffff) + (sum >> 16) != 0xffff)
		return FALSE;
	if (frame_get16(f, 20) & 0x1fff)
		return TRUE; /* a later fragment has no header to look at */
	switch (f->data[23]) {
	case 6:
		return tcp_is_whole(f, l4, end);
	case 17:
		return l4 + 8 <= end && frame_get16(f, l4 + 4) >= 8 &&
		       (frame_get16(f, 20) & 0x2000 || l4 + frame_get16(f, l4 + 4) <= end);
	default:
		return l4 + 8 <= end;
	}
}

static gboolean ip6_is_whole(const struct frame *f)
{
	gsize end = 54 + (gsize)frame_get16(f, 18);

	if (end > f->length)
		return FALSE;
	switch (f->data[20]) {
	case 6:
		return tcp_is_whole(f, 54, end);
	case 17:
		return 62 <= end && frame_get16(f, 58) >= 8 && 54 + (gsize)frame_get16(f, 58) <= end;
	default:
		return 62 <= end;
	}
}

static gboolean is_whole(const struct frame *f)
{
	return dress_is_ip4(f) ? ip4_is_whole(f) : dress_is_ip6(f) && ip6_is_whole(f);
}

/* --- the replay --- */

/* TEST_RUN wants a whole header of what the frame says that it is. */
static gboolean runnable(const struct frame *f)
{
	guint16 type = f->length >= 14 ? frame_get16(f, 12) : 0;

	return f->length >= (type == 0x0800 ? 34 : type == 0x86dd ? 54 : 14);
}

static void run_alone(struct replay *r, const struct twin_in *in, struct frame *f)
{
	struct native_packet p = {.data = f->data, .length = f->length, .capacity = sizeof(f->data)};
	struct esc_effect e;

	p.tunnel_vni = in->vni;
	p.tunnel_remote = GUINT32_TO_BE(in->remote);
	e = in->entry == TWIN_PORT      ? native_from_port(r->alone, in->port, &p)
	    : in->entry == TWIN_OVERLAY ? native_from_overlay(r->alone, &p)
	                                : native_edge(r->alone, &p);
	g_assert_cmpuint(e.verdict, >, ESC_VERDICT_LAST_PASS);
	r->short_ones++;
}

static struct esc_effect run_edge(struct replay *r, struct twin_in *in, struct frame *f)
{
	struct frame copy = *f;
	struct esc_effect e = twin_run(r->twin, &(struct twin_in){.entry = TWIN_XDP}, &copy);

	if (e.verdict > ESC_VERDICT_LAST_PASS)
		return e;
	in->marked = TRUE;
	return twin_run(r->twin, in, f);
}

static void run_one(struct replay *r, struct frame *f)
{
	struct twin_in in = entry_of(r, f);
	struct frame before = *f;
	struct esc_effect e;

	r->frames++;
	if (!runnable(f)) {
		run_alone(r, &in, f);
		return;
	}
	e = in.entry == TWIN_EDGE ? run_edge(r, &in, f) : twin_run(r->twin, &in, f);
	g_assert(e.verdict < ESC_V_COUNT);
	r->ends[e.verdict]++;
	if (e.verdict > ESC_VERDICT_LAST_PASS) {
		g_assert_cmpuint(e.delivery, ==, ESC_TO_NONE);
		g_assert_cmpmem(f->data, f->length, before.data, before.length);
	}
	if (e.verdict != ESC_V_FORWARD)
		return;
	g_assert_true(r->allow);
	g_assert_true(is_whole(&before) && is_whole(f));
	if ((dress_is_ip6(f) || (f->data[14] == 0x45 && !(frame_get16(f, 20) & 0x3fff))) && frame_good(&before))
		g_assert_true(frame_good(f));
	r->six += dress_is_ip6(f);
}

static void run_file(struct replay *r, const char *path)
{
	g_autofree char *bytes = NULL;
	struct capture c;
	struct frame f;
	gsize size;

	if (!g_file_get_contents(path, &bytes, &size, NULL) || !capture_open(&c, (const guint8 *)bytes, size)) {
		g_test_message("%s: no capture of a kind that is read here", path);
		return;
	}
	r->dressing = (struct dressing){.way = (enum dress_way)(r->way - LOCAL)};
	while (capture_next(&c, &f))
		run_one(r, &f);
	r->cut += c.cut;
	if (r->way == AS_IS_PORT && !r->allow && (c.left_out || c.error))
		g_test_message("%s: %u packets of link type %u left out%s%s", path, c.left_out, c.left_out_of,
		               c.error ? "; " : "", c.error ? c.error : "");
	twin_advance(r->twin, 3700 * 1000); /* flows of one file are not the next one's */
}

/* Each drop is at somebody's counter. */
static void check_counters(const struct replay *r)
{
	for (guint v = ESC_VERDICT_LAST_PASS + 1; v < ESC_V_COUNT; v++) {
		guint64 counted = 0;
		for (guint32 port = 0; port <= 7; port++)
			counted += twin_drops(r->twin, port, v);
		g_assert_cmpuint(counted, ==, r->ends[v]);
	}
}

static void replay(GPtrArray *paths, enum way way, gboolean allow)
{
	static const char *const names[] = {"as is from a port", "as is by overlay", "as is by uplink",
	                                    "dressed, local",    "dressed, overlay", "dressed, edge"};
	g_autoptr(tables) t = tables_of(allow);
	g_autoptr(twin) w = twin_new(t);
	g_autoptr(GString) ends = g_string_new(NULL);
	struct replay r = {.twin = w, .alone = native_new(t), .way = way, .allow = allow};

	for (guint i = 0; i < paths->len; i++) {
		run_file(&r, paths->pdata[i]);
		if (i % FILES == 0)
			twin_compare(w);
	}
	twin_compare(w);
	check_counters(&r);
	g_assert_true(allow || !native_flow_count(twin_native(w)));
	for (guint v = 0; v < ESC_V_COUNT; v++)
		if (r.ends[v])
			g_string_append_printf(ends, " %u:%" G_GUINT64_FORMAT, v, r.ends[v]);
	g_test_message("%s, %s: %" G_GUINT64_FORMAT " frames (%" G_GUINT64_FORMAT " cut, %" G_GUINT64_FORMAT
	               " too short), %" G_GUINT64_FORMAT " of IPv6 forwarded, by verdict%s",
	               names[way], allow ? "allow all" : "deny all", r.frames, r.cut, r.short_ones, r.six, ends->str);
	/* a replay in which nothing ever gets through would prove nothing about what does */
	g_assert_true(!allow || way < LOCAL || (r.ends[ESC_V_FORWARD] > r.frames / 20 && r.six > r.frames / 200));
	native_free(r.alone);
}

static void replay_all(GPtrArray *paths)
{
	for (guint way = 0; way < WAYS; way++) {
		replay(paths, way, FALSE);
		replay(paths, way, TRUE);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_files(GPtrArray *paths, const char *folder, gboolean deeper)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		if (deeper && g_file_test(path, G_FILE_TEST_IS_DIR))
			add_files(paths, path, FALSE);
		else if (strstr(name, "cap"))
			g_ptr_array_add(paths, g_steal_pointer(&path));
	}
	g_ptr_array_sort(paths, by_name);
}

static void test_own(void)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	add_files(paths, CAPTURES, FALSE);
	if (!paths->len)
		g_test_skip("the source tree is not here");
	else
		replay_all(paths);
}

static void test_real(void)
{
	const char *shared = g_getenv("ESCARP_SHARED");
	g_autofree char *folder = g_build_filename(shared ? shared : SHARED, "corpus", "pcap", NULL);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	add_files(paths, folder, TRUE);
	if (!paths->len)
		g_test_skip("no captures in ../shared/corpus/pcap");
	else
		replay_all(paths);
}

/* What the reader makes of each file of our own: frames, left out, whether it ended early. */
static void test_reader(void)
{
	static const struct {
		const char *name;
		guint frames, left_out;
		gboolean error;
	} files[] = {{"little.pcap", 35, 0, FALSE}, {"big-nano.pcap", 10, 0, FALSE},  {"raw.pcap", 6, 0, FALSE},
	             {"cooked.pcap", 6, 0, FALSE},  {"other-link.pcap", 0, 2, FALSE}, {"little.pcapng", 5, 0, FALSE},
	             {"big.pcapng", 8, 0, FALSE},   {"cut-short.pcap", 3, 0, TRUE},   {"six.pcap", 16, 0, FALSE}};

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(CAPTURES, files[i].name, NULL), *bytes = NULL;
		struct capture c;
		struct frame f;
		guint frames = 0;
		gsize size;
		if (!g_file_get_contents(path, &bytes, &size, NULL)) {
			g_test_skip("the source tree is not here");
			return;
		}
		g_assert_true(capture_open(&c, (const guint8 *)bytes, size));
		for (; capture_next(&c, &f); frames++)
			g_assert_true(strstr(path, "little.pcap") || strstr(path, "cut-short") || dress_is_ip4(&f) ||
			              frame_get16(&f, 12) == 0x86dd);
		g_assert_cmpuint(frames, ==, files[i].frames);
		g_assert_cmpuint(c.left_out, ==, files[i].left_out);
		g_assert_true(!c.error == !files[i].error);
	}
}

void cases_capture_register(void)
{
	g_test_add_func("/captures/reader", test_reader);
	g_test_add_func("/captures/own", test_own);
	g_test_add_func("/captures/real", test_real);
}
