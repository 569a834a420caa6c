// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requests of <linux/lend.h>, in one table.
 */
#include <linux/capability.h>
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "face.h"

/* Room for any of the structures. */
union request {
	struct lend_setup setup;
	struct lend_info info;
	struct lend_runs runs;
	struct lend_sync sync;
	struct lend_dmabuf dmabuf;
};

static int do_setup(struct file *file, union request *req)
{
	struct inode *inode = file_inode(file);
	struct lend_buffer *buf = lend_inode_buffer(inode);
	int err = -EBUSY;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;

	inode_lock(inode);
	if (!lend_buffer_pages(buf))
		err = lend_spec_change(&buf->spec, &req->setup);
	inode_unlock(inode);
	return err;
}

static int do_info(struct file *file, union request *req)
{
	u32 size = req->info.size;

	req->info = (struct lend_info){ .size = size, .bytes = i_size_read(file_inode(file)) };
	lend_buffer_info(lend_inode_buffer(file_inode(file)), &req->info);
	return 0;
}

static int do_runs(struct file *file, union request *req)
{
	struct lend_buffer *buf = lend_inode_buffer(file_inode(file));
	struct lend_phys_run __user *to = u64_to_user_ptr(req->runs.runs);
	u64 end = (u64)lend_buffer_pages(buf) << PAGE_SHIFT;
	u32 room = req->runs.count;
	unsigned long i;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (req->runs.flags || req->runs.reserved)
		return -EINVAL;
	if (req->runs.offset > end)
		return -ENXIO;

	req->runs.count = 0;
	if (req->runs.offset == end)
		return 0;

	i = lend_extents_find(&buf->mem, req->runs.offset >> PAGE_SHIFT);
	req->runs.offset = end;
	for (; i < buf->mem.nr; i++) {
		const struct lend_extent *ext = &buf->mem.ext[i];
		struct lend_phys_run run = {
			.offset = (u64)ext->index << PAGE_SHIFT,
			.phys = page_to_phys(ext->page),
			.length = (u64)lend_extent_pages(&buf->mem, i) << PAGE_SHIFT,
		};

		if (req->runs.count == room) {
			req->runs.offset = run.offset;
			break;
		}
		if (copy_to_user(to++, &run, sizeof(run)))
			return -EFAULT;
		req->runs.count++;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static int do_sync(struct file *file, union request *req)
{
	u64 end, size = i_size_read(file_inode(file));

	if (!req->sync.flags || req->sync.flags & ~(LEND_SYNC_FOR_CPU | LEND_SYNC_FOR_DEVICE) ||
	    !req->sync.length)
		return -EINVAL;
	if (check_add_overflow(req->sync.offset, req->sync.length, &end))
		return -EOVERFLOW;
	if (end > size)
		return -ENXIO;
	return lend_buffer_sync(lend_inode_buffer(file_inode(file)), req->sync.offset,
				req->sync.length, req->sync.flags);
}

static int do_dmabuf(struct file *file, union request *req)
{
	struct lend_buffer *buf = lend_inode_buffer(file_inode(file));
	int flags = req->dmabuf.flags;
	struct dma_buf *dmabuf;
	int fd;

	/* A device reads and writes where it likes, whatever the descriptor's mode. */
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EBADF;
	if (flags & ~(O_CLOEXEC | O_ACCMODE) || (flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (!lend_buffer_pages(buf))
		return -ENODATA;

	dmabuf = lend_dmabuf_export(file, flags);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, flags);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

/**
 * struct request_type - one row of the table
 * @fn: does it, and says what the caller gets: -errno or what the header has
 * @out: what it leaves in the structure is copied back
 * @size: of the structure as this kernel knows it
 * @min_size: of the structure as it was first released
 */
struct request_type {
	int (*fn)(struct file *file, union request *req);
	bool out;
	u32 size;
	u32 min_size;
};

#define REQUEST(nr, fn_, out_, type, last)				\
	[_IOC_NR(nr)] = {						\
		.fn = fn_,						\
		.out = out_,						\
		.size = sizeof(struct type),					\
		.min_size = offsetofend(struct type, last),		\
	}

static const struct request_type requests[] = {
	REQUEST(LEND_IOC_SETUP, do_setup, false, lend_setup, dma_bits),
	REQUEST(LEND_IOC_INFO, do_info, true, lend_info, pinned),
	REQUEST(LEND_IOC_RUNS, do_runs, true, lend_runs, reserved),
	REQUEST(LEND_IOC_SYNC, do_sync, false, lend_sync, length),
	REQUEST(LEND_IOC_DMABUF, do_dmabuf, false, lend_dmabuf, flags),
};

/**
 * lend_ioctl() - the requests of <linux/lend.h>
 * @file: a regular file of lend
 * @cmd: LEND_IOC_*
 * @arg: address of its structure
 *
 * Return: what the user header has.
 */
long lend_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	const struct request_type *type;
	union request req = {};
	u32 size;
	int err, ret;

	if (_IOC_TYPE(cmd) != LEND_IOC_TYPE || _IOC_NR(cmd) >= ARRAY_SIZE(requests) ||
	    cmd != _IO(LEND_IOC_TYPE, _IOC_NR(cmd)))
		return -ENOTTY;
	type = &requests[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(requests))];

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < type->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&req, type->size, user, size);
	if (err)
		return err;

	ret = type->fn(file, &req);
	if (ret >= 0 && type->out && copy_to_user(user, &req, min(size, type->size)))
		ret = -EFAULT;
	return ret;
}
