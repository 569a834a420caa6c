// SPDX-License-Identifier: GPL-2.0-only
/* Errors, and the small change of output. */
#include <errno.h>
#include <lend.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "cmd.h"

#define FACT_WIDTH	14
#define HUMANS		8

const char *command = "lend";
int failure = EXIT_FAILURE;

static void complain(int err, const char *fmt, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", command);
	errno = err;
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

int error(const char *fmt, ...)
{
	int err = errno;
	va_list args;

	va_start(args, fmt);
	complain(err, fmt, args);
	va_end(args);
	return failure;
}

int usage_hint(void)
{
	fprintf(stderr, "\"%s --help\" tells how it is used.\n", command);
	return EXIT_USAGE;
}

int usage_error(const char *fmt, ...)
{
	int err = errno;
	va_list args;

	va_start(args, fmt);
	complain(err, fmt, args);
	va_end(args);
	return usage_hint();
}

void *grow(void *array, size_t count, size_t size)
{
	array = reallocarray(array, count, size);
	if (!array)
		exit(error("out of memory"));
	return array;
}

const char *human(uint64_t size)
{
	static _Thread_local char texts[HUMANS][LEND_SIZE_LEN];
	static _Thread_local unsigned int next;

	return lend_format_size(size, texts[next++ % HUMANS]);
}

unsigned int percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned __int128)part * 100 / whole : 0;
}

void fact(const char *name, const char *fmt, ...)
{
	va_list args;

	printf("  %-*s", FACT_WIDTH, name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}
