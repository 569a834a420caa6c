// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bit a folio, by its place in physical memory: neighbours are neighbouring bits, and
 * one physical run is one run of them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../compat/mm.h"
#include "../compat/shrinker.h"
#include "fill.h"
#include "reserve.h"

/* How often it is looked whether a folio that came back is still pinned. */
#define LOOK_AGAIN	HZ

static char *wish;
module_param_named(reserve, wish, charp, 0444);
MODULE_PARM_DESC(reserve, "memory to set aside, as 512m, 4g or 10%: 2 MiB folios, zeroed beforehand");

static bool yields;
module_param_named(reserve_yield, yields, bool, 0444);
MODULE_PARM_DESC(reserve_yield, "give it back for good when the machine is short of memory");

static void zero_work(struct work_struct *work);

/**
 * struct reserve - the reserve
 * @lock: of all that changes
 * @first: number of the first folio, its page frame number >> LEND_HUGE_ORDER
 * @nr: bits in each map
 * @owned: the folios that are the reserve's, lent ones too
 * @busy: all but those that can be lent
 * @dirty: came back, and are to be zeroed
 * @free: pages that can be lent
 * @zero: does that
 * @workers: where
 * @shrinker: gives folios back, or NULL
 */
static struct reserve {
	spinlock_t lock;	/* see above */
	unsigned long first;
	unsigned long nr;
	unsigned long *owned;
	unsigned long *busy;
	unsigned long *dirty;
	atomic_long_t free;
	struct delayed_work zero;
	struct workqueue_struct *workers;
	struct shrinker *shrinker;
} reserve = {
	.lock = __SPIN_LOCK_UNLOCKED(reserve.lock),
	.zero = __DELAYED_WORK_INITIALIZER(reserve.zero, zero_work, 0),
};

static int get_free(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%lu\n", lend_reserve_free() << PAGE_SHIFT);
}

static const struct kernel_param_ops free_ops = { .get = get_free };
module_param_cb(reserve_free, &free_ops, NULL, 0444);
MODULE_PARM_DESC(reserve_free, "bytes of it that can be lent now");

static unsigned long number(const struct page *page)
{
	return page_to_pfn(page) >> LEND_HUGE_ORDER;
}

static struct page *folio_at(unsigned long bit)
{
	return pfn_to_page((reserve.first + bit) << LEND_HUGE_ORDER);
}

/**
 * lend_reserve_free() - how much of the reserve could be lent now
 *
 * Return: pages.
 */
unsigned long lend_reserve_free(void)
{
	return atomic_long_read(&reserve.free);
}

/* The first of @nr folios from @bit on that @fill may not have; @bit + @nr: none. */
static unsigned long unfit(const struct lend_fill *fill, unsigned long bit, unsigned long nr)
{
	const unsigned long end = bit + nr;

	for (; bit < end; bit++) {
		struct page *page = folio_at(bit);
		int nid = page_to_nid(page);

		if (page_to_pfn(page) + LEND_HUGE_PAGES > fill->limit ||
		    !node_isset(nid, fill->nodes) ||
		    ((fill->gfp & __GFP_THISNODE) && nid != fill->nid))
			break;
	}
	return bit;
}

/**
 * lend_reserve_take() - take one physical run out of the reserve
 * @fill: the buffer's needs
 * @npages: how long, whole folios
 *
 * Return: the first page of neighbouring folios, zeroed, whose references are the
 * caller's; lend_reserve_return() gives each back. NULL if there is no such run.
 */
struct page *lend_reserve_take(const struct lend_fill *fill, unsigned long npages)
{
	unsigned long nr = npages >> LEND_HUGE_ORDER, bit = 0, end;

	if (!fill->uncharged || lend_reserve_free() < npages)
		return NULL;

	spin_lock(&reserve.lock);
	for (;;) {
		bit = bitmap_find_next_zero_area(reserve.busy, reserve.nr, bit, nr, 0);
		if (bit >= reserve.nr)
			break;
		end = unfit(fill, bit, nr);
		if (end == bit + nr) {
			bitmap_set(reserve.busy, bit, nr);
			atomic_long_sub(npages, &reserve.free);
			break;
		}
		bit = end + 1;
	}
	spin_unlock(&reserve.lock);
	if (bit >= reserve.nr)
		return NULL;

	if (fill->gfp & __GFP_ACCOUNT)
		atomic_or(LEND_WHY_NO_MEMCG, fill->why);
	return folio_at(bit);
}

/**
 * lend_reserve_return() - give a folio back to the reserve
 * @page: the first of a folio; whoever has it pinned may keep it for a while
 *
 * Return: whether the folio is of the reserve, which then has taken over the reference.
 */
bool lend_reserve_return(struct page *page)
{
	unsigned long bit = number(page) - reserve.first;

	if (bit >= reserve.nr || !test_bit(bit, reserve.owned))
		return false;
	spin_lock(&reserve.lock);
	__set_bit(bit, reserve.dirty);
	spin_unlock(&reserve.lock);
	mod_delayed_work(reserve.workers, &reserve.zero, 0);
	return true;
}

static void zero_work(struct work_struct *work)
{
	unsigned long bit, i;
	bool pinned = false;

	for_each_set_bit(bit, reserve.dirty, reserve.nr) {
		struct page *page = folio_at(bit);

		/* Pinned: what a device still writes there nobody else shall have. */
		if (page_count(page) > 1) {
			pinned = true;
			continue;
		}
		for (i = 0; i < LEND_HUGE_PAGES; i++) {
			clear_highpage(page + i);
			cond_resched();
		}
		spin_lock(&reserve.lock);
		__clear_bit(bit, reserve.dirty);
		__clear_bit(bit, reserve.busy);
		atomic_long_add(LEND_HUGE_PAGES, &reserve.free);
		spin_unlock(&reserve.lock);
	}
	if (pinned)
		queue_delayed_work(reserve.workers, &reserve.zero, LOOK_AGAIN);
}

