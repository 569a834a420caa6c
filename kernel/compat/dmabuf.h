/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-buf as today's kernels have it, laid over older ones.
 */
#ifndef LEND_COMPAT_DMABUF_H
#define LEND_COMPAT_DMABUF_H

#include <linux/dma-buf.h>
#include <linux/module.h>

/* The name of a symbol namespace was a word before it was a string. */
#ifdef LEND_HAVE_IMPORT_NS_STRING
#define LEND_IMPORT_NS_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#else
#define LEND_IMPORT_NS_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#endif

#endif
