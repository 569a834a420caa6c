// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a buffer in the forms that others want: at one kernel address, as
 * a scatter list.
 */
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "extents.h"

/**
 * lend_extents_vmap() - give memory one run of kernel addresses
 * @mem: the memory, not empty
 *
 * Context: process, may sleep.
 * Return: the address, to be given back by vunmap(); NULL without memory or room.
 */
void *lend_extents_vmap(const struct lend_extents *mem)
{
	unsigned long i, nr = 0;
	struct page **pages;
	void *vaddr;

	if (mem->npages > UINT_MAX)
		return NULL;
	pages = kvmalloc_array(mem->npages, sizeof(*pages), LEND_GFP_TABLE);
	if (!pages)
		return NULL;

	for (i = 0; i < mem->nr; i++) {
		unsigned long left = lend_extent_pages(mem, i);
		struct page *page = mem->ext[i].page;

		while (left--)
			pages[nr++] = page++;
		cond_resched();
	}
	vaddr = vmap(pages, mem->npages, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	return vaddr;
}

/**
 * lend_extents_sg() - make a scatter list of memory
 * @mem: the memory, not empty
 * @sgt: out: the list, in the memory's order, to be given back by sg_free_table()
 * @longest: bytes that one entry may have at most
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int lend_extents_sg(const struct lend_extents *mem, struct sg_table *sgt, size_t longest)
{
	unsigned long most = clamp(longest, PAGE_SIZE, (size_t)UINT_MAX) >> PAGE_SHIFT;
	unsigned long i, entries = 0;
	struct scatterlist *sg;

	for (i = 0; i < mem->nr; i++)
		entries += DIV_ROUND_UP(lend_extent_pages(mem, i), most);
	if (entries > UINT_MAX || sg_alloc_table(sgt, entries, LEND_GFP_TABLE))
		return -ENOMEM;

	sg = sgt->sgl;
	for (i = 0; i < mem->nr; i++) {
		unsigned long left = lend_extent_pages(mem, i), nr;
		struct page *page = mem->ext[i].page;

		for (; left; left -= nr, page += nr, sg = sg_next(sg)) {
			nr = min(left, most);
			sg_set_page(sg, page, nr << PAGE_SHIFT, 0);
		}
		cond_resched();
	}
	return 0;
}
