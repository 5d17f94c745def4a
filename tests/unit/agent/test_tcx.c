/* SPDX-License-Identifier: Apache-2.0 */
/* Programs on devices, on a veth pair in a namespace and a bpffs of the test's own. Needs root; skipped without. */
#include "agent/tcx.h"
#include "lab/firewall.h"
#include "lab/rtnl.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DROP 2 /* TC_ACT_SHOT */

static char *folder; /* bpffs */

static int load_program(void)
{
	const struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = DROP},
	                                {.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "test", "GPL", code, G_N_ELEMENTS(code), NULL);

	g_assert_cmpint(fd, >=, 0);
	return fd;
}

/* A fresh pair a - b; the index of a. */
static guint make_device(struct rtnl *r)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	g_assert_true(rtnl_delete(r, "a", NULL));
	g_assert_true(
	        rtnl_add_veth(r, (struct rtnl_end){"a", NULL, 1500}, (struct rtnl_end){"b", NULL, 1500}, here, NULL));
	close(here);
	return rtnl_index(r, "a");
}

static char *pin(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void test_link(void)
{
	g_autoptr(rtnl) r = rtnl_open(NULL);
	g_autofree char *p = pin("a");
	int one = load_program(), two = load_program();
	guint index = make_device(r);
	enum tcx_kind kind;
	gboolean was_there;

	g_assert_cmpint(tcx_look(p, index), ==, TCX_NONE);
	g_assert_true(tcx_attach(p, one, index, &kind, &was_there, NULL));
	if (kind == TCX_CLSACT) {
		g_test_skip("this kernel has no tcx");
		goto out;
	}
	g_assert_false(was_there);
	g_assert_cmpint(tcx_look(p, index), ==, TCX_LINK);
	g_assert_true(tcx_attach(p, two, index, &kind, &was_there, NULL));
	g_assert_true(was_there);
	g_assert_false(tcx_preceded(p, index));
	/* A pin that leads to another device is no program of this one. */
	g_assert_cmpint(tcx_look(p, index + 100), ==, TCX_NONE);
	tcx_detach(p);
	g_assert_cmpint(tcx_look(p, index), ==, TCX_NONE);
out:
	close(one);
	close(two);
}

/* The device went away under its link: the pin is a leftover, and the next attachment is a new one. */
static void test_device_gone(void)
{
	g_autoptr(rtnl) r = rtnl_open(NULL);
	g_autofree char *p = pin("gone");
	int program = load_program();
	guint index = make_device(r);
	enum tcx_kind kind;
	gboolean was_there;

	g_assert_true(tcx_attach(p, program, index, &kind, &was_there, NULL));
	index = make_device(r);
	g_assert_cmpint(tcx_look(p, index), ==, TCX_NONE);
	g_assert_true(tcx_attach(p, program, index, &kind, &was_there, NULL));
	g_assert_false(was_there);
	g_assert_cmpint(tcx_look(p, index), !=, TCX_NONE);
	tcx_detach(p);
	close(program);
}

/* Somebody else's program in front of ours is seen. */
static void test_preceded(void)
{
	g_autoptr(rtnl) r = rtnl_open(NULL);
	g_autofree char *ours = pin("ours"), *other = pin("other");
	int program = load_program(), foreign = load_program();
	guint index = make_device(r);
	enum tcx_kind kind;
	gboolean was_there;

	g_assert_true(tcx_attach(ours, program, index, &kind, &was_there, NULL));
	if (kind == TCX_LINK) {
		g_assert_false(tcx_preceded(ours, index));
		g_assert_true(tcx_attach(other, foreign, index, &kind, &was_there, NULL));
		g_assert_true(tcx_preceded(ours, index));
		tcx_detach(other);
		g_assert_false(tcx_preceded(ours, index));
	} else {
		g_test_skip("this kernel has no tcx");
	}
	tcx_detach(ours);
	close(program);
	close(foreign);
}

static void test_clsact(void)
{
	g_autoptr(rtnl) r = rtnl_open(NULL);
	g_autofree char *p = pin("none");
	int one = load_program(), two = load_program();
	guint index = make_device(r);
	gboolean was_there;

	g_assert_true(tcx_attach_clsact(one, index, &was_there, NULL));
	g_assert_false(was_there);
	close(one); /* the filter holds it */
	g_assert_cmpint(tcx_look(p, index), ==, TCX_CLSACT);
	g_assert_true(tcx_attach_clsact(two, index, &was_there, NULL));
	g_assert_true(was_there);
	g_assert_cmpint(tcx_look(p, index), ==, TCX_CLSACT);
	close(two);
}

/* The rule below the programs: closing twice is fine, and a device that is gone can be forgotten. */
static void test_firewall(void)
{
	g_autoptr(rtnl) r = rtnl_open(NULL);
	g_autoptr(GError) error = NULL;

	make_device(r);
	g_assert_true(firewall_close_device("a", &error));
	g_assert_no_error(error);
	g_assert_true(firewall_close_device("a", &error));
	g_assert_true(rtnl_delete(r, "a", NULL));
	firewall_forget_device("a");
	make_device(r);
	g_assert_true(firewall_close_device("a", &error));
	g_assert_false(firewall_run("add rule netdev escarp no-such-chain drop\n", &error));
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	int code;

	g_test_init(&argc, &argv, NULL);
	folder = g_strdup("/tmp/escarp-tcx-XXXXXX");
	if (geteuid() || unshare(CLONE_NEWNET | CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !g_mkdtemp(folder) || mount("bpf", folder, "bpf", 0, NULL)) {
		g_print("1..0 # SKIP needs root: makes a network namespace\n");
		return 0;
	}
	g_test_add_func("/agent/tcx/link", test_link);
	g_test_add_func("/agent/tcx/device-gone", test_device_gone);
	g_test_add_func("/agent/tcx/preceded", test_preceded);
	g_test_add_func("/agent/tcx/clsact", test_clsact);
	g_test_add_func("/agent/tcx/firewall", test_firewall);
	code = g_test_run();
	umount2(folder, MNT_DETACH);
	rmdir(folder);
	g_free(folder);
	return code;
}
