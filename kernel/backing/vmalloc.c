// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single pages that the kernel, too, sees at one run of addresses. They are
 * allocated as any others, so node, DMA limit, accounting and ownership are the
 * same, and vmap() gives them their place in the vmalloc area.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../core/buffer.h"
#include "backing.h"

static int attach(struct lend_buffer *buf)
{
	unsigned long npages = buf->mem.npages, i, nr = 0;
	struct page **pages = kvmalloc_array(npages, sizeof(*pages), LEND_GFP_TABLE);

	if (!pages)
		return -ENOMEM;
	for (i = 0; i < buf->mem.nr; i++) {
		unsigned long left = lend_extent_pages(&buf->mem, i);
		struct page *page = buf->mem.ext[i].page;

		while (left--)
			pages[nr++] = page++;
		cond_resched();
	}
	buf->vaddr = vmap(pages, npages, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
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
