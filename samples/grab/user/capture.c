// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "capture.h"

#define TYPE	V4L2_BUF_TYPE_VIDEO_CAPTURE

static int request(const struct capture *c, unsigned long number, void *arg)
{
	int ret;

	do {
		ret = ioctl(c->fd, number, arg);
	} while (ret && errno == EINTR);
	return ret;
}

/* Whatever it says: while it is taken away that may be something else for a moment. */
static bool gone(const struct capture *c)
{
	struct v4l2_capability cap;
	int said = errno;
	bool is = said == ENODEV || (request(c, VIDIOC_QUERYCAP, &cap) && errno == ENODEV);

	errno = said;
	return is;
}

__attribute__((noreturn))
static void busy(const struct capture *c)
{
	errx(1, "%s is in use by another program: end that one first (fuser -v %s)", c->path,
	     c->path);
}

void capture_open(struct capture *c, const char *path)
{
	struct v4l2_capability cap;

	*c = (struct capture){ .path = path };
	c->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (c->fd < 0)
		err(1, errno == ENOENT ? "%s (v4l2-ctl --list-devices names those there are)" :
		    "%s", path);
	if (request(c, VIDIOC_QUERYCAP, &cap))
		errx(1, "%s is not a video device", path);
	if (!(cap.device_caps & V4L2_CAP_VIDEO_CAPTURE) ||
	    !(cap.device_caps & V4L2_CAP_STREAMING))
		errx(1, "%s (%s) does not capture: give another --device", path, cap.card);
	c->format.pixelformat = 0;
}

static struct v4l2_format format_now(const struct capture *c)
{
	struct v4l2_format format = { .type = TYPE };

	if (request(c, VIDIOC_G_FMT, &format))
		err(1, "%s: the format (VIDIOC_G_FMT)", c->path);
	return format;
}

/* "YUYV, GREY"; static buffer. */
static const char *known_formats(const struct capture *c)
{
	struct v4l2_fmtdesc desc = { .type = TYPE };
	static char names[1024];
	size_t at = 0;

	names[0] = 0;
	for (; !request(c, VIDIOC_ENUM_FMT, &desc) && at < sizeof(names) - 8; desc.index++)
		/* The highest bit is of no character. */
		if (!(desc.pixelformat >> 31))
			at += snprintf(names + at, sizeof(names) - at, "%s%.4s", at ? ", " : "",
				       (const char *)&desc.pixelformat);
	return names;
}

bool capture_knows(const struct capture *c, uint32_t fourcc)
{
	struct v4l2_fmtdesc desc = { .type = TYPE };

	for (; !request(c, VIDIOC_ENUM_FMT, &desc); desc.index++)
		if (desc.pixelformat == fourcc)
			return true;
	return false;
}

void capture_set_format(struct capture *c, unsigned int width, unsigned int height,
			uint32_t fourcc)
{
	struct v4l2_format format = format_now(c);
	struct v4l2_pix_format *pix = &format.fmt.pix;

	if (fourcc && !capture_knows(c, fourcc))
		errx(1, "%s has no format %.4s; it has %s", c->path, (const char *)&fourcc,
		     known_formats(c));
	if (width || fourcc) {
		pix->width = width ? width : pix->width;
		pix->height = height ? height : pix->height;
		pix->pixelformat = fourcc ? fourcc : pix->pixelformat;
		pix->field = V4L2_FIELD_NONE;
		pix->bytesperline = 0;
		pix->sizeimage = 0;
		if (request(c, VIDIOC_S_FMT, &format)) {
			if (errno == EBUSY)
				busy(c);
			err(1, "%s: %ux%u %.4s", c->path, width, height, (const char *)&fourcc);
		}
	}
	if (width && (pix->width != width || pix->height != height))
		errx(1, "%s cannot have %ux%u; the nearest size is %ux%u", c->path, width, height,
		     pix->width, pix->height);
	c->format = *pix;
}

double capture_set_rate(const struct capture *c, double rate)
{
	struct v4l2_streamparm parm = { .type = TYPE };
	struct v4l2_fract *time = &parm.parm.capture.timeperframe;

	*time = (struct v4l2_fract){ 1000, rate * 1000 };
	if (request(c, VIDIOC_S_PARM, &parm) ||
	    !(parm.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) || !time->numerator)
		errx(1, "%s has no adjustable rate: leave --rate away", c->path);
	return (double)time->denominator / time->numerator;
}

