/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/error.h"

#include <errno.h>

G_DEFINE_QUARK(escarp - lab - error - quark, lab_error)

gboolean lab_fail(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, LAB_ERROR, 0, text);
	return FALSE;
}

gboolean lab_fail_errno(GError **error, const char *format, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, LAB_ERROR, saved, "%s: %s", text, g_strerror(saved));
	errno = saved;
	return FALSE;
}
