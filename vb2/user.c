// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a program: V4L2_MEMORY_USERPTR. And what a file of lend needs for being
 * captured into, whether it is the program's or ours.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "plane.h"

/* Makes the plane's file reachable for the device, or for the processor. */
static int reach(struct lend_vb2_plane *plane, struct device *dev)
{
	struct lend_dma *dma;
	int err;

	/* Drivers ask for the address in their interrupts: it must be there. */
	if (plane->kind->style == LEND_VB2_VADDR) {
		plane->vaddr = lend_vmap(plane->file);
		return plane->vaddr ? 0 : -ENOMEM;
	}
	if (!dev)
		return -EINVAL;
	dma = lend_dma_map(plane->file, dev, plane->dir);
	if (IS_ERR(dma))
		return PTR_ERR(dma);
	err = lend_vb2_set_sgt(plane, &dma->sgt);
	if (err) {
		lend_dma_unmap(dma);
		return err;
	}
	plane->dma = dma;
	return 0;
}

/*
 * Makes a file, or what came instead of one, the memory of a plane. Takes both over: a
 * failure gives them back.
 */
struct lend_vb2_plane *lend_vb2_use(struct lend_vb2_plane *plane, struct file *file,
				    struct device *dev)
{
	int err = PTR_ERR_OR_ZERO(file);

	plane->file = file;
	if (!err) {
		err = reach(plane, dev);
		if (err)
			fput(file);
	}
	if (!err)
		return plane;
	kfree(plane);
	return ERR_PTR(err);
}

void lend_vb2_unuse(void *priv)
{
	struct lend_vb2_plane *plane = priv;

	if (plane->vaddr)
		lend_vunmap(plane->file, plane->vaddr);
	lend_dma_unmap(plane->dma);
	fput(plane->file);
	kfree(plane);
}

void *lend_vb2_pin(const struct lend_vb2_kind *kind, struct vb2_buffer *vb,
		   enum dma_data_direction dir, struct device *dev, unsigned long vaddr,
		   unsigned long size)
{
	struct lend_vb2_plane *plane = lend_vb2_plane(kind, vb, dir, size);

	if (!plane)
		return ERR_PTR(-ENOMEM);
	return lend_vb2_use(plane, lend_from_user(vaddr, size, dir != DMA_TO_DEVICE), dev);
}
