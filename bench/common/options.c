// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lend.h>

#include "memory.h"
#include "options.h"

#define SIZE_LIMIT	(1UL << 40)

static void usage(FILE *to, const char *does, const char *sizes)
{
	fprintf(to,
		"usage: %s [OPTION...]\n\n"
		"%s\n"
		"Prints a table, and what was left out and why.\n\n"
		"  -s, --sizes LIST    of the buffers (%s)\n"
		"  -r, --runs N        measured ones, after one that is not; the median is\n"
		"                      printed, and how far the middle half of them is apart\n"
		"                      (5, and 1 with --count)\n"
		"  -c, --count         the clock counts instructions, as in vm/run --count\n"
		"  -m, --memory WORDS  only memories whose names hold these words\n"
		"  -p, --path FILE     one more memory: any file or device that can be mapped\n"
		"  -d, --disk DEVICE   for direct I/O; WHAT IS ON IT IS LOST\n"
		"  -n, --frames N      of a video stream (20)\n"
		"  -j, --json FILE     write all figures there, too\n"
		"  -h, --help\n\n"
		"Exit status: 0; 1 something failed; 2 this command line is wrong.\n",
		program_invocation_short_name, does, sizes);
}

static void __attribute__((noreturn))
wrong(const char *option, const char *value, const char *need)
{
	fprintf(stderr, "%s: --%s %s: not %s\ntry %s --help\n", program_invocation_short_name,
		option, value, need, program_invocation_short_name);
	exit(2);
}

static unsigned int parse_number(const char *option, const char *text, unsigned int most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || !value || value > most)
		wrong(option, text, "a number that is possible here");
	return value;
}

static void parse_sizes(struct options *o, const char *list)
{
	char *copy = strdup(list), *rest = copy, *word;

	if (!copy)
		die("no memory");
	o->nr_sizes = 0;
	while ((word = strsep(&rest, ","))) {
		uint64_t size;

		if (lend_parse_size(word, &size) || !size || size % PAGE || size > SIZE_LIMIT ||
		    o->nr_sizes == MAX_SIZES)
			wrong("sizes", list, "up to 16 sizes of whole pages, such as 1M,128M");
		o->sizes[o->nr_sizes++] = size;
	}
	free(copy);
}

void parse_options(struct options *o, int argc, char **argv, const char *does, const char *sizes)
{
	static const struct option names[] = {
		{ "sizes", required_argument, NULL, 's' },
		{ "runs", required_argument, NULL, 'r' },
		{ "count", no_argument, NULL, 'c' },
		{ "memory", required_argument, NULL, 'm' },
		{ "path", required_argument, NULL, 'p' },
		{ "disk", required_argument, NULL, 'd' },
		{ "frames", required_argument, NULL, 'n' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL }
	};
	int opt;

	*o = (struct options){ .frames = 20 };
	parse_sizes(o, sizes);
	while ((opt = getopt_long(argc, argv, "s:r:cm:p:d:n:j:h", names, NULL)) != -1) {
		switch (opt) {
		case 's':
			parse_sizes(o, optarg);
			break;
		case 'r':
			o->runs = parse_number("runs", optarg, MAX_RUNS);
			break;
		case 'c':
			o->counting = true;
			break;
		case 'm':
			o->only = optarg;
			break;
		case 'p':
			o->path = optarg;
			break;
		case 'd':
			o->disk = optarg;
			break;
		case 'n':
			o->frames = parse_number("frames", optarg, 100000);
			break;
		case 'j':
			o->json = optarg;
			break;
		case 'h':
			usage(stdout, does, sizes);
			exit(0);
		default:
			usage(stderr, does, sizes);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: what is \"%s\"?\n", program_invocation_short_name,
			argv[optind]);
		usage(stderr, does, sizes);
		exit(2);
	}
	if (!o->runs)
		o->runs = o->counting ? 1 : 5;
}

bool wanted(const struct options *o, const struct memory *memory)
{
	return !o->only || strstr(memory->name, o->only);
}
