// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that imports dma-bufs as drivers do: attaches, maps for DMA, looks at
 * the memory through the kernel's address. It goes by the DMA API alone and knows
 * nothing of lend.
 */
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../kernel/compat/dmabuf.h"
#include "lend_importer.h"

static struct platform_device *device;
static DEFINE_MUTEX(lock);	/* one user at a time */

struct context {
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attachment;
	struct sg_table *sgt;
	struct iosys_map map;
};

static void let_go(struct context *ctx)
{
	if (!iosys_map_is_null(&ctx->map))
		dma_buf_vunmap_unlocked(ctx->dmabuf, &ctx->map);
	if (!IS_ERR_OR_NULL(ctx->sgt))
		dma_buf_unmap_attachment_unlocked(ctx->attachment, ctx->sgt, DMA_BIDIRECTIONAL);
	if (!IS_ERR_OR_NULL(ctx->attachment))
		dma_buf_detach(ctx->dmabuf, ctx->attachment);
	if (!IS_ERR_OR_NULL(ctx->dmabuf))
		dma_buf_put(ctx->dmabuf);
	memset(ctx, 0, sizeof(*ctx));
}

static int attach(struct context *ctx, const struct importer_attach *ask)
{
	int err = 0;

	let_go(ctx);
	dma_set_max_seg_size(&device->dev, ask->longest);
	ctx->dmabuf = dma_buf_get(ask->fd);
	if (IS_ERR(ctx->dmabuf)) {
		err = PTR_ERR(ctx->dmabuf);
		goto out;
	}
	ctx->attachment = dma_buf_attach(ctx->dmabuf, &device->dev);
	if (IS_ERR(ctx->attachment)) {
		err = PTR_ERR(ctx->attachment);
		goto out;
	}
	ctx->sgt = dma_buf_map_attachment_unlocked(ctx->attachment, DMA_BIDIRECTIONAL);
	err = PTR_ERR_OR_ZERO(ctx->sgt);
out:
	if (err)
		let_go(ctx);
	return err;
}

/* What a device is told: an importer has no business with the pages. */
static int list(struct context *ctx, struct importer_list __user *user)
{
	struct scatterlist *sg;
	u64 i;

	for_each_sgtable_dma_sg(ctx->sgt, sg, i) {
		struct importer_entry entry = {
			.dma = sg_dma_address(sg), .length = sg_dma_len(sg),
		};

		if (i < IMPORTER_ENTRIES && copy_to_user(&user->entry[i], &entry, sizeof(entry)))
			return -EFAULT;
	}
	return put_user(i, &user->count);
}

static int vmap_it(struct context *ctx, u64 __user *user)
{
	int err = iosys_map_is_null(&ctx->map) ? dma_buf_vmap_unlocked(ctx->dmabuf, &ctx->map) : 0;

	return err ? err : put_user((u64)(unsigned long)ctx->map.vaddr, user);
}

static int compare(struct context *ctx, u64 seed)
{
	u64 i, *word = ctx->map.vaddr;

	if (!word)
		return -ENXIO;
	for (i = 0; i < ctx->dmabuf->size / sizeof(*word); i++)
		if (word[i] != seed + i)
			return -ENODATA;
	return 0;
}

static long importer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct context *ctx = file->private_data;
	void __user *user = (void __user *)arg;
	struct importer_attach ask;
	int err = -ENOTTY;
	u64 seed;

	mutex_lock(&lock);
	if (cmd == IMPORTER_ATTACH)
		err = copy_from_user(&ask, user, sizeof(ask)) ? -EFAULT : attach(ctx, &ask);
	else if (!ctx->dmabuf)
		err = -ENXIO;
	else if (cmd == IMPORTER_LIST)
		err = list(ctx, user);
	else if (cmd == IMPORTER_VMAP)
		err = vmap_it(ctx, user);
	else if (cmd == IMPORTER_CHECK)
		err = copy_from_user(&seed, user, sizeof(seed)) ? -EFAULT : compare(ctx, seed);
	mutex_unlock(&lock);
	return err;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	file->private_data = ctx;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	mutex_lock(&lock);
	let_go(file->private_data);
	mutex_unlock(&lock);
	kfree(file->private_data);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
};

static struct miscdevice importer = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lend_importer",
	.fops = &importer_fops,
};

static int __init importer_init(void)
{
	int err;

	device = platform_device_register_simple("lend_importer", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	err = dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(64));
	if (!err)
		err = misc_register(&importer);
	if (err)
		platform_device_unregister(device);
	return err;
}

static void __exit importer_exit(void)
{
	misc_deregister(&importer);
	platform_device_unregister(device);
}

module_init(importer_init);
module_exit(importer_exit);
MODULE_DESCRIPTION("Test importer of dma-bufs");
LEND_IMPORT_NS_DMA_BUF;
MODULE_LICENSE("GPL");
