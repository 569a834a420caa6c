// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../compat/mm.h"
#include "extents.h"
#include "reserve.h"

static int reserve(struct lend_extents *mem, unsigned long nr)
{
	unsigned long room;
	struct lend_extent *ext;

	if (nr <= mem->room)
		return 0;

	room = max(nr, mem->room * 2);
	ext = kvmalloc_array(room, sizeof(*ext), LEND_GFP_TABLE);
	if (!ext)
		return -ENOMEM;
	if (mem->nr)
		memcpy(ext, mem->ext, mem->nr * sizeof(*ext));
	kvfree(mem->ext);
	mem->ext = ext;
	mem->room = room;
	return 0;
}

/**
 * lend_extents_add() - append memory
 * @mem: the list
 * @page: the first of @npages contiguous pages, whole folios
 * @npages: how many
 *
 * Return: 0, and the list owns the caller's references; or -ENOMEM, and the
 * caller keeps them.
 */
int lend_extents_add(struct lend_extents *mem, struct page *page, unsigned long npages)
{
	struct lend_extent *last = mem->nr ? &mem->ext[mem->nr - 1] : NULL;
	int err;

	mem->compound |= PageCompound(page);
	if (last && page_to_pfn(last->page) + (mem->npages - last->index) == page_to_pfn(page)) {
		mem->npages += npages;
		return 0;
	}

	err = reserve(mem, mem->nr + 1);
	if (err)
		return err;
	mem->ext[mem->nr++] = (struct lend_extent){ .page = page, .index = mem->npages };
	mem->npages += npages;
	return 0;
}

/**
 * lend_extents_splice() - move all of @tail to the end of @mem
 * @mem: the list that grows
 * @tail: the list that is empty afterwards
 *
 * Return: 0; or -ENOMEM, and each list still owns what it holds.
 */
int lend_extents_splice(struct lend_extents *mem, struct lend_extents *tail)
{
	unsigned long i;
	int err;

	err = reserve(mem, mem->nr + tail->nr);
	if (err)
		return err;

	mem->compound |= tail->compound;
	for (i = 0; i < tail->nr; i++)
		lend_extents_add(mem, tail->ext[i].page, lend_extent_pages(tail, i));
	kvfree(tail->ext);
	*tail = (struct lend_extents){};
	return 0;
}

/**
 * lend_extents_find() - which extent holds a page
 * @mem: the list
 * @index: page number, below @mem->npages
 *
 * Return: the extent's number.
 */
unsigned long lend_extents_find(const struct lend_extents *mem, pgoff_t index)
{
	unsigned long low = 0, high = mem->nr;

	while (high - low > 1) {
		unsigned long mid = low + (high - low) / 2;

		if (mem->ext[mid].index <= index)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/**
 * lend_folio_next() - step to the next folio
 * @iter: begin with { .mem = list }
 *
 * The walk is past the folio when it is returned, so it may be given back.
 *
 * Return: the folio's first page, or NULL at the end.
 */
struct page *lend_folio_next(struct lend_folio_iter *iter)
{
	struct page *page;

	if (!iter->left) {
		if (iter->ext == iter->mem->nr)
			return NULL;
		iter->page = iter->mem->ext[iter->ext].page;
		iter->left = lend_extent_pages(iter->mem, iter->ext++);
	}
	page = iter->page;
	iter->page += compound_nr(page);
	iter->left -= compound_nr(page);
	return page;
}

/**
 * lend_extents_claim() - write down whose the folios are
 * @mem: all of the memory of a file
 * @mapping: the file's; ends with lend_extents_release()
 *
 * For those who find a page and ask which byte of which file it is: shared futexes.
 * The folios are in no page cache and on no LRU list for all that, so reclaim,
 * migration and truncation do not see them.
 */
void lend_extents_claim(const struct lend_extents *mem, struct address_space *mapping)
{
	struct lend_folio_iter iter = { .mem = mem };
	struct page *page;
	pgoff_t index = 0;

	while ((page = lend_folio_next(&iter))) {
		struct folio *folio = page_folio(page);

		folio->index = index;
		folio->mapping = mapping;
		index += compound_nr(page);
		cond_resched();
	}
}

/* Who holds a page lock relies on the mapping: the end of direct I/O does. */
static void disclaim(struct page *page)
{
	lock_page(page);
	page_folio(page)->mapping = NULL;
	unlock_page(page);
}

/**
 * lend_folio_broken() - has a folio a broken page?
 * @page: its first
 *
 * The allocator looks for broken pages among the single ones only: it would hand out
 * a folio again that has one. Single ones it keeps by itself.
 *
 * Return: whether it has, and is larger than a page.
 */
bool lend_folio_broken(struct page *page)
{
	unsigned long i;

	for (i = 0; PageCompound(page) && i < compound_nr(page); i++)
		if (PageHWPoison(page + i))
			return true;
	return false;
}

/**
 * lend_folio_give_back() - give back the reference of a folio's owner
 * @page: its first page
 *
 * To the reserve if it is from there. A folio that is still pinned lives until its last
 * user lets go of it. One with a broken page is never given back.
 */
void lend_folio_give_back(struct page *page)
{
	if (!lend_folio_broken(page) && !lend_reserve_return(page))
		put_page(page);
}

/**
 * lend_extents_release() - give every folio back and empty the list
 * @mem: the list, half-built ones and the empty one included
 *
 * Context: process, may sleep.
 */
void lend_extents_release(struct lend_extents *mem)
{
	struct lend_folio_iter iter = { .mem = mem };
	struct page *page;

	while ((page = lend_folio_next(&iter))) {
		disclaim(page);
		lend_folio_give_back(page);
		cond_resched();
	}
	kvfree(mem->ext);
	*mem = (struct lend_extents){};
}
