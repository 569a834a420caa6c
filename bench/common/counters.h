/* SPDX-License-Identifier: GPL-2.0-only */
/* What the processor counts, by perf_event_open(2). */
#ifndef LEND_BENCH_COUNTERS_H
#define LEND_BENCH_COUNTERS_H

struct counters {
	int misses, cycles;
	/* Why there are none. */
	char why[128];
};

void counters_open(struct counters *c);
void counters_close(struct counters *c);
void counters_start(struct counters *c);
/* NAN: not counted. */
void counters_stop(struct counters *c, double *misses, double *cycles);

#endif
