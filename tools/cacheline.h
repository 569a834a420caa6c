/* SPDX-License-Identifier: GPL-2.0-only */
/* Write back and drop cache lines, so that the next read comes from memory. */
#ifndef LEND_CACHELINE_H
#define LEND_CACHELINE_H

#define CACHELINE	64

/* The instruction that does it; NULL: this processor has none for programs. */
const char *cacheline_instruction(void);

/* Of the line at @address; nothing where there is no instruction. */
void cacheline_flush(volatile void *address);

/* All flushes of this thread are done. */
void cacheline_fence(void);

#endif /* LEND_CACHELINE_H */
