// SPDX-License-Identifier: GPL-2.0-only
/*
 * A capture board writes frames into blocks all over memory, and programs get them, by
 * every way there is: whole, in order, and what is lost is counted.
 */

#include "grabber/grabber.h"

static const uint32_t formats[] = {
	V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_XBGR32, V4L2_PIX_FMT_GREY,
};

/* More than there are buffers: each is given back and used again. */
static void capture(struct stream *s, unsigned int frames)
{
	start(s);
	while (frames--) {
		unsigned int index = next_frame(s);

		memset(s->mem[index], 0, s->length);
		must(queue(s, index));
	}
	check(!get_control(s->fd, GRAB_CID_LOST));
	must(turn(s, false));
}

static void every_way(enum source source)
{
	for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++)
		for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
			struct stream s;

			set_memory(memory_names[m]);
			s = open_stream(source, formats[f], 162, 61, 4);
			capture(&s, 10);
			close_stream(&s);
		}
}

static void by_mmap(void **state)
{
	(void)state;
	every_way(BY_MMAP);
}

static void by_anonymous_memory(void **state)
{
	(void)state;
	every_way(BY_ANON);
}

static void by_shared_memory(void **state)
{
	(void)state;
	every_way(BY_SHM);
}

static void by_lent_memory(void **state)
{
	(void)state;
	every_way(BY_LENT);
}

static void by_dmabuf(void **state)
{
	(void)state;
	every_way(BY_DMABUF);
}

static void by_dmabuf_of_board(void **state)
{
	(void)state;
	every_way(BY_BOARD);
}

/* Whole frames, and in pieces that fit nothing. */
static void by_read(void **state)
{
	static char frame[162 * 61 * 4];
	struct v4l2_format format;
	uint32_t last;

	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++)
		for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
			int fd = open_board(0);

			set_memory(memory_names[m]);
			set_control(fd, GRAB_CID_FREE_RUNNING, 1);
			must(try_format(fd, formats[f], 162, 61, &format));
			for (uint32_t i = 0; i < 6; i++) {
				size_t size = format.fmt.pix.sizeimage, done = 0, piece = size;

				if (i % 2)
					piece = 4099;
				for (; done < size; done += must(read(fd, frame + done, piece)))
					piece = piece < size - done ? piece : size - done;
				check(done == size);
				last = check_frame(frame, &format.fmt.pix);
				check(last == i);
			}
			check(wait_events(fd, POLLIN) & POLLIN);
			close(fd);
		}
}

/* The same frames by both ways: what is in them depends on their number alone. */
static void read_as_mapped(void **state)
{
	struct stream s = open_stream(BY_MMAP, V4L2_PIX_FMT_YUYV, 64, 48, 4);
	const size_t skip = sizeof(struct grab_stamp);
	static char frames[8][64 * 48 * 2];
	static char frame[64 * 48 * 2];
	int fd;

	(void)state;
	start(&s);
	for (int i = 0; i < 8; i++) {
		unsigned int index = next_frame(&s);

		memcpy(frames[i], s.mem[index], sizeof(frame));
		must(queue(&s, index));
	}
	close_stream(&s);
	fd = open_board(0);
	for (int i = 0; i < 8; i++) {
		check(must(read(fd, frame, sizeof(frame))) == sizeof(frame));
		check(!memcmp(frame + skip, frames[i] + skip, sizeof(frame) - skip));
	}
	close(fd);
}

static void sizes(void **state)
{
	static const struct {
		uint32_t width, height;
	} all[] = { { 32, 16 }, { 34, 17 }, { 640, 480 }, { 1918, 1079 }, { 3840, 2160 } };

	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++)
		for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
			uint32_t fourcc = formats[(m + i) % ARRAY_SIZE(formats)];
			struct stream s;

			set_memory(memory_names[m]);
			s = open_stream(BY_MMAP, fourcc, all[i].width, all[i].height, 2);
			check(s.pix.width == all[i].width && s.pix.height == all[i].height);
			capture(&s, 2);
			close_stream(&s);
		}
}

/* The board's blocks: single pages from all over, or one run; to us one area. */
static void blocks(void **state)
{
	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++) {
		size_t jumps = 0, pages;
		struct stream s;

		set_memory(memory_names[m]);
		s = open_stream(BY_MMAP, V4L2_PIX_FMT_XBGR32, 1024, 1024, 4);
		capture(&s, 4);
		pages = s.length / PAGE;
		for (unsigned int i = 0; i < s.count; i++)
			for (size_t p = 0; p < pages; p++) {
				char *page = s.mem[i] + p * PAGE;

				*(volatile char *)page;
				if (p && physical(page) != physical(page - PAGE) + PAGE)
					jumps++;
			}
		print_message("# %s: %zu jumps in %u frames of %zu pages\n", memory_names[m],
			      jumps, s.count, pages);
		if (!strcmp(memory_names[m], "pages"))
			check(jumps > 4);
		else if (!strcmp(memory_names[m], "folios"))
			check(jumps <= s.count * (s.length / HUGE));
		else
			check(!jumps);
		close_stream(&s);
	}
}

