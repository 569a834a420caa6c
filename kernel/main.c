// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where everything meets: which backings and ways of mapping there are, and what
 * is registered in which order.
 */
#include <linux/fs.h>
#include <linux/module.h>

#include "backing/backing.h"
#include "core/parallel.h"
#include "core/reserve.h"
#include "face/face.h"
#include "map/map.h"

const struct lend_backing_ops *const lend_backings[] = {
	&lend_backing_folios,
	&lend_backing_pages,
	&lend_backing_contig,
	&lend_backing_vmalloc,
	NULL
};

const struct lend_map_ops *const lend_maps[] = {
	&lend_map_auto,
	&lend_map_fault,
	&lend_map_insert,
	&lend_map_pfn,
	NULL
};

static int __init lend_init(void)
{
	int err = lend_parallel_init();

	if (err)
		return err;
	err = lend_reserve_init();
	if (err)
		goto no_reserve;
	err = lend_heap_init();
	if (err)
		goto no_heap;
	err = register_filesystem(&lend_fs_type);
	if (err)
		goto no_fs;
	return 0;

no_fs:
	lend_heap_exit();
no_heap:
	lend_reserve_exit();
no_reserve:
	lend_parallel_exit();
	return err;
}

static void __exit lend_exit(void)
{
	unregister_filesystem(&lend_fs_type);
	lend_heap_exit();
	lend_reserve_exit();
	lend_parallel_exit();
}

module_init(lend_init);
module_exit(lend_exit);
MODULE_DESCRIPTION("Kernel memory lent to user space as files");
MODULE_AUTHOR("The lend developers");
MODULE_LICENSE("GPL");
MODULE_ALIAS_FS("lend");
