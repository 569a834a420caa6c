/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * lend - kernel memory lent to user space, as files of the file system "lend".
 *
 * A file is empty when it is created. LEND_IOC_SETUP may choose what memory it
 * will be made of, ftruncate(2) or fallocate(2) give it that memory, once. From
 * then on it is a file of fixed size: read, write, mmap, pass it on, unlink it.
 *
 * Every structure begins with its own size, set by the caller. A shorter one
 * (an older program) is filled up with zeroes, a longer one (a newer program)
 * is accepted as long as all that this kernel does not know is zero.
 *
 * errno of the ioctls, and of the calls that give a file its memory:
 *   E2BIG       a structure longer than this kernel's has non-zero bytes there,
 *               or is longer than a page
 *   EBADF       the descriptor is not open for writing, and the request needs it,
 *               or for reading, which a dma-buf needs, too
 *   EBUSY       the file has its memory already: kind and size are for good
 *   EFAULT      an address in the request is not readable or writable
 *   EINTR       a signal came while memory was being gathered; nothing is kept.
 *               From open() with O_TRUNC: some of the bytes are zero by now
 *   EINVAL      an unknown flag, a kind that does not exist, a field that must
 *               be zero, an empty range, a structure shorter than the oldest one
 *   EMFILE      no descriptor is left for a dma-buf
 *   ENODEV      mmap, read or write of a driver's buffer whose device is gone
 *   ENODATA     a dma-buf of a file that has no memory yet
 *   ENOMEM      not that much memory, or not in the one run that was asked for,
 *               or more than the caller's RLIMIT_MEMLOCK
 *   ENOSPC      more than is left of the mount's size=
 *   ENOTTY      no such request
 *   ENXIO       a NUMA node without memory; a range beyond the end of the file
 *   EOVERFLOW   offset + length is more than 64 bits hold
 *   EPERM       physical addresses without CAP_SYS_RAWIO
 *   ERANGE      dma_bits below any memory of this machine
 */
#ifndef _UAPI_LINUX_LEND_H
#define _UAPI_LINUX_LEND_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* f_type of statfs(2): "lend" */
#define LEND_SUPER_MAGIC	0x6c656e64

#define LEND_IOC_TYPE		0xBC

/* Where the memory comes from: mount option backing=, lend_setup.backing. */
enum lend_backing {
	LEND_BACKING_FOLIOS	= 1,	/* 2 MiB folios, smaller where fragmented */
	LEND_BACKING_PAGES	= 2,	/* single pages from all over */
	LEND_BACKING_CONTIG	= 3,	/* one physical run */
	LEND_BACKING_VMALLOC	= 4,	/* single pages, at one kernel address too */
};

/* How it reaches page tables: mount option map=, lend_setup.map. */
enum lend_map {
	LEND_MAP_AUTO		= 1,	/* what is best for the memory it got */
	LEND_MAP_FAULT		= 2,	/* on first touch */
	LEND_MAP_INSERT		= 3,	/* all of it in mmap(2), page by page */
	LEND_MAP_PFN		= 4,	/* by page frame number: cannot be pinned */
};

/* lend_setup.node, lend_info.node: the creator's node first, then the others. */
#define LEND_NODE_ANY		(-1)

/* lend_setup.flags: which fields are meant; the others must be zero. */
#define LEND_SETUP_BACKING	(1U << 0)
#define LEND_SETUP_MAP		(1U << 1)
#define LEND_SETUP_NODE		(1U << 2)
#define LEND_SETUP_DMA_BITS	(1U << 3)

/**
 * struct lend_setup - what an empty file shall be made of
 * @size: sizeof(struct lend_setup)
 * @flags: LEND_SETUP_*; what is not named keeps the mount's default
 * @backing: enum lend_backing
 * @map: enum lend_map
 * @node: NUMA node all of it must come from, or LEND_NODE_ANY
 * @dma_bits: all of it below 2^dma_bits, at most 64; 0 for no such limit
 */
struct lend_setup {
	__u32 size;
	__u32 flags;
	__u32 backing;
	__u32 map;
	__s32 node;
	__u32 dma_bits;
};

/* lend_info.flags */
#define LEND_INFO_PINNABLE	(1U << 0)	/* O_DIRECT, RDMA... on mappings */
#define LEND_INFO_HUGE		(1U << 1)	/* 2 MiB entries map what is aligned */
#define LEND_INFO_KERNEL_ADDR	(1U << 2)	/* the kernel sees it at one address */
#define LEND_INFO_MEMCG		(1U << 3)	/* charged to a memory cgroup */
#define LEND_INFO_MEMLOCK	(1U << 4)	/* charged to RLIMIT_MEMLOCK of @uid */
#define LEND_INFO_REVOKED	(1U << 5)	/* its device is gone: no mappings any more */

