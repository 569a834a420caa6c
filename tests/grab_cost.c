// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a frame costs whoever has it mapped does not depend on its size. In a machine
 * whose clock counts instructions (vm/run --count), where that is an exact figure: all
 * that the machine does from frame to frame, but for the picture, which the board leaves
 * out here.
 */
#include <time.h>

#include "grabber/grabber.h"

#define FRAMES	50
#define MOST_COST	20000

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void exchange(const struct stream *s, int frames)
{
	while (frames--) {
		struct v4l2_buffer buf = {
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = s->memory,
		};

		must(ioctl(s->fd, VIDIOC_DQBUF, &buf));
		must(queue(s, buf.index));
	}
}

static void cost_of(const char *memory, uint32_t width, uint32_t height)
{
	struct stream s;
	uint64_t begin, cost;

	set_memory(memory);
	s = open_stream(BY_MMAP, V4L2_PIX_FMT_YUYV, width, height, 4);
	set_control(s.fd, GRAB_CID_STAMP_ONLY, 1);
	start(&s);
	exchange(&s, FRAMES);
	begin = now();
	exchange(&s, FRAMES);
	cost = (now() - begin) / FRAMES;
	print_message("# %s, %ux%u: %lu instructions a frame\n", memory, width, height, cost);
	check(cost < MOST_COST);
	set_control(s.fd, GRAB_CID_STAMP_ONLY, 0);
	close_stream(&s);
}

static void whatever_the_size(void **state)
{
	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++) {
		cost_of(memory_names[m], 32, 16);
		cost_of(memory_names[m], 640, 480);
		cost_of(memory_names[m], 3840, 2160);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_size),
	};

	return cmocka_run_group_tests(tests, load_grab, unload_grab);
}
