// SPDX-License-Identifier: GPL-2.0-only
/*
 * One physical run of any size, without CMA and without a boot parameter, by a
 * ladder: the reserve; a block of the buddy allocator; 2 MiB folios that happen to be
 * neighbours (they keep their 2 MiB mappings); a range whose pages in use are
 * moved aside by alloc_contig_range().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "../compat/mm.h"
#include "../core/buffer.h"
#include "../core/parallel.h"
#include "../core/reserve.h"
#include "backing.h"

/* Candidate ranges begin at multiples of this: the largest block the buddy allocator keeps. */
#define CANDIDATE_ALIGN	BIT(MAX_PAGE_ORDER)

/* Ranges in vain before memory is held to be short everywhere. */
#define MAX_STARVED	8

/* One block: a folio where the size is a power of two, else the block's first pages. */
static int one_block(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages)
{
	unsigned int order = order_base_2(npages);
	struct page *page;
	unsigned long i;

	if (order > MAX_PAGE_ORDER)
		return -ENOMEM;

	if (is_power_of_2(npages) && order <= LEND_HUGE_ORDER) {
		page = lend_fill_alloc(fill, __GFP_RETRY_MAYFAIL, order);
		if (!page)
			return -ENOMEM;
	} else {
		page = __alloc_pages(fill->gfp | __GFP_RETRY_MAYFAIL, order, fill->nid,
				     &fill->nodes);
		if (!page)
			return -ENOMEM;
		/* Now each page has a count of its own, and the surplus can go. */
		split_page(page, order);
		for (i = npages; i < 1UL << order; i++)
			put_page(page + i);
		atomic_or(LEND_WHY_SPLIT, fill->why);
	}
	return lend_fill_add(fill, mem, page, npages);
}

static int by_pfn(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page *const *)a);
	unsigned long y = page_to_pfn(*(struct page *const *)b);

	return x < y ? -1 : x > y;
}

static bool adjacent(struct page *a, struct page *b)
{
	return page_to_pfn(b) == page_to_pfn(a) + LEND_HUGE_PAGES;
}

/* Sorts the folios. Returns how many of them are neighbours, from @first on. */
static unsigned long longest_run(struct page **folio, unsigned long nr, unsigned long *first)
{
	unsigned long i, start = 0, longest = 0;

	sort(folio, nr, sizeof(*folio), by_pfn, NULL);
	for (i = 0; i < nr; i++) {
		if (i && !adjacent(folio[i - 1], folio[i]))
			start = i;
		if (i - start < longest)
			continue;
		longest = i - start + 1;
		*first = start;
	}
	return longest;
}

/*
 * The buddy allocator tends to hand out neighbours, in either direction, while
 * memory is unfragmented. Where there are gaps, a few more than needed are taken;
 * it is given up when so many are not enough. To look after each is dear for
 * large runs, before there can be one.
 */
static int neighbours(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages)
{
	unsigned long want = npages >> LEND_HUGE_ORDER, room = want + min(want / 8, 64UL) + 8;
	unsigned long step = max(want / 8, 16UL), nr = 0, run = 0, first = 0, i;
	struct page **folio;
	int err = -ENOMEM;

	if (npages & (LEND_HUGE_PAGES - 1))
		return -ENOMEM;
	folio = kvmalloc_array(room, sizeof(*folio), LEND_GFP_TABLE);
	if (!folio)
		return -ENOMEM;

	while (nr < room && !signal_pending(current)) {
		folio[nr] = lend_fill_alloc(fill, __GFP_NORETRY, LEND_HUGE_ORDER);
		if (!folio[nr])
			break;
		if (++nr < want && nr % step)
			continue;
		run = longest_run(folio, nr, &first);
		if (run >= want || run + room - nr < want)
			break;
	}
	if (run >= want) {
		err = lend_fill_add(fill, mem, folio[first], npages);
		for (i = first; i < first + want; i++)
			folio[i] = NULL;
	}
	for (i = 0; i < nr; i++)
		if (folio[i])
			put_page(folio[i]);
	kvfree(folio);
	return err;
}

/*
 * The last page of [@pfn, @pfn + @npages) that alone makes the range hopeless,
 * or 0: memory that is not there, is another zone's, or is the firmware's.
 */
static unsigned long obstacle(struct zone *zone, unsigned long pfn, unsigned long npages)
{
	while (npages--) {
		struct page *page = pfn_to_online_page(pfn + npages);

		if (!(npages % LEND_HUGE_PAGES))
			cond_resched();
		/* Whoever has the page changes other bits of its flags meanwhile. */
		if (!page || data_race(page_zone(page) != zone || PageReserved(page)))
			return pfn + npages;
	}
	return 0;
}

static int zero_slice(void *arg, unsigned long slice, unsigned long start, unsigned long nr)
{
	struct page *page = arg;

	while (nr--) {
		clear_highpage(page + start++);
		cond_resched();
	}
	return 0;
}

