/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LEND_CORE_PARALLEL_H
#define LEND_CORE_PARALLEL_H

/* Does slice number @slice: [@start, @start + @nr). 0 or -errno, which stops the others. */
typedef int (*lend_slice_fn)(void *arg, unsigned long slice, unsigned long start,
			     unsigned long nr);

int lend_parallel_init(void);
void lend_parallel_exit(void);
int lend_parallel(unsigned long nr, unsigned long step, lend_slice_fn fn, void *arg);

#endif
