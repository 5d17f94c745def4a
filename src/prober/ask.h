/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to one member: a connection, a request if the probe has one, and the first bytes of the answer. Everything
 * that comes back is a tenant's: bounded in bytes and in time, and looked at by answer.c alone. Of TLS the handshake is
 * all that counts: certificates are not checked, as the original does not.
 */
#pragma once
#include "compile/tables.h"

struct ask;
/* Called once, from the main loop; the question is gone afterwards. `why`: a few words about a failure. */
typedef void (*ask_done)(gboolean good, const char *why, gpointer user);
/* `address`: the member's own, host order, for the request's host name. */
struct ask *ask_start(const struct table_probe *p, guint32 address, guint seconds, ask_done done, gpointer user);
void ask_cancel(struct ask *a); /* without a call */
