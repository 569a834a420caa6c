/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lend for drivers: what a kernel module can do with a file of lend that a
 * program has handed to it.
 */
#ifndef _LEND_LEND_H
#define _LEND_LEND_H

#include <linux/types.h>

struct file;
struct lend_buffer;

/**
 * struct lend_hooks - what a driver wants to know of a buffer
 * @sync: a range is to become visible to the device (LEND_SYNC_FOR_DEVICE: by
 *	msync, fsync or LEND_IOC_SYNC) or to the CPU (LEND_SYNC_FOR_CPU).
 *	@offset and @length are in bytes and lie inside the buffer.
 *	Context: process, may sleep; several ranges may be under way at once.
 *	Return: 0, or the errno that the program shall see.
 */
struct lend_hooks {
	int (*sync)(void *data, u64 offset, u64 length, unsigned int flags);
};

/**
 * lend_buffer_of() - the buffer behind a file
 * @file: any file
 *
 * The buffer lives while the caller holds a reference on @file.
 *
 * Return: the buffer, or NULL if @file is not lend's.
 */
struct lend_buffer *lend_buffer_of(struct file *file);

/**
 * lend_vaddr() - where the kernel sees a buffer as a whole
 * @buf: the buffer
 *
 * Return: its address, or NULL if it has none: use backing=vmalloc or contig.
 */
void *lend_vaddr(struct lend_buffer *buf);

/**
 * lend_set_hooks() - hook a driver to a buffer
 * @buf: the buffer
 * @hooks: the driver's functions; they stay until lend_clear_hooks()
 * @data: passed to them
 *
 * Context: process, may sleep; not from a hook.
 * Return: 0, or -EBUSY if a driver is hooked already.
 */
int lend_set_hooks(struct lend_buffer *buf, const struct lend_hooks *hooks, void *data);

/**
 * lend_clear_hooks() - take a driver off again
 * @buf: the buffer
 * @hooks: what the driver had set
 * @data: with it; another driver's hooks are left alone
 *
 * None of the functions is running any more on return.
 * Context: process, may sleep; not from a hook.
 */
void lend_clear_hooks(struct lend_buffer *buf, const struct lend_hooks *hooks, void *data);

#endif /* _LEND_LEND_H */
