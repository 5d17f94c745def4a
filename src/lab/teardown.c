/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/lab.h"
#include "lab/dirs.h"
#include "lab/error.h"
#include "lab/netns.h"
#include "lab/outside.h"
#include "lab/pids.h"
#include "lab/rtnl.h"
#include "lib/paths.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define END_SECONDS 6
#define ROUNDS      50
#define ROUND_MS    20

#define TURN_SECONDS 60 /* longer than a start takes */

/* Names of the lab's namespaces, by their files. */
static GPtrArray *own_namespaces(const char *lab)
{
	g_autofree char *prefix = paths_netns_prefix(lab);
	g_autoptr(GDir) dir = g_dir_open("/run/netns", 0, NULL);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		if (g_str_has_prefix(name, prefix))
			g_ptr_array_add(names, g_strdup(name));
	return names;
}

/* Inode numbers of the namespaces, as a set: what /proc/PID/ns/net is compared with. */
static GHashTable *inodes(const GPtrArray *names)
{
	GHashTable *set = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

	for (guint i = 0; i < names->len; i++) {
		struct stat st;
		int fd = netns_open(names->pdata[i], NULL);

		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0) {
			gint64 *inode = g_new(gint64, 1);

			*inode = (gint64)st.st_ino;
			g_hash_table_add(set, inode);
		}
		close(fd);
	}
	return set;
}

/* Signals every process that runs inside one of them; returns how many. What runs in an instance belongs to it. */
static guint signal_inside(GHashTable *set, int number)
{
	g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
	const char *name;
	guint n = 0;

	while (proc && (name = g_dir_read_name(proc))) {
		g_autofree char *path = g_strdup_printf("/proc/%s/ns/net", name);
		guint64 pid;
		struct stat st;

		if (!g_ascii_string_to_unsigned(name, 10, 2, G_MAXINT, &pid, NULL) || stat(path, &st) ||
		    !g_hash_table_contains(set, &(gint64){(gint64)st.st_ino}) || (pid_t)pid == getpid())
			continue;
		kill((pid_t)pid, number);
		n++;
	}
	return n;
}

/* Where `exec internet --as` sends from has no name, but its link to the Internet tells which namespace it is. */
static void add_outside(GHashTable *set, const char *lab)
{
	g_autofree char *internet = paths_netns_internet(lab);
	g_autoptr(rtnl) r = netns_exists(internet) ? rtnl_open_in(internet, NULL) : NULL;
	g_autoptr(GPtrArray) names = r ? rtnl_devices(r, NULL) : NULL;

	for (guint i = 0; names && i < names->len; i++) {
		g_autofree char *alias = rtnl_alias(r, names->pdata[i]);
		guint64 inode;

		if (alias && g_str_has_prefix(alias, OUTSIDE_MARK) &&
		    g_ascii_string_to_unsigned(alias + strlen(OUTSIDE_MARK), 10, 1, G_MAXINT64, &inode, NULL))
			g_hash_table_add(set, g_memdup2(&inode, sizeof(inode)));
	}
}

static void end_inside(GHashTable *set)
{
	guint left = g_hash_table_size(set) ? signal_inside(set, SIGTERM) : 0;

	for (guint i = 0; left && i < ROUNDS; i++) {
		g_usleep(ROUND_MS * 1000);
		left = signal_inside(set, i < ROUNDS / 2 ? 0 : SIGKILL);
	}
}

static gboolean remove_all(const char *lab, GError **error)
{
	pids_end_all(lab, 0, END_SECONDS);
	g_autoptr(GPtrArray) names = own_namespaces(lab);
	g_autoptr(GHashTable) set = inodes(names);
	add_outside(set, lab);
	end_inside(set);
	for (guint i = 0; i < names->len; i++)
		if (!netns_delete(names->pdata[i], error))
			return FALSE;
	return dirs_remove(lab, error);
}

gboolean lab_teardown(const char *lab, GError **error)
{
	gboolean ok;
	int turn;

	if (!paths_lab_valid(lab))
		return lab_fail(error, "not a lab's name: %s", lab);
	turn = dirs_take_turn(lab, TURN_SECONDS, error);
	if (turn < 0)
		return FALSE;
	ok = remove_all(lab, error);
	dirs_end_turn(lab, turn);
	return ok;
}