/* Tries one range. Its pages become single ones, which cannot be charged to a cgroup. */
static int one_range(struct lend_fill *fill, struct lend_extents *mem, unsigned long pfn,
		     unsigned long npages)
{
	struct page *page = pfn_to_page(pfn);
	int err = lend_alloc_contig(pfn, npages);

	if (!err && !lend_contig_zeroed()) {
		err = lend_parallel(npages, LEND_SLICE_PAGES, zero_slice, page);
		if (err)
			free_contig_range(pfn, npages);
	}
	if (err)
		return err;
	atomic_or(LEND_WHY_SPLIT, fill->why);
	if (fill->gfp & __GFP_ACCOUNT)
		atomic_or(LEND_WHY_NO_MEMCG, fill->why);
	return lend_fill_add(fill, mem, page, npages);
}

/**
 * struct search - for a range whose pages can be moved aside
 * @fill: the buffer's needs
 * @mem: where it goes
 * @npages: how long it must be
 * @starved: ranges that failed for want of memory to move pages to
 */
struct search {
	struct lend_fill *fill;
	struct lend_extents *mem;
	unsigned long npages;
	unsigned int starved;
};

/* Goes down through [@start, @end) of a zone, @step pages at a time. */
static int scan(struct search *s, struct zone *zone, unsigned long start, unsigned long end,
		unsigned long step)
{
	while (end >= start + s->npages) {
		unsigned long pfn = ALIGN_DOWN(end - s->npages, CANDIDATE_ALIGN);
		unsigned long bad;
		int err = -EBUSY;

		if (pfn < start)
			break;
		if (signal_pending(current))
			return -EINTR;

		bad = obstacle(zone, pfn, s->npages);
		if (!bad)
			err = one_range(s->fill, s->mem, pfn, s->npages);
		if (!err || err == -EINTR)
			return err;
		/* One may have had bad luck; but what is not there is not there elsewhere. */
		if (err == -ENOMEM && ++s->starved == MAX_STARVED)
			return err;

		/* The next one ends below the obstacle, or a step further down. */
		if (bad)
			end = bad;
		else if (pfn + s->npages > step)
			end = pfn + s->npages - step;
		else
			break;
		cond_resched();
	}
	return -EBUSY;
}

/* In long steps first: they find a free place soon where there is one. */
static int scan_zone(struct search *s, struct zone *zone)
{
	unsigned long step = max(rounddown_pow_of_two(s->npages), CANDIDATE_ALIGN);
	unsigned long end = min(zone_end_pfn(zone), s->fill->limit);
	int err;

	if (!populated_zone(zone))
		return -EBUSY;

	for (;; step = max(step / 4, CANDIDATE_ALIGN)) {
		err = scan(s, zone, zone->zone_start_pfn, end, step);
		if (err != -EBUSY || step == CANDIDATE_ALIGN)
			return err;
	}
}

/* Highest memory first: low memory is scarce. Movable memory must stay movable. */
static int scan_node(struct search *s, int nid)
{
	int zt, err = -EBUSY;

	for (zt = ZONE_NORMAL; zt >= 0 && err == -EBUSY; zt--)
		err = scan_zone(s, &NODE_DATA(nid)->node_zones[zt]);
	return err;
}

static int moved_aside(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages)
{
	struct search s = { .fill = fill, .mem = mem, .npages = npages };
	int nid, err = -EBUSY;

	if (!fill->uncharged) {
		pr_info_ratelimited("contig: memory moved aside cannot be charged to a cgroup with memory.max: lift the limit, or take CAP_SYS_RESOURCE\n");
		return -ENOMEM;
	}

	if (node_isset(fill->nid, fill->nodes))
		err = scan_node(&s, fill->nid);
	if (err == -EBUSY && !(fill->gfp & __GFP_THISNODE))
		for_each_node_mask(nid, fill->nodes)
			if (err == -EBUSY && nid != fill->nid && node_online(nid))
				err = scan_node(&s, nid);
	return err == -EBUSY ? -ENOMEM : err;
}

static int from_reserve(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages)
{
	struct page *page = NULL;

	if (IS_ALIGNED(npages, LEND_HUGE_PAGES))
		page = lend_reserve_take(fill, npages);
	return page ? lend_fill_add(fill, mem, page, npages) : -ENOMEM;
}

static int fill_whole(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages)
{
	int err = from_reserve(fill, mem, npages);

	if (err == -ENOMEM && npages > LEND_HUGE_PAGES)
		err = neighbours(fill, mem, npages);
	if (err == -ENOMEM)
		err = one_block(fill, mem, npages);
	if (err == -ENOMEM && signal_pending(current))
		err = -EINTR;
	if (err == -ENOMEM)
		err = moved_aside(fill, mem, npages);
	if (err == -ENOMEM)
		pr_info_ratelimited("contig: no run of %lu KiB to be had: free memory, or ask for less\n",
				    npages << (PAGE_SHIFT - 10));
	return err;
}

/* All memory of the kernel's own is mapped in one piece. */
static int attach(struct lend_buffer *buf)
{
	buf->vaddr = page_address(buf->mem.ext[0].page);
	return 0;
}

const struct lend_backing_ops lend_backing_contig = {
	.name = "contig",
	.id = LEND_BACKING_CONTIG,
	.fill_whole = fill_whole,
	.attach = attach,
	.reserved = true,
};
