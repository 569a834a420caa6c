// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single pages that the kernel, too, sees at one run of addresses. They are
 * allocated as any others, so node, DMA limit, accounting and ownership are the
 * same, and vmap() gives them their place in the vmalloc area.
 */
#include <linux/vmalloc.h>

#include "../core/buffer.h"
#include "backing.h"

static int attach(struct lend_buffer *buf)
{
	buf->vaddr = lend_extents_vmap(&buf->mem);
	return buf->vaddr ? 0 : -ENOMEM;
}

static void detach(struct lend_buffer *buf)
{
	vunmap(buf->vaddr);
}

const struct lend_backing_ops lend_backing_vmalloc = {
	.name = "vmalloc",
	.id = LEND_BACKING_VMALLOC,
	.fill_slice = lend_fill_pages,
	.attach = attach,
	.detach = detach,
};
