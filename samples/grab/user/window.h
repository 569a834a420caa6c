/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A window of an X server that shows pictures out of memory the server has mapped
 * (MIT-SHM). What fails ends the program with a sentence that says why.
 */
#ifndef GRAB_WINDOW_H
#define GRAB_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <linux/videodev2.h>

#include "picture.h"

struct window {
	xcb_connection_t *conn;
	xcb_screen_t *screen;
	xcb_visualid_t visual;
	unsigned int depth;
	const struct pixel_format *pixels;	/* of the visual */
	unsigned int pad;			/* bits that a line is a multiple of */
	bool takes_fd;				/* maps memory by descriptor */
	uint8_t completion;			/* the event */
	xcb_window_t id;
	xcb_gcontext_t gc;
	xcb_atom_t net_wm_name, utf8_string, wm_protocols, wm_delete_window;
	unsigned int width, height;
};

enum window_event {
	WINDOW_NOTHING,
	WINDOW_QUIT,		/* the key q, or closed */
	WINDOW_EXPOSED,		/* to be drawn again */
	WINDOW_SHOWN,		/* the server has read the picture in a segment */
};

/* Finds out what the server of $DISPLAY has. */
void window_connect(struct window *w);
/* It shows such frames as they are. */
bool window_takes(const struct window *w, const struct v4l2_pix_format *format);
/* Bytes of a line of so many pixels, as the server counts. */
unsigned int window_stride(const struct window *w, unsigned int width);

void window_open(struct window *w, unsigned int width, unsigned int height);
void window_set_title(const struct window *w, const char *title);

/* The server maps the file, to read only; @fd is closed. */
xcb_shm_seg_t window_attach_fd(const struct window *w, int fd);
/* New shared memory, of both; lives as long as one of them does. */
xcb_shm_seg_t window_attach_new(const struct window *w, size_t size, void **mem);
/* WINDOW_SHOWN follows. @stride: of the picture at the segment's beginning. */
void window_put(const struct window *w, xcb_shm_seg_t segment, unsigned int stride);

/* Never waits; WINDOW_NOTHING when all is done. */
enum window_event window_next(const struct window *w, xcb_shm_seg_t *segment);
void window_close(struct window *w);

#endif
