/* SPDX-License-Identifier: GPL-2.0-only */
/* What a mapping can be used for, and which flag forbids it. */
#ifndef LEND_USES_H
#define LEND_USES_H

#include <stdbool.h>
#include <stddef.h>

#include "mapping.h"

enum outcome {
	WORKS,
	FAILS,
	DEPENDS,
	NO_EFFECT,		/* the call succeeds, and changes nothing */
};

#define WHY_LEN	320

struct verdict {
	enum outcome outcome;
	int err;		/* errno of the refusal, 0 if there is none */
	const char *flag;	/* the one that decides, "pf", or NULL */
	bool flag_set;		/* it does so by being set; or else by being missing */
	char why[WHY_LEN];	/* may be empty where it works */
	const char *instead;	/* or NULL */
};

struct use {
	const char *key;	/* for programs */
	const char *title;
	void (*judge)(const struct use *use, const struct mapping *mapping,
		      struct verdict *verdict);
	unsigned int needs;	/* of pages, see uses.c */
	int err;		/* where they cannot be had */
	int limit_err;		/* beyond RLIMIT_MEMLOCK; 0: that does not count */
};

extern const struct use uses[];
extern const size_t use_count;

/* "works" */
const char *outcome_name(enum outcome outcome);

void use_judge(const struct use *use, const struct mapping *mapping, struct verdict *verdict);

/* Is the running kernel at least this one? */
bool kernel_at_least(unsigned int major, unsigned int minor);
const char *kernel_release(void);

/* Fill in @verdict, with a reason. */
void verdict_say(struct verdict *verdict, enum outcome outcome, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The rows of which the mm layer decides by itself: fates.c. */
void judge_core_dump(const struct use *use, const struct mapping *m, struct verdict *v);
void judge_fork(const struct use *use, const struct mapping *m, struct verdict *v);
void judge_stay(const struct use *use, const struct mapping *m, struct verdict *v);
void judge_mlock(const struct use *use, const struct mapping *m, struct verdict *v);

/* Copies of its own that it writes, in place of a file's pages? */
bool mapping_copies(const struct mapping *m);

#endif /* LEND_USES_H */
