/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gathering the memory of one buffer.
 */
#ifndef LEND_CORE_FILL_H
#define LEND_CORE_FILL_H

#include <linux/gfp.h>
#include <linux/nodemask.h>

#include "extents.h"
#include "spec.h"

/* The order of a folio that one page-table entry maps. */
#define LEND_HUGE_ORDER		(PMD_SHIFT - PAGE_SHIFT)
#define LEND_HUGE_PAGES		BIT(LEND_HUGE_ORDER)

/* What one CPU does at a time: long enough to be worth a hand-over, short for a signal. */
#define LEND_SLICE_PAGES	((unsigned long)SZ_16M >> PAGE_SHIFT)

/**
 * struct lend_fill - what all allocations for one buffer have in common
 * @gfp: zone, zeroing, accounting; never wakes the OOM killer
 * @nid: preferred node
 * @nodes: allowed nodes: the caller's cpuset
 * @limit: page frame numbers must be below this
 * @memcg: whom to charge, from whatever thread
 * @uncharged: memory that cannot be charged will do, as the reserve's
 * @gathered: pages so far, for whoever watches
 * @why: LEND_WHY_* of what was not possible
 */
struct lend_fill {
	gfp_t gfp;
	int nid;
	nodemask_t nodes;
	unsigned long limit;
	struct mem_cgroup *memcg;
	bool uncharged;
	atomic_long_t *gathered;
	atomic_t *why;
};

int lend_fill(const struct lend_spec *spec, struct lend_extents *mem, unsigned long npages,
	      atomic_long_t *gathered, atomic_t *why);
struct page *lend_fill_alloc(struct lend_fill *fill, gfp_t extra, unsigned int order);
int lend_fill_add(struct lend_fill *fill, struct lend_extents *mem, struct page *page,
		  unsigned long npages);
int lend_fill_reserved(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages,
		       unsigned long *done);
unsigned long lend_fill_spare(const struct lend_spec *spec, unsigned long npages);

#endif
