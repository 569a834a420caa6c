// SPDX-License-Identifier: GPL-2.0-only
/* The DMA-heap `system`. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-heap.h>

#include "memory.h"

#define HEAP "/dev/dma_heap/system"

static int heap = -1;

static int set_up(struct area *area)
{
	heap = open(HEAP, O_RDWR | O_CLOEXEC);
	if (heap < 0 && errno == ENOENT)
		return area_fail(area, "the kernel has no " HEAP
				 " (CONFIG_DMABUF_HEAPS_SYSTEM)");
	return heap < 0 ? area_fail(area, HEAP ": %s", strerror(errno)) : 0;
}

static void tear_down(void)
{
	close(heap);
	heap = -1;
}

static int get(struct area *area)
{
	struct dma_heap_allocation_data data = {
		.len = area->size, .fd_flags = O_RDWR | O_CLOEXEC,
	};

	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		return area_fail(area, "cannot get the memory: %s", strerror(errno));
	area->fd = data.fd;
	return 0;
}

const struct memory_ops dma_heap_ops = { .set_up = set_up, .tear_down = tear_down, .get = get };
