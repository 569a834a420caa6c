/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's virtual video driver: two devices, each with a capture node that
 * gives a still test picture and an output node that can be looped to it. The
 * first takes any memory, the second asks for frames in one physical run.
 */
#ifndef LEND_TESTS_VIVID_H
#define LEND_TESTS_VIVID_H

#include <linux/videodev2.h>

#include "common.h"

enum { ANY_MEMORY, ONE_RUN, NR_DEVICES };

#define WIDTH	640
#define HEIGHT	480
#define FRAME	(WIDTH * HEIGHT * 2UL)	/* YUYV */

/* A node of it, and the buffers it is given. */
struct video {
	int fd;
	uint32_t type;		/* V4L2_BUF_TYPE_VIDEO_CAPTURE or _OUTPUT */
	uint32_t memory;	/* V4L2_MEMORY_* */
};

void vivid_load(void);
void vivid_unload(void);

struct video video_open(int device, uint32_t type, uint32_t memory);

/* Capture shows what is put out while output streams, instead of the test picture. */
void video_loop(int device, bool on);

/* -1 and errno as the ioctls say. */
int video_request(const struct video *v, unsigned int count);
int video_queue(const struct video *v, unsigned int index, void *mem);
int video_queue_dmabuf(const struct video *v, unsigned int index, int fd);
int video_stream(const struct video *v, bool on);

/* The index of the next one done; a whole frame, without error. */
unsigned int video_dequeue(const struct video *v);

/* A frame that the device makes from now on, by read(). */
void video_look(int device, void *frame);

#endif
