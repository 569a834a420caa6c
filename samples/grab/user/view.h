/* SPDX-License-Identifier: GPL-2.0-only */
/* Live frames in a window. */
#ifndef GRAB_VIEW_H
#define GRAB_VIEW_H

#include <stdbool.h>
#include <stdint.h>

enum view_path {
	PATH_AUTO,	/* DRIVER if the server shows such frames as they are, else CONVERT */
	PATH_DRIVER,	/* the server maps the driver's buffers */
	PATH_SHM,	/* the device writes into memory that the server has mapped */
	PATH_CONVERT,	/* libswscale writes into memory that the server has mapped */
};

struct view_options {
	const char *device;
	enum view_path path;
	unsigned int width, height;	/* 0: as the device has it */
	uint32_t fourcc;
	double rate;
	unsigned int buffers;
	uint64_t frames;		/* 0: no end */
	bool hold;			/* after them */
	const char *save;
};

enum view_end { VIEW_QUIT, VIEW_FRAMES, VIEW_SIGNAL, VIEW_GONE };

struct view_report {
	enum view_path path;		/* taken */
	unsigned int width, height;
	uint32_t fourcc;
	uint64_t frames;		/* whole ones */
	uint64_t lost;			/* that the device had no buffer for */
	uint64_t bad;			/* not whole: not shown */
	uint64_t skipped;		/* not shown: the server was slow */
	double seconds;			/* of capturing */
	enum view_end end;
};

extern const char *const view_path_names[];

/* Until the window is closed, a signal, all frames are there, or the device is gone. */
struct view_report view_run(const struct view_options *options);

#endif
