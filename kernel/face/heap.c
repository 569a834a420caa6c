// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/dma_heap/lend and /dev/dma_heap/lend-contig: the interface of DMA-heaps,
 * also for kernels that are built without it. Memory comes as a dma-buf at once.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <uapi/linux/dma-heap.h>

#include "face.h"

struct heap {
	struct miscdevice dev;
	enum lend_backing backing;
};

static struct dma_buf *allocate(const struct heap *heap, u64 len, int flags)
{
	struct lend_params params = {
		.name = heap->dev.name, .size = len, .backing = heap->backing,
	};
	struct file *file = lend_alloc(&params);
	struct dma_buf *dmabuf;

	if (IS_ERR(file))
		return ERR_CAST(file);
	dmabuf = lend_dmabuf_export(file, flags);
	fput(file);
	return dmabuf;
}

/* @size is that of the program's structure: an older or a newer one is as good. */
static int heap_alloc(const struct heap *heap, struct dma_heap_allocation_data __user *user,
		      size_t size)
{
	struct dma_heap_allocation_data data = {};
	struct dma_buf *dmabuf;
	u64 len;
	int fd;

	if (size < offsetofend(struct dma_heap_allocation_data, fd_flags))
		return -EINVAL;
	if (copy_from_user(&data, user, min(size, sizeof(data))))
		return -EFAULT;
	len = PAGE_ALIGN(data.len);
	if (data.fd || data.fd_flags & ~DMA_HEAP_VALID_FD_FLAGS ||
	    data.heap_flags & ~DMA_HEAP_VALID_HEAP_FLAGS || !len)
		return -EINVAL;
	if (len >> PAGE_SHIFT > totalram_pages())
		return -ENOMEM;

	fd = get_unused_fd_flags(data.fd_flags);
	if (fd < 0)
		return fd;
	dmabuf = allocate(heap, len, data.fd_flags);
	if (IS_ERR(dmabuf)) {
		put_unused_fd(fd);
		return PTR_ERR(dmabuf);
	}
	if (put_user(fd, &user->fd)) {
		put_unused_fd(fd);
		dma_buf_put(dmabuf);
		return -EFAULT;
	}
	fd_install(fd, dmabuf->file);
	return 0;
}

static long heap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	/* misc_open() leaves the device there. */
	struct heap *heap = container_of(file->private_data, struct heap, dev);

	/* As DMA-heaps answer: EINVAL for a number that does not exist. */
	if (_IOC_NR(cmd) != _IOC_NR(DMA_HEAP_IOCTL_ALLOC))
		return -EINVAL;
	if (_IOC_TYPE(cmd) != DMA_HEAP_IOC_MAGIC || _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE))
		return -ENOTTY;
	return heap_alloc(heap, (void __user *)arg, _IOC_SIZE(cmd));
}

static const struct file_operations heap_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = heap_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

#define HEAP(name_, path, backing_) {						\
	.dev = {								\
		.minor = MISC_DYNAMIC_MINOR,					\
		.name = name_,							\
		.nodename = path,						\
		.fops = &heap_fops,						\
	},									\
	.backing = backing_,							\
}

static struct heap heaps[] = {
	HEAP("heap-lend", "dma_heap/lend", LEND_BACKING_FOLIOS),
	HEAP("heap-lend-contig", "dma_heap/lend-contig", LEND_BACKING_CONTIG),
};

/**
 * lend_heap_init() - make the devices
 *
 * Return: 0 or what misc_register() says.
 */
int lend_heap_init(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(heaps); i++) {
		err = misc_register(&heaps[i].dev);
		if (err)
			goto undo;
	}
	return 0;

undo:
	while (i--)
		misc_deregister(&heaps[i].dev);
	return err;
}

void lend_heap_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(heaps); i++)
		misc_deregister(&heaps[i].dev);
}
