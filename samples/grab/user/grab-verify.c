// SPDX-License-Identifier: GPL-2.0-only
/* Are these the frames that the board wrote, to the byte? */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <zlib.h>

#include "../frame.h"
#include "size.h"

static const char usage[] =
"usage: grab-verify [OPTION...] --size WxH --format FOURCC FILE...\n"
"\n"
"Verifies raw frames of the board of samples/grab that a program saved one after the\n"
"other in FILE (- is standard input): the stamp, the checksum and the picture of each\n"
"are right, their numbers grow. Counts those that were lost in between.\n"
"\n"
"  --size WxH       of the frames\n"
"  --format FOURCC  XR24, RGB3, YUYV or GREY\n"
"  --no-loss        a lost frame is a fault, too\n"
"  --json           tell in JSON what was seen\n"
"\n"
"Exit status: 0; 1 if a frame is bad, a file has none or cannot be read; 2 if this line\n"
"is wrong.\n";

struct wanted {
	unsigned int width, height;
	uint32_t fourcc;
	size_t bytes, line;
	uint8_t *row;		/* of the picture: any line is a part of it */
};

struct result {
	const char *name;
	uint64_t good, bad, lost;
	uint32_t first, last;	/* numbers, of the good ones */
};

#define wrong(...) do {								\
	warnx(__VA_ARGS__);							\
	fputs("try grab-verify --help\n", stderr);				\
	exit(2);								\
} while (0)

/* Says which bytes after the stamp are wrong; false: none is. */
static bool find_fault(const struct wanted *w, const uint8_t *frame, char *what, size_t size)
{
	uint32_t sequence = le32toh(((const struct grab_stamp *)frame)->sequence);
	unsigned int depth = grab_depth(w->fourcc);
	size_t at = sizeof(struct grab_stamp), faults = 0;

	for (unsigned int y = at / w->line; y < w->height; y++) {
		const uint8_t *line = w->row + grab_phase(0, y, sequence) * depth;
		size_t i = at > y * w->line ? at - y * w->line : 0;

		if (!memcmp(frame + y * w->line + i, line + i, w->line - i))
			continue;
		for (; i < w->line; i++) {
			uint8_t got = frame[y * w->line + i];

			if (got != line[i] && !faults++)
				snprintf(what, size, "byte %zu (pixel %zu of line %u) is %#x instead of %#x",
					 y * w->line + i, i / depth, y, got, line[i]);
		}
	}
	if (faults > 1)
		snprintf(what + strlen(what), size - strlen(what), ", and %zu more are wrong",
			 faults - 1);
	return faults;
}

/* NULL: it is a frame as it should be; else what is wrong. */
static const char *find_wrong(const struct wanted *w, uint8_t *frame, const struct result *r)
{
	struct grab_stamp *stamp = (struct grab_stamp *)frame;
	uint32_t sum = le32toh(stamp->crc32), fourcc = stamp->fourcc, seen;
	static char what[256];

	if (le32toh(stamp->magic) != GRAB_MAGIC)
		return "it has no stamp";
	if (le16toh(stamp->width) != w->width || le16toh(stamp->height) != w->height ||
	    le32toh(fourcc) != w->fourcc || le32toh(stamp->bytes) != w->bytes) {
		snprintf(what, sizeof(what), "its stamp says %ux%u %.4s, %u bytes",
			 le16toh(stamp->width), le16toh(stamp->height), (const char *)&fourcc,
			 le32toh(stamp->bytes));
		return what;
	}
	if (r->good && le32toh(stamp->sequence) <= r->last) {
		snprintf(what, sizeof(what), "its number is %u, after number %u",
			 le32toh(stamp->sequence), r->last);
		return what;
	}
	if (find_fault(w, frame, what, sizeof(what)))
		return what;
	stamp->crc32 = 0;
	seen = crc32(0, frame, w->bytes);
	if (seen == sum)
		return NULL;
	snprintf(what, sizeof(what), "its checksum is %#x, its bytes have %#x: the stamp is damaged",
		 sum, seen);
	return what;
}

