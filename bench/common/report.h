/* SPDX-License-Identifier: GPL-2.0-only */
/* What a benchmark prints and writes down: a table, and the same as JSON. */
#ifndef LEND_BENCH_REPORT_H
#define LEND_BENCH_REPORT_H

#include "options.h"

#define MAX_COLUMNS	16

/* The figures of one run; NAN: could not be measured. */
struct figures {
	double of[MAX_COLUMNS];
};

struct column {
	const char *name;
	/* NULL: of the clock. */
	const char *unit;
};

struct report;

/* Dies without memory. */
struct report *report_begin(const struct options *o, const char *title,
			    const struct column *columns, size_t nr);

/* A row: the median of the runs, and how far their middle half is apart. */
void report_row(struct report *r, const char *memory, size_t size, const struct figures *runs,
		unsigned int nr);

/* What is not in the table, or only in part. Said once for all sizes. */
void report_left_out(struct report *r, const char *memory, size_t size, const char *why);

/* Prints what was left out, writes the file, frees. The program's exit status. */
int report_end(struct report *r);

#endif
