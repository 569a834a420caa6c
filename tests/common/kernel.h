/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of the memory itself want of the kernel. */
#ifndef LEND_TESTS_KERNEL_H
#define LEND_TESTS_KERNEL_H

#include <sched.h>

#include "common.h"

/* A module of tests/modules, by the name of its file without .ko; anew, if it is loaded. */
void load_module(const char *name);
void unload_module(const char *name);

/*
 * The module itself, and its mount. The last holders let go a moment later: descriptors
 * of dma-bufs, RCU.
 */
void load_lend(void);
void unload_lend(void);

/* Keeps the thread on its processor; until it may move to those it might before. */
cpu_set_t stay_here(void);
void move_again(cpu_set_t before);

/* All physical runs of a file, asked for in small portions; to be freed. */
struct lend_phys_run *get_runs(int fd, size_t *nr);
/* Where byte @offset of a file is. */
uint64_t phys_at(const struct lend_phys_run *runs, size_t nr, uint64_t offset);

/* Gives an empty file what LEND_IOC_SETUP takes beyond backing and map. */
int setup(int fd, uint32_t flags, int32_t node, uint32_t dma_bits);

/* The pattern of fill_pattern(), by read() and write(). */
bool file_has_pattern(int fd, size_t size, uint64_t seed);
void write_pattern(int fd, size_t size, uint64_t seed);

void write_text(const char *path, const char *text);
void write_textf(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Declares the page there broken. Some kernels say that they could not help it; it is. */
void hard_offline(uint64_t phys);
/* A line of /proc/vmstat. */
uint64_t vmstat(const char *name);
/*
 * Pages on the lists of processors, in bytes: freed, but not counted in MemFree.
 * Of one node, or of all (-1).
 */
size_t on_cpu_lists(int node);
/* What is freed from now on is not kept there, but for a MiB. */
void limit_cpu_lists(void);
void unlimit_cpu_lists(void);
/* MemAvailable with them. */
size_t available(void);

/* Takes the limit of the mount away; gives it back. */
void lift_limit(void);
void restore_limit(void);

#endif
