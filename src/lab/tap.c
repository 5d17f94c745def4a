/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/tap.h"
#include "lab/error.h"
#include "lab/netns.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

static gboolean create_here(const char *name, GError **error)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return lab_fail_errno(error, "/dev/net/tun");
	g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
	if (ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETOWNER, 0) || ioctl(fd, TUNSETPERSIST, 1)) {
		lab_fail_errno(error, "cannot create tap device %s", name);
		close(fd);
		return FALSE;
	}
	close(fd);
	return TRUE;
}

gboolean tap_create(const char *netns, const char *name, GError **error)
{
	struct netns_visit visit;
	gboolean ok;

	if (!netns_visit(&visit, netns, error))
		return FALSE;
	ok = create_here(name, error);
	netns_leave(&visit);
	return ok;
}
