// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cpuset.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../compat/mm.h"
#include "account.h"
#include "fill.h"
#include "parallel.h"
#include "reserve.h"

struct slices {
	struct lend_fill *fill;
	const struct lend_backing_ops *backing;
	struct lend_extents *mem;	/* one list a slice */
};

/**
 * lend_fill_alloc() - allocate one folio
 * @fill: the buffer's needs
 * @extra: how hard to try
 * @order: its order
 *
 * Return: its first page, zeroed, or NULL.
 */
struct page *lend_fill_alloc(struct lend_fill *fill, gfp_t extra, unsigned int order)
{
	if (order)
		extra |= __GFP_COMP;
	return __alloc_pages(fill->gfp | extra, order, fill->nid, &fill->nodes);
}

/**
 * lend_fill_add() - append what was allocated
 * @fill: the buffer's needs
 * @mem: the list
 * @page: first of @npages contiguous pages of folios all alike
 * @npages: how many
 *
 * Return: 0; or -ENOMEM, and the pages were given back.
 */
int lend_fill_add(struct lend_fill *fill, struct lend_extents *mem, struct page *page,
		  unsigned long npages)
{
	unsigned long i, nr = compound_nr(page);
	int err = lend_extents_add(mem, page, npages);

	if (err) {
		for (i = 0; i < npages; i += nr)
			lend_folio_give_back(page + i);
		return err;
	}
	atomic_long_add(npages, fill->gathered);
	lend_promise_kept(npages);
	return 0;
}

/**
 * lend_fill_reserved() - append what the reserve has, in as few runs as it takes
 * @fill: the buffer's needs
 * @mem: the list
 * @npages: how many at most
 * @done: out: how many pages were appended, whole folios of 2 MiB
 *
 * Return: 0; or -ENOMEM, and @mem has some of them.
 */
int lend_fill_reserved(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages,
		       unsigned long *done)
{
	unsigned long run = ALIGN_DOWN(npages, LEND_HUGE_PAGES);

	*done = 0;
	while (run) {
		struct page *page = lend_reserve_take(fill, run);
		int err;

		if (!page) {
			run = ALIGN_DOWN(run / 2, LEND_HUGE_PAGES);
			continue;
		}
		err = lend_fill_add(fill, mem, page, run);
		if (err)
			return err;
		*done += run;
		run = min(run, ALIGN_DOWN(npages - *done, LEND_HUGE_PAGES));
	}
	return 0;
}

static int fill_slice(void *arg, unsigned long slice, unsigned long start, unsigned long nr)
{
	struct slices *s = arg;
	struct mem_cgroup *old = set_active_memcg(s->fill->memcg);
	int err = s->backing->fill_slice(s->fill, &s->mem[slice], nr);

	set_active_memcg(old);
	return err;
}

static int fill_sliced(struct lend_fill *fill, const struct lend_backing_ops *backing,
		       struct lend_extents *mem, unsigned long npages)
{
	unsigned long i, nr = DIV_ROUND_UP(npages, LEND_SLICE_PAGES);
	struct slices s = {
		.fill = fill,
		.backing = backing,
		.mem = kvcalloc(nr, sizeof(*s.mem), LEND_GFP_TABLE),
	};
	int err;

	if (!s.mem)
		return -ENOMEM;

	err = lend_parallel(npages, LEND_SLICE_PAGES, fill_slice, &s);
	for (i = 0; i < nr && !err; i++)
		err = lend_extents_splice(mem, &s.mem[i]);
	for (i = 0; i < nr; i++)
		lend_extents_release(&s.mem[i]);
	kvfree(s.mem);
	return err;
}

/* Has the cgroup, or one above it, a limit of memory? */
static bool limited(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	for (; memcg; memcg = parent_mem_cgroup(memcg))
		if (READ_ONCE(memcg->memory.max) != PAGE_COUNTER_MAX)
			return true;
#endif
	return false;
}

