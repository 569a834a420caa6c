/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What the board writes: a stamp in the first 32 bytes of each frame, and a picture
 * that moves, in the rest. For the kernel and for programs alike, so that everybody
 * who has a frame can say whether it is the right one, to the byte.
 */
#ifndef GRAB_FRAME_H
#define GRAB_FRAME_H

#include <linux/types.h>
#include <linux/videodev2.h>

#define GRAB_MAGIC	0x42415247	/* "GRAB" */

/**
 * struct grab_stamp - the first bytes of a frame
 * @magic: GRAB_MAGIC
 * @sequence: number of the frame since streaming began, those that were lost included
 * @time: when it was written, CLOCK_MONOTONIC, ns
 * @width: pixels
 * @height: lines
 * @fourcc: V4L2_PIX_FMT_*
 * @bytes: of the frame
 * @crc32: IEEE, as of zlib's crc32(), of all @bytes, with this field as 0
 */
struct grab_stamp {
	__le32 magic;
	__le32 sequence;
	__le64 time;
	__le16 width;
	__le16 height;
	__le32 fourcc;
	__le32 bytes;
	__le32 crc32;
};

/*
 * The picture: all colours side by side, again every 256 pixels, each line two pixels
 * further than the one above it and each frame four pixels further than the last. So
 * a line is a part of one long row of pixels, the same for all lines and frames.
 */
#define GRAB_PERIOD	256

/* Where in the row the pixel is. */
static inline unsigned int grab_phase(__u32 x, __u32 y, __u32 sequence)
{
	return (x + 2 * y + 4 * sequence) % GRAB_PERIOD;
}

struct grab_rgb {
	__u8 r, g, b;
};

static inline __u8 grab_wave(unsigned int phase)
{
	phase %= GRAB_PERIOD;
	return phase < 128 ? 2 * phase : 511 - 2 * phase;
}

/* The colour of the row at @phase. */
static inline struct grab_rgb grab_colour(unsigned int phase)
{
	return (struct grab_rgb){ grab_wave(phase), grab_wave(phase + 85), grab_wave(phase + 171) };
}

/* ITU-R BT.601, 16 to 235 and 16 to 240. */
static inline __u8 grab_y(struct grab_rgb c)
{
	return 16 + ((66 * c.r + 129 * c.g + 25 * c.b + 128) >> 8);
}

static inline __u8 grab_u(struct grab_rgb c)
{
	return (128 * 256 - 38 * c.r - 74 * c.g + 112 * c.b + 128) >> 8;
}

static inline __u8 grab_v(struct grab_rgb c)
{
	return (128 * 256 + 112 * c.r - 94 * c.g - 18 * c.b + 128) >> 8;
}

/* The luma as 0 to 255. */
static inline __u8 grab_grey(struct grab_rgb c)
{
	return (77 * c.r + 150 * c.g + 29 * c.b + 128) >> 8;
}

/* Bytes of a pixel; 0 for formats that the board does not know. */
static inline unsigned int grab_depth(__u32 fourcc)
{
	switch (fourcc) {
	case V4L2_PIX_FMT_GREY:
		return 1;
	case V4L2_PIX_FMT_YUYV:
		return 2;
	case V4L2_PIX_FMT_RGB24:
		return 3;
	case V4L2_PIX_FMT_XBGR32:
		return 4;
	}
	return 0;
}

/*
 * Writes @pixels pixels of the row from @phase on: a line of a frame with the phase
 * grab_phase(0, y, sequence). YUYV takes even numbers; the colour of two pixels is
 * that of the first.
 */
static inline void grab_row(__u8 *to, __u32 fourcc, unsigned int phase, unsigned int pixels)
{
	for (; pixels; pixels--, phase++) {
		struct grab_rgb c = grab_colour(phase);

		switch (fourcc) {
		case V4L2_PIX_FMT_GREY:
			*to++ = grab_grey(c);
			break;
		case V4L2_PIX_FMT_YUYV:
			*to++ = grab_y(c);
			*to++ = phase % 2 ? grab_v(grab_colour(phase - 1)) : grab_u(c);
			break;
		case V4L2_PIX_FMT_RGB24:
			*to++ = c.r;
			*to++ = c.g;
			*to++ = c.b;
			break;
		case V4L2_PIX_FMT_XBGR32:
			*to++ = c.b;
			*to++ = c.g;
			*to++ = c.r;
			*to++ = 0;
			break;
		}
	}
}

#endif
