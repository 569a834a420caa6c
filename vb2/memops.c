// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory operations for videobuf2 on buffers of lend: which there are, and what is the
 * same for all memory, whoever it comes from.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "plane.h"

/* A plane that has no memory yet; NULL without memory. */
struct lend_vb2_plane *lend_vb2_plane(struct vb2_buffer *vb, unsigned long size)
{
	struct lend_vb2_plane *plane = kzalloc(sizeof(*plane), GFP_KERNEL_ACCOUNT);

	if (!plane)
		return NULL;
	plane->vb = vb;
	plane->kind = container_of(vb->vb2_queue->mem_ops, struct lend_vb2_kind, ops);
	plane->dir = vb->vb2_queue->dma_dir;
	plane->size = size;
	return plane;
}

/* The bytes from the first one on that the device sees in one run. */
static u64 first_run(const struct sg_table *sgt)
{
	dma_addr_t start = sg_dma_address(sgt->sgl);
	struct scatterlist *sg;
	u64 length = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (sg_dma_address(sg) != start + length)
			break;
		length += sg_dma_len(sg);
	}
	return length;
}

/* From now on the device sees the plane like this; -EFAULT if it cannot use that. */
int lend_vb2_set_sgt(struct lend_vb2_plane *plane, struct sg_table *sgt)
{
	if (plane->kind->style == LEND_VB2_CONTIG && first_run(sgt) < plane->size)
		return -EFAULT;
	plane->sgt = sgt;
	plane->addr = sg_dma_address(sgt->sgl);
	return 0;
}

/* Of a dma-buf its exporter takes care. */
static void prepare(void *priv)
{
	struct lend_vb2_plane *plane = priv;

	if (plane->dma && !plane->vb->skip_cache_sync_on_prepare)
		lend_dma_sync(plane->dma, 0, plane->size, LEND_SYNC_FOR_DEVICE);
}

static void finish(void *priv)
{
	struct lend_vb2_plane *plane = priv;

	if (plane->dma && !plane->vb->skip_cache_sync_on_finish)
		lend_dma_sync(plane->dma, 0, plane->size, LEND_SYNC_FOR_CPU);
}

static void *vaddr(struct vb2_buffer *vb, void *priv)
{
	struct lend_vb2_plane *plane = priv;

	if (!plane->vaddr)
		plane->vaddr = plane->file ? lend_vmap(plane->file) : lend_vb2_import_vaddr(plane);
	return plane->vaddr;
}

static void *cookie(struct vb2_buffer *vb, void *priv)
{
	struct lend_vb2_plane *plane = priv;

	switch (plane->kind->style) {
	case LEND_VB2_SG:
		return plane->sgt;
	case LEND_VB2_CONTIG:
		return &plane->addr;
	default:
		return NULL;
	}
}

#define KIND(style_, backing_) {						\
	.ops = {								\
		.alloc = lend_vb2_alloc,					\
		.put = lend_vb2_put,						\
		.num_users = lend_vb2_num_users,				\
		.mmap = lend_vb2_mmap,						\
		.get_dmabuf = lend_vb2_get_dmabuf,				\
		.get_userptr = lend_vb2_get_userptr,				\
		.put_userptr = lend_vb2_put_userptr,				\
		.attach_dmabuf = lend_vb2_attach,				\
		.detach_dmabuf = lend_vb2_detach,				\
		.map_dmabuf = lend_vb2_map,					\
		.unmap_dmabuf = lend_vb2_unmap,					\
		.prepare = prepare,						\
		.finish = finish,						\
		.vaddr = vaddr,							\
		.cookie = cookie,						\
	},									\
	.style = style_,							\
	.backing = backing_,							\
}

static const struct lend_vb2_kind kinds[] = {
	KIND(LEND_VB2_VADDR, LEND_BACKING_VMALLOC),
	KIND(LEND_VB2_VADDR, LEND_BACKING_FOLIOS),
	KIND(LEND_VB2_VADDR, LEND_BACKING_PAGES),
	KIND(LEND_VB2_VADDR, LEND_BACKING_CONTIG),
	KIND(LEND_VB2_SG, LEND_BACKING_FOLIOS),
	KIND(LEND_VB2_SG, LEND_BACKING_PAGES),
	KIND(LEND_VB2_SG, LEND_BACKING_CONTIG),
	KIND(LEND_VB2_SG, LEND_BACKING_VMALLOC),
	KIND(LEND_VB2_CONTIG, LEND_BACKING_CONTIG),
	KIND(LEND_VB2_CONTIG, LEND_BACKING_FOLIOS),
	KIND(LEND_VB2_CONTIG, LEND_BACKING_PAGES),
	KIND(LEND_VB2_CONTIG, LEND_BACKING_VMALLOC),
};

const struct vb2_mem_ops *lend_vb2_memops(enum lend_vb2_style style, unsigned int backing)
{
	size_t i;

	/* The first of a style is what suits it. */
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].style == style && (!backing || kinds[i].backing == backing))
			return &kinds[i].ops;
	return NULL;
}
EXPORT_SYMBOL_GPL(lend_vb2_memops);

MODULE_DESCRIPTION("videobuf2 on kernel memory lent to user space");
MODULE_AUTHOR("The lend developers");
MODULE_LICENSE("GPL");
