/* SPDX-License-Identifier: GPL-2.0-only */
/* The requests of /dev/lend_driver, the smallest driver that uses a file of lend. */
#ifndef LEND_TESTS_LEND_DRIVER_H
#define LEND_TESTS_LEND_DRIVER_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct driver_sync {
	__u64 offset;
	__u64 length;
	__u32 flags;
	__u32 pad;
};

#define DRIVER_LOG_MAX 32

struct driver_log {
	__u64 count;			/* calls since the last request, logged or not */
	struct driver_sync sync[DRIVER_LOG_MAX];
};

struct driver_pattern {
	__u64 seed;			/* word number i of the buffer is seed + i */
	__u64 words;
};

#define DRIVER_ATTACH	_IOW('T', 0, int)			/* a descriptor of lend */
#define DRIVER_LOG	_IOR('T', 1, struct driver_log)		/* and forget */
#define DRIVER_ANSWER	_IOW('T', 2, int)			/* what the hook returns */
#define DRIVER_WRITE	_IOW('T', 3, struct driver_pattern)	/* at the kernel's address */
#define DRIVER_CHECK	_IOW('T', 4, struct driver_pattern)	/* ENODATA if it differs */

#endif
