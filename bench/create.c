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

#include "measure.h"

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

static int measure(struct area *area, struct figures *f, void *unused)
{
	(void)unused;
	if (area->of->anonymous || !strcmp(area->of->name, "memfd"))
		return area_fail(area, "comes on first touch");
	f->of[ONE] = create(area, "1\n");
	f->of[ALL] = create(area, mask_before);
	f->of[GAIN] = f->of[ALL] / f->of[ONE];
	return area->why[0] ? -1 : 0;
}

int main(int argc, char **argv)
{
	cpu_set_t first;
	struct options o;
	struct report *r;

	parse_options(&o, argc, argv,
		      "How fast one buffer is made, by one processor and with the help of the others.\n"
		      "Writes to " MASK "\n"
		      "meanwhile.", "64M,1G");
	read_mask();
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity");
	r = report_begin(&o, "One buffer by one processor and by all of them", columns,
			 ARRAY_SIZE(columns));
	measure_all(r, &o, measure, NULL);
	write_mask(mask_before);
	return report_end(r);
}
