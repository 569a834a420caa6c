// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping by page frame number. The mm layer then knows of no pages at all: no
 * reference, no pin, no private copy. The file keeps the memory.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "../compat/mm.h"
#include "../core/fill.h"
#include "map.h"

static const struct vm_operations_struct pfn_ops = {
	.open = lend_vma_open,
	.close = lend_vma_close,
};

static int pfn_mmap(struct lend_buffer *buf, struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start + PAGE_SIZE;
	pgoff_t index = vma->vm_pgoff + 1;
	struct page *first = lend_buffer_page(buf, vma->vm_pgoff);
	vm_fault_t ret;

	/* A private copy is made of a page, and there are none. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;

	/*
	 * remap_pfn_range() of a whole VMA has x86 track it, and where it fails half
	 * way x86 warns of an entry that is not there. Hence the first page apart.
	 */
	vm_flags_set(vma, VM_IO | VM_PFNMAP);
	ret = vmf_insert_pfn(vma, vma->vm_start, page_to_pfn(first));
	if (ret != VM_FAULT_NOPAGE)
		return ret == VM_FAULT_OOM ? -ENOMEM : -EFAULT;

	while (addr < vma->vm_end) {
		unsigned long e = lend_extents_find(&buf->mem, index);
		const struct lend_extent *ext = &buf->mem.ext[e];
		unsigned long skip = index - ext->index;
		unsigned long nr = min3(lend_extent_pages(&buf->mem, e) - skip,
					(vma->vm_end - addr) >> PAGE_SHIFT, LEND_SLICE_PAGES);
		int err = remap_pfn_range(vma, addr, page_to_pfn(ext->page) + skip,
					  nr << PAGE_SHIFT, vma->vm_page_prot);

		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		addr += nr << PAGE_SHIFT;
		index += nr;
		cond_resched();
	}
	return 0;
}

const struct lend_map_ops lend_map_pfn = {
	.name = "pfn",
	.id = LEND_MAP_PFN,
	.vm_ops = &pfn_ops,
	.mmap = pfn_mmap,
};
