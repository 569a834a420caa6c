/* SPDX-License-Identifier: GPL-2.0-only */
/* The requests of /dev/lend_importer, a device that uses other drivers' dma-bufs. */
#ifndef LEND_TESTS_LEND_IMPORTER_H
#define LEND_TESTS_LEND_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct importer_attach {
	__s32 fd;			/* a dma-buf */
	__u32 longest;			/* bytes in one entry of its scatter list at most */
};

#define IMPORTER_ENTRIES 4096

/* The scatter list, as far as there is room. */
struct importer_list {
	__u64 count;
	struct importer_entry {
		__u64 dma;
		__u64 length;
	} entry[IMPORTER_ENTRIES];
};

#define IMPORTER_ATTACH	_IOW('T', 0, struct importer_attach)	/* attach and map for DMA */
#define IMPORTER_LIST	_IO('T', 1)				/* struct importer_list */
#define IMPORTER_VMAP	_IOR('T', 2, __u64)			/* its kernel address */
#define IMPORTER_CHECK	_IOW('T', 3, __u64)			/* word i there is this + i */

#endif
