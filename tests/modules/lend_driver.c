// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest driver that uses a file of lend: it takes one from a program,
 * writes down which ranges it was asked to sync, and touches the memory at the
 * kernel's own address of it.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <lend/lend.h>

#include "lend_driver.h"

struct context {
	struct mutex attaching;		/* one at a time: lent is set once */
	struct file *lent;
	struct mutex lock;		/* of what follows */
	struct driver_log log;
	int answer;
};

static int record(void *data, u64 offset, u64 length, unsigned int flags)
{
	struct context *ctx = data;
	int answer;

	mutex_lock(&ctx->lock);
	if (ctx->log.count < DRIVER_LOG_MAX)
		ctx->log.sync[ctx->log.count] = (struct driver_sync){
			.offset = offset, .length = length, .flags = flags,
		};
	ctx->log.count++;
	answer = ctx->answer;
	mutex_unlock(&ctx->lock);
	return answer;
}

static const struct lend_hooks hooks = { .sync = record };

static int attach(struct context *ctx, int fd)
{
	struct file *lent;
	int err;

	if (ctx->lent)
		return -EBUSY;
	lent = lend_from_fd(fd, true);
	if (IS_ERR(lent))
		return PTR_ERR(lent);
	err = lend_set_hooks(lent, &hooks, ctx);
	if (err)
		fput(lent);
	else
		ctx->lent = lent;
	return err;
}

/* Writes the pattern, or compares with it. */
static int pattern(struct context *ctx, const struct driver_pattern *p, bool check)
{
	u64 i, *word = ctx->lent ? lend_vaddr(ctx->lent) : NULL;

	if (!word)
		return -ENXIO;
	for (i = 0; i < p->words; i++) {
		if (!check)
			word[i] = p->seed + i;
		else if (word[i] != p->seed + i)
			return -ENODATA;
		if (!(i & 0xffff))
			cond_resched();
	}
	return 0;
}

static long driver_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct context *ctx = file->private_data;
	void __user *user = (void __user *)arg;
	struct driver_pattern p;
	struct driver_log *log;
	int err = 0, n;

	switch (cmd) {
	case DRIVER_ATTACH:
		if (get_user(n, (int __user *)user))
			return -EFAULT;
		mutex_lock(&ctx->attaching);
		err = attach(ctx, n);
		mutex_unlock(&ctx->attaching);
		return err;
	case DRIVER_ANSWER:
		if (get_user(n, (int __user *)user))
			return -EFAULT;
		mutex_lock(&ctx->lock);
		ctx->answer = n;
		mutex_unlock(&ctx->lock);
		return 0;
	case DRIVER_LOG:
		mutex_lock(&ctx->lock);
		log = kmemdup(&ctx->log, sizeof(*log), GFP_KERNEL);
		memset(&ctx->log, 0, sizeof(ctx->log));
		mutex_unlock(&ctx->lock);
		if (!log)
			return -ENOMEM;
		if (copy_to_user(user, log, sizeof(*log)))
			err = -EFAULT;
		kfree(log);
		return err;
	case DRIVER_WRITE:
	case DRIVER_CHECK:
		if (copy_from_user(&p, user, sizeof(p)))
			return -EFAULT;
		return pattern(ctx, &p, cmd == DRIVER_CHECK);
	}
	return -ENOTTY;
}

static int driver_open(struct inode *inode, struct file *file)
{
	struct context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	mutex_init(&ctx->attaching);
	mutex_init(&ctx->lock);
	file->private_data = ctx;
	return 0;
}

static int driver_release(struct inode *inode, struct file *file)
{
	struct context *ctx = file->private_data;

	if (ctx->lent) {
		lend_clear_hooks(ctx->lent, &hooks, ctx);
		fput(ctx->lent);
	}
	kfree(ctx);
	return 0;
}

static const struct file_operations driver_fops = {
	.owner = THIS_MODULE,
	.open = driver_open,
	.release = driver_release,
	.unlocked_ioctl = driver_ioctl,
};

static struct miscdevice lend_driver = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lend_driver",
	.fops = &driver_fops,
};
module_misc_device(lend_driver);

MODULE_DESCRIPTION("Test driver of lend");
MODULE_LICENSE("GPL");
