// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios of 2 MiB, which one page-table entry maps. Where memory is fragmented,
 * smaller ones.
 */
#include <linux/log2.h>

#include "backing.h"

/* Compaction is worth its time for the folios wanted and for the last resort. */
static gfp_t effort(unsigned int order)
{
	return order == LEND_HUGE_ORDER || !order ? __GFP_RETRY_MAYFAIL : __GFP_NORETRY;
}

/*
 * From the reserve first. Orders only go down, so every folio is aligned in the buffer
 * as it is in memory: the mm layer relies on that when it maps one as a whole.
 */
static int fill_slice(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages)
{
	unsigned int most = LEND_HUGE_ORDER;
	unsigned long done;
	int err = lend_fill_reserved(fill, mem, npages, &done);

	if (err)
		return err;
	npages -= done;
	while (npages) {
		unsigned int order = min_t(unsigned int, most, ilog2(npages));
		struct page *page = lend_fill_alloc(fill, effort(order), order);

		if (!page && !order)
			return -ENOMEM;
		if (!page) {
			if (order == LEND_HUGE_ORDER)
				atomic_or(LEND_WHY_FRAGMENTED, fill->why);
			most = order - 1;
			continue;
		}
		err = lend_fill_add(fill, mem, page, 1UL << order);
		if (err)
			return err;
		npages -= 1UL << order;
	}
	return 0;
}

const struct lend_backing_ops lend_backing_folios = {
	.name = "folios",
	.id = LEND_BACKING_FOLIOS,
	.fill_slice = fill_slice,
	.reserved = true,
};
