/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program says and how it ends, as whoever types its name sees it. */
#ifndef LEND_TESTS_SAYS_H
#define LEND_TESTS_SAYS_H

#include "common.h"

/* Output and errors of the last one, apart. */
#define OUT	"/tmp/lend-test.out"
#define ERR	"/tmp/lend-test.err"

/* A file as text, until the next but one is read. */
const char *file_text(const char *path);

/*
 * Runs a line of a shell: it must end with this status and have these words in its
 * output and errors; where they are "" it must be silent.
 */
void says(int status, const char *out, const char *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same, of a program that has ended with @got, by way of OUT and ERR. */
void said(const char *line, int got, int status, const char *out, const char *err);

/* Its output, as JSON, makes this filter of jq true. */
void json_holds(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
