// SPDX-License-Identifier: GPL-2.0-only
#include <libgen.h>
#include <signal.h>

#include "viewer.h"

static pid_t running;

/* --- the program */

struct start {
	const char *display, *options;
	int board;
};

const char *board_path(int board)
{
	static char path[256];
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", board);
	path[must(readlink(link, path, sizeof(path) - 1))] = 0;
	return path;
}

const char *viewer_program(void)
{
	static char path[4096];

	if (!path[0]) {
		check(must(readlink("/proc/self/exe", path, sizeof(path) - 30)) > 0);
		strcat(dirname(path), "/../samples/grab-view");
	}
	return path;
}

static int run(void *arg)
{
	const struct start *start = arg;
	char line[8192];

	must(setenv("DISPLAY", start->display, 1));
	snprintf(line, sizeof(line), "exec %s --device %s %s >" OUT " 2>" ERR,
		 viewer_program(), board_path(start->board), start->options);
	execl("/bin/sh", "sh", "-c", line, NULL);
	return 1;
}

pid_t viewer_start(const struct xserver *x, int board, const char *options)
{
	struct start start = { x->display, options, board };

	/* The server may not know yet that the last one is gone. */
	wait_for(viewer_window(x) == XCB_NONE);
	return running = spawn(run, &start);
}

int viewer_end(pid_t viewer)
{
	int status = reap(viewer);

	running = 0;
	return status;
}

void viewer_sweep(void)
{
	if (!running)
		return;
	kill(running, SIGKILL);
	viewer_end(running);
}

/* --- its window */

static xcb_atom_t atom(const struct xserver *x, const char *name)
{
	xcb_intern_atom_reply_t *reply = xcb_intern_atom_reply(x->conn,
		xcb_intern_atom(x->conn, false, strlen(name), name), NULL);
	xcb_atom_t value;

	check(reply);
	value = reply->atom;
	free(reply);
	return value;
}

/* The only window that anybody has. */
xcb_window_t viewer_window(const struct xserver *x)
{
	xcb_query_tree_reply_t *tree = xcb_query_tree_reply(x->conn,
		xcb_query_tree(x->conn, x->screen->root), NULL);
	xcb_window_t window = XCB_NONE;

	check(tree);
	check(xcb_query_tree_children_length(tree) <= 1);
	if (xcb_query_tree_children_length(tree))
		window = *xcb_query_tree_children(tree);
	free(tree);
	return window;
}

const char *viewer_title(const struct xserver *x)
{
	static char title[512];
	xcb_window_t window = viewer_window(x);
	xcb_get_property_reply_t *reply;
	int length = 0;

	title[0] = 0;
	if (window == XCB_NONE)
		return title;
	reply = xcb_get_property_reply(x->conn, xcb_get_property(x->conn, false, window,
				       atom(x, "_NET_WM_NAME"), atom(x, "UTF8_STRING"), 0, 100),
				       NULL);
	if (reply) {
		length = xcb_get_property_value_length(reply);
		memcpy(title, xcb_get_property_value(reply), length);
	}
	title[length] = 0;
	free(reply);
	return title;
}

bool viewer_title_has(const struct xserver *x, const char *words)
{
	return strstr(viewer_title(x), words);
}

unsigned long viewer_lost(const struct xserver *x)
{
	const char *comma = strrchr(viewer_title(x), ',');

	return comma ? strtoul(comma + 1, NULL, 10) : 0;
}
