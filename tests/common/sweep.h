/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failing every memory allocation of a call in turn, by the module lend_fail; on kernels
 * with fault injection each alone by that instead, which reaches more of them.
 */
#ifndef LEND_TESTS_SWEEP_H
#define LEND_TESTS_SWEEP_H

#include "kernel.h"

/* What a call is made on; what it made is undone before the next round. */
struct scene {
	uint32_t backing;
	uint32_t map;
	size_t size;
	int fd;
	char *mem;
};

/* @act is the call, 0 or -1; @prepare comes before it, @undo after it, whatever came of it. */
struct sweep {
	const char *name;
	void (*prepare)(struct scene *s);
	int (*act)(struct scene *s);
	/* After a failure: nothing half done is left. */
	void (*untouched)(struct scene *s);
	void (*undo)(struct scene *s);
	struct scene scene;
};

/* Loads the module and lets go of it; prints how many points were swept. */
int sweep_set_up(void **state);
int sweep_tear_down(void **state);

/* From here on the @n-th allocation of this thread fails, and those after it: @count in all. */
void arm(unsigned long n, unsigned long count);
/* Ends it; @seen is how many allocations there were. Whether any was failed. */
bool disarm(unsigned long *seen);

/* Tests, with a struct sweep as state: each alone and then with all that follow, or alone only. */
void sweep(void **state);
void sweep_single(void **state);
/* By fault injection alone. */
void sweep_nth(void **state);

#endif
