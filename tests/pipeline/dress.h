/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dressing a frame of a capture: MACs and addresses exchanged for those of this world, so that it comes further than the
 * first question. What its file's first sender sends leaves port 1; what others send to that comes back to it. Checksums
 * are carried along, never made good, and ICMP errors quote what was exchanged.
 */
#pragma once
#include "scene.h"

#define DRESS_OWN    WORLD_ADDR(1, 4)
#define DRESS_PUBLIC WORLD_PUBLIC(12)
#define DRESS_FAR    WORLD_ADDR(9, 4)

/* Where the others are: ports 2 and 3, port 7 of the other host, outside. */
enum dress_way { DRESS_LOCAL, DRESS_OVERLAY, DRESS_EDGE };

struct dressing {
	enum dress_way way;
	guint32 own; /* the address of the file that is port 1's; 0: none yet */
	guint8 own6[16];
};

gboolean dress_is_ip4(const struct frame *f);
gboolean dress_is_ip6(const struct frame *f);
struct twin_in dress(struct dressing *d, struct frame *f); /* answers where it enters */
