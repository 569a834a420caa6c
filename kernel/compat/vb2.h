/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2 as today's kernels have it, laid over older ones.
 */
#ifndef LEND_COMPAT_VB2_H
#define LEND_COMPAT_VB2_H

#include <media/videobuf2-v4l2.h>

/* Members of struct vb2_ops: videobuf2 lets go of the queue's lock by itself now. */
#ifdef LEND_HAVE_VB2_WAIT_PREPARE
#define LEND_VB2_WAIT_OPS							\
	.wait_prepare = vb2_ops_wait_prepare,					\
	.wait_finish = vb2_ops_wait_finish,
#else
#define LEND_VB2_WAIT_OPS
#endif

/* As many buffers as a driver can do with; before 6.8 32 for everybody. */
static inline void lend_vb2_set_most(struct vb2_queue *queue, unsigned int most)
{
#ifdef LEND_HAVE_VB2_MAX_BUFFERS
	queue->max_num_buffers = most;
#endif
}

/*
 * Operations on memory are told the buffer they are for; before 5.16 only what its queue
 * says, and videobuf2 looked at its hints by itself. LEND_VB2_OF is the buffer, if it is
 * known.
 */
#ifdef LEND_HAVE_VB2_MEMOPS_BUFFER
#define LEND_VB2_BUFFER struct vb2_buffer *vb,
#define LEND_VB2_ALLOC_ARGS struct vb2_buffer *vb, struct device *dev, unsigned long size
#define LEND_VB2_USERPTR_ARGS							\
	struct vb2_buffer *vb, struct device *dev, unsigned long vaddr, unsigned long size
#define LEND_VB2_ATTACH_ARGS							\
	struct vb2_buffer *vb, struct device *dev, struct dma_buf *dmabuf, unsigned long size
#define LEND_VB2_OF vb
#define LEND_VB2_DIR (vb->vb2_queue->dma_dir)

static inline bool lend_vb2_sync_on_prepare(const struct vb2_buffer *vb)
{
	return !vb->skip_cache_sync_on_prepare;
}

static inline bool lend_vb2_sync_on_finish(const struct vb2_buffer *vb)
{
	return !vb->skip_cache_sync_on_finish;
}
#else
#define LEND_VB2_BUFFER
#define LEND_VB2_ALLOC_ARGS							\
	struct device *dev, unsigned long attrs, unsigned long size,		\
	enum dma_data_direction dir, gfp_t gfp
#define LEND_VB2_USERPTR_ARGS							\
	struct device *dev, unsigned long vaddr, unsigned long size, enum dma_data_direction dir
#define LEND_VB2_ATTACH_ARGS							\
	struct device *dev, struct dma_buf *dmabuf, unsigned long size,		\
	enum dma_data_direction dir
#define LEND_VB2_OF NULL
#define LEND_VB2_DIR dir

static inline bool lend_vb2_sync_on_prepare(const struct vb2_buffer *vb)
{
	return true;
}

static inline bool lend_vb2_sync_on_finish(const struct vb2_buffer *vb)
{
	return true;
}
#endif

#endif
