// SPDX-License-Identifier: GPL-2.0-only
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "../compat/mm.h"
#include "buffer.h"
#include "fill.h"
#include "parallel.h"
#include "trace.h"

/**
 * lend_buffer_create() - make an empty buffer
 * @spec: checked; what it will be when it is filled
 *
 * Return: the buffer, or NULL without memory.
 */
struct lend_buffer *lend_buffer_create(const struct lend_spec *spec)
{
	struct lend_buffer *buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);

	if (buf) {
		buf->spec = lend_spec_read(spec);
		mutex_init(&buf->mapped_lock);
		init_rwsem(&buf->hooks_lock);
	}
	return buf;
}

/* Takes apart whatever has been built so far. */
static void empty(struct lend_buffer *buf)
{
	if (buf->vaddr && buf->spec.backing->detach)
		buf->spec.backing->detach(buf);
	buf->vaddr = NULL;
	if (buf->spec.backing->release)
		buf->spec.backing->release(buf);
	else
		lend_extents_release(&buf->mem);
	lend_uncharge(&buf->charge);
	atomic_long_set(&buf->gathered, 0);
	atomic_set(&buf->why, 0);
}

/**
 * lend_buffer_destroy() - give a buffer back
 * @buf: no file, mapping or other user of it is left; pins may be: the folios
 *	they hold go with the last of them. NULL is fine.
 *
 * Context: process, may sleep.
 */
void lend_buffer_destroy(struct lend_buffer *buf)
{
	if (!buf)
		return;
	trace_lend_destroy(buf);
	empty(buf);
	kfree(buf);
}

static unsigned long count_huge(const struct lend_extents *mem)
{
	struct lend_folio_iter iter = { .mem = mem };
	unsigned long huge = 0;
	struct page *page;

	while ((page = lend_folio_next(&iter))) {
		if (compound_order(page) == LEND_HUGE_ORDER)
			huge += LEND_HUGE_PAGES;
		cond_resched();
	}
	return huge;
}

/**
 * lend_buffer_fill() - give an empty buffer its memory
 * @buf: an empty buffer
 * @limit: the limit it counts against
 * @npages: how much, not 0
 *
 * Context: process, may sleep long; the owner's lock is held.
 * Return: 0, -EBUSY if it has memory, -ENOSPC, -ENOMEM or -EINTR, and then it
 * is as empty as before.
 */
int lend_buffer_fill(struct lend_buffer *buf, struct lend_limit *limit, unsigned long npages)
{
	const struct lend_backing_ops *backing = buf->spec.backing;
	int err;

	if (buf->npages)
		return -EBUSY;

	err = lend_charge(&buf->charge, limit, npages, lend_fill_spare(&buf->spec, npages));
	if (err)
		return err;

	err = lend_fill(&buf->spec, &buf->mem, npages, &buf->gathered, &buf->why);
	lend_promise_kept(npages - atomic_long_read(&buf->gathered));
	if (!err && backing->attach)
		err = backing->attach(buf);
	if (err)
		goto undo;

	lend_extents_claim(&buf->mem, buf->mapping);
	buf->huge = count_huge(&buf->mem);
	buf->map = buf->spec.map;
	if (buf->map->id == LEND_MAP_AUTO)
		buf->map = lend_map_by_id(buf->huge ? LEND_MAP_FAULT : LEND_MAP_INSERT);

	buf->length = (u64)npages << PAGE_SHIFT;
	lend_buffer_publish(buf, npages);
	trace_lend_fill(buf);
	return 0;

undo:
	empty(buf);
	return err;
}

static int zero_slice(void *arg, unsigned long slice, unsigned long start, unsigned long nr)
{
	const struct lend_buffer *buf = arg;

	while (nr--) {
		clear_highpage(lend_buffer_page(buf, start++));
		cond_resched();
	}
	return 0;
}

/**
 * lend_buffer_zero() - make every byte zero again
 * @buf: the buffer; an empty one is fine
 *
 * Context: process, may sleep; the owner's lock is held.
 * Return: 0, or -EINTR and a part of it is.
 */
int lend_buffer_zero(struct lend_buffer *buf)
{
	if (!buf->npages)
		return 0;
	return lend_parallel(buf->npages, LEND_SLICE_PAGES, zero_slice, buf);
}

static unsigned long longest_extent(const struct lend_extents *mem)
{
	unsigned long i, longest = 0;

	for (i = 0; i < mem->nr; i++)
		longest = max(longest, lend_extent_pages(mem, i));
	return longest;
}

/*
 * References beyond the owner's one a folio, and pages that look pinned. The kernel
 * keeps pins in the same count, so many to one on single pages: this is its own
 * estimate.
 */
static void count_users(const struct lend_extents *mem, struct lend_info *info)
{
	struct lend_folio_iter iter = { .mem = mem };
	struct page *page;

	while ((page = lend_folio_next(&iter))) {
		unsigned int refs = page_count(page) - 1;

		if (!PageCompound(page))
			refs = refs / GUP_PIN_COUNTING_BIAS + refs % GUP_PIN_COUNTING_BIAS;
		info->held += refs;
		if (folio_maybe_dma_pinned(page_folio(page)))
			info->pinned += page_size(page);
		cond_resched();
	}
}

