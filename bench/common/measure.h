/* SPDX-License-Identifier: GPL-2.0-only */
/* The loop of most benchmarks: each memory at each size. */
#ifndef LEND_BENCH_MEASURE_H
#define LEND_BENCH_MEASURE_H

#include "memory.h"
#include "report.h"

/* One run, from area_get() to area_put(): 0; or -1, and area_fail() has said why. */
typedef int measure_fn(struct area *area, struct figures *f, void *with);

/*
 * A row for each memory that is wanted and can be had: one run that does not count, for
 * caches and page tables' memory, and those that do.
 */
void measure_all(struct report *r, const struct options *o, measure_fn *measure, void *with);

#endif
