/* SPDX-License-Identifier: GPL-2.0-only */
/* grab-view, as somebody watches it. */
#ifndef LEND_TESTS_VIEWER_H
#define LEND_TESTS_VIEWER_H

#include <sys/types.h>

#include "../grabber/grabber.h"
#include "../xserver/xserver.h"
#include "says.h"

const char *viewer_program(void);
/* The device behind a descriptor. */
const char *board_path(int board);

/* Starts it with these options; its words go to OUT and ERR. */
pid_t viewer_start(const struct xserver *x, int board, const char *options);
/* How it ended. */
int viewer_end(pid_t viewer);
/* After a test that failed. */
void viewer_sweep(void);

/* Its window, and what that is called; XCB_NONE and "" without one. */
xcb_window_t viewer_window(const struct xserver *x);
const char *viewer_title(const struct xserver *x);
bool viewer_title_has(const struct xserver *x, const char *words);
/* The number before " lost" in its title. */
unsigned long viewer_lost(const struct xserver *x);

#endif
