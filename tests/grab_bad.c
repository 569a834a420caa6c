// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes no sense is refused by the sample's driver, or turned into what does, and
 * leaves nothing behind: frames come as ever afterwards.
 */
#include <sys/resource.h>

#include "dmabuf.h"
#include "grabber/grabber.h"

#define WIDTH	100U
#define HEIGHT	50U
#define FRAME	(WIDTH * HEIGHT * 2UL)

static struct stream open_small(enum source source, unsigned int count)
{
	return open_stream(source, V4L2_PIX_FMT_YUYV, WIDTH, HEIGHT, count);
}

/* All is well. */
static void check_works(struct stream *s)
{
	start(s);
	for (int i = 0; i < 4; i++)
		must(queue(s, next_frame(s)));
	must(turn(s, false));
}

static void sizes(void **state)
{
	static const uint32_t asked[][2] = {
		{ 0, 0 }, { 1, 1 }, { 33, 17 }, { 31, 15 }, { 641, 481 }, { 3841, 2161 },
		{ 65535, 65535 }, { UINT32_MAX, UINT32_MAX }, { UINT32_MAX, 0 }, { 0x80000000, 2 },
	};
	int fd = open_board(0);
	struct v4l2_format got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		const struct v4l2_pix_format *pix = &got.fmt.pix;

		must(try_format(fd, V4L2_PIX_FMT_RGB24, asked[i][0], asked[i][1], &got));
		check(pix->width >= 32 && pix->width <= 3840 && !(pix->width % 2));
		check(pix->height >= 16 && pix->height <= 2160);
		check(pix->bytesperline == pix->width * 3);
		check(pix->sizeimage == pix->bytesperline * pix->height);
		check(pix->pixelformat == V4L2_PIX_FMT_RGB24 && pix->field == V4L2_FIELD_NONE);
		if (asked[i][0] >= 32 && asked[i][0] <= 3840)
			check(pix->width - asked[i][0] <= 1 || asked[i][0] - pix->width <= 1);
	}
	must(try_format(fd, V4L2_PIX_FMT_MJPEG, 640, 480, &got));
	check(got.fmt.pix.pixelformat == V4L2_PIX_FMT_YUYV && got.fmt.pix.width == 640);
	got.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	must_fail(ioctl(fd, VIDIOC_S_FMT, &got), EINVAL);
	close(fd);
}

static void rates(void **state)
{
	static const struct v4l2_fract asked[] = {
		{ 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1000000 }, { UINT32_MAX, 1 }, { 1, UINT32_MAX },
		{ UINT32_MAX, UINT32_MAX },
	};
	int fd = open_board(0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct v4l2_streamparm parm = {
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.parm.capture.timeperframe = asked[i],
		};
		const struct v4l2_fract *got = &parm.parm.capture.timeperframe;

		must(ioctl(fd, VIDIOC_S_PARM, &parm));
		/* 1/60 to 10 s. */
		check(got->numerator && got->denominator);
		check(got->numerator * 60ULL >= got->denominator);
		check(got->numerator <= 10ULL * got->denominator);
	}
	set_rate(fd, 30, 1);
	close(fd);
}

/* Neither size nor rate changes under a stream, nor under its buffers. */
static void changed_in_stream(void **state)
{
	struct stream s = open_small(BY_MMAP, 3);
	struct v4l2_format got;
	struct v4l2_streamparm parm = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	unsigned int count = 4;
	int other = open_board(0);

	(void)state;
	must_fail(try_format(s.fd, V4L2_PIX_FMT_GREY, 64, 48, &got), EBUSY);
	must_fail(try_format(other, V4L2_PIX_FMT_GREY, 64, 48, &got), EBUSY);
	start(&s);
	must(queue(&s, next_frame(&s)));
	must_fail(try_format(s.fd, V4L2_PIX_FMT_GREY, 64, 48, &got), EBUSY);
	must_fail(try_format(other, V4L2_PIX_FMT_GREY, 64, 48, &got), EBUSY);
	must_fail(ioctl(s.fd, VIDIOC_S_PARM, &parm), EBUSY);
	must_fail(request(s.fd, V4L2_MEMORY_MMAP, &count), EBUSY);
	must_fail(request(other, V4L2_MEMORY_MMAP, &count), EBUSY);
	/* Nor does another program get at it. */
	must_fail(read(other, &got, sizeof(got)), EBUSY);
	must_fail(ioctl(other, VIDIOC_STREAMON, &parm.type), EBUSY);
	must_fail(ioctl(other, VIDIOC_STREAMOFF, &parm.type), EBUSY);
	must_fail(read(s.fd, &got, sizeof(got)), EBUSY);
	/* Memory of another kind is for the next stream. */
	set_memory("contig");
	for (int i = 0; i < 4; i++)
		must(queue(&s, next_frame(&s)));
	set_memory("pages");
	must(turn(&s, false));
	check_works(&s);
	close_stream(&s);
	must(try_format(other, V4L2_PIX_FMT_GREY, 64, 48, &got));
	close(other);
}

