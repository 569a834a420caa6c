// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the test driver does with its buffer: looks at its memory, and at how it is
 * mapped.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../kernel/compat/pte.h"
#include "maker.h"

/* By the kernel's address of it, and by way of a page: the program's may be the same memory. */
int maker_copy(struct context *ctx, const struct maker *m, bool write)
{
	char __user *user = u64_to_user_ptr(m->addr);
	u64 size = lend_size(ctx->lent), done = 0;
	void *bounce = (void *)__get_free_page(GFP_KERNEL);
	char *vaddr = lend_vmap(ctx->lent);
	int err = 0;

	if (!bounce || !vaddr)
		err = -ENOMEM;
	else if (m->offset > size || m->length > size - m->offset)
		err = -ENXIO;
	while (!err && done < m->length) {
		u64 len = min_t(u64, m->length - done, PAGE_SIZE);

		if (write) {
			if (copy_from_user(bounce, user + done, len))
				err = -EFAULT;
			else
				memcpy(vaddr + m->offset + done, bounce, len);
		} else {
			memcpy(bounce, vaddr + m->offset + done, len);
			if (copy_to_user(user + done, bounce, len))
				err = -EFAULT;
		}
		done += len;
		cond_resched();
	}
	if (vaddr)
		lend_vunmap(ctx->lent, vaddr);
	free_page((unsigned long)bounce);
	return err;
}

int maker_sg(struct context *ctx, struct maker *m)
{
	struct maker_entry __user *user = u64_to_user_ptr(m->addr);
	struct sg_table sgt;
	struct scatterlist *sg;
	int i, err = lend_sg(ctx->lent, m->offset, m->length, m->value, &sgt);

	if (err)
		return err;
	for_each_sgtable_sg(&sgt, sg, i) {
		struct maker_entry entry = { .phys = sg_phys(sg), .length = sg->length };

		if (i < m->left && copy_to_user(user + i, &entry, sizeof(entry)))
			err = -EFAULT;
	}
	m->left = sgt.orig_nents;
	sg_free_table(&sgt);
	return err;
}

int maker_pte(struct maker *m)
{
	int err;

	mmap_read_lock(current->mm);
	err = lend_read_pte(m->addr, &m->value);
	mmap_read_unlock(current->mm);
	return err;
}

static void record(struct context *ctx, const struct maker_event *event)
{
	spin_lock(&ctx->log_lock);
	if (ctx->log.count < MAKER_EVENTS)
		ctx->log.event[ctx->log.count] = *event;
	ctx->log.count++;
	if (event->mapped < 2) {
		ctx->log.disorder += ctx->last == event->mapped;
		ctx->last = event->mapped;
	}
	spin_unlock(&ctx->log_lock);
}

static int on_sync(void *data, u64 offset, u64 length, unsigned int flags)
{
	struct context *ctx = data;

	record(ctx, &(struct maker_event){ 2, flags, offset, length });
	return READ_ONCE(ctx->answer);
}

static void on_mapped(void *data, bool mapped)
{
	/* Takes its time, as drivers do: whoever is quicker would be heard before. */
	usleep_range(20, 50);
	record(data, &(struct maker_event){ mapped });
}

const struct lend_hooks maker_hooks = { .sync = on_sync, .mapped = on_mapped };

int maker_log(struct context *ctx, void __user *user)
{
	struct maker_log *log = kmalloc(sizeof(*log), GFP_KERNEL);
	int err = 0;

	if (!log)
		return -ENOMEM;
	spin_lock(&ctx->log_lock);
	*log = ctx->log;
	memset(&ctx->log, 0, sizeof(ctx->log));
	spin_unlock(&ctx->log_lock);
	if (copy_to_user(user, log, sizeof(*log)))
		err = -EFAULT;
	kfree(log);
	return err;
}
