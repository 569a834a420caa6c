/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of a buffer, as physically contiguous extents in file order.
 *
 * An extent is made of whole folios (of whatever order) of which the list owns
 * one reference each. Everything is counted in pages.
 */
#ifndef LEND_CORE_EXTENTS_H
#define LEND_CORE_EXTENTS_H

#include <linux/mm.h>

/* For tables that grow with the buffer: charged, and fails before anyone is killed for it. */
#define LEND_GFP_TABLE	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

struct lend_extent {
	struct page *page;	/* the first */
	pgoff_t index;		/* its place in the buffer */
};

/**
 * struct lend_extents - a list of extents; all zero is the empty list
 * @ext: the extents, adjacent memory merged
 * @nr: how many
 * @room: how many @ext has room for
 * @npages: pages in all of them
 * @compound: some are in folios of several pages
 */
struct lend_extents {
	struct lend_extent *ext;
	unsigned long nr;
	unsigned long room;
	unsigned long npages;
	bool compound;
};

/* Pages in extent number @i. */
static inline unsigned long lend_extent_pages(const struct lend_extents *mem, unsigned long i)
{
	return (i + 1 < mem->nr ? mem->ext[i + 1].index : mem->npages) - mem->ext[i].index;
}

struct address_space;
struct sg_table;

int lend_extents_add(struct lend_extents *mem, struct page *page, unsigned long npages);
int lend_extents_splice(struct lend_extents *mem, struct lend_extents *tail);
unsigned long lend_extents_find(const struct lend_extents *mem, pgoff_t index);
void lend_extents_claim(const struct lend_extents *mem, struct address_space *mapping);
void lend_extents_release(struct lend_extents *mem);
bool lend_folio_broken(struct page *page);
void lend_folio_give_back(struct page *page);

/* Other views of it, in views.c. */
void *lend_extents_vmap(const struct lend_extents *mem);
int lend_extents_sg(const struct lend_extents *mem, u64 offset, u64 length, size_t longest,
		    struct sg_table *sgt);

/**
 * struct lend_folio_iter - a walk over the folios of a list
 * @mem: the list
 * @ext: number of the next extent
 * @page: where the next folio begins
 * @left: pages from there to the end of the present extent
 */
struct lend_folio_iter {
	const struct lend_extents *mem;
	unsigned long ext;
	struct page *page;
	unsigned long left;
};

struct page *lend_folio_next(struct lend_folio_iter *iter);

#endif
