// SPDX-License-Identifier: GPL-2.0-only
/*
 * grab-view shows what the board wrote, pixel by pixel: by the X server's mapping of
 * the driver's buffers, by shared memory that the device writes into, and converted.
 * Screenshots are taken the ordinary way, and compared with what frame.h says.
 */
#include <png.h>
#include <signal.h>
#include <sys/shm.h>

#include "refused.h"
#include "viewer/viewer.h"

#define WIDTH	320
#define HEIGHT	240
#define BUFFERS	4
#define FROZEN_AFTER	8	/* each buffer had one */
#define FRAME	(WIDTH * HEIGHT * 4UL)

/* A screen that has room beside the window. */
#define SCREEN_WIDTH	400
#define SCREEN_HEIGHT	300
#define SCREEN		"400x300x24"

#define SIZE	"--size 320x240 "
#define PNG	"/tmp/grab-view.png"

static struct xserver x;
static int board;

static struct grab_rgb rgb(uint32_t pixel)
{
	return (struct grab_rgb){ pixel >> 16, pixel >> 8, pixel };
}

/* --- the picture on the screen */

static const uint32_t *screenshot(void)
{
	return xserver_screenshot(&x, SCREEN_WIDTH * SCREEN_HEIGHT * 4);
}

/* What the stamp says, as far as a screen of 24 bits shows it. */
static uint32_t sequence_of(const uint32_t *shot)
{
	check((shot[0] & 0xffffff) == (GRAB_MAGIC & 0xffffff));
	check((shot[4] & 0xffffff) == (WIDTH | (HEIGHT & 0xff) << 16));
	check((shot[5] & 0xffffff) == (V4L2_PIX_FMT_XBGR32 & 0xffffff));
	check((shot[6] & 0xffffff) == (FRAME & 0xffffff));
	return shot[1] & 0xffffff;
}

typedef struct grab_rgb colour_fn(unsigned int x, unsigned int phase);

static bool near(int a, int b, int most)
{
	return abs(a - b) <= most;
}

/* All of the frame but its stamp, of so many pixels; and nothing around it. */
static void compare(const uint32_t *shot, uint32_t sequence, unsigned int stamp,
		    colour_fn *colour, int most)
{
	for (unsigned int i = 0; i < SCREEN_WIDTH * SCREEN_HEIGHT; i++) {
		unsigned int column = i % SCREEN_WIDTH, row = i / SCREEN_WIDTH;
		struct grab_rgb want = {}, got = rgb(shot[i]);

		if (i < stamp)
			continue;
		if (column < WIDTH && row < HEIGHT)
			want = colour(column, grab_phase(column, row, sequence));
		if (!near(want.r, got.r, most) || !near(want.g, got.g, most) ||
		    !near(want.b, got.b, most))
			failed("frame %u, pixel %u of line %u: %d %d %d instead of %d %d %d", sequence,
			       column, row, got.r, got.g, got.b, want.r, want.g, want.b);
	}
}

static struct grab_rgb as_it_is(unsigned int column, unsigned int phase)
{
	(void)column;
	return grab_colour(phase);
}

/* --- who maps what */

struct maps {
	unsigned int nr;
	ino_t inodes[BUFFERS];
};

/* The mappings of files called so; these must be of a frame, and as @mode says. */
static struct maps maps_of(pid_t pid, const char *name, const char *mode)
{
	struct maps found = {};
	char path[64], line[512], seen[8];
	unsigned long start, end, inode;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	check(file);
	while (fgets(line, sizeof(line), file)) {
		check(sscanf(line, "%lx-%lx %7s %*s %*s %lu", &start, &end, seen, &inode) == 4);
		if (!strstr(line, name))
			continue;
		check(end - start == (FRAME + PAGE - 1) / PAGE * PAGE);
		check(!strcmp(seen, mode) && found.nr < BUFFERS);
		found.inodes[found.nr++] = inode;
	}
	fclose(file);
	return found;
}

