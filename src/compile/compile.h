/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler: graph and allocations in, tables out. Pure: no I/O, no clock, no globals.
 *
 * What each part makes of the graph is told in policy.h (ordered rules become a classifier), and in the essays on top
 * of route.c, endpoint.c and nat.c. Everything that does not fit its bound fails the compile with an error that names
 * the resource.
 */
#pragma once
#include "compile/tables.h"

/* Tables of one host (index < settings->hosts). NULL and error on failure. */
struct tables *compile_host(const struct graph *g, const struct alloc *a, const struct alloc_settings *s, guint host,
                            GError **error);
/* TRUE when compile_host would succeed for every host: all the bounds without the tables that nobody would see. */
gboolean compile_check(const struct graph *g, const struct alloc *a, const struct alloc_settings *s, GError **error);
