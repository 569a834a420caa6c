/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test of memory: patterns are written and read back, by several threads.
 *
 * The words are those of the literature on march tests (A. J. van de Goor,
 * "Testing Semiconductor Memories", 1991): a test is a row of march elements, and
 * each goes once over all of memory, up or down, and does the same at each word:
 * read and compare, then write. What 0 and 1 stand for in a word of 64 bits is the
 * data background; most patterns go through several of them.
 */
#ifndef LEND_MEMTEST_H
#define LEND_MEMTEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMTEST_WORDS	20	/* bad words that are kept */
#define MEMTEST_THREADS	4096	/* at most */

enum memtest_data {
	NOTHING,
	PLAIN,		/* the background */
	INVERSE,	/* its complement */
};

struct memtest_element {
	bool down;
	enum memtest_data read, write;	/* both NOTHING: the end of the row */
};

struct memtest_pattern {
	const char *name;
	const char *what;
	const char *source;
	const struct memtest_element *elements;
	unsigned int backgrounds;
	/* What belongs into a word, the number of which is @word. */
	uint64_t (*value)(uint64_t word, unsigned int background, uint64_t seed);
};

/* NULL: no such pattern. */
const struct memtest_pattern *memtest_pattern(const char *name);

/* All of them; the last one has no name. */
extern const struct memtest_pattern memtest_patterns[];

/* A word that was wrong, as it was seen first. */
struct memtest_word {
	uint64_t offset;	/* bytes */
	uint64_t expected, read;
	const char *pattern;
	unsigned int loop, thread;	/* from 1 */

	uint64_t bits;		/* that were wrong ever */
	uint64_t reads;		/* that were wrong */
};

struct memtest {
	volatile uint64_t *memory;	/* at a page */
	size_t size;			/* whole pages */
	unsigned int threads;		/* at most a page each */
	unsigned int loops;		/* 0: until stopped */
	uint64_t seed;
	const struct memtest_pattern *const *patterns;	/* up to a NULL */
	/* After each element and each loop, if not NULL; no thread is at work then. */
	void (*after_element)(struct memtest *test);
	void (*after_loop)(struct memtest *test);
	void *arg;			/* for these */

	/* May be set at any time, by a handler of signals too. */
	atomic_bool stop;

	/* What came of it; all but @bytes only while no thread is at work. */
	atomic_ullong bytes;		/* read and written so far */
	unsigned int loops_done;
	uint64_t bad_reads;
	struct memtest_word words[MEMTEST_WORDS];
	unsigned int word_count;
	uint64_t other_reads;		/* bad ones of words that are not kept */
};

/* Bytes that one loop reads and writes. */
uint64_t memtest_loop_bytes(const struct memtest *test);

/* 0, or -1 and errno when there are no threads to be had. Call it once. */
int memtest_run(struct memtest *test);

#endif /* LEND_MEMTEST_H */
