/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boards of samples/grab, by plain system calls: where frames go, and whether they
 * are what the board should have written.
 */
#ifndef LEND_TESTS_GRABBER_H
#define LEND_TESTS_GRABBER_H

#include "../../samples/grab/controls.h"
#include "../../samples/grab/frame.h"
#include "kernel.h"
#include "system.h"

#define BOARDS	2
#define MOST	64		/* buffers of a stream */

/* Around a group: the driver loaded, and gone again. */
int load_grab(void **state);
int load_reaching(unsigned int bits);
int unload_grab(void **state);
/* "pages", "folios" or "contig": of buffers that a queue makes from now on. */
void set_memory(const char *name);
/* "sg", "contig" or "vaddr": how the board gets at them. */
void set_style(const char *name);

/* Of board number @board; -1 where there is none. */
int try_board(unsigned int board, int flags);
int open_board(unsigned int board);
void set_control(int fd, uint32_t id, int32_t value);
int32_t get_control(int fd, uint32_t id);
/* What the driver makes of it; -1 where it is refused. */
int try_format(int fd, uint32_t fourcc, uint32_t width, uint32_t height, struct v4l2_format *got);
void set_rate(int fd, uint32_t frames, uint32_t seconds);

/* Whose memory the frames are written to. */
enum source {
	BY_MMAP,		/* the driver's */
	BY_ANON,		/* the program's, by user pointer: anonymous, */
	BY_SHM,			/* System V shared memory, */
	BY_LENT,		/* a mapped file of lend */
	BY_DMABUF,		/* one of lend's, exported; ours is mapped */
	BY_BOARD,		/* of another board's queue, by VIDIOC_EXPBUF */
	SOURCES
};

extern const char *const source_names[SOURCES];
extern const char *const memory_names[3];

/**
 * struct stream - a board that is captured from
 * @fd: the board
 * @memory: V4L2_MEMORY_*
 * @pix: its format
 * @count: buffers
 * @length: bytes of each
 * @mem: where we see them
 * @dmabuf: for V4L2_MEMORY_DMABUF
 * @other: the board that they belong to, or -1
 * @shift: where in a page user pointers begin
 * @next: the sequence number that comes next
 */
struct stream {
	int fd;
	uint32_t memory;
	struct v4l2_pix_format pix;
	unsigned int count;
	size_t length;
	char *mem[MOST];
	int dmabuf[MOST];
	int other;
	size_t shift;
	uint32_t next;
};

/* A board with buffers, none of which is queued; frames come as fast as there are buffers. */
struct stream open_stream(enum source source, uint32_t fourcc, uint32_t width, uint32_t height,
			  unsigned int count);
void close_stream(struct stream *s);

/* -1 and errno, as the ioctls. */
int queue(const struct stream *s, unsigned int index);
int queue_at(const struct stream *s, unsigned int index, const void *mem, size_t length);
int queue_dmabuf(const struct stream *s, unsigned int index, int dmabuf, size_t length);
int turn(const struct stream *s, bool on);
int request(int fd, uint32_t memory, unsigned int *count);

/* All are queued, and the board runs. */
void start(struct stream *s);
/* Waits for it. */
struct v4l2_buffer dequeue(const struct stream *s);

/* A frame that is whole and right; fails the test otherwise. Its sequence number. */
uint32_t check_frame(const void *frame, const struct v4l2_pix_format *pix);
/* The same of a buffer just dequeued, and it fits the buffer's. */
void check_buffer(const struct stream *s, const struct v4l2_buffer *buf);
/* The next one, which comes without a loss; its index. */
unsigned int next_frame(struct stream *s);

#endif
