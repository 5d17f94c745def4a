/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/sandbox.h"
#include "lib/node.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>

static const int allowed[] = {
        SCMP_SYS(read),
        SCMP_SYS(readv),
        SCMP_SYS(write),
        SCMP_SYS(writev),
        SCMP_SYS(close),
        SCMP_SYS(connect),
        SCMP_SYS(send),
        SCMP_SYS(sendto),
        SCMP_SYS(sendmsg),
        SCMP_SYS(recv),
        SCMP_SYS(recvfrom),
        SCMP_SYS(recvmsg),
        SCMP_SYS(shutdown),
        SCMP_SYS(getsockopt),
        SCMP_SYS(setsockopt),
        SCMP_SYS(getsockname),
        SCMP_SYS(getpeername),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(eventfd2),
        SCMP_SYS(futex),
        SCMP_SYS(mmap),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(madvise),
        SCMP_SYS(brk),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(nanosleep),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(getpid),
        SCMP_SYS(gettid),
        SCMP_SYS(getrandom),
        SCMP_SYS(fcntl),
        SCMP_SYS(fstat),
        SCMP_SYS(newfstatat),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(sched_yield),
        SCMP_SYS(geteuid),
        SCMP_SYS(getuid),
        SCMP_SYS(rseq),
        SCMP_SYS(sched_getaffinity),
};

/* Streams to ports and to the store, and no other socket; memory that is never code. */
static int add_bounded(scmp_filter_ctx c)
{
	int e = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_INET),
	                         SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));

	if (!e)
		e = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (!e)
		e = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
	return e;
}

gboolean sandbox_enter(GError **error)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int e = c ? add_bounded(c) : -ENOMEM;

	for (gsize i = 0; !e && i < G_N_ELEMENTS(allowed); i++)
		e = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!e)
		e = seccomp_load(c);
	if (c)
		seccomp_release(c);
	if (!e)
		return TRUE;
	g_set_error(error, ESC_INPUT_ERROR, ESC_INPUT_INVALID, "cannot confine this process: %s", g_strerror(-e));
	return FALSE;
}
