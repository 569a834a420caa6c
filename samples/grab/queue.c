// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers on their way to the board and back. What a buffer is to the board is written
 * down once, as a list of blocks; to queue it takes two registers, however large it is.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <media/videobuf2-dma-sg.h>

#include <lend/lend.h>
#include <lend/vb2.h>

#include "../../kernel/compat/vb2.h"
#include "driver.h"

/* --- what the memory of the next buffers is */

static const char *const memories[] = {
	[LEND_BACKING_FOLIOS] = "folios",
	[LEND_BACKING_PAGES] = "pages",
	[LEND_BACKING_CONTIG] = "contig",
};

static unsigned int memory = LEND_BACKING_PAGES;

static int set_memory(const char *value, const struct kernel_param *param)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(memories); i++)
		if (memories[i] && sysfs_streq(memories[i], value)) {
			WRITE_ONCE(memory, i);
			return 0;
		}
	return -EINVAL;
}

static int get_memory(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%s\n", memories[READ_ONCE(memory)]);
}

static const struct kernel_param_ops memory_ops = { .set = set_memory, .get = get_memory };
module_param_cb(memory, &memory_ops, NULL, 0644);
MODULE_PARM_DESC(memory, "of new buffers: pages (default), folios or contig");

/* --- buffers */

static struct grab_buffer *to_grab(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct grab_buffer, vb);
}

static int queue_setup(struct vb2_queue *queue, unsigned int *count, unsigned int *planes,
		       unsigned int sizes[], struct device *devices[])
{
	struct grab *grab = vb2_get_drv_priv(queue);

	/* All of one kind: it is changed between streams. */
	if (!vb2_is_busy(queue)) {
		queue->mem_ops = lend_vb2_memops(LEND_VB2_SG, READ_ONCE(memory));
		*count = max(*count, 2U);
	}
	if (*planes)
		return sizes[0] < grab->format.sizeimage ? -EINVAL : 0;
	*planes = 1;
	sizes[0] = grab->format.sizeimage;
	return 0;
}

/* The buffer has new memory. */
static int buf_init(struct vb2_buffer *vb)
{
	struct sg_table *sgt = vb2_dma_sg_plane_desc(vb, 0);
	struct device *dev = vb->vb2_queue->dev;
	struct grab_buffer *buf = to_grab(vb);
	struct board_block *block;
	struct scatterlist *sg;
	int i;

	buf->list = lend_alloc(&(struct lend_params){
		.name = "grab-list", .size = array_size(sgt->nents, sizeof(*block)),
		.backing = LEND_BACKING_CONTIG, .dev = dev });
	if (IS_ERR(buf->list))
		return PTR_ERR(buf->list);
	buf->list_dma = lend_dma_map(buf->list, dev, DMA_TO_DEVICE);
	if (IS_ERR(buf->list_dma)) {
		fput(buf->list);
		return PTR_ERR(buf->list_dma);
	}
	buf->blocks = sgt->nents;
	block = lend_vaddr(buf->list);
	for_each_sgtable_dma_sg(sgt, sg, i)
		block[i] = (struct board_block){
			.address = cpu_to_le64(sg_dma_address(sg)),
			.length = cpu_to_le64(sg_dma_len(sg)),
		};
	lend_dma_sync(buf->list_dma, 0, lend_size(buf->list), LEND_SYNC_FOR_DEVICE);
	return 0;
}

static void buf_cleanup(struct vb2_buffer *vb)
{
	struct grab_buffer *buf = to_grab(vb);

	lend_dma_unmap(buf->list_dma);
	fput(buf->list);
}

static int buf_prepare(struct vb2_buffer *vb)
{
	struct grab *grab = vb2_get_drv_priv(vb->vb2_queue);

	if (vb2_plane_size(vb, 0) < grab->format.sizeimage)
		return -EINVAL;
	return 0;
}

static void buf_queue(struct vb2_buffer *vb)
{
	struct grab *grab = vb2_get_drv_priv(vb->vb2_queue);
	struct grab_buffer *buf = to_grab(vb);
	unsigned long flags;
	u64 left;

	spin_lock_irqsave(&grab->irq_lock, flags);
	list_add_tail(&buf->node, &grab->queued);
	board_write(grab->board, BOARD_LIST_ADDRESS, lend_dma_address(buf->list_dma, 0, &left));
	board_write(grab->board, BOARD_LIST_BLOCKS, buf->blocks);
	spin_unlock_irqrestore(&grab->irq_lock, flags);
}

