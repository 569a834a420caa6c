// SPDX-License-Identifier: GPL-2.0-only
/*
 * How grab-view ends, and what it makes of a board that loses frames, of a server that
 * is slow or dies, of a device that goes away, and of words that make no sense.
 */
#include <signal.h>
#include <xcb/xcb_keysyms.h>
#include <xcb/xtest.h>

#include "viewer/viewer.h"

#define WINDOW	"--size 320x240 --format XR24 --rate 10 --json "
#define SAVED	"/tmp/grab-view.png"

static struct xserver x;
static int board;

static pid_t running(const char *options)
{
	pid_t viewer = viewer_start(&x, board, options);

	wait_for(viewer_title_has(&x, "320x240 XR24: "));
	return viewer;
}

static void ended(pid_t viewer, const char *how)
{
	said("grab-view", viewer_end(viewer), 0, "{", "");
	json_holds(".end == \"%s\"", how);
}

/* --- ends */

static void press(char key)
{
	xcb_key_symbols_t *symbols = xcb_key_symbols_alloc(x.conn);
	xcb_keycode_t *code = xcb_key_symbols_get_keycode(symbols, key);

	check(code);
	xcb_set_input_focus(x.conn, XCB_INPUT_FOCUS_NONE, viewer_window(&x), XCB_CURRENT_TIME);
	xcb_test_fake_input(x.conn, XCB_KEY_PRESS, *code, 0, x.screen->root, 0, 0, 0);
	xcb_test_fake_input(x.conn, XCB_KEY_RELEASE, *code, 0, x.screen->root, 0, 0, 0);
	xserver_sync(&x);
	free(code);
	xcb_key_symbols_free(symbols);
}

static void keys(void **state)
{
	pid_t viewer = running(WINDOW);
	char before[256];

	(void)state;
	press('a');
	snprintf(before, sizeof(before), "%s", viewer_title(&x));
	wait_for(strcmp(before, viewer_title(&x)));
	press('q');
	ended(viewer, "closed");
}

static xcb_atom_t atom(const char *name)
{
	xcb_intern_atom_reply_t *reply = xcb_intern_atom_reply(x.conn,
		xcb_intern_atom(x.conn, true, strlen(name), name), NULL);
	xcb_atom_t value;

	check(reply);
	value = reply->atom;
	free(reply);
	return value;
}

/* As a window manager asks for it. */
static void closed(void **state)
{
	pid_t viewer = running(WINDOW);
	xcb_client_message_event_t event = {
		.response_type = XCB_CLIENT_MESSAGE, .format = 32, .window = viewer_window(&x),
		.type = atom("WM_PROTOCOLS"), .data.data32 = { atom("WM_DELETE_WINDOW") },
	};

	(void)state;
	xcb_send_event(x.conn, false, event.window, 0, (const char *)&event);
	xcb_flush(x.conn);
	ended(viewer, "closed");
}

static void signals(void **state)
{
	static const int all[] = { SIGINT, SIGHUP };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		pid_t viewer = running(WINDOW);

		must(kill(viewer, all[i]));
		ended(viewer, "signal");
	}
}

/* Lines of the server's mappings, and of the shared memory there is. */
static int left(void)
{
	return !shell("grep -qE 'lend-video|SYSV' /proc/%d/maps", x.pid) ||
	       !shell("tail -n +2 /proc/sysvipc/shm | grep -q .");
}

/* In mid-stream: the device is free, and all memory is given back. */
static void killed(void **state)
{
	static const char *const ways[] = {
		WINDOW "--path driver", WINDOW "--path shm", WINDOW "--path convert",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		unsigned int none = 0;
		pid_t viewer = running(ways[i]);

		check(left());
		must(kill(viewer, SIGKILL));
		check(viewer_end(viewer) == 128 + SIGKILL);
		wait_for(!left());
		must(request(board, V4L2_MEMORY_MMAP, &none));
	}
}

/* --- what goes wrong */

