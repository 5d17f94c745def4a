/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tcx.h"
#include "lab/error.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel's ABI since 6.6; the headers of Debian 12 end at 6.1. */
#define ATTACH_TCX_INGRESS 46
#define PLACE_BEFORE       (1u << 3)
struct link_create_tcx {
	guint32 prog_fd, target_ifindex, attach_type, flags;
	guint32 relative, pad;
	guint64 expected_revision;
};

#define CLSACT_HANDLE   1
#define CLSACT_PRIORITY 1

static int create_link(int program, guint ifindex)
{
	struct link_create_tcx a = {.prog_fd = (guint32)program,
	                            .target_ifindex = ifindex,
	                            .attach_type = ATTACH_TCX_INGRESS,
	                            .flags = PLACE_BEFORE};

	return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof(a));
}

/* The device that a link hangs on; 0: none any more. The place in the structure is the same for XDP and tcx links. */
static guint link_ifindex(int link, guint32 *program)
{
	struct bpf_link_info info = {0};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &length))
		return 0;
	if (program)
		*program = info.prog_id;
	return info.xdp.ifindex;
}

static guint32 program_id(int program)
{
	struct bpf_prog_info info = {0};
	__u32 length = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &length) ? 0 : info.id;
}

/* A pinned link on this very device gets the new program; any other pin is a leftover and goes. */
static gboolean renew(const char *pin, int program, guint ifindex)
{
	int link = bpf_obj_get(pin);
	guint32 present = 0;
	gboolean ok;

	if (link < 0)
		return FALSE;
	ok = link_ifindex(link, &present) == ifindex &&
	     (present == program_id(program) || !bpf_link_update(link, program, NULL));
	close(link);
	if (!ok)
		unlink(pin);
	return ok;
}

static gboolean clsact_present(guint ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY);
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* "no" is an answer here, nothing to log */
	gboolean present = bpf_tc_query(&hook, &opts) == 0;

	libbpf_set_print(print);
	return present;
}

gboolean tcx_attach_clsact(int program, guint ifindex, gboolean *was_there, GError **error)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY, .prog_fd = program,
	            .flags = BPF_TC_F_REPLACE);
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* that it exists is no news either */
	int e = bpf_tc_hook_create(&hook);

	libbpf_set_print(print);
	*was_there = e == -EEXIST && clsact_present(ifindex);
	if (e && e != -EEXIST)
		return lab_fail(error, "cannot create clsact: %s", g_strerror(-e));
	e = bpf_tc_attach(&hook, &opts);
	return !e || lab_fail(error, "cannot attach by clsact: %s", g_strerror(-e));
}

gboolean tcx_attach(const char *pin, int program, guint ifindex, enum tcx_kind *kind, gboolean *was_there,
                    GError **error)
{
	int link, e;

	*kind = TCX_LINK;
	*was_there = renew(pin, program, ifindex);
	if (*was_there)
		return TRUE;
	link = create_link(program, ifindex);
	if (link < 0 && errno == EINVAL) {
		*kind = TCX_CLSACT;
		return tcx_attach_clsact(program, ifindex, was_there, error);
	}
	if (link < 0)
		return lab_fail_errno(error, "cannot attach the program");
	e = bpf_obj_pin(link, pin);
	close(link);
	if (e)
		return lab_fail_errno(error, "cannot pin %s", pin);
	return TRUE;
}

/* A pin that goes releases its link only some time later, so the link is told first. */
void tcx_detach(const char *pin)
{
	int link = bpf_obj_get(pin);

	if (link >= 0) {
		bpf_link_detach(link);
		close(link);
	}
	unlink(pin);
}

enum tcx_kind tcx_look(const char *pin, guint ifindex)
{
	int link = bpf_obj_get(pin);
	gboolean ok;

	if (link < 0)
		return clsact_present(ifindex) ? TCX_CLSACT : TCX_NONE;
	ok = link_ifindex(link, NULL) == ifindex;
	close(link);
	return ok ? TCX_LINK : TCX_NONE;
}

gboolean tcx_preceded(const char *pin, guint ifindex)
{
	__u32 programs[64], count = G_N_ELEMENTS(programs), flags;
	guint32 ours = 0;
	int link = bpf_obj_get(pin);

	if (link < 0)
		return FALSE;
	link_ifindex(link, &ours);
	close(link);
	return !bpf_prog_query((int)ifindex, ATTACH_TCX_INGRESS, 0, &flags, programs, &count) && count &&
	       programs[0] != ours;
}

gboolean tcx_attach_xdp(const char *pin, int program, guint ifindex, GError **error)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_SKB_MODE);
	int link, e;

	if (renew(pin, program, ifindex))
		return TRUE;
	link = bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);
	if (link < 0)
		return lab_fail_errno(error, "cannot attach the XDP program");
	e = bpf_obj_pin(link, pin);
	close(link);
	return !e || lab_fail_errno(error, "cannot pin %s", pin);
}
