/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile port may send instead of the truth: each trick has a verdict of its own. */
#include "scene.h"
#include <string.h>
#include "bpf/stage/ext.h"

#define A1      WORLD_ADDR(1, 4)
#define A2      WORLD_ADDR(1, 5)
#define A3      WORLD_ADDR(2, 4)
#define NOBODY  0u
#define ANYBODY 0xffffffffu
#define DHCP    42  /* where the message begins in a frame */
#define OPTIONS 282 /* and its options */
#define CLIENT  68
#define SERVER  67

static const struct twin_in from_1 = {TWIN_PORT, .port = 1};

static void drop_from_1(struct twin *w, struct frame f, enum esc_verdict reason)
{
	scene_drop(w, &from_1, &f, reason, 1);
}

static struct frame udp_frame(guint32 saddr, guint32 daddr, guint16 sport, guint16 dport, guint payload)
{
	struct frame_spec s = scene_from(1, saddr, daddr, 17, sport, dport);
	struct frame f;

	s.payload = payload;
	frame_build(&f, &s);
	return f;
}

/* No tag is ever taken for an untagged packet, nor is anything but IPv4, IPv6 and ARP taken for something. */
static void test_ethertypes(void)
{
	static const guint16 tags[] = {0x8100, 0x88a8, 0x9100};
	static const guint16 others[] = {0x88cc, 0x888e, 0x8847, 0x8848, 0x8863, 0x8864, 0x8035, 0x0026, 0x05dc, 0};
	g_autoptr(twin) w = twin_new_world();
	struct frame good = udp_frame(A1, A3, 4000, 53, 4), f = good;

	for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
		frame_set16(&f, 12, tags[i]);
		drop_from_1(w, f, ESC_V_VLAN);
	}
	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		frame_set16(&f, 12, others[i]);
		drop_from_1(w, f, ESC_V_ETHERTYPE);
	}
	scene_pass(w, &from_1, &good);
}

static void test_redirects(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A2, 1, 7, 0);
	struct frame f;

	s.icmp = 5;
	for (guint8 code = 0; code < 4; code++) {
		frame_build(&f, &s);
		f.data[35] = code;
		frame_checksums(&f, FALSE);
		drop_from_1(w, f, ESC_V_REDIRECT);
	}
	s.icmp = 9;
	port_drop(w, 1, &s, ESC_V_ROUTER_ADVERT, 1);
	s.icmp = 8;
	port_pass(w, 1, &s, NULL);
	s = scene_outside(WORLD_CLIENT, WORLD_PUBLIC(11), 1, 7, 0);
	s.icmp = 5;
	edge_drop(w, &s, ESC_V_REDIRECT, 0);
}

/* As RFC 2131 has it, with a client identifier of `length` bytes at `id`. */
static struct frame dhcp_frame(guint32 saddr, guint32 daddr, const guint8 *id, guint8 length)
{
	struct frame f = udp_frame(saddr, daddr, CLIENT, SERVER, 300);
	guint at = OPTIONS;

	memset(f.data + DHCP, 0, f.length - DHCP);
	f.data[DHCP] = 1;
	f.data[DHCP + 1] = 1;
	f.data[DHCP + 2] = 6;
	world_mac(1, f.data + DHCP + 28);
	frame_set32(&f, OPTIONS - 4, 0x63825363);
	if (daddr == ANYBODY)
		memset(f.data, 0xff, 6);
	if (length) {
		f.data[at++] = 61;
		f.data[at++] = length;
		memcpy(f.data + at, id, length);
		at += length;
	}
	f.data[at] = 255;
	frame_checksums(&f, FALSE);
	return f;
}

