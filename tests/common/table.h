/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of what lent memory does under an operation. A row is an operation, a
 * column a way of lending, a cell what comes out, in a word; each cell is a test.
 * The same tables make the documents, and a test compares.
 */
#ifndef LEND_TESTS_TABLE_H
#define LEND_TESTS_TABLE_H

#include "common.h"

#define SIZE	(4 * MiB)

/* A buffer with a pattern in it; @mem is mapped whole, shared and writable. */
struct subject {
	int fd;
	char *mem;
	uint32_t backing;
	uint32_t map;
};

/* Columns of a table, and the document that has it. */
struct columns {
	const char *document;
	unsigned int nr;
	struct column {
		const char *name;
		uint32_t backing;
		uint32_t map;
	} of[12];
};

/* What differs under operations of the mm layer: three that can be pinned, and map=pfn. */
extern const struct columns ways_of_mapping;	/* docs/mapping.md */
/* Every kind of memory by every way of mapping: fault, insert, pfn, four kinds each. */
extern const struct columns every_way;		/* docs/uses.md */

/*
 * An operation: does it on a fresh subject and says what came out: "works", a
 * word that tells more, or the name of an errno. @arg is its argument.
 */
struct operation {
	const char *name;
	const char *(*run)(struct subject *s, long arg);
	long arg;
	const char *expect[12];		/* in the order of the columns */
	bool keeps_page;		/* the kernel itself may keep a page for good */
	unsigned int from, before;	/* LINUX(): kernels that do so; 0 for no limit */
};

#define LINUX(major, minor)	((major) << 8 | (minor))

/* The end of a row of ways_of_mapping: all alike; or all that can be pinned, and map=pfn. */
#define ALL(word)		BUT_PFN(word, word)
#define BUT_PFN(word, pfn)	{ word, word, word, pfn }, false
/* The same of every_way. */
#define EVERY(word)		EVERY_BUT_PFN(word, word)
#define EVERY_BUT_PFN(word, pfn) \
	{ word, word, word, word, word, word, word, word, pfn, pfn, pfn, pfn }, false

/* @good if the call gave 0, else the errno's name. */
const char *outcome(long ret, const char *good);

/* The subject's bytes are as they were, by its mapping and by read(). */
bool intact(const struct subject *s);
/* Byte @i of the pattern. */
char pattern_byte(size_t i);

/*
 * Runs each cell as a test. With the argument --table prints the table instead,
 * under @title, as it stands in the document. @set_up and @tear_down are cmocka's
 * for the whole group, or NULL.
 */
struct table {
	const char *title;
	const struct columns *columns;
	const struct operation *ops;
	size_t nr;
	int (*set_up)(void **state);
	int (*tear_down)(void **state);
};

int run_table(int argc, char **argv, const struct table *table);

#endif
