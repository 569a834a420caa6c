/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer: kernel memory that can be lent. It is empty when made, is given its
 * memory once, and keeps it for life. Its owner (an inode) frees it when the last
 * name, open file, mapping and dma-buf are gone.
 *
 * What must be serialized is filling and changing the spec, by the owner's lock.
 * Once @npages is seen as non-zero, nothing that describes the memory changes any
 * more, so faults, reads and mappings take no lock.
 */
#ifndef LEND_CORE_BUFFER_H
#define LEND_CORE_BUFFER_H

#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <lend/lend.h>

#include "account.h"
#include "extents.h"
#include "spec.h"

/**
 * struct lend_buffer - a buffer
 * @mapping: of the file it is
 * @spec: what was asked for
 * @npages: its size, written last; 0 while it is empty
 * @mem: its memory
 * @map: how it is mapped; what @spec.map became once the memory was seen
 * @start: of the first byte in the first page; not 0 for a program's own memory only
 * @length: bytes of it that a device may use: all of its pages, but for a program's
 * @phys: where it begins, if it is registers
 * @caching: how those are mapped
 * @reserved: and the kernel was told, so that nobody maps them otherwise
 * @writable: those who pinned it write there
 * @vaddr: where the kernel sees it as a whole, or NULL
 * @huge: pages of it in folios that one page-table entry maps
 * @charge: what it was charged
 * @gathered: pages gathered so far, counts while it is being filled
 * @why: LEND_WHY_* of what was not possible
 * @mappings: live VMAs
 * @mapped_lock: held while @mappings becomes 1 or 0
 * @revoked: its mappings were cut, and there will be no others
 * @exports: live dma-bufs
 * @nameless: 1 as long as it has a pin of the instance that nameless files are of
 * @hooks_lock: for reading around a hook, for writing while they change
 * @hooks: the driver's, or NULL
 * @hooks_data: passed to them
 */
struct lend_buffer {
	struct address_space *mapping;
	struct lend_spec spec;
	unsigned long npages;
	struct lend_extents mem;
	const struct lend_map_ops *map;
	unsigned int start;
	u64 length;
	phys_addr_t phys;
	enum lend_caching caching;
	bool reserved;
	bool writable;
	void *vaddr;
	unsigned long huge;
	struct lend_charge charge;
	atomic_long_t gathered;
	atomic_t why;
	atomic_long_t mappings;
	struct mutex mapped_lock;	/* see above */
	bool revoked;
	atomic_long_t exports;
	unsigned long nameless;
	struct rw_semaphore hooks_lock;
	const struct lend_hooks *hooks;
	void *hooks_data;
};

struct lend_buffer *lend_buffer_create(const struct lend_spec *spec);
void lend_buffer_destroy(struct lend_buffer *buf);
int lend_buffer_fill(struct lend_buffer *buf, struct lend_limit *limit, unsigned long npages);
int lend_buffer_zero(struct lend_buffer *buf);
void lend_buffer_info(struct lend_buffer *buf, struct lend_info *info);
int lend_buffer_sync(struct lend_buffer *buf, u64 offset, u64 length, unsigned int flags);

void lend_buffer_mapped(struct lend_buffer *buf, bool mapped);
int lend_buffer_set_hooks(struct lend_buffer *buf, const struct lend_hooks *hooks, void *data);
void lend_buffer_clear_hooks(struct lend_buffer *buf, const struct lend_hooks *hooks, void *data);

int lend_buffer_sg(struct lend_buffer *buf, u64 offset, u64 length, size_t longest,
		   struct sg_table *sgt);

/* In dma.c. */
unsigned int lend_dma_bits(struct device *dev);
struct lend_dma *lend_buffer_dma_map(struct lend_buffer *buf, struct device *dev,
				     enum dma_data_direction dir);

/* In mapping.c. */
const struct vm_operations_struct *lend_buffer_vm_ops(const struct lend_buffer *buf,
						      vm_flags_t flags);
int lend_buffer_may_map(struct lend_buffer *buf, pgoff_t pgoff, unsigned long nr,
			vm_flags_t flags);
int lend_buffer_mmap(struct lend_buffer *buf, struct vm_area_struct *vma);
void lend_vma_open(struct vm_area_struct *vma);
void lend_vma_close(struct vm_area_struct *vma);
vm_fault_t lend_fault_begin(struct lend_buffer *buf, struct page *page);
int lend_buffer_revoke(struct lend_buffer *buf);

/* Its size in pages, 0 while empty; orders all other fields behind it. */
static inline unsigned long lend_buffer_pages(const struct lend_buffer *buf)
{
	/* Pairs with lend_buffer_publish(). */
	return smp_load_acquire(&buf->npages);
}

/* All that describes it is written: from now on it has its memory. */
static inline void lend_buffer_publish(struct lend_buffer *buf, unsigned long npages)
{
	/* Pairs with lend_buffer_pages(). */
	smp_store_release(&buf->npages, npages);
}

/* Page @index of a buffer that has more than @index pages. */
static inline struct page *lend_buffer_page(const struct lend_buffer *buf, pgoff_t index)
{
	const struct lend_extent *ext = &buf->mem.ext[lend_extents_find(&buf->mem, index)];

	return ext->page + (index - ext->index);
}

#endif