static void counts(void **state)
{
	static const unsigned int asked[] = { 1, 2, 3, 31, 32, 33, 64, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		int fd = open_board(0);
		unsigned int count = asked[i];
		struct stream s;

		must(request(fd, V4L2_MEMORY_MMAP, &count));
		close(fd);
		check(count >= 2 && count <= 64 && (count >= asked[i] || count >= 32));
		s = open_small(BY_MMAP, count);
		check_works(&s);
		close_stream(&s);
		if (i == ARRAY_SIZE(asked) - 1)
			print_message("# this kernel gives a queue %u buffers at most\n", count);
	}
}

/* However a program gives them back, it gets them one after the other. */
static void every_order(void **state)
{
	struct stream s = open_small(BY_MMAP, 4);
	unsigned int held[4];

	(void)state;
	start(&s);
	for (unsigned int order = 0; order < 24; order++) {
		unsigned int left = 4, code = order;
		unsigned int given[4];

		for (int i = 0; i < 4; i++)
			held[i] = next_frame(&s);
		for (; left; code /= left--) {
			unsigned int pick = code % left;

			given[4 - left] = held[pick];
			must(queue(&s, held[pick]));
			held[pick] = held[left - 1];
		}
		for (int i = 0; i < 4; i++) {
			held[i] = next_frame(&s);
			check(held[i] == given[i]);
		}
		for (int i = 0; i < 4; i++)
			must(queue(&s, held[i]));
	}
	close_stream(&s);
}

/* To the byte, and not a byte beside it. */
static void misaligned(void **state)
{
	static const size_t shifts[] = { 1, 2, 3, 7, 8, 511, 2048, 4095 };
	struct stream s = open_small(BY_ANON, 2);
	/* One for each buffer: the device has what was last queued of both. */
	char *areas = must(mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	(void)state;
	must(turn(&s, true));
	s.next = 0;
	for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
		char *area = areas + i % 2 * 8 * PAGE;
		char *mem = area + shifts[i];
		struct v4l2_buffer buf;

		memset(area, 0x5a, 8 * PAGE);
		must(queue_at(&s, i % 2, mem, FRAME));
		buf = dequeue(&s);
		check(buf.index == i % 2 && buf.m.userptr == (uintptr_t)mem);
		check(check_frame(mem, &s.pix) == buf.sequence);
		check(mem[-1] == 0x5a && mem[FRAME] == 0x5a);
	}
	munmap(areas, 16 * PAGE);
	close_stream(&s);
}

