// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bit a folio, by its page frame number: neighbours are neighbouring bits, and one
 * physical run is one run of them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../compat/mm.h"
#include "../compat/shrinker.h"
#include "buffer.h"
#include "fill.h"
#include "reserve.h"

/* How often it is looked whether a folio that came back is still pinned. */
#define LOOK_AGAIN	HZ

/* Folios that stay on the processors' own lists when a run is given back, at most. */
#define RUN_SLACK	16

/* Folios that come from elsewhere before those of a run do: they are given back. */
#define STRAYS		((unsigned long)SZ_256M >> PMD_SHIFT)

static char *wish;
module_param_named(reserve, wish, charp, 0444);
MODULE_PARM_DESC(reserve, "memory to set aside, as 512m, 4g or 10%: 2 MiB folios, in one run if it can be");

static bool yields;
module_param_named(reserve_yield, yields, bool, 0444);
MODULE_PARM_DESC(reserve_yield, "give it back for good when the machine is short of memory");

static void zero_work(struct work_struct *work);

/**
 * struct reserve - the reserve
 * @lock: of all that changes
 * @nr: bits in each map, one for each folio that the machine may have
 * @owned: the folios that are the reserve's, lent ones too
 * @busy: all but those that can be lent
 * @dirty: came back, and are to be zeroed
 * @free: pages that can be lent
 * @look: of those who look for broken pages
 * @failures: of memory, as many as were known when somebody last looked
 * @zero: does that
 * @workers: where
 * @shrinker: gives folios back, or NULL
 */
static struct reserve {
	spinlock_t lock;	/* see above */
	unsigned long nr;
	unsigned long *owned;
	unsigned long *busy;
	unsigned long *dirty;
	atomic_long_t free;
	struct mutex look;	/* see above */
	unsigned long failures;
	struct delayed_work zero;
	struct workqueue_struct *workers;
	struct shrinker *shrinker;
} reserve = {
	.lock = __SPIN_LOCK_UNLOCKED(reserve.lock),
	.look = __MUTEX_INITIALIZER(reserve.look),
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
	return pfn_to_page(bit << LEND_HUGE_ORDER);
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

/* Where @nr neighbouring folios are that @fill may have; with the lock. reserve.nr: nowhere. */
static unsigned long find_fit(const struct lend_fill *fill, unsigned long nr)
{
	unsigned long bit = 0, end;

	for (;;) {
		bit = bitmap_find_next_zero_area(reserve.busy, reserve.nr, bit, nr, 0);
		if (bit >= reserve.nr)
			return reserve.nr;
		end = unfit(fill, bit, nr);
		if (end == bit + nr)
			return bit;
		bit = end + 1;
	}
}

/**
 * lend_reserve_run() - how much has the reserve, if it could lend so much in one run now?
 * @fill: the buffer's needs
 * @npages: how long
 *
 * Return: pages, @npages at least, for what others were promised is counted with them; or 0.
 */
unsigned long lend_reserve_run(const struct lend_fill *fill, unsigned long npages)
{
	unsigned long bit;

	if (!IS_ALIGNED(npages, LEND_HUGE_PAGES) || lend_reserve_free() < npages)
		return 0;
	spin_lock(&reserve.lock);
	bit = find_fit(fill, npages >> LEND_HUGE_ORDER);
	spin_unlock(&reserve.lock);
	return bit < reserve.nr ? lend_reserve_free() : 0;
}

/**
 * lend_reserve_fit() - how much could the reserve lend now, piece by piece?
 * @fill: the buffer's needs
 *
 * Return: pages.
 */
unsigned long lend_reserve_fit(const struct lend_fill *fill)
{
	unsigned long bit, nr = 0;

	if (fill->limit == ULONG_MAX && !(fill->gfp & __GFP_THISNODE) &&
	    nodes_subset(node_states[N_MEMORY], fill->nodes))
		return lend_reserve_free();
	for_each_clear_bit(bit, reserve.busy, reserve.nr)
		if (unfit(fill, bit, 1) != bit)
			nr += LEND_HUGE_PAGES;
	return nr;
}

/*
 * Whose page has broken while nobody had it is lent to nobody any more. To look at each
 * page costs more than all the rest does: only when the kernel has counted a failure.
 */
static void leave_broken(void)
{
	unsigned long failures = lend_memory_failures(), bit;

	if (READ_ONCE(reserve.failures) == failures)
		return;
	mutex_lock(&reserve.look);
	if (reserve.failures == failures)
		goto out;	/* somebody else has looked meanwhile */
	for_each_clear_bit(bit, reserve.busy, reserve.nr) {
		cond_resched();
		if (!lend_folio_broken(folio_at(bit)))
			continue;
		spin_lock(&reserve.lock);
		if (!test_bit(bit, reserve.busy)) {
			__set_bit(bit, reserve.busy);
			atomic_long_sub(LEND_HUGE_PAGES, &reserve.free);
		}
		spin_unlock(&reserve.lock);
	}
	WRITE_ONCE(reserve.failures, failures);
out:
	mutex_unlock(&reserve.look);
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
	unsigned long nr = npages >> LEND_HUGE_ORDER, bit;

	if (!fill->uncharged || lend_reserve_free() < npages)
		return NULL;
	leave_broken();

	spin_lock(&reserve.lock);
	bit = find_fit(fill, nr);
	if (bit < reserve.nr) {
		bitmap_set(reserve.busy, bit, nr);
		atomic_long_sub(npages, &reserve.free);
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
	unsigned long bit = number(page);

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
		bool broken;

		/* Pinned: what a device still writes there nobody else shall have. */
		if (page_count(page) > 1) {
			pinned = true;
			continue;
		}
		for (i = 0; i < LEND_HUGE_PAGES; i++) {
			clear_highpage(page + i);
			cond_resched();
		}
		/* leave_broken() does not look at what waits here. */
		broken = lend_folio_broken(page);
		spin_lock(&reserve.lock);
		__clear_bit(bit, reserve.dirty);
		if (!broken) {
			__clear_bit(bit, reserve.busy);
			atomic_long_add(LEND_HUGE_PAGES, &reserve.free);
		}
		spin_unlock(&reserve.lock);
	}
	if (pinned)
		queue_delayed_work(reserve.workers, &reserve.zero, LOOK_AGAIN);
}

static unsigned long count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return lend_reserve_free() ?: SHRINK_EMPTY;
}

