/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets handed from the supervisor, which can enter namespaces, to the echo process, which can do nothing.
 *
 * Over a SOCK_SEQPACKET pair; each message is one line of text, with up to two descriptors:
 *   "add KEY LABEL" + TCP listener, UDP socket     from now on answer these with LABEL
 *   "remove KEY"                                   close them
 */
#pragma once
#include <glib.h>

#define HANDOVER_MAX_TEXT 1024

struct handover {
	char text[HANDOVER_MAX_TEXT];
	int tcp, udp; /* -1: none. Owned by the receiver */
};
gboolean handover_send(int channel, const char *text, int tcp, int udp, GError **error);
/* FALSE without error at the end of the channel. */
gboolean handover_receive(int channel, struct handover *h, GError **error);
