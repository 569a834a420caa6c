/* SPDX-License-Identifier: GPL-2.0-only */
/* The subcommands of lend, and what they share. */
#ifndef LEND_CMD_H
#define LEND_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EXIT_USAGE	2

int cmd_create(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_memtest(int argc, char **argv);
int cmd_mount(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_umount(int argc, char **argv);

/* out.c: what people read */

/* The prefix of all errors, "lend create"; set by main(). */
extern const char *command;

/* The status of failures: EXIT_FAILURE unless a subcommand says something else by that. */
extern int failure;

/* Say what is wrong on stderr; returns @failure. */
__attribute__((format(printf, 1, 2)))
int error(const char *fmt, ...);

/* The same for a wrong command line; returns EXIT_USAGE. */
__attribute__((format(printf, 1, 2)))
int usage_error(const char *fmt, ...);

/* Only where help is; getopt has said what is wrong. Returns EXIT_USAGE. */
int usage_hint(void);

/* realloc(3) of an array, or the end. */
void *grow(void *array, size_t count, size_t size);

/* "64 MiB" in a buffer of its own; a few may be in use at once. */
const char *human(uint64_t size);

/* @part of @whole, per cent, rounded down; 0 of 0 is 0. */
unsigned int percent(uint64_t part, uint64_t whole);

/* Print one line of facts: "  name          value". */
__attribute__((format(printf, 2, 3)))
void fact(const char *name, const char *fmt, ...);

/* table.c: columns that line up */
struct table {
	const char *align;	/* one of l, r a column */
	char **cells;
	size_t count;
};

void table_add(struct table *table, const char *cell);
void table_addf(struct table *table, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void table_print_free(struct table *table);

#endif /* LEND_CMD_H */