static bool has(const struct maps *of, ino_t inode)
{
	for (unsigned int i = 0; i < of->nr; i++)
		if (of->inodes[i] == inode)
			return true;
	return false;
}

/* Each buffer has a whole frame, all but one after that on the screen. */
static void check_frames(const void *const *mem, uint32_t shown)
{
	const struct v4l2_pix_format pix = {
		.width = WIDTH, .height = HEIGHT, .pixelformat = V4L2_PIX_FMT_XBGR32,
		.bytesperline = WIDTH * 4, .sizeimage = FRAME,
	};
	uint32_t seen[BUFFERS];
	bool found = false;

	for (int i = 0; i < BUFFERS; i++) {
		seen[i] = check_frame(mem[i], &pix);
		check(seen[i] <= shown);
		found |= seen[i] == shown;
		for (int j = 0; j < i; j++)
			check(seen[i] != seen[j]);
	}
	check(found);
}

/* --- ways to the screen */

/* The last frame that the board makes is on the screen. */
static bool stands_still(uint32_t *sequence)
{
	const uint32_t *shot = screenshot();

	/* Read later than that, losses only grow, until the last frame is made. */
	*sequence = FROZEN_AFTER - 1 + get_control(board, GRAB_CID_LOST);
	return shot[0] && sequence_of(shot) == *sequence;
}

static uint32_t frozen(void)
{
	uint32_t sequence;

	wait_for(stands_still(&sequence));
	compare(screenshot(), sequence, 8, as_it_is, 0);
	return sequence;
}

/* It goes on: one whole picture after the other, each another. */
static void live(uint32_t before)
{
	unsigned long lost = viewer_lost(&x);
	const uint32_t *shot;

	/* Ten frames a second fall due: three of them at the least while it stands still. */
	usleep(300000);
	set_control(board, GRAB_CID_STALL, 0);
	for (int i = 0; i < 4; i++) {
		wait_for(sequence_of(shot = screenshot()) > before);
		before = sequence_of(shot);
		compare(shot, before, 8, as_it_is, 0);
	}
	wait_for(viewer_lost(&x) >= lost + 2);
}

static void end(pid_t viewer, const char *path, const char *format)
{
	must(kill(viewer, SIGTERM));
	said("grab-view", viewer_end(viewer), 0, "{", "");
	json_holds(".path == \"%s\" and .format == \"%s\" and .frames > 5 and .bad == 0 and "
		   ".width == 320 and .height == 240 and .end == \"signal\" and .seconds > 0",
		   path, format);
	wait_for(viewer_window(&x) == XCB_NONE);
}

/* The buffers, mapped here as well. */
static void map_buffers(const void **mem)
{
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct v4l2_buffer buf = {
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = i,
		};

		must(ioctl(board, VIDIOC_QUERYBUF, &buf));
		mem[i] = must(mmap(NULL, FRAME, PROT_READ, MAP_SHARED, board, buf.m.offset));
	}
}

static void driver(void **state)
{
	const void *mem[BUFFERS];
	struct maps server, here;
	uint32_t shown;
	pid_t viewer;

	(void)state;
	set_control(board, GRAB_CID_STALL, FROZEN_AFTER);
	viewer = viewer_start(&x, board, SIZE "--path driver --format XR24 --rate 10 --json");
	wait_for(viewer_title_has(&x, "320x240 XR24: "));
	shown = frozen();

	/* The server has the very buffers, only to be read; this program has none of it. */
	map_buffers(mem);
	server = maps_of(x.pid, "lend-video", "r--s");
	here = maps_of(getpid(), "lend-video", "r--s");
	check(server.nr == BUFFERS && here.nr == BUFFERS);
	for (int i = 0; i < BUFFERS; i++)
		check(has(&server, here.inodes[i]));
	check_frames(mem, shown);
	check(maps_of(viewer, "lend-video", "").nr == 0);
	check(maps_of(viewer, "/SYSV", "").nr == 0);
	live(shown);

	for (int i = 0; i < BUFFERS; i++)
		munmap((void *)mem[i], FRAME);
	end(viewer, "driver", "XR24");
	wait_for(maps_of(x.pid, "lend-video", "").nr == 0);
}