/* A board that writes to one run gets memory that is one, and no other. */
static bool in_one_run(const char *mem, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		if (physical(mem + at) != physical(mem) + at)
			return false;
	return true;
}

/* Whatever lay in one run does no more. */
static void swap_pages(char *buf)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	char *mem = (char *)((uintptr_t)buf & ~(PAGE - 1));
	char *aside = must(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(mremap(mem, PAGE, PAGE, flags, aside));
	must(mremap(mem + PAGE, PAGE, PAGE, flags, mem));
	must(mremap(aside, PAGE, PAGE, flags, mem + PAGE));
}

static void by_one_run(void **state)
{
	static const enum source own[] = { BY_MMAP, BY_BOARD };
	static const enum source others[] = { BY_ANON, BY_SHM, BY_LENT, BY_DMABUF };
	unsigned int count = 2;
	struct stream s;

	(void)state;
	set_style("contig");
	set_memory("contig");
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		s = open_stream(own[i], V4L2_PIX_FMT_YUYV, 640, 240, 4);
		capture(&s, 10);
		close_stream(&s);
	}
	/* What fits a page is one run. */
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		s = open_stream(others[i], V4L2_PIX_FMT_GREY, 64, 16, 4);
		capture(&s, 10);
		close_stream(&s);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		s = open_stream(others[i], V4L2_PIX_FMT_YUYV, 640, 480, 4);
		for (unsigned int b = 0; b < s.count; b++)
			memset(s.mem[b], 1, s.length);
		if (others[i] == BY_ANON)
			swap_pages(s.mem[0]);
		check(!in_one_run(s.mem[0], s.length) || others[i] != BY_ANON);
		for (unsigned int b = 0; b < s.count; b++)
			if (in_one_run(s.mem[b], s.length))
				must(queue(&s, b));
			else
				must_fail(queue(&s, b), EFAULT);
		close_stream(&s);
	}
	set_memory("pages");
	s = open_stream(BY_ANON, V4L2_PIX_FMT_YUYV, 640, 480, 2);
	must_fail(request(s.fd, V4L2_MEMORY_MMAP, &count), ENOMEM);
	close_stream(&s);
	set_style("sg");
}

/* A driver whose processor does it all: into every memory, by every way. */
static void by_processor(void **state)
{
	(void)state;
	set_style("vaddr");
	for (enum source source = 0; source < SOURCES; source++)
		for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++) {
			struct stream s;

			set_memory(memory_names[m]);
			s = open_stream(source, formats[m], 320, 61, 4);
			capture(&s, 8);
			close_stream(&s);
		}
	set_style("sg");
}

/* As the board says, and as is missing. */
static void lost_are_counted(void **state)
{
	struct stream s = open_stream(BY_MMAP, V4L2_PIX_FMT_GREY, 64, 48, 3);
	unsigned int index[3];
	uint32_t missing = 0, next = 0;
	struct v4l2_buffer buf;

	(void)state;
	set_control(s.fd, GRAB_CID_FREE_RUNNING, 0);
	set_rate(s.fd, 50, 1);
	start(&s);
	/* Nobody gives a buffer back for ten frames; three times. */
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++) {
			buf = dequeue(&s);
			check(buf.sequence >= next);
			missing += buf.sequence - next;
			next = buf.sequence + 1;
			check_buffer(&s, &buf);
			index[i] = buf.index;
		}
		wait_for((uint32_t)get_control(s.fd, GRAB_CID_LOST) >= missing + 10);
		for (int i = 0; i < 3; i++)
			must(queue(&s, index[i]));
	}
	buf = dequeue(&s);
	missing += buf.sequence - next;
	check(missing >= 30);
	check((uint32_t)get_control(s.fd, GRAB_CID_LOST) >= missing);
	must(turn(&s, false));
	/* Not one more than what came, and no count of an earlier stream. */
	set_control(s.fd, GRAB_CID_PATIENT, 1);
	capture(&s, 5);
	set_control(s.fd, GRAB_CID_PATIENT, 0);
	close_stream(&s);
}

