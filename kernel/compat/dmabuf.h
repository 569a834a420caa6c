/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-buf as today's kernels have it, laid over older ones.
 */
#ifndef LEND_COMPAT_DMABUF_H
#define LEND_COMPAT_DMABUF_H

#include <linux/dma-buf.h>
#include <linux/module.h>

/* The name of a symbol namespace was a word before it was a string. */
#if defined(LEND_HAVE_IMPORT_NS_STRING)
#define LEND_IMPORT_NS_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#elif defined(LEND_HAVE_IOSYS_MAP)
#define LEND_IMPORT_NS_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#else
#define LEND_IMPORT_NS_DMA_BUF
#endif

/* Where a dma-buf is in the kernel's addresses was a pointer before it was a map. */
#ifdef LEND_HAVE_IOSYS_MAP
#include <linux/iosys-map.h>

#define LEND_VMAP int
#define LEND_VMAP_ARGS struct dma_buf *dmabuf, struct iosys_map *map
#define LEND_VMAP_RESULT(vaddr) lend_vmap_result(map, vaddr)
#define LEND_VUNMAP_ARG struct iosys_map *map
#define LEND_VUNMAP_VADDR (map->vaddr)
#define LEND_MAP_IS_IOMEM(map) ((map)->is_iomem)

static inline int lend_vmap_result(struct iosys_map *map, void *vaddr)
{
	if (!vaddr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}
#else
struct iosys_map {
	void *vaddr;
};

#define iosys_map_is_null(map) (!(map)->vaddr)
#define dma_buf_vmap(dmabuf, map) (((map)->vaddr = dma_buf_vmap(dmabuf)) ? 0 : -ENOMEM)
#define dma_buf_vunmap(dmabuf, map) dma_buf_vunmap(dmabuf, (map)->vaddr)

#define LEND_VMAP void *
#define LEND_VMAP_ARGS struct dma_buf *dmabuf
#define LEND_VMAP_RESULT(vaddr) (vaddr)
#define LEND_VUNMAP_ARG void *vaddr
#define LEND_VUNMAP_VADDR vaddr
#define LEND_MAP_IS_IOMEM(map) false
#endif

/* Before 6.2 nobody had to hold the lock of a dma-buf for this. */
#ifndef LEND_HAVE_VMAP_UNLOCKED
#define dma_buf_vmap_unlocked dma_buf_vmap
#define dma_buf_vunmap_unlocked dma_buf_vunmap
#endif

#ifndef LEND_HAVE_MAP_UNLOCKED
#define dma_buf_map_attachment_unlocked dma_buf_map_attachment
#define dma_buf_unmap_attachment_unlocked dma_buf_unmap_attachment
#endif

#endif
