/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of dma-bufs share. */
#ifndef LEND_TESTS_DMABUF_H
#define LEND_TESTS_DMABUF_H

#include "modules/lend_importer.h"
#include "common.h"

/* LEND_IOC_DMABUF; -1 and errno where it is refused. */
int try_export(int fd, uint32_t flags);
/* The same, open for reading and writing. */
int make_dmabuf(int fd);

/* Around a group: the module lend_importer loaded, and gone again. */
int load_importer(void **state);
int unload_importer(void **state);

/* A device of the module lend_importer with this dma-buf attached and mapped for DMA. */
int import(int dmabuf, uint32_t longest);
/* What it was given; to be freed. */
struct importer_list *import_list(int importer);
/* The device sees word i of it as @seed + i at the kernel's address. */
bool import_has_pattern(int importer, uint64_t seed);

#endif