/* --- frames */

/* The first of those that the board has, taken back. */
static struct grab_buffer *take_back(struct grab *grab)
{
	struct grab_buffer *buf;
	unsigned long flags;

	spin_lock_irqsave(&grab->irq_lock, flags);
	buf = list_first_entry_or_null(&grab->queued, struct grab_buffer, node);
	if (buf)
		list_del(&buf->node);
	spin_unlock_irqrestore(&grab->irq_lock, flags);
	return buf;
}

static void frame_done(struct grab *grab)
{
	u64 bytes = board_read(grab->board, BOARD_DONE_BYTES);
	struct grab_buffer *buf = take_back(grab);
	struct vb2_buffer *vb = &buf->vb.vb2_buf;
	bool whole = bytes == grab->format.sizeimage;

	buf->vb.sequence = board_read(grab->board, BOARD_DONE_SEQUENCE);
	buf->vb.field = V4L2_FIELD_NONE;
	vb->timestamp = board_read(grab->board, BOARD_DONE_TIME);
	board_write(grab->board, BOARD_DONE, 1);
	vb2_set_plane_payload(vb, 0, bytes);
	vb2_buffer_done(vb, whole ? VB2_BUF_STATE_DONE : VB2_BUF_STATE_ERROR);
}

void grab_interrupt(void *data)
{
	struct grab *grab = data;
	u64 events = board_read(grab->board, BOARD_EVENTS);

	board_write(grab->board, BOARD_EVENTS, events);
	while (board_read(grab->board, BOARD_DONE))
		frame_done(grab);
	if (events & BOARD_ERROR)
		vb2_queue_error(&grab->queue);
	if (events & BOARD_STOPPED)
		complete(&grab->stopped);
}

static int start_streaming(struct vb2_queue *queue, unsigned int count)
{
	struct grab *grab = vb2_get_drv_priv(queue);
	u64 control = BOARD_RUN;

	if (v4l2_ctrl_g_ctrl(grab->patient))
		control |= BOARD_PATIENT;
	if (v4l2_ctrl_g_ctrl(grab->stamp_only))
		control |= BOARD_STAMP_ONLY;
	board_write(grab->board, BOARD_FORMAT, grab->format.pixelformat);
	board_write(grab->board, BOARD_WIDTH, grab->format.width);
	board_write(grab->board, BOARD_HEIGHT, grab->format.height);
	board_write(grab->board, BOARD_INTERVAL,
		    v4l2_ctrl_g_ctrl(grab->free_running) ? 0 : grab_interval_ns(grab));
	reinit_completion(&grab->stopped);
	board_write(grab->board, BOARD_CONTROL, control);
	return 0;
}

static void stop_streaming(struct vb2_queue *queue)
{
	struct grab *grab = vb2_get_drv_priv(queue);
	struct grab_buffer *buf;

	board_write(grab->board, BOARD_CONTROL, 0);
	wait_for_completion(&grab->stopped);
	while ((buf = take_back(grab)))
		vb2_buffer_done(&buf->vb.vb2_buf, VB2_BUF_STATE_ERROR);
}

static const struct vb2_ops ops = {
	.queue_setup = queue_setup,
	.buf_init = buf_init,
	.buf_cleanup = buf_cleanup,
	.buf_prepare = buf_prepare,
	.buf_queue = buf_queue,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
	LEND_VB2_WAIT_OPS
};

int grab_init_queue(struct grab *grab, struct device *dev)
{
	struct vb2_queue *queue = &grab->queue;

	spin_lock_init(&grab->irq_lock);
	INIT_LIST_HEAD(&grab->queued);
	init_completion(&grab->stopped);
	queue->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	queue->io_modes = VB2_MMAP | VB2_USERPTR | VB2_DMABUF | VB2_READ;
	queue->dev = dev;
	queue->drv_priv = grab;
	queue->buf_struct_size = sizeof(struct grab_buffer);
	queue->ops = &ops;
	/* All that there is to lend: in place of vb2_dma_sg_memops. */
	queue->mem_ops = lend_vb2_memops(LEND_VB2_SG, 0);
	queue->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	queue->lock = &grab->lock;
	lend_vb2_set_most(queue, BOARD_LISTS);
	return vb2_queue_init(queue);
}
