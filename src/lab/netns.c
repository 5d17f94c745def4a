/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/netns.h"
#include "lab/error.h"
#include "lib/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* A bare file left by a crash between creating and mounting is no namespace. */
static gboolean is_netns(int fd)
{
	return ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

gboolean netns_exists(const char *name)
{
	int fd = netns_open(name, NULL);

	if (fd < 0)
		return FALSE;
	close(fd);
	return TRUE;
}

int netns_open(const char *name, GError **error)
{
	g_autofree char *path = paths_netns_file(name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		lab_fail_errno(error, "network namespace %s", name);
		return -1;
	}
	if (is_netns(fd))
		return fd;
	close(fd);
	lab_fail(error, "%s is not a network namespace", path);
	return -1;
}

/* The mount that pins the namespace must be made while a process is inside; this thread goes there and comes back. */
static gboolean make_and_mount(const char *name, const char *path, GError **error)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	gboolean ok;

	if (home < 0)
		return lab_fail_errno(error, "own network namespace");
	if (unshare(CLONE_NEWNET)) {
		close(home);
		return lab_fail_errno(error, "cannot create network namespace %s", name);
	}
	ok = mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) == 0;
	if (!ok)
		lab_fail_errno(error, "cannot mount %s", path);
	netns_leave(&(struct netns_visit){home});
	return ok;
}

gboolean netns_create(const char *name, GError **error)
{
	g_autofree char *path = paths_netns_file(name);
	int fd;

	if (netns_exists(name))
		return TRUE;
	if (g_mkdir_with_parents("/run/netns", 0755))
		return lab_fail_errno(error, "/run/netns");
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
	if (fd < 0)
		return lab_fail_errno(error, "%s", path);
	close(fd);
	if (!make_and_mount(name, path, error)) {
		unlink(path);
		return FALSE;
	}
	return TRUE;
}

gboolean netns_delete(const char *name, GError **error)
{
	g_autofree char *path = paths_netns_file(name);

	while (umount2(path, MNT_DETACH) == 0)
		;
	if (unlink(path) && errno != ENOENT)
		return lab_fail_errno(error, "cannot remove %s", path);
	return TRUE;
}

gboolean netns_enter(const char *name, GError **error)
{
	int fd = netns_open(name, error);
	gboolean ok;

	if (fd < 0)
		return FALSE;
	ok = setns(fd, CLONE_NEWNET) == 0;
	if (!ok)
		lab_fail_errno(error, "cannot enter network namespace %s", name);
	close(fd);
	return ok;
}

gboolean netns_visit(struct netns_visit *v, const char *name, GError **error)
{
	v->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (v->home < 0)
		return lab_fail_errno(error, "own network namespace");
	if (netns_enter(name, error))
		return TRUE;
	close(v->home);
	v->home = -1;
	return FALSE;
}

void netns_leave(struct netns_visit *v)
{
	if (v->home < 0)
		return;
	if (setns(v->home, CLONE_NEWNET))
		g_error("cannot return to the own network namespace: %s", g_strerror(errno));
	close(v->home);
	v->home = -1;
}
