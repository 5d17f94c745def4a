/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The twins: the kernel build, through BPF_PROG_TEST_RUN, and the native build, side by side over the same tables.
 *
 * Every packet goes through both; the verdict, the effect, the whole frame that comes out and the program's return
 * value must agree, and twin_compare holds all their flows, counters and hands against each other. Where the kernel
 * does not let us load programs, the native twin runs alone.
 */
#pragma once
#include "explain/native.h"
#include "frame.h"

struct twin;
struct kernel;

enum twin_entry { TWIN_PORT, TWIN_OVERLAY, TWIN_EDGE, TWIN_XDP, TWIN_PROBER };

/* Where a frame enters, and what came with it. */
struct twin_in {
	enum twin_entry entry;
	guint32 port;               /* TWIN_PORT */
	guint32 vni, remote;        /* TWIN_OVERLAY; remote in host order */
	guint16 gso_segs, gso_size; /* of a super-frame; not for XDP */
	gboolean marked;            /* TWIN_EDGE: with the mark that the last TWIN_XDP left */
};

gboolean twin_kernel_available(void);
struct twin *twin_new(const struct tables *t);
void twin_free(struct twin *w);
/* New tables in both, flows stay. */
void twin_update(struct twin *w, const struct tables *t);
/* What a test has written into the native twin's tables, to the kernel's as well. */
void twin_reload(struct twin *w);
void twin_advance(struct twin *w, guint64 milliseconds);
/* The frame is replaced by what came out; after a drop it is what went in. */
struct esc_effect twin_run(struct twin *w, const struct twin_in *in, struct frame *f);
/*
 * The kernel twin alone, flows cleared first: `processors` of them send the same frames from a port, side by side. How
 * many pairs there are then; the test fails when there is a half of one, or one outside of its ring.
 */
guint twin_race(struct twin *w, guint32 port, GArray *frames, guint processors);
/* Flows, drops, rule hits, hands. Fails the test when they differ. */
void twin_compare(struct twin *w);
guint64 twin_drops(struct twin *w, guint32 port, enum esc_verdict v);
/* A conversation that comes along with a port: the verdict of both, which must agree, as must all flows then. */
int twin_import(struct twin *w, const struct esc_moved *m);
int twin_import6(struct twin *w, const struct esc_moved6 *m);
struct native *twin_native(struct twin *w);
struct kernel *twin_kernel(struct twin *w);             /* NULL: none here */
struct twin *twin_new_world(void);                      /* over world_tables() */
void twin_set_overlay(struct twin *w, guint32 ifindex); /* 0: a host without one */
typedef struct twin twin;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(twin, twin_free)
