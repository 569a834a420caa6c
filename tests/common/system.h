/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of the file system do to the machine around them, and see of it. */
#ifndef LEND_TESTS_SYSTEM_H
#define LEND_TESTS_SYSTEM_H

#include "common.h"
#include "refused.h"

#define NOBODY 65534

/* For good, so in a child: this user, of no other group, without capabilities. */
void become(uid_t uid);

/* Runs a line as a shell's user would; its exit status. */
int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Bytes that the page allocator has handed out since boot, to anyone. */
uint64_t allocated_bytes(void);

/* After a test: no mount of it is left either. */
int clean(void **state);

#define clean_test(fn) cmocka_unit_test_setup_teardown(fn, remember, clean)

#endif
