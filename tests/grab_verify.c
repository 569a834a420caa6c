// SPDX-License-Identifier: GPL-2.0-only
/*
 * grab-verify, on frames that are made here: it must find every byte that is wrong,
 * and say which and how. Frames of the board itself are in grab_programs.
 */
#include <libgen.h>
#include <zlib.h>

#include "../samples/grab/frame.h"
#include "says.h"
#include "system.h"

#define FILE_NAME	"/tmp/grab-verify.raw"

static const char *program(void)
{
	static char path[4096];

	if (!path[0]) {
		check(must(readlink("/proc/self/exe", path, sizeof(path) - 30)) > 0);
		strcat(dirname(path), "/../samples/grab-verify");
	}
	return path;
}

/* What it answers to these words. */
#define expect(status, out, err, ...) do {					\
	char expect_line[512];							\
	snprintf(expect_line, sizeof(expect_line), __VA_ARGS__);		\
	says(status, out, err, "%s %s", program(), expect_line);		\
} while (0)

static void seal(uint8_t *frame, size_t bytes)
{
	struct grab_stamp *stamp = (struct grab_stamp *)frame;

	stamp->crc32 = 0;
	stamp->crc32 = crc32(0, frame, bytes);
}

/* Pixel by pixel, as frame.h says it; to be freed. */
static uint8_t *make_frame(unsigned int width, unsigned int height, uint32_t fourcc,
			   uint32_t sequence)
{
	unsigned int depth = grab_depth(fourcc), step = fourcc == V4L2_PIX_FMT_YUYV ? 2 : 1;
	size_t bytes = (size_t)width * height * depth;
	uint8_t *frame = malloc(bytes);

	check(frame);
	for (unsigned int y = 0; y < height; y++)
		for (unsigned int x = 0; x < width; x += step)
			grab_row(frame + (y * width + x) * depth, fourcc,
				 (x + 2 * y + 4 * sequence) % 256, step);
	*(struct grab_stamp *)frame = (struct grab_stamp){
		.magic = GRAB_MAGIC, .sequence = sequence, .time = 1000 * sequence,
		.width = width, .height = height, .fourcc = fourcc, .bytes = bytes,
	};
	seal(frame, bytes);
	return frame;
}

static void write_frame(const char *mode, const uint8_t *frame, size_t bytes)
{
	FILE *file = fopen(FILE_NAME, mode);

	check(file && fwrite(frame, 1, bytes, file) == bytes);
	check(!fclose(file));
}

/* A file of XR24 frames of 60x40 with these numbers, in that order. */
static void write_sequence(const uint32_t *numbers, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		uint8_t *frame = make_frame(60, 40, V4L2_PIX_FMT_XBGR32, numbers[i]);

		write_frame(i ? "ae" : "we", frame, 60 * 40 * 4);
		free(frame);
	}
}

#define XR24	"--size 60x40 --format XR24 " FILE_NAME

static void formats_and_sizes(void **state)
{
	static const uint32_t fourccs[] = {
		V4L2_PIX_FMT_XBGR32, V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_GREY,
	};
	static const unsigned int sizes[][2] = { { 32, 1 }, { 2, 16 }, { 70, 301 }, { 640, 480 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fourccs) * ARRAY_SIZE(sizes); i++) {
		uint32_t fourcc = fourccs[i / ARRAY_SIZE(sizes)];
		const unsigned int *size = sizes[i % ARRAY_SIZE(sizes)];
		uint8_t *frame = make_frame(size[0], size[1], fourcc, 1000 * i);

		write_frame("we", frame, (size_t)size[0] * size[1] * grab_depth(fourcc));
		free(frame);
		expect(0, ": 1 good, 0 bad, 0 lost, numbers ", "", "--size %ux%u --format %.4s "
		       FILE_NAME, size[0], size[1], (const char *)&fourcc);
	}
}

/* The stamp's checksum is over all of it, the picture's bytes are known: none may differ. */
static void every_byte(void **state)
{
	size_t bytes = 60 * 40 * 4;
	uint8_t *frame = make_frame(60, 40, V4L2_PIX_FMT_XBGR32, 7);

	(void)state;
	for (size_t at = 0; at < bytes; at = at < 33 ? at + 1 : at + 2391) {
		char what[64] = "bad: ";

		if (at >= sizeof(struct grab_stamp))
			snprintf(what, sizeof(what), "byte %zu (pixel %zu of line %zu) is ", at,
				 at % 240 / 4, at / 240);
		frame[at] ^= 0x40;
		write_frame("we", frame, bytes);
		expect(1, ": 0 good, 1 bad, 0 lost\n", what, XR24);
		frame[at] ^= 0x40;
	}
	/* A wrong picture with the right checksum. */
	frame[5000] ^= 1;
	frame[5001] ^= 1;
	frame[9599] ^= 1;
	seal(frame, bytes);
	write_frame("we", frame, bytes);
	expect(1, ": 0 good, 1 bad", "byte 5000 (pixel 50 of line 20) is ", XR24);
	expect(1, ": 0 good, 1 bad", ", and 2 more are wrong", XR24);
	free(frame);
}

