/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/hostwall.h"
#include "lab/error.h"

#define VLAN_LAST 4095

static gboolean add_prefix(struct hostwall *w, const char *word)
{
	struct prefix p;

	if (!prefix_parse(word, &p))
		return FALSE;
	g_array_append_val(w->management, p);
	return TRUE;
}

static gboolean add_vlan(struct hostwall *w, const char *word)
{
	guint64 number;
	guint16 vlan;

	if (!g_ascii_string_to_unsigned(word, 10, 0, VLAN_LAST, &number, NULL))
		return FALSE;
	vlan = (guint16)number;
	g_array_append_val(w->vlans, vlan);
	return TRUE;
}

static gboolean read_list(struct hostwall *w, const char *name, const char *list,
                          gboolean (*add)(struct hostwall *w, const char *word), GError **error)
{
	g_auto(GStrv) words = g_strsplit(list ? list : "", ",", HOSTWALL_ENTRIES + 1);

	if (g_strv_length(words) > HOSTWALL_ENTRIES)
		return lab_fail(error, "%s: more than %d entries", name, HOSTWALL_ENTRIES);
	for (char **word = words; *word; word++)
		if (!add(w, g_strstrip(*word)))
			return lab_fail(error, "%s: '%.40s' is not one", name, *word);
	return TRUE;
}

gboolean hostwall_init(struct hostwall *w, const char *management, const char *vlans, GError **error)
{
	w->peers = g_array_new(FALSE, FALSE, sizeof(guint32));
	w->management = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	w->vlans = g_array_new(FALSE, FALSE, sizeof(guint16));
	return read_list(w, HOSTWALL_MANAGEMENT, management, add_prefix, error) &&
	       read_list(w, HOSTWALL_VLANS, vlans, add_vlan, error);
}

void hostwall_clear(struct hostwall *w)
{
	g_array_unref(w->peers);
	g_array_unref(w->management);
	g_array_unref(w->vlans);
}

static void put_address(GString *out, guint32 address, guint length)
{
	g_string_append_printf(out, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
	                       address & 255, length);
}

/* Sets without elements have no "elements" in nft's language. */
static void put_sets(GString *out, const struct hostwall *w)
{
	g_string_append(out, " set peers { type ipv4_addr; flags interval; auto-merge;");
	for (guint i = 0; i < w->peers->len; i++) {
		g_string_append(out, i ? ", " : " elements = { ");
		put_address(out, g_array_index(w->peers, guint32, i), 32);
	}
	g_string_append(out, w->peers->len ? " }\n }\n" : "\n }\n");
	g_string_append(out, " set management { type ipv4_addr; flags interval; auto-merge;");
	for (guint i = 0; i < w->management->len; i++) {
		const struct prefix *p = &g_array_index(w->management, struct prefix, i);
		g_string_append(out, i ? ", " : " elements = { ");
		put_address(out, p->addr, p->length);
	}
	g_string_append(out, w->management->len ? " }\n }\n" : "\n }\n");
}

static void put_vlans(GString *out, const struct hostwall *w, const char *device)
{
	g_string_append_printf(out, " chain tags { type filter hook ingress device \"%s\" priority -10;\n", device);
	for (guint i = 0; i < w->vlans->len; i++)
		g_string_append_printf(out, "  ether type 8021q vlan id %u accept\n",
		                       g_array_index(w->vlans, guint16, i));
	g_string_append(out, "  ether type 8021q counter name tagged drop\n"
	                     "  ether type 8021ad counter name tagged drop\n }\n");
}

/* Nothing here asks for the state of a connection: it is asked for each packet of the overlay. */
char *hostwall_rules(const struct hostwall *w, const char *device, guint vxlan_port)
{
	GString *out = g_string_new("table inet escarp\ndelete table inet escarp\n"
	                            "table inet escarp {\n counter stranger { }\n");

	put_sets(out, w);
	g_string_append_printf(out,
	                       " chain input { type filter hook input priority filter; policy drop;\n"
	                       "  iifname \"lo\" accept\n"
	                       "  ip saddr @peers udp dport %u accept\n"
	                       "  ip saddr @peers icmp type { destination-unreachable, time-exceeded } accept\n"
	                       "  ip saddr @management accept\n"
	                       "  counter name stranger\n }\n"
	                       " chain output { type filter hook output priority filter; policy drop;\n"
	                       "  oifname \"lo\" accept\n"
	                       "  ip daddr @peers udp dport %u accept\n"
	                       "  ip daddr @peers icmp type { destination-unreachable, time-exceeded } accept\n"
	                       "  ip daddr @management accept\n }\n"
	                       " chain forward { type filter hook forward priority filter; policy drop;\n }\n}\n"
	                       "table arp escarp\ndelete table arp escarp\n"
	                       "table arp escarp {\n counter stranger_arp { }\n",
	                       vxlan_port, vxlan_port);
	put_sets(out, w);
	g_string_append_printf(out, " chain input { type filter hook input priority filter; policy drop;\n"
	                            "  arp saddr ip @peers accept\n"
	                            "  arp saddr ip @management accept\n"
	                            "  counter name stranger_arp\n }\n}\n"
	                            "table netdev escarp\ndelete table netdev escarp\n"
	                            "table netdev escarp {\n counter tagged { }\n");
	put_vlans(out, w, device);
	g_string_append(out, "}\n");
	return g_string_free(out, FALSE);
}
