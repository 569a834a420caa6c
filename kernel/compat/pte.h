/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the page-table entry of registers: for the tests.
 */
#ifndef LEND_COMPAT_PTE_H
#define LEND_COMPAT_PTE_H

#include <linux/mm.h>

/* The mmap lock of current is held. */
static inline int lend_read_pte(unsigned long addr, u64 *value)
{
#ifdef LEND_HAVE_FOLLOW_PFNMAP
	struct follow_pfnmap_args args = { .vma = vma_lookup(current->mm, addr), .address = addr };
	int err = args.vma ? follow_pfnmap_start(&args) : -EFAULT;

	if (!err) {
		*value = ((u64)args.pfn << PAGE_SHIFT) |
			 (pgprot_val(args.pgprot) & ~_PAGE_PSE);
		follow_pfnmap_end(&args);
	}
	return err;
#else
	spinlock_t *lock;	/* of the page table */
	pte_t *pte;
	int err = follow_pte(current->mm, addr, &pte, &lock);

	if (!err) {
		__acquire(lock);	/* for sparse: by follow_pte() */
		*value = pte_val(*pte);
		pte_unmap_unlock(pte, lock);
	}
	return err;
#endif
}

#endif
