/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lend for video drivers: videobuf2 on buffers of lend. One line of a driver changes:
 *
 *	q->mem_ops = lend_vb2_memops(LEND_VB2_SG, LEND_BACKING_FOLIOS);
 *
 * What videobuf2 gives to programs (mmap, VIDIOC_EXPBUF) is a buffer of lend then:
 * pinnable, mapped by 2 MiB entries where it has them, alive until its last mapping and
 * descriptor is gone. What programs give (V4L2_MEMORY_USERPTR, _DMABUF) is pinned, or
 * attached, by lend's rules. See docs/vb2.md.
 */
#ifndef _LEND_VB2_H
#define _LEND_VB2_H

#include <uapi/linux/lend.h>

struct vb2_mem_ops;

/**
 * enum lend_vb2_style - how a driver gets at the memory of a plane
 * @LEND_VB2_VADDR: by the processor, vb2_plane_vaddr(), in any context: in place of
 *	vb2_vmalloc_memops. No DMA; the queue needs no device.
 * @LEND_VB2_SG: by DMA to a scatter list, vb2_dma_sg_plane_desc(): in place of
 *	vb2_dma_sg_memops. The list is in the order of the bytes.
 * @LEND_VB2_CONTIG: by DMA to one run of addresses, vb2_dma_contig_plane_dma_addr(): in
 *	place of vb2_dma_contig_memops. Memory of programs that is not one run to the
 *	device is refused.
 */
enum lend_vb2_style {
	LEND_VB2_VADDR,
	LEND_VB2_SG,
	LEND_VB2_CONTIG,
};

/**
 * lend_vb2_memops() - memory operations for a queue
 * @style: how the driver gets at it
 * @backing: enum lend_backing: what videobuf2's own buffers are made of; 0: what suits
 *	the style, which is vmalloc, folios and contig
 *
 * They may be changed as long as the queue has no buffers.
 *
 * Context: any.
 * Return: the operations; NULL for a style or a backing that does not exist, which
 * vb2_queue_init() refuses.
 */
const struct vb2_mem_ops *lend_vb2_memops(enum lend_vb2_style style, unsigned int backing);

#endif /* _LEND_VB2_H */
