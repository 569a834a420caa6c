/* SPDX-License-Identifier: GPL-2.0-only */
/* One test of one buffer, from opening it to the report. */
#ifndef LEND_MEMTEST_SESSION_H
#define LEND_MEMTEST_SESSION_H

#include <lend.h>
#include "cmd.h"
#include "memtest.h"
#include "memtest_report.h"
#include "progress.h"

/* What fails is not to look like bad memory. */
#define EXIT_BAD_MEMORY	1
#define EXIT_UNTESTED	EXIT_USAGE

struct session {
	struct memtest test;		/* with loops, threads, seed, patterns */
	struct memtest_report report;	/* with the name */
	uint64_t size;			/* of a new buffer; 0: the file of that name */
	struct lend_setup setup;	/* likewise */
	bool stop, force, quiet, json;	/* as the options say */

	/* its own */
	struct progress progress;
	int fd;
	unsigned int printed;		/* bad words */
	uint64_t bar_from;		/* bytes before the present bar */
};

/* Returns the exit status, unless a signal is that. */
int session_run(struct session *session);

#endif /* LEND_MEMTEST_SESSION_H */
