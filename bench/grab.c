// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a frame costs whoever captures it: the board of samples/grab, mapped, into a lend
 * file of the program's by its address and as a dma-buf, and by read(), beside the kernel's
 * own virtual video driver with the memory it always had (vb2-vmalloc).
 *
 * "program" is the processor time of the capturing thread: its system calls. "all" is
 * what the whole machine does from frame to frame, and with "stamp" the board leaves the
 * picture out: what remains is system calls, driver and scheduling.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lend.h>
#include <linux/videodev2.h>

#include "../samples/grab/controls.h"
#include "report.h"

#define BUFFERS 4

enum { PROGRAM, ALL, RATE };

static const struct column columns[] = {
	[PROGRAM] = { "program" }, [ALL] = { "all" }, [RATE] = { "frames", "/s" },
};

static const struct {
	uint32_t width, height;
} sizes[] = { { 320, 240 }, { 640, 480 }, { 1920, 1080 }, { 3840, 2160 } };

static void run(const char *command)
{
	errno = 0;
	if (system(command))
		die("%s", command);
}

static int ask(int fd, unsigned long request, void *arg, const char *name)
{
	int ret = ioctl(fd, request, arg);

	if (ret < 0)
		die("%s", name);
	return ret;
}

#define ASK(fd, request, arg) ask(fd, request, arg, #request)

static int open_node(const char *pattern)
{
	char path[300];
	glob_t found;
	int fd;

	if (glob(pattern, 0, NULL, &found))
		die("%s", pattern);
	snprintf(path, sizeof(path), "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die("%s", path);
	return fd;
}

static size_t set_format(int fd, uint32_t width, uint32_t height)
{
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = {
			.width = width, .height = height, .pixelformat = V4L2_PIX_FMT_YUYV,
			.field = V4L2_FIELD_NONE,
		},
	};

	ASK(fd, VIDIOC_S_FMT, &format);
	if (format.fmt.pix.width != width || format.fmt.pix.pixelformat != V4L2_PIX_FMT_YUYV)
		die("no such format");
	return format.fmt.pix.sizeimage;
}

struct cost {
	uint64_t program, all;
};

/* From the @skip-th frame on, when all is warm. */
static struct cost measure(int fd, unsigned int frames, void (*frame)(int fd, void *arg), void *arg)
{
	const unsigned int skip = 2 * BUFFERS;
	struct cost begin;

	for (unsigned int i = 0; i < skip; i++)
		frame(fd, arg);
	begin = (struct cost){ now_thread(), now() };
	for (unsigned int i = 0; i < frames; i++)
		frame(fd, arg);
	return (struct cost){
		(now_thread() - begin.program) / frames,
		(now() - begin.all) / frames,
	};
}

/* The same buffer again: it knows its memory, whoever that is of. */
static void exchange(int fd, void *memory)
{
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = *(enum v4l2_memory *)memory,
	};

	ASK(fd, VIDIOC_DQBUF, &buf);
	ASK(fd, VIDIOC_QBUF, &buf);
}

/* The memory of a buffer: the driver's own, or a lend file of the program's. */
static void *give_memory(int fd, struct v4l2_buffer *buf, size_t size)
{
	int prot = PROT_READ, of = fd;
	off_t offset = 0;
	void *mem;

	if (buf->memory == V4L2_MEMORY_MMAP) {
		ASK(fd, VIDIOC_QUERYBUF, buf);
		offset = buf->m.offset;
	} else {
		of = lend_create(NULL, 0600, size, NULL);
		if (of < 0)
			die("%s", lend_error());
		prot |= PROT_WRITE;
	}
	mem = mmap(NULL, size, prot, MAP_SHARED, of, offset);
	if (mem == MAP_FAILED)
		die("mmap");
	if (buf->memory == V4L2_MEMORY_USERPTR) {
		buf->m.userptr = (unsigned long)mem;
		buf->length = size;
	} else if (buf->memory == V4L2_MEMORY_DMABUF) {
		buf->m.fd = lend_dmabuf(of, O_RDWR | O_CLOEXEC);
		if (buf->m.fd < 0)
			die("%s", lend_error());
	}
	if (of != fd)
		close(of);
	return mem;
}

static struct cost stream(int fd, size_t size, unsigned int frames, enum v4l2_memory memory)
{
	struct v4l2_requestbuffers request = {
		.count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = memory,
	};
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, dmabufs[BUFFERS];
	void *mem[BUFFERS];
	struct cost cost;

	ASK(fd, VIDIOC_REQBUFS, &request);
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct v4l2_buffer buf = { .index = i, .type = type, .memory = memory };

		mem[i] = give_memory(fd, &buf, size);
		dmabufs[i] = buf.m.fd;
		ASK(fd, VIDIOC_QBUF, &buf);
	}
	ASK(fd, VIDIOC_STREAMON, &type);
	cost = measure(fd, frames, exchange, &memory);
	ASK(fd, VIDIOC_STREAMOFF, &type);
	for (unsigned int i = 0; i < BUFFERS; i++) {
		munmap(mem[i], size);
		if (memory == V4L2_MEMORY_DMABUF)
			close(dmabufs[i]);
	}
	request.count = 0;
	ASK(fd, VIDIOC_REQBUFS, &request);
	return cost;
}

