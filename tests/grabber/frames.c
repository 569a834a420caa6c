// SPDX-License-Identifier: GPL-2.0-only
/* Frames: where their memory comes from, and what must be in it. */
#include <endian.h>
#include <sys/shm.h>
#include <zlib.h>

#include "dmabuf.h"
#include "grabber.h"

const char *const source_names[SOURCES] = {
	"mmap", "user pointer, anonymous", "user pointer, shared memory", "user pointer, lent",
	"dma-buf of lend", "dma-buf of another board",
};

/* --- memory */

static const uint32_t memory_of[SOURCES] = {
	V4L2_MEMORY_MMAP, V4L2_MEMORY_USERPTR, V4L2_MEMORY_USERPTR, V4L2_MEMORY_USERPTR,
	V4L2_MEMORY_DMABUF, V4L2_MEMORY_DMABUF,
};

static char *map_queue(int fd, unsigned int index, size_t length)
{
	struct v4l2_buffer buf = {
		.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
	};

	must(ioctl(fd, VIDIOC_QUERYBUF, &buf));
	check(buf.length == length);
	return must(mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, buf.m.offset));
}

static char *attach_segment(size_t length)
{
	int id = must(shmget(IPC_PRIVATE, length, IPC_CREAT | 0600));
	char *mem = must(shmat(id, NULL, 0));

	must(shmctl(id, IPC_RMID, NULL));
	return mem;
}

static int export_queue(int fd, unsigned int index)
{
	struct v4l2_exportbuffer export = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .index = index, .flags = O_RDWR | O_CLOEXEC,
	};

	must(ioctl(fd, VIDIOC_EXPBUF, &export));
	return export.fd;
}

static void provide(struct stream *s, enum source source, unsigned int i)
{
	size_t room = s->length + s->shift;
	int fd;

	s->dmabuf[i] = -1;
	switch (source) {
	case BY_MMAP:
		s->mem[i] = map_queue(s->fd, i, s->length);
		break;
	case BY_ANON:
		s->mem[i] = must(mmap(NULL, room, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + s->shift;
		break;
	case BY_SHM:
		s->mem[i] = attach_segment(s->length);
		break;
	case BY_LENT:
		fd = make_buffer(s->length, backings[i % 4], 0);
		s->mem[i] = map_buffer(fd, s->length);
		close(fd);
		break;
	case BY_DMABUF:
		fd = make_buffer(s->length, backings[i % 4], 0);
		s->dmabuf[i] = make_dmabuf(fd);
		s->mem[i] = map_buffer(fd, s->length);
		close(fd);
		break;
	case BY_BOARD:
		s->dmabuf[i] = export_queue(s->other, i);
		s->mem[i] = map_buffer(s->dmabuf[i], s->length);
		break;
	default:
		failed("no such source");
	}
}

static int other_board(const struct v4l2_pix_format *pix, unsigned int count)
{
	int fd = open_board(1);
	struct v4l2_format format;

	must(try_format(fd, pix->pixelformat, pix->width, pix->height, &format));
	must(request(fd, V4L2_MEMORY_MMAP, &count));
	return fd;
}

struct stream open_stream(enum source source, uint32_t fourcc, uint32_t width, uint32_t height,
			  unsigned int count)
{
	struct stream s = {
		.fd = open_board(0), .memory = memory_of[source], .count = count, .other = -1,
		.shift = source == BY_ANON ? 1004 : 0,
	};
	struct v4l2_format format;

	must(try_format(s.fd, fourcc, width, height, &format));
	s.pix = format.fmt.pix;
	s.length = s.pix.sizeimage;
	set_control(s.fd, GRAB_CID_FREE_RUNNING, 1);
	must(request(s.fd, s.memory, &s.count));
	check(s.count == count);
	if (source == BY_BOARD)
		s.other = other_board(&s.pix, count);
	for (unsigned int i = 0; i < count; i++)
		provide(&s, source, i);
	return s;
}

void close_stream(struct stream *s)
{
	for (unsigned int i = 0; i < s->count; i++) {
		if (!s->mem[i])
			continue;
		/* One of them is right. */
		if (shmdt(s->mem[i]))
			must(munmap(s->mem[i] - s->shift, s->length + s->shift));
		if (s->dmabuf[i] >= 0)
			close(s->dmabuf[i]);
	}
	close(s->fd);
	if (s->other >= 0)
		close(s->other);
}

/* --- what is in it */

static uint32_t crc_of(const unsigned char *frame, size_t size)
{
	const size_t at = offsetof(struct grab_stamp, crc32);
	static const unsigned char zero[4];
	uLong crc = crc32(crc32(crc32(0, NULL, 0), frame, at), zero, sizeof(zero));

	return crc32(crc, frame + at + sizeof(zero), size - at - sizeof(zero));
}

/* All but the stamp, line by line. */
static bool shows(const unsigned char *frame, const struct v4l2_pix_format *pix, uint32_t sequence)
{
	unsigned int depth = grab_depth(pix->pixelformat);
	static unsigned char row[(3840 + GRAB_PERIOD) * 4];
	static uint32_t row_is;
	size_t skip = sizeof(struct grab_stamp);

	if (row_is != pix->pixelformat)
		grab_row(row, pix->pixelformat, 0, 3840 + GRAB_PERIOD);
	row_is = pix->pixelformat;
	for (uint32_t y = 0; y < pix->height; y++, skip = 0) {
		const unsigned char *line = row + grab_phase(0, y, sequence) * depth;

		if (memcmp(frame + y * pix->bytesperline + skip, line + skip,
			   pix->width * depth - skip))
			return false;
	}
	return true;
}

uint32_t check_frame(const void *frame, const struct v4l2_pix_format *pix)
{
	struct grab_stamp stamp;

	memcpy(&stamp, frame, sizeof(stamp));
	check(le32toh(stamp.magic) == GRAB_MAGIC);
	check(le16toh(stamp.width) == pix->width);
	check(le16toh(stamp.height) == pix->height);
	check(le32toh(stamp.fourcc) == pix->pixelformat);
	check(le32toh(stamp.bytes) == pix->sizeimage);
	check(le32toh(stamp.crc32) == crc_of(frame, pix->sizeimage));
	check(shows(frame, pix, le32toh(stamp.sequence)));
	return le32toh(stamp.sequence);
}

void check_buffer(const struct stream *s, const struct v4l2_buffer *buf)
{
	const char *frame = s->mem[buf->index];
	struct grab_stamp stamp;
	uint64_t time = (uint64_t)buf->timestamp.tv_sec * 1000000 + buf->timestamp.tv_usec;

	check(!(buf->flags & V4L2_BUF_FLAG_ERROR));
	check(buf->bytesused == s->pix.sizeimage);
	check(check_frame(frame, &s->pix) == buf->sequence);
	memcpy(&stamp, frame, sizeof(stamp));
	check(le64toh(stamp.time) / 1000 == time);
}

unsigned int next_frame(struct stream *s)
{
	struct v4l2_buffer buf = dequeue(s);

	check(buf.sequence == s->next++);
	check_buffer(s, &buf);
	return buf.index;
}
