// SPDX-License-Identifier: GPL-2.0-only
#include <glob.h>
#include <linux/v4l2-dv-timings.h>

#include "system.h"
#include "vivid.h"

/* Controls of vivid alone, which no header names. */
#define VIVID_TEST_PATTERN	0x00f0f000
#define VIVID_OSD_TEXT_MODE	0x00f0f001
#define VIVID_SHOW_BORDER	0x00f0f004
#define VIVID_LOOP_VIDEO	0x00f0f025
/* Where that is gone: what the first HDMI input is connected to; 0 is the picture. */
#define VIVID_CONNECTED_TO	0x00f0f071
#define VIVID_OUTPUT(device)	(2 + (device))

static int open_node(int device, uint32_t type)
{
	const char *end = type == V4L2_BUF_TYPE_VIDEO_CAPTURE ? "cap" : "out";
	char wanted[64], name[64], node[64] = "";
	glob_t found;

	snprintf(wanted, sizeof(wanted), "vivid-%03d-vid-%s\n", device, end);
	check(!glob("/sys/class/video4linux/*/name", 0, NULL, &found));
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *file = fopen(found.gl_pathv[i], "re");

		check(file && fgets(name, sizeof(name), file));
		fclose(file);
		if (!strcmp(name, wanted))
			sscanf(found.gl_pathv[i], "/sys/class/video4linux/%32[^/]",
			       stpcpy(node, "/dev/"));
	}
	globfree(&found);
	return must(open(node, O_RDWR | O_CLOEXEC));
}

static void set_control(int fd, uint32_t id, int32_t value)
{
	must(ioctl(fd, VIDIOC_S_CTRL, &(struct v4l2_control){ .id = id, .value = value }));
}

static void set_up(int device, uint32_t type)
{
	struct v4l2_dv_timings timings = V4L2_DV_BT_CEA_640X480P59_94;
	struct v4l2_format format = {
		.type = type,
		.fmt.pix = {
			.width = WIDTH, .height = HEIGHT,
			.pixelformat = V4L2_PIX_FMT_YUYV, .field = V4L2_FIELD_NONE,
		},
	};
	int fd = open_node(device, type);

	must(ioctl(fd, VIDIOC_S_DV_TIMINGS, &timings));
	must(ioctl(fd, VIDIOC_S_FMT, &format));
	check(format.fmt.pix.sizeimage == FRAME);
	if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		set_control(fd, VIVID_TEST_PATTERN, 4);		/* squares of all colours */
		set_control(fd, VIVID_SHOW_BORDER, 1);
		set_control(fd, VIVID_OSD_TEXT_MODE, 2);	/* none: it would show the time */
	}
	close(fd);
}

void vivid_load(void)
{
	/* An HDMI input and an output each; neither cropped nor scaled. */
	check(!shell("modprobe vivid n_devs=2 allocators=0,1 node_types=0x101,0x101 "
		     "num_inputs=1,1 input_types=3,3 num_outputs=1,1 output_types=1,1 "
		     "ccs_cap_mode=0,0 ccs_out_mode=0,0 no_error_inj=1"));
	for (int device = 0; device < NR_DEVICES; device++) {
		set_up(device, V4L2_BUF_TYPE_VIDEO_CAPTURE);
		set_up(device, V4L2_BUF_TYPE_VIDEO_OUTPUT);
	}
}

void vivid_unload(void)
{
	check(!shell("modprobe -r vivid"));
}

struct video video_open(int device, uint32_t type, uint32_t memory)
{
	return (struct video){ open_node(device, type), type, memory };
}

/*
 * A worker of the driver's takes an output that is connected out of what the other
 * device may be connected to. If it comes while the first is just being connected, it
 * undoes that: it is done again, until it is so and stays.
 */
static bool is_connected(int fd, int other, int device, bool on)
{
	struct v4l2_querymenu item = { .id = VIVID_CONNECTED_TO, .index = VIVID_OUTPUT(device) };
	struct v4l2_control control = { .id = VIVID_CONNECTED_TO };
	int32_t wanted = on ? VIVID_OUTPUT(device) : 0;

	must(ioctl(fd, VIDIOC_G_CTRL, &control));
	if (control.value != wanted) {
		set_control(fd, VIVID_CONNECTED_TO, wanted);
		return false;
	}
	return (ioctl(other, VIDIOC_QUERYMENU, &item) < 0) == on;
}

static void connect_output(int fd, int device, bool on)
{
	int other = open_node(!device, V4L2_BUF_TYPE_VIDEO_CAPTURE), times = 0;

	wait_for((times = is_connected(fd, other, device, on) ? times + 1 : 0) == 3);
	close(other);
}

void video_loop(int device, bool on)
{
	int fd = open_node(device, V4L2_BUF_TYPE_VIDEO_CAPTURE);
	struct v4l2_queryctrl loop = { .id = VIVID_LOOP_VIDEO };

	if (!ioctl(fd, VIDIOC_QUERYCTRL, &loop))
		set_control(fd, VIVID_LOOP_VIDEO, on);
	else
		connect_output(fd, device, on);
	close(fd);
}

int video_request(const struct video *v, unsigned int count)
{
	struct v4l2_requestbuffers req = { .count = count, .type = v->type, .memory = v->memory };

	return ioctl(v->fd, VIDIOC_REQBUFS, &req);
}

static struct v4l2_buffer buffer(const struct video *v, unsigned int index)
{
	return (struct v4l2_buffer){
		.index = index, .type = v->type, .memory = v->memory,
		.field = V4L2_FIELD_NONE, .bytesused = FRAME, .length = FRAME,
	};
}

int video_queue(const struct video *v, unsigned int index, void *mem)
{
	struct v4l2_buffer buf = buffer(v, index);

	buf.m.userptr = (uintptr_t)mem;
	return ioctl(v->fd, VIDIOC_QBUF, &buf);
}

int video_queue_dmabuf(const struct video *v, unsigned int index, int fd)
{
	struct v4l2_buffer buf = buffer(v, index);

	buf.m.fd = fd;
	return ioctl(v->fd, VIDIOC_QBUF, &buf);
}

int video_stream(const struct video *v, bool on)
{
	return ioctl(v->fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &v->type);
}

unsigned int video_dequeue(const struct video *v)
{
	bool capture = v->type == V4L2_BUF_TYPE_VIDEO_CAPTURE;
	struct v4l2_buffer buf = { .type = v->type, .memory = v->memory };

	check(wait_events(v->fd, capture ? POLLIN : POLLOUT));
	must(ioctl(v->fd, VIDIOC_DQBUF, &buf));
	check(buf.bytesused == FRAME && !(buf.flags & V4L2_BUF_FLAG_ERROR));
	return buf.index;
}

void video_look(int device, void *frame)
{
	int fd = open_node(device, V4L2_BUF_TYPE_VIDEO_CAPTURE);

	check(must(read(fd, frame, FRAME)) == FRAME);
	close(fd);
}
