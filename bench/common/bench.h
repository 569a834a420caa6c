/* SPDX-License-Identifier: GPL-2.0-only */
/* What all benchmarks share. */
#ifndef LEND_BENCH_H
#define LEND_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE	4096UL
#define MiB	(1024UL * 1024)
#define HUGE	(2 * MiB)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Ends the program with status 1; adds errno's words where they are. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Nanoseconds; under vm/run --count, instructions. */
uint64_t now(void);
/* The same of this thread alone: what waits for a device costs nothing. */
uint64_t now_thread(void);

/* The first line of a file of /proc or /sys, without its newline; false: no such file. */
bool read_line(const char *path, char *line, size_t size);
/* Does /proc/cpuinfo name it? */
bool has_cpu_flag(const char *flag);
/* -1 and errno where it may not be written. */
int write_text(const char *path, const char *text);

#endif
