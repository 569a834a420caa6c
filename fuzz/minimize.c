// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delta debugging: calls are taken away, halves first, single ones last, and then
 * arguments made small, as long as the same thing goes wrong.
 */
#include <string.h>

#include "execute.h"
#include "fuzz.h"

/* What two processes do at once goes wrong now and then: it has several tries. */
static bool still_fails(const struct sequence *seq, const char *class)
{
	unsigned int beside = operation_named("beside"), tries = 1;
	struct verdict verdict;

	for (unsigned int i = 0; i < seq->nr; i++)
		if (seq->call[i].op == beside)
			tries = 20;
	while (tries--) {
		execute(seq, &verdict);
		if (verdict.wrong && !strcmp(verdict.class, class))
			return true;
	}
	return false;
}

/* Without @nr calls from @at on; what a fork has of them it has no more. */
static void without(const struct sequence *seq, unsigned int at, unsigned int nr,
		    struct sequence *less)
{
	*less = *seq;
	if (nr > seq->nr - at)
		nr = seq->nr - at;
	memmove(less->call + at, less->call + at + nr,
		(seq->nr - at - nr) * sizeof(*less->call));
	less->nr -= nr;
	for (unsigned int i = 0; i < at; i++) {
		struct call *call = &less->call[i];
		unsigned int end, inside;

		if (operations[call->op].args[0].kind != COUNT)
			continue;
		end = i + 1 + call->arg[0] < seq->nr ? i + 1 + call->arg[0] : seq->nr;
		if (end <= at)
			continue;
		inside = end - at < nr ? end - at : nr;
		call->arg[0] -= call->arg[0] < inside ? call->arg[0] : inside;
	}
}

static void fewer_calls(struct sequence *seq, const char *class)
{
	struct sequence less;

	for (unsigned int part = (seq->nr + 1) / 2; part; part /= 2) {
		/* From the end: what comes later depends on what comes before. */
		for (int at = seq->nr - part; at >= 0; at--) {
			if ((unsigned int)at + part > seq->nr)
				continue;
			without(seq, at, part, &less);
			if (less.nr && still_fails(&less, class))
				*seq = less;
		}
	}
}

static bool smaller(struct sequence *seq, uint64_t *arg, uint64_t value, const char *class)
{
	uint64_t old = *arg;

	if (value >= old)
		return false;
	*arg = value;
	if (still_fails(seq, class))
		return true;
	*arg = old;
	return false;
}

static void smaller_arguments(struct sequence *seq, const char *class)
{
	static const uint64_t values[] = { 0, 1, 2, 512, 4096, 8192 };

	for (unsigned int i = 0; i < seq->nr; i++)
		for (unsigned int a = 0; operations[seq->call[i].op].args[a].name; a++) {
			const struct argument *argument = &operations[seq->call[i].op].args[a];
			uint64_t *arg = &seq->call[i].arg[a];

			if (argument->kind == NUMBER || argument->kind == BYTE) {
				for (unsigned int v = 0; v < ARRAY_SIZE(values); v++)
					if (smaller(seq, arg, values[v], class))
						break;
			} else if (slots_of(argument->kind)) {
				for (uint64_t slot = 0; slot < *arg; slot++)
					if (smaller(seq, arg, slot, class))
						break;
			} else if (argument->kind == FLAGS) {
				for (int bit = 0; bit < 64; bit++)
					if (*arg >> bit & 1)
						smaller(seq, arg, *arg & ~(1UL << bit), class);
			}
		}
}

bool minimize(struct sequence *seq)
{
	struct verdict verdict = {};

	for (unsigned int tries = 20; tries && !verdict.wrong; tries--)
		execute(seq, &verdict);
	if (!verdict.wrong)
		return false;
	for (unsigned int before = seq->nr + 1; seq->nr < before;) {
		before = seq->nr;
		fewer_calls(seq, verdict.class);
	}
	smaller_arguments(seq, verdict.class);
	fewer_calls(seq, verdict.class);
	return true;
}
