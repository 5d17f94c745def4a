/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the parts that talk to the kernel: one domain, a message for people, and the errno that caused it in the
 * text.
 *
 * Every function here returns FALSE, so that a failing function can end with `return lab_fail(error, ...)`.
 */
#pragma once
#include <glib.h>

#define LAB_ERROR (lab_error_quark())
GQuark lab_error_quark(void);

gboolean lab_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, with ": " and the text of errno behind the message. */
gboolean lab_fail_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
