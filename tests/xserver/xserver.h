/* SPDX-License-Identifier: GPL-2.0-only */
/* An X server without a screen, and a program's connection to it. */
#ifndef LEND_TESTS_XSERVER_H
#define LEND_TESTS_XSERVER_H

#include <xcb/xcb.h>

#include "common.h"

struct xserver {
	pid_t pid;
	char display[16];	/* ":3" */
	xcb_connection_t *conn;
	xcb_screen_t *screen;
};

/* Of a size and depth, as "640x480x24"; @without: an extension that it lacks, or NULL. */
void xserver_start(struct xserver *x, const char *screen, const char *without);
void xserver_stop(struct xserver *x);

/* All requests so far are done. */
void xserver_sync(const struct xserver *x);

/* The screen, whole, of so many bytes; the same until the next one is taken. */
const void *xserver_screenshot(const struct xserver *x, size_t bytes);

#endif
