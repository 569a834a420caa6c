/* SPDX-License-Identifier: GPL-2.0-only */
/* The command itself: what it is asked about, by whom, and what it refuses. */
#ifndef LEND_TESTS_COMMAND_H
#define LEND_TESTS_COMMAND_H

#include "common.h"

extern const struct CMUnitTest command_tests[];
extern const size_t command_test_count;

#endif
