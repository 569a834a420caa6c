// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program's own memory, pinned, for a driver. The pages are not ours: they are
 * given back by unpinning, and no other program may map them.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../core/buffer.h"
#include "backing.h"

#define BATCH (PAGE_SIZE / sizeof(struct page *))

static void release(struct lend_buffer *buf)
{
	unsigned long i;

	for (i = 0; i < buf->mem.nr; i++) {
		unsigned long left = lend_extent_pages(&buf->mem, i);
		struct page *page = buf->mem.ext[i].page;

		for (; left; left--, page++)
			unpin_user_pages_dirty_lock(&page, 1, buf->writable);
		cond_resched();
	}
	kvfree(buf->mem.ext);
	buf->mem = (struct lend_extents){};
}

static const struct lend_backing_ops backing_user = {
	.name = "user",
	.release = release,
};

/*
 * For reading, too, pages are taken as if to be written, by force where the program may
 * not: what is copied on write is copied now. Else the program would write to a copy
 * later, and the driver keep the page that nobody sees any more. Only memory that is
 * shared and read-only refuses that, and there nothing is copied. Force does not ask
 * whether the program may read: that comes first.
 */
static int pin_some(struct lend_buffer *buf, unsigned long addr, unsigned long npages,
		    struct page **pages)
{
	unsigned int flags = FOLL_LONGTERM | FOLL_WRITE;
	int got;

	if (buf->writable)
		return pin_user_pages_fast(addr, npages, flags, pages);
	got = pin_user_pages_fast(addr, npages, FOLL_LONGTERM, pages);
	if (got <= 0)
		return got;
	unpin_user_pages(pages, got);
	got = pin_user_pages_fast(addr, got, flags | FOLL_FORCE, pages);
	return got == -EFAULT ? pin_user_pages_fast(addr, 1, FOLL_LONGTERM, pages) : got;
}

static int pin(struct lend_buffer *buf, unsigned long addr, unsigned long npages,
	       struct page **pages)
{
	int i, err, got;

	while (npages) {
		got = pin_some(buf, addr, min(npages, BATCH), pages);
		if (got <= 0)
			return got ? got : -EFAULT;
		for (i = 0; i < got; i++) {
			err = lend_extents_add(&buf->mem, pages[i], 1);
			if (err) {
				unpin_user_pages(pages + i, got - i);
				return err;
			}
		}
		addr += (unsigned long)got << PAGE_SHIFT;
		npages -= got;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * lend_user_fill() - make an empty buffer of the calling program's memory
 * @buf: an empty buffer; to be destroyed after a failure
 * @addr: first byte
 * @length: number of bytes, not 0
 * @write: it will be written
 *
 * Context: process, may sleep; the mmap lock is not held.
 * Return: 0, -EOVERFLOW, -EFAULT, -ENOMEM, -EINTR.
 */
int lend_user_fill(struct lend_buffer *buf, unsigned long addr, size_t length, bool write)
{
	unsigned long last, npages;
	struct page **pages;
	int err;

	if (check_add_overflow(addr, length - 1, &last))
		return -EOVERFLOW;
	if (!access_ok((void __user *)addr, length))
		return -EFAULT;
	npages = (last >> PAGE_SHIFT) - (addr >> PAGE_SHIFT) + 1;
	err = lend_charge_pinned(&buf->charge, npages);
	if (err)
		return err;
	pages = (struct page **)__get_free_page(GFP_KERNEL);
	if (!pages)
		return -ENOMEM;

	buf->spec.backing = &backing_user;
	buf->writable = write;
	err = pin(buf, addr & PAGE_MASK, npages, pages);
	free_page((unsigned long)pages);
	if (err)
		return err;
	buf->start = offset_in_page(addr);
	buf->length = length;
	lend_buffer_publish(buf, npages);
	return 0;
}
