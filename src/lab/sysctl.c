/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/sysctl.h"
#include "lab/error.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

gboolean sysctl_set(const char *name, const char *value, GError **error)
{
	g_autofree char *path = g_build_filename("/proc/sys/net", name, NULL);
	char back[64];
	ssize_t n;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return lab_fail_errno(error, "%s", path);
	if (write(fd, value, strlen(value)) < 0) {
		lab_fail_errno(error, "%s", path);
		close(fd);
		return FALSE;
	}
	n = pread(fd, back, sizeof(back) - 1, 0);
	close(fd);
	if (n < 0)
		return lab_fail_errno(error, "%s", path);
	back[n] = 0;
	if (strcmp(g_strchomp(back), value))
		return lab_fail(error, "%s is %s and does not become %s", path, back, value);
	return TRUE;
}

gboolean sysctl_set_all(const struct sysctl *list, GError **error)
{
	for (; list->name; list++)
		if (!sysctl_set(list->name, list->value, error))
			return FALSE;
	return TRUE;
}
