/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For those who load the programs of IPv4: the object that suits the kernel that runs. Linux from 6.2 on hands out its
 * sk_buff (bpf_cast_to_kern_ctx), and an object that asks for that costs a packet a third less (ctx/skb.h). Both objects
 * have the same maps and programs, so one skeleton describes either.
 */
#pragma once
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include "edge.skel.h"
#include "edgek.skel.h"
#include "port.skel.h"
#include "portk.skel.h"

static inline int skeleton_has_kern_ctx(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int has = kernel && btf__find_by_name_kind(kernel, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC) > 0;

	btf__free(kernel);
	return has;
}

static inline struct port_bpf *skeleton_port(void)
{
	struct port_bpf *s;

	if (!skeleton_has_kern_ctx())
		return port_bpf__open();
	s = calloc(1, sizeof(*s));
	if (!s || port_bpf__create_skeleton(s)) {
		free(s);
		return NULL;
	}
	s->skeleton->data = (void *)portk_bpf__elf_bytes(&s->skeleton->data_sz);
	if (!bpf_object__open_skeleton(s->skeleton, NULL))
		return s;
	port_bpf__destroy(s);
	return NULL;
}

static inline struct edge_bpf *skeleton_edge(void)
{
	struct edge_bpf *s;

	if (!skeleton_has_kern_ctx())
		return edge_bpf__open();
	s = calloc(1, sizeof(*s));
	if (!s || edge_bpf__create_skeleton(s)) {
		free(s);
		return NULL;
	}
	s->skeleton->data = (void *)edgek_bpf__elf_bytes(&s->skeleton->data_sz);
	if (!bpf_object__open_skeleton(s->skeleton, NULL))
		return s;
	edge_bpf__destroy(s);
	return NULL;
}
