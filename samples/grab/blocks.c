// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a buffer is to the board: a list of blocks, in memory that the board reads. It is
 * written once, when the buffer gets its memory. Where the blocks are the driver learns
 * in one of three ways, by the style of the memory operations:
 *
 * LEND_VB2_SG: the board writes to a scatter list. What this board is made for.
 * LEND_VB2_CONTIG: to one run of addresses, as boards without such lists do.
 * LEND_VB2_VADDR: to memory of the driver's, which the processor copies to the buffer, as
 *	drivers of devices without DMA do.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/string.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>

#include <lend/lend.h>

#include "driver.h"

static struct file *make(struct device *dev, u64 size, enum dma_data_direction dir,
			 struct lend_dma **dma)
{
	struct file *file = lend_alloc(&(struct lend_params){
		.name = "grab", .size = size, .backing = LEND_BACKING_CONTIG, .dev = dev });

	if (IS_ERR(file))
		return file;
	*dma = lend_dma_map(file, dev, dir);
	if (IS_ERR(*dma)) {
		fput(file);
		return ERR_CAST(*dma);
	}
	return file;
}

static void drop(struct file **file, struct lend_dma *dma)
{
	if (!*file)
		return;
	lend_dma_unmap(dma);
	fput(*file);
	*file = NULL;
}

static struct board_block block_of(dma_addr_t address, u64 length)
{
	return (struct board_block){ cpu_to_le64(address), cpu_to_le64(length) };
}

/* Where the frames of a buffer are to be copied from. */
static int make_between(struct device *dev, struct grab_buffer *buf)
{
	unsigned long size = vb2_plane_size(&buf->vb.vb2_buf, 0);
	struct file *file = make(dev, size, DMA_FROM_DEVICE, &buf->between_dma);

	if (IS_ERR(file))
		return PTR_ERR(file);
	buf->between = file;
	return 0;
}

/* The buffer has new memory. */
int grab_make_list(struct grab *grab, struct grab_buffer *buf)
{
	struct vb2_buffer *vb = &buf->vb.vb2_buf;
	struct device *dev = vb->vb2_queue->dev;
	struct sg_table *sgt = NULL;
	struct board_block *block;
	struct scatterlist *sg;
	struct file *list;
	int i, err;

	buf->between = NULL;
	if (grab->style == LEND_VB2_VADDR) {
		err = make_between(dev, buf);
		if (err)
			return err;
		sgt = &buf->between_dma->sgt;
	} else if (grab->style == LEND_VB2_SG) {
		sgt = vb2_dma_sg_plane_desc(vb, 0);
	}

	buf->blocks = sgt ? sgt->nents : 1;
	list = make(dev, array_size(buf->blocks, sizeof(*block)), DMA_TO_DEVICE, &buf->list_dma);
	if (IS_ERR(list)) {
		drop(&buf->between, buf->between_dma);
		return PTR_ERR(list);
	}
	buf->list = list;
	block = lend_vaddr(list);
	if (sgt)
		for_each_sgtable_dma_sg(sgt, sg, i)
			block[i] = block_of(sg_dma_address(sg), sg_dma_len(sg));
	else
		*block = block_of(vb2_dma_contig_plane_dma_addr(vb, 0), vb2_plane_size(vb, 0));
	lend_dma_sync(buf->list_dma, 0, lend_size(list), LEND_SYNC_FOR_DEVICE);
	return 0;
}

void grab_drop_list(struct grab_buffer *buf)
{
	drop(&buf->list, buf->list_dma);
	drop(&buf->between, buf->between_dma);
}

/* A frame was written, @bytes of it: now it is in the buffer. Any context. */
void grab_fetch(struct grab_buffer *buf, u64 bytes)
{
	if (!buf->between)
		return;
	lend_dma_sync(buf->between_dma, 0, bytes, LEND_SYNC_FOR_CPU);
	memcpy(vb2_plane_vaddr(&buf->vb.vb2_buf, 0), lend_vaddr(buf->between), bytes);
}