static unsigned long scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long bit, freed = 0;

	for_each_clear_bit(bit, reserve.busy, reserve.nr) {
		bool mine;

		if (freed >= sc->nr_to_scan)
			break;
		/* It may have been lent meanwhile. */
		spin_lock(&reserve.lock);
		mine = !test_bit(bit, reserve.busy);
		if (mine) {
			__set_bit(bit, reserve.busy);
			__clear_bit(bit, reserve.owned);
			atomic_long_sub(LEND_HUGE_PAGES, &reserve.free);
		}
		spin_unlock(&reserve.lock);
		if (!mine)
			continue;
		if (!lend_folio_broken(folio_at(bit)))
			put_page(folio_at(bit));
		freed += LEND_HUGE_PAGES;
	}
	/* A folio is more than is asked for at a time. */
	sc->nr_scanned = max(sc->nr_scanned, freed);
	return freed ?: SHRINK_STOP;
}

/*
 * Somewhere @nr folios were free in one physical run a moment ago: pages in use have been
 * moved aside. Return: the node, or the present one if there is no such run.
 */
static int free_run(unsigned long nr)
{
	struct lend_spec spec;
	struct lend_limit no_limit = {};
	struct lend_buffer *buf;
	int nid = numa_mem_id();

	lend_spec_init(&spec);
	spec.backing = lend_backing_by_id(LEND_BACKING_CONTIG);
	buf = lend_buffer_create(&spec);
	if (buf && !lend_buffer_fill(buf, &no_limit, nr << LEND_HUGE_ORDER))
		nid = page_to_nid(buf->mem.ext[0].page);
	lend_buffer_destroy(buf);
	return nid;
}

