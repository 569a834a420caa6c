/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A V4L2 driver of the capture board, as an example of <lend/vb2.h>. There is nothing of
 * memory management in it.
 */
#ifndef GRAB_DRIVER_H
#define GRAB_DRIVER_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-device.h>
#include <media/v4l2-ioctl.h>
#include <media/videobuf2-v4l2.h>

#include <lend/vb2.h>

#include "board.h"

/* A buffer, and where it is in the words of the board. */
struct grab_buffer {
	struct vb2_v4l2_buffer vb;
	struct list_head node;		/* of struct grab's @queued */
	struct file *list;		/* struct board_block each */
	struct lend_dma *list_dma;
	u32 blocks;
	struct file *between;		/* where the board writes, if not to the buffer; or NULL */
	struct lend_dma *between_dma;
};

struct grab {
	struct v4l2_device v4l2;
	struct video_device video;
	struct v4l2_ctrl_handler controls;
	struct v4l2_ctrl *free_running, *patient, *stamp_only;
	struct mutex lock;		/* of all ioctls */
	struct v4l2_pix_format format;
	struct v4l2_fract interval;	/* from frame to frame, seconds */

	struct vb2_queue queue;
	enum lend_vb2_style style;	/* of its memory operations */
	struct board *board;
	spinlock_t irq_lock;		/* of the following, and of their order in the board */
	struct list_head queued;	/* struct grab_buffer: the board has them */
	struct completion stopped;
};

/* formats.c */
void grab_default_format(struct grab *grab);
u64 grab_interval_ns(const struct grab *grab);
int grab_enum_fmt(struct file *file, void *fh, struct v4l2_fmtdesc *f);
int grab_get_fmt(struct file *file, void *fh, struct v4l2_format *f);
int grab_try_fmt(struct file *file, void *fh, struct v4l2_format *f);
int grab_set_fmt(struct file *file, void *fh, struct v4l2_format *f);
int grab_enum_framesizes(struct file *file, void *fh, struct v4l2_frmsizeenum *f);
int grab_enum_frameintervals(struct file *file, void *fh, struct v4l2_frmivalenum *f);
int grab_get_parm(struct file *file, void *fh, struct v4l2_streamparm *p);
int grab_set_parm(struct file *file, void *fh, struct v4l2_streamparm *p);

/* controls.c */
int grab_add_controls(struct grab *grab);

/* blocks.c */
int grab_make_list(struct grab *grab, struct grab_buffer *buf);
void grab_drop_list(struct grab_buffer *buf);
void grab_fetch(struct grab_buffer *buf, u64 bytes);

/* queue.c */
int grab_init_queue(struct grab *grab, struct device *dev);
void grab_interrupt(void *data);

#endif
