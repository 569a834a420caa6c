// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers on their way to the board and back. What a buffer is to the board is written
 * down once, as a list of blocks; to queue it takes two registers, however large it is.
 */
#include <linux/moduleparam.h>
#include <linux/string.h>

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

static const char *const styles[] = {
	[LEND_VB2_SG] = "sg",
	[LEND_VB2_CONTIG] = "contig",
	[LEND_VB2_VADDR] = "vaddr",
};

static unsigned int style = LEND_VB2_SG;

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

static int set_style(const char *value, const struct kernel_param *param)
{
	int i = sysfs_match_string(styles, value);

	if (i >= 0)
		WRITE_ONCE(style, i);
	return min(i, 0);
}

static int get_style(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%s\n", styles[READ_ONCE(style)]);
}

static const struct kernel_param_ops memory_ops = { .set = set_memory, .get = get_memory };
module_param_cb(memory, &memory_ops, NULL, 0644);
MODULE_PARM_DESC(memory, "of new buffers: pages (default), folios or contig");

static const struct kernel_param_ops style_ops = { .set = set_style, .get = get_style };
module_param_cb(style, &style_ops, NULL, 0644);
MODULE_PARM_DESC(style, "how the board gets at new buffers: sg (default), contig or vaddr");

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
		grab->style = READ_ONCE(style);
		queue->mem_ops = lend_vb2_memops(grab->style, READ_ONCE(memory));
		*count = max(*count, 2U);
	}
	if (*planes)
		return sizes[0] < grab->format.sizeimage ? -EINVAL : 0;
	*planes = 1;
	sizes[0] = grab->format.sizeimage;
	return 0;
}

static int buf_init(struct vb2_buffer *vb)
{
	return grab_make_list(vb2_get_drv_priv(vb->vb2_queue), to_grab(vb));
}

static void buf_cleanup(struct vb2_buffer *vb)
{
	grab_drop_list(to_grab(vb));
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
	grab_fetch(buf, bytes);
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
	grab->style = LEND_VB2_SG;
	queue->mem_ops = lend_vb2_memops(grab->style, 0);
	queue->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	queue->lock = &grab->lock;
	lend_vb2_set_most(queue, BOARD_LISTS);
	return vb2_queue_init(queue);
}
