/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by people, read whole and with a bound.
 *
 * An endless device or a growing file is an error and not a hang: at most `limit` bytes and one more are read.
 */
#pragma once
#include <glib.h>

/* The file's bytes, NUL-terminated beyond them; NULL and error (ESC_INPUT_ERROR, with the file's name) on failure. */
GByteArray *input_read(const char *path, gsize limit, GError **error);