static void shm(void **state)
{
	const void *mem[BUFFERS];
	struct maps server, program;
	uint32_t shown;
	pid_t viewer;

	(void)state;
	set_control(board, GRAB_CID_STALL, FROZEN_AFTER);
	viewer = viewer_start(&x, board, SIZE "--path shm --format XR24 --rate 10 --json");
	wait_for(viewer_title_has(&x, "320x240 XR24: "));
	shown = frozen();

	/* What both have mapped is what the board has written into. */
	server = maps_of(x.pid, "/SYSV", "r--s");
	program = maps_of(viewer, "/SYSV", "rw-s");
	check(server.nr == BUFFERS && program.nr == BUFFERS);
	for (int i = 0; i < BUFFERS; i++) {
		check(has(&server, program.inodes[i]));
		/* The inode is the segment's number. */
		mem[i] = must(shmat(program.inodes[i], NULL, SHM_RDONLY));
	}
	check_frames(mem, shown);
	check(maps_of(viewer, "lend-video", "").nr == 0);
	live(shown);

	for (int i = 0; i < BUFFERS; i++)
		must(shmdt(mem[i]));
	end(viewer, "shm", "XR24");
	wait_for(maps_of(x.pid, "/SYSV", "").nr == 0);
	/* Marked to go with their last user: gone. */
	for (int i = 0; i < BUFFERS; i++)
		must_fail(shmctl(program.inodes[i], IPC_STAT, &(struct shmid_ds){}), EINVAL);
}

/* --- converted */

static int clip(double value)
{
	return value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
}

static struct grab_rgb of_yuyv(unsigned int column, unsigned int phase)
{
	struct grab_rgb first = grab_colour(phase - column % 2);
	double y = 1.164383 * (grab_y(grab_colour(phase)) - 16);
	int u = grab_u(first) - 128, v = grab_v(first) - 128;

	return (struct grab_rgb){
		clip(y + 1.596027 * v), clip(y - 0.391762 * u - 0.812968 * v),
		clip(y + 2.017232 * u),
	};
}

static struct grab_rgb of_grey(unsigned int column, unsigned int phase)
{
	uint8_t grey = grab_grey(grab_colour(phase));

	(void)column;
	return (struct grab_rgb){ grey, grey, grey };
}

static void read_png(void *pixels)
{
	png_image image = { .version = PNG_IMAGE_VERSION };

	check(png_image_begin_read_from_file(&image, PNG));
	check(image.width == WIDTH && image.height == HEIGHT);
	image.format = PNG_FORMAT_BGRA;
	check(png_image_finish_read(&image, NULL, pixels, WIDTH * 4, NULL));
	must(unlink(PNG));
}

/* What was saved is what was shown: there, too, it may be rounded. */
static void check_saved(const uint32_t *shot, int most)
{
	static uint32_t saved[WIDTH * HEIGHT];

	read_png(saved);
	for (unsigned int i = 0; i < WIDTH * HEIGHT; i++) {
		struct grab_rgb a = rgb(saved[i]);
		struct grab_rgb b = rgb(shot[i / WIDTH * SCREEN_WIDTH + i % WIDTH]);

		if (!near(a.r, b.r, most) || !near(a.g, b.g, most) || !near(a.b, b.b, most))
			failed("pixel %u of line %u: saved %d %d %d, shown %d %d %d", i % WIDTH,
			       i / WIDTH, a.r, a.g, a.b, b.r, b.g, b.b);
	}
}

