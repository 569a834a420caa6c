/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plane of a video buffer: what videobuf2 keeps for us as its mem_priv.
 */
#ifndef LEND_VB2_PLANE_H
#define LEND_VB2_PLANE_H

#include <media/videobuf2-core.h>

#include <lend/lend.h>
#include <lend/vb2.h>

struct dma_buf;
struct dma_buf_attachment;

/**
 * struct lend_vb2_kind - what drivers choose
 * @style: how they get at the memory
 * @backing: what buffers of our own are made of
 */
struct lend_vb2_kind {
	enum lend_vb2_style style;
	unsigned int backing;
};

/**
 * struct lend_vb2_plane - a plane
 * @vb: whose it is, or NULL where videobuf2 itself looks at its hints
 * @kind: its queue's
 * @dir: who writes
 * @size: bytes
 * @file: the memory, ours or a program's; NULL for a dma-buf
 * @dma: @file mapped for the device; NULL where the processor does it all
 * @dmabuf: another's memory, held by videobuf2; or NULL
 * @attachment: of the device to @dmabuf, or NULL
 * @sgt: what the device sees: of @dma, or of @attachment while it is mapped
 * @addr: where the device sees the first byte, in one run
 * @vaddr: where the kernel sees it, once somebody has asked; or NULL
 */
struct lend_vb2_plane {
	struct vb2_buffer *vb;
	const struct lend_vb2_kind *kind;
	enum dma_data_direction dir;
	unsigned long size;
	struct file *file;
	struct lend_dma *dma;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attachment;
	struct sg_table *sgt;
	dma_addr_t addr;
	void *vaddr;
};

/* memops.c */
struct lend_vb2_plane *lend_vb2_plane(const struct lend_vb2_kind *kind, struct vb2_buffer *vb,
				      enum dma_data_direction dir, unsigned long size);
int lend_vb2_set_sgt(struct lend_vb2_plane *plane, struct sg_table *sgt);

/* own.c */
void *lend_vb2_alloc(const struct lend_vb2_kind *kind, struct vb2_buffer *vb,
		     enum dma_data_direction dir, struct device *dev, unsigned long size);
void lend_vb2_put(void *priv);
unsigned int lend_vb2_num_users(void *priv);
int lend_vb2_mmap(void *priv, struct vm_area_struct *vma);
struct dma_buf *lend_vb2_export(struct lend_vb2_plane *plane, unsigned long flags);

/* user.c */
struct lend_vb2_plane *lend_vb2_use(struct lend_vb2_plane *plane, struct file *file,
				    struct device *dev);
void lend_vb2_unuse(void *priv);
void *lend_vb2_pin(const struct lend_vb2_kind *kind, struct vb2_buffer *vb,
		   enum dma_data_direction dir, struct device *dev, unsigned long vaddr,
		   unsigned long size);

/* import.c */
void *lend_vb2_attach(const struct lend_vb2_kind *kind, struct vb2_buffer *vb,
		      enum dma_data_direction dir, struct device *dev, struct dma_buf *dmabuf,
		      unsigned long size);
void lend_vb2_detach(void *priv);
int lend_vb2_map(void *priv);
void lend_vb2_unmap(void *priv);
void *lend_vb2_import_vaddr(struct lend_vb2_plane *plane);

#endif