static unsigned long find_run(unsigned long nr)
{
	return bitmap_find_next_zero_area(reserve.busy, reserve.nr, 0, nr, 0);
}

/*
 * Takes folios until @nr of them are one run, or there are many more. The page allocator
 * hands out first what it was given last, but some stay on the processors' own lists, and
 * others have lain ready. Return: how many.
 */
static unsigned long collect(unsigned long nr)
{
	const gfp_t gfp = GFP_USER | __GFP_ZERO | __GFP_COMP | __GFP_NOWARN;
	unsigned long got, spare, most;
	int nid = free_run(nr + RUN_SLACK);

	/* Half of what is there stays for others meanwhile. */
	spare = max(0L, si_mem_available()) / 2 >> LEND_HUGE_ORDER;
	most = nr + min(3 * nr + STRAYS, spare);
	for (got = 0; got < most && !fatal_signal_pending(current); got++) {
		struct page *page;

		if (got >= nr && find_run(nr) < reserve.nr)
			break;
		page = __alloc_pages(gfp | (got < nr ? __GFP_RETRY_MAYFAIL : __GFP_NORETRY),
				     LEND_HUGE_ORDER, nid, NULL);
		if (!page)
			break;
		/* Of memory that has come since the maps were made. */
		if (number(page) >= reserve.nr) {
			put_page(page);
			break;
		}
		__clear_bit(number(page), reserve.busy);
	}
	return got;
}

/* Keeps @nr of them, in runs as long as can be, and gives back the others. */
static void choose(unsigned long nr)
{
	unsigned long bit, run = nr;

	while (nr) {
		bit = find_run(run);
		if (bit >= reserve.nr) {
			run = DIV_ROUND_UP(run, 2);
			continue;
		}
		bitmap_set(reserve.busy, bit, run);
		bitmap_set(reserve.owned, bit, run);
		nr -= run;
		run = min(run, nr);
	}
	for_each_clear_bit(bit, reserve.busy, reserve.nr)
		put_page(folio_at(bit));
	bitmap_complement(reserve.busy, reserve.owned, reserve.nr);
}

static int make_maps(void)
{
	unsigned long end = 0, longs;
	int nid;

	for_each_online_node(nid)
		end = max(end, node_end_pfn(nid));
	end = DIV_ROUND_UP(end, LEND_HUGE_PAGES);
	longs = BITS_TO_LONGS(end);
	reserve.owned = kvcalloc(longs, sizeof(long), GFP_KERNEL);
	reserve.busy = kvmalloc_array(longs, sizeof(long), GFP_KERNEL);
	reserve.dirty = kvcalloc(longs, sizeof(long), GFP_KERNEL);
	if (!reserve.owned || !reserve.busy || !reserve.dirty)
		return -ENOMEM;
	bitmap_fill(reserve.busy, end);
	reserve.nr = end;
	return 0;
}

static int gather(unsigned long nr)
{
	unsigned long got = collect(nr);

	if (got >= nr) {
		choose(nr);
		atomic_long_set(&reserve.free, nr << LEND_HUGE_ORDER);
		return 0;
	}
	choose(0);
	if (fatal_signal_pending(current))
		return -EINTR;
	pr_err("reserve=%s: only %lu MiB were to be had: ask for less\n", wish,
	       got << (LEND_HUGE_ORDER + PAGE_SHIFT - 20));
	return -ENOMEM;
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
	int err = wish ? parse(&nr) : 0;

	if (err || !nr)
		return err;
	reserve.workers = alloc_workqueue("lend_reserve", WQ_UNBOUND, 1);
	if (!reserve.workers)
		return -ENOMEM;
	err = make_maps();
	if (!err)
		err = gather(nr);
	if (!err && yields) {
		reserve.shrinker = lend_shrinker_register("lend_reserve", count, scan);
		err = reserve.shrinker ? 0 : -ENOMEM;
	}
	if (err)
		lend_reserve_exit();
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