static void explain(const struct lend_buffer *buf, struct lend_info *info)
{
	info->why = atomic_read(&buf->why);

	if (buf->map->pinnable)
		info->flags |= LEND_INFO_PINNABLE;
	else
		info->why |= LEND_WHY_PFN;

	if (buf->huge && buf->map->huge)
		info->flags |= LEND_INFO_HUGE;
	else if (buf->huge && buf->map->pinnable)
		info->why |= LEND_WHY_INSERT;

	if (buf->vaddr)
		info->flags |= LEND_INFO_KERNEL_ADDR;

	if (folio_memcg_kmem(page_folio(buf->mem.ext[0].page)))
		info->flags |= LEND_INFO_MEMCG;

	if (READ_ONCE(buf->revoked))
		info->flags |= LEND_INFO_REVOKED;

	if (buf->charge.cred) {
		info->flags |= LEND_INFO_MEMLOCK;
		info->uid = from_kuid_munged(current_user_ns(), buf->charge.cred->user->uid);
	}
}

/**
 * lend_buffer_info() - all about a buffer but its size in bytes
 * @buf: the buffer; while it is being filled, @info->memory is what there is so far
 * @info: written but for @size and @bytes
 *
 * Context: process, may sleep.
 */
void lend_buffer_info(struct lend_buffer *buf, struct lend_info *info)
{
	unsigned long npages = lend_buffer_pages(buf);
	struct lend_spec spec = lend_spec_read(&buf->spec);

	info->backing = spec.backing->id;
	info->node = spec.node;
	info->dma_bits = spec.dma_bits;
	if (!npages) {
		info->map = spec.map->id;
		info->memory = (u64)atomic_long_read(&buf->gathered) << PAGE_SHIFT;
		return;
	}

	info->map = buf->map->id;
	info->memory = (u64)npages << PAGE_SHIFT;
	info->huge = (u64)buf->huge << PAGE_SHIFT;
	info->runs = buf->mem.nr;
	info->longest = (u64)longest_extent(&buf->mem) << PAGE_SHIFT;
	info->mappings = atomic_long_read(&buf->mappings);
	info->exports = atomic_long_read(&buf->exports);
	count_users(&buf->mem, info);
	explain(buf, info);
}

/**
 * lend_buffer_sync() - make a range visible to the CPU or to a device
 * @buf: the buffer
 * @offset: first byte
 * @length: number of bytes; the range lies inside the buffer
 * @flags: LEND_SYNC_*
 *
 * Return: 0, or what the driver's hook answers.
 */
int lend_buffer_sync(struct lend_buffer *buf, u64 offset, u64 length, unsigned int flags)
{
	int err = 0;

	trace_lend_sync(buf, offset, length, flags);
	down_read(&buf->hooks_lock);
	if (buf->hooks && buf->hooks->sync)
		err = buf->hooks->sync(buf->hooks_data, offset, length, flags);
	up_read(&buf->hooks_lock);
	return err;
}

/**
 * lend_buffer_sg() - the scatter list of a range
 * @buf: the buffer
 * @offset: first byte
 * @length: number of bytes; 0: as far as it goes
 * @longest: bytes that one entry may have at most
 * @sgt: out: to be given back by sg_free_table()
 *
 * Return: 0, -EINVAL for entries of nothing, -ENXIO past the end, -EOVERFLOW, -ENOMEM.
 */
int lend_buffer_sg(struct lend_buffer *buf, u64 offset, u64 length, size_t longest,
		   struct sg_table *sgt)
{
	u64 size = lend_buffer_pages(buf) ? buf->length : 0, end;

	if (!longest)
		return -EINVAL;
	if (offset >= size)
		return -ENXIO;
	if (!length)
		length = size - offset;
	if (check_add_overflow(offset, length, &end))
		return -EOVERFLOW;
	if (end > size)
		return -ENXIO;
	return lend_extents_sg(&buf->mem, buf->start + offset, length, longest, sgt);
}

/* The first mapping is there, or the last one is gone. */
void lend_buffer_mapped(struct lend_buffer *buf, bool mapped)
{
	down_read(&buf->hooks_lock);
	if (buf->hooks && buf->hooks->mapped)
		buf->hooks->mapped(buf->hooks_data, mapped);
	up_read(&buf->hooks_lock);
}

/* See <lend/lend.h>. */
int lend_buffer_set_hooks(struct lend_buffer *buf, const struct lend_hooks *hooks, void *data)
{
	int err = -EBUSY;

	down_write(&buf->hooks_lock);
	if (!buf->hooks) {
		buf->hooks = hooks;
		buf->hooks_data = data;
		err = 0;
	}
	up_write(&buf->hooks_lock);
	return err;
}

void lend_buffer_clear_hooks(struct lend_buffer *buf, const struct lend_hooks *hooks, void *data)
{
	down_write(&buf->hooks_lock);
	if (buf->hooks == hooks && buf->hooks_data == data)
		buf->hooks = NULL;
	up_write(&buf->hooks_lock);
}
