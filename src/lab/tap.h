/* SPDX-License-Identifier: Apache-2.0 */
/* A persistent tap device in a host's namespace: the port of a guest that brings its own network card (QEMU). */
#pragma once
#include <glib.h>

gboolean tap_create(const char *netns, const char *name, GError **error);