static void losses(void **state)
{
	pid_t viewer;

	(void)state;
	/* 0 1 3 4 6 7 9 10 12 13 */
	set_control(board, GRAB_CID_PATIENT, 1);
	set_control(board, GRAB_CID_DROP, 3);
	viewer = running(WINDOW "--frames 10 --hold");
	wait_for(viewer_title_has(&x, "held after 10 frames, 4 lost"));
	must(kill(viewer, SIGTERM));
	ended(viewer, "signal");
	json_holds(".frames == 10 and .lost == 4 and .bad == 0");

	/* Those that are not whole are not shown. */
	set_control(board, GRAB_CID_DROP, 0);
	set_control(board, GRAB_CID_SHORT, 4);
	viewer = viewer_start(&x, board, WINDOW "--frames 6");
	ended(viewer, "frames");
	json_holds(".frames == 6 and .lost == 0 and .bad == 1");
}

/* The last frame that the board has written into one of two buffers. */
static uint32_t last_written(void)
{
	uint32_t last = 0;

	for (unsigned int i = 0; i < 2; i++) {
		struct v4l2_buffer buf = {
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = i,
		};
		const struct grab_stamp *stamp;

		must(ioctl(board, VIDIOC_QUERYBUF, &buf));
		stamp = must(mmap(NULL, buf.length, PROT_READ, MAP_SHARED, board, buf.m.offset));
		if (stamp->sequence > last)
			last = stamp->sequence;
		must(munmap((void *)stamp, buf.length));
	}
	return last;
}

/* How often it has woken up: for a frame, or for the second. */
static unsigned long wakes(pid_t pid)
{
	char path[64], line[256];
	unsigned long count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	check(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %lu", &count);
	fclose(file);
	return count;
}

/* What the server has yet to read is not written again, however long that takes. */
static void slow_server(void **state)
{
	unsigned long before;
	uint32_t last;
	pid_t viewer;
	int status;

	(void)state;
	/* A number is a frame: none is lost. */
	set_control(board, GRAB_CID_PATIENT, 1);
	viewer = running(WINDOW "--path driver --buffers 2");
	must(kill(x.pid, SIGSTOP));
	check(waitpid(x.pid, &status, WUNTRACED) == x.pid && WIFSTOPPED(status));
	last = last_written();
	before = wakes(viewer);
	wait_for(wakes(viewer) >= before + 8);
	check(last_written() <= last + 2);
	must(kill(x.pid, SIGCONT));
	wait_for(last_written() > last + 10);
	press('q');
	ended(viewer, "closed");
	json_holds(".lost == 0 and .bad == 0");
}

static void server_dies(void **state)
{
	pid_t viewer = running(WINDOW);

	(void)state;
	xserver_stop(&x);
	said("grab-view", viewer_end(viewer), 1, "", "has closed the connection");
	xserver_start(&x, "400x300x24", NULL);
}

static void bind_board(const char *what)
{
	write_text(what[0] == 'b' ? "/sys/bus/platform/drivers/grab/bind" :
		   "/sys/bus/platform/drivers/grab/unbind", "grab.0");
}

static void device_gone(void **state)
{
	pid_t viewer = running(WINDOW "--path driver --save " SAVED);

	(void)state;
	bind_board("unbind");
	said("grab-view", viewer_end(viewer), 1, "\"end\": \"gone\"",
	     "is gone: it was unplugged, or its driver unbound");
	check(strstr(file_text(ERR), SAVED " is not saved: the device is gone with the frame"));
	must_fail(access(SAVED, F_OK), ENOENT);
	close(board);
	bind_board("bind");
	wait_for((board = try_board(0, 0)) >= 0);

	/* Memory of the program's own stays. */
	viewer = running(WINDOW "--path shm --save " SAVED);
	wait_for(!viewer_title_has(&x, ": 0.0 frames/s"));
	bind_board("unbind");
	said("grab-view", viewer_end(viewer), 1, "\"end\": \"gone\"", "is gone");
	must(unlink(SAVED));
	close(board);
	bind_board("bind");
	wait_for((board = try_board(0, 0)) >= 0);

	/* Before the first frame. */
	set_control(board, GRAB_CID_DROP, 1);
	viewer = running(WINDOW "--path shm --save " SAVED);
	bind_board("unbind");
	said("grab-view", viewer_end(viewer), 1, "\"end\": \"gone\"", "is gone");
	must_fail(access(SAVED, F_OK), ENOENT);
	close(board);
	bind_board("bind");
	wait_for((board = try_board(0, 0)) >= 0);
}

/* --- refused */

#define refuses(status, words, display, ...) do {				\
	char refuses_line[512];							\
	snprintf(refuses_line, sizeof(refuses_line), __VA_ARGS__);		\
	says(status, "", words, "DISPLAY=%s %s %s", display, viewer_program(), refuses_line); \
} while (0)