void capture_request(struct capture *c, uint32_t memory, unsigned int nr)
{
	struct v4l2_requestbuffers req = { .count = nr, .type = TYPE, .memory = memory };

	if (request(c, VIDIOC_REQBUFS, &req)) {
		if (errno == EBUSY)
			busy(c);
		if (errno == EINVAL)
			errx(1, "%s does not do %s: try another --path", c->path,
			     memory == V4L2_MEMORY_MMAP ? "mmap" : "user pointers");
		err(1, "%s: %u buffers of %u bytes", c->path, nr, c->format.sizeimage);
	}
	if (req.count < 2)
		errx(1, "%s has memory for %u buffers, and it takes 2", c->path, req.count);
	c->memory = memory;
	c->nr = req.count < VIDEO_MAX_FRAME ? req.count : VIDEO_MAX_FRAME;
}

const void *capture_map(struct capture *c, unsigned int index)
{
	struct v4l2_buffer buf = { .index = index, .type = TYPE, .memory = c->memory };
	void *mem;

	if (c->mem[index])
		return c->mem[index];
	if (request(c, VIDIOC_QUERYBUF, &buf))
		err(1, "%s: buffer %u (VIDIOC_QUERYBUF)", c->path, index);
	mem = mmap(NULL, buf.length, PROT_READ, MAP_SHARED, c->fd, buf.m.offset);
	if (mem == MAP_FAILED)
		err(1, "%s: mmap of buffer %u, %u bytes", c->path, index, buf.length);
	c->length[index] = buf.length;
	return c->mem[index] = mem;
}

int capture_export(const struct capture *c, unsigned int index)
{
	struct v4l2_exportbuffer ask = {
		.type = TYPE, .index = index, .flags = O_RDONLY | O_CLOEXEC,
	};

	if (request(c, VIDIOC_EXPBUF, &ask))
		err(1, "%s gives no descriptor of a buffer (VIDIOC_EXPBUF): try --path shm",
		    c->path);
	return ask.fd;
}

void capture_give(struct capture *c, unsigned int index, void *mem, size_t length)
{
	c->mem[index] = mem;
	c->length[index] = length;
}

bool capture_queue(struct capture *c, unsigned int index)
{
	struct v4l2_buffer buf = {
		.index = index, .type = TYPE, .memory = c->memory, .field = V4L2_FIELD_NONE,
	};

	if (c->memory == V4L2_MEMORY_USERPTR) {
		buf.m.userptr = (uintptr_t)c->mem[index];
		buf.length = c->length[index];
	}
	if (request(c, VIDIOC_QBUF, &buf)) {
		if (gone(c))
			return false;
		err(1, "%s does not take buffer %u (VIDIOC_QBUF)", c->path, index);
	}
	c->queued++;
	return true;
}

void capture_start(const struct capture *c)
{
	if (request(c, VIDIOC_STREAMON, &(int){ TYPE }))
		err(1, "%s does not begin to capture (VIDIOC_STREAMON)", c->path);
}

void capture_stop(struct capture *c)
{
	/* A device that is gone has stopped. */
	if (request(c, VIDIOC_STREAMOFF, &(int){ TYPE }) && !gone(c))
		err(1, "%s does not end to capture (VIDIOC_STREAMOFF)", c->path);
	c->queued = 0;
}

enum capture_result capture_next(struct capture *c, struct capture_frame *frame)
{
	struct v4l2_buffer buf = { .type = TYPE, .memory = c->memory };

	if (request(c, VIDIOC_DQBUF, &buf)) {
		if (errno == EAGAIN)
			return CAPTURE_NONE;
		if (gone(c))
			return CAPTURE_GONE;
		err(1, "%s has failed (VIDIOC_DQBUF)", c->path);
	}
	c->queued--;
	*frame = (struct capture_frame){
		.index = buf.index, .sequence = buf.sequence,
		.bad = buf.flags & V4L2_BUF_FLAG_ERROR || buf.bytesused < c->format.sizeimage,
	};
	return CAPTURE_FRAME;
}
