/* SPDX-License-Identifier: GPL-2.0-only */
/* The pages of a mapping, as /proc/PID/pagemap and /proc/kpageflags tell of them. */
#ifndef LEND_PHYS_H
#define LEND_PHYS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vma.h"

/* Which of the kernel's page flags are counted: bits of /proc/kpageflags. */
struct page_flag {
	const char *key;
	unsigned int bit;
	const char *meaning;
};

#define PAGE_FLAGS	11
extern const struct page_flag page_flags[PAGE_FLAGS];

struct phys {
	bool pagemap;		/* could be read */
	uint64_t scanned;	/* bytes of the mapping that were looked at */
	uint64_t present;	/* of them, bytes in memory */
	uint64_t swapped;
	uint64_t file;		/* bytes of a file or of shared memory */
	uint64_t exclusive;	/* bytes that only this process maps */

	bool addresses;		/* CAP_SYS_ADMIN: these are known */
	uint64_t runs, longest;	/* number, and bytes of the longest */

	bool flags;		/* root: these are known, in bytes */
	uint64_t with[PAGE_FLAGS];
	uint64_t mapped_max;	/* mappings of the page that has most */
};

void phys_read(struct phys *phys, pid_t pid, const struct vma *vma);

#endif /* LEND_PHYS_H */