static void test_dhcp(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame good = dhcp_frame(NOBODY, ANYBODY, NULL, 0), f = good;

	world_mac(2, f.data + DHCP + 28);
	drop_from_1(w, f, ESC_V_SPOOFED_DHCP);
	f = good;
	f.data[DHCP + 2] = 16; /* a hardware address of another length is not this port's */
	drop_from_1(w, f, ESC_V_SPOOFED_DHCP);
	f = good;
	world_mac(2, f.data + 6);
	drop_from_1(w, f, ESC_V_SPOOFED_MAC);
	f = dhcp_frame(A2, ANYBODY, NULL, 0);
	drop_from_1(w, f, ESC_V_SPOOFED_IP);
	f = dhcp_frame(WORLD_PLATFORM, ANYBODY, NULL, 0);
	drop_from_1(w, f, ESC_V_SPOOFED_PLATFORM);
	f = dhcp_frame(NOBODY, WORLD_PLATFORM, NULL, 0); /* from nobody to everybody alone */
	drop_from_1(w, f, ESC_V_SPOOFED_IP);
	f = good;
	frame_set32(&f, OPTIONS - 4, 0);
	drop_from_1(w, f, ESC_V_MALFORMED);
	f = udp_frame(NOBODY, ANYBODY, CLIENT, SERVER, 100);
	drop_from_1(w, f, ESC_V_MALFORMED);

	drop_from_1(w, good, ESC_V_NO_SERVICE);
	drop_from_1(w, dhcp_frame(A1, ANYBODY, NULL, 0), ESC_V_NO_SERVICE);
	drop_from_1(w, dhcp_frame(A1, WORLD_PLATFORM, NULL, 0), ESC_V_NO_SERVICE);
	drop_from_1(w, dhcp_frame(A1, A3, NULL, 0),
	            ESC_V_NO_SERVICE); /* nobody else's server, whatever the rules say */
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 0);
}

/* Identifiers that name a MAC must name the port's own; those that name none prove nothing. */
static void test_dhcp_identifier(void)
{
	guint8 hardware[7] = {1}, llt[19] = {255, 0, 0, 0, 1, 0, 1, 0, 1}, ll[15] = {255, 0, 0, 0, 1, 0, 3, 0, 1};
	static const guint8 uuid[23] = {255, 0, 0, 0, 1, 0, 4}, name[] = {0, 'w', 'e', 'b'};
	guint8 *macs[] = {hardware + 1, llt + 13, ll + 9};
	const struct {
		const guint8 *id;
		guint8 length;
	} named[] = {{hardware, 7}, {llt, 19}, {ll, 15}};
	g_autoptr(twin) w = twin_new_world();

	for (guint i = 0; i < G_N_ELEMENTS(named); i++) {
		world_mac(2, macs[i]);
		drop_from_1(w, dhcp_frame(NOBODY, ANYBODY, named[i].id, named[i].length), ESC_V_SPOOFED_DHCP);
		world_mac(1, macs[i]);
		drop_from_1(w, dhcp_frame(NOBODY, ANYBODY, named[i].id, named[i].length - 1), ESC_V_SPOOFED_DHCP);
		drop_from_1(w, dhcp_frame(NOBODY, ANYBODY, named[i].id, named[i].length), ESC_V_NO_SERVICE);
	}
	drop_from_1(w, dhcp_frame(NOBODY, ANYBODY, uuid, sizeof(uuid)), ESC_V_NO_SERVICE);
	drop_from_1(w, dhcp_frame(NOBODY, ANYBODY, name, sizeof(name)), ESC_V_NO_SERVICE);
}

/* Behind padding, behind other options, beyond the packet, behind more options than anybody sends. */
static void test_dhcp_options(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame good = dhcp_frame(NOBODY, ANYBODY, NULL, 0), f = good;
	static const guint8 other[9] = {61, 7, 1, 2, 3, 4, 5, 6, 7};

	memset(f.data + OPTIONS, 0, f.length - OPTIONS);
	memcpy(f.data + OPTIONS + 5, other, sizeof(other));
	frame_checksums(&f, FALSE);
	drop_from_1(w, f, ESC_V_SPOOFED_DHCP);
	f.data[OPTIONS] = 53;
	f.data[OPTIONS + 1] = 3; /* the identifier begins where this one ends */
	frame_checksums(&f, FALSE);
	drop_from_1(w, f, ESC_V_SPOOFED_DHCP);
	memset(f.data + OPTIONS, 0, f.length - OPTIONS);
	memcpy(f.data + f.length - 4, other, 4); /* the packet ends before its identifier does */
	frame_checksums(&f, FALSE);
	drop_from_1(w, f, ESC_V_MALFORMED);
	f = udp_frame(NOBODY, ANYBODY, CLIENT, SERVER, 240 + 65);
	memcpy(f.data + DHCP, good.data + DHCP, 240);
	memset(f.data + OPTIONS, 0, 65);
	memset(f.data, 0xff, 6);
	frame_checksums(&f, FALSE);
	drop_from_1(w, f, ESC_V_MALFORMED);
	f.data[OPTIONS + 63] = 255;
	frame_checksums(&f, FALSE);
	drop_from_1(w, f, ESC_V_NO_SERVICE);
}

