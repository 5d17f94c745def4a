/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugging: an instance's network card, made to order of a host's agent.
 *
 * A port is a veth pair: pN in the host's namespace (down: its agent sets it up when everything is in place) and ethI
 * in the instance's, configured as its guest would be by DHCP; or a tap device pN for a guest of one's own. What the
 * lab made carries the digest of its description as its alias, so an unchanged port is adopted as it is, and a changed
 * or half-made one is made anew.
 */
#pragma once
#include "abi/maps.h"
#include "lib/ip6.h"
#include "lib/node.h"

struct plug_address {
	guint32 address, gateway;
	guint8 length;
};

struct plug_address6 {
	struct ip6 address, gateway;
	guint8 length;
};

struct plug {
	guint host, port, nic;
	char *vm, *label;
	guint8 mac[6];
	struct plug_address addresses[ESC_PORT_ADDRS];
	struct plug_address6 addresses6[ESC_PORT_ADDRS];
	guint address_count, address6_count; /* the second may be 0: then the instance has no IPv6 at all */
	gboolean primary, tap;
	gboolean forward; /* the instance sends on what comes in by this card for others: IPv4 */
};

/* From the request of the lab's socket; NULL and error when anything is out of bounds. */
struct plug *plug_parse(const struct node *request, GError **error);
void plug_free(struct plug *p);
typedef struct plug plug;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(plug, plug_free)

gboolean plug_in(const char *lab, const struct plug *p, GError **error);
/* Removes the port, and the instance's namespace with its last card: *gone tells whether that happened. With `keep` never:
 * the instance is on its way to another host, which plugs it anew. */
gboolean plug_out(const char *lab, guint host, guint port, const char *vm, gboolean keep, gboolean *gone,
                  GError **error);
/* What the instance answers with: the label, without a further card's own name. Caller frees. */
char *plug_answer(const struct plug *p);
