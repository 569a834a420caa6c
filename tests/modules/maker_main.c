// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that makes buffers of its own, in every way that <lend/lend.h> has: one
 * for each open of its file, by request.
 */
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../kernel/compat/driver.h"
#include "maker.h"

static struct platform_device *device;
static DEFINE_MUTEX(mask_lock);	/* of its DMA mask */

static void let_go(struct context *ctx)
{
	struct file *lent = ctx->lent;

	if (!lent)
		return;
	lend_clear_hooks(lent, &maker_hooks, ctx);
	lend_dma_unmap(ctx->dma);
	ctx->dma = NULL;
	spin_lock(&ctx->log_lock);
	ctx->lent = NULL;
	spin_unlock(&ctx->log_lock);
	fput(lent);
}

static int take(struct context *ctx, struct file *lent)
{
	if (IS_ERR(lent))
		return PTR_ERR(lent);
	spin_lock(&ctx->log_lock);
	ctx->lent = lent;
	spin_unlock(&ctx->log_lock);
	return 0;
}

static struct device *device_of(u32 bits)
{
	if (!bits)
		return NULL;
	if (dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(bits)))
		return ERR_PTR(-EIO);
	return &device->dev;
}

static int alloc(struct context *ctx, struct maker *m, bool named)
{
	struct lend_params params = {
		.name = m->text[0] && !named ? m->text : NULL,
		.size = m->length,
		.backing = m->backing,
	};
	int err;

	mutex_lock(&mask_lock);
	params.dev = device_of(m->bits);
	err = PTR_ERR_OR_ZERO(params.dev);
	if (!err)
		err = take(ctx, named ? lend_alloc_at(m->text, m->flags, &params) :
				lend_alloc(&params));
	mutex_unlock(&mask_lock);
	return err;
}

