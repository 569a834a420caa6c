/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver of QEMU's educational PCI device, as an example of <lend/lend.h>: what it
 * offers to programs stands in edu_uapi.h. All that has to do with memory is lend's.
 *
 * The device does one DMA at a time, in some 100 ms, into whatever it is told. So a
 * buffer leaves the DMA API, and with that its memory may go, only after the device
 * has stopped: edu_wait_idle().
 */
#ifndef EDU_DRIVER_H
#define EDU_DRIVER_H

#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <lend/lend.h>

#include "edu_uapi.h"

struct eventfd_ctx;
struct pci_dev;

struct edu_buffer {
	struct file *file;
	struct lend_dma *dma;
	bool ours;		/* not the program's: goes with the device */
};

/* One open. */
struct edu_context {
	struct edu *edu;
	struct list_head node;
	struct file *registers;
	struct edu_buffer buffers[EDU_BUFFERS];
	struct eventfd_ctx *eventfd;
	u32 interrupts;
	u32 seen;		/* by read() */
};

struct edu {
	struct kref ref;		/* of the device, and of each context */
	struct pci_dev *pdev;
	void __iomem *regs;
	struct miscdevice misc;
	wait_queue_head_t wait;		/* for an interrupt, or the end */

	/* Of contexts and their buffers. Taken under the mmap lock: no user memory here. */
	struct mutex lock;
	struct list_head contexts;
	bool gone;

	spinlock_t irq_lock;		/* of what the interrupt handler sees */
	struct edu_context *direct;	/* has the registers */
	struct edu_context *running;	/* whose DMA it is, and what the DMA is: */
	struct lend_dma *dma;
	u64 offset, length;
};

/* device.c */
void edu_put(void *edu);

/* context.c */
extern const struct file_operations edu_fops;
void edu_interrupted(struct edu_context *ctx);

/* buffers.c */
int edu_add_buffer(struct edu_context *ctx, const struct edu_add *ask);
int edu_drop_buffer(struct edu_context *ctx, u32 number);
int edu_address(struct edu_context *ctx, struct edu_address *ask);
struct edu_buffer *edu_find(struct edu_context *ctx, u32 number);
void edu_drop(struct edu_buffer *buffer);

/* dma.c */
irqreturn_t edu_irq(int irq, void *edu);
void edu_wait_idle(struct edu *edu);
int edu_start(struct edu_context *ctx, const struct edu_dma *ask, bool wait);

#endif
