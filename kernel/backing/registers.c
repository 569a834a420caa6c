// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of a device: a physical range without pages. The driver owns it.
 */
#include <linux/io.h>
#include <linux/ioport.h>

#include "../map/map.h"
#include "backing.h"

/* Once: the next driver of the device may cache them as it likes. */
static void let_go(struct lend_buffer *buf)
{
	if (buf->reserved)
		arch_io_free_memtype_wc(buf->phys, buf->length);
	buf->reserved = false;
}

static const struct lend_backing_ops backing_registers = {
	.name = "registers",
	.release = let_go,
	.revoked = let_go,
};

/**
 * lend_registers_fill() - make an empty buffer one of registers
 * @buf: an empty buffer; to be destroyed after a failure
 * @phys: where they begin, page-aligned
 * @size: bytes, not 0
 * @caching: how they are mapped
 *
 * Return: 0, -EINVAL, -EOVERFLOW, or what reserving the caching says.
 */
int lend_registers_fill(struct lend_buffer *buf, phys_addr_t phys, u64 size,
			enum lend_caching caching)
{
	u64 length, end;
	int err;

	if (!size || !PAGE_ALIGNED(phys))
		return -EINVAL;
	if (check_add_overflow(size, (u64)PAGE_SIZE - 1, &length) ||
	    check_add_overflow(phys, length & PAGE_MASK, &end))
		return -EOVERFLOW;
	length &= PAGE_MASK;
	/* A page-table entry would drop the bits that are too many, and map something else. */
	if (end - 1 > iomem_resource.end)
		return -EINVAL;
	/* What has pages is lent as memory: an uncached alias of it is a bug. */
	if (region_intersects(phys, length, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return -EINVAL;

	buf->spec.backing = &backing_registers;
	if (caching == LEND_WRITE_COMBINED) {
		err = arch_io_reserve_memtype_wc(phys, length);
		if (err)
			return err;
		buf->reserved = true;
	}
	buf->phys = phys;
	buf->length = length;
	buf->caching = caching;
	buf->map = &lend_map_registers;
	lend_buffer_publish(buf, length >> PAGE_SHIFT);
	return 0;
}
