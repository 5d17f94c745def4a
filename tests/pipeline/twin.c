/* SPDX-License-Identifier: Apache-2.0 */
#include "twin.h"
#include "kernel.h"
#include "explain/table.h"
#include "world.h"
#include <linux/pkt_cls.h>
#include <string.h>

#define XDP_IS_DROP 1
#define XDP_IS_PASS 2

struct twin {
	struct native *native;
	struct esc_mark mark; /* that XDP left last */
};

static struct kernel *kernel; /* one for all: loading is what takes time */
static gboolean kernel_tried;

gboolean twin_kernel_available(void)
{
	if (!kernel_tried)
		kernel = kernel_open();
	kernel_tried = TRUE;
	return kernel != NULL;
}

struct twin *twin_new(const struct tables *t)
{
	struct twin *w = g_new0(struct twin, 1);

	w->native = native_new(t);
	native_long_way(w->native, g_test_rand_bit()); /* the kernel's goes the short way where it can */
	if (twin_kernel_available()) {
		kernel_reset(kernel);
		kernel_load(kernel, w->native);
	}
	return w;
}

void twin_free(struct twin *w)
{
	native_free(w->native);
	g_free(w);
}

void twin_update(struct twin *w, const struct tables *t)
{
	native_update(w->native, t);
	if (kernel)
		kernel_load(kernel, w->native);
}

void twin_reload(struct twin *w)
{
	if (kernel)
		kernel_load(kernel, w->native);
}

void twin_advance(struct twin *w, guint64 milliseconds)
{
	native_advance(w->native, milliseconds);
	if (kernel)
		kernel_advance(kernel, milliseconds);
}

static struct esc_effect run_native(struct twin *w, const struct twin_in *in, struct frame *f)
{
	struct native_packet p = {.data = f->data, .length = f->length, .capacity = sizeof(f->data)};
	struct esc_effect e;

	p.tunnel_vni = in->vni;
	p.tunnel_remote = GUINT32_TO_BE(in->remote);
	p.gso_segs = in->gso_segs;
	p.gso_size = in->gso_size;
	p.marked = in->entry == TWIN_EDGE && in->marked;
	p.mark = w->mark;
	switch (in->entry) {
	case TWIN_PORT:
		e = native_from_port(w->native, in->port, &p);
		break;
	case TWIN_OVERLAY:
		e = native_from_overlay(w->native, &p);
		break;
	case TWIN_PROBER:
		e = native_from_prober(w->native, &p);
		break;
	case TWIN_EDGE:
		e = native_edge(w->native, &p);
		break;
	default:
		e = native_edge_xdp(w->native, &p);
		w->mark = p.marked ? p.mark : (struct esc_mark){0};
	}
	f->length = p.length;
	return e;
}

/* No program ever lets a packet into the host: it is shot, redirected (if only as an answer), or (XDP alone) passed to tc. */
static void check_return(const struct twin_in *in, const struct esc_effect *e, guint32 returned)
{
	gboolean passes = e->verdict <= ESC_VERDICT_LAST_PASS || e->delivery == ESC_TO_SELF;

	if (in->entry == TWIN_XDP)
		g_assert_cmpuint(returned, ==, passes ? XDP_IS_PASS : XDP_IS_DROP);
	else
		g_assert_cmpuint(returned, ==, passes ? TC_ACT_REDIRECT : TC_ACT_SHOT);
}

struct esc_effect twin_run(struct twin *w, const struct twin_in *in, struct frame *f)
{
	struct frame copy = *f;
	struct esc_mark mark = w->mark;
	struct esc_effect e = run_native(w, in, f), k;
	guint32 returned;

	if (!kernel)
		return e;
	k = kernel_run(kernel, in, &copy, &returned, &mark);
	g_assert_cmpuint(k.verdict, ==, e.verdict);
	g_assert_cmpmem(&k, sizeof(k), &e, sizeof(e));
	check_return(in, &e, returned);
	g_assert_cmpmem(copy.data, copy.length, f->data, f->length);
	if (in->entry == TWIN_XDP)
		g_assert_cmpmem(&mark, sizeof(mark), &w->mark, sizeof(w->mark));
	return e;
}

guint twin_race(struct twin *w, guint32 port, GArray *frames, guint processors)
{
	kernel_reset(kernel);
	kernel_load(kernel, w->native);
	return kernel_race(kernel, port, frames, processors);
}

void twin_compare(struct twin *w)
{
	if (kernel)
		kernel_compare(kernel, w->native);
}

guint64 twin_drops(struct twin *w, guint32 port, enum esc_verdict v)
{
	return native_drops(w->native, port, v);
}

int twin_import(struct twin *w, const struct esc_moved *m)
{
	int v = native_import(w->native, m);

	if (kernel)
		g_assert_cmpint(kernel_import(kernel, m), ==, v);
	twin_compare(w);
	return v;
}

int twin_import6(struct twin *w, const struct esc_moved6 *m)
{
	int v = native_import6(w->native, m);

	if (kernel)
		g_assert_cmpint(kernel_import6(kernel, m), ==, v);
	twin_compare(w);
	return v;
}

struct native *twin_native(struct twin *w)
{
	return w->native;
}

struct twin *twin_new_world(void)
{
	g_autoptr(tables) t = world_tables();

	return twin_new(t);
}

void twin_set_overlay(struct twin *w, guint32 ifindex)
{
	struct esc_host *h = (struct esc_host *)native_table(w->native, "host")->array;

	h->overlay_ifindex = ifindex;
	if (kernel)
		kernel_load(kernel, w->native);
}

struct kernel *twin_kernel(struct twin *w)
{
	(void)w;
	return kernel;
}
