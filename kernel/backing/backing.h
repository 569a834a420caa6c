/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LEND_BACKING_BACKING_H
#define LEND_BACKING_BACKING_H

#include "../core/buffer.h"
#include "../core/fill.h"

extern const struct lend_backing_ops lend_backing_folios;
extern const struct lend_backing_ops lend_backing_pages;
extern const struct lend_backing_ops lend_backing_contig;
extern const struct lend_backing_ops lend_backing_vmalloc;

int lend_user_fill(struct lend_buffer *buf, unsigned long addr, size_t length, bool write);
int lend_registers_fill(struct lend_buffer *buf, phys_addr_t phys, u64 size,
			enum lend_caching caching);
int lend_fill_pages(struct lend_fill *fill, struct lend_extents *mem, unsigned long npages);

#endif
