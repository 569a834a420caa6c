// SPDX-License-Identifier: GPL-2.0-only
/* The device at work: one DMA after another, and its interrupts. */
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/pci.h>

#include "driver.h"

#define DEADLINE (10 * HZ)

irqreturn_t edu_irq(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = readl(edu->regs + EDU_IRQ_STATUS);

	if (!status || status == U32_MAX)
		return IRQ_NONE;
	writel(status, edu->regs + EDU_IRQ_ACK);

	spin_lock(&edu->irq_lock);
	if (edu->direct) {
		edu_interrupted(edu->direct);
	} else if (edu->running && !(readl(edu->regs + EDU_DMA_COMMAND) & EDU_DMA_RUN)) {
		struct edu_context *ctx = edu->running;

		lend_dma_sync(edu->dma, edu->offset, edu->length, LEND_SYNC_FOR_CPU);
		/* Whoever learns of it may start the next one. */
		WRITE_ONCE(edu->running, NULL);
		edu_interrupted(ctx);
	}
	spin_unlock(&edu->irq_lock);
	wake_up_all(&edu->wait);
	return IRQ_HANDLED;
}

/*
 * The DMA under way has ended; and if it does not end, the device is off the bus.
 * Under the lock.
 */
void edu_wait_idle(struct edu *edu)
{
	u32 command;

	if (edu->gone)
		return;
	if (wait_event_timeout(edu->wait, !READ_ONCE(edu->running), DEADLINE) &&
	    !readl_poll_timeout(edu->regs + EDU_DMA_COMMAND, command, !(command & EDU_DMA_RUN),
				1000, jiffies_to_usecs(DEADLINE)))
		return;
	dev_err(&edu->pdev->dev, "a DMA does not end: no longer used\n");
	pci_clear_master(edu->pdev);
	spin_lock_irq(&edu->irq_lock);
	WRITE_ONCE(edu->running, NULL);
	spin_unlock_irq(&edu->irq_lock);
	WRITE_ONCE(edu->gone, true);
	wake_up_all(&edu->wait);
}

/* Takes the lock when the device is there and has nothing to do. */
static int lock_idle(struct edu *edu, bool wait)
{
	int err = 0;

	mutex_lock(&edu->lock);
	while (!err && !edu->gone && READ_ONCE(edu->running)) {
		mutex_unlock(&edu->lock);
		err = !wait ? -EAGAIN :
		      wait_event_interruptible(edu->wait, !READ_ONCE(edu->running) ||
					       READ_ONCE(edu->gone));
		mutex_lock(&edu->lock);
	}
	if (!err)
		err = edu->gone ? -ENODEV : edu->direct ? -EBUSY : 0;
	if (err)
		mutex_unlock(&edu->lock);
	return err;
}

static int start_locked(struct edu_context *ctx, const struct edu_dma *ask, u64 end)
{
	struct edu_buffer *buffer = edu_find(ctx, ask->buffer);
	bool to_memory = ask->flags & EDU_TO_MEMORY;
	u64 memory, left, device = EDU_MEMORY + ask->where;
	struct edu *edu = ctx->edu;

	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	if (end > lend_size(buffer->file))
		return -ENXIO;
	if (to_memory && buffer->dma->dir == DMA_TO_DEVICE)
		return -EACCES;
	memory = lend_dma_address(buffer->dma, ask->offset, &left);
	left = min(left, ask->length);
	lend_dma_sync(buffer->dma, ask->offset, left, LEND_SYNC_FOR_DEVICE);

	spin_lock_irq(&edu->irq_lock);
	WRITE_ONCE(edu->running, ctx);
	edu->dma = buffer->dma;
	edu->offset = ask->offset;
	edu->length = left;
	writeq(to_memory ? device : memory, edu->regs + EDU_DMA_SOURCE);
	writeq(to_memory ? memory : device, edu->regs + EDU_DMA_TARGET);
	writeq(left, edu->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_RUN | EDU_DMA_IRQ | (to_memory ? EDU_DMA_TO_MEMORY : 0),
	       edu->regs + EDU_DMA_COMMAND);
	spin_unlock_irq(&edu->irq_lock);
	return left;
}

int edu_start(struct edu_context *ctx, const struct edu_dma *ask, bool wait)
{
	u64 end, device_end;
	int ret;

	if (!ask->length || ask->flags & ~EDU_TO_MEMORY)
		return -EINVAL;
	if (check_add_overflow(ask->offset, ask->length, &end) ||
	    check_add_overflow(ask->where, ask->length, &device_end))
		return -EOVERFLOW;
	if (device_end > EDU_MEMORY_SIZE)
		return -ENXIO;
	ret = lock_idle(ctx->edu, wait);
	if (ret)
		return ret;
	ret = start_locked(ctx, ask, end);
	mutex_unlock(&ctx->edu->lock);
	return ret;
}