static void test_dhcp_server(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, A1, A3, 17, SERVER, CLIENT);
	struct frame f = dhcp_frame(A1, ANYBODY, NULL, 0);

	port_drop(w, 1, &s, ESC_V_DHCP_SERVER, 1);
	s.daddr = ANYBODY;
	port_drop(w, 1, &s, ESC_V_DHCP_SERVER, 1);
	s.sport = 4000; /* clients do not look at the server's port */
	port_drop(w, 1, &s, ESC_V_DHCP_SERVER, 1);
	s = scene_from(1, A1, A3, 17, SERVER, SERVER);
	port_drop(w, 1, &s, ESC_V_DHCP_SERVER, 1);
	f.data[DHCP] = 2;
	frame_checksums(&f, FALSE);
	drop_from_1(w, f, ESC_V_DHCP_SERVER);
	f.data[DHCP] = 1;
	frame_set32(&f, DHCP + 24, A1); /* a relay */
	frame_checksums(&f, FALSE);
	drop_from_1(w, f, ESC_V_DHCP_SERVER);
	s = scene_from(1, A1, A3, 17, CLIENT, 53);
	port_pass(w, 1, &s, NULL);
	/* nor does the broadcast mean anything elsewhere */
	s = scene_overlay(1, WORLD_ADDR(9, 4), ANYBODY, 17, CLIENT, SERVER);
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_BROADCAST, 0);
	s = scene_outside(WORLD_CLIENT, ANYBODY, 17, CLIENT, SERVER);
	edge_drop(w, &s, ESC_V_BROADCAST, 0);
}

static void test_platform(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame_spec s = scene_from(1, WORLD_PLATFORM, A3, 17, 5353, 4000);

	port_drop(w, 1, &s, ESC_V_SPOOFED_PLATFORM, 1);
	s.dport = 53;
	s.daddr = WORLD_PLATFORM;
	port_drop(w, 1, &s, ESC_V_SPOOFED_PLATFORM, 1);
	s.saddr = A2;
	port_drop(w, 1, &s, ESC_V_SPOOFED_IP, 1);
	s.saddr = A1;
	port_drop(w, 1, &s, ESC_V_NO_SERVICE, 1);
	s.protocol = 6;
	port_drop(w, 1, &s, ESC_V_NO_SERVICE, 1);
	s.dport = 80;
	port_drop(w, 1, &s, ESC_V_NO_SERVICE, 1);
	s.protocol = 1;
	port_drop(w, 1, &s, ESC_V_NO_SERVICE, 1);
	s = scene_overlay(1, WORLD_PLATFORM, A1, 17, 53, 4000);
	overlay_drop(w, 100, WORLD_REMOTE, &s, ESC_V_UNREACHABLE, 1);
	s = scene_outside(WORLD_PLATFORM, WORLD_PUBLIC(15), 17, 53, 4000);
	edge_drop(w, &s, ESC_V_BOGON_SOURCE, 0);
	g_assert_cmpuint(native_flow_count(twin_native(w)), ==, 0);
}

/* A platform address that is public, as another profile has it, comes no more from outside than it comes from a port. */
static void test_platform_public(void)
{
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = scene_outside(0xa83f8110, WORLD_PUBLIC(15), 17, 53, 4000);

	t->self.platform = GUINT32_TO_BE(0xa83f8110);
	g_autoptr(twin) w = twin_new(t);
	edge_drop(w, &s, ESC_V_OWN_SOURCE, ESC_PORT_UPLINK);
	s = scene_from(1, A1, 0xa83f8110, 17, 4000, 53);
	port_drop(w, 1, &s, ESC_V_NO_SERVICE, 1);
	s = scene_outside(0xa83f8111, WORLD_PUBLIC(15), 17, 53, 4000);
	edge_pass(w, &s, NULL);
}

/* Even where a route of the tenant leads there. */
static void test_fabric(void)
{
	g_autoptr(tables) t = world_tables();
	struct frame_spec s = scene_from(1, A1, WORLD_FABRIC, 6, 4000, 4789);
	struct table_peer far = {GUINT32_TO_BE(WORLD_STRANGER), ESC_PEER_EDGE};

	world_route(t, 100, 0xac100000, 12, ESC_HOP_INTERNET);
	g_array_append_val(t->peers, far);
	g_autoptr(twin) w = twin_new(t);
	port_drop(w, 1, &s, ESC_V_FABRIC, 1);
	s.daddr = WORLD_REMOTE;
	port_drop(w, 1, &s, ESC_V_FABRIC, 1);
	s.daddr = 0xac100001; /* private, nobody's */
	port_drop(w, 1, &s, ESC_V_FABRIC, 1);
	s.daddr = WORLD_STRANGER; /* public, a host's */
	port_drop(w, 1, &s, ESC_V_FABRIC, 1);
	s.daddr = WORLD_STRANGER + 1;
	port_pass(w, 1, &s, NULL);
}

