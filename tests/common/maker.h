/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers of a driver: the module lend_maker makes them. */
#ifndef LEND_TESTS_COMMON_MAKER_H
#define LEND_TESTS_COMMON_MAKER_H

#include <linux/lend.h>

#include "modules/lend_maker.h"
#include "kernel.h"

/* cmocka's, for the whole group. */
int maker_set_up(void **state);
int maker_tear_down(void **state);
/* The same with the module lend_importer beside it. */
int maker_and_importer(void **state);
int neither_maker_nor_importer(void **state);

int open_maker(void);
/* A request; -1 and errno as ioctl(2). */
#define ask(device, cmd, ...) ioctl(device, cmd, &(struct maker){ __VA_ARGS__ })

/* A driver that has made a buffer; @backing 0: the default. */
int make_drivers(size_t size, uint32_t backing);
/* One that has pinned memory of ours. */
int take_memory(const void *mem, size_t length, bool write);
/* A descriptor of the driver's buffer. */
int to_fd(int maker, int flags);

/* Its bytes by the kernel's address. */
void driver_read(int maker, void *to, size_t offset, size_t length);
void driver_write(int maker, const void *from, size_t offset, size_t length);
bool driver_has_pattern(int maker, size_t size, uint64_t seed);

/* The driver's own file, mapped. */
char *map_driver(int maker, size_t size);

/* The module lend can be unloaded, once more or less: how many hold it. */
unsigned int users_of_lend(void);

/* Runs in a child: 0 if @addr can be read, or 128 + the signal that came. */
int probe_read(volatile char *addr);
int probe_write(volatile char *addr);

#endif
