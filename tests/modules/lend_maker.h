/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The requests of /dev/lend_maker, a driver that makes buffers of its own. Each open
 * of it has one buffer; mmap maps it.
 */
#ifndef LEND_TESTS_LEND_MAKER_H
#define LEND_TESTS_LEND_MAKER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What a request uses is with its number. */
struct maker {
	__u64 addr;
	__u64 length;
	__u64 offset;
	__u64 value;
	__u64 left;
	__u32 backing;
	__u32 bits;		/* of the device's DMA mask; 0: no device */
	__s32 fd;
	__u32 flags;
	char text[64];
};

struct maker_entry {
	__u64 phys;
	__u64 length;
};

/* One call of a hook. */
struct maker_event {
	__u32 mapped;		/* 0 or 1; 2: a sync */
	__u32 flags;
	__u64 offset;
	__u64 length;
};

#define MAKER_EVENTS 64

struct maker_log {
	__u64 count;		/* calls since the last request, logged or not */
	__u64 disorder;		/* how often two of a kind came in a row */
	struct maker_event event[MAKER_EVENTS];
};

#define MAKER(nr) _IOWR('T', nr, struct maker)

#define MAKER_ALLOC	MAKER(0)	/* length, backing, bits, text: name */
#define MAKER_ALLOC_AT	MAKER(1)	/* the same, text: path, flags: mode */
#define MAKER_REMOVE	MAKER(2)
#define MAKER_FROM_USER	MAKER(3)	/* addr, length, flags: write */
#define MAKER_FROM_FD	MAKER(4)	/* fd, flags: write */
#define MAKER_TO_FD	MAKER(5)	/* flags: O_*; returns the descriptor */
#define MAKER_PHYS	MAKER(6)	/* offset: physical address, length, flags: caching */
#define MAKER_BAR	MAKER(7)	/* text: device, value: number, flags: caching */
#define MAKER_LET_GO	MAKER(8)
#define MAKER_REVOKE	MAKER(9)
#define MAKER_READONLY	MAKER(10)	/* mmap is by lend_mmap_readonly() from here on */
#define MAKER_SIZE	MAKER(11)	/* out: value */
#define MAKER_VADDR	MAKER(12)	/* out: value: whether there is one */
#define MAKER_READ	MAKER(13)	/* offset, length, to addr, by lend_vmap() */
#define MAKER_WRITE	MAKER(14)	/* offset, length, from addr */
#define MAKER_PAGE	MAKER(15)	/* offset: index; out: value: its physical address */
/* offset, length, value: longest; entries go to addr, as many as left; out: left: how many */
#define MAKER_SG	MAKER(16)
#define MAKER_DMA_MAP	MAKER(17)	/* bits, value: longest, flags: direction */
#define MAKER_DMA_UNMAP	MAKER(18)
#define MAKER_DMA_SYNC	MAKER(19)	/* offset, length, flags */
#define MAKER_DMA_ADDR	MAKER(20)	/* offset; out: value, left */
#define MAKER_HOOK	MAKER(21)	/* flags: 1 set, 0 clear; value: what sync answers */
#define MAKER_PTE	MAKER(22)	/* addr; out: value: the page-table entry */
#define MAKER_IOREMAP	MAKER(23)	/* offset: physical address, length; until close */

#define MAKER_LOG	_IO('T', 30)	/* struct maker_log, and forget */

#endif