static int bar(struct context *ctx, const struct maker *m)
{
	unsigned int domain, bus, slot, fn;
	struct pci_dev *pdev;
	int err;

	if (sscanf(m->text, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
	if (!pdev)
		return -ENODEV;
	err = take(ctx, lend_pci_bar(pdev, m->value, m->flags));
	pci_dev_put(pdev);
	return err;
}

static int dma_map(struct context *ctx, const struct maker *m)
{
	struct device *dev;
	struct lend_dma *dma;
	int err;

	if (ctx->dma)
		return -EBUSY;
	mutex_lock(&mask_lock);
	dev = device_of(m->bits);
	err = PTR_ERR_OR_ZERO(dev);
	if (!err) {
		dma_set_max_seg_size(dev, m->value);
		dma = lend_dma_map(ctx->lent, dev, m->flags);
		err = PTR_ERR_OR_ZERO(dma);
		if (!err)
			ctx->dma = dma;
	}
	mutex_unlock(&mask_lock);
	return err;
}

/* What makes a buffer. */
static int make(struct context *ctx, unsigned int cmd, struct maker *m)
{
	if (ctx->lent)
		return -EBUSY;
	switch (cmd) {
	case MAKER_ALLOC:
		return alloc(ctx, m, false);
	case MAKER_ALLOC_AT:
		return alloc(ctx, m, true);
	case MAKER_FROM_USER:
		return take(ctx, lend_from_user(m->addr, m->length, m->flags));
	case MAKER_FROM_FD:
		return take(ctx, lend_from_fd(m->fd, m->flags));
	case MAKER_PHYS:
		return take(ctx, lend_registers("registers", m->offset, m->length, m->flags));
	case MAKER_BAR:
		return bar(ctx, m);
	}
	return -ENOTTY;
}

/* What uses the one that there is. */
static int use(struct context *ctx, unsigned int cmd, struct maker *m)
{
	struct page *page;

	if (!ctx->lent)
		return -ENXIO;
	switch (cmd) {
	case MAKER_REMOVE:
		return lend_remove(ctx->lent);
	case MAKER_TO_FD:
		return lend_to_fd(ctx->lent, m->flags);
	case MAKER_LET_GO:
		let_go(ctx);
		return 0;
	case MAKER_REVOKE:
		return lend_revoke(ctx->lent);
	case MAKER_SIZE:
		m->value = lend_size(ctx->lent);
		return 0;
	case MAKER_VADDR:
		m->value = !!lend_vaddr(ctx->lent);
		return 0;
	case MAKER_READ:
	case MAKER_WRITE:
		return maker_copy(ctx, m, cmd == MAKER_WRITE);
	case MAKER_PAGE:
		page = lend_page(ctx->lent, m->offset);
		m->value = page ? page_to_phys(page) : 0;
		return page ? 0 : -ENXIO;
	case MAKER_SG:
		return maker_sg(ctx, m);
	case MAKER_DMA_MAP:
		return dma_map(ctx, m);
	case MAKER_HOOK:
		ctx->answer = (int)m->value;
		if (m->flags)
			return lend_set_hooks(ctx->lent, &maker_hooks, ctx);
		lend_clear_hooks(ctx->lent, &maker_hooks, ctx);
		return 0;
	}
	if (!ctx->dma)
		return -ENXIO;
	switch (cmd) {
	case MAKER_DMA_UNMAP:
		lend_dma_unmap(ctx->dma);
		ctx->dma = NULL;
		return 0;
	case MAKER_DMA_SYNC:
		lend_dma_sync(ctx->dma, m->offset, m->length, m->flags);
		return 0;
	case MAKER_DMA_ADDR:
		m->value = lend_dma_address(ctx->dma, m->offset, &m->left);
		return 0;
	}
	return -ENOTTY;
}

static int request(struct context *ctx, unsigned int cmd, struct maker *m)
{
	int ret;

	switch (cmd) {
	case MAKER_READONLY:
		ctx->readonly = true;
		return 0;
	case MAKER_PTE:
		return maker_pte(m);
	case MAKER_IOREMAP:
		if (ctx->regs)
			return -EBUSY;
		ctx->regs = ioremap(m->offset, m->length);
		return ctx->regs ? 0 : -EBUSY;
	}
	ret = make(ctx, cmd, m);
	return ret == -ENOTTY || (ret == -EBUSY && ctx->lent) ? use(ctx, cmd, m) : ret;
}

static long maker_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct context *ctx = file->private_data;
	void __user *user = (void __user *)arg;
	struct maker m, asked;
	int ret;

	if (cmd == MAKER_LOG)
		return maker_log(ctx, user);
	if (copy_from_user(&m, user, sizeof(m)))
		return -EFAULT;
	m.text[sizeof(m.text) - 1] = 0;
	asked = m;
	mutex_lock(&ctx->lock);
	ret = request(ctx, cmd, &m);
	mutex_unlock(&ctx->lock);
	/* Only what answers: what has made something must not fail any more. */
	if (ret >= 0 && memcmp(&asked, &m, sizeof(m)) && copy_to_user(user, &m, sizeof(m)))
		ret = -EFAULT;
	return ret;
}

static int maker_mmap(LEND_MMAP_ARGS)
{
	struct context *ctx = LEND_MMAP_FILE->private_data;
	struct file *lent = NULL;
	int err;

	/* Not under the lock, which is held while user memory is touched. */
	spin_lock(&ctx->log_lock);
	if (ctx->lent)
		lent = get_file(ctx->lent);
	spin_unlock(&ctx->log_lock);
	if (!lent)
		return -ENXIO;
	err = ctx->readonly ? lend_mmap_newest_readonly(lent, vma) : lend_mmap_newest(lent, vma);
	fput(lent);
	return err;
}

static int maker_open(struct inode *inode, struct file *file)
{
	struct context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	mutex_init(&ctx->lock);
	spin_lock_init(&ctx->log_lock);
	file->private_data = ctx;
	return 0;
}

static int maker_release(struct inode *inode, struct file *file)
{
	struct context *ctx = file->private_data;

	let_go(ctx);
	if (ctx->regs)
		iounmap(ctx->regs);
	kfree(ctx);
	return 0;
}

static const struct file_operations maker_fops = {
	.owner = THIS_MODULE,
	.open = maker_open,
	.release = maker_release,
	.unlocked_ioctl = maker_ioctl,
	.LEND_MMAP = maker_mmap,
	.get_unmapped_area = lend_get_unmapped_area,
};

static struct miscdevice maker = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lend_maker",
	.mode = 0666,
	.fops = &maker_fops,
};

static int __init maker_init(void)
{
	int err;

	device = platform_device_register_simple("lend_maker", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	err = misc_register(&maker);
	if (err)
		platform_device_unregister(device);
	return err;
}

static void __exit maker_exit(void)
{
	misc_deregister(&maker);
	platform_device_unregister(device);
}

module_init(maker_init);
module_exit(maker_exit);
MODULE_DESCRIPTION("Test driver that makes buffers of lend");
MODULE_LICENSE("GPL");
