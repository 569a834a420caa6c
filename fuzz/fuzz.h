/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LEND_FUZZ_FUZZ_H
#define LEND_FUZZ_FUZZ_H

#include "sequence.h"

/* Cuts a sequence down to what still goes wrong in the same way; false if nothing does. */
bool minimize(struct sequence *seq);

/* Sequences to begin with and to grow: all files of a directory; -1 and a message. */
struct corpus {
	struct sequence *seq;
	char **name;
	unsigned int nr, room;
};

int corpus_load(struct corpus *corpus, const char *dir);
void corpus_add(struct corpus *corpus, const struct sequence *seq, const char *name);
void corpus_free(struct corpus *corpus);

/* Into @to, those of @corpus that together reach all places that it reaches. */
int corpus_reduce(struct corpus *corpus, const char *to);

#endif
