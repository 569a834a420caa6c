// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver of QEMU's educational PCI device, as an example of <lend/lend.h>: what it
 * offers to programs stands in edu_uapi.h. All that has to do with memory is lend's.
 *
 * The device does one DMA at a time, in some 100 ms, into whatever it is told. So a
 * buffer leaves the DMA API, and with that its memory may go, only after the device
 * has stopped: wait_idle().
 */
#include <linux/dma-mapping.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <lend/lend.h>

#include "edu_uapi.h"

#define DEADLINE (10 * HZ)

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

static void edu_free(struct kref *ref)
{
	kfree(container_of(ref, struct edu, ref));
}

static void edu_put(void *edu)
{
	kref_put(&((struct edu *)edu)->ref, edu_free);
}

/* --- interrupts */

static void interrupted(struct edu_context *ctx)
{
	ctx->interrupts++;
	if (ctx->eventfd)
		eventfd_signal(ctx->eventfd, 1);
}

static irqreturn_t edu_irq(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = readl(edu->regs + EDU_IRQ_STATUS);

	if (!status || status == U32_MAX)
		return IRQ_NONE;
	writel(status, edu->regs + EDU_IRQ_ACK);

	spin_lock(&edu->irq_lock);
	if (edu->direct) {
		interrupted(edu->direct);
	} else if (edu->running && !(readl(edu->regs + EDU_DMA_COMMAND) & EDU_DMA_RUN)) {
		lend_dma_sync(edu->dma, edu->offset, edu->length, LEND_SYNC_FOR_CPU);
		interrupted(edu->running);
		WRITE_ONCE(edu->running, NULL);
	}
	spin_unlock(&edu->irq_lock);
	wake_up_all(&edu->wait);
	return IRQ_HANDLED;
}

/* The DMA under way has ended; and if it does not end, the device is off the bus. */
static void wait_idle(struct edu *edu)
{
	u32 command;

	if (wait_event_timeout(edu->wait, !READ_ONCE(edu->running), DEADLINE) &&
	    !readl_poll_timeout(edu->regs + EDU_DMA_COMMAND, command, !(command & EDU_DMA_RUN),
				1000, jiffies_to_usecs(DEADLINE)))
		return;
	dev_err(&edu->pdev->dev, "a DMA does not end: no longer used\n");
	pci_clear_master(edu->pdev);
	spin_lock_irq(&edu->irq_lock);
	edu->running = NULL;
	spin_unlock_irq(&edu->irq_lock);
	WRITE_ONCE(edu->gone, true);
	wake_up_all(&edu->wait);
}

/* --- buffers */

/* msync, fsync and LEND_IOC_SYNC, for programs that have the registers. */
static int sync_buffer(void *dma, u64 offset, u64 length, unsigned int flags)
{
	lend_dma_sync(dma, offset, length, flags);
	return 0;
}

static const struct lend_hooks hooks = { .sync = sync_buffer };

static void drop(struct edu_buffer *buffer)
{
	if (!buffer->file)
		return;
	if (buffer->ours)
		lend_clear_hooks(buffer->file, &hooks, buffer->dma);
	lend_dma_unmap(buffer->dma);
	fput(buffer->file);
	buffer->file = NULL;
}

static struct file *get_memory(struct edu *edu, const struct edu_add *ask)
{
	bool write = !(ask->flags & EDU_READ_ONLY);

	switch (ask->kind) {
	case EDU_ALLOC:
		if (ask->fd || ask->addr)
			break;
		return lend_alloc(&(struct lend_params){
			.name = "edu", .size = ask->size, .dev = &edu->pdev->dev });
	case EDU_FD:
		if (ask->addr || ask->size)
			break;
		return lend_from_fd(ask->fd, write);
	case EDU_USER:
		if (ask->fd)
			break;
		return lend_from_user(ask->addr, ask->size, write);
	}
	return ERR_PTR(-EINVAL);
}

static int add_locked(struct edu_context *ctx, const struct edu_add *ask, struct file *file)
{
	struct edu_buffer buffer = { .file = file, .ours = ask->kind == EDU_ALLOC };
	int ret = 0;

	if (ctx->edu->gone)
		return -ENODEV;
	if (ctx->buffers[ask->buffer].file)
		return -EBUSY;
	buffer.dma = lend_dma_map(file, &ctx->edu->pdev->dev,
				  ask->flags & EDU_READ_ONLY ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL);
	if (IS_ERR(buffer.dma))
		return PTR_ERR(buffer.dma);
	if (buffer.ours) {
		lend_set_hooks(file, &hooks, buffer.dma);
		ret = lend_to_fd(file, O_RDWR | O_CLOEXEC);
	}
	get_file(file);
	if (ret < 0)
		drop(&buffer);
	else
		ctx->buffers[ask->buffer] = buffer;
	return ret;
}

static int add(struct edu_context *ctx, const struct edu_add *ask)
{
	struct file *file;
	int ret;

	if (ask->buffer >= EDU_BUFFERS || ask->flags & ~EDU_READ_ONLY)
		return -EINVAL;
	file = get_memory(ctx->edu, ask);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mutex_lock(&ctx->edu->lock);
	ret = add_locked(ctx, ask, file);
	mutex_unlock(&ctx->edu->lock);
	fput(file);
	return ret;
}

