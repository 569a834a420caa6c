/* SPDX-License-Identifier: GPL-2.0-only */
/* More mounts of lend, and what the kernel says about mounting. */
#ifndef LEND_TESTS_MOUNTS_H
#define LEND_TESTS_MOUNTS_H

#include <sys/mount.h>

#include "common.h"

/* On a new directory; NULL: no options. Its path, which unmount_lend() frees. */
char *mount_lend(const char *options);
void unmount_lend(char *dir);

/* Those of tests that failed. */
void unmount_leftovers(void);

/* A nameless file there. */
int new_file(const char *dir);

/* "DIR/name"; static buffer. */
const char *in(const char *dir, const char *name);

/* Memory in use there, in bytes. */
uint64_t used_bytes_of(const char *dir);

/* What /proc/self/mountinfo shows of its options must be this. */
void check_shown(const char *dir, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Gives "key=value" or "key" to a file system context. As fsconfig(2). */
int set_option(int context, const char *option);

/* The context's first message must be an error of lend that has these words in it. */
void check_message(int context, const char *option, const char *words);

/*
 * Remounts with one option, or none if NULL. -1 and errno when that is refused, and
 * then the message must have these words.
 */
int remount(const char *dir, const char *option, const char *words);

#endif
