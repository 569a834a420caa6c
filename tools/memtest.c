// SPDX-License-Identifier: GPL-2.0-only
/*
 * The threads go over their parts of memory one element at a time, and wait for
 * one another after each: what one has written is all there before another reads
 * its own part, so that two addresses of one word are found in whichever parts
 * they lie.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "cacheline.h"
#include "memtest.h"

#define LINE_WORDS	(CACHELINE / sizeof(uint64_t))
#define PAGE_LINES	(4096 / CACHELINE)

/* What all threads do now; NULL for @pattern: end. */
struct job {
	const struct memtest_pattern *pattern;
	const struct memtest_element *element;
	unsigned int background, loop;
};

struct pool {
	struct memtest *test;
	struct job job;
	pthread_mutex_t lock;		/* of the bad words; held until all threads are there */
	pthread_barrier_t barrier;
	bool cancelled;
};

struct worker {
	struct pool *pool;
	pthread_t thread;
	unsigned int number;		/* from 1 */
	uint64_t first, end;		/* lines */
};

static void note_bad(const struct worker *worker, uint64_t word, uint64_t expected, uint64_t read)
{
	struct pool *pool = worker->pool;
	struct memtest *test = pool->test;
	uint64_t offset = word * sizeof(word);
	struct memtest_word *bad = test->words;

	pthread_mutex_lock(&pool->lock);
	test->bad_reads++;
	while (bad < test->words + test->word_count && bad->offset != offset)
		bad++;
	if (bad == test->words + MEMTEST_WORDS) {
		test->other_reads++;
	} else {
		if (bad == test->words + test->word_count) {
			*bad = (struct memtest_word){
				.offset = offset,
				.expected = expected,
				.read = read,
				.pattern = pool->job.pattern->name,
				.loop = pool->job.loop,
				.thread = worker->number,
			};
			test->word_count++;
		}
		bad->bits |= expected ^ read;
		bad->reads++;
	}
	pthread_mutex_unlock(&pool->lock);
}

static void go_over_line(const struct worker *worker, uint64_t line)
{
	const struct job *job = &worker->pool->job;
	const struct memtest_element *element = job->element;
	const struct memtest *test = worker->pool->test;
	volatile uint64_t *memory = test->memory;
	uint64_t word, value, expected, read, i;

	for (i = 0; i < LINE_WORDS; i++) {
		word = line * LINE_WORDS + (element->down ? LINE_WORDS - 1 - i : i);
		value = job->pattern->value(word, job->background, test->seed + job->loop - 1);
		if (element->read != NOTHING) {
			expected = element->read == INVERSE ? ~value : value;
			read = memory[word];
			if (__builtin_expect(read != expected, 0))
				note_bad(worker, word, expected, read);
		}
		if (element->write != NOTHING)
			memory[word] = element->write == INVERSE ? ~value : value;
	}
	if (element->write != NOTHING)
		cacheline_flush(memory + line * LINE_WORDS);
}

/* Bytes that an element moves for each byte of memory. */
static unsigned int accesses(const struct memtest_element *element)
{
	return (element->read != NOTHING) + (element->write != NOTHING);
}

static void go_over(const struct worker *worker)
{
	const struct memtest_element *element = worker->pool->job.element;
	struct memtest *test = worker->pool->test;
	uint64_t lines = worker->end - worker->first, i;

	for (i = 0; i < lines; i++) {
		go_over_line(worker, element->down ? worker->end - 1 - i : worker->first + i);
		if (i % PAGE_LINES < PAGE_LINES - 1)
			continue;
		atomic_fetch_add(&test->bytes,
				 (uint64_t)PAGE_LINES * CACHELINE * accesses(element));
		if (atomic_load(&test->stop))
			break;
	}
	cacheline_fence();
}

static void *work(void *arg)
{
	const struct worker *worker = arg;
	struct pool *pool = worker->pool;

	pthread_mutex_lock(&pool->lock);
	pthread_mutex_unlock(&pool->lock);
	if (pool->cancelled)
		return NULL;
	for (;;) {
		pthread_barrier_wait(&pool->barrier);
		if (!pool->job.pattern)
			return NULL;
		go_over(worker);
		pthread_barrier_wait(&pool->barrier);
	}
}

static void run_pattern(struct pool *pool, const struct memtest_pattern *pattern, unsigned int loop)
{
	struct memtest *test = pool->test;
	struct job *job = &pool->job;

	*job = (struct job){ .pattern = pattern, .loop = loop };
	for (; job->background < pattern->backgrounds; job->background++) {
		for (job->element = pattern->elements; accesses(job->element); job->element++) {
			if (atomic_load(&test->stop))
				return;
			pthread_barrier_wait(&pool->barrier);
			pthread_barrier_wait(&pool->barrier);
			if (test->after_element)
				test->after_element(test);
		}
	}
}

static void run_loops(struct pool *pool)
{
	const struct memtest_pattern *const *pattern;
	struct memtest *test = pool->test;
	unsigned int loop = 0;

	while (!test->loops || loop < test->loops) {
		loop++;
		for (pattern = test->patterns; *pattern; pattern++)
			run_pattern(pool, *pattern, loop);
		if (atomic_load(&test->stop))
			break;
		test->loops_done = loop;
		if (test->after_loop)
			test->after_loop(test);
	}
	pool->job.pattern = NULL;
	pthread_barrier_wait(&pool->barrier);
}

/* The number of threads that were made; signals are for the caller's. */
static unsigned int start(struct pool *pool, struct worker *workers)
{
	struct memtest *test = pool->test;
	uint64_t pages = test->size / (PAGE_LINES * CACHELINE);
	sigset_t all, old;
	unsigned int i;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 0; i < test->threads; i++) {
		workers[i] = (struct worker){
			.pool = pool,
			.number = i + 1,
			.first = pages * i / test->threads * PAGE_LINES,
			.end = pages * (i + 1) / test->threads * PAGE_LINES,
		};
		errno = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
		if (errno)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return i;
}

int memtest_run(struct memtest *test)
{
	struct worker *workers = calloc(test->threads, sizeof(*workers));
	struct pool pool = { .test = test, .lock = PTHREAD_MUTEX_INITIALIZER };
	unsigned int started;
	int err;

	if (!workers)
		return -1;
	cacheline_instruction();
	pthread_barrier_init(&pool.barrier, NULL, test->threads + 1);
	pthread_mutex_lock(&pool.lock);
	started = start(&pool, workers);
	err = errno;
	pool.cancelled = started < test->threads;
	pthread_mutex_unlock(&pool.lock);

	if (!pool.cancelled)
		run_loops(&pool);
	while (started)
		pthread_join(workers[--started].thread, NULL);
	pthread_barrier_destroy(&pool.barrier);
	free(workers);
	errno = err;
	return pool.cancelled ? -1 : 0;
}

uint64_t memtest_loop_bytes(const struct memtest *test)
{
	const struct memtest_pattern *const *pattern;
	const struct memtest_element *element;
	uint64_t times = 0;

	for (pattern = test->patterns; *pattern; pattern++)
		for (element = (*pattern)->elements; accesses(element); element++)
			times += accesses(element) * (*pattern)->backgrounds;
	return times * test->size;
}
