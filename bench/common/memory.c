// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/lend.h>

#include "memory.h"

#define LEND(b, m, word)	\
	{ .name = "lend " word, .ops = &lend_ops, .backing = LEND_BACKING_##b, .map = LEND_MAP_##m }

static struct memory memories[] = {
	LEND(FOLIOS, FAULT, "folios fault"),
	LEND(FOLIOS, INSERT, "folios insert"),
	LEND(FOLIOS, PFN, "folios pfn"),
	LEND(PAGES, FAULT, "pages fault"),
	LEND(PAGES, INSERT, "pages insert"),
	LEND(PAGES, PFN, "pages pfn"),
	LEND(CONTIG, FAULT, "contig fault"),
	LEND(CONTIG, INSERT, "contig insert"),
	LEND(CONTIG, PFN, "contig pfn"),
	LEND(VMALLOC, FAULT, "vmalloc fault"),
	LEND(VMALLOC, INSERT, "vmalloc insert"),
	LEND(VMALLOC, PFN, "vmalloc pfn"),
	{ .name = "lend reserve, folios", .ops = &reserve_ops, .backing = LEND_BACKING_FOLIOS,
	  .map = LEND_MAP_FAULT, .unit = HUGE },
	{ .name = "lend reserve, contig", .ops = &reserve_ops, .backing = LEND_BACKING_CONTIG,
	  .map = LEND_MAP_FAULT, .unit = HUGE },
	{ .name = "lend default", .ops = &lend_ops },
	{ .name = "lend by liblend", .ops = &library_ops },
	{ .name = "anonymous 4K", .ops = &anonymous_ops, .anonymous = true },
	{ .name = "anonymous huge", .ops = &anonymous_huge_ops, .anonymous = true, .unit = HUGE },
	{ .name = "hugetlbfs 2M", .ops = &hugetlbfs_ops, .unit = HUGE },
	{ .name = "memfd", .ops = &memfd_ops },
	{ .name = "memfd, fallocate", .ops = &memfd_allocated_ops },
	{ .name = "dma-heap system", .ops = &dma_heap_ops },
	{ .name = "udmabuf", .ops = &udmabuf_ops },
	{ .name = "vm_insert_pages", .ops = &bare_ops },
	{ .ops = &path_ops },
	{ .name = NULL },
};

const struct memory *all_memories(const char *path)
{
	struct memory *last = &memories[ARRAY_SIZE(memories) - 2];

	last->path = path;
	last->name = path;
	return memories;
}

int area_fail(struct area *area, const char *format, ...)
{
	const int err = errno;
	va_list args;

	va_start(args, format);
	vsnprintf(area->why, sizeof(area->why), format, args);
	va_end(args);
	errno = err;
	return -1;
}

int memory_up(struct area *area, const struct memory *of, size_t size)
{
	*area = (struct area){ .of = of, .size = size, .fd = -1 };
	if (of->unit && size % of->unit)
		return area_fail(area, "is in units of %lu MiB", of->unit / MiB);
	return of->ops->set_up ? of->ops->set_up(area) : 0;
}

void memory_down(const struct memory *of)
{
	if (of->ops->tear_down)
		of->ops->tear_down();
}

int area_ready(struct area *area)
{
	return area->of->ops->ready ? area->of->ops->ready(area) : 0;
}

int area_get(struct area *area)
{
	return area->of->ops->get(area);
}

int area_map(struct area *area, int flags)
{
	if (area->of->ops->map)
		return area->of->ops->map(area, flags);
	area->mem = mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, area->fd, 0);
	if (area->mem == MAP_FAILED)
		return area_fail(area, "mmap: %s", strerror(errno));
	area->base = area->mem;
	area->span = area->size;
	return 0;
}

void area_unmap(struct area *area)
{
	munmap(area->base, area->span);
}

void area_put(struct area *area)
{
	if (area->fd >= 0)
		close(area->fd);
	area->fd = -1;
}

void area_touch(const struct area *area)
{
	volatile char *mem = area->mem;

	for (size_t i = 0; i < area->size; i += PAGE)
		mem[i] = 1;
}
