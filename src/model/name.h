/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the DNS as documents write them: labels with dots between, without the last dot or with it. The forms of
 * RFC 1035 section 2.3 and RFC 2181 section 11; bytes outside of printable ASCII belong into IDNA's form ("xn--").
 */
#pragma once
#include <glib.h>

#define NAME_MAX_LENGTH 253
#define NAME_MAX_LABEL  63

/* Letters, digits and '-' in every label, neither first nor last: of a machine (RFC 1123 section 2.1). */
gboolean name_is_host(const char *text);
/* Of anything: '_' may stand in a label as well, and "*" may be the first one. */
gboolean name_is_domain(const char *text);
guint name_labels(const char *text);
