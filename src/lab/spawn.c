/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/spawn.h"
#include "lab/error.h"
#include "lab/netns.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPEN_FILES 8192

/* Between fork and exec: plain system calls only. Each failure has its own exit code, which the supervisor logs. */
enum failure {
	FAIL_FDS = 101,
	FAIL_NETNS,
	FAIL_LIMITS,
	FAIL_BOUNDING,
	FAIL_UID,
	FAIL_CAPS,
	FAIL_AMBIENT,
	FAIL_NNP,
	FAIL_EXEC
};

struct prepared {
	int netns, log, null, channel;
};

static void must(int failed, enum failure code)
{
	if (failed)
		_exit(code);
}

static void settle_fds(const struct prepared *p)
{
	/* The log may sit where the channel belongs; move both out of the way first. */
	int log = fcntl(p->log, F_DUPFD, 16), null = fcntl(p->null, F_DUPFD, 16);
	int channel = p->channel >= 0 ? fcntl(p->channel, F_DUPFD, 16) : -1;

	must(log < 0 || null < 0 || (p->channel >= 0 && channel < 0), FAIL_FDS);
	must(dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0, FAIL_FDS);
	if (channel >= 0)
		must(dup2(channel, SPAWN_CHANNEL) < 0, FAIL_FDS);
	must(close_range(channel >= 0 ? SPAWN_CHANNEL + 1 : SPAWN_CHANNEL, ~0u, 0), FAIL_FDS);
}

static void set_limits(void)
{
	const struct rlimit none = {0, 0}, files = {OPEN_FILES, OPEN_FILES};

	must(setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_NOFILE, &files), FAIL_LIMITS);
}

static void drop_privileges(uid_t uid, guint64 capabilities)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int cap = 0; cap < 64; cap++)
		if (!(capabilities >> cap & 1) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			must(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0), FAIL_BOUNDING);
	must(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	             setresuid(uid, uid, uid),
	     FAIL_UID);
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = data[i].inheritable = (guint32)(capabilities >> (32 * i));
	must((int)syscall(SYS_capset, &head, data), FAIL_CAPS);
	for (int cap = 0; cap < 64; cap++)
		if (capabilities >> cap & 1)
			must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0), FAIL_AMBIENT);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), FAIL_NNP);
}

#define ENVIRONMENT_SIZE 5

/* A role gets two settings of the caller's environment, where they make sense, and nothing else of it. */
static void fill_environment(char *environment[ENVIRONMENT_SIZE], char *room, gsize size)
{
	const char *edge = g_getenv("ESCARP_EDGE"), *mib = g_getenv("ESCARP_POLICY_MIB");
	guint n = 0;

	environment[n++] = (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	environment[n++] = (char *)"LC_ALL=C.UTF-8";
	if (edge && !strcmp(edge, "xdp"))
		environment[n++] = (char *)"ESCARP_EDGE=xdp";
	if (mib && strlen(mib) <= 4 && strspn(mib, "0123456789") == strlen(mib)) {
		g_snprintf(room, (gulong)size, "ESCARP_POLICY_MIB=%s", mib);
		environment[n++] = room;
	}
	environment[n] = NULL;
}

static void G_GNUC_NORETURN become(const struct spawn *s, const struct prepared *p)
{
	char room[32], *environment[ENVIRONMENT_SIZE];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	umask(077); /* sockets get their mode by name, everything else is the role's own */
	if (p->netns >= 0)
		must(setns(p->netns, CLONE_NEWNET), FAIL_NETNS);
	settle_fds(p);
	set_limits();
	must(chdir("/"), FAIL_FDS);
	drop_privileges(s->uid, s->capabilities);
	fill_environment(environment, room, sizeof(room));
	execve("/proc/self/exe", (char *const *)s->argv, environment);
	_exit(FAIL_EXEC);
}

pid_t spawn_role(const struct spawn *s, GError **error)
{
	struct prepared p = {.netns = -1, .channel = s->channel};
	pid_t pid = -1;

	if (s->netns && (p.netns = netns_open(s->netns, error)) < 0)
		return -1;
	p.log = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	p.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (p.log < 0 || p.null < 0)
		lab_fail_errno(error, "%s", s->log);
	else if ((pid = fork()) == 0)
		become(s, &p);
	else if (pid < 0)
		lab_fail_errno(error, "fork");
	for (gsize i = 0; i < 3; i++) {
		int fd = ((int[]){p.netns, p.log, p.null})[i];

		if (fd >= 0)
			close(fd);
	}
	return pid;
}

void spawn_settle(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		_exit(FAIL_NNP);
	/* It may have died before we asked to be told. */
	if (getppid() == 1)
		_exit(0);
}