/* lend_info.why: reasons for what is less than the best */
#define LEND_WHY_FRAGMENTED	(1U << 0)	/* too few free 2 MiB blocks */
#define LEND_WHY_SPLIT		(1U << 1)	/* the run came as single pages */
#define LEND_WHY_SINGLE		(1U << 2)	/* this backing is single pages */
#define LEND_WHY_PFN		(1U << 3)	/* map=pfn forbids pinning */
#define LEND_WHY_NO_MEMCG	(1U << 4)	/* this memory cannot be charged */
#define LEND_WHY_INSERT		(1U << 5)	/* map=insert maps page by page */

/**
 * struct lend_info - all about a file of lend
 * @size: sizeof(struct lend_info)
 * @flags: out: LEND_INFO_*
 * @why: out: LEND_WHY_*
 * @backing: out: enum lend_backing
 * @map: out: enum lend_map; of a file with memory never LEND_MAP_AUTO
 * @node: out: the node that was asked for, or LEND_NODE_ANY
 * @dma_bits: out: the limit that was asked for, or 0
 * @uid: out: whose RLIMIT_MEMLOCK is charged, with LEND_INFO_MEMLOCK
 * @bytes: out: the file's size
 * @memory: out: bytes of memory it holds; 0: it is empty and can be set up
 * @huge: out: bytes of it in 2 MiB folios
 * @runs: out: number of physical runs
 * @longest: out: bytes of the longest of them
 * @mappings: out: live mappings of it, in all processes
 * @held: out: references that mappings and pins hold on its pages now
 * @pinned: out: bytes that look pinned for I/O now (the kernel's own estimate)
 * @exports: out: live dma-bufs of it
 */
struct lend_info {
	__u32 size;
	__u32 flags;
	__u32 why;
	__u32 backing;
	__u32 map;
	__s32 node;
	__u32 dma_bits;
	__u32 uid;
	__u64 bytes;
	__u64 memory;
	__u64 huge;
	__u64 runs;
	__u64 longest;
	__u64 mappings;
	__u64 held;
	__u64 pinned;
	__u64 exports;
};

/**
 * struct lend_phys_run - one physically contiguous piece
 * @offset: where it begins in the file, bytes
 * @phys: its physical address
 * @length: bytes
 */
struct lend_phys_run {
	__u64 offset;
	__u64 phys;
	__u64 length;
};

/**
 * struct lend_runs - list physical runs in file order
 * @size: sizeof(struct lend_runs)
 * @flags: 0
 * @offset: in: the first run listed is the one that holds this offset;
 *	    out: where the next call goes on; the size of the memory at the end
 * @runs: address of an array of struct lend_phys_run
 * @count: in: room in @runs; out: runs written
 * @reserved: 0
 */
struct lend_runs {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 runs;
	__u32 count;
	__u32 reserved;
};

/* lend_sync.flags: at least one */
#define LEND_SYNC_FOR_CPU	(1U << 0)	/* a device wrote, the CPU will read */
#define LEND_SYNC_FOR_DEVICE	(1U << 1)	/* the CPU wrote, a device will read */

/**
 * struct lend_sync - make a range visible to the CPU or to a device
 * @size: sizeof(struct lend_sync)
 * @flags: LEND_SYNC_*
 * @offset: first byte
 * @length: number of bytes, not 0
 *
 * Reaches the driver that has hooked itself to the file, with the very range.
 * msync(2) and fsync(2) do the same with LEND_SYNC_FOR_DEVICE.
 */
struct lend_sync {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 length;
};

/**
 * struct lend_dmabuf - make a dma-buf of a file, for other devices
 * @size: sizeof(struct lend_dmabuf)
 * @flags: O_CLOEXEC, and O_RDONLY, O_WRONLY or O_RDWR: what its descriptor may
 *	be mapped for; devices may read and write in any case
 *
 * The request returns a new descriptor. The dma-buf has the size of the file's
 * memory, whole pages, and keeps the memory and the mount as an open file does.
 */
struct lend_dmabuf {
	__u32 size;
	__u32 flags;
};

/* The structures carry their size themselves, so the numbers stay when they grow. */
#define LEND_IOC_SETUP	_IO(LEND_IOC_TYPE, 0x00)	/* struct lend_setup, for writing */
#define LEND_IOC_INFO	_IO(LEND_IOC_TYPE, 0x01)	/* struct lend_info */
#define LEND_IOC_RUNS	_IO(LEND_IOC_TYPE, 0x02)	/* struct lend_runs, CAP_SYS_RAWIO */
#define LEND_IOC_SYNC	_IO(LEND_IOC_TYPE, 0x03)	/* struct lend_sync */
#define LEND_IOC_DMABUF	_IO(LEND_IOC_TYPE, 0x04)	/* struct lend_dmabuf, for both */

#endif /* _UAPI_LINUX_LEND_H */
