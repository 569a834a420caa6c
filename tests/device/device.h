/* SPDX-License-Identifier: GPL-2.0-only */
/* The edu device and its sample driver, by plain system calls. */
#ifndef LEND_TESTS_DEVICE_H
#define LEND_TESTS_DEVICE_H

#include "../../samples/edu/edu_uapi.h"
#include "kernel.h"
#include "system.h"

/* What the device reaches without an IOMMU's help. */
#define REACH	(256 * MiB)

/* Around a group: the driver loaded, and gone again. */
int load_driver(void **state);
int unload_driver(void **state);

/* "0000:00:06.0" */
const char *slot(void);
bool has_iommu(void);

/* A context. */
int open_device(int flags);

int add_buffer(int edu, unsigned int number, uint32_t kind, int fd, const void *mem, size_t size,
	       uint32_t flags);
int drop_buffer(int edu, uint32_t number);
/* A new one of the driver's, mapped; its descriptor if wanted. */
char *alloc_buffer(int edu, unsigned int number, size_t size, int *fd);
/* Where the device sees it, and how much is in one piece. */
struct edu_address get_address(int edu, unsigned int number, uint64_t offset);

/* Asks the driver; what the request returns. */
int start_dma(int edu, unsigned int number, uint64_t offset, uint64_t length, uint64_t where,
	      uint32_t flags);
/* The number of the next interrupt. */
uint32_t next_interrupt(int edu);
/* Both, for all of a range that is in one piece. */
void move(int edu, unsigned int number, uint64_t offset, uint64_t length, uint32_t flags);

typedef volatile unsigned char registers;

registers *map_registers(int edu);
uint32_t get(registers *regs, size_t at);
void set(registers *regs, size_t at, uint32_t value);
/* @address: the device's, of memory; the other end is the start of the device's own. */
void start_here(registers *regs, uint64_t address, size_t length, bool to_memory);

/* How an access in another process ends: 0, or 128 + signal. */
int touch(volatile void *mem);

#endif