static void wrong_words(void **state)
{
	static const char *const lines[][2] = {
		{ "--size 320", "--size 320: not like 640x480" },
		{ "--size 0x240", "--size 0x240: not like 640x480" },
		{ "--size 320x99999", "--size 320x99999: not like" },
		{ "--size -320x240", "--size -320x240: not like" },
		{ "--format YUY", "--format YUY: not four characters" },
		{ "--path copy", "--path copy: not driver, shm, convert or auto" },
		{ "--rate 0", "--rate 0: not a number from" },
		{ "--rate nan", "--rate nan: not a number from" },
		{ "--buffers 1", "--buffers 1: not a number from 2 to 32" },
		{ "--buffers 33", "--buffers 33: not a number from 2 to 32" },
		{ "--frames 0", "--frames 0: not a number from 1" },
		{ "--frames 5x", "--frames 5x: not a number from 1" },
		{ "--frames -1", "--frames -1: not a number from 1" },
		{ "--hold", "--hold takes --frames" },
		{ "extra", "'extra' is not an option" },
		{ "--nonsense", "try grab-view --help" },
	};

	(void)state;
	says(0, "usage: grab-view", "", "%s --help", viewer_program());
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		refuses(2, lines[i][1], ":0", "%s", lines[i][0]);
}

static void wrong_places(void **state)
{
	const char *path = board_path(board);
	struct stream other;
	struct xserver y;

	(void)state;
	refuses(1, "/dev/none (v4l2-ctl --list-devices", x.display, "--device /dev/none");
	refuses(1, "/dev/null is not a video device", x.display, "--device /dev/null");
	refuses(1, "no X server answers as ':99'", ":99", "--device %s", path);
	refuses(1, "DISPLAY is not set", "", "--device %s", path);
	refuses(1, "cannot have 321x240; the nearest size is 32", x.display,
		"--device %s --size 321x240", path);
	refuses(1, "has no format NV12; it has YUYV, RGB3, XR24, GREY", x.display,
		"--device %s --format NV12", path);
	refuses(1, "does not show YUYV with 640 bytes a line as it is: --path convert, or "
		"--format XR24", x.display,
		"--device %s --size 320x240 --format YUYV --path driver", path);
	refuses(1, "does not show GREY with", x.display, "--device %s --format GREY --path shm",
		path);
	says(1, "", "/none/x.png: ", "DISPLAY=%s %s --device %s --frames 1 --save /none/x.png",
	     x.display, viewer_program(), path);

	xserver_start(&y, "400x300x24", "MIT-SHM");
	refuses(1, "does not share memory (it has no MIT-SHM)", y.display, "--device %s", path);
	xserver_stop(&y);

	other = open_stream(BY_MMAP, V4L2_PIX_FMT_XBGR32, 320, 240, 2);
	refuses(1, "is in use by another program: end that one first", x.display,
		"--device %s --size 320x240", path);
	close_stream(&other);
}

static int set_up(void **state)
{
	xserver_start(&x, "400x300x24", NULL);
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
	static const uint32_t controls[] = { GRAB_CID_PATIENT, GRAB_CID_DROP, GRAB_CID_SHORT };

	viewer_sweep();
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		set_control(board, controls[i], 0);
	close(board);
	return nothing_left(state);
}

#define VIEW_TEST(fn) cmocka_unit_test_setup_teardown(fn, before, after)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		VIEW_TEST(keys),
		VIEW_TEST(closed),
		VIEW_TEST(signals),
		VIEW_TEST(killed),
		VIEW_TEST(losses),
		VIEW_TEST(slow_server),
		VIEW_TEST(server_dies),
		VIEW_TEST(device_gone),
		VIEW_TEST(wrong_words),
		VIEW_TEST(wrong_places),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
