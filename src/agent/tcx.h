/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program on a device, so that it stays there whoever dies.
 *
 * Where the kernel has tcx (6.6), a link at the head of the ingress chain, pinned in bpffs; attaching again finds the
 * pin and replaces the program in one step, so no packet sees the device without one. Older kernels get a clsact
 * filter, which stays with the device by itself. Both are idempotent.
 */
#pragma once
#include <glib.h>

enum tcx_kind { TCX_NONE, TCX_LINK, TCX_CLSACT };

/* *was_there: the device had this program's place filled already, and was never without. */
gboolean tcx_attach(const char *pin, int program, guint ifindex, enum tcx_kind *kind, gboolean *was_there,
                    GError **error);
/* The same by clsact, whatever the kernel can do. */
gboolean tcx_attach_clsact(int program, guint ifindex, gboolean *was_there, GError **error);
/* Removes the pin, and with it the link. */
void tcx_detach(const char *pin);
/* Is a program of ours attached to this device by this pin (or by clsact)? */
enum tcx_kind tcx_look(const char *pin, guint ifindex);
/* TRUE when some other program runs before ours. */
gboolean tcx_preceded(const char *pin, guint ifindex);

/* The XDP build of the edge, in generic mode: a native one would take the veth peer's TSO away. */
gboolean tcx_attach_xdp(const char *pin, int program, guint ifindex, GError **error);
