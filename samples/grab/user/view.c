// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <libavutil/log.h>
#include <libswscale/swscale.h>

#include "capture.h"
#include "view.h"
#include "window.h"

/* Of a converted picture: one is shown, one is written. */
#define NR_CONVERTED	2

struct segment {
	xcb_shm_seg_t id;
	void *mem;
	unsigned int shown;	/* the server has yet to read it, so many times */
};

struct view {
	const struct view_options *options;
	struct view_report report;
	struct capture capture;
	struct window window;
	/* Number i has the device's buffer i in it, unless frames are converted. */
	struct segment segments[VIDEO_MAX_FRAME];
	unsigned int nr_segments, stride;
	struct SwsContext *sws;
	int latest;		/* buffer; kept, to be drawn again and saved */
	int drawn;		/* segment */
	bool streams;
	uint32_t sequence;	/* of the next frame, if none is lost */
	double began, ticked;
	uint64_t ticked_frames;
};

const char *const view_path_names[] = {
	[PATH_AUTO] = "auto", [PATH_DRIVER] = "driver", [PATH_SHM] = "shm",
	[PATH_CONVERT] = "convert",
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void choose_format(struct view *v)
{
	const struct view_options *o = v->options;
	struct capture *c = &v->capture;
	uint32_t fourcc = o->fourcc;

	if (!fourcc && capture_knows(c, v->window.pixels->fourcc))
		fourcc = v->window.pixels->fourcc;
	capture_set_format(c, o->width, o->height, fourcc);
	if (!pixels_of(c->format.pixelformat))
		errx(1, "%.4s is not a format that can be shown: give another --format",
		     (const char *)&c->format.pixelformat);
	v->report.width = c->format.width;
	v->report.height = c->format.height;
	v->report.fourcc = c->format.pixelformat;
	if (o->rate)
		capture_set_rate(c, o->rate);
}

static void choose_path(struct view *v)
{
	bool takes = window_takes(&v->window, &v->capture.format);
	enum view_path path = v->options->path;

	if (path == PATH_AUTO)
		path = takes && v->window.takes_fd ? PATH_DRIVER : PATH_CONVERT;
	if (path != PATH_CONVERT && !takes)
		errx(1, "the X server does not show %.4s with %u bytes a line as it is: --path convert, or --format %.4s",
		     (const char *)&v->capture.format.pixelformat, v->capture.format.bytesperline,
		     (const char *)&v->window.pixels->fourcc);
	if (path == PATH_DRIVER && !v->window.takes_fd)
		errx(1, "the X server maps nothing by descriptor (MIT-SHM before 1.2): --path shm");
	v->report.path = path;
}

static void set_up_convert(struct view *v)
{
	struct capture *c = &v->capture;
	size_t size;

	capture_request(c, V4L2_MEMORY_MMAP, v->options->buffers);
	for (unsigned int i = 0; i < c->nr; i++)
		capture_map(c, i);
	v->sws = picture_converter(&c->format, v->window.pixels->av);
	v->stride = window_stride(&v->window, c->format.width);
	/* libswscale writes whole vectors, over the end of a line. */
	size = (size_t)v->stride * c->format.height + 64;
	v->nr_segments = NR_CONVERTED;
	for (struct segment *s = v->segments; s < v->segments + NR_CONVERTED; s++)
		s->id = window_attach_new(&v->window, size, &s->mem);
}

static void set_up_buffers(struct view *v)
{
	struct capture *c = &v->capture;
	bool shm = v->report.path == PATH_SHM;

	capture_request(c, shm ? V4L2_MEMORY_USERPTR : V4L2_MEMORY_MMAP, v->options->buffers);
	v->stride = c->format.bytesperline;
	v->nr_segments = c->nr;
	for (unsigned int i = 0; i < c->nr; i++) {
		struct segment *s = &v->segments[i];

		if (shm) {
			s->id = window_attach_new(&v->window, c->format.sizeimage, &s->mem);
			capture_give(c, i, s->mem, c->format.sizeimage);
		} else {
			s->id = window_attach_fd(&v->window, capture_export(c, i));
		}
	}
}

static void end(struct view *v, enum view_end why)
{
	if (v->streams) {
		v->report.seconds = now() - v->began;
		capture_stop(&v->capture);
	}
	v->streams = false;
	v->report.end = why;
}

/* To the device, once neither the server nor a later --save reads it. */
static void release(struct view *v, int buffer)
{
	if (buffer < 0 || buffer == v->latest || !v->streams)
		return;
	if (!v->sws && v->segments[buffer].shown)
		return;
	if (!capture_queue(&v->capture, buffer))
		end(v, VIEW_GONE);
}

static void draw(struct view *v, int segment)
{
	v->drawn = segment;
	v->segments[segment].shown++;
	window_put(&v->window, v->segments[segment].id, v->stride);
}

static void convert(struct view *v, unsigned int buffer)
{
	for (int i = 0; i < NR_CONVERTED; i++) {
		if (v->segments[i].shown)
			continue;
		picture_convert(v->sws, &v->capture.format, v->capture.mem[buffer],
				v->segments[i].mem, v->stride);
		draw(v, i);
		return;
	}
	v->report.skipped++;
}

static void take(struct view *v, const struct capture_frame *frame)
{
	int before = v->latest;

	v->report.lost += frame->sequence - v->sequence;
	v->sequence = frame->sequence + 1;
	if (frame->bad) {
		v->report.bad++;
		release(v, frame->index);
		return;
	}
	v->report.frames++;
	v->latest = frame->index;
	if (v->sws)
		convert(v, frame->index);
	else
		draw(v, frame->index);
	release(v, before);
	if (v->report.frames == v->options->frames)
		end(v, VIEW_FRAMES);
}

static void take_frames(struct view *v)
{
	struct capture_frame frame;

	while (v->streams) {
		switch (capture_next(&v->capture, &frame)) {
		case CAPTURE_FRAME:
			take(v, &frame);
			break;
		case CAPTURE_NONE:
			return;
		case CAPTURE_GONE:
			end(v, VIEW_GONE);
			break;
		}
	}
}

static void shown(struct view *v, xcb_shm_seg_t id)
{
	for (unsigned int i = 0; i < v->nr_segments; i++) {
		if (v->segments[i].id != id)
			continue;
		v->segments[i].shown--;
		if (!v->sws)
			release(v, i);
	}
}

/* false: the window was closed. */
static bool take_events(struct view *v)
{
	enum window_event event;
	xcb_shm_seg_t id;

	while ((event = window_next(&v->window, &id)) != WINDOW_NOTHING) {
		if (event == WINDOW_QUIT)
			return false;
		if (event == WINDOW_SHOWN)
			shown(v, id);
		if (event == WINDOW_EXPOSED && v->drawn >= 0)
			draw(v, v->drawn);
	}
	return true;
}

static void tell(struct view *v)
{
	struct view_report *r = &v->report;
	double time = now(), rate = 0;
	char title[256], pace[64];

	if (time > v->ticked)
		rate = (r->frames - v->ticked_frames) / (time - v->ticked);
	v->ticked = time;
	v->ticked_frames = r->frames;
	if (v->streams)
		snprintf(pace, sizeof(pace), "%.1f frames/s", rate);
	else
		snprintf(pace, sizeof(pace), "held after %llu frames",
			 (unsigned long long)r->frames);
	snprintf(title, sizeof(title), "%s %ux%u %.4s: %s, %llu lost", v->options->device,
		 r->width, r->height, (const char *)&r->fourcc, pace,
		 (unsigned long long)r->lost);
	window_set_title(&v->window, title);
}

static int signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		err(1, "signalfd");
	return fd;
}

