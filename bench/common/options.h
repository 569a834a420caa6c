/* SPDX-License-Identifier: GPL-2.0-only */
/* One command line for all benchmarks. */
#ifndef LEND_BENCH_OPTIONS_H
#define LEND_BENCH_OPTIONS_H

#include "bench.h"

#define MAX_SIZES	16
#define MAX_RUNS	101

struct options {
	size_t sizes[MAX_SIZES];
	size_t nr_sizes;
	/* Measured, after one that is not: 0: as many as suit the clock. */
	unsigned int runs;
	/* The clock counts instructions. */
	bool counting;
	/* Part of the names of the memories wanted, or NULL for all. */
	const char *only;
	/* One more memory. */
	const char *path;
	const char *disk;
	unsigned int frames;
	const char *json;
};

/* Exits for --help and for what is wrong. @does: a sentence; @sizes: as --sizes, the default. */
void parse_options(struct options *o, int argc, char **argv, const char *does, const char *sizes);

struct memory;
bool wanted(const struct options *o, const struct memory *memory);

#endif
