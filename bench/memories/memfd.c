// SPDX-License-Identifier: GPL-2.0-only
/* Shared memory of the kernel's own: its pages come on first touch, or all at once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

static int get_file(struct area *area, bool allocate)
{
	int err;

	area->fd = memfd_create("bench", MFD_CLOEXEC);
	if (area->fd < 0)
		return area_fail(area, "memfd_create: %s", strerror(errno));
	if (!ftruncate(area->fd, area->size) &&
	    (!allocate || !fallocate(area->fd, 0, 0, area->size)))
		return 0;
	err = errno;
	area_put(area);
	return area_fail(area, "cannot get the memory: %s", strerror(err));
}

static int get(struct area *area)
{
	return get_file(area, false);
}

static int get_allocated(struct area *area)
{
	return get_file(area, true);
}

const struct memory_ops memfd_ops = { .get = get };
const struct memory_ops memfd_allocated_ops = { .get = get_allocated };
