/* SPDX-License-Identifier: GPL-2.0-only */
/* An ext4 file system on the machine's empty disk, for as long as a group runs. */
#ifndef LEND_TESTS_SCRATCH_H
#define LEND_TESTS_SCRATCH_H

#include "table.h"

#define DISK	"/dev/vda"
#define SCRATCH	"/tmp/lend.scratch"

/* cmocka's set_up and tear_down of a group. */
int scratch_up(void **state);
int scratch_down(void **state);

/* A nameless file on it: SIZE bytes of zeroes, on the disk. */
int disk_file(int flags);

/*
 * What is on the disk, by read() and write() of other memory and the page cache:
 * the pattern of a subject, or all its bits turned.
 */
bool disk_has_pattern(int fd);
void disk_turn(int fd);

/* The subject's bytes are the turned ones, by its mapping and by read(). */
bool turned(const struct subject *s);

/* The file once more, with these flags. */
int again(int fd, int flags);

#endif
