/* SPDX-License-Identifier: GPL-2.0-only */
/* Want of memory: all that may be swapped out or moved is. */
#ifndef LEND_TESTS_PRESSURE_H
#define LEND_TESTS_PRESSURE_H

#include "kernel.h"

/* Swap on the machine's scratch disk. */
void swap_on(void);
void swap_off(void);

/* Another process uses more memory than there is: 100 MiB at least are swapped out. */
void swap_out(void);

/* Memory full of holes, and compaction of all of it. */
void compact(void);

#endif
