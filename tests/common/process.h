/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests see of the programs that they run. */
#ifndef LEND_TESTS_PROCESS_H
#define LEND_TESTS_PROCESS_H

#include "common.h"

/* The process has the very file mapped. */
bool process_maps(pid_t pid, int fd);

/* A file that a program writes has these words by now. */
bool file_says(const char *path, const char *words);

#endif