static struct cost by_mmap(int fd, size_t size, unsigned int frames)
{
	return stream(fd, size, frames, V4L2_MEMORY_MMAP);
}

static struct cost by_user_pointer(int fd, size_t size, unsigned int frames)
{
	return stream(fd, size, frames, V4L2_MEMORY_USERPTR);
}

static struct cost by_dmabuf(int fd, size_t size, unsigned int frames)
{
	return stream(fd, size, frames, V4L2_MEMORY_DMABUF);
}

struct copy {
	void *mem;
	size_t size;
};

static void copy_frame(int fd, void *arg)
{
	const struct copy *copy = arg;

	if (read(fd, copy->mem, copy->size) != (ssize_t)copy->size)
		die("read");
}

static struct cost by_read(int fd, size_t size, unsigned int frames)
{
	struct copy copy = { malloc(size), size };
	struct cost cost;

	if (!copy.mem)
		die("no memory");
	memset(copy.mem, 1, size);
	cost = measure(fd, frames, copy_frame, &copy);
	free(copy.mem);
	return cost;
}

static void set_control(int fd, uint32_t id, int value)
{
	struct v4l2_control control = { .id = id, .value = value };

	ASK(fd, VIDIOC_S_CTRL, &control);
}

struct stream {
	struct report *r;
	const struct options *o;
	int fd;
	size_t size;
};

static void measure_runs(const struct stream *s, const char *memory, const char *how,
			 struct cost (*capture)(int fd, size_t size, unsigned int frames))
{
	struct figures runs[MAX_RUNS];
	char name[64];

	snprintf(name, sizeof(name), "%s %s", memory, how);
	for (unsigned int i = 0; i < s->o->runs; i++) {
		const struct cost cost = capture(s->fd, s->size, s->o->frames);

		runs[i].of[PROGRAM] = cost.program;
		runs[i].of[ALL] = cost.all;
		runs[i].of[RATE] = cost.all ? 1e9 / cost.all : NAN;
	}
	report_row(s->r, name, s->size, runs, s->o->runs);
}

static void bench_grab(struct report *r, const struct options *o, size_t i, const char *memory)
{
	struct stream s = { .r = r, .o = o };
	char name[32];

	snprintf(name, sizeof(name), "grab %s", memory);
	s.fd = open_node("/sys/bus/platform/devices/grab.0/video4linux/video*");
	s.size = set_format(s.fd, sizes[i].width, sizes[i].height);
	set_control(s.fd, GRAB_CID_FREE_RUNNING, 1);
	set_control(s.fd, GRAB_CID_STAMP_ONLY, 1);
	measure_runs(&s, name, "stamp", by_mmap);
	set_control(s.fd, GRAB_CID_STAMP_ONLY, 0);
	measure_runs(&s, name, "mmap", by_mmap);
	measure_runs(&s, name, "userptr", by_user_pointer);
	measure_runs(&s, name, "dmabuf", by_dmabuf);
	measure_runs(&s, name, "read", by_read);
	close(s.fd);
}

/* As many frames a second as it makes: by itself 5, and nearly all time is waiting. */
static void hurry(int fd)
{
	struct v4l2_streamparm parm = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.parm.capture.timeperframe = { 1, 1000 },
	};

	ASK(fd, VIDIOC_S_PARM, &parm);
}

static void bench_vivid(struct report *r, const struct options *o, size_t i)
{
	static const struct {
		const char *name;
		struct cost (*capture)(int fd, size_t size, unsigned int frames);
	} ways[] = {
		{ "mmap", by_mmap }, { "userptr", by_user_pointer }, { "dmabuf", by_dmabuf },
		{ "read", by_read },
	};

	/* Once it has been read, it wants to be opened anew. */
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		struct stream s = { .r = r, .o = o };

		s.fd = open_node("/sys/devices/platform/vivid.0/video4linux/video*");
		s.size = set_format(s.fd, sizes[i].width, sizes[i].height);
		hurry(s.fd);
		measure_runs(&s, "vivid", ways[w].name, ways[w].capture);
		close(s.fd);
	}
}

int main(int argc, char **argv)
{
	static const char *const memories[] = { "pages", "folios", "contig" };
	struct options o;
	struct report *r;

	parse_options(&o, argc, argv,
		      "What a captured frame costs, of 320x240 to 3840x2160 YUYV: the board of\n"
		      "samples/grab, by mmap, by mmap without a picture (stamp), into lend memory of the\n"
		      "program's (userptr, dmabuf) and by read(), beside vivid. Takes $LEND_MODULES,\n"
		      "the folder of lend-vb2.ko and grab.ko.", "4K");
	run("modprobe -a videodev videobuf2-v4l2 && insmod $LEND_MODULES/lend-vb2.ko && "
	    "insmod $LEND_MODULES/grab.ko && "
	    "modprobe vivid n_devs=1 node_types=0x1 no_error_inj=1");
	r = report_begin(&o, "A captured frame", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t m = 0; m < ARRAY_SIZE(memories); m++) {
			char command[128];

			snprintf(command, sizeof(command),
				 "echo %s >/sys/module/grab/parameters/memory", memories[m]);
			run(command);
			bench_grab(r, &o, i, memories[m]);
		}
		bench_vivid(r, &o, i);
	}
	run("rmmod grab lend-vb2 vivid");
	return report_end(r);
}
