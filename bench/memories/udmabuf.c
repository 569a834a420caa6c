// SPDX-License-Identifier: GPL-2.0-only
/* The dma-buf of a memfd. Memory comes when the dma-buf is made of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/udmabuf.h>

#include "memory.h"

#define DEVICE "/dev/udmabuf"
#define LIMIT "/sys/module/udmabuf/parameters/size_limit_mb"

static int device = -1;

static int set_up(struct area *area)
{
	char line[32];

	device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0 && errno == ENOENT)
		return area_fail(area, "the kernel has no " DEVICE " (CONFIG_UDMABUF)");
	if (device < 0)
		return area_fail(area, DEVICE ": %s", strerror(errno));
	if (!read_line(LIMIT, line, sizeof(line)) || area->size / MiB <= strtoul(line, NULL, 10))
		return 0;
	close(device);
	return area_fail(area, "%lu MiB are more than " LIMIT " allows", area->size / MiB);
}

static void tear_down(void)
{
	close(device);
	device = -1;
}

static int get(struct area *area)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = area->size };
	int file = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING), err;

	if (file < 0)
		return area_fail(area, "memfd_create: %s", strerror(errno));
	create.memfd = file;
	if (!ftruncate(file, area->size) && !fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK))
		area->fd = ioctl(device, UDMABUF_CREATE, &create);
	err = errno;
	close(file);
	return area->fd < 0 ? area_fail(area, "cannot get the memory: %s", strerror(err)) : 0;
}

const struct memory_ops udmabuf_ops = { .set_up = set_up, .tear_down = tear_down, .get = get };
