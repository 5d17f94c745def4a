/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/lab.h"
#include "lab/dirs.h"
#include "lab/error.h"
#include "lab/lines.h"
#include "lab/pids.h"
#include "lib/paths.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_SECONDS 30
#define ROUND_MS     50
#define TURN_SECONDS 60 /* longer than another start or end takes */
#define LOG_TAIL     1000

static gboolean answers(const char *lab)
{
	g_autofree char *path = paths_control_socket(lab);
	struct node *request = node_object();

	node_set(request, "op", node_string("status"));
	g_autoptr(node) answer = lines_call(path, request, 10, NULL);
	return answer != NULL;
}

/* The end of a log file, for the message of a failed start. Caller frees. */
static char *log_tail(const char *path)
{
	g_autofree char *text = NULL;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, NULL))
		return g_strdup("(no log)");
	return g_strchomp(g_strdup(length > LOG_TAIL ? text + length - LOG_TAIL : text));
}

/* The daemon is the same build as this program: it stands beside it. */
static char *find_escarpd(GError **error)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", error);

	if (!self)
		return NULL;
	g_autofree char *folder = g_path_get_dirname(self);
	g_autofree char *path = g_build_filename(folder, "escarpd", NULL);
	if (access(path, X_OK) == 0)
		return g_steal_pointer(&path);
	lab_fail_errno(error, "%s", path);
	return NULL;
}

/* In the forked child: a session of its own, only the log open. */
static void G_GNUC_NORETURN become_daemon(const char *program, const char *lab, guint hosts, int log)
{
	g_autofree char *number = g_strdup_printf("%u", hosts);
	int null = open("/dev/null", O_RDWR);

	setsid();
	umask(022);
	if (chdir("/") || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	close_range(3, ~0u, 0);
	execl(program, "escarpd", "lab", "--lab", lab, "--hosts", number, NULL);
	_exit(127);
}

static pid_t launch(const char *lab, guint hosts, const char *log_path, GError **error)
{
	g_autofree char *program = find_escarpd(error);
	g_autofree char *folder = g_path_get_dirname(log_path);
	pid_t pid;
	int log;

	if (!program)
		return -1;
	if (g_mkdir_with_parents(folder, 0700) ||
	    (log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0) {
		lab_fail_errno(error, "%s", log_path);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		become_daemon(program, lab, hosts, log);
	if (pid < 0)
		lab_fail_errno(error, "fork");
	close(log);
	return pid;
}

static gboolean wait_until_ready(const char *lab, pid_t pid, const char *log_path, GError **error)
{
	gint64 until = g_get_monotonic_time() + WAIT_SECONDS * G_USEC_PER_SEC;

	while (g_get_monotonic_time() < until) {
		if (pid && waitpid(pid, NULL, WNOHANG) == pid) {
			g_autofree char *tail = log_tail(log_path);

			return lab_fail(error, "the lab did not start: %s", tail);
		}
		if (answers(lab))
			return TRUE;
		g_usleep(ROUND_MS * 1000);
	}
	g_autofree char *controller_log = paths_run(lab, "log/controller.log");
	g_autofree char *tail = log_tail(controller_log);
	return lab_fail(error, "the controller does not answer: %s", tail);
}

/* The caller has its turn: nobody else starts the lab or takes it down meanwhile. */
static gboolean start_in_turn(const char *lab, guint hosts, GError **error)
{
	g_autofree char *log_path = paths_run(lab, "log/lab.log");
	guint before;
	pid_t pid;

	before = dirs_hosts(lab);
	if (before && before != hosts)
		return lab_fail(error, "lab %s has %u hosts; take it down first to have %u", lab, before, hosts);
	if (pids_find(lab, "lab"))
		return wait_until_ready(lab, 0, log_path, error);
	pid = launch(lab, hosts, log_path, error);
	return pid > 0 && wait_until_ready(lab, pid, log_path, error);
}

gboolean lab_start(const char *lab, guint hosts, GError **error)
{
	gboolean ok;
	int turn;

	if (!paths_lab_valid(lab))
		return lab_fail(error, "not a lab's name: %s", lab);
	if (geteuid())
		return lab_fail(error, "a lab needs root: it makes network namespaces");
	turn = dirs_take_turn(lab, TURN_SECONDS, error);
	if (turn < 0)
		return FALSE;
	ok = start_in_turn(lab, hosts, error);
	dirs_end_turn(lab, turn);
	return ok;
}
