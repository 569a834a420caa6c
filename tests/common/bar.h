/* SPDX-License-Identifier: GPL-2.0-only */
/* BARs of PCI devices, as sysfs has them. */
#ifndef LEND_TESTS_BAR_H
#define LEND_TESTS_BAR_H

#include "common.h"

#define PCI_DEVICES	"/sys/bus/pci/devices/"

struct bar {
	char device[16];
	unsigned int nr;
	uint64_t start, size;
};

/* Whether the device, as 0000:00:06.0, has that one. */
bool read_bar(const char *device, unsigned int nr, struct bar *bar);
/* Vendor and device, 16 bits each. */
unsigned int id_of(const char *device);

/* The kernel's own mapping of it, by sysfs. */
char *map_sysfs(const struct bar *bar);
/* What the kernel has written down of the caching of exactly this range; "" if nothing. */
const char *memtype(const struct bar *bar);

#endif
