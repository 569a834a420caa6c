// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer as a dma-buf: what devices share memory by. It holds the file, and so
 * keeps the memory alone.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "../compat/dmabuf.h"
#include "face.h"

/**
 * struct export - one dma-buf
 * @file: what it was made of
 * @buf: the file's memory
 * @lock: of @devices
 * @devices: struct lend_dma: who has it mapped for DMA now
 */
struct export {
	struct file *file;
	struct lend_buffer *buf;
	struct mutex lock;		/* see above */
	struct list_head devices;
};

static struct sg_table *export_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction dir)
{
	struct export *export = attachment->dmabuf->priv;
	struct lend_dma *dma = lend_buffer_dma_map(export->buf, attachment->dev, dir);

	if (IS_ERR(dma))
		return ERR_CAST(dma);
	mutex_lock(&export->lock);
	list_add(&dma->node, &export->devices);
	mutex_unlock(&export->lock);
	return &dma->sgt;
}

static void export_unmap(struct dma_buf_attachment *attachment, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
	struct export *export = attachment->dmabuf->priv;
	struct lend_dma *dma = container_of(sgt, struct lend_dma, sgt);

	mutex_lock(&export->lock);
	list_del(&dma->node);
	mutex_unlock(&export->lock);
	lend_dma_unmap(dma);
}

/* The whole of it, whatever of it the CPU is about to touch: dma-bufs know no ranges. */
static int sync(struct export *export, unsigned int flags)
{
	u64 length = export->buf->length;
	struct lend_dma *dma;

	mutex_lock(&export->lock);
	list_for_each_entry(dma, &export->devices, node)
		lend_dma_sync(dma, 0, length, flags);
	mutex_unlock(&export->lock);
	return lend_buffer_sync(export->buf, 0, length, flags);
}

static int export_begin(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	return sync(dmabuf->priv, LEND_SYNC_FOR_CPU);
}

static int export_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	return sync(dmabuf->priv, LEND_SYNC_FOR_DEVICE);
}

static int export_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct export *export = dmabuf->priv;

	return lend_file_mmap(export->file, vma);
}

/* Called once until export_vunmap(), however many importers want it. */
static LEND_VMAP export_vmap(LEND_VMAP_ARGS)
{
	struct export *export = dmabuf->priv;

	return LEND_VMAP_RESULT(lend_vmap(export->file));
}

static void export_vunmap(struct dma_buf *dmabuf, LEND_VUNMAP_ARG)
{
	struct export *export = dmabuf->priv;

	lend_vunmap(export->file, LEND_VUNMAP_VADDR);
}

static void export_release(struct dma_buf *dmabuf)
{
	struct export *export = dmabuf->priv;

	atomic_long_dec(&export->buf->exports);
	fput(export->file);
	mutex_destroy(&export->lock);
	kfree(export);
}

static const struct dma_buf_ops export_ops = {
	.map_dma_buf = export_map,
	.unmap_dma_buf = export_unmap,
	.begin_cpu_access = export_begin,
	.end_cpu_access = export_end,
	.mmap = export_mmap,
	.vmap = export_vmap,
	.vunmap = export_vunmap,
	.release = export_release,
};

struct dma_buf *lend_dmabuf_export(struct file *file, int flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct export *export;

	if (!lend_is_buffer(file))
		return ERR_PTR(-EOPNOTSUPP);
	/* A device reads and writes where it likes, whatever the dma-buf's mode. */
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return ERR_PTR(-EACCES);
	export = kzalloc(sizeof(*export), GFP_KERNEL_ACCOUNT);
	if (!export)
		return ERR_PTR(-ENOMEM);
	mutex_init(&export->lock);
	INIT_LIST_HEAD(&export->devices);
	export->file = file;
	export->buf = lend_inode_buffer(file_inode(file));

	info.ops = &export_ops;
	info.size = lend_buffer_pages(export->buf) << PAGE_SHIFT;
	info.flags = flags & O_ACCMODE;
	info.priv = export;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		kfree(export);
		return dmabuf;
	}

	get_file(file);
	atomic_long_inc(&export->buf->exports);
	return dmabuf;
}
EXPORT_SYMBOL_GPL(lend_dmabuf_export);

LEND_IMPORT_NS_DMA_BUF;
