// SPDX-License-Identifier: GPL-2.0-only
/*
 * What memory costs through its life, per MiB. The kernel zeroes what it gives out: how
 * much of the cost that is tells `zero`, which does the same to the same memory.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "counters.h"
#include "measure.h"

#define READS_PER_MIB	4096UL

enum {
	GET, MAP, TOUCH, AGAIN, READS, UNMAP, GIVE, ZERO, MAPPING, POPULATE, FAULTS, MISSES, CYCLES
};

static const struct column columns[] = {
	[GET] = { "get" }, [MAP] = { "map" }, [TOUCH] = { "touch" }, [AGAIN] = { "again" },
	[READS] = { "reads" }, [UNMAP] = { "unmap" }, [GIVE] = { "give back" },
	[ZERO] = { "zero" }, [MAPPING] = { "mapping" }, [POPULATE] = { "populate" },
	[FAULTS] = { "faults", "pages each" },
	/* Only where the machine can count them. */
	[MISSES] = { "dTLB misses", "of reads" }, [CYCLES] = { "cycles", "of reads" },
};

/* As the kernel does on this processor. */
static void zero(void *mem, size_t size)
{
#ifdef __x86_64__
	static int by_bytes = -1;

	if (by_bytes < 0)
		by_bytes = has_cpu_flag("erms");
	if (!by_bytes)
		size /= 8;
	if (by_bytes)
		asm volatile("rep stosb" : "+D" (mem), "+c" (size) : "a" (0) : "memory");
	else
		asm volatile("rep stosq" : "+D" (mem), "+c" (size) : "a" (0L) : "memory");
#else
	memset(mem, 0, size);
	asm volatile("" : : "r" (mem) : "memory");
#endif
}

/* Anywhere in the buffer, and each where the one before does not tell. */
static void read_randomly(const struct area *area)
{
	const volatile char *mem = area->mem;
	const size_t lines = area->size / 64;
	uint64_t state = 88172645463325252ULL;

	for (size_t n = area->size / MiB * READS_PER_MIB; n; n--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		(void)mem[state % lines * 64];
	}
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

/* Mapped once more, all at once: its cost and that of unmapping. */
static double populate(struct area *area)
{
	const uint64_t start = now();

	if (area_map(area, MAP_POPULATE))
		return NAN;
	area_unmap(area);
	return now() - start;
}

static int measure(struct area *area, struct figures *f, void *with)
{
	struct counters *counters = with;
	const double mib = (double)area->size / MiB;
	uint64_t t[12], n = 0;
	long before;

	t[n++] = now();
	if (area_get(area))
		return -1;
	t[n++] = now();
	if (area_map(area, 0)) {
		area_put(area);
		return -1;
	}
	t[n++] = now();
	before = faults();
	t[n++] = now();
	area_touch(area);
	t[n++] = now();
	f->of[FAULTS] = faults() - before;
	t[n++] = now();
	area_touch(area);
	t[n++] = now();
	counters_start(counters);
	read_randomly(area);
	counters_stop(counters, &f->of[MISSES], &f->of[CYCLES]);
	t[n++] = now();
	zero(area->mem, area->size);
	t[n++] = now();
	area_unmap(area);
	t[n++] = now();
	f->of[POPULATE] = populate(area) / mib;
	t[n++] = now();
	area_put(area);
	t[n++] = now();

	f->of[GET] = (t[1] - t[0]) / mib;
	f->of[MAP] = (t[2] - t[1]) / mib;
	f->of[TOUCH] = (t[4] - t[3]) / mib;
	f->of[AGAIN] = (t[6] - t[5]) / mib;
	f->of[READS] = (t[7] - t[6]) / mib;
	f->of[ZERO] = (t[8] - t[7]) / mib;
	f->of[UNMAP] = (t[9] - t[8]) / mib;
	f->of[GIVE] = (t[11] - t[10]) / mib;
	/* The loop of writes subtracted. */
	f->of[MAPPING] = f->of[MAP] + f->of[TOUCH] - f->of[AGAIN] + f->of[UNMAP];
	f->of[FAULTS] = f->of[FAULTS] ? area->size / PAGE / f->of[FAULTS] : NAN;
	f->of[MISSES] /= mib;
	f->of[CYCLES] /= mib;
	return 0;
}

int main(int argc, char **argv)
{
	struct counters counters;
	struct options o;
	struct report *r;

	parse_options(&o, argc, argv,
		      "What memory costs a MiB: get it, map it, write to each page (touch) and\n"
		      "again, read at random (4096 reads a MiB), unmap, give back. `zero` is what\n"
		      "zeroing it costs by itself; `mapping` is map + touch - again + unmap; `populate`\n"
		      "is mmap of all of it at once and munmap.", "1M,16M,128M,1G");
	counters_open(&counters);
	r = report_begin(&o, "The life of memory, per MiB", columns,
			 ARRAY_SIZE(columns) - (counters.why[0] ? 2 : 0));
	if (counters.why[0])
		report_left_out(r, "dTLB misses, cycles", 0, counters.why);
	measure_all(r, &o, measure, &counters);
	counters_close(&counters);
	return report_end(r);
}