static void bad(struct result *r, const char *what)
{
	warnx("%s: frame %llu is bad: %s", r->name, (unsigned long long)(r->good + r->bad), what);
	r->bad++;
}

static struct result verify(const struct wanted *w, const char *name)
{
	bool in = !strcmp(name, "-");
	struct result r = { .name = in ? "standard input" : name };
	FILE *file = in ? stdin : fopen(name, "re");
	uint8_t *frame = malloc(w->bytes);
	size_t got;

	if (!file)
		err(1, "%s", name);
	if (!frame)
		errx(1, "no memory for a frame of %zu bytes", w->bytes);
	while ((got = fread(frame, 1, w->bytes, file)) == w->bytes) {
		uint32_t sequence = le32toh(((struct grab_stamp *)frame)->sequence);
		const char *what = find_wrong(w, frame, &r);

		if (what) {
			bad(&r, what);
			continue;
		}
		if (!r.good++)
			r.first = sequence;
		else
			r.lost += sequence - r.last - 1;
		r.last = sequence;
	}
	if (ferror(file))
		err(1, "%s", r.name);
	if (got)
		bad(&r, "the file ends in it");
	if (!r.good && !r.bad)
		warnx("%s has no frame", r.name);
	if (!in)
		fclose(file);
	free(frame);
	return r;
}

static void tell(const struct result *r)
{
	printf("%s: %llu good, %llu bad, %llu lost", r->name, (unsigned long long)r->good,
	       (unsigned long long)r->bad, (unsigned long long)r->lost);
	if (r->good)
		printf(", numbers %u to %u", r->first, r->last);
	putchar('\n');
}

static struct json_object *to_json(const struct result *r)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "name", json_object_new_string(r->name));
	json_object_object_add(json, "good", json_object_new_uint64(r->good));
	json_object_object_add(json, "bad", json_object_new_uint64(r->bad));
	json_object_object_add(json, "lost", json_object_new_uint64(r->lost));
	json_object_object_add(json, "first", r->good ? json_object_new_uint64(r->first) : NULL);
	json_object_object_add(json, "last", r->good ? json_object_new_uint64(r->last) : NULL);
	return json;
}

static void parse_size(const char *text, struct wanted *w)
{
	if (!read_size(text, UINT16_MAX, &w->width, &w->height))
		wrong("--size %s: not like 640x480", text);
}

static void parse_format(const char *text, struct wanted *w)
{
	if (strlen(text) == 4)
		w->fourcc = v4l2_fourcc((uint32_t)text[0], (uint32_t)text[1], (uint32_t)text[2],
					(uint32_t)text[3]);
	if (!grab_depth(w->fourcc))
		wrong("--format %s: not XR24, RGB3, YUYV or GREY", text);
}

/* What a frame has, now that size and format are known. */
static void complete(struct wanted *w)
{
	unsigned int depth = grab_depth(w->fourcc);

	w->line = (size_t)w->width * depth;
	w->bytes = w->line * w->height;
	if (w->bytes < sizeof(struct grab_stamp) || w->bytes > UINT32_MAX)
		wrong("--size %ux%u: the board has no such frames", w->width, w->height);
	w->row = malloc((GRAB_PERIOD + w->width) * depth);
	if (!w->row)
		errx(1, "no memory for a line of %u pixels", w->width);
	grab_row(w->row, w->fourcc, 0, GRAB_PERIOD + w->width);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "no-loss", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct json_object *all = json_object_new_array();
	bool no_loss = false, json = false;
	struct wanted w = {};
	int c, status = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			parse_size(optarg, &w);
			break;
		case 'f':
			parse_format(optarg, &w);
			break;
		case 'l':
			no_loss = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("try grab-verify --help\n", stderr);
			return 2;
		}
	}
	if (!w.width || !w.fourcc || optind == argc)
		wrong("it takes --size, --format and FILE");
	complete(&w);

	for (; optind < argc; optind++) {
		struct result r = verify(&w, argv[optind]);

		if (!r.good || r.bad || (no_loss && r.lost))
			status = 1;
		if (json)
			json_object_array_add(all, to_json(&r));
		else
			tell(&r);
	}
	if (json)
		puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_SPACED |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
	free(w.row);
	return status;
}
