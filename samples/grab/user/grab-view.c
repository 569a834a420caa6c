// SPDX-License-Identifier: GPL-2.0-only
/* Shows what a video device captures, in a window. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <linux/videodev2.h>

#include "size.h"
#include "view.h"

static const char usage[] =
"usage: grab-view [OPTION...]\n"
"\n"
"Shows in a window what a video device captures; title: frames a second and losses.\n"
"The key q, closing the window, or a signal ends it.\n"
"\n"
"  --device FILE    the device (/dev/video0)\n"
"  --path PATH      how frames reach the X server:\n"
"                     driver   it maps the driver's buffers: nothing is copied\n"
"                     shm      the device writes into shared memory that it has\n"
"                              mapped: nothing is copied\n"
"                     convert  libswscale turns each into what it can show\n"
"                     auto     driver if it can show the format, else convert (auto)\n"
"  --size WxH       of the frames (as the device has it)\n"
"  --format FOURCC  XR24, YUYV, GREY, RGB3, ... (the X server's own, if there is)\n"
"  --rate N         frames a second to ask the device for\n"
"  --buffers N      2 to 32 (4)\n"
"  --frames N       end after so many\n"
"  --hold           ... but leave the last one on the screen\n"
"  --save FILE      write the last frame as PNG\n"
"  --json           tell in JSON what was seen\n"
"\n"
"Exit status: 0; 1 if something failed or the device went away; 2 if this line is wrong.\n";

static const char *const end_names[] = {
	[VIEW_QUIT] = "closed", [VIEW_FRAMES] = "frames", [VIEW_SIGNAL] = "signal",
	[VIEW_GONE] = "gone",
};

#define wrong(...) do {								\
	warnx(__VA_ARGS__);							\
	fputs("try grab-view --help\n", stderr);				\
	exit(2);								\
} while (0)

static unsigned long number(const char *option, const char *text, unsigned long min,
			    unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || strchr(text, '-') || value < min || value > max)
		wrong("--%s %s: not a number from %lu to %lu", option, text, min, max);
	return value;
}

static void parse_size(const char *text, struct view_options *o)
{
	if (!read_size(text, INT16_MAX, &o->width, &o->height))
		wrong("--size %s: not like 640x480, with up to %d each", text, INT16_MAX);
}

static enum view_path parse_path(const char *text)
{
	for (enum view_path path = PATH_AUTO; path <= PATH_CONVERT; path++)
		if (!strcmp(text, view_path_names[path]))
			return path;
	wrong("--path %s: not driver, shm, convert or auto", text);
}

static double parse_rate(const char *text)
{
	char *end;
	double rate = strtod(text, &end);

	if (*end || end == text || !(rate >= 0.01 && rate <= 1e6))
		wrong("--rate %s: not a number from 0.01 to 1000000", text);
	return rate;
}

static void tell(const struct view_options *o, const struct view_report *r)
{
	double rate = r->seconds > 0 ? r->frames / r->seconds : 0;

	printf("%llu frames of %ux%u %.4s in %.2f s (%.1f a second), %llu lost, %llu bad, path %s\n",
	       (unsigned long long)r->frames, r->width, r->height, (const char *)&r->fourcc,
	       r->seconds, rate, (unsigned long long)r->lost, (unsigned long long)r->bad,
	       view_path_names[r->path]);
	if (r->skipped)
		printf("%llu not shown: the X server was slow\n", (unsigned long long)r->skipped);
	if (o->save && r->end != VIEW_GONE)
		printf("the last one is in %s\n", o->save);
}

static void tell_json(const struct view_options *o, const struct view_report *r)
{
	struct json_object *json = json_object_new_object();
	char seconds[32];

	snprintf(seconds, sizeof(seconds), "%.3f", r->seconds);
	json_object_object_add(json, "device", json_object_new_string(o->device));
	json_object_object_add(json, "width", json_object_new_int(r->width));
	json_object_object_add(json, "height", json_object_new_int(r->height));
	json_object_object_add(json, "format",
			       json_object_new_string_len((const char *)&r->fourcc, 4));
	json_object_object_add(json, "path", json_object_new_string(view_path_names[r->path]));
	json_object_object_add(json, "frames", json_object_new_int64(r->frames));
	json_object_object_add(json, "lost", json_object_new_int64(r->lost));
	json_object_object_add(json, "bad", json_object_new_int64(r->bad));
	json_object_object_add(json, "skipped", json_object_new_int64(r->skipped));
	json_object_object_add(json, "seconds", json_object_new_double_s(r->seconds, seconds));
	json_object_object_add(json, "end", json_object_new_string(end_names[r->end]));
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "path", required_argument, NULL, 'p' },
		{ "size", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "rate", required_argument, NULL, 'r' },
		{ "buffers", required_argument, NULL, 'b' },
		{ "frames", required_argument, NULL, 'n' },
		{ "hold", no_argument, NULL, 'k' },
		{ "save", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct view_options o = { .device = "/dev/video0", .buffers = 4 };
	struct view_report report;
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			o.device = optarg;
			break;
		case 'p':
			o.path = parse_path(optarg);
			break;
		case 's':
			parse_size(optarg, &o);
			break;
		case 'f':
			if (strlen(optarg) != 4)
				wrong("--format %s: not four characters like YUYV", optarg);
			o.fourcc = v4l2_fourcc((uint32_t)optarg[0], (uint32_t)optarg[1],
					       (uint32_t)optarg[2], (uint32_t)optarg[3]);
			break;
		case 'r':
			o.rate = parse_rate(optarg);
			break;
		case 'b':
			o.buffers = number("buffers", optarg, 2, VIDEO_MAX_FRAME);
			break;
		case 'n':
			o.frames = number("frames", optarg, 1, INT64_MAX);
			break;
		case 'k':
			o.hold = true;
			break;
		case 'o':
			o.save = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("try grab-view --help\n", stderr);
			return 2;
		}
	}
	if (optind < argc)
		wrong("'%s' is not an option", argv[optind]);
	if (o.hold && !o.frames)
		wrong("--hold takes --frames");

	report = view_run(&o);
	if (json)
		tell_json(&o, &report);
	else
		tell(&o, &report);
	if (report.end == VIEW_GONE)
		errx(1, "%s is gone: it was unplugged, or its driver unbound", o.device);
	return 0;
}
