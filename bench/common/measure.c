// SPDX-License-Identifier: GPL-2.0-only
#include "measure.h"

static int run(struct area *area, struct figures *f, measure_fn *measure, void *with)
{
	return area_ready(area) ? -1 : measure(area, f, with);
}

static void measure_one(struct report *r, const struct options *o, const struct memory *m,
			size_t size, measure_fn *measure, void *with)
{
	struct figures runs[MAX_RUNS];
	struct area area;
	unsigned int i;

	if (memory_up(&area, m, size)) {
		report_left_out(r, m->name, size, area.why);
		return;
	}
	if (!run(&area, &runs[0], measure, with)) {
		for (i = 0; i < o->runs && !run(&area, &runs[i], measure, with); i++)
			;
		if (i == o->runs)
			report_row(r, m->name, size, runs, i);
	}
	if (area.why[0])
		report_left_out(r, m->name, size, area.why);
	memory_down(m);
}

void measure_all(struct report *r, const struct options *o, measure_fn *measure, void *with)
{
	for (size_t i = 0; i < o->nr_sizes; i++)
		for (const struct memory *m = all_memories(o->path); m->name; m++)
			if (wanted(o, m))
				measure_one(r, o, m, o->sizes[i], measure, with);
}
