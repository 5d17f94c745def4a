/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/handover.h"
#include "lab/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(2 * sizeof(int))];
};

gboolean handover_send(int channel, const char *text, int tcp, int udp, GError **error)
{
	union control control = {0};
	struct iovec part = {.iov_base = (void *)text, .iov_len = strlen(text)};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	int fds[2] = {tcp, udp};

	if (part.iov_len >= HANDOVER_MAX_TEXT)
		return lab_fail(error, "message too long for the echo process");
	if (tcp >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(&control.head), fds, sizeof(fds));
	}
	if (sendmsg(channel, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return lab_fail_errno(error, "cannot hand sockets to the echo process");
	return TRUE;
}

/* A message with any other number of descriptors is nobody's of ours: close what came. */
static void take_fds(struct msghdr *m, struct handover *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		int fds[2];
		gsize count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0))
			continue;
		count = MIN((c->cmsg_len - CMSG_LEN(0)) / sizeof(int), G_N_ELEMENTS(fds));
		memcpy(fds, CMSG_DATA(c), count * sizeof(int));
		if (count == 2) {
			h->tcp = fds[0];
			h->udp = fds[1];
		} else if (count == 1) {
			close(fds[0]);
		}
	}
}

gboolean handover_receive(int channel, struct handover *h, GError **error)
{
	union control control;
	struct iovec part = {.iov_base = h->text, .iov_len = sizeof(h->text) - 1};
	struct msghdr m = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = control.bytes,
	                   .msg_controllen = sizeof(control.bytes)};
	ssize_t n;

	h->tcp = h->udp = -1;
	do
		n = recvmsg(channel, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return lab_fail_errno(error, "channel to the supervisor");
	h->text[n] = 0;
	take_fds(&m, h);
	return n > 0;
}