static void order_and_losses(void **state)
{
	(void)state;
	write_sequence((uint32_t[]){ 3, 4, 5 }, 3);
	expect(0, ": 3 good, 0 bad, 0 lost, numbers 3 to 5", "", "--no-loss " XR24);
	write_sequence((uint32_t[]){ 0, 1, 4, 9 }, 4);
	expect(0, ": 4 good, 0 bad, 6 lost, numbers 0 to 9", "", XR24);
	expect(1, ": 4 good, 0 bad, 6 lost, numbers 0 to 9", "", "--no-loss " XR24);
	write_sequence((uint32_t[]){ 0, 1, 1, 2 }, 4);
	expect(1, ": 3 good, 1 bad, 0 lost, numbers 0 to 2",
	       "frame 2 is bad: its number is 1, after number 1", XR24);
	write_sequence((uint32_t[]){ 0, 2, 1, 3 }, 4);
	expect(1, ": 3 good, 1 bad, 1 lost, numbers 0 to 3",
	       "frame 2 is bad: its number is 1, after number 2", XR24);
}

static void not_frames(void **state)
{
	uint8_t *frame = make_frame(60, 40, V4L2_PIX_FMT_XBGR32, 0);

	(void)state;
	write_sequence((uint32_t[]){ 0, 1 }, 2);
	write_frame("ae", frame, 100);
	expect(1, ": 2 good, 1 bad", "frame 2 is bad: the file ends in it", XR24);
	expect(1, ": 0 good, 3 bad", "its stamp says 60x40 XR24, 9600 bytes",
	       "--size 60x40 --format RGB3 " FILE_NAME);
	expect(1, ": 0 good", "its stamp says 60x40", "--size 40x60 --format XR24 " FILE_NAME);
	write_frame("we", frame, 0);
	expect(1, ": 0 good, 0 bad, 0 lost", "has no frame", XR24);
	memset(frame, 0, 9600);
	write_frame("we", frame, 9600);
	expect(1, ": 0 good, 1 bad", "frame 0 is bad: it has no stamp", XR24);
	free(frame);
}

static void several_files(void **state)
{
	(void)state;
	write_sequence((uint32_t[]){ 1, 3 }, 2);
	check(!shell("cp " FILE_NAME " /tmp/grab-verify.two; "
		     "dd if=/dev/zero of=/tmp/grab-verify.two bs=1 seek=9600 count=4 "
		     "conv=notrunc status=none"));
	expect(1, "[", "two: frame 1 is bad: it has no stamp", "--json " XR24
	       " /tmp/grab-verify.two - <" FILE_NAME);
	json_holds("length == 3 and .[0] == {name: \"" FILE_NAME "\", good: 2, bad: 0,"
		   " lost: 1, first: 1, last: 3} and .[1].good == 1 and .[1].bad == 1 and "
		   ".[2].name == \"standard input\" and .[2].good == 2");
	must(unlink("/tmp/grab-verify.two"));
}

static void refused_words(void **state)
{
	(void)state;
	write_sequence((uint32_t[]){ 0 }, 1);
	expect(0, "usage: grab-verify", "", "--help");
	expect(2, "", "it takes --size, --format and FILE", "--size 60x40 --format XR24");
	expect(2, "", "it takes --size, --format and FILE", "--size 60x40 " FILE_NAME);
	expect(2, "", "it takes --size, --format and FILE", "--format XR24 " FILE_NAME);
	expect(2, "", "--size 60: not like 640x480", "--size 60 --format XR24 " FILE_NAME);
	expect(2, "", "--size 0x40: not like", "--size 0x40 --format XR24 " FILE_NAME);
	expect(2, "", "--size -6x40: not like", "--size -6x40 --format XR24 " FILE_NAME);
	expect(2, "", "--size 60x40x2: not like", "--size 60x40x2 --format XR24 " FILE_NAME);
	expect(2, "", "--size 65536x1: not like", "--size 65536x1 --format XR24 " FILE_NAME);
	expect(2, "", "--size 2x2: the board has no such frames",
	       "--size 2x2 --format XR24 " FILE_NAME);
	expect(2, "", "--size 65535x65535: the board has no such frames",
	       "--size 65535x65535 --format XR24 " FILE_NAME);
	expect(2, "", "--format XR2: not XR24, RGB3", "--size 60x40 --format XR2 " FILE_NAME);
	expect(2, "", "--format NV12: not XR24, RGB3", "--size 60x40 --format NV12 " FILE_NAME);
	expect(2, "", "try grab-verify --help", "--loss");
	expect(1, "", "/tmp/none: No such file", "--size 60x40 --format XR24 /tmp/none");
	expect(1, "", "/tmp: Is a directory", "--size 60x40 --format XR24 /tmp");
}

static int remove_files(void **state)
{
	(void)state;
	unlink(FILE_NAME);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(formats_and_sizes),
		TEST(every_byte),
		TEST(order_and_losses),
		TEST(not_frames),
		TEST(several_files),
		TEST(refused_words),
	};

	return cmocka_run_group_tests(tests, NULL, remove_files);
}
