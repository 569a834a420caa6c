// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <stddef.h>
#include <stdlib.h>
#include <libavutil/mem.h>
#include <libswscale/swscale.h>
#include <png.h>

#include "picture.h"

/* Where there are several names of the same pixels, the one with the fewest surprises first. */
static const struct pixel_format formats[] = {
	{ V4L2_PIX_FMT_XBGR32, AV_PIX_FMT_BGR0, 32, 0xff0000, 0xff00, 0xff },
	{ V4L2_PIX_FMT_ABGR32, AV_PIX_FMT_BGR0, 32, 0xff0000, 0xff00, 0xff },
	{ V4L2_PIX_FMT_BGR32, AV_PIX_FMT_BGR0, 32, 0xff0000, 0xff00, 0xff },
	{ V4L2_PIX_FMT_RGBX32, AV_PIX_FMT_RGB0, 32, 0xff, 0xff00, 0xff0000 },
	{ V4L2_PIX_FMT_RGBA32, AV_PIX_FMT_RGB0, 32, 0xff, 0xff00, 0xff0000 },
	{ V4L2_PIX_FMT_XRGB32, AV_PIX_FMT_0RGB, 32, 0xff00, 0xff0000, 0xff000000 },
	{ V4L2_PIX_FMT_ARGB32, AV_PIX_FMT_0RGB, 32, 0xff00, 0xff0000, 0xff000000 },
	{ V4L2_PIX_FMT_RGB32, AV_PIX_FMT_0RGB, 32, 0xff00, 0xff0000, 0xff000000 },
	{ V4L2_PIX_FMT_BGR24, AV_PIX_FMT_BGR24, 24, 0xff0000, 0xff00, 0xff },
	{ V4L2_PIX_FMT_RGB24, AV_PIX_FMT_RGB24, 24, 0xff, 0xff00, 0xff0000 },
	{ V4L2_PIX_FMT_RGB565, AV_PIX_FMT_RGB565LE, 16, 0xf800, 0x7e0, 0x1f },
	{ V4L2_PIX_FMT_RGB565X, AV_PIX_FMT_RGB565BE, 16, 0xf8, 0xe007, 0x1f00 },
	{ V4L2_PIX_FMT_XRGB555, AV_PIX_FMT_RGB555LE, 16, 0x7c00, 0x3e0, 0x1f },
	{ V4L2_PIX_FMT_YUYV, AV_PIX_FMT_YUYV422, 16 },
	{ V4L2_PIX_FMT_UYVY, AV_PIX_FMT_UYVY422, 16 },
	{ V4L2_PIX_FMT_YVYU, AV_PIX_FMT_YVYU422, 16 },
	{ V4L2_PIX_FMT_GREY, AV_PIX_FMT_GRAY8, 8 },
};

#define NR_FORMATS	(sizeof(formats) / sizeof(formats[0]))

const struct pixel_format *pixels_of(uint32_t fourcc)
{
	for (const struct pixel_format *p = formats; p < formats + NR_FORMATS; p++)
		if (p->fourcc == fourcc)
			return p;
	return NULL;
}

const struct pixel_format *pixels_like(unsigned int bits, uint32_t red, uint32_t green,
				       uint32_t blue)
{
	for (const struct pixel_format *p = formats; p < formats + NR_FORMATS; p++)
		if (p->bits == bits && p->red == red && p->green == green && p->blue == blue)
			return p;
	return NULL;
}

struct SwsContext *picture_converter(const struct v4l2_pix_format *from, enum AVPixelFormat to)
{
	struct SwsContext *sws = sws_getContext(from->width, from->height,
						pixels_of(from->pixelformat)->av,
						from->width, from->height, to,
						SWS_POINT | SWS_ACCURATE_RND, NULL, NULL, NULL);

	if (!sws)
		errx(1, "libswscale cannot convert %.4s of %ux%u",
		     (const char *)&from->pixelformat, from->width, from->height);
	return sws;
}

void picture_convert(struct SwsContext *sws, const struct v4l2_pix_format *from, const void *frame,
		     void *pixels, unsigned int stride)
{
	sws_scale(sws, (const uint8_t *const[]){ frame, NULL, NULL, NULL },
		  (const int[]){ from->bytesperline, 0, 0, 0 }, 0, from->height,
		  (uint8_t *const[]){ pixels, NULL, NULL, NULL }, (const int[]){ stride, 0, 0, 0 });
}

void picture_save(const char *path, const struct v4l2_pix_format *from, const void *frame)
{
	struct SwsContext *sws = picture_converter(from, AV_PIX_FMT_RGB24);
	png_image image = {
		.version = PNG_IMAGE_VERSION, .width = from->width, .height = from->height,
		.format = PNG_FORMAT_RGB,
	};
	/* libswscale writes whole vectors. */
	unsigned int stride = (from->width * 3 + 63) / 64 * 64;
	void *pixels = av_malloc((size_t)stride * from->height + 64);

	if (!pixels)
		errx(1, "%s: no memory for a picture of %ux%u", path, from->width, from->height);
	picture_convert(sws, from, frame, pixels, stride);
	if (!png_image_write_to_file(&image, path, 0, pixels, stride, NULL))
		errx(1, "%s: %s", path, image.message);
	av_free(pixels);
	sws_freeContext(sws);
}
