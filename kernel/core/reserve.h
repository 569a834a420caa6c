/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory set aside as the module is loaded, for those who need it at once, or in one
 * run, when memory is fragmented: folios of 2 MiB, zeroed beforehand.
 */
#ifndef LEND_CORE_RESERVE_H
#define LEND_CORE_RESERVE_H

#include <linux/mm_types.h>

struct lend_fill;

int lend_reserve_init(void);
void lend_reserve_exit(void);
struct page *lend_reserve_take(const struct lend_fill *fill, unsigned long npages);
bool lend_reserve_return(struct page *page);
unsigned long lend_reserve_free(void);
unsigned long lend_reserve_fit(const struct lend_fill *fill);
unsigned long lend_reserve_run(const struct lend_fill *fill, unsigned long npages);

#endif
