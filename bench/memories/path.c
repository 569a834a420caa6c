// SPDX-License-Identifier: GPL-2.0-only
/* Whatever the user has that can be mapped: a driver's device, a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"

static int get(struct area *area)
{
	struct stat st;

	area->fd = open(area->of->path, O_RDWR | O_CLOEXEC);
	if (area->fd < 0)
		return area_fail(area, "%s", strerror(errno));
	if (fstat(area->fd, &st) || !S_ISREG(st.st_mode) || (size_t)st.st_size >= area->size)
		return 0;
	area_put(area);
	return area_fail(area, "has %ld bytes only", st.st_size);
}

const struct memory_ops path_ops = { .get = get };