static int every_second(void)
{
	struct itimerspec second = { { 1, 0 }, { 1, 0 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &second, NULL))
		err(1, "timerfd");
	return fd;
}

/* Something is still to be seen, or has yet to be read by the server. */
static bool goes_on(const struct view *v)
{
	if (v->streams || (v->report.end == VIEW_FRAMES && v->options->hold))
		return true;
	return v->report.end == VIEW_FRAMES && v->drawn >= 0 && v->segments[v->drawn].shown;
}

static void loop(struct view *v)
{
	enum { DEVICE, SERVER, SIGNAL, CLOCK };
	struct pollfd fds[] = {
		[DEVICE] = { .events = POLLIN },
		[SERVER] = { xcb_get_file_descriptor(v->window.conn), POLLIN },
		[SIGNAL] = { signals(), POLLIN },
		[CLOCK] = { every_second(), POLLIN },
	};
	uint64_t ticks;

	while (goes_on(v)) {
		if (!take_events(v)) {
			end(v, VIEW_QUIT);
			break;
		}
		xcb_flush(v->window.conn);
		/* Without a buffer the device has nothing to tell. */
		fds[DEVICE].fd = v->streams && v->capture.queued ? v->capture.fd : -1;
		if (poll(fds, 4, -1) < 0 && errno != EINTR)
			err(1, "poll");
		if (fds[SIGNAL].revents) {
			end(v, VIEW_SIGNAL);
			break;
		}
		if (fds[DEVICE].fd >= 0 && fds[DEVICE].revents) {
			take_frames(v);
			if (!v->streams)
				tell(v);
		}
		if (read(fds[CLOCK].fd, &ticks, sizeof(ticks)) > 0 && v->streams)
			tell(v);
	}
	close(fds[SIGNAL].fd);
	close(fds[CLOCK].fd);
}

static void save(struct view *v)
{
	struct capture *c = &v->capture;

	/* With the device go its buffers, and the frames that were still to come. */
	if (v->report.end == VIEW_GONE && (v->latest < 0 || v->report.path != PATH_SHM)) {
		warnx("%s is not saved: the device is gone with the frame", v->options->save);
		return;
	}
	if (v->latest < 0)
		errx(1, "%s: there was no frame to save", v->options->save);
	picture_save(v->options->save, &c->format, capture_map(c, v->latest));
}

struct view_report view_run(const struct view_options *options)
{
	struct view v = { .options = options, .latest = -1, .drawn = -1 };

	/* libswscale tells of what it does slowly. */
	av_log_set_level(AV_LOG_ERROR);
	capture_open(&v.capture, options->device);
	window_connect(&v.window);
	choose_format(&v);
	choose_path(&v);
	window_open(&v.window, v.report.width, v.report.height);
	if (v.report.path == PATH_CONVERT)
		set_up_convert(&v);
	else
		set_up_buffers(&v);

	v.streams = true;
	v.began = v.ticked = now();
	for (unsigned int i = 0; i < v.capture.nr; i++)
		release(&v, i);
	capture_start(&v.capture);
	tell(&v);
	loop(&v);
	if (options->save)
		save(&v);
	window_close(&v.window);
	sws_freeContext(v.sws);
	return v.report;
}
