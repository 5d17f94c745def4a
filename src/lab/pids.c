/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/pids.h"
#include "lab/error.h"
#include "lib/paths.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define PAUSE_MS 20

/* In clock ticks since boot; 0: no such process. Field 22 of stat, counted behind the name, which may contain anything.
 */
static guint64 start_time(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
	g_autofree char *text = NULL;
	unsigned long long start;
	const char *rest;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	rest = strrchr(text, ')');
	if (!rest || rest[1] != ' ' || rest[2] == 'Z')
		return 0;
	if (sscanf(rest + 2, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
	           &start) != 1)
		return 0;
	return start;
}

/* argv[0] is escarpd, and "--lab NAME" follows somewhere. */
static gboolean is_of_lab(pid_t pid, const char *lab)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
	g_autofree char *text = NULL;
	gsize length, at;

	if (!g_file_get_contents(path, &text, &length, NULL) || !length)
		return FALSE;
	g_autofree char *program = g_path_get_basename(text);
	if (strcmp(program, "escarpd"))
		return FALSE;
	for (at = strlen(text) + 1; at < length; at += strlen(text + at) + 1) {
		gsize next = at + strlen(text + at) + 1;

		if (!strcmp(text + at, "--lab") && next < length)
			return !strcmp(text + next, lab);
	}
	return FALSE;
}

gboolean pids_write(const char *lab, const char *role, pid_t pid, GError **error)
{
	g_autofree char *leaf = g_strdup_printf("pids/%s", role);
	g_autofree char *path = paths_run(lab, leaf);
	g_autofree char *text = g_strdup_printf("%d %llu\n", (int)pid, (unsigned long long)start_time(pid));

	return g_file_set_contents(path, text, -1, error);
}

void pids_forget(const char *lab, const char *role)
{
	g_autofree char *leaf = g_strdup_printf("pids/%s", role);
	g_autofree char *path = paths_run(lab, leaf);

	remove(path);
}

pid_t pids_find(const char *lab, const char *role)
{
	g_autofree char *leaf = g_strdup_printf("pids/%s", role);
	g_autofree char *path = paths_run(lab, leaf);
	g_autofree char *text = NULL;
	unsigned long long start;
	int pid;

	if (!g_file_get_contents(path, &text, NULL, NULL) || sscanf(text, "%d %llu", &pid, &start) != 2 || pid <= 1)
		return 0;
	return start && start_time(pid) == start && is_of_lab(pid, lab) ? pid : 0;
}

/* Sends a signal to every recorded process; returns how many there were. */
static guint signal_all(const char *lab, pid_t spare, int number)
{
	g_autofree char *path = paths_run(lab, "pids");
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *role;
	guint n = 0;

	while (dir && (role = g_dir_read_name(dir))) {
		pid_t pid = pids_find(lab, role);

		if (!pid || pid == spare)
			continue;
		kill(pid, number);
		n++;
	}
	return n;
}

void pids_end_all(const char *lab, pid_t spare, guint seconds)
{
	guint left = signal_all(lab, spare, SIGTERM);

	for (guint waited = 0; left && waited < seconds * 1000; waited += PAUSE_MS) {
		g_usleep(PAUSE_MS * 1000);
		left = signal_all(lab, spare, 0);
	}
	for (guint tries = 0; left && tries < 50; tries++) {
		left = signal_all(lab, spare, SIGKILL);
		g_usleep(PAUSE_MS * 1000);
	}
}