/* Never sooner than the rate says. */
static void rate(void **state)
{
	struct stream s = open_stream(BY_MMAP, V4L2_PIX_FMT_GREY, 64, 48, 4);
	struct grab_stamp stamp;
	uint64_t last = 0;

	(void)state;
	set_control(s.fd, GRAB_CID_FREE_RUNNING, 0);
	set_control(s.fd, GRAB_CID_PATIENT, 1);
	set_rate(s.fd, 40, 1);
	start(&s);
	for (int i = 0; i < 6; i++) {
		unsigned int index = next_frame(&s);

		memcpy(&stamp, s.mem[index], sizeof(stamp));
		check(stamp.time >= last + 25 * 1000 * 1000);
		last = stamp.time;
		must(queue(&s, index));
	}
	set_control(s.fd, GRAB_CID_PATIENT, 0);
	close_stream(&s);
}

static uint32_t flags_of(int fd, unsigned int index)
{
	struct v4l2_buffer buf = {
		.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
	};

	must(ioctl(fd, VIDIOC_QUERYBUF, &buf));
	return buf.flags;
}

/* What the queue gave stays with who has it: mapped, or as a dma-buf, or by the disk. */
static void frames_stay(void **state)
{
	struct v4l2_exportbuffer export = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .index = 1, .flags = O_RDWR | O_CLOEXEC,
	};
	unsigned int none = 0;
	struct stream s;
	char *again;

	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++) {
		set_memory(memory_names[m]);
		s = open_stream(BY_MMAP, V4L2_PIX_FMT_YUYV, 320, 240, 2);
		check(flags_of(s.fd, 1) & V4L2_BUF_FLAG_MAPPED);
		must(munmap(s.mem[1], s.length));
		check(!(flags_of(s.fd, 1) & V4L2_BUF_FLAG_MAPPED));
		must(ioctl(s.fd, VIDIOC_EXPBUF, &export));
		check(flags_of(s.fd, 1) & V4L2_BUF_FLAG_MAPPED);
		s.mem[1] = map_buffer(export.fd, s.length);
		start(&s);
		check(next_frame(&s) == 0 && next_frame(&s) == 1);
		must(turn(&s, false));
		must(request(s.fd, V4L2_MEMORY_MMAP, &none));
		/* New buffers, and other frames in them. */
		none = 4;
		must(request(s.fd, V4L2_MEMORY_MMAP, &none));
		none = 0;
		check(check_frame(s.mem[0], &s.pix) == 0);
		check(check_frame(s.mem[1], &s.pix) == 1);
		close(s.fd);
		must(munmap(s.mem[1], s.length));
		check(check_frame(s.mem[0], &s.pix) == 0);
		again = map_buffer(export.fd, s.length);
		check(check_frame(again, &s.pix) == 1);
		close(export.fd);
		check(check_frame(again, &s.pix) == 1);
		must(munmap(again, s.length));
		must(munmap(s.mem[0], s.length));
	}
}

/* Straight from the board's memory to a disk. */
static void to_disk(void **state)
{
	static char copy[512 * 256 * 2];
	int disk = must(open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC));

	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(memory_names); m++) {
		struct stream s;

		set_memory(memory_names[m]);
		s = open_stream(BY_MMAP, V4L2_PIX_FMT_YUYV, 512, 256, 2);
		start(&s);
		for (int i = 0; i < 4; i++) {
			unsigned int index = next_frame(&s);
			int plain = must(open("/dev/vda", O_RDONLY | O_CLOEXEC));

			check(must(pwrite(disk, s.mem[index], sizeof(copy), 0)) == sizeof(copy));
			check(must(pread(plain, copy, sizeof(copy), 0)) == sizeof(copy));
			check(check_frame(copy, &s.pix) == s.next - 1);
			close(plain);
			must(queue(&s, index));
		}
		close_stream(&s);
	}
	close(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_mmap),
		cmocka_unit_test(by_anonymous_memory),
		cmocka_unit_test(by_shared_memory),
		cmocka_unit_test(by_lent_memory),
		cmocka_unit_test(by_dmabuf),
		cmocka_unit_test(by_dmabuf_of_board),
		cmocka_unit_test(by_read),
		cmocka_unit_test(read_as_mapped),
		cmocka_unit_test(sizes),
		cmocka_unit_test(blocks),
		cmocka_unit_test(by_one_run),
		cmocka_unit_test(by_processor),
		cmocka_unit_test(lost_are_counted),
		cmocka_unit_test(rate),
		cmocka_unit_test(frames_stay),
		cmocka_unit_test(to_disk),
	};

	return cmocka_run_group_tests(tests, load_grab, unload_grab);
}
