/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LEND_BACKING_BACKING_H
#define LEND_BACKING_BACKING_H

#include "../core/fill.h"

extern const struct lend_backing_ops lend_backing_folios;
extern const struct lend_backing_ops lend_backing_pages;
extern const struct lend_backing_ops lend_backing_contig;
extern const struct lend_backing_ops lend_backing_vmalloc;

int lend_fill_pages(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages);

#endif