static char *area_of(int prot, size_t pages)
{
	return must(mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void wrong_pointers(void **state)
{
	struct stream s = open_small(BY_ANON, 2);
	char *good = area_of(PROT_READ | PROT_WRITE, 4), *hole = area_of(PROT_READ | PROT_WRITE, 4);
	char *readonly = area_of(PROT_READ, 4), *none = area_of(PROT_NONE, 4);
	int lent = make_buffer(4 * PAGE, LEND_BACKING_PAGES, 0);
	int pfn = make_buffer(4 * PAGE, LEND_BACKING_PAGES, LEND_MAP_PFN);
	char *lent_readonly = must(mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, lent, 0));
	char *unpinnable = map_buffer(pfn, 4 * PAGE);
	uint64_t held = get_info(lent).held;

	(void)state;
	must(munmap(hole + 2 * PAGE, PAGE));
	must_fail(queue_at(&s, 0, readonly, FRAME), EFAULT);
	must_fail(queue_at(&s, 0, lent_readonly, FRAME), EFAULT);
	must_fail(queue_at(&s, 0, unpinnable, FRAME), EFAULT);
	must_fail(queue_at(&s, 0, none, FRAME), EFAULT);
	must_fail(queue_at(&s, 0, hole, FRAME), EFAULT);
	must_fail(queue_at(&s, 0, NULL, FRAME), EFAULT);
	must_fail(queue_at(&s, 0, (void *)(UINTPTR_MAX - PAGE), FRAME), EOVERFLOW);
	must_fail(queue_at(&s, 0, (void *)0xffff888000000000, FRAME), EFAULT);
	must_fail(queue_at(&s, 0, good, FRAME - 1), EINVAL);
	must_fail(queue_at(&s, 0, good, 0), EINVAL);
	/* More than there is, and more than there can be. */
	must_fail(queue_at(&s, 0, good, 1UL << 31), EFAULT);
	/* Nothing of it is held. */
	check(get_info(lent).held == held && !get_info(lent).pinned);
	check_works(&s);
	/* What was good until now is let go of for what is not. */
	must(queue_at(&s, 0, good, FRAME));
	must(turn(&s, true));
	check(dequeue(&s).index == 0);
	must_fail(queue_at(&s, 0, readonly, FRAME), EFAULT);
	must(queue_at(&s, 0, good, FRAME));
	check(dequeue(&s).index == 0);
	must(turn(&s, false));
	close_stream(&s);
	munmap(good, 4 * PAGE);
	munmap(hole, 4 * PAGE);
	munmap(readonly, 4 * PAGE);
	munmap(none, 4 * PAGE);
	munmap(lent_readonly, 4 * PAGE);
	munmap(unpinnable, 4 * PAGE);
	close(lent);
	close(pfn);
}

static void wrong_dmabufs(void **state)
{
	struct stream s = open_small(BY_DMABUF, 2);
	int lent = make_buffer(2 * PAGE, LEND_BACKING_PAGES, 0);
	int small = make_dmabuf(lent), enough = s.dmabuf[0];

	(void)state;
	must_fail(queue_dmabuf(&s, 0, small, 0), EINVAL);
	must_fail(queue_dmabuf(&s, 0, small, 2 * PAGE), EINVAL);
	must_fail(queue_dmabuf(&s, 0, small, FRAME), EFAULT);
	must_fail(queue_dmabuf(&s, 0, enough, FRAME - 1), EINVAL);
	must_fail(queue_dmabuf(&s, 0, enough, 64 * MiB), EFAULT);
	must_fail(queue_dmabuf(&s, 0, lent, FRAME), EINVAL);
	must_fail(queue_dmabuf(&s, 0, s.fd, FRAME), EINVAL);
	must_fail(queue_dmabuf(&s, 0, -1, FRAME), EINVAL);
	must_fail(queue_dmabuf(&s, 0, 12345, FRAME), EINVAL);
	close(small);
	close(lent);
	check_works(&s);
	/* As long as the dma-buf says, where nothing else is said. */
	must(queue_dmabuf(&s, 0, enough, 0));
	must(turn(&s, true));
	check(dequeue(&s).index == 0);
	close_stream(&s);
}

static void wrong_queueing(void **state)
{
	struct stream s = open_small(BY_MMAP, 3), as_user = s;
	struct v4l2_buffer buf = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = s.memory };
	struct v4l2_exportbuffer export = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	(void)state;
	must_fail(ioctl(s.fd, VIDIOC_DQBUF, &buf), EINVAL);
	must(queue(&s, 0));
	must_fail(queue(&s, 0), EINVAL);
	must_fail(queue_at(&s, 3, NULL, 0), EINVAL);
	must_fail(queue_at(&s, UINT32_MAX, NULL, 0), EINVAL);
	as_user.memory = V4L2_MEMORY_USERPTR;
	must_fail(queue_at(&as_user, 1, s.mem[0], FRAME), EINVAL);
	as_user.memory = V4L2_MEMORY_DMABUF;
	must_fail(queue_dmabuf(&as_user, 1, 0, FRAME), EINVAL);
	export.index = 3;
	must_fail(ioctl(s.fd, VIDIOC_EXPBUF, &export), EINVAL);
	must(turn(&s, true));
	must(turn(&s, true));
	must_fail(queue(&s, 0), EINVAL);
	check(dequeue(&s).index == 0);
	must(fcntl(s.fd, F_SETFL, O_NONBLOCK));
	must_fail(ioctl(s.fd, VIDIOC_DQBUF, &buf), EAGAIN);
	must(turn(&s, false));
	must(turn(&s, false));
	check_works(&s);
	close_stream(&s);

	s = open_small(BY_ANON, 2);
	export.index = 0;
	must_fail(ioctl(s.fd, VIDIOC_EXPBUF, &export), EINVAL);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, s.fd, 0), EINVAL);
	close_stream(&s);
}

