// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints how many thousand times a second this computer's time stamp counter counts,
 * which is that of an emulated machine, too. Measured against the clock for a tenth of
 * a second; a pair of readings that something came between is read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define NSEC_PER_SEC	1000000000L
#define TENTH		(NSEC_PER_SEC / 10)

struct reading {
	uint64_t tsc;
	int64_t ns;
};

/* Of many the one that took the least time. */
static struct reading now(void)
{
	struct reading best = {};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 50; i++) {
		struct timespec ts;
		uint64_t before = __rdtsc(), took;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		took = __rdtsc() - before;
		if (took < least) {
			least = took;
			best.tsc = before + took / 2;
			best.ns = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
		}
	}
	return best;
}

int main(void)
{
	struct timespec pause = { .tv_nsec = TENTH };
	struct reading first = now(), last;

	nanosleep(&pause, NULL);
	last = now();
	printf("%.0f\n", (double)(last.tsc - first.tsc) * 1e6 / (double)(last.ns - first.ns));
	return 0;
}
