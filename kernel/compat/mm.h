/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory management as today's kernels have it, laid over older ones.
 */
#ifndef LEND_COMPAT_MM_H
#define LEND_COMPAT_MM_H

#include <linux/file.h>
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

/* How often memory has failed; always 0 on kernels that do not tell. */
static inline unsigned long lend_memory_failures(void)
{
	unsigned long nr = 0;
#if defined(LEND_HAVE_MF_STATS) && defined(CONFIG_MEMORY_FAILURE)
	int nid;

	for_each_online_node(nid)
		nr += NODE_DATA(nid)->mf_stats.total;
#endif
	return nr;
}

#ifndef __uninitialized
#define __uninitialized
#endif

#ifndef MAX_PAGE_ORDER
#define MAX_PAGE_ORDER (MAX_ORDER - 1)
#endif

/* Found by way of the file, by way of the mm, and by the mm itself. */
static inline unsigned long lend_mm_get_unmapped_area(struct file *file, unsigned long addr,
						      unsigned long len, unsigned long pgoff,
						      unsigned long flags)
{
#if defined(LEND_HAVE_FILE_GET_AREA)
	return mm_get_unmapped_area(file, addr, len, pgoff, flags);
#elif defined(LEND_HAVE_MM_GET_AREA)
	return mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags);
#else
	return current->mm->get_unmapped_area(file, addr, len, pgoff, flags);
#endif
}

/* Before folios a compound page was its head. */
#ifndef LEND_HAVE_FOLIO
struct folio {
	union {
		struct {
			unsigned long flags;
			struct list_head lru;
			struct address_space *mapping;
			pgoff_t index;
		};
		struct page page;
	};
};

static_assert(offsetof(struct folio, index) == offsetof(struct page, index));

#define page_folio(p) ((struct folio *)compound_head(p))
#define folio_maybe_dma_pinned(folio) page_maybe_dma_pinned(&(folio)->page)
#define folio_memcg_kmem(folio) PageKmemcg(&(folio)->page)
#endif

#ifndef LEND_HAVE_VMA_SET_FILE
static inline void vma_set_file(struct vm_area_struct *vma, struct file *file)
{
	get_file(file);
	swap(vma->vm_file, file);
	fput(file);
}
#endif

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
#include <linux/huge_mm.h>
#ifdef LEND_HAVE_PFN_T
#include <linux/pfn_t.h>
#endif

#ifndef PMD_ORDER
#define PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)
#endif

static inline vm_fault_t lend_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn)
{
	bool write = vmf->flags & FAULT_FLAG_WRITE;

#ifdef LEND_HAVE_PFN_T
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
#else
	return vmf_insert_pfn_pmd(vmf, pfn, write);
#endif
}
#endif

/* On 64 bits all memory has an address. */
#ifndef LEND_HAVE_KMAP_LOCAL
#define kmap_local_page(page) page_address(page)
#define kunmap_local(addr) ((void)(addr))
#endif

/* In 5.10 the mark of a charged page lies where mappings are counted. */
#ifdef LEND_HAVE_MEMCG_DATA
#define LEND_GFP_ACCOUNT __GFP_ACCOUNT
#else
#define LEND_GFP_ACCOUNT ((__force gfp_t)0)
#define set_active_memcg(memcg) lend_no_active_memcg(memcg)
static inline struct mem_cgroup *lend_no_active_memcg(struct mem_cgroup *memcg)
{
	return NULL;
}
#endif

#ifdef LEND_HAVE_ALLOC_NODEMASK
#define __alloc_pages __alloc_pages_nodemask
#endif

/* Single pages into @pages, all NULL: how many, perhaps fewer than asked. */
static inline unsigned long lend_alloc_bulk(gfp_t gfp, int nid, nodemask_t *nodes,
					    unsigned long nr, struct page **pages)
{
#if defined(LEND_HAVE_ALLOC_BULK_LIST)
	return __alloc_pages_bulk(gfp, nid, nodes, nr, NULL, pages);
#elif defined(LEND_HAVE_ALLOC_BULK)
	return __alloc_pages_bulk(gfp, nid, nodes, nr, pages);
#else
	unsigned long got;

	for (got = 0; got < nr; got++) {
		pages[got] = __alloc_pages(gfp, 0, nid, nodes);
		if (!pages[got])
			break;
	}
	return got;
#endif
}

#ifdef LEND_HAVE_ACR_FLAGS
#define LEND_CONTIG_MOVABLE ACR_FLAGS_NONE
#else
#define LEND_CONTIG_MOVABLE MIGRATE_MOVABLE
#endif

/* Has lend_alloc_contig() zeroed what it gave? On 5.10 it never does. */
static inline bool lend_contig_zeroed(void)
{
#ifdef LEND_HAVE_CONTIG_INIT
	return want_init_on_alloc(GFP_KERNEL);
#else
	return false;
#endif
}

/**
 * lend_alloc_contig() - take a range out of the page allocator, moving aside what is in it
 * @pfn: first page frame
 * @npages: how many
 *
 * Context: process, may sleep long.
 * Return: 0, and the pages are single, with a count of 1 each, and zeroed only if
 * lend_contig_zeroed(); or -EBUSY, -ENOMEM, -EINTR.
 */
static inline int lend_alloc_contig(unsigned long pfn, unsigned long npages)
{
	return alloc_contig_range(pfn, pfn + npages, LEND_CONTIG_MOVABLE,
				  GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
}

#endif
