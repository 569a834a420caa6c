// SPDX-License-Identifier: GPL-2.0-only
/* A context: what one open of the device can do. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../kernel/compat/driver.h"
#include "driver.h"

/* Under the lock of the interrupt. */
void edu_interrupted(struct edu_context *ctx)
{
	WRITE_ONCE(ctx->interrupts, ctx->interrupts + 1);
	if (ctx->eventfd)
		eventfd_signal(ctx->eventfd);
}

static int edu_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct edu_context *ctx = file->private_data;
	struct edu *edu = ctx->edu;
	int err;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	mutex_lock(&edu->lock);
	/* Who has the registers starts what he likes: that has no end to wait for. */
	if (!edu->direct)
		edu_wait_idle(edu);
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
		return edu_add_buffer(ctx, &ask.add);
	case EDU_IOC_DROP:
		return edu_drop_buffer(ctx, ask.number);
	case EDU_IOC_DMA:
		return edu_start(ctx, &ask.dma, !(file->f_flags & O_NONBLOCK));
	case EDU_IOC_ADDRESS:
		err = edu_address(ctx, &ask.address);
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
	    READ_ONCE(ctx->interrupts) == READ_ONCE(ctx->seen))
		return -EAGAIN;
	err = wait_event_interruptible(edu->wait, READ_ONCE(edu->gone) ||
				       READ_ONCE(ctx->interrupts) != READ_ONCE(ctx->seen));
	if (err)
		return err;
	if (READ_ONCE(edu->gone))
		return -ENODEV;
	/* The handler holds it until the eventfd is told, too. */
	spin_lock_irq(&edu->irq_lock);
	interrupts = ctx->interrupts;
	spin_unlock_irq(&edu->irq_lock);
	if (put_user(interrupts, (u32 __user *)user))
		return -EFAULT;
	WRITE_ONCE(ctx->seen, interrupts);
	return sizeof(interrupts);
}

static __poll_t edu_poll(struct file *file, struct poll_table_struct *wait)
{
	struct edu_context *ctx = file->private_data;

	poll_wait(file, &ctx->edu->wait, wait);
	if (READ_ONCE(ctx->edu->gone))
		return EPOLLERR | EPOLLHUP;
	return READ_ONCE(ctx->interrupts) != READ_ONCE(ctx->seen) ? EPOLLIN | EPOLLRDNORM : 0;
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
	if (edu->direct == ctx || READ_ONCE(edu->running) == ctx)
		edu_wait_idle(edu);
	for (i = 0; i < EDU_BUFFERS; i++)
		edu_drop(&ctx->buffers[i]);
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

const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_release,
	.mmap = edu_mmap,
	.read = edu_read,
	.poll = edu_poll,
	.unlocked_ioctl = edu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