static unsigned long count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return lend_reserve_free() ?: SHRINK_EMPTY;
}

/* From the top: what lies low more devices reach. */
static unsigned long scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long bit = reserve.nr, freed = 0;

	while (bit-- && freed < sc->nr_to_scan) {
		bool mine;

		spin_lock(&reserve.lock);
		mine = !test_bit(bit, reserve.busy);
		if (mine) {
			__set_bit(bit, reserve.busy);
			__clear_bit(bit, reserve.owned);
			atomic_long_sub(LEND_HUGE_PAGES, &reserve.free);
		}
		spin_unlock(&reserve.lock);
		if (mine) {
			put_page(folio_at(bit));
			freed += LEND_HUGE_PAGES;
		}
	}
	return freed ?: SHRINK_STOP;
}

static void free_list(struct list_head *folios)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, folios, lru) {
		list_del(&page->lru);
		put_page(page);
	}
}

/* From all nodes alike. */
static int gather(struct list_head *folios, unsigned long nr)
{
	const gfp_t gfp = GFP_USER | __GFP_ZERO | __GFP_COMP | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	int nid = first_memory_node;
	unsigned long got;

	for (got = 0; got < nr; got++) {
		struct page *page = __alloc_pages(gfp, LEND_HUGE_ORDER, nid, NULL);

		if (!page || fatal_signal_pending(current)) {
			if (page)
				put_page(page);
			free_list(folios);
			pr_err("reserve=%s: only %lu MiB were to be had: ask for less\n", wish,
			       got << (LEND_HUGE_ORDER + PAGE_SHIFT - 20));
			return page ? -EINTR : -ENOMEM;
		}
		list_add(&page->lru, folios);
		nid = next_node_in(nid, node_states[N_MEMORY]);
	}
	return 0;
}

static int make_maps(struct list_head *folios)
{
	unsigned long last = 0, longs;
	struct page *page, *next;

	reserve.first = ULONG_MAX;
	list_for_each_entry(page, folios, lru) {
		reserve.first = min(reserve.first, number(page));
		last = max(last, number(page));
	}
	longs = BITS_TO_LONGS(last - reserve.first + 1);
	reserve.owned = kvcalloc(longs, sizeof(long), GFP_KERNEL);
	reserve.busy = kvmalloc_array(longs, sizeof(long), GFP_KERNEL);
	reserve.dirty = kvcalloc(longs, sizeof(long), GFP_KERNEL);
	if (!reserve.owned || !reserve.busy || !reserve.dirty)
		return -ENOMEM;

	reserve.nr = last - reserve.first + 1;
	bitmap_fill(reserve.busy, reserve.nr);
	list_for_each_entry_safe(page, next, folios, lru) {
		list_del(&page->lru);
		__set_bit(number(page) - reserve.first, reserve.owned);
		__clear_bit(number(page) - reserve.first, reserve.busy);
		atomic_long_add(LEND_HUGE_PAGES, &reserve.free);
	}
	return 0;
}

static int parse(unsigned long *nr)
{
	long spare = si_mem_available() - (long)(totalram_pages() / 32);
	u64 size = U64_MAX;
	int err = lend_parse_size(wish, &size);

	if (err == -EINVAL) {
		pr_err("reserve=%s: not a size: try 512m, 2g or 10%%\n", wish);
		return err;
	}
	spare = max(0L, spare);
	if (size >> PAGE_SHIFT > spare) {
		pr_err("reserve=%s: the machine can spare %ld MiB: ask for less\n", wish,
		       spare >> (20 - PAGE_SHIFT));
		return -ENOMEM;
	}
	*nr = DIV_ROUND_UP_ULL(size, PMD_SIZE);
	return 0;
}

/**
 * lend_reserve_init() - set memory aside, as the module's parameter says
 *
 * Return: 0, -EINVAL if that is no size, -ENOMEM or -EINTR, and the log says more.
 */
int lend_reserve_init(void)
{
	unsigned long nr = 0;
	LIST_HEAD(folios);
	int err = wish ? parse(&nr) : 0;

	if (err || !nr)
		return err;
	reserve.workers = alloc_workqueue("lend_reserve", WQ_UNBOUND, 1);
	if (!reserve.workers)
		return -ENOMEM;
	err = gather(&folios, nr);
	if (!err)
		err = make_maps(&folios);
	if (!err && yields) {
		reserve.shrinker = lend_shrinker_register("lend_reserve", count, scan);
		err = reserve.shrinker ? 0 : -ENOMEM;
	}
	if (err) {
		free_list(&folios);
		lend_reserve_exit();
	}
	return err;
}

/* All that was lent has come back; a folio with a broken page is never given back. */
void lend_reserve_exit(void)
{
	unsigned long bit;

	lend_shrinker_unregister(reserve.shrinker);
	if (reserve.workers) {
		cancel_delayed_work_sync(&reserve.zero);
		destroy_workqueue(reserve.workers);
	}
	for_each_set_bit(bit, reserve.owned, reserve.nr)
		if (!lend_folio_broken(folio_at(bit)))
			put_page(folio_at(bit));
	kvfree(reserve.owned);
	kvfree(reserve.busy);
	kvfree(reserve.dirty);
}