static void wrong_mappings(void **state)
{
	struct stream s = open_small(BY_MMAP, 2);
	size_t whole = (FRAME + PAGE - 1) / PAGE * PAGE;
	char *part;

	(void)state;
	must_fail(mmap(NULL, FRAME, PROT_READ, MAP_PRIVATE, s.fd, 0), EINVAL);
	must_fail(mmap(NULL, FRAME, PROT_WRITE, MAP_SHARED, s.fd, 0), EINVAL);
	must_fail(mmap(NULL, FRAME, PROT_READ | PROT_EXEC, MAP_SHARED, s.fd, 0), EPERM);
	must_fail(mmap(NULL, whole + PAGE, PROT_READ, MAP_SHARED, s.fd, 0), EINVAL);
	must_fail(mmap(NULL, FRAME, PROT_READ, MAP_SHARED, s.fd, PAGE), EINVAL);
	must_fail(mmap(NULL, FRAME, PROT_READ, MAP_SHARED, s.fd, 16 * MiB), EINVAL);
	part = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, s.fd, 0));
	must_fail(mprotect(part, PAGE, PROT_READ | PROT_EXEC), EACCES);
	start(&s);
	check(next_frame(&s) == 0);
	check(!memcmp(part, s.mem[0], PAGE));
	munmap(part, PAGE);
	close_stream(&s);
}

static void more_buffers(void **state)
{
	struct stream s = open_small(BY_MMAP, 2);
	struct v4l2_create_buffers create = {
		.count = 1, .memory = V4L2_MEMORY_MMAP,
		.format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .fmt.pix = s.pix },
	};

	(void)state;
	create.format.fmt.pix.sizeimage = FRAME - 1;
	must_fail(ioctl(s.fd, VIDIOC_CREATE_BUFS, &create), EINVAL);
	create.format.fmt.pix.sizeimage = 0;
	must_fail(ioctl(s.fd, VIDIOC_CREATE_BUFS, &create), EINVAL);
	create.format.fmt.pix.sizeimage = 3 * FRAME;
	must(ioctl(s.fd, VIDIOC_CREATE_BUFS, &create));
	check(create.index == 2);
	must(queue_at(&s, 2, NULL, 0));
	start(&s);
	check(dequeue(&s).index == 2);
	check_buffer(&s, &(struct v4l2_buffer){ .index = 0, .bytesused = FRAME,
		     .sequence = 1, .timestamp = dequeue(&s).timestamp });
	close_stream(&s);
}

static int as_nobody(void *arg)
{
	bool pinned = *(bool *)arg;
	struct rlimit limit = { 24 * PAGE, 24 * PAGE };
	unsigned int count = 2;
	int fd;

	must(setrlimit(RLIMIT_MEMLOCK, &limit));
	become(NOBODY);
	fd = open_board(0);
	if (pinned) {
		struct stream s = { .fd = fd, .memory = V4L2_MEMORY_USERPTR };
		char *mem = area_of(PROT_READ | PROT_WRITE, 64);

		count = 8;
		must(request(fd, V4L2_MEMORY_USERPTR, &count));
		must(queue_at(&s, 0, mem, FRAME));
		must_fail(queue_at(&s, 1, mem, 60 * PAGE), ENOMEM);
		must(queue_at(&s, 1, mem + 4 * PAGE, FRAME));
	} else {
		must(request(fd, V4L2_MEMORY_MMAP, &count));
		count = 32;
		/* As many as there may be. */
		must(request(fd, V4L2_MEMORY_MMAP, &count));
		check(count >= 2 && count <= 8);
	}
	return 0;
}

/* What a program without privileges may lock counts for video, too. */
static void limits(void **state)
{
	struct v4l2_format got;
	int fd = open_board(0);

	(void)state;
	must(fchmod(fd, 0666));
	must(try_format(fd, V4L2_PIX_FMT_YUYV, WIDTH, HEIGHT, &got));
	close(fd);
	check(reap(spawn(as_nobody, &(bool){ false })) == 0);
	check(reap(spawn(as_nobody, &(bool){ true })) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(rates),
		cmocka_unit_test(changed_in_stream),
		cmocka_unit_test(counts),
		cmocka_unit_test(every_order),
		cmocka_unit_test(misaligned),
		cmocka_unit_test(wrong_pointers),
		cmocka_unit_test(wrong_dmabufs),
		cmocka_unit_test(wrong_queueing),
		cmocka_unit_test(wrong_mappings),
		cmocka_unit_test(more_buffers),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, load_grab, unload_grab);
}
