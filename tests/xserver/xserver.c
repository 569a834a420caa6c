// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>

#include "xserver.h"

struct start {
	int up;
	const char *screen, *without;
};

/* Writes the number of its display to the descriptor when it is up. */
static int run(void *arg)
{
	const struct start *start = arg;
	int null = must(open("/dev/null", O_RDWR | O_CLOEXEC));
	char number[16];

	snprintf(number, sizeof(number), "%d", start->up);
	must(fcntl(start->up, F_SETFD, 0));
	must(dup2(null, STDOUT_FILENO));
	must(dup2(null, STDERR_FILENO));
	execlp("Xvfb", "Xvfb", "-displayfd", number, "-screen", "0", start->screen,
	       "-nolisten", "tcp", "-noreset", start->without ? "-extension" : NULL,
	       start->without, NULL);
	return 1;
}

void xserver_start(struct xserver *x, const char *screen, const char *without)
{
	struct start start = { .screen = screen, .without = without };
	size_t length = 1;
	int up[2];

	*x = (struct xserver){ .display = ":" };
	must(pipe2(up, O_CLOEXEC));
	start.up = up[1];
	x->pid = spawn(run, &start);
	close(up[1]);
	do {
		check(length < sizeof(x->display) - 1);
		check(must(read(up[0], x->display + length, 1)) == 1);
	} while (x->display[length++] != '\n');
	close(up[0]);
	x->display[length - 1] = 0;

	x->conn = xcb_connect(x->display, NULL);
	check(!xcb_connection_has_error(x->conn));
	x->screen = xcb_setup_roots_iterator(xcb_get_setup(x->conn)).data;
}

void xserver_stop(struct xserver *x)
{
	xcb_disconnect(x->conn);
	must(kill(x->pid, SIGKILL));
	check(reap(x->pid) == 128 + SIGKILL);
}

void xserver_sync(const struct xserver *x)
{
	free(xcb_get_input_focus_reply(x->conn, xcb_get_input_focus(x->conn), NULL));
}

const void *xserver_screenshot(const struct xserver *x, size_t bytes)
{
	static xcb_get_image_reply_t *shot;

	free(shot);
	shot = xcb_get_image_reply(x->conn, xcb_get_image(x->conn, XCB_IMAGE_FORMAT_Z_PIXMAP,
				   x->screen->root, 0, 0, x->screen->width_in_pixels,
				   x->screen->height_in_pixels, ~0), NULL);
	check(shot && (size_t)xcb_get_image_data_length(shot) == bytes);
	return xcb_get_image_data(shot);
}
