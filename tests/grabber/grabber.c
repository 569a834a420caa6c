// SPDX-License-Identifier: GPL-2.0-only
#include <glob.h>
#include <sys/syscall.h>

#include "grabber.h"

const char *const memory_names[3] = { "pages", "folios", "contig" };

int load_reaching(unsigned int bits)
{
	const char *dir = getenv("LEND_MODULES");

	/* Of a group that failed. */
	shell("rmmod grab lend-vb2 2>/dev/null");
	check(!shell("modprobe -a videodev videobuf2-v4l2"));
	load_module("lend-vb2");
	return shell("insmod %s/grab.ko boards=%d reach=%u", dir ? dir : ".", BOARDS, bits);
}

int load_grab(void **state)
{
	(void)state;
	check(!load_reaching(64));
	return 0;
}

int unload_grab(void **state)
{
	(void)state;
	unload_module("grab");
	unload_module("lend_vb2");
	return 0;
}

void set_memory(const char *name)
{
	write_text("/sys/module/grab/parameters/memory", name);
}

void set_style(const char *name)
{
	write_text("/sys/module/grab/parameters/style", name);
}

int try_board(unsigned int board, int flags)
{
	char pattern[64], path[300];
	glob_t found;
	int fd = -1;

	snprintf(pattern, sizeof(pattern), "/sys/bus/platform/devices/grab.%u/video4linux/video*",
		 board);
	if (glob(pattern, 0, NULL, &found)) {
		errno = ENODEV;
		return -1;
	}
	snprintf(path, sizeof(path), "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	fd = open(path, O_RDWR | O_CLOEXEC | flags);
	return fd;
}

int open_board(unsigned int board)
{
	return must(try_board(board, 0));
}

void set_control(int fd, uint32_t id, int32_t value)
{
	must(ioctl(fd, VIDIOC_S_CTRL, &(struct v4l2_control){ .id = id, .value = value }));
}

int32_t get_control(int fd, uint32_t id)
{
	struct v4l2_control control = { .id = id };

	must(ioctl(fd, VIDIOC_G_CTRL, &control));
	return control.value;
}

int try_format(int fd, uint32_t fourcc, uint32_t width, uint32_t height, struct v4l2_format *got)
{
	*got = (struct v4l2_format){
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = { .width = width, .height = height, .pixelformat = fourcc },
	};
	return ioctl(fd, VIDIOC_S_FMT, got);
}

void set_rate(int fd, uint32_t frames, uint32_t seconds)
{
	struct v4l2_streamparm parm = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.parm.capture.timeperframe = { seconds, frames },
	};

	must(ioctl(fd, VIDIOC_S_PARM, &parm));
	check(parm.parm.capture.timeperframe.numerator * frames ==
	      parm.parm.capture.timeperframe.denominator * seconds);
}

int request(int fd, uint32_t memory, unsigned int *count)
{
	struct v4l2_requestbuffers req = {
		.count = *count, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = memory,
	};
	int err = ioctl(fd, VIDIOC_REQBUFS, &req);

	*count = req.count;
	return err;
}

static struct v4l2_buffer buffer(const struct stream *s, unsigned int index)
{
	return (struct v4l2_buffer){
		.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = s->memory,
	};
}

int queue_at(const struct stream *s, unsigned int index, const void *mem, size_t length)
{
	struct v4l2_buffer buf = buffer(s, index);

	buf.m.userptr = (uintptr_t)mem;
	buf.length = length;
	return ioctl(s->fd, VIDIOC_QBUF, &buf);
}

int queue_dmabuf(const struct stream *s, unsigned int index, int dmabuf, size_t length)
{
	struct v4l2_buffer buf = buffer(s, index);

	buf.m.fd = dmabuf;
	buf.length = length;
	return ioctl(s->fd, VIDIOC_QBUF, &buf);
}

int queue(const struct stream *s, unsigned int index)
{
	if (s->memory == V4L2_MEMORY_DMABUF)
		return queue_dmabuf(s, index, s->dmabuf[index], s->length);
	return queue_at(s, index, s->mem[index], s->length);
}

int turn(const struct stream *s, bool on)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	return ioctl(s->fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
}

void start(struct stream *s)
{
	for (unsigned int i = 0; i < s->count; i++)
		must(queue(s, i));
	must(turn(s, true));
	s->next = 0;
}

struct v4l2_buffer dequeue(const struct stream *s)
{
	struct v4l2_buffer buf = buffer(s, 0);

	if (!wait_events(s->fd, POLLIN))
		failed("no frame within a minute");
	must(ioctl(s->fd, VIDIOC_DQBUF, &buf));
	return buf;
}
