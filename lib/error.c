// SPDX-License-Identifier: MIT
/* The sentence of the last failure, one for each thread. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

#define SENTENCE_LEN	(PATH_MAX + 1024)

static _Thread_local char sentence[SENTENCE_LEN];

int lend_fail(int err, const char *fmt, ...)
{
	char text[SENTENCE_LEN];	/* arguments may lie in the old sentence */
	va_list args;

	errno = err;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	strcpy(sentence, text);
	errno = err;
	return -1;
}

const char *lend_error(void)
{
	return sentence;
}
