/* SPDX-License-Identifier: GPL-2.0-only */
/* What pixels look like, to the device, the X server and FFmpeg; and pictures of them. */
#ifndef GRAB_PICTURE_H
#define GRAB_PICTURE_H

#include <stdint.h>
#include <linux/videodev2.h>
#include <libavutil/pixfmt.h>

struct pixel_format {
	uint32_t fourcc;		/* V4L2_PIX_FMT_* */
	enum AVPixelFormat av;
	unsigned int bits;		/* of a pixel */
	uint32_t red, green, blue;	/* in a little-endian word; 0: it is not of this kind */
};

/* NULL: not known. */
const struct pixel_format *pixels_of(uint32_t fourcc);
const struct pixel_format *pixels_like(unsigned int bits, uint32_t red, uint32_t green,
				       uint32_t blue);

struct SwsContext;

/* From frames of a device to pixels; to be given back by sws_freeContext(). */
struct SwsContext *picture_converter(const struct v4l2_pix_format *from, enum AVPixelFormat to);
void picture_convert(struct SwsContext *sws, const struct v4l2_pix_format *from, const void *frame,
		     void *pixels, unsigned int stride);

/* Writes a PNG file; ends the program where that fails. */
void picture_save(const char *path, const struct v4l2_pix_format *from, const void *frame);

#endif