/* Until the last of six frames is held; the screen then. */
static const uint32_t *hold(const struct xserver *server, const char *path, const char *format)
{
	char options[256];
	const void *shot;
	size_t bytes = SCREEN_WIDTH * SCREEN_HEIGHT * (server->screen->root_depth == 16 ? 2 : 4);
	pid_t viewer;

	snprintf(options, sizeof(options), SIZE "--path %s --format %s --rate 10 --json --frames 6 "
		 "--hold --save " PNG, path, format);
	/* However busy the machine is. */
	set_control(board, GRAB_CID_PATIENT, 1);
	viewer = viewer_start(server, board, options);
	wait_for(viewer_title_has(server, "held after 6 frames, 0 lost"));
	shot = xserver_screenshot(server, bytes);
	must(kill(viewer, SIGTERM));
	said("grab-view", viewer_end(viewer), 0, "{", "");
	json_holds(".path == \"%s\" and .format == \"%s\" and .frames == 6 and .bad == 0 and "
		   ".lost == 0 and .end == \"signal\"", path, format);
	return shot;
}

static void converted(void **state)
{
	static const struct {
		const char *format;
		unsigned int stamp;	/* pixels */
		colour_fn *colour;
		int most;		/* libswscale's rounding */
	} formats[] = {
		{ "YUYV", 16, of_yuyv, 4 },
		{ "GREY", 32, of_grey, 0 },
		{ "RGB3", 11, as_it_is, 0 },
		{ "XR24", 8, as_it_is, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const uint32_t *shot = hold(&x, "convert", formats[i].format);

		compare(shot, 5, formats[i].stamp, formats[i].colour, formats[i].most);
		check_saved(shot, formats[i].most);
	}
}

static void saved(void **state)
{
	static const char *const paths[] = { "driver", "shm" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const uint32_t *shot = hold(&x, paths[i], "XR24");

		compare(shot, 5, 8, as_it_is, 0);
		check_saved(shot, 0);
	}
}

/* A server of 16 bits a pixel. */
static void other_depth(void **state)
{
	struct xserver y;
	const uint16_t *shot;

	(void)state;
	xserver_start(&y, "400x300x16", NULL);
	shot = (const uint16_t *)hold(&y, "convert", "XR24");
	must(unlink(PNG));
	for (unsigned int i = 8; i < SCREEN_WIDTH * HEIGHT; i++) {
		unsigned int column = i % SCREEN_WIDTH, row = i / SCREEN_WIDTH;
		struct grab_rgb c = grab_colour(grab_phase(column, row, 5));

		/* It is dithered: a step of the coarser scale, up or down. */
		if (column < WIDTH)
			check(near(shot[i] >> 11, c.r >> 3, 1) &&
			      near(shot[i] >> 5 & 63, c.g >> 2, 1) &&
			      near(shot[i] & 31, c.b >> 3, 1));
	}
	says(1, "", "the X server does not show XR24 with 1280 bytes a line as it is: --path "
	     "convert, or --format RGBP", "DISPLAY=%s %s --device %s " SIZE "--path driver "
	     "--format XR24", y.display, viewer_program(), board_path(board));
	xserver_stop(&y);
}

static int set_up(void **state)
{
	xserver_start(&x, SCREEN, NULL);
	return load_grab(state);
}

static int tear_down(void **state)
{
	xserver_stop(&x);
	return unload_grab(state);
}

static int before(void **state)
{
	remember(state);
	board = open_board(0);
	return 0;
}

static int after(void **state)
{
	viewer_sweep();
	set_control(board, GRAB_CID_STALL, 0);
	set_control(board, GRAB_CID_PATIENT, 0);
	close(board);
	return nothing_left(state);
}

#define VIEW_TEST(fn) cmocka_unit_test_setup_teardown(fn, before, after)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		VIEW_TEST(driver),
		VIEW_TEST(shm),
		VIEW_TEST(converted),
		VIEW_TEST(saved),
		VIEW_TEST(other_depth),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
