// SPDX-License-Identifier: GPL-2.0-only
/* One test of one buffer. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "cacheline.h"
#include "memtest_session.h"
#include "setup.h"
#include "users.h"

#define PAGE	4096

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

int session_run(struct session *session)
{
	const struct memtest_report *report = &session->report;
	struct memtest *test = &session->test;

	test->after_element = after_element;
	test->after_loop = after_loop;
	test->arg = session;
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
