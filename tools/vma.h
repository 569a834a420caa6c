/* SPDX-License-Identifier: GPL-2.0-only */
/* A mapping of a process, as /proc/PID/smaps tells of it. */
#ifndef LEND_VMA_H
#define LEND_VMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define VMA_FLAGS_LEN	200	/* "rd wr sh ...": three chars each of 64 */

struct vma {
	uint64_t start, end, offset;
	char perms[5];		/* "rw-s" */
	dev_t dev;
	ino_t ino;
	char *name;		/* path, "[heap]" or "" */
	char flags[VMA_FLAGS_LEN];	/* "rd wr sh", "" where the kernel tells none */

	/* bytes */
	uint64_t resident;	/* Rss, and huge pages of hugetlbfs */
	uint64_t anonymous;
	uint64_t swapped;
	uint64_t locked;
	uint64_t huge;		/* of those resident, by huge entries */
	uint64_t page_size;	/* of the memory behind it */
};

struct vmas {
	struct vma *list;
	size_t count;
};

/* The first line of a mapping in maps and smaps; the name stays in @line. */
bool vma_parse(const char *line, struct vma *vma, const char **name);

/*
 * Read the mappings of @pid that @wanted accepts, all of them if it is NULL. False
 * with errno: ENOENT or ESRCH, it is gone; EACCES or EPERM, it is not ours.
 */
bool vmas_read(struct vmas *vmas, pid_t pid,
	       bool (*wanted)(const struct vma *vma, const void *arg), const void *arg);
void vmas_free(struct vmas *vmas);

/* Is this flag, as "rd", set? */
bool vma_has(const struct vma *vma, const char *flag);

static inline uint64_t vma_size(const struct vma *vma)
{
	return vma->end - vma->start;
}

/* The first segment of System V has inode 0. */
static inline bool vma_has_file(const struct vma *vma)
{
	return vma->dev || vma->ino;
}

#endif /* LEND_VMA_H */
