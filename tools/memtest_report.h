/* SPDX-License-Identifier: GPL-2.0-only */
/* What a test of memory tells, in words or as JSON. */
#ifndef LEND_MEMTEST_REPORT_H
#define LEND_MEMTEST_REPORT_H

#include <lend.h>
#include "memtest.h"

struct memtest_report {
	const char *name;
	struct lend_info info;
	struct lend_phys_run *runs;	/* NULL: not to be known */
	size_t run_count;
	const char *flush;		/* instruction, or NULL */
	bool interrupted;
	double seconds;
};

/* What is about to be tested, and how. */
void memtest_print_head(const struct memtest_report *report, const struct memtest *test);

/* A line for one bad word. */
void memtest_print_word(const struct memtest_report *report, const struct memtest_word *word);

/* What came of it. */
void memtest_print_end(const struct memtest_report *report, const struct memtest *test);

/* All of that. */
void memtest_print_json(const struct memtest_report *report, const struct memtest *test);

#endif /* LEND_MEMTEST_REPORT_H */
