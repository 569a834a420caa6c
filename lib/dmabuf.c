// SPDX-License-Identifier: MIT
/* Sharing buffers with devices. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include "internal.h"

static const char *export_hint(int err)
{
	switch (err) {
	case EBADF:
		return ": a descriptor open for reading and writing is needed, since devices do both";
	case EINVAL:
		return ": O_CLOEXEC and one of O_RDONLY, O_WRONLY and O_RDWR are known";
	case ENODATA:
		return ": it is empty; ftruncate(2) or lend_alloc() give it memory";
	case ENOTTY:
		return ": it is not a buffer of lend";
	default:
		return "";
	}
}

int lend_dmabuf(int fd, int flags)
{
	struct lend_dmabuf ask = { .size = sizeof(ask), .flags = flags | O_CLOEXEC };
	char name[LEND_DESCRIBE_LEN];
	int dmabuf = ioctl(fd, LEND_IOC_DMABUF, &ask);

	if (dmabuf < 0)
		return lend_fail(errno, "cannot make a dma-buf of %s with flags 0x%x: %m%s",
				 lend_describe(fd, name), flags, export_hint(errno));
	return dmabuf;
}
