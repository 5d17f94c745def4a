/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/echo_tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define HANDSHAKE 0x16
#define DAYS      3650

struct echo_tls {
	gnutls_session_t session;
	gboolean open;
};

static gnutls_certificate_credentials_t credentials;

static gboolean sign_own(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	static const char name[] = "escarp-lab";
	const guint8 serial = 1;

	return gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
	                                    0) == 0 &&
	       gnutls_x509_crt_set_version(crt, 3) == 0 &&
	       gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, sizeof(name) - 1) == 0 &&
	       gnutls_x509_crt_set_serial(crt, &serial, sizeof(serial)) == 0 &&
	       gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600) == 0 &&
	       gnutls_x509_crt_set_expiration_time(crt, time(NULL) + DAYS * 86400L) == 0 &&
	       gnutls_x509_crt_set_key(crt, key) == 0 &&
	       gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0) == 0;
}

static gboolean make_credentials(void)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	gboolean ok;

	if (credentials)
		return TRUE;
	ok = gnutls_certificate_allocate_credentials(&credentials) == 0 && gnutls_x509_privkey_init(&key) == 0 &&
	     gnutls_x509_crt_init(&crt) == 0 && sign_own(crt, key) &&
	     gnutls_certificate_set_x509_key(credentials, &crt, 1, key) == 0;
	if (crt)
		gnutls_x509_crt_deinit(crt);
	if (key)
		gnutls_x509_privkey_deinit(key);
	if (!ok && credentials)
		gnutls_certificate_free_credentials(credentials);
	if (!ok)
		credentials = NULL;
	return ok;
}

gboolean echo_tls_begins(int fd)
{
	guint8 first;

	return recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first == HANDSHAKE;
}

struct echo_tls *echo_tls_new(int fd)
{
	struct echo_tls *t = g_new0(struct echo_tls, 1);

	if (make_credentials() && gnutls_init(&t->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) == 0 &&
	    gnutls_set_default_priority(t->session) == 0 &&
	    gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, credentials) == 0) {
		gnutls_transport_set_int(t->session, fd);
		return t;
	}
	echo_tls_free(t);
	return NULL;
}

void echo_tls_free(struct echo_tls *t)
{
	if (!t)
		return;
	if (t->session)
		gnutls_deinit(t->session);
	g_free(t);
}

static gssize result(gssize n)
{
	if (n >= 0)
		return n;
	errno = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? EAGAIN : EPROTO;
	return -1;
}

gssize echo_tls_read(struct echo_tls *t, void *bytes, gsize size)
{
	int e = t->open ? 0 : gnutls_handshake(t->session);

	if (e)
		return result(gnutls_error_is_fatal(e) ? e : GNUTLS_E_AGAIN);
	t->open = TRUE;
	return result(gnutls_record_recv(t->session, bytes, size));
}

gssize echo_tls_write(struct echo_tls *t, const char *text)
{
	gssize n = t->open ? result(gnutls_record_send(t->session, text, strlen(text))) : -1;

	if (n >= 0)
		gnutls_bye(t->session, GNUTLS_SHUT_WR);
	return n;
}
