// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory operations for videobuf2 on buffers of lend: which there are, and what is the
 * same for all memory, whoever it comes from.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../kernel/compat/vb2.h"
#include "plane.h"

/* A plane that has no memory yet; NULL without memory. */
struct lend_vb2_plane *lend_vb2_plane(const struct lend_vb2_kind *kind, struct vb2_buffer *vb,
				      enum dma_data_direction dir, unsigned long size)
{
	struct lend_vb2_plane *plane = kzalloc(sizeof(*plane), GFP_KERNEL_ACCOUNT);

	if (!plane)
		return NULL;
	plane->vb = vb;
	plane->kind = kind;
	plane->dir = dir;
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

	if (plane->dma && lend_vb2_sync_on_prepare(plane->vb))
		lend_dma_sync(plane->dma, 0, plane->size, LEND_SYNC_FOR_DEVICE);
}

static void finish(void *priv)
{
	struct lend_vb2_plane *plane = priv;

	if (plane->dma && lend_vb2_sync_on_finish(plane->vb))
		lend_dma_sync(plane->dma, 0, plane->size, LEND_SYNC_FOR_CPU);
}

static void *vaddr(LEND_VB2_BUFFER void *priv)
{
	struct lend_vb2_plane *plane = priv;

	if (!plane->vaddr)
		plane->vaddr = plane->file ? lend_vmap(plane->file) : lend_vb2_import_vaddr(plane);
	return plane->vaddr;
}

static void *cookie(LEND_VB2_BUFFER void *priv)
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

static struct dma_buf *get_dmabuf(LEND_VB2_BUFFER void *priv, unsigned long flags)
{
	return lend_vb2_export(priv, flags);
}

/* One set each, since not every kernel says whose buffer it is that is made. */
#define KIND(name, style_, backing_)						\
static const struct lend_vb2_kind name##_kind = { style_, backing_ };		\
static void *name##_alloc(LEND_VB2_ALLOC_ARGS)					\
{										\
	return lend_vb2_alloc(&name##_kind, LEND_VB2_OF, LEND_VB2_DIR, dev, size); \
}										\
static void *name##_get_userptr(LEND_VB2_USERPTR_ARGS)				\
{										\
	return lend_vb2_pin(&name##_kind, LEND_VB2_OF, LEND_VB2_DIR, dev, vaddr, size); \
}										\
static void *name##_attach(LEND_VB2_ATTACH_ARGS)				\
{										\
	return lend_vb2_attach(&name##_kind, LEND_VB2_OF, LEND_VB2_DIR, dev, dmabuf, size); \
}										\
static const struct vb2_mem_ops name##_ops = {					\
	.alloc = name##_alloc,							\
	.put = lend_vb2_put,							\
	.num_users = lend_vb2_num_users,					\
	.mmap = lend_vb2_mmap,							\
	.get_dmabuf = get_dmabuf,						\
	.get_userptr = name##_get_userptr,					\
	.put_userptr = lend_vb2_unuse,						\
	.attach_dmabuf = name##_attach,						\
	.detach_dmabuf = lend_vb2_detach,					\
	.map_dmabuf = lend_vb2_map,						\
	.unmap_dmabuf = lend_vb2_unmap,						\
	.prepare = prepare,							\
	.finish = finish,							\
	.vaddr = vaddr,								\
	.cookie = cookie,							\
}

KIND(vaddr_folios, LEND_VB2_VADDR, LEND_BACKING_FOLIOS);
KIND(vaddr_pages, LEND_VB2_VADDR, LEND_BACKING_PAGES);
KIND(vaddr_contig, LEND_VB2_VADDR, LEND_BACKING_CONTIG);
KIND(vaddr_vmalloc, LEND_VB2_VADDR, LEND_BACKING_VMALLOC);
KIND(sg_folios, LEND_VB2_SG, LEND_BACKING_FOLIOS);
KIND(sg_pages, LEND_VB2_SG, LEND_BACKING_PAGES);
KIND(sg_contig, LEND_VB2_SG, LEND_BACKING_CONTIG);
KIND(sg_vmalloc, LEND_VB2_SG, LEND_BACKING_VMALLOC);
KIND(contig_folios, LEND_VB2_CONTIG, LEND_BACKING_FOLIOS);
KIND(contig_pages, LEND_VB2_CONTIG, LEND_BACKING_PAGES);
KIND(contig_contig, LEND_VB2_CONTIG, LEND_BACKING_CONTIG);
KIND(contig_vmalloc, LEND_VB2_CONTIG, LEND_BACKING_VMALLOC);

/* By style and backing; backing 0 is what suits the style. */
static const struct vb2_mem_ops *const sets[][LEND_BACKING_VMALLOC + 1] = {
	[LEND_VB2_VADDR] = {
		&vaddr_vmalloc_ops, [LEND_BACKING_FOLIOS] = &vaddr_folios_ops,
		[LEND_BACKING_PAGES] = &vaddr_pages_ops,
		[LEND_BACKING_CONTIG] = &vaddr_contig_ops,
		[LEND_BACKING_VMALLOC] = &vaddr_vmalloc_ops,
	},
	[LEND_VB2_SG] = {
		&sg_folios_ops, [LEND_BACKING_FOLIOS] = &sg_folios_ops,
		[LEND_BACKING_PAGES] = &sg_pages_ops, [LEND_BACKING_CONTIG] = &sg_contig_ops,
		[LEND_BACKING_VMALLOC] = &sg_vmalloc_ops,
	},
	[LEND_VB2_CONTIG] = {
		&contig_contig_ops, [LEND_BACKING_FOLIOS] = &contig_folios_ops,
		[LEND_BACKING_PAGES] = &contig_pages_ops,
		[LEND_BACKING_CONTIG] = &contig_contig_ops,
		[LEND_BACKING_VMALLOC] = &contig_vmalloc_ops,
	},
};

const struct vb2_mem_ops *lend_vb2_memops(enum lend_vb2_style style, unsigned int backing)
{
	if (style >= ARRAY_SIZE(sets) || backing >= ARRAY_SIZE(sets[0]))
		return NULL;
	return sets[style][backing];
}
EXPORT_SYMBOL_GPL(lend_vb2_memops);

MODULE_DESCRIPTION("videobuf2 on kernel memory lent to user space");
MODULE_AUTHOR("The lend developers");
MODULE_LICENSE("GPL");
