/* SPDX-License-Identifier: GPL-2.0-only */
/* Running sequences, each in processes of its own, and what the kernel did with it. */
#ifndef LEND_FUZZ_EXECUTE_H
#define LEND_FUZZ_EXECUTE_H

#include "sequence.h"

struct verdict {
	bool wrong;
	unsigned int call;		/* its number in the sequence, from 0; nr: at the end */
	char class[64];			/* the same for what is the same fault */
	char text[1024];
};

/* A mount of lend for the sequences alone; ends the program if there can be none. */
void execute_set_up(void);
void execute_tear_down(void);

void execute(const struct sequence *seq, struct verdict *verdict);

/* --- cover.c: which parts of the module were run, where the kernel tells (KCOV) */

bool cover_set_up(void);
void cover_begin(void);			/* in the process that runs the sequence */
/* Places that no sequence before has reached. */
unsigned int cover_end(void);
unsigned int cover_total(void);
void cover_forget(void);

#endif
