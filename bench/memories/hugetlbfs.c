// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages of the kernel's pool. Filling the pool is the administrator's work and is
 * not measured; getting memory from it is: pages are zeroed then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/memfd.h>

#include "memory.h"

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/"

static char before[32];

static unsigned long pool(const char *name)
{
	char path[96], line[32];

	snprintf(path, sizeof(path), POOL "%s", name);
	return read_line(path, line, sizeof(line)) ? strtoul(line, NULL, 10) : 0;
}

static void tear_down(void)
{
	if (before[0])
		write_text(POOL "nr_hugepages", before);
	before[0] = '\0';
}

static int set_up(struct area *area)
{
	const unsigned long want = area->size / HUGE;
	char text[32];

	if (!read_line(POOL "nr_hugepages", before, sizeof(before)))
		return area_fail(area, "the kernel has no hugetlbfs with pages of 2 MiB");
	if (pool("free_hugepages") >= want) {
		before[0] = '\0';
		return 0;
	}
	snprintf(text, sizeof(text), "%lu", pool("nr_hugepages") + want);
	if (write_text(POOL "nr_hugepages", text))
		return area_fail(area, POOL "nr_hugepages: %s", strerror(errno));
	if (pool("free_hugepages") >= want)
		return 0;
	tear_down();
	return area_fail(area, "the pool cannot be made %lu pages larger", want);
}

static int get(struct area *area)
{
	int err;

	area->fd = memfd_create("bench", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	if (area->fd < 0)
		return area_fail(area, "memfd_create: %s", strerror(errno));
	if (!ftruncate(area->fd, area->size) && !fallocate(area->fd, 0, 0, area->size))
		return 0;
	err = errno;
	area_put(area);
	return area_fail(area, "cannot get the memory: %s", strerror(err));
}

const struct memory_ops hugetlbfs_ops = { .set_up = set_up, .tear_down = tear_down, .get = get };