/* A buffer of the context; under the lock. */
static struct edu_buffer *find(struct edu_context *ctx, u32 number)
{
	if (ctx->edu->gone)
		return ERR_PTR(-ENODEV);
	if (number >= EDU_BUFFERS || !ctx->buffers[number].file)
		return ERR_PTR(-ENOENT);
	return &ctx->buffers[number];
}

/* Who has the registers has to stop the device first. */
static int drop_number(struct edu_context *ctx, u32 number)
{
	struct edu_buffer *buffer;

	mutex_lock(&ctx->edu->lock);
	buffer = find(ctx, number);
	if (!IS_ERR(buffer)) {
		if (READ_ONCE(ctx->edu->running) == ctx)
			wait_idle(ctx->edu);
		drop(buffer);
	}
	mutex_unlock(&ctx->edu->lock);
	return PTR_ERR_OR_ZERO(buffer);
}

/* --- DMA that the driver starts */

/* Takes the lock when the device has nothing to do. */
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
	if (!err && edu->direct)
		err = -EBUSY;
	if (err)
		mutex_unlock(&edu->lock);
	return err;
}

static int start(struct edu_context *ctx, const struct edu_dma *ask, u64 end)
{
	struct edu_buffer *buffer = find(ctx, ask->buffer);
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
	edu->running = ctx;
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

static int dma(struct edu_context *ctx, const struct edu_dma *ask, bool wait)
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
	ret = start(ctx, ask, end);
	mutex_unlock(&ctx->edu->lock);
	return ret;
}

/* --- DMA that the program starts */

static int address(struct edu_context *ctx, struct edu_address *ask)
{
	struct edu_buffer *buffer;
	int err;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (ask->reserved)
		return -EINVAL;
	mutex_lock(&ctx->edu->lock);
	buffer = find(ctx, ask->buffer);
	err = PTR_ERR_OR_ZERO(buffer);
	if (!err) {
		ask->address = lend_dma_address(buffer->dma, ask->offset, &ask->left);
		err = ask->left ? 0 : -ENXIO;
	}
	mutex_unlock(&ctx->edu->lock);
	return err;
}

static int edu_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct edu_context *ctx = file->private_data;
	struct edu *edu = ctx->edu;
	int err;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	mutex_lock(&edu->lock);
	if (!edu->gone)
		wait_idle(edu);
	if (edu->gone)
		err = -ENODEV;
	else if (edu->direct && edu->direct != ctx)
		err = -EBUSY;
	else
		err = lend_mmap(ctx->registers, vma);
	if (!err) {
		spin_lock_irq(&edu->irq_lock);
		edu->direct = ctx;
		spin_unlock_irq(&edu->irq_lock);
	}
	mutex_unlock(&edu->lock);
	return err;
}

/* --- the file */

static int set_eventfd(struct edu_context *ctx, int fd)
{
	struct eventfd_ctx *eventfd = fd == -1 ? NULL : eventfd_ctx_fdget(fd);

	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	spin_lock_irq(&ctx->edu->irq_lock);
	swap(ctx->eventfd, eventfd);
	spin_unlock_irq(&ctx->edu->irq_lock);
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return 0;
}

