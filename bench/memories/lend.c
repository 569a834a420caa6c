// SPDX-License-Identifier: GPL-2.0-only
/* lend by plain system calls, as a program that wants speed makes them; and by its library. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <lend.h>

#include "memory.h"

static int missing(struct area *area)
{
	return area_fail(area, "%s: %s (modprobe lend && lend mount)", lend_dir(),
			 errno == EOPNOTSUPP ? "lend is not mounted there" : strerror(errno));
}

static int get(struct area *area)
{
	struct lend_setup setup = {
		.size = sizeof(setup),
		.flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = area->of->backing,
		.map = area->of->map,
	};
	int err;

	area->fd = open(lend_dir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (area->fd < 0)
		return missing(area);
	if ((!area->of->backing || !ioctl(area->fd, LEND_IOC_SETUP, &setup)) &&
	    !ftruncate(area->fd, area->size))
		return 0;
	err = errno;
	area_put(area);
	return area_fail(area, "cannot get the memory: %s", strerror(err));
}

const struct memory_ops lend_ops = { .get = get };

static int get_by_library(struct area *area)
{
	area->fd = lend_create(NULL, 0600, area->size, NULL);
	return area->fd < 0 ? area_fail(area, "%s", lend_error()) : 0;
}

const struct memory_ops library_ops = { .get = get_by_library };
