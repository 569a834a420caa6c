/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of what every way of mapping does under an operation. A row is an
 * operation, a cell what comes out of it, in a word; each cell is a test. The
 * same tables make docs/mapping.md, and a test compares.
 */
#ifndef LEND_TESTS_TABLE_H
#define LEND_TESTS_TABLE_H

#include "common.h"

#define SIZE	(4 * MiB)
#define WAYS	4

/* A buffer with a pattern in it; @mem is mapped whole, shared and writable. */
struct subject {
	int fd;
	char *mem;
	uint32_t map;
};

/*
 * An operation: does it on a fresh subject and says what came out: "works", a
 * word that tells more, or the name of an errno. @arg is its argument.
 */
struct operation {
	const char *name;
	const char *(*run)(struct subject *s, long arg);
	long arg;
	const char *expect[WAYS];	/* in the order of the ways: see table.c */
	bool keeps_page;		/* the kernel itself may keep a page for good */
};

/* The end of a row: all four ways alike; or all that can be pinned alike, and map=pfn. */
#define ALL(word)		BUT_PFN(word, word)
#define BUT_PFN(word, pfn)	{ word, word, word, pfn }, false

/* @good if the call gave 0, else the errno's name. */
const char *outcome(long ret, const char *good);

/* The subject's bytes are as they were, by its mapping and by read(). */
bool intact(const struct subject *s);
/* Byte @i of the pattern. */
char pattern_byte(size_t i);

/*
 * Runs each cell as a test. With the argument --table prints the table instead,
 * under @title, as it stands in docs/mapping.md.
 */
int run_table(int argc, char **argv, const char *title, const struct operation *ops, size_t nr);

#endif
