// SPDX-License-Identifier: GPL-2.0-only
/* The whole life of one small buffer, where what is done once a buffer shows. */
#include <math.h>
#include <stdio.h>

#include "measure.h"

#define LEAST_RUNS	25U

enum { CREATE, MAP, TOUCH, UNMAP, DESTROY, WHOLE };

static const struct column columns[] = {
	[CREATE] = { "create" }, [MAP] = { "map" }, [TOUCH] = { "touch" },
	[UNMAP] = { "unmap" }, [DESTROY] = { "destroy" }, [WHOLE] = { "whole" },
};

static int measure(struct area *area, struct figures *f, void *unused)
{
	uint64_t t[6];

	(void)unused;
	t[0] = now();
	if (area_get(area))
		return -1;
	t[1] = now();
	if (area_map(area, 0)) {
		area_put(area);
		return -1;
	}
	t[2] = now();
	area_touch(area);
	t[3] = now();
	area_unmap(area);
	t[4] = now();
	area_put(area);
	t[5] = now();
	for (size_t i = CREATE; i < WHOLE; i++)
		f->of[i] = t[i + 1] - t[i];
	f->of[WHOLE] = t[5] - t[0];
	return 0;
}

int main(int argc, char **argv)
{
	struct options o;
	struct report *r;

	parse_options(&o, argc, argv,
		      "What one buffer costs from its creation until it is gone, written to once.",
		      "4K");
	/* It is short: interrupts fall into some runs, and the median is of the others. */
	if (o.runs < LEAST_RUNS)
		o.runs = LEAST_RUNS;
	r = report_begin(&o, "The life of a small buffer", columns, ARRAY_SIZE(columns));
	measure_all(r, &o, measure, NULL);
	return report_end(r);
}
