/* SPDX-License-Identifier: GPL-2.0-only */
/* What lend explain has found, and the ways to say it. */
#ifndef LEND_EXPLAIN_H
#define LEND_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "mapping.h"

struct explanation {
	const struct process *process;	/* who was asked about, or NULL */
	const char *file;		/* or what */
	bool has_info;			/* that is a file of lend */
	struct lend_info info;
	struct mapping *list;
	size_t count;
	bool imagined;			/* nobody maps it: this is how it would be */
	bool partial;			/* not all processes could be looked at */
};

/* One line a mapping. */
void explain_print_table(const struct explanation *explanation);

/* All of each. */
void explain_print_full(const struct explanation *explanation);

void explain_print_json(const struct explanation *explanation);

/* The flags and the old names, without any mapping. */
void explain_print_terms(bool json);

/* Does it have anything that root would see and we do not? */
struct unseen {
	bool addresses, page_flags, processes, kind;
};

struct unseen explain_unseen(const struct explanation *explanation);

/* "VM_IO": what it is for this mapping, to be freed. */
char *term_here(const struct mapping *mapping, size_t term);

/* May pages be taken to be read, or to be written? */
bool pinnable(const struct mapping *mapping, bool written);

#endif /* LEND_EXPLAIN_H */
