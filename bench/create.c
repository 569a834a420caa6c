// SPDX-License-Identifier: GPL-2.0-only
/*
 * One large buffer, made by one processor and by all of them. Who creates works on the
 * first processor, and lend's helpers, which are workers of an unbound workqueue, on those
 * that /sys/devices/virtual/workqueue/cpumask allows.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"

#define MASK "/sys/devices/virtual/workqueue/cpumask"

enum { ONE, ALL, GAIN };

static const struct column columns[] = {
	[ONE] = { "1 CPU", "MiB/s" }, [ALL] = { "all", "MiB/s" }, [GAIN] = { "gain", "times" },
};

static char mask_before[256];

static void read_mask(void)
{
	FILE *file = fopen(MASK, "re");

	if (!file || !fgets(mask_before, sizeof(mask_before), file))
		die(MASK);
	fclose(file);
}

static void write_mask(const char *mask)
{
	FILE *file = fopen(MASK, "we");

	if (!file || fputs(mask, file) < 0 || fclose(file))
		die(MASK);
}

/* MiB a second; NAN: it could not be had. */
static double create(struct area *area, const char *mask)
{
	uint64_t begin;

	write_mask(mask);
	if (area_ready(area))
		return NAN;
	begin = now();
	if (area_get(area))
		return NAN;
	begin = now() - begin;
	area_put(area);
	return 1e9 * area->size / MiB / begin;
}

static void measure(struct area *area, struct figures *f)
{
	f->of[ONE] = create(area, "1\n");
	f->of[ALL] = create(area, mask_before);
	f->of[GAIN] = f->of[ALL] / f->of[ONE];
}

static void bench(struct report *r, const struct options *o, const struct memory *m, size_t size)
{
	struct figures runs[MAX_RUNS];
	struct area area;

	if (memory_up(&area, m, size)) {
		report_left_out(r, m->name, size, area.why);
		return;
	}
	measure(&area, &runs[0]);
	for (unsigned int i = 0; i < o->runs && !area.why[0]; i++)
		measure(&area, &runs[i]);
	if (area.why[0])
		report_left_out(r, m->name, size, area.why);
	else
		report_row(r, m->name, size, runs, o->runs);
	memory_down(m);
}

int main(int argc, char **argv)
{
	cpu_set_t first;
	struct options o;
	struct report *r;

	parse_options(&o, argc, argv,
		      "How fast one buffer is made, by one processor and with the help of the others.\n"
		      "Writes to " MASK "\n"
		      "meanwhile. Memories that come on first touch are left out.", "64M,1G");
	read_mask();
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity");
	r = report_begin(&o, "One buffer by one processor and by all of them", columns,
			 ARRAY_SIZE(columns));
	for (size_t i = 0; i < o.nr_sizes; i++)
		for (const struct memory *m = all_memories(o.path); m->name; m++)
			if (wanted(&o, m) && !m->anonymous && strcmp(m->name, "memfd"))
				bench(r, &o, m, o.sizes[i]);
	write_mask(mask_before);
	return report_end(r);
}
