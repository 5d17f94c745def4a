/* SPDX-License-Identifier: Apache-2.0 */
/* A listening Unix socket that replaces what a dead predecessor left, and only that. */
#pragma once
#include <glib.h>
#include <sys/types.h>

/* Non-blocking descriptor, -1 and STORE_ERROR on failure. Nobody can connect before the mode is set. */
int unix_listen(const char *path, mode_t mode, GError **error);
