// SPDX-License-Identifier: GPL-2.0-only
/* The device, from probe to the last of its users. */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <media/v4l2-event.h>

#include "driver.h"

static int querycap(struct file *file, void *fh, struct v4l2_capability *cap)
{
	strscpy(cap->driver, "grab", sizeof(cap->driver));
	strscpy(cap->card, "Frame grabber of lend", sizeof(cap->card));
	/* Before Linux 5.18 nobody else fills it in. */
	snprintf(cap->bus_info, sizeof(cap->bus_info), "platform:%s",
		 dev_name(video_devdata(file)->v4l2_dev->dev));
	return 0;
}

static int enum_input(struct file *file, void *fh, struct v4l2_input *input)
{
	if (input->index)
		return -EINVAL;
	input->type = V4L2_INPUT_TYPE_CAMERA;
	strscpy(input->name, "Test picture", sizeof(input->name));
	return 0;
}

static int get_input(struct file *file, void *fh, unsigned int *input)
{
	*input = 0;
	return 0;
}

static int set_input(struct file *file, void *fh, unsigned int input)
{
	return input ? -EINVAL : 0;
}

static const struct v4l2_ioctl_ops ioctl_ops = {
	.vidioc_querycap = querycap,
	.vidioc_enum_fmt_vid_cap = grab_enum_fmt,
	.vidioc_g_fmt_vid_cap = grab_get_fmt,
	.vidioc_try_fmt_vid_cap = grab_try_fmt,
	.vidioc_s_fmt_vid_cap = grab_set_fmt,
	.vidioc_enum_framesizes = grab_enum_framesizes,
	.vidioc_enum_frameintervals = grab_enum_frameintervals,
	.vidioc_g_parm = grab_get_parm,
	.vidioc_s_parm = grab_set_parm,
	.vidioc_enum_input = enum_input,
	.vidioc_g_input = get_input,
	.vidioc_s_input = set_input,
	.vidioc_reqbufs = vb2_ioctl_reqbufs,
	.vidioc_create_bufs = vb2_ioctl_create_bufs,
	.vidioc_prepare_buf = vb2_ioctl_prepare_buf,
	.vidioc_querybuf = vb2_ioctl_querybuf,
	.vidioc_qbuf = vb2_ioctl_qbuf,
	.vidioc_dqbuf = vb2_ioctl_dqbuf,
	.vidioc_expbuf = vb2_ioctl_expbuf,
	.vidioc_streamon = vb2_ioctl_streamon,
	.vidioc_streamoff = vb2_ioctl_streamoff,
	.vidioc_log_status = v4l2_ctrl_log_status,
	.vidioc_subscribe_event = v4l2_ctrl_subscribe_event,
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,
};

static const struct v4l2_file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = v4l2_fh_open,
	.release = vb2_fop_release,
	.unlocked_ioctl = video_ioctl2,
	.read = vb2_fop_read,
	.mmap = vb2_fop_mmap,
	.poll = vb2_fop_poll,
};

/* The device is gone, and nobody has it open any more. */
static void free_grab(struct v4l2_device *v4l2)
{
	struct grab *grab = container_of(v4l2, struct grab, v4l2);

	v4l2_ctrl_handler_free(&grab->controls);
	if (!IS_ERR_OR_NULL(grab->board))
		board_pull_out(grab->board);
	kfree(grab);
}

static void put_v4l2(void *data)
{
	struct grab *grab = data;

	/* Whoever asked before it was unregistered what the device is called has the answer. */
	mutex_lock(&grab->lock);
	v4l2_device_disconnect(&grab->v4l2);
	mutex_unlock(&grab->lock);
	v4l2_device_put(&grab->v4l2);
}

/* Whoever streams is stopped. Frames that are mapped stay as long as they are. */
static void unregister(void *data)
{
	vb2_video_unregister_device(&((struct grab *)data)->video);
}

static int set_up(struct grab *grab, struct device *dev)
{
	struct video_device *video = &grab->video;
	int err;

	grab->board = board_plug_in(grab_interrupt, grab);
	err = PTR_ERR_OR_ZERO(grab->board);
	if (!err)
		err = grab_add_controls(grab);
	if (!err)
		err = grab_init_queue(grab, dev);
	if (err)
		return err;
	grab_default_format(grab);
	strscpy(video->name, "grab", sizeof(video->name));
	video->release = video_device_release_empty;
	video->fops = &file_ops;
	video->ioctl_ops = &ioctl_ops;
	video->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_READWRITE | V4L2_CAP_STREAMING;
	video->lock = &grab->lock;
	video->queue = &grab->queue;
	video->v4l2_dev = &grab->v4l2;
	video_set_drvdata(video, grab);
	return video_register_device(video, VFL_TYPE_VIDEO, -1);
}

/* A board of its time reached 32 bits of addresses; some do today. */
static unsigned int reach = 64;
module_param(reach, uint, 0444);
MODULE_PARM_DESC(reach, "address bits of the boards (24 to 64, default 64)");

static int probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct grab *grab;
	int err;

	err = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(reach));
	if (err)
		return err;
	/* One block may be as long as it likes. */
	dma_set_max_seg_size(dev, UINT_MAX);

	grab = kzalloc(sizeof(*grab), GFP_KERNEL);
	if (!grab)
		return -ENOMEM;
	mutex_init(&grab->lock);
	err = v4l2_device_register(dev, &grab->v4l2);
	if (err) {
		kfree(grab);
		return err;
	}
	grab->v4l2.release = free_grab;
	err = devm_add_action_or_reset(dev, put_v4l2, grab);
	if (!err)
		err = set_up(grab, dev);
	return err ? err : devm_add_action_or_reset(dev, unregister, grab);
}

static struct platform_driver driver = {
	.driver.name = "grab",
	.probe = probe,
};

static struct platform_device *boards[8];

static unsigned int nr_boards = 1;
module_param_named(boards, nr_boards, uint, 0444);
MODULE_PARM_DESC(boards, "how many there are (1 to 8, default 1)");

static void grab_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(boards); i++)
		platform_device_unregister(boards[i]);
	platform_driver_unregister(&driver);
}

static int __init grab_init(void)
{
	unsigned int i;
	int err;

	if (!nr_boards || nr_boards > ARRAY_SIZE(boards) || reach < 24 || reach > 64)
		return -EINVAL;
	err = platform_driver_register(&driver);
	for (i = 0; !err && i < nr_boards; i++) {
		boards[i] = platform_device_register_simple("grab", i, NULL, 0);
		err = PTR_ERR_OR_ZERO(boards[i]);
	}
	if (err && i) {
		boards[i - 1] = NULL;
		grab_exit();
	}
	return err;
}

module_init(grab_init);
module_exit(grab_exit);
MODULE_DESCRIPTION("A frame grabber, with a model of its board");
MODULE_LICENSE("GPL");