/* What cannot be charged would get around the limit. */
static bool may_be_uncharged(struct mem_cgroup *memcg)
{
	return !limited(memcg) || capable(CAP_SYS_RESOURCE);
}

static int first_node_of(const struct lend_spec *spec)
{
	if (spec->node != LEND_NODE_ANY)
		return spec->node;
	if (spec->near != NUMA_NO_NODE && node_state(spec->near, N_MEMORY))
		return spec->near;
	return numa_mem_id();
}

/* Where memory may come from; whom to charge is not in it. */
static int from_where(const struct lend_spec *spec, struct lend_fill *fill)
{
	int err = lend_zone_gfp(spec->dma_bits, &fill->gfp);

	if (err)
		return err;
	fill->gfp |= GFP_USER | __GFP_ZERO | __GFP_NOWARN;
	if (spec->node != LEND_NODE_ANY)
		fill->gfp |= __GFP_THISNODE;
	fill->nid = first_node_of(spec);
	fill->nodes = cpuset_current_mems_allowed;
	fill->limit = ULONG_MAX;
	if (spec->dma_bits && spec->dma_bits < BITS_PER_LONG)
		fill->limit = BIT(spec->dma_bits) >> PAGE_SHIFT;
	return 0;
}

/**
 * lend_fill_spare() - what the reserve has for a buffer
 * @spec: a checked wish
 * @npages: how much it wants
 *
 * Return: pages, beyond what the machine can spare.
 */
unsigned long lend_fill_spare(const struct lend_spec *spec, unsigned long npages)
{
	struct lend_fill fill = {};
	unsigned long spare = 0;

	/* It lends whole folios. */
	if (!spec->backing->reserved || npages < LEND_HUGE_PAGES || !lend_reserve_free() ||
	    from_where(spec, &fill))
		return 0;
	fill.memcg = get_mem_cgroup_from_mm(current->mm);
	if (may_be_uncharged(fill.memcg))
		spare = spec->backing->fill_whole ? lend_reserve_run(&fill, npages) :
						    lend_reserve_fit(&fill);
	mem_cgroup_put(fill.memcg);
	return spare;
}

/**
 * lend_fill() - gather the memory of a buffer
 * @spec: a checked wish
 * @mem: an empty list
 * @npages: how much, not 0
 * @gathered: counted up meanwhile
 * @why: out: LEND_WHY_* of what was not possible
 *
 * Node, zone, cpuset and cgroup are the caller's, whoever does the work. The
 * OOM killer is never woken: __GFP_RETRY_MAYFAIL and __GFP_NORETRY fail instead,
 * in the caller's cgroup too.
 *
 * Context: process, may sleep long.
 * Return: 0; or -ENOMEM or -EINTR, and @mem is empty again.
 */
int lend_fill(const struct lend_spec *spec, struct lend_extents *mem, unsigned long npages,
	      atomic_long_t *gathered, atomic_t *why)
{
	struct lend_fill fill = { .gathered = gathered, .why = why };
	int err = from_where(spec, &fill);

	if (err)
		return err;
	/* The root has no limit, and pages that are not charged come in batches. */
	fill.memcg = get_mem_cgroup_from_mm(current->mm);
	if (fill.memcg && parent_mem_cgroup(fill.memcg)) {
		fill.gfp |= LEND_GFP_ACCOUNT;
		if (!LEND_GFP_ACCOUNT)
			atomic_or(LEND_WHY_NO_MEMCG, why);
	}
	fill.uncharged = spec->backing->reserved && may_be_uncharged(fill.memcg);

	if (spec->backing->fill_slice) {
		err = fill_sliced(&fill, spec->backing, mem, npages);
	} else {
		struct mem_cgroup *old = set_active_memcg(fill.memcg);

		err = spec->backing->fill_whole(&fill, mem, npages);
		set_active_memcg(old);
	}
	mem_cgroup_put(fill.memcg);

	if (!err && WARN_ON_ONCE(mem->npages != npages))
		err = -ENOMEM;
	if (err)
		lend_extents_release(mem);
	return err;
}
