/* SPDX-License-Identifier: GPL-2.0-only */
/* One buffer, and two who do something with it at the same time. */
#ifndef LEND_TESTS_ARENA_H
#define LEND_TESTS_ARENA_H

#include "common.h"

#define NAME	DIR "/stress"
#define SEED	0x57e500000000ULL

/* What else may come out when one of the two does this. */
#define SIZES	1U	/* until then there is no memory, and then zeroes */
#define ZEROES	2U	/* a byte is zero, or of the pattern */
#define REVOKES	4U	/* ENODEV, SIGBUS */

/**
 * struct worker - one of the two
 * @backing: of the buffer
 * @map: of the buffer
 * @size: of the buffer
 * @pair: what the two do: SIZES and so on
 * @id: 0 or 1, and its processor
 * @fd: the buffer, which is NAME, too
 * @common: a mapping that both have, or NULL
 * @disk: of which it may use the MiB @id, by O_DIRECT
 * @pipes: its own
 */
struct worker {
	uint32_t backing;
	uint32_t map;
	size_t size;
	unsigned int pair;
	int id;
	int fd;
	char *common;
	int disk;
	int pipes[2];
};

/* Does it, gives back what it took, and fails the test when the kernel does anything odd. */
struct operation {
	const char *name;
	void (*run)(struct worker *w);
	unsigned int effect;
};

extern const struct operation operations[];
extern const unsigned int nr_operations;

/* Writes the pattern, by system calls. */
void write_content(struct worker *w);
/* Reads all of it: these are the bytes that must be there. */
void check_content(struct worker *w);

/* In each process that works. */
void catch_sigbus(void);

#endif
