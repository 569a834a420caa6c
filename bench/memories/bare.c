// SPDX-License-Identifier: GPL-2.0-only
/* The module lend_bare: single pages, mapped by one call of vm_insert_pages(). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define DEVICE "/dev/lend_bare"

static int set_up(struct area *area)
{
	if (!access(DEVICE, F_OK))
		return 0;
	return area_fail(area, "the module lend_bare of bench/modules is not loaded");
}

static int get(struct area *area)
{
	int err;

	area->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (area->fd < 0)
		return area_fail(area, DEVICE ": %s", strerror(errno));
	if (write(area->fd, &area->size, sizeof(area->size)) == sizeof(area->size))
		return 0;
	err = errno;
	area_put(area);
	return area_fail(area, "cannot get the memory: %s", strerror(err));
}

const struct memory_ops bare_ops = { .set_up = set_up, .get = get };
