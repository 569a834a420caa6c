// SPDX-License-Identifier: GPL-2.0-only
/* The buffers of a context. */
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pci.h>

#include "driver.h"

/* msync, fsync and LEND_IOC_SYNC, for programs that have the registers. */
static int sync_buffer(void *dma, u64 offset, u64 length, unsigned int flags)
{
	lend_dma_sync(dma, offset, length, flags);
	return 0;
}

static const struct lend_hooks hooks = { .sync = sync_buffer };

/* Under the lock; the device does not use it any more. */
void edu_drop(struct edu_buffer *buffer)
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
		edu_drop(&buffer);
	else
		ctx->buffers[ask->buffer] = buffer;
	return ret;
}

int edu_add_buffer(struct edu_context *ctx, const struct edu_add *ask)
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

/* A buffer of the context, or ERR_PTR(); under the lock. */
struct edu_buffer *edu_find(struct edu_context *ctx, u32 number)
{
	if (ctx->edu->gone)
		return ERR_PTR(-ENODEV);
	if (number >= EDU_BUFFERS || !ctx->buffers[number].file)
		return ERR_PTR(-ENOENT);
	return &ctx->buffers[number];
}

/* Who has the registers has to see to it that the device has stopped. */
int edu_drop_buffer(struct edu_context *ctx, u32 number)
{
	struct edu_buffer *buffer;

	mutex_lock(&ctx->edu->lock);
	buffer = edu_find(ctx, number);
	if (!IS_ERR(buffer)) {
		if (READ_ONCE(ctx->edu->running) == ctx)
			edu_wait_idle(ctx->edu);
		edu_drop(buffer);
	}
	mutex_unlock(&ctx->edu->lock);
	return PTR_ERR_OR_ZERO(buffer);
}

int edu_address(struct edu_context *ctx, struct edu_address *ask)
{
	struct edu_buffer *buffer;
	int err;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (ask->reserved)
		return -EINVAL;
	mutex_lock(&ctx->edu->lock);
	buffer = edu_find(ctx, ask->buffer);
	err = PTR_ERR_OR_ZERO(buffer);
	if (!err) {
		ask->address = lend_dma_address(buffer->dma, ask->offset, &ask->left);
		err = ask->left ? 0 : -ENXIO;
	}
	mutex_unlock(&ctx->edu->lock);
	return err;
}
