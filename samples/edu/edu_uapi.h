/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What programs say to the driver of QEMU's edu device, and the device's registers.
 *
 * One open of /dev/edu-SLOT is one context: its buffers, its interrupts. There are
 * two ways to drive the device:
 *
 * checked: the program asks by EDU_IOC_DMA; the driver makes sure that the range is
 *	in a buffer of this context and starts the DMA. Any number of contexts, of
 *	anybody who may open the file.
 *
 * direct: the program maps the registers (the file, from offset 0) and starts DMA by
 *	itself, without a system call. The device takes whatever address it is told
 *	and cannot tell contexts apart: without an IOMMU it reaches all memory below
 *	256 MiB, with one the buffers of all contexts. So this takes CAP_SYS_RAWIO, and
 *	from the first mmap to close(2) the device is this context's alone.
 *
 * read(2) gives a __u32, the number of interrupts of this context so far, and waits
 * until it is another one than was read last. poll(2) waits for that, too, and an
 * eventfd may be told of each interrupt. When the device is gone, mappings of its
 * registers and of its buffers are SIGBUS and all requests ENODEV.
 */
#ifndef EDU_UAPI_H
#define EDU_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Registers: 4 bytes each; those of the DMA 4 or 8. */
#define EDU_ID			0x00	/* 0x010000ed */
#define EDU_LIVENESS		0x04	/* reads as the inverse of what was written */
#define EDU_FACTORIAL		0x08	/* n is written, n! read when it is computed */
#define EDU_STATUS		0x20
#define EDU_STATUS_COMPUTING	0x01
#define EDU_STATUS_IRQ		0x80	/* interrupt when it is computed */
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_RAISE		0x60
#define EDU_IRQ_ACK		0x64
#define EDU_IRQ_DMA		0x100	/* of these three: a DMA has ended */
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_TARGET		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_RUN		0x01	/* reads as set until the DMA has ended */
#define EDU_DMA_TO_MEMORY	0x02
#define EDU_DMA_IRQ		0x04

/*
 * The device's own memory, as source or target of a DMA. There is one byte more, but
 * QEMU 7.2 and older take a DMA that touches it for one past the end, and abort.
 */
#define EDU_MEMORY		0x40000
#define EDU_MEMORY_SIZE		4095

#define EDU_REGISTERS_SIZE	0x100000

/* edu_add.kind */
enum edu_kind {
	EDU_ALLOC	= 1,	/* @size bytes, within the device's reach */
	EDU_FD		= 2,	/* a buffer of lend that the program has open as @fd */
	EDU_USER	= 3,	/* @size bytes of the program's own memory at @addr */
};

/* edu_add.flags: the device will only read; descriptor or memory may be read-only */
#define EDU_READ_ONLY		0x1

#define EDU_BUFFERS		16

/**
 * struct edu_add - give the context a buffer
 * @buffer: the number it shall have, below EDU_BUFFERS
 * @kind: enum edu_kind
 * @flags: EDU_READ_ONLY or 0
 * @fd: of EDU_FD, else 0
 * @addr: of EDU_USER, else 0
 * @size: bytes; 0 of EDU_FD
 *
 * The request returns 0; of EDU_ALLOC a new descriptor, to be mapped and closed.
 * Errors: EBUSY: that number is in use. EINVAL: @buffer, @kind, @flags, or a field
 * that must be 0. ERANGE: not within the device's reach, and no IOMMU helps. What
 * lend says: EBADF, EMEDIUMTYPE, ENODATA of a descriptor; EFAULT, EOVERFLOW of an
 * address; ENOMEM.
 */
struct edu_add {
	__u32 buffer;
	__u32 kind;
	__u32 flags;
	__s32 fd;
	__u64 addr;
	__u64 size;
};

/* edu_dma.flags: from the device to memory; without it the other way */
#define EDU_TO_MEMORY		0x1

/**
 * struct edu_dma - start a DMA
 * @buffer: the number of a buffer
 * @flags: EDU_TO_MEMORY or 0
 * @offset: where in the buffer
 * @length: bytes, not 0
 * @where: where in the device's memory
 *
 * The request returns how many bytes are under way: less than @length where the
 * buffer is not in one piece for the device. An interrupt tells that it has ended.
 * While the device is at another DMA it waits, or is EAGAIN with O_NONBLOCK.
 * Errors: EACCES: EDU_TO_MEMORY into a buffer of EDU_READ_ONLY. EBUSY: a program has
 * the registers. EINVAL: @flags, @length. ENOENT: no such buffer. ENXIO: past the end
 * of the buffer or of the device's memory. EOVERFLOW: @offset or @where + @length
 * wraps.
 */
struct edu_dma {
	__u32 buffer;
	__u32 flags;
	__u64 offset;
	__u64 length;
	__u64 where;
};

/**
 * struct edu_address - where the device sees a buffer, for who has the registers
 * @buffer: the number of a buffer
 * @reserved: 0
 * @offset: which byte of it
 * @address: out: the device's address of that byte
 * @left: out: how many bytes follow in one piece, this one included
 *
 * Errors: EPERM: without CAP_SYS_RAWIO. EINVAL, ENOENT, ENXIO as above.
 */
struct edu_address {
	__u32 buffer;
	__u32 reserved;
	__u64 offset;
	__u64 address;
	__u64 left;
};

#define EDU_IOC_ADD	_IOW('E', 0, struct edu_add)
#define EDU_IOC_DROP	_IOW('E', 1, __u32)		/* a buffer's number; ENOENT */
#define EDU_IOC_DMA	_IOW('E', 2, struct edu_dma)
#define EDU_IOC_ADDRESS	_IOWR('E', 3, struct edu_address)
#define EDU_IOC_EVENTFD	_IOW('E', 4, __s32)		/* an eventfd, or -1 for none */

#endif
