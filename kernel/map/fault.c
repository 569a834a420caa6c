// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping on first touch.
 *
 * Memory that has 2 MiB folios is mapped by an ordinary VMA, neither MIXEDMAP nor
 * PFNMAP: the mm layer then installs one entry a folio by itself, and counts,
 * pins, splits, forks and unmaps it by its own rules. In a MIXEDMAP VMA it would
 * forget the reference of such an entry when it is taken away. Memory of single
 * pages is mapped by the VMA of insert.c, which also maps a page's neighbours.
 *
 * Where the kernel offers it we install the entry ourselves: that takes a third of the
 * time, since no page table is made for nothing, and no mmap lock is taken.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

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

#ifdef LEND_HAVE_INSERT_FOLIO_PMD
/* What it cannot do, the mm layer goes on to ask of fault(). */
static vm_fault_t huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct lend_buffer *buf = vma->vm_private_data;
	unsigned long addr = vmf->address & HPAGE_PMD_MASK;
	struct folio *folio;
	struct page *page;
	vm_fault_t ret;

	/* Where the entry would be wider than the mapping; and copies are of single pages. */
	if (order != HPAGE_PMD_ORDER || addr < vma->vm_start ||
	    vma->vm_end - addr < HPAGE_PMD_SIZE || is_cow_mapping(vma->vm_flags))
		return VM_FAULT_FALLBACK;

	/* What is mapped there shall be a whole folio, and a good one. */
	page = lend_buffer_page(buf, vmf->pgoff - ((vmf->address - addr) >> PAGE_SHIFT));
	folio = page_folio(page);
	if (page != &folio->page || folio_order(folio) != HPAGE_PMD_ORDER ||
	    folio_test_has_hwpoisoned(folio))
		return VM_FAULT_FALLBACK;

	trace_lend_fault(buf, vmf->pgoff, HPAGE_PMD_NR);
	if (!lend_fault_begin(buf, &folio->page))
		return VM_FAULT_SIGBUS;
	ret = vmf_insert_folio_pmd(vmf, folio, vmf->flags & FAULT_FLAG_WRITE);
	folio_unlock(folio);
	return ret;
}
#endif

static const struct vm_operations_struct fault_ops = {
	.open = lend_vma_open,
	.close = lend_vma_close,
	.fault = fault,
#ifdef LEND_HAVE_INSERT_FOLIO_PMD
	.huge_fault = huge_fault,
#endif
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
