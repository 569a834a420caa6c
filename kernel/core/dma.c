// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer as a device sees it.
 */
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "buffer.h"

/**
 * lend_dma_bits() - the part of the memory that a device reaches
 * @dev: the device
 *
 * Return: it must be below 2 to this power; 0: anywhere, since there is an IOMMU
 * that translates, or the device reaches it all.
 */
unsigned int lend_dma_bits(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	u64 mask = dma_get_mask(dev);

	if (domain && domain->type != IOMMU_DOMAIN_IDENTITY)
		return 0;
	if (dev->bus_dma_limit)
		mask = min(mask, dev->bus_dma_limit);
	if (mask >= dma_get_required_mask(dev))
		return 0;
	/* A mask with holes counts as far as it has none. */
	return __ffs64(~mask);
}

/*
 * Whether the device reaches all of it, if need be by bounce buffers. Those lie
 * anywhere below 4 GiB; and where they are of no help, the DMA API does not merely
 * fail but WARNs, which no program shall bring about.
 */
static bool within_reach(struct device *dev, const struct sg_table *sgt)
{
	unsigned int bits = lend_dma_bits(dev);
	struct scatterlist *sg;
	int i;

	if (!bits || (bits >= 32 && dma_max_mapping_size(dev) != SIZE_MAX))
		return true;
	for_each_sgtable_sg(sgt, sg, i)
		if ((sg_phys(sg) + sg->length - 1) >> bits)
			return false;
	return true;
}

/* No bounce buffers, no caches between: one entry that has them is enough. */
static bool coherent(struct device *dev, const struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dma_need_sync(dev, sg_dma_address(sg)))
			return false;
	return true;
}

/**
 * lend_buffer_dma_map() - map a buffer for a device
 * @buf: the buffer, which the caller holds until lend_dma_unmap()
 * @dev: the device
 * @dir: who writes
 *
 * No entry is longer than the device takes, nor than bounce buffers can hold.
 *
 * Return: the mapping, or ERR_PTR(): -ENOMEM, -ERANGE if the device does not reach all
 * of it, and what dma_map_sgtable() says.
 */
struct lend_dma *lend_buffer_dma_map(struct lend_buffer *buf, struct device *dev,
				     enum dma_data_direction dir)
{
	size_t longest = min_t(size_t, dma_get_max_seg_size(dev), dma_max_mapping_size(dev));
	struct lend_dma *dma = kzalloc(sizeof(*dma), GFP_KERNEL);
	int err;

	if (!dma)
		return ERR_PTR(-ENOMEM);
	dma->dev = dev;
	dma->dir = dir;
	err = lend_buffer_sg(buf, 0, 0, longest, &dma->sgt);
	if (err)
		goto free;
	err = within_reach(dev, &dma->sgt) ? dma_map_sgtable(dev, &dma->sgt, dir, 0) : -ERANGE;
	if (err)
		goto free_list;
	dma->coherent = coherent(dev, &dma->sgt);
	return dma;

free_list:
	sg_free_table(&dma->sgt);
free:
	kfree(dma);
	return ERR_PTR(err);
}

void lend_dma_unmap(struct lend_dma *dma)
{
	if (IS_ERR_OR_NULL(dma))
		return;
	dma_unmap_sgtable(dma->dev, &dma->sgt, dma->dir, 0);
	sg_free_table(&dma->sgt);
	if (dma->file)
		fput(dma->file);
	kfree(dma);
}
EXPORT_SYMBOL_GPL(lend_dma_unmap);

void lend_dma_sync(struct lend_dma *dma, u64 offset, u64 length, unsigned int flags)
{
	struct scatterlist *sg, *seen = dma->sgt.sgl;
	u64 at = 0, inside = 0, end;
	int i;

	if (dma->coherent)
		return;
	if (check_add_overflow(offset, length, &end))
		end = U64_MAX;
	/*
	 * By pieces of memory in one run: an IOMMU makes one entry of many, but syncing
	 * looks up only where the first byte is. No piece is in two entries.
	 */
	for_each_sgtable_sg(&dma->sgt, sg, i) {
		u64 from = max(at, offset), to = min(at + sg->length, end);
		dma_addr_t addr = sg_dma_address(seen) + inside + (from - at);

		if (at >= end)
			break;
		at += sg->length;
		inside += sg->length;
		if (inside == sg_dma_len(seen)) {
			seen = sg_next(seen);
			inside = 0;
		}
		if (from >= to)
			continue;
		if (flags & LEND_SYNC_FOR_CPU)
			dma_sync_single_for_cpu(dma->dev, addr, to - from, dma->dir);
		if (flags & LEND_SYNC_FOR_DEVICE)
			dma_sync_single_for_device(dma->dev, addr, to - from, dma->dir);
	}
}
EXPORT_SYMBOL_GPL(lend_dma_sync);

dma_addr_t lend_dma_address(const struct lend_dma *dma, u64 offset, u64 *left)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(&dma->sgt, sg, i) {
		if (offset < sg_dma_len(sg)) {
			*left = sg_dma_len(sg) - offset;
			return sg_dma_address(sg) + offset;
		}
		offset -= sg_dma_len(sg);
	}
	*left = 0;
	return 0;
}
EXPORT_SYMBOL_GPL(lend_dma_address);
