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

/* Counts the entries of a scatter list, and writes them where there is a list. */
static unsigned long entries(const struct lend_extents *mem, u64 offset, u64 length, u64 longest,
			     struct scatterlist *sg)
{
	unsigned long i = lend_extents_find(mem, offset >> PAGE_SHIFT), nr = 0;

	for (; length; i++) {
		u64 skip = offset - ((u64)mem->ext[i].index << PAGE_SHIFT);
		u64 left = min(((u64)lend_extent_pages(mem, i) << PAGE_SHIFT) - skip, length);

		offset += left;
		length -= left;
		while (left) {
			u64 piece = min(left, longest);

			if (sg) {
				sg_set_page(sg, mem->ext[i].page + (skip >> PAGE_SHIFT), piece,
					    offset_in_page(skip));
				sg = sg_next(sg);
			}
			nr++;
			skip += piece;
			left -= piece;
		}
		cond_resched();
	}
	return nr;
}

/**
 * lend_extents_sg() - make a scatter list of memory
 * @mem: the memory
 * @offset: first byte of it
 * @length: number of bytes, not 0; they lie inside
 * @longest: bytes that one entry may have at most, not 0
 * @sgt: out: the list, in the memory's order, to be given back by sg_free_table()
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int lend_extents_sg(const struct lend_extents *mem, u64 offset, u64 length, size_t longest,
		    struct sg_table *sgt)
{
	/* Whole pages, unless the device takes less than one. */
	u64 most = longest < PAGE_SIZE ? longest : min_t(u64, longest, UINT_MAX) & PAGE_MASK;
	unsigned long nr = entries(mem, offset, length, most, NULL);

	if (nr > UINT_MAX || sg_alloc_table(sgt, nr, LEND_GFP_TABLE))
		return -ENOMEM;
	entries(mem, offset, length, most, sgt->sgl);
	return 0;
}
