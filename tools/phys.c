// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walk a mapping's pages, see Documentation/admin-guide/mm/pagemap.rst of the
 * kernel. Page frame numbers are for CAP_SYS_ADMIN, and zeroes to others.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "phys.h"

#define PM_PFN		((1ULL << 55) - 1)
#define PM_EXCLUSIVE	(1ULL << 56)
#define PM_FILE		(1ULL << 61)
#define PM_SWAP		(1ULL << 62)
#define PM_PRESENT	(1ULL << 63)

#define CHUNK		4096		/* entries a read */
#define SCAN_LIMIT	(256ULL << 30)	/* address space is cheap, looking at it is not */

const struct page_flag page_flags[PAGE_FLAGS] = {
	{ "locked", 0, "PG_locked now: its contents are being changed" },
	{ "lru", 5, "on a reclaim list: may be swapped or dropped, and moved" },
	{ "slab", 7, "the kernel's small objects" },
	{ "anonymous", 12, "of no file" },
	{ "compound", 15, "the first of a compound page" },
	{ "compound_tail", 16, "the rest of one" },
	{ "hugetlb", 17, "of hugetlbfs" },
	{ "unevictable", 18, "kept from reclaim, as by mlock" },
	{ "ksm", 21, "merged by KSM" },
	{ "thp", 22, "of a transparent huge page" },
	{ "reserved", 32, "PG_reserved: never was the page allocator's" },
};

struct walk {
	struct phys *phys;
	uint64_t page;			/* bytes */
	int kpageflags, kpagecount;
	uint64_t first, nr;		/* the run at hand, in page frames */
};

static void look_at_pages(struct walk *walk, uint64_t pfn, uint64_t nr)
{
	uint64_t flags[CHUNK], counts[CHUNK];
	struct phys *phys = walk->phys;
	size_t want, i, bit;
	ssize_t got;

	for (; nr; nr -= want, pfn += want) {
		want = nr < CHUNK ? nr : CHUNK;
		got = pread(walk->kpageflags, flags, want * 8, pfn * 8);
		for (i = 0; (ssize_t)(i * 8) < got; i++)
			for (bit = 0; bit < PAGE_FLAGS; bit++)
				if (flags[i] >> page_flags[bit].bit & 1)
					phys->with[bit] += walk->page;
		got = pread(walk->kpagecount, counts, want * 8, pfn * 8);
		for (i = 0; (ssize_t)(i * 8) < got; i++)
			if (counts[i] > phys->mapped_max)
				phys->mapped_max = counts[i];
	}
}

static void end_run(struct walk *walk)
{
	struct phys *phys = walk->phys;

	if (!walk->nr)
		return;
	phys->runs++;
	if (walk->nr * walk->page > phys->longest)
		phys->longest = walk->nr * walk->page;
	if (phys->flags)
		look_at_pages(walk, walk->first, walk->nr);
	walk->nr = 0;
}

static void add_entry(struct walk *walk, uint64_t entry)
{
	uint64_t pfn = entry & PM_PFN;
	struct phys *phys = walk->phys;

	phys->scanned += walk->page;
	if (entry & PM_SWAP)
		phys->swapped += walk->page;
	if (!(entry & PM_PRESENT)) {
		end_run(walk);
		return;
	}
	phys->present += walk->page;
	if (entry & PM_FILE)
		phys->file += walk->page;
	if (entry & PM_EXCLUSIVE)
		phys->exclusive += walk->page;
	if (!pfn)
		return;
	phys->addresses = true;
	if (walk->nr && pfn == walk->first + walk->nr) {
		walk->nr++;
		return;
	}
	end_run(walk);
	walk->first = pfn;
	walk->nr = 1;
}

static void walk_pages(struct walk *walk, int pagemap, const struct vma *vma)
{
	uint64_t entries[CHUNK], at, end = vma->end;
	ssize_t got;
	size_t i;

	if (vma_size(vma) > SCAN_LIMIT)
		end = vma->start + SCAN_LIMIT;
	for (at = vma->start; at < end; at += i * walk->page) {
		size_t want = (end - at) / walk->page;

		got = pread(pagemap, entries, (want < CHUNK ? want : CHUNK) * 8,
			    at / walk->page * 8);
		if (got < 8)
			break;
		for (i = 0; i < (size_t)got / 8; i++)
			add_entry(walk, entries[i]);
	}
	end_run(walk);
}

void phys_read(struct phys *phys, pid_t pid, const struct vma *vma)
{
	struct walk walk = { .phys = phys, .page = sysconf(_SC_PAGESIZE) };
	char path[64];
	int pagemap;

	*phys = (struct phys){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		return;
	phys->pagemap = true;
	walk.kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	walk.kpagecount = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	phys->flags = walk.kpageflags >= 0;
	walk_pages(&walk, pagemap, vma);
	if (walk.kpageflags >= 0)
		close(walk.kpageflags);
	if (walk.kpagecount >= 0)
		close(walk.kpagecount);
	close(pagemap);
}
