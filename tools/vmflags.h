/* SPDX-License-Identifier: GPL-2.0-only */
/* What the flags of mappings mean today, and what became of the old names. */
#ifndef LEND_VMFLAGS_H
#define LEND_VMFLAGS_H

#include <stddef.h>

struct vmflag {
	const char *code;	/* two letters in VmFlags */
	const char *name;	/* in the kernel's source */
	const char *meaning;
};

/* Never NULL: an unknown code is said to be unknown. */
const struct vmflag *vmflag_find(const char *code);

extern const struct vmflag vmflags[];
extern const size_t vmflag_count;

/* The words of 2004, when drivers still asked for memory to be left alone. */
struct term {
	const char *name;
	const char *then;
	const char *now;
};

enum {
	TERM_VM_RESERVED,
	TERM_PG_RESERVED,
	TERM_PG_LOCKED,
	TERM_VM_LOCKED,
	TERM_VM_IO,
	TERMS
};

extern const struct term terms[TERMS];

#endif /* LEND_VMFLAGS_H */
