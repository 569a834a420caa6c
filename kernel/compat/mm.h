/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory management as today's kernels have it, laid over older ones.
 */
#ifndef LEND_COMPAT_MM_H
#define LEND_COMPAT_MM_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/mm.h>

#ifndef LEND_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#ifndef MAX_PAGE_ORDER
#define MAX_PAGE_ORDER (MAX_ORDER - 1)
#endif

#ifndef LEND_HAVE_MM_GET_AREA
static inline unsigned long mm_get_unmapped_area(struct mm_struct *mm, struct file *file,
						 unsigned long addr, unsigned long len,
						 unsigned long pgoff, unsigned long flags)
{
	return mm->get_unmapped_area(file, addr, len, pgoff, flags);
}
#endif

/**
 * lend_alloc_contig() - take a range out of the page allocator, moving aside what is in it
 * @pfn: first page frame
 * @npages: how many
 *
 * Context: process, may sleep long.
 * Return: 0, and the pages are single, with a count of 1 each, and zeroed only where
 * the kernel zeroes all it allocates; or -EBUSY, -ENOMEM, -EINTR.
 */
static inline int lend_alloc_contig(unsigned long pfn, unsigned long npages)
{
	return alloc_contig_range(pfn, pfn + npages, MIGRATE_MOVABLE,
				  GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
}

#endif
