/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LEND_MAP_MAP_H
#define LEND_MAP_MAP_H

#include "../core/buffer.h"

extern const struct lend_map_ops lend_map_auto;
extern const struct lend_map_ops lend_map_fault;
extern const struct lend_map_ops lend_map_insert;
extern const struct lend_map_ops lend_map_pfn;
extern const struct lend_map_ops lend_map_registers;

extern const struct vm_operations_struct lend_single_ops;

#endif
