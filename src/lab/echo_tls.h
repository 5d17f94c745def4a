/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answerer's TLS: an instance that stands for a web server has to hold up a handshake, or health probes over HTTPS
 * would find every lab ill. The certificate is made at the start and says nothing.
 */
#pragma once
#include <glib.h>

struct echo_tls;
/* Do the bytes that wait in the socket begin a handshake? Takes none of them. */
gboolean echo_tls_begins(int fd);
struct echo_tls *echo_tls_new(int fd); /* NULL: not possible */
void echo_tls_free(struct echo_tls *t);
/* As recv and send do: -1 and EAGAIN while there is more to come, the handshake included. */
gssize echo_tls_read(struct echo_tls *t, void *bytes, gsize size);
gssize echo_tls_write(struct echo_tls *t, const char *text);
