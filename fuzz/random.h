/* SPDX-License-Identifier: GPL-2.0-only */
/* Sequences by chance, the same from the same seed. */
#ifndef LEND_FUZZ_RANDOM_H
#define LEND_FUZZ_RANDOM_H

#include "sequence.h"

void random_seed(uint64_t seed);
/* Below @limit. */
uint64_t random_below(uint64_t limit);

/* At most @calls; with two processes at once if @beside. */
void random_sequence(struct sequence *seq, unsigned int calls, bool beside);

/* @seq with a few calls inserted, removed, changed, or with the end of @other. */
void mutate(struct sequence *seq, const struct sequence *other);

#endif
