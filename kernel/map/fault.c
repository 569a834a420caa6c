// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping on first touch.
 *
 * Memory that has 2 MiB folios is mapped by an ordinary VMA, neither MIXEDMAP nor
 * PFNMAP: the mm layer then installs one entry a folio by itself, and counts,
 * pins, splits, forks and unmaps it by its own rules. In a MIXEDMAP VMA it would
 * forget the reference of such an entry when it is taken away. Memory of single
 * pages is mapped by the VMA of insert.c, which also maps a page's neighbours; so is
 * what is private: copies are of single pages, and from 6.2 on a long pin for reading
 * takes a copy, but of a huge entry none; it drops the entry, finds it again by the
 * next fault, and so on until it is killed.
 *
 * Where the kernel offers it we install the entry ourselves, and those that follow: that
 * takes a fifth of the time, since no page table is made for nothing, no mmap lock is
 * taken, and one fault does for several.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../compat/mm.h"
#include "../core/trace.h"
#include "map.h"

#define WINDOW	(8 * HPAGE_PMD_SIZE)

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct lend_buffer *buf = vmf->vma->vm_private_data;
	struct page *page = lend_buffer_page(buf, vmf->pgoff);
	vm_fault_t ret;

	trace_lend_fault(buf, vmf->pgoff, compound_nr(compound_head(page)));
	ret = lend_fault_begin(buf, page);
	if (ret)
		return ret;
	get_page(page);
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

#ifdef LEND_HAVE_INSERT_FOLIO_PMD
/* The folio that an entry at @addr shows; NULL where there can be none of a whole, good one. */
static struct folio *folio_at(struct vm_area_struct *vma, unsigned long addr)
{
	struct folio *folio;
	struct page *page;

	if (addr < vma->vm_start || vma->vm_end - addr < HPAGE_PMD_SIZE)
		return NULL;
	page = lend_buffer_page(vma->vm_private_data,
				vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT));
	folio = page_folio(page);
	if (page != &folio->page || folio_order(folio) != HPAGE_PMD_ORDER ||
	    folio_test_has_hwpoisoned(folio))
		return NULL;
	return folio;
}

static vm_fault_t insert_folio(struct vm_fault *vmf, struct folio *folio, bool write)
{
	vm_fault_t ret = lend_fault_begin(vmf->vma->vm_private_data, &folio->page);

	if (ret)
		return ret;
	/* A page table has come between: some other thread's huge pages were forbidden. */
	if (!pmd_none(*vmf->pmd) && !pmd_trans_huge(*vmf->pmd))
		ret = VM_FAULT_NOPAGE;
	else
		ret = vmf_insert_folio_pmd(vmf, folio, write);
	folio_unlock(folio);
	return ret;
}

/* What it cannot do, the mm layer goes on to ask of fault(). */
static vm_fault_t huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address & HPAGE_PMD_MASK;
	/* The folio, and what follows it up to the end of an aligned window. */
	unsigned long end = min(ALIGN(addr + 1, WINDOW), vma->vm_end);
	struct folio *folio;
	unsigned int n = 0;
	vm_fault_t ret;

	if (order != HPAGE_PMD_ORDER)
		return VM_FAULT_FALLBACK;
	folio = folio_at(vma, addr);
	if (!folio || PageHWPoison(folio_page(folio, (vmf->address - addr) >> PAGE_SHIFT)))
		return VM_FAULT_FALLBACK;
	if (vmf->flags & FAULT_FLAG_WRITE)
		file_update_time(vma->vm_file);
	ret = insert_folio(vmf, folio, vmf->flags & FAULT_FLAG_WRITE);
	while (ret == VM_FAULT_NOPAGE) {
		/* Of the same table: a window is a part of what one is for. */
		struct vm_fault next = {
			.vma = vma, .address = addr + ++n * HPAGE_PMD_SIZE, .pmd = vmf->pmd + n,
		};

		if (next.address >= end)
			break;
		folio = folio_at(vma, next.address);
		if (!folio || insert_folio(&next, folio, false) != VM_FAULT_NOPAGE)
			break;
	}
	if (n)
		trace_lend_fault(vma->vm_private_data, vmf->pgoff, n * HPAGE_PMD_NR);
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
	if (vma->vm_ops == &lend_single_ops)
		vm_flags_set(vma, VM_MIXEDMAP);
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
