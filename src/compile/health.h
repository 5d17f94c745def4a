/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health: what the probers have found, as the compiler sees it.
 *
 * A member of a pool is known by its network interface, and is up or down by the probe of a rule. Whoever no prober has
 * spoken of counts as up: nothing is known against him. With each goes when that last changed, since connections that
 * began before stay where they were (seats.c).
 */
#pragma once
#include <glib.h>

struct health;
struct health *health_new(void);
void health_free(struct health *h);
typedef struct health health;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(health, health_free)

struct health_state {
	gboolean down;
	gint64 changed; /* some clock's time; 0: never since it is known */
};

/* Ids in any case. The later of two calls about one counts. */
void health_set(struct health *h, const char *probe, const char *nic, struct health_state state);
/* `h` may be NULL: nobody is known. */
struct health_state health_get(const struct health *h, const char *probe, const char *nic);
