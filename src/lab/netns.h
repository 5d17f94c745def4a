/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces by name, as `ip netns` keeps them: a file in /run/netns that holds the namespace.
 *
 * A visit is how the supervisor works inside a namespace: between netns_visit and netns_leave the calling thread is
 * there; sockets that it opens stay there. The process has one such thread and visits do not nest.
 */
#pragma once
#include <glib.h>

struct netns_visit {
	int home; /* where to go back to; -1: no visit */
};

gboolean netns_exists(const char *name);
/* A new namespace with loopback down; one that exists already is adopted as it is. */
gboolean netns_create(const char *name, GError **error);
/* Removes the name; the namespace ends with its last process and socket. One that does not exist is no error. */
gboolean netns_delete(const char *name, GError **error);
/* The calling process stays in it. */
gboolean netns_enter(const char *name, GError **error);
/* A descriptor of the namespace, -1 on failure. The caller closes it. */
int netns_open(const char *name, GError **error);

gboolean netns_visit(struct netns_visit *v, const char *name, GError **error);
/* Aborts when there is no way back: to go on in the wrong namespace would be worse than to die. */
void netns_leave(struct netns_visit *v);
