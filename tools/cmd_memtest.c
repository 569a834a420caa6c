// SPDX-License-Identifier: GPL-2.0-only
/* lend memtest */
#include <errno.h>
#include <getopt.h>
#include <lend.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "cmd.h"
#include "memtest_session.h"
#include "setup.h"

static const char usage[] =
"usage: lend memtest [OPTION...] FILE\n"
"       lend memtest [OPTION...] --size SIZE\n"
"Write patterns to all of a buffer and read them back. What was in it is destroyed.\n"
"\n"
"  -l, --loops N        how often, 0 until interrupted (1)\n"
"  -t, --threads N      how many work side by side (as many as processors)\n"
"  -p, --pattern NAME   this one instead of all; may repeat\n"
"  -L, --list           list the patterns\n"
"  -S, --seed N         of random values\n"
"  -x, --stop           stop at the first bad word\n"
"  -F, --force          even if others have it open or mapped\n"
"  -q, --quiet          print bad words only\n"
"      --json           print JSON\n"
"  -h, --help           print this\n"
"\n"
"Test a new buffer, given back at the end, made as the mount has it or of:\n"
"  -s, --size SIZE      4096, 64M, 1.5G, 1TiB: powers of 1024\n"
SETUP_USAGE
"\n"
"Exit status: 0 no bad word, 1 bad memory, 2 not tested.\n";

static int list_patterns(void)
{
	struct table table = { .align = "lll" };
	const struct memtest_pattern *pattern;

	for (pattern = memtest_patterns; pattern->name; pattern++) {
		table_add(&table, pattern->name);
		table_add(&table, pattern->what);
		table_addf(&table, "(%s)", pattern->source);
	}
	table_print_free(&table);
	return EXIT_SUCCESS;
}

/* The session's patterns, ended by NULL. */
static void add_pattern(struct session *session, const struct memtest_pattern *pattern)
{
	static const struct memtest_pattern **patterns;
	static size_t count;

	patterns = grow(patterns, count + 2, sizeof(*patterns));
	patterns[count++] = pattern;
	patterns[count] = NULL;
	session->test.patterns = patterns;
}

static int parse_pattern(struct session *session, const char *name)
{
	const struct memtest_pattern *pattern = memtest_pattern(name);

	if (!pattern)
		return usage_error("\"%s\" is no pattern; \"lend memtest --list\" lists them",
				   name);
	add_pattern(session, pattern);
	return 0;
}

static int parse_count(const char *what, const char *text, long min, long max,
		       unsigned int *count)
{
	long value;

	if (!parse_number(text, max, &value) || value < min)
		return usage_error("\"%s\" is no number of %s; it is %ld to %ld",
				   text, what, min, max);
	*count = value;
	return 0;
}

static int parse_seed(const char *text, uint64_t *seed)
{
	char *end;

	errno = 0;
	*seed = strtoull(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno)
		return usage_error("\"%s\" is no seed; it is a number of 64 bits", text);
	return 0;
}

static int parse_size(const char *text, uint64_t *size)
{
	if (lend_parse_size(text, size))
		return usage_error("%s", lend_error());
	return *size ? 0 : usage_error("0 bytes cannot be tested");
}

static int parse(struct session *session, int c, const char *value)
{
	switch (c) {
	case 'l':
		return parse_count("loops", value, 0, INT_MAX, &session->test.loops);
	case 't':
		return parse_count("threads", value, 1, MEMTEST_THREADS, &session->test.threads);
	case 'p':
		return parse_pattern(session, value);
	case 'S':
		return parse_seed(value, &session->test.seed);
	case 's':
		return parse_size(value, &session->size);
	case 'x':
		session->stop = true;
		return 0;
	case 'F':
		session->force = true;
		return 0;
	case 'q':
		session->quiet = true;
		return 0;
	case 'j':
		session->json = true;
		return 0;
	case '?':
		return usage_hint();
	default:
		return setup_option(&session->setup, c, value);
	}
}

static void add_all_patterns(struct session *session)
{
	const struct memtest_pattern *pattern;

	for (pattern = memtest_patterns; pattern->name; pattern++)
		add_pattern(session, pattern);
}

int cmd_memtest(int argc, char **argv)
{
	static const struct option options[] = {
		{ "loops",	required_argument,	NULL,	'l' },
		{ "threads",	required_argument,	NULL,	't' },
		{ "pattern",	required_argument,	NULL,	'p' },
		{ "list",	no_argument,		NULL,	'L' },
		{ "seed",	required_argument,	NULL,	'S' },
		{ "stop",	no_argument,		NULL,	'x' },
		{ "force",	no_argument,		NULL,	'F' },
		{ "quiet",	no_argument,		NULL,	'q' },
		{ "json",	no_argument,		NULL,	'j' },
		{ "size",	required_argument,	NULL,	's' },
		SETUP_OPTIONS,
		{ "help",	no_argument,		NULL,	'h' },
		{ 0 }
	};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct session session = {
		.test.loops = 1,
		.test.threads = processors < 1 ? 1 :
				processors > MEMTEST_THREADS ? MEMTEST_THREADS : processors,
		.report.name = "a new buffer",
	};
	int c, bad = 0;

	failure = EXIT_UNTESTED;
	if (getrandom(&session.test.seed, sizeof(session.test.seed), 0) < 0)
		session.test.seed = time(NULL);
	while (!bad && (c = getopt_long(argc, argv, "l:t:p:LS:xFqs:h" SETUP_LETTERS,
					options, NULL)) >= 0) {
		if (c == 'h') {
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		}
		if (c == 'L')
			return list_patterns();
		bad = parse(&session, c, optarg);
	}
	if (bad)
		return bad;
	if (argc - optind > 1)
		return usage_error("more than one file");
	if (!session.size == (optind == argc))
		return usage_error("one of FILE and --size is needed, and not both");
	if (!session.size && session.setup.flags)
		return usage_error("what memory it is of can be said with --size only");
	if (!session.size)
		session.report.name = argv[optind];
	if (!session.test.patterns)
		add_all_patterns(&session);
	return session_run(&session);
}
