/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/dirs.h"
#include "lab/error.h"
#include "lib/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TURN_PAUSE_US 50000

static gboolean make(const char *path, uid_t owner, mode_t mode, GError **error)
{
	struct stat st;

	if (mkdir(path, mode) && errno != EEXIST)
		return lab_fail_errno(error, "%s", path);
	if (lstat(path, &st) || !S_ISDIR(st.st_mode))
		return lab_fail(error, "%s is not a directory", path);
	if (chown(path, owner, owner) || chmod(path, mode))
		return lab_fail_errno(error, "%s", path);
	return TRUE;
}

static gboolean make_in_run(const char *lab, const char *leaf, uid_t owner, mode_t mode, GError **error)
{
	g_autofree char *path = paths_run(lab, leaf);

	return make(path, owner, mode, error);
}

static gboolean is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

static gboolean mount_bpffs(const char *lab, GError **error)
{
	g_autofree char *path = paths_run(lab, "bpf");

	if (!make(path, 0, 0711, error))
		return FALSE;
	if (!is_bpffs(path) && mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0711"))
		return lab_fail_errno(error, "cannot mount %s", path);
	return TRUE;
}

static int take_lock(const char *lab, GError **error)
{
	g_autofree char *path = paths_run(lab, "lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (fd >= 0 && errno == EWOULDBLOCK)
		lab_fail(error, "lab %s is running already", lab);
	else
		lab_fail_errno(error, "%s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* TRUE: the file is still the one that others would open. */
static gboolean is_current(int fd, const char *path)
{
	struct stat mine, theirs;

	return fstat(fd, &mine) == 0 && lstat(path, &theirs) == 0 && mine.st_dev == theirs.st_dev &&
	       mine.st_ino == theirs.st_ino;
}

int dirs_take_turn(const char *lab, guint seconds, GError **error)
{
	gint64 until = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
	g_autofree char *path = paths_turn(lab);
	g_autofree char *root = g_path_get_dirname(path);

	for (;;) {
		int fd = -1;

		if (!make(root, 0, 0755, error))
			return -1;
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno != ENOENT) {
			lab_fail_errno(error, "%s", path);
			return -1;
		}
		while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
			if (g_get_monotonic_time() > until) {
				close(fd);
				lab_fail(error, "another command starts lab %s or takes it down; try again", lab);
				return -1;
			}
			g_usleep(TURN_PAUSE_US);
		}
		/* Whoever had it before may have removed the file with the lab. */
		if (fd >= 0 && is_current(fd, path))
			return fd;
		if (fd >= 0)
			close(fd);
	}
}

void dirs_end_turn(const char *lab, int turn)
{
	g_autofree char *run = paths_run(lab, NULL);
	g_autofree char *path = paths_turn(lab);
	g_autofree char *root = g_path_get_dirname(path);

	if (access(run, F_OK)) {
		unlink(path);
		rmdir(root); /* when this was the last lab */
	}
	close(turn);
}

guint dirs_hosts(const char *lab)
{
	g_autofree char *path = paths_run(lab, "hosts");
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? (guint)strtoul(text, NULL, 10) : 0;
}

static gboolean keep_hosts(const char *lab, guint hosts, GError **error)
{
	g_autofree char *path = paths_run(lab, "hosts");
	g_autofree char *text = g_strdup_printf("%u\n", hosts);
	guint before = dirs_hosts(lab);

	if (before && before != hosts)
		return lab_fail(error, "lab %s has %u hosts; take it down first to have %u", lab, before, hosts);
	return g_file_set_contents(path, text, -1, error);
}

static gboolean make_host(const char *lab, guint host, GError **error)
{
	g_autofree char *leaf = g_strdup_printf("agent-%u", host);
	g_autofree char *pins = paths_bpf(lab, host), *logs = paths_flow_log(lab, host);

	return make_in_run(lab, leaf, UID_AGENT(host), 0755, error) && make(pins, UID_AGENT(host), 0700, error) &&
	       make(logs, UID_AGENT(host), 0750, error);
}

static gboolean make_all(const char *lab, guint hosts, GError **error)
{
	g_autofree char *state = paths_state(lab, NULL);
	g_autofree char *state_root = g_path_get_dirname(state), *logs = paths_logs(lab);
	g_autofree char *logs_root = g_path_get_dirname(logs);

	if (!make_in_run(lab, "log", 0, 0700, error) || !make_in_run(lab, "pids", 0, 0755, error) ||
	    !make_in_run(lab, "controller", UID_CONTROLLER, 0755, error) || !make(state_root, 0, 0755, error) ||
	    !make(state, UID_CONTROLLER, 0700, error) || !make(logs_root, 0, 0755, error) ||
	    !make(logs, 0, 0755, error) || !mount_bpffs(lab, error))
		return FALSE;
	for (guint host = 0; host < hosts; host++)
		if (!make_host(lab, host, error))
			return FALSE;
	return TRUE;
}

int dirs_prepare(const char *lab, guint hosts, GError **error)
{
	g_autofree char *run = paths_run(lab, NULL);
	g_autofree char *run_root = g_path_get_dirname(run);
	int lock;

	if (!make(run_root, 0, 0755, error) || !make(run, 0, 0755, error) || (lock = take_lock(lab, error)) < 0)
		return -1;
	if (keep_hosts(lab, hosts, error) && make_all(lab, hosts, error))
		return lock;
	close(lock);
	return -1;
}

/* Fails with EXDEV where something is mounted: what somebody mounted into the lab's directory is not the lab's. */
static int open_within(int parent, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
}

/* Depth first, by descriptors, never through a symbolic link; where something else is mounted inside it stops. */
static gboolean remove_tree(int parent, const char *name, GError **error)
{
	int fd = parent == AT_FDCWD ? open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
	                            : open_within(parent, name);
	gboolean ok = TRUE;
	struct dirent *e;
	DIR *dir;

	if (fd < 0 && errno == ENOENT)
		return TRUE;
	if (fd < 0 && errno == EXDEV)
		return lab_fail(error, "something is mounted on %s in the lab's directory: unmount it first", name);
	if (fd < 0) {
		if (unlinkat(parent, name, 0) && errno != ENOENT)
			return lab_fail_errno(error, "cannot remove %s", name);
		return TRUE;
	}
	dir = fdopendir(fd);
	while (ok && dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			ok = remove_tree(fd, e->d_name, error);
	closedir(dir);
	if (ok && unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT)
		return lab_fail_errno(error, "cannot remove %s", name);
	return ok;
}

static gboolean remove_dir(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);

	if (!remove_tree(AT_FDCWD, path, error))
		return FALSE;
	rmdir(parent); /* the root of all labs, when this was the last */
	return TRUE;
}

gboolean dirs_remove(const char *lab, GError **error)
{
	g_autofree char *bpf = paths_run(lab, "bpf");
	g_autofree char *run = paths_run(lab, NULL);
	g_autofree char *state = paths_state(lab, NULL), *logs = paths_logs(lab);

	while (is_bpffs(bpf))
		if (umount2(bpf, MNT_DETACH))
			return lab_fail_errno(error, "cannot unmount %s", bpf);
	return remove_dir(run, error) && remove_dir(state, error) && remove_dir(logs, error);
}
