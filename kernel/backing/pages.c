// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single pages from all over, as the capture board of 1996 had them.
 */
#include "../compat/mm.h"
#include "backing.h"

/* As many as one page holds pointers to would be 512; this many fit the stack. */
#define BATCH 32

/**
 * lend_fill_pages() - append single pages
 * @fill: the buffer's needs
 * @mem: the list
 * @npages: how many
 *
 * Return: 0; or -ENOMEM, and @mem has some of them.
 */
int lend_fill_pages(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages)
{
	atomic_or(LEND_WHY_SINGLE, fill->why);

	while (npages) {
		struct page *batch[BATCH] = {};
		unsigned long want = min_t(unsigned long, npages, BATCH);
		unsigned long i, got;
		int err = 0;

		got = lend_alloc_bulk(fill->gfp | __GFP_RETRY_MAYFAIL, fill->nid, &fill->nodes,
				      want, batch);
		if (!got)
			return -ENOMEM;

		for (i = 0; i < got; i++) {
			if (!err)
				err = lend_fill_add(fill, mem, batch[i], 1);
			else
				put_page(batch[i]);
		}
		if (err)
			return err;
		npages -= got;
	}
	return 0;
}

const struct lend_backing_ops lend_backing_pages = {
	.name = "pages",
	.id = LEND_BACKING_PAGES,
	.fill_slice = lend_fill_pages,
};
