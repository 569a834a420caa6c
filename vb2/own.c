// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that videobuf2 makes: V4L2_MEMORY_MMAP and read(). The file of lend counts who
 * uses one: whoever has it mapped, or as a dma-buf, holds the file.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "plane.h"

/* msync, fsync and the processor's access to an exported dma-buf. */
static int sync(void *priv, u64 offset, u64 length, unsigned int flags)
{
	struct lend_vb2_plane *plane = priv;

	lend_dma_sync(plane->dma, offset, length, flags);
	return 0;
}

static const struct lend_hooks hooks = { .sync = sync };

void *lend_vb2_alloc(const struct lend_vb2_kind *kind, struct vb2_buffer *vb,
		     enum dma_data_direction dir, struct device *dev, unsigned long size)
{
	struct lend_vb2_plane *plane = lend_vb2_plane(kind, vb, dir, size);

	if (!plane)
		return ERR_PTR(-ENOMEM);
	plane = lend_vb2_use(plane, lend_alloc(&(struct lend_params){
		.name = "lend-video", .size = size, .backing = kind->backing,
		.dev = kind->style == LEND_VB2_VADDR ? NULL : dev }), dev);
	if (!IS_ERR(plane) && plane->dma)
		lend_set_hooks(plane->file, &hooks, plane);
	return plane;
}

/* The memory may have other users still: it goes with the last of them. */
void lend_vb2_put(void *priv)
{
	struct lend_vb2_plane *plane = priv;

	lend_clear_hooks(plane->file, &hooks, plane);
	lend_vb2_unuse(plane);
}

/* More than 1: others, too. Asked of all memory; a dma-buf's users are not ours to count. */
unsigned int lend_vb2_num_users(void *priv)
{
	struct lend_vb2_plane *plane = priv;

	return plane->file ? file_count(plane->file) - (plane->dma ? 1 : 0) : 1;
}

int lend_vb2_mmap(void *priv, struct vm_area_struct *vma)
{
	struct lend_vb2_plane *plane = priv;

	return lend_mmap(plane->file, vma);
}

struct dma_buf *lend_vb2_export(struct lend_vb2_plane *plane, unsigned long flags)
{
	return lend_dmabuf_export(plane->file, flags);
}
