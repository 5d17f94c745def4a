/* SPDX-License-Identifier: Apache-2.0 */
#include "store/listen.h"
#include "store/store.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket that nobody serves is left of a predecessor; one that answers means that there are two of us. */
static gboolean path_free(const struct sockaddr_un *a, GError **error)
{
	struct stat st;
	if (lstat(a->sun_path, &st) < 0)
		return TRUE;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	gboolean served = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0;
	if (fd >= 0)
		close(fd);
	if (!S_ISSOCK(st.st_mode) || served) {
		g_set_error(error, STORE_ERROR, STORE_FAILED, "socket: %s %s", a->sun_path,
		            served ? "is served by another process" : "exists and is no socket");
		return FALSE;
	}
	unlink(a->sun_path);
	return TRUE;
}

int unix_listen(const char *path, mode_t mode, GError **error)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(a.sun_path)) {
		g_set_error(error, STORE_ERROR, STORE_INVALID, "socket: %s is too long for a socket", path);
		return -1;
	}
	strcpy(a.sun_path, path);
	if (!path_free(&a, error))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || chmod(path, mode) < 0 || listen(fd, 64) < 0) {
		g_set_error(error, STORE_ERROR, STORE_FAILED, "socket: cannot listen on %s: %s", path,
		            g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}