static long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct edu_context *ctx = file->private_data;
	void __user *user = (void __user *)arg;
	union {
		struct edu_add add;
		struct edu_dma dma;
		struct edu_address address;
		u32 number;
		int fd;
	} ask;
	int err;

	if (_IOC_TYPE(cmd) != 'E' || _IOC_SIZE(cmd) > sizeof(ask))
		return -ENOTTY;
	if (copy_from_user(&ask, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	switch (cmd) {
	case EDU_IOC_ADD:
		return add(ctx, &ask.add);
	case EDU_IOC_DROP:
		return drop_number(ctx, ask.number);
	case EDU_IOC_DMA:
		return dma(ctx, &ask.dma, !(file->f_flags & O_NONBLOCK));
	case EDU_IOC_ADDRESS:
		err = address(ctx, &ask.address);
		if (!err && copy_to_user(user, &ask.address, sizeof(ask.address)))
			err = -EFAULT;
		return err;
	case EDU_IOC_EVENTFD:
		return set_eventfd(ctx, ask.fd);
	}
	return -ENOTTY;
}

static ssize_t edu_read(struct file *file, char __user *user, size_t count, loff_t *pos)
{
	struct edu_context *ctx = file->private_data;
	struct edu *edu = ctx->edu;
	u32 interrupts;
	int err;

	if (count != sizeof(interrupts))
		return -EINVAL;
	if (file->f_flags & O_NONBLOCK && !READ_ONCE(edu->gone) &&
	    READ_ONCE(ctx->interrupts) == ctx->seen)
		return -EAGAIN;
	err = wait_event_interruptible(edu->wait, READ_ONCE(edu->gone) ||
				       READ_ONCE(ctx->interrupts) != ctx->seen);
	if (err)
		return err;
	if (READ_ONCE(edu->gone))
		return -ENODEV;
	interrupts = READ_ONCE(ctx->interrupts);
	if (put_user(interrupts, (u32 __user *)user))
		return -EFAULT;
	ctx->seen = interrupts;
	return sizeof(interrupts);
}

static __poll_t edu_poll(struct file *file, struct poll_table_struct *wait)
{
	struct edu_context *ctx = file->private_data;

	poll_wait(file, &ctx->edu->wait, wait);
	if (READ_ONCE(ctx->edu->gone))
		return EPOLLERR | EPOLLHUP;
	return READ_ONCE(ctx->interrupts) != ctx->seen ? EPOLLIN | EPOLLRDNORM : 0;
}

static int edu_open(struct inode *inode, struct file *file)
{
	struct edu *edu = container_of(file->private_data, struct edu, misc);
	struct edu_context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	int err;

	if (!ctx)
		return -ENOMEM;
	ctx->registers = lend_pci_bar(edu->pdev, 0, LEND_UNCACHED);
	if (IS_ERR(ctx->registers)) {
		err = PTR_ERR(ctx->registers);
		kfree(ctx);
		return err;
	}
	ctx->edu = edu;
	kref_get(&edu->ref);
	mutex_lock(&edu->lock);
	list_add(&ctx->node, &edu->contexts);
	mutex_unlock(&edu->lock);
	file->private_data = ctx;
	return stream_open(inode, file);
}

/* Mappings of the registers may be left, but they are of no use any more. */
static int edu_release(struct inode *inode, struct file *file)
{
	struct edu_context *ctx = file->private_data;
	struct edu *edu = ctx->edu;
	unsigned int i;

	mutex_lock(&edu->lock);
	lend_revoke(ctx->registers);
	if (!edu->gone && (edu->direct == ctx || READ_ONCE(edu->running) == ctx))
		wait_idle(edu);
	for (i = 0; i < EDU_BUFFERS; i++)
		drop(&ctx->buffers[i]);
	spin_lock_irq(&edu->irq_lock);
	if (edu->direct == ctx)
		edu->direct = NULL;
	spin_unlock_irq(&edu->irq_lock);
	list_del(&ctx->node);
	mutex_unlock(&edu->lock);

	fput(ctx->registers);
	if (ctx->eventfd)
		eventfd_ctx_put(ctx->eventfd);
	kfree(ctx);
	edu_put(edu);
	return 0;
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_release,
	.mmap = edu_mmap,
	.read = edu_read,
	.poll = edu_poll,
	.unlocked_ioctl = edu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = no_llseek,
};

/* --- the device */

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct edu *edu = kzalloc(sizeof(*edu), GFP_KERNEL);
	int err;

	if (!edu)
		return -ENOMEM;
	kref_init(&edu->ref);
	/* The first, so the last to be undone: after the interrupt. */
	err = devm_add_action_or_reset(dev, edu_put, edu);
	if (err)
		return err;
	edu->pdev = pdev;
	mutex_init(&edu->lock);
	spin_lock_init(&edu->irq_lock);
	init_waitqueue_head(&edu->wait);
	INIT_LIST_HEAD(&edu->contexts);
	pci_set_drvdata(pdev, edu);

	err = pcim_enable_device(pdev);
	if (!err)
		err = pcim_iomap_regions(pdev, BIT(0), "edu");
	if (!err)
		err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(28));
	if (err)
		return err;
	/* One piece may be as long as it likes. */
	dma_set_max_seg_size(dev, UINT_MAX);
	edu->regs = pcim_iomap_table(pdev)[0];

	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		return err;
	err = devm_request_irq(dev, pci_irq_vector(pdev, 0), edu_irq, IRQF_SHARED, "edu", edu);
	if (err)
		return err;
	pci_set_master(pdev);

	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.name = devm_kasprintf(dev, GFP_KERNEL, "edu-%s", pci_name(pdev));
	edu->misc.fops = &edu_fops;
	edu->misc.parent = dev;
	return edu->misc.name ? misc_register(&edu->misc) : -ENOMEM;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);
	struct edu_context *ctx;
	unsigned int i;

	misc_deregister(&edu->misc);
	mutex_lock(&edu->lock);
	list_for_each_entry(ctx, &edu->contexts, node)
		lend_revoke(ctx->registers);
	/* Nobody can start another one. */
	wait_idle(edu);
	pci_clear_master(pdev);
	WRITE_ONCE(edu->gone, true);
	list_for_each_entry(ctx, &edu->contexts, node) {
		for (i = 0; i < EDU_BUFFERS; i++) {
			if (ctx->buffers[i].file && ctx->buffers[i].ours)
				lend_revoke(ctx->buffers[i].file);
			drop(&ctx->buffers[i]);
		}
		spin_lock_irq(&edu->irq_lock);
		interrupted(ctx);
		spin_unlock_irq(&edu->irq_lock);
	}
	mutex_unlock(&edu->lock);
	wake_up_all(&edu->wait);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("QEMU's educational device, driven from user space");
MODULE_LICENSE("GPL");
