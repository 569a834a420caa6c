// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that somebody else exports: V4L2_MEMORY_DMABUF. videobuf2 holds the dma-buf.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "../kernel/compat/dmabuf.h"
#include "plane.h"

void *lend_vb2_attach(const struct lend_vb2_kind *kind, struct vb2_buffer *vb,
		      enum dma_data_direction dir, struct device *dev, struct dma_buf *dmabuf,
		      unsigned long size)
{
	struct lend_vb2_plane *plane;
	int err;

	plane = lend_vb2_plane(kind, vb, dir, size);
	if (!plane)
		return ERR_PTR(-ENOMEM);
	plane->dmabuf = dmabuf;
	if (kind->style == LEND_VB2_VADDR)
		return plane;
	plane->attachment = dev ? dma_buf_attach(dmabuf, dev) : ERR_PTR(-EINVAL);
	if (IS_ERR(plane->attachment)) {
		err = PTR_ERR(plane->attachment);
		kfree(plane);
		return ERR_PTR(err);
	}
	return plane;
}

void lend_vb2_detach(void *priv)
{
	struct lend_vb2_plane *plane = priv;

	if (plane->attachment)
		dma_buf_detach(plane->dmabuf, plane->attachment);
	kfree(plane);
}

void *lend_vb2_import_vaddr(struct lend_vb2_plane *plane)
{
	struct iosys_map map;

	if (dma_buf_vmap_unlocked(plane->dmabuf, &map))
		return NULL;
	if (LEND_MAP_IS_IOMEM(&map)) {
		dma_buf_vunmap_unlocked(plane->dmabuf, &map);
		return NULL;
	}
	return map.vaddr;
}

static void drop_vaddr(struct lend_vb2_plane *plane)
{
	struct iosys_map map = { .vaddr = plane->vaddr };

	if (plane->vaddr)
		dma_buf_vunmap_unlocked(plane->dmabuf, &map);
	plane->vaddr = NULL;
}

/* Whether it is long enough, too: a dma-buf that is not attached, 6.12 forgets to put. */
int lend_vb2_map(void *priv)
{
	struct lend_vb2_plane *plane = priv;
	struct sg_table *sgt;
	int err;

	if (plane->dmabuf->size < plane->size)
		return -EFAULT;
	if (plane->kind->style == LEND_VB2_VADDR) {
		plane->vaddr = lend_vb2_import_vaddr(plane);
		return plane->vaddr ? 0 : -EFAULT;
	}
	sgt = dma_buf_map_attachment_unlocked(plane->attachment, plane->dir);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	err = lend_vb2_set_sgt(plane, sgt);
	if (err)
		dma_buf_unmap_attachment_unlocked(plane->attachment, sgt, plane->dir);
	return err;
}

void lend_vb2_unmap(void *priv)
{
	struct lend_vb2_plane *plane = priv;

	drop_vaddr(plane);
	if (plane->sgt)
		dma_buf_unmap_attachment_unlocked(plane->attachment, plane->sgt, plane->dir);
	plane->sgt = NULL;
}

LEND_IMPORT_NS_DMA_BUF;
