/* SPDX-License-Identifier: GPL-2.0-only */
/* A part of the machine's disk as a device of its own, which can be told to wait. */
#ifndef LEND_TESTS_HOLD_H
#define LEND_TESTS_HOLD_H

#include "common.h"

#define DISK	"/dev/vda"

/* /dev/mapper/@name: @length bytes of the disk from @start on. */
void make_device(const char *name, uint64_t start, uint64_t length);
void remove_device(const char *name);

/* What is asked of it from now on stays in flight; it is done. */
void suspend_device(const char *name);
void resume_device(const char *name);

uint64_t disk_size(void);

#endif
