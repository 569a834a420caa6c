/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A V4L2 capture device and its buffers. What fails ends the program with a sentence
 * that says why, but for a device that went away, which a program must expect.
 */
#ifndef GRAB_CAPTURE_H
#define GRAB_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/videodev2.h>

struct capture {
	int fd;
	const char *path;
	struct v4l2_pix_format format;
	uint32_t memory;		/* V4L2_MEMORY_MMAP or _USERPTR */
	unsigned int nr;
	unsigned int queued;		/* buffers that the device has */
	void *mem[VIDEO_MAX_FRAME];	/* NULL: not mapped */
	size_t length[VIDEO_MAX_FRAME];
};

struct capture_frame {
	unsigned int index;		/* of its buffer */
	uint32_t sequence;
	bool bad;			/* not a whole frame */
};

enum capture_result { CAPTURE_FRAME, CAPTURE_NONE, CAPTURE_GONE };

void capture_open(struct capture *c, const char *path);

/* Each as asked or not at all; 0 leaves it as it is. */
void capture_set_format(struct capture *c, unsigned int width, unsigned int height,
			uint32_t fourcc);
/* Whether it has the format. */
bool capture_knows(const struct capture *c, uint32_t fourcc);
/* Frames a second; returns what it is now. */
double capture_set_rate(const struct capture *c, double rate);

/* Buffers of the driver (mmap), or places for the program's own; at least 2. */
void capture_request(struct capture *c, uint32_t memory, unsigned int nr);
/* A buffer of the driver in this program's memory. */
const void *capture_map(struct capture *c, unsigned int index);
/* A dma-buf of it that can only be read; the caller closes it. */
int capture_export(const struct capture *c, unsigned int index);
/* A buffer of the program's own memory, for the device to write. */
void capture_give(struct capture *c, unsigned int index, void *mem, size_t length);

/* Gives a buffer to the device; false: it is gone. */
bool capture_queue(struct capture *c, unsigned int index);
void capture_start(const struct capture *c);
/* All buffers are the program's again. */
void capture_stop(struct capture *c);
/* The next frame, if there is one. Its buffer is the program's until it is queued. */
enum capture_result capture_next(struct capture *c, struct capture_frame *frame);

#endif
