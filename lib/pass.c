// SPDX-License-Identifier: MIT
/* Passing buffers between processes, over a UNIX socket. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "internal.h"

union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int lend_send(int sock, int fd)
{
	char byte = 0;
	union control control = { .buf = { 0 } };
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));

	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		return lend_fail(errno, "cannot pass descriptor %d over socket %d: %m",
				 fd, sock);
	return 0;
}

int lend_recv(int sock)
{
	char byte;
	union control control;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)),	/* one, not two by padding */
	};
	struct cmsghdr *cmsg;
	ssize_t len;
	int fd = -1;

	len = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	if (len < 0)
		return lend_fail(errno, "cannot receive from socket %d: %m", sock);
	if (!len)
		return lend_fail(ECONNRESET, "nothing to receive from socket %d: "
				 "the peer has closed it", sock);

	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	if (fd < 0 || msg.msg_flags & MSG_CTRUNC) {
		if (fd >= 0)
			close(fd);
		return lend_fail(EPROTO, "the message on socket %d does not carry exactly "
				 "one descriptor", sock);
	}
	return lend_check(fd) ? lend_drop(fd) : fd;
}
