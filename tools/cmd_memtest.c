// SPDX-License-Identifier: GPL-2.0-only
/* lend memtest */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <lend.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "cacheline.h"
#include "cmd.h"
#include "memtest.h"
#include "memtest_report.h"
#include "progress.h"
#include "setup.h"
#include "users.h"

#define EXIT_BAD_MEMORY	1
#define EXIT_UNTESTED	EXIT_USAGE	/* what fails is not to look like bad memory */

#define PAGE		4096

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

struct session {
	struct memtest test;
	struct memtest_report report;
	struct progress progress;
	const struct memtest_pattern **patterns;
	size_t pattern_count;

	/* as asked for */
	uint64_t size;			/* 0: a file */
	struct lend_setup setup;
	bool stop, force, quiet, json;

	int fd;
	unsigned int printed;		/* bad words */
	uint64_t bar_from;		/* bytes before the present bar */
};

static struct memtest *running;
static volatile sig_atomic_t signalled;

/* The second time, it ends at once. */
static void on_signal(int number)
{
	signalled = number;
	atomic_store(&running->stop, true);
}

static void catch_signals(struct memtest *test)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
	struct sigaction old;
	size_t i;

	running = test;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!sigaction(numbers[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
}

static uint64_t bar_done(void *arg)
{
	struct session *session = arg;

	return atomic_load(&session->test.bytes) - session->bar_from;
}

static void bar_start(struct session *session)
{
	session->bar_from = atomic_load(&session->test.bytes);
	if (!session->quiet)
		progress_start(&session->progress);
}

static void after_element(struct memtest *test)
{
	struct session *session = test->arg;

	if (session->stop && test->word_count)
		atomic_store(&test->stop, true);
	if (session->json || session->printed == test->word_count)
		return;
	progress_hide(&session->progress);
	while (session->printed < test->word_count)
		memtest_print_word(&session->report, &test->words[session->printed++]);
}

static void after_loop(struct memtest *test)
{
	struct session *session = test->arg;

	if (!session->quiet && !session->json && test->loops != 1) {
		progress_hide(&session->progress);
		printf("loop %u: %llu bad reads so far\n", test->loops_done,
		       (unsigned long long)test->bad_reads);
		fflush(stdout);
	}
	if (!test->loops) {	/* no end in sight: a bar a loop */
		progress_stop(&session->progress);
		bar_start(session);
	}
}

/* Others would find their data destroyed, and spoil the test. */
static int refuse_used(const struct session *session)
{
	const struct lend_info *info = &session->report.info;
	struct users users;
	struct stat st;
	bool used;

	if (fstat(session->fd, &st))
		return error("%s: %m", session->report.name);
	users_find(&users, st.st_dev, st.st_ino);
	used = users.count || info->mappings || info->exports || info->pinned;
	if (used) {
		error("%s is in use, and its contents would be destroyed; "
		      "--force does it nevertheless", session->report.name);
		users_print(stderr, &users);
		if (info->exports)
			fprintf(stderr, "  %llu dma-bufs of it exist\n",
				(unsigned long long)info->exports);
		if (info->pinned)
			fprintf(stderr, "  %s of it look pinned for I/O\n", human(info->pinned));
	}
	users_free(&users);
	return used ? EXIT_UNTESTED : 0;
}

static int open_target(struct session *session)
{
	struct memtest_report *report = &session->report;

	if (session->size)
		session->fd = lend_tmpfile(NULL, 0600);
	else
		session->fd = lend_open(report->name, O_RDWR);
	if (session->fd < 0)
		return error("%s", lend_error());
	if (session->size && setup_alloc(session->fd, report->name, session->size, &session->setup))
		return EXIT_UNTESTED;
	if (lend_info(session->fd, &report->info))
		return error("%s: %s", report->name, lend_error());
	if (!report->info.memory)
		return error("%s has no memory yet: \"truncate -s SIZE\" gives it some",
			     report->name);
	return session->force ? 0 : refuse_used(session);
}

static int map_target(struct session *session)
{
	struct memtest_report *report = &session->report;
	struct memtest *test = &session->test;

	test->memory = lend_map(session->fd, 0, 0, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (!test->memory)
		return error("%s: %s", report->name, lend_error());
	/* To the end of the last page, which is the buffer's wherever the file ends. */
	test->size = report->info.memory;
	if (test->threads > test->size / PAGE)
		test->threads = test->size / PAGE;
	report->runs = lend_runs(session->fd, &report->run_count);
	if (!report->runs && errno != EPERM)
		return error("%s: %s", report->name, lend_error());
	report->flush = cacheline_instruction();
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int measure(struct session *session)
{
	struct memtest *test = &session->test;
	double began = now();
	int ret;

	session->progress = (struct progress){
		.what = session->report.name,
		.total = memtest_loop_bytes(test) * (test->loops ? test->loops : 1),
		.done = bar_done,
		.arg = session,
	};
	catch_signals(test);
	bar_start(session);
	ret = memtest_run(test);
	progress_stop(&session->progress);
	session->report.seconds = now() - began;
	session->report.interrupted = signalled;
	return ret ? error("cannot have %u threads: %m", test->threads) : 0;
}

/* An unfinished test has no result; as by the signal's default, for shells. */
static int status(const struct memtest *test)
{
	if (test->bad_reads)
		return EXIT_BAD_MEMORY;
	if (signalled && test->loops_done < (test->loops ? test->loops : 1)) {
		fflush(stdout);
		signal(signalled, SIG_DFL);
		raise(signalled);
	}
	return EXIT_SUCCESS;
}

static int run(struct session *session)
{
	const struct memtest_report *report = &session->report;
	struct memtest *test = &session->test;

	if (open_target(session) || map_target(session))
		return EXIT_UNTESTED;
	if (!session->quiet && !session->json)
		memtest_print_head(report, test);
	if (measure(session))
		return EXIT_UNTESTED;
	if (!session->size)
		memset((void *)test->memory, 0, test->size);
	if (session->json)
		memtest_print_json(report, test);
	else if (!session->quiet)
		memtest_print_end(report, test);
	return status(test);
}

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

static void add_pattern(struct session *session, const struct memtest_pattern *pattern)
{
	session->patterns = grow(session->patterns, session->pattern_count + 1,
				 sizeof(*session->patterns));
	session->patterns[session->pattern_count++] = pattern;
}

static int parse_pattern(struct session *session, const char *name)
{
	const struct memtest_pattern *pattern = memtest_pattern(name);

	if (!pattern)
		return usage_error("\"%s\" is no pattern; \"lend memtest --list\" lists them", name);
	add_pattern(session, pattern);
	return 0;
}

static int parse_count(const char *what, const char *text, long min, long max, unsigned int *count)
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

/* What was not said. */
static void complete(struct session *session)
{
	const struct memtest_pattern *pattern;

	if (!session->pattern_count)
		for (pattern = memtest_patterns; pattern->name; pattern++)
			add_pattern(session, pattern);
	add_pattern(session, NULL);
	session->test.patterns = session->patterns;
	session->test.after_element = after_element;
	session->test.after_loop = after_loop;
	session->test.arg = session;
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
	complete(&session);
	return run(&session);
}
