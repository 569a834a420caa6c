// SPDX-License-Identifier: GPL-2.0-only
/*
 * One physical run, against its size and what else is in memory: how often there is one,
 * and what it costs. Memory in use may be moved: half of it is a program's, half of it of
 * files. It was nearly full, and what is free are pieces given back here and there.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/lend.h>

#include "memory.h"
#include "report.h"

#define PIECE	(64 * PAGE)
/* Percent of memory. */
#define FULL	97

enum { SUCCESS, TIME, PER_MIB, WORST };

static const struct column columns[] = {
	[SUCCESS] = { "success", "%" }, [TIME] = { "get" }, [PER_MIB] = { "per MiB" },
	/* What was moved aside once is out of the way of the next. */
	[WORST] = { "worst" },
};

static const struct memory contig = {
	.name = "lend contig fault", .ops = &lend_ops,
	.backing = LEND_BACKING_CONTIG, .map = LEND_MAP_FAULT,
};

static const struct {
	const char *name;
	unsigned int percent;
} loads[] = { { "idle", 0 }, { "half used", 50 }, { "80 % used", 80 } };

/* What keeps memory in use. */
struct load {
	char *mem;
	size_t size;
	int file;
};

static size_t used(void)
{
	return (sysconf(_SC_PHYS_PAGES) - sysconf(_SC_AVPHYS_PAGES)) * PAGE;
}

static void fill(struct load *load)
{
	for (size_t at = 0; at < load->size; at += PIECE) {
		memset(load->mem + at, 1, PIECE);
		if (fallocate(load->file, 0, at, PIECE))
			die("cannot use %lu MiB", load->size / MiB);
	}
}

/* Until so much is in use, what else there is included. */
static void thin_out(struct load *load, size_t want)
{
	const size_t pieces = load->size / PIECE;
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	srandom(1);
	while (used() > want) {
		madvise(load->mem + random() % pieces * PIECE, PIECE, MADV_DONTNEED);
		fallocate(load->file, punch, random() % pieces * PIECE, PIECE);
	}
}

static void load_up(struct load *load, unsigned int percent)
{
	const size_t total = sysconf(_SC_PHYS_PAGES) * PAGE, full = total / 100 * FULL;

	*load = (struct load){ .file = -1 };
	if (!percent || full <= used())
		return;
	load->size = (full - used()) / 2 / PIECE * PIECE;
	load->mem = mmap(NULL, load->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	load->file = memfd_create("load", MFD_CLOEXEC);
	if (load->mem == MAP_FAILED || load->file < 0 || ftruncate(load->file, load->size))
		die("cannot use %lu MiB", load->size / MiB);
	madvise(load->mem, load->size, MADV_NOHUGEPAGE);
	fill(load);
	thin_out(load, total / 100 * percent);
}

static void load_down(struct load *load)
{
	if (load->file < 0)
		return;
	munmap(load->mem, load->size);
	close(load->file);
}

static void bench(struct report *r, const struct options *o, const char *name, size_t size)
{
	const unsigned int tries = o->runs < 5 ? 5 : o->runs;
	struct figures runs[MAX_RUNS];
	unsigned int successes = 0;
	double worst = NAN;
	struct area area;

	memory_up(&area, &contig, size);
	for (unsigned int i = 0; i < tries; i++) {
		uint64_t start = now(), cost;

		runs[i] = (struct figures){ .of = { [TIME] = NAN, [PER_MIB] = NAN } };
		if (area_get(&area))
			continue;
		cost = now() - start;
		area_put(&area);
		runs[i].of[TIME] = cost;
		runs[i].of[PER_MIB] = cost / ((double)size / MiB);
		worst = fmax(worst, runs[i].of[PER_MIB]);
		successes++;
	}
	for (unsigned int i = 0; i < tries; i++) {
		runs[i].of[SUCCESS] = 100.0 * successes / tries;
		runs[i].of[WORST] = worst;
	}
	report_row(r, name, size, runs, tries);
	if (area.why[0])
		report_left_out(r, name, size, area.why);
}

int main(int argc, char **argv)
{
	struct options o;
	struct report *r;

	parse_options(&o, argc, argv,
		      "How often a buffer of one physical run can be had, of 5 tries at least, and\n"
		      "what it costs, while memory is idle, half used and 80 % used.",
		      "1M,4M,16M,64M,256M");
	r = report_begin(&o, "One physical run", columns, ARRAY_SIZE(columns));
	for (size_t l = 0; l < ARRAY_SIZE(loads); l++) {
		struct load load;

		load_up(&load, loads[l].percent);
		for (size_t i = 0; i < o.nr_sizes; i++)
			bench(r, &o, loads[l].name, o.sizes[i]);
		load_down(&load);
	}
	return report_end(r);
}
