// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a frame costs whoever captures it, in nanoseconds of the machine's clock: under
 * vm/run --count instructions. The board of samples/grab, mapped and by read(), beside
 * the kernel's own virtual video driver with the memory it always had (vb2-vmalloc).
 *
 * "program" is the processor time of the capturing thread: its system calls. "all" is
 * what the whole machine does from frame to frame, and with "stamp only" the board
 * leaves the picture out: what remains is system calls, driver and scheduling.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "../samples/grab/controls.h"

#define BUFFERS 4

static const struct {
	uint32_t width, height;
} sizes[] = { { 320, 240 }, { 640, 480 }, { 1920, 1080 }, { 3840, 2160 } };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "grab: %s: %s\n", what, errno ? strerror(errno) : "failed");
	exit(1);
}

static void run(const char *command)
{
	errno = 0;
	if (system(command))
		die(command);
}

static int ask(int fd, unsigned long request, void *arg, const char *name)
{
	int ret = ioctl(fd, request, arg);

	if (ret < 0)
		die(name);
	return ret;
}

#define ASK(fd, request, arg) ask(fd, request, arg, #request)

static int open_node(const char *pattern)
{
	char path[300];
	glob_t found;
	int fd;

	if (glob(pattern, 0, NULL, &found))
		die(pattern);
	snprintf(path, sizeof(path), "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die(path);
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

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
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
	begin = (struct cost){ now(CLOCK_THREAD_CPUTIME_ID), now(CLOCK_MONOTONIC_RAW) };
	for (unsigned int i = 0; i < frames; i++)
		frame(fd, arg);
	return (struct cost){
		(now(CLOCK_THREAD_CPUTIME_ID) - begin.program) / frames,
		(now(CLOCK_MONOTONIC_RAW) - begin.all) / frames,
	};
}

static void exchange(int fd, void *unused)
{
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
	};

	(void)unused;
	ASK(fd, VIDIOC_DQBUF, &buf);
	ASK(fd, VIDIOC_QBUF, &buf);
}

static struct cost by_mmap(int fd, size_t size, unsigned int frames)
{
	struct v4l2_requestbuffers request = {
		.count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
	};
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	char *mem[BUFFERS];
	struct cost cost;

	ASK(fd, VIDIOC_REQBUFS, &request);
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct v4l2_buffer buf = {
			.index = i, .type = type, .memory = V4L2_MEMORY_MMAP,
		};

		ASK(fd, VIDIOC_QUERYBUF, &buf);
		mem[i] = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, buf.m.offset);
		if (mem[i] == MAP_FAILED)
			die("mmap");
		ASK(fd, VIDIOC_QBUF, &buf);
	}
	ASK(fd, VIDIOC_STREAMON, &type);
	cost = measure(fd, frames, exchange, NULL);
	ASK(fd, VIDIOC_STREAMOFF, &type);
	for (unsigned int i = 0; i < BUFFERS; i++)
		munmap(mem[i], size);
	request.count = 0;
	ASK(fd, VIDIOC_REQBUFS, &request);
	return cost;
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

static void print(size_t i, const char *what, const char *how, struct cost cost)
{
	char size[32];

	snprintf(size, sizeof(size), "%ux%u", sizes[i].width, sizes[i].height);
	printf("%-10s %-12s %-17s %11lu %11lu %8lu\n", size, what, how, cost.program, cost.all,
	       1000000000UL / (cost.all ? cost.all : 1));
	fflush(stdout);
}

static void bench_grab(size_t i, const char *memory, unsigned int frames)
{
	int fd = open_node("/sys/bus/platform/devices/grab.0/video4linux/video*");
	size_t size = set_format(fd, sizes[i].width, sizes[i].height);

	set_control(fd, GRAB_CID_FREE_RUNNING, 1);
	set_control(fd, GRAB_CID_STAMP_ONLY, 1);
	print(i, memory, "mmap, stamp only", by_mmap(fd, size, frames));
	set_control(fd, GRAB_CID_STAMP_ONLY, 0);
	print(i, memory, "mmap", by_mmap(fd, size, frames));
	print(i, memory, "read()", by_read(fd, size, frames));
	close(fd);
}

static void bench_vivid(size_t i, unsigned int frames)
{
	int fd = open_node("/sys/devices/platform/vivid.0/video4linux/video*");
	size_t size = set_format(fd, sizes[i].width, sizes[i].height);

	print(i, "vivid", "mmap", by_mmap(fd, size, frames));
	close(fd);
	fd = open_node("/sys/devices/platform/vivid.0/video4linux/video*");
	print(i, "vivid", "read()", by_read(fd, size, frames));
	close(fd);
}

int main(int argc, char **argv)
{
	static const char *const memories[] = { "pages", "folios", "contig" };
	unsigned int frames = argc > 2 ? atoi(argv[2]) : 20;
	char command[128];

	if (argc != 1 && (argc != 3 || strcmp(argv[1], "-n") || !frames)) {
		bool help = argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"));

		fprintf(help ? stdout : stderr, "usage: grab [-n FRAMES]\n");
		return help ? 0 : 2;
	}
	run("modprobe -a videodev videobuf2-v4l2 && insmod $LEND_MODULES/lend-vb2.ko && "
	    "insmod $LEND_MODULES/grab.ko && "
	    "modprobe vivid n_devs=1 node_types=0x1 no_error_inj=1");
	printf("a frame    of           by                    program         all frames/s\n");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t m = 0; m < 3; m++) {
			snprintf(command, sizeof(command),
				 "echo %s >/sys/module/grab/parameters/memory", memories[m]);
			run(command);
			bench_grab(i, memories[m], frames);
		}
		bench_vivid(i, frames);
	}
	run("rmmod grab lend-vb2 vivid");
	return 0;
}
