// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping by single page-table entries, in batches: all of it in mmap, and again
 * what is touched after MADV_DONTNEED has taken it away.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "../compat/mm.h"
#include "../core/trace.h"
#include "map.h"

#define BATCH	128U	/* as many pointers fit the stack */
#define WINDOW	(32 * PAGE_SIZE)

/* May both be mapped under the page lock of the one? Single pages need none. */
static bool same_lock(struct page *page, struct page *first)
{
	return PageCompound(page) ? compound_head(page) == compound_head(first) :
				    !PageCompound(first);
}

/*
 * Maps up to BATCH pages from @addr on, and says in @done how many. -EBUSY: there
 * is an entry already. The first page is locked, since the mm layer wants pages of
 * a compound one locked that are mapped one by one; a batch ends where it does, and
 * before a page that is known to be broken.
 */
static int insert(struct vm_area_struct *vma, unsigned long addr, unsigned long npages,
		  unsigned long *done)
{
	struct lend_buffer *buf = vma->vm_private_data;
	pgoff_t index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
	const struct lend_extent *ext = &buf->mem.ext[lend_extents_find(&buf->mem, index)];
	const struct lend_extent *last = &buf->mem.ext[buf->mem.nr - 1];
	const bool compound = buf->mem.compound;
	unsigned long nr = min_t(unsigned long, npages, BATCH), left, i = 0, end;
	struct page *page, *first = ext->page + (index - ext->index);
	/* Many kernels zero what is on the stack: all of it, for each batch. */
	struct page *batch[BATCH] __uninitialized, **slot = batch;
	int err;

	for (page = first;; page = (++ext)->page) {
		end = ext < last ? min(nr, ext[1].index - index) : nr;
		do {
			if (PageHWPoison(page) || (compound && !same_lock(page, first))) {
				nr = i;
				break;
			}
			*slot++ = page++;
		} while (++i < end);
		if (i >= nr)
			break;
	}
	left = nr;
	err = vm_insert_pages(vma, addr, batch, &left);
	*done = nr - left;
	return err;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct lend_buffer *buf = vma->vm_private_data;
	struct page *page = lend_buffer_page(buf, vmf->pgoff);
	unsigned long addr = vmf->address & PAGE_MASK;
	/* The page, and what follows it up to the end of an aligned window. */
	unsigned long end = min(ALIGN(addr + 1, WINDOW), vma->vm_end);
	unsigned long done;
	vm_fault_t ret;
	int err;

	ret = lend_fault_begin(buf, page);
	if (ret)
		return ret;
	err = insert(vma, addr, (end - addr) >> PAGE_SHIFT, &done);
	unlock_page(page);
	trace_lend_fault(buf, vmf->pgoff, done);
	/*
	 * -EBUSY: another thread was quicker, or a later page of the window is there.
	 * -EFAULT: MADV_DONTNEED has taken the page table away (7.x). It is asked again.
	 */
	if (!err || err == -EBUSY || err == -EFAULT)
		return VM_FAULT_NOPAGE;
	return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

/* VM_MIXEDMAP is set in mmap, under the mmap lock, since a fault may not. */
const struct vm_operations_struct lend_single_ops = {
	.open = lend_vma_open,
	.close = lend_vma_close,
	.fault = fault,
};

static int insert_mmap(struct lend_buffer *buf, struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start;

	vm_flags_set(vma, VM_MIXEDMAP);
	while (addr < vma->vm_end) {
		pgoff_t index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
		struct page *page = lend_buffer_page(buf, index);
		unsigned long done;
		int err;

		/* Who touches it is told so by the fault. */
		if (PageHWPoison(page)) {
			addr += PAGE_SIZE;
			continue;
		}
		lock_page(page);
		err = insert(vma, addr, (vma->vm_end - addr) >> PAGE_SHIFT, &done);
		unlock_page(page);
		/* The range and the pages are right: -EFAULT is want of a page table. */
		if (err)
			return err == -EFAULT ? -ENOMEM : err;
		if (fatal_signal_pending(current))
			return -EINTR;
		addr += done << PAGE_SHIFT;
		cond_resched();
	}
	return 0;
}

const struct lend_map_ops lend_map_insert = {
	.name = "insert",
	.id = LEND_MAP_INSERT,
	.pinnable = true,
	.vm_ops = &lend_single_ops,
	.mmap = insert_mmap,
};
