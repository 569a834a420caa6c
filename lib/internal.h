/* SPDX-License-Identifier: MIT */
/* What the objects of liblend share and nobody else sees. Hints leave errno alone. */
#ifndef LEND_INTERNAL_H
#define LEND_INTERNAL_H

#include <limits.h>
#include "lend.h"

#define LEND_DESCRIBE_LEN	256
#define LEND_HINT_LEN		512

/* Set errno and the sentence; %m in @fmt is the text of @err. Returns -1. */
__attribute__((format(printf, 2, 3)))
int lend_fail(int err, const char *fmt, ...);

/* The path as the kernel shall see it; NULL: lend_dir(). */
int lend_resolve(const char *path, char buf[PATH_MAX]);

/* A name for a descriptor, for sentences. */
const char *lend_describe(int fd, char buf[LEND_DESCRIBE_LEN]);

/* What to add to a sentence when lend may not be mounted at all. */
const char *lend_mount_hint(void);

/* lend_check() for a file that has a name to be shown; NULL: what /proc knows of it. */
int lend_check_named(int fd, const char *name);

/* Close @fd on the way out of a failure, whose errno stays. Returns -1. */
int lend_drop(int fd);

/* Why @fd could not be set up or get @size bytes, as ": reason", or "". */
const char *lend_explain(int err, int fd, uint64_t size,
			 const struct lend_setup *setup, char hint[LEND_HINT_LEN]);

#endif /* LEND_INTERNAL_H */
