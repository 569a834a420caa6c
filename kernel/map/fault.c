// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping on first touch.
 *
 * Memory that has 2 MiB folios is mapped by an ordinary VMA, neither MIXEDMAP nor
 * PFNMAP: the mm layer then installs one entry a folio by itself, and counts,
 * pins, splits, forks and unmaps it by its own rules. In a MIXEDMAP VMA it would
 * forget the reference of such an entry when it is taken away. Memory of single
 * pages is mapped by the VMA of insert.c, which also maps a page's neighbours.
 */
#include <linux/mm.h>

#include "../compat/mm.h"
#include "../core/trace.h"
#include "map.h"

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct lend_buffer *buf = vmf->vma->vm_private_data;
	struct page *page = lend_buffer_page(buf, vmf->pgoff);

	trace_lend_fault(buf, vmf->pgoff, compound_nr(compound_head(page)));
	if (!lend_fault_begin(buf, page))
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct fault_ops = {
	.open = lend_vma_open,
	.close = lend_vma_close,
	.fault = fault,
};

static int fault_mmap(struct lend_buffer *buf, struct vm_area_struct *vma)
{
	if (!buf->huge)
		vm_flags_set(vma, VM_MIXEDMAP);
	else if (LEND_UNSHARES_FILES &&
		 (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		vm_flags_set(vma, VM_NOHUGEPAGE);
	return 0;
}

const struct lend_map_ops lend_map_fault = {
	.name = "fault",
	.id = LEND_MAP_FAULT,
	.pinnable = true,
	.huge = true,
	.revocable = true,
	.vm_ops = &lend_single_ops,
	.huge_vm_ops = &fault_ops,
	.mmap = fault_mmap,
};

/* A wish only: the buffer's way is chosen when its memory has been seen. */
const struct lend_map_ops lend_map_auto = {
	.name = "auto",
	.id = LEND_MAP_AUTO,
};
