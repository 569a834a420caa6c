/* SPDX-License-Identifier: GPL-2.0-only */
/* A mapping with all that is known of it: what it is, whose, of what memory. */
#ifndef LEND_MAPPING_H
#define LEND_MAPPING_H

#include <lend.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "phys.h"
#include "vma.h"

enum kind {
	KIND_LEND,
	KIND_ANONYMOUS,
	KIND_HEAP,
	KIND_STACK,
	KIND_FILE,
	KIND_SHMEM,
	KIND_HUGETLB,
	KIND_DEVICE,		/* page frame numbers: registers, or memory of a driver's */
	KIND_DRIVER,		/* a driver's, of counted pages */
	KIND_DMABUF,
	KIND_SECRET,
	KIND_VDSO,
	KIND_VVAR,
	KIND_VSYSCALL,
	KINDS
};

/* What judging takes of the process. */
struct process {
	pid_t pid;			/* 0: there is none, the mapping is imagined */
	char command[16];
	uint64_t memlock;		/* RLIMIT_MEMLOCK in bytes, UINT64_MAX for none */
	bool may_lock;			/* CAP_IPC_LOCK */
	bool filter_known;
	unsigned int core_filter;	/* /proc/PID/coredump_filter */
};

struct mapping {
	const struct process *process;
	struct vma vma;			/* the name is that of the vmas it was made from */
	enum kind kind;
	char fs[32];			/* type of its file system, "" for none or unknown */
	bool has_info;			/* of a file of lend, which could be opened */
	struct lend_info info;
	struct phys phys;
};

/* False with errno: there is no such process. */
bool process_read(struct process *process, pid_t pid);

/* Find out what @vma is, and, if @pages, look at all of its pages. */
void mapping_read(struct mapping *mapping, const struct process *process,
		  const struct vma *vma, bool pages);

/* What a shared and writable mapping of all of the file @name of lend would be. */
void mapping_imagine(struct mapping *mapping, const struct process *process,
		     const char *name, const struct stat *st, const struct lend_info *info);

/* "shmem" */
const char *kind_name(enum kind kind);

/* In plain words, to be freed. */
char *mapping_what(const struct mapping *mapping);

#endif /* LEND_MAPPING_H */
