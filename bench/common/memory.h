/* SPDX-License-Identifier: GPL-2.0-only */
/* The memories that are measured: what a program may pick, each by the same few calls. */
#ifndef LEND_BENCH_MEMORY_H
#define LEND_BENCH_MEMORY_H

#include <stdint.h>
#include <sys/mman.h>

#include "bench.h"

struct area;

struct memory_ops {
	/* Before any buffer of that size, and after the last one; both may be missing. */
	int (*set_up)(struct area *area);
	void (*tear_down)(void);
	/* Optional: waits until one can be got as if none had been before. */
	int (*ready)(struct area *area);
	/* 0; or -1, and area_fail() has said why. */
	int (*get)(struct area *area);
	/* Missing: that of a shared mapping of the descriptor. */
	int (*map)(struct area *area, int flags);
};

struct memory {
	const char *name;
	const struct memory_ops *ops;
	/* Kinds of lend; 0: the mount's default. */
	uint32_t backing;
	uint32_t map;
	/* Buffers are whole ones of these; 0: pages. */
	size_t unit;
	/* Without a descriptor nothing can be handed to another process. */
	bool anonymous;
	const char *path;
};

/* One buffer. */
struct area {
	const struct memory *of;
	size_t size;
	int fd;
	char *mem;
	/* All of the mapping, where @mem had to be aligned in it. */
	void *base;
	size_t span;
	/* What was not possible, and why. */
	char why[256];
};

int area_fail(struct area *area, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Is there such memory here? What is set up is undone by memory_down(). */
int memory_up(struct area *area, const struct memory *of, size_t size);
void memory_down(const struct memory *of);

/* 0; or -1, and area_fail() has said why. */
int area_ready(struct area *area);
int area_get(struct area *area);
int area_map(struct area *area, int flags);
void area_unmap(struct area *area);
void area_put(struct area *area);

/* One write a page. */
void area_touch(const struct area *area);

/*
 * All there are, in the order of tables; @path, if not NULL, is the last one.
 * Ends with one that has no name.
 */
const struct memory *all_memories(const char *path);

extern const struct memory_ops lend_ops, library_ops, reserve_ops;
extern const struct memory_ops anonymous_ops, anonymous_huge_ops;
extern const struct memory_ops memfd_ops, memfd_allocated_ops, hugetlbfs_ops;
extern const struct memory_ops dma_heap_ops, udmabuf_ops, bare_ops, path_ops;

#endif