/* IPv4 options, `length` bytes at `list`, are put where they belong. */
static struct frame with_options(const guint8 *list, guint8 length)
{
	struct frame f = udp_frame(A1, A3, 4000, 53, 4);
	guint8 room = (guint8)((length + 3) / 4 * 4);

	memmove(f.data + 34 + room, f.data + 34, f.length - 34);
	memset(f.data + 34, 0, room);
	memcpy(f.data + 34, list, length);
	f.length += room;
	f.data[14] = (guint8)(0x45 + room / 4);
	frame_set16(&f, 16, (guint16)(f.length - 14));
	return f;
}

static enum esc_verdict option_wanted(guint number)
{
	return number == 131 || number == 137 ? ESC_V_SOURCE_ROUTE : ESC_V_IP_OPTIONS;
}

static void test_options(void)
{
	g_autoptr(twin) w = twin_new_world();
	struct frame good = udp_frame(A1, A3, 4000, 53, 4);

	for (guint n = 2; n < 256; n++) {
		guint8 alone[8] = {(guint8)n, 8}, behind[12] = {1, 1, 1, 68, 4, 5, 0, (guint8)n, 4};
		drop_from_1(w, with_options(alone, 8), option_wanted(n));
		drop_from_1(w, with_options(behind, 11), option_wanted(n));
	}
	for (guint8 n = 0; n < 2; n++) { /* the end, and nothing: padding alone */
		guint8 list[8] = {n, n, n, n};
		drop_from_1(w, with_options(list, 4), ESC_V_IP_OPTIONS);
	}
	scene_pass(w, &from_1, &good);
}

static void test_options_malformed(void)
{
	g_autoptr(twin) w = twin_new_world();
	static const guint8 none[4] = {7, 0}, one[4] = {7, 1}, beyond[4] = {7, 5}, last[8] = {7, 7, 4, 0, 0, 0, 0, 148},
	                    after_end[8] = {0, 131, 4, 0}, longest[40] = {131, 39, 4};
	static guint8 nothing[40];

	drop_from_1(w, with_options(none, 4), ESC_V_MALFORMED);
	drop_from_1(w, with_options(one, 4), ESC_V_MALFORMED);
	drop_from_1(w, with_options(beyond, 4), ESC_V_MALFORMED);
	drop_from_1(w, with_options(last, 8),
	            ESC_V_MALFORMED); /* no length, but what looks like one behind the header */
	drop_from_1(w, with_options(after_end, 8), ESC_V_IP_OPTIONS);
	drop_from_1(w, with_options(longest, 40), ESC_V_SOURCE_ROUTE);
	memset(nothing, 1, sizeof(nothing));
	drop_from_1(w, with_options(nothing, 40), ESC_V_IP_OPTIONS);
	nothing[39] = 137;
	drop_from_1(w, with_options(nothing, 40), ESC_V_MALFORMED);
}

/* Every next header: the list refuses the extensions, and L4 whatever is no protocol of ours. */
static void test_extensions(void)
{
	static const guint8 refused[] = {0, 43, 60, 135, 139, 140, 253, 254};

	for (guint next = 0; next < 256; next++) {
		guint8 n = (guint8)next;
		gboolean extension = memchr(refused, n, sizeof(refused)) != NULL;
		g_assert_cmpint(ext_verdict(n), ==,
		                extension ? ESC_V_EXTENSION
		                : n == 44 ? ESC_ASIDE_FRAGMENT
		                          : ESC_V_FORWARD);
	}
}

void cases_guard_register(void)
{
	g_test_add_func("/guard/ethertypes", test_ethertypes);
	g_test_add_func("/guard/redirects", test_redirects);
	g_test_add_func("/guard/dhcp", test_dhcp);
	g_test_add_func("/guard/dhcp/identifier", test_dhcp_identifier);
	g_test_add_func("/guard/dhcp/options", test_dhcp_options);
	g_test_add_func("/guard/dhcp/server", test_dhcp_server);
	g_test_add_func("/guard/platform", test_platform);
	g_test_add_func("/guard/platform/public", test_platform_public);
	g_test_add_func("/guard/fabric", test_fabric);
	g_test_add_func("/guard/options", test_options);
	g_test_add_func("/guard/options/malformed", test_options_malformed);
	g_test_add_func("/guard/extensions", test_extensions);
}
