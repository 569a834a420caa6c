/* SPDX-License-Identifier: GPL-2.0-only */
/* A memory cgroup for a test, which makes it and takes it away. */
#ifndef LEND_TESTS_CGROUP_H
#define LEND_TESTS_CGROUP_H

#include "common.h"

#define CGROUP "/sys/fs/cgroup/lend-test"

/* The number behind @key in a file of the cgroup, or the whole file if @key is empty. */
uint64_t cgroup(const char *name, const char *key);

/* Sizes an empty file as a process of the cgroup; 0 or the errno. */
int attempt_in_cgroup(int fd, size_t size);

#endif
