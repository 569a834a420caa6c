/* SPDX-License-Identifier: GPL-2.0-only */
/* For the tests of liblend: how it says no, and that nothing of a test stays. */
#ifndef LEND_TESTS_REFUSED_H
#define LEND_TESTS_REFUSED_H

#include <lend.h>

#include "common.h"

/* What a function of liblend returns on failure. */
#define failure_of(call) _Generic((call),					\
	void *: 0L, struct lend_phys_run *: 0L, default: -1L)

/* The call must fail with this errno and a sentence that has all these words. */
#define refused(call, error, ...) do {						\
	long refused_ret;							\
	refused_begin();							\
	refused_ret = (long)(call);						\
	refused_end(#call, refused_ret == failure_of(call), errno, error,	\
		    (const char *const[]){ __VA_ARGS__, NULL });		\
} while (0)

void refused_begin(void);
void refused_end(const char *call, bool failure, int error, int expected,
		 const char *const *words);

/* Around each test: descriptors, memory, inodes and names are as they were before. */
int remember(void **state);
int nothing_left(void **state);

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, remember, nothing_left)

/* Gives up a capability of this process, CAP_*. */
void give_up(int capability);

#endif
