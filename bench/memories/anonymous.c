// SPDX-License-Identifier: GPL-2.0-only
/* A program's own memory, by single pages and by transparent huge ones. */
#include <errno.h>
#include <string.h>

#include "memory.h"

/* There is nothing to get before it is mapped. */
static int get(struct area *area)
{
	(void)area;
	return 0;
}

static int map_advised(struct area *area, int flags, int advice)
{
	const size_t align = area->size % HUGE ? 0 : HUGE;

	/* Advice comes before the pages do. */
	area->span = area->size + align;
	area->base = mmap(NULL, area->span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	if (area->base == MAP_FAILED)
		return area_fail(area, "mmap: %s", strerror(errno));
	area->mem = area->base;
	if (align)
		area->mem = (char *)(((uintptr_t)area->base + align - 1) & ~(align - 1));
	if (madvise(area->mem, area->size, advice)) {
		area_unmap(area);
		return area_fail(area, "madvise: %s (has the kernel transparent huge pages?)",
				 strerror(errno));
	}
	if (flags & MAP_POPULATE)
		area_touch(area);
	return 0;
}

static int map(struct area *area, int flags)
{
	return map_advised(area, flags, MADV_NOHUGEPAGE);
}

static int map_huge(struct area *area, int flags)
{
	return map_advised(area, flags, MADV_HUGEPAGE);
}

static int set_up_huge(struct area *area)
{
	char line[64];

	if (!read_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof(line)))
		return area_fail(area, "the kernel has no transparent huge pages");
	if (strstr(line, "[never]"))
		return area_fail(area, "transparent huge pages are turned off: echo madvise "
				 ">/sys/kernel/mm/transparent_hugepage/enabled");
	return 0;
}

const struct memory_ops anonymous_ops = { .get = get, .map = map };
const struct memory_ops anonymous_huge_ops = {
	.set_up = set_up_huge, .get = get, .map = map_huge,
};
