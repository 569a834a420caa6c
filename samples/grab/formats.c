// SPDX-License-Identifier: GPL-2.0-only
/* What pictures the board makes: formats, sizes and rates. */
#include <linux/math64.h>

#include "driver.h"
#include "frame.h"

enum { MIN_WIDTH = 32, MAX_WIDTH = 3840, MIN_HEIGHT = 16, MAX_HEIGHT = 2160 };

static const u32 formats[] = {
	V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_XBGR32, V4L2_PIX_FMT_GREY,
};

static const struct v4l2_fract fastest = { 1, 60 }, slowest = { 10, 1 }, normal = { 1, 30 };

static bool known(u32 fourcc)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i] == fourcc)
			return true;
	return false;
}

int grab_enum_fmt(struct file *file, void *fh, struct v4l2_fmtdesc *f)
{
	if (f->index >= ARRAY_SIZE(formats))
		return -EINVAL;
	f->pixelformat = formats[f->index];
	return 0;
}

/* The nearest that the board can do. */
static void adjust(struct v4l2_pix_format *pix)
{
	bool rgb;

	if (!known(pix->pixelformat))
		pix->pixelformat = formats[0];
	v4l_bound_align_image(&pix->width, MIN_WIDTH, MAX_WIDTH, 1,
			      &pix->height, MIN_HEIGHT, MAX_HEIGHT, 0, 0);
	rgb = pix->pixelformat == V4L2_PIX_FMT_RGB24 || pix->pixelformat == V4L2_PIX_FMT_XBGR32;
	*pix = (struct v4l2_pix_format){
		.width = pix->width,
		.height = pix->height,
		.pixelformat = pix->pixelformat,
		.field = V4L2_FIELD_NONE,
		.bytesperline = pix->width * grab_depth(pix->pixelformat),
		.colorspace = V4L2_COLORSPACE_SRGB,
		.ycbcr_enc = rgb ? V4L2_YCBCR_ENC_DEFAULT : V4L2_YCBCR_ENC_601,
		.quantization = pix->pixelformat == V4L2_PIX_FMT_YUYV ?
				V4L2_QUANTIZATION_LIM_RANGE : V4L2_QUANTIZATION_FULL_RANGE,
		.xfer_func = V4L2_XFER_FUNC_SRGB,
	};
	pix->sizeimage = pix->bytesperline * pix->height;
}

void grab_default_format(struct grab *grab)
{
	grab->format = (struct v4l2_pix_format){ .width = 640, .height = 480 };
	adjust(&grab->format);
	grab->interval = normal;
}

int grab_get_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	struct grab *grab = video_drvdata(file);

	f->fmt.pix = grab->format;
	return 0;
}

int grab_try_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	adjust(&f->fmt.pix);
	return 0;
}

int grab_set_fmt(struct file *file, void *fh, struct v4l2_format *f)
{
	struct grab *grab = video_drvdata(file);

	if (vb2_is_busy(&grab->queue))
		return -EBUSY;
	adjust(&f->fmt.pix);
	grab->format = f->fmt.pix;
	return 0;
}

int grab_enum_framesizes(struct file *file, void *fh, struct v4l2_frmsizeenum *f)
{
	if (f->index || !known(f->pixel_format))
		return -EINVAL;
	f->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	f->stepwise = (struct v4l2_frmsize_stepwise){
		.min_width = MIN_WIDTH, .max_width = MAX_WIDTH, .step_width = 2,
		.min_height = MIN_HEIGHT, .max_height = MAX_HEIGHT, .step_height = 1,
	};
	return 0;
}

int grab_enum_frameintervals(struct file *file, void *fh, struct v4l2_frmivalenum *f)
{
	if (f->index || !known(f->pixel_format) || f->width % 2 ||
	    f->width < MIN_WIDTH || f->width > MAX_WIDTH ||
	    f->height < MIN_HEIGHT || f->height > MAX_HEIGHT)
		return -EINVAL;
	f->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
	f->stepwise.min = fastest;
	f->stepwise.max = slowest;
	f->stepwise.step = (struct v4l2_fract){ 1, 1 };
	return 0;
}

static u64 in_ns(const struct v4l2_fract *time)
{
	return div_u64((u64)time->numerator * NSEC_PER_SEC, time->denominator);
}

u64 grab_interval_ns(const struct grab *grab)
{
	return in_ns(&grab->interval);
}

int grab_get_parm(struct file *file, void *fh, struct v4l2_streamparm *p)
{
	struct grab *grab = video_drvdata(file);

	if (p->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	p->parm.capture = (struct v4l2_captureparm){
		.capability = V4L2_CAP_TIMEPERFRAME,
		.timeperframe = grab->interval,
		.readbuffers = 2,
	};
	return 0;
}

int grab_set_parm(struct file *file, void *fh, struct v4l2_streamparm *p)
{
	struct grab *grab = video_drvdata(file);
	struct v4l2_fract wish = p->parm.capture.timeperframe;

	if (p->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	if (vb2_is_streaming(&grab->queue))
		return -EBUSY;
	if (!wish.numerator || !wish.denominator)
		wish = normal;
	if (in_ns(&wish) < in_ns(&fastest))
		wish = fastest;
	if (in_ns(&wish) > in_ns(&slowest))
		wish = slowest;
	grab->interval = wish;
	return grab_get_parm(file, fh, p);
}
