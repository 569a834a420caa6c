// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device registers as a file: <lend/lend.h> says what each function promises.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "../backing/backing.h"
#include "face.h"

const struct file_operations lend_registers_fops = {
	.owner = THIS_MODULE,
	.release = lend_nameless_release,
	.mmap = lend_file_mmap,
	.get_unmapped_area = lend_get_unmapped_area,
};

struct window {
	phys_addr_t phys;
	u64 size;
	enum lend_caching caching;
};

static int fill(struct inode *inode, const void *arg)
{
	const struct window *range = arg;

	if (range->size > MAX_LFS_FILESIZE)
		return -EOVERFLOW;
	i_size_write(inode, range->size);
	return lend_registers_fill(lend_inode_buffer(inode), range->phys, range->size,
				   range->caching);
}

struct file *lend_registers(const char *name, phys_addr_t phys, u64 size,
			    enum lend_caching caching)
{
	struct window range = { phys, size, caching };

	return lend_nameless(name, &lend_registers_fops, fill, &range);
}
EXPORT_SYMBOL_GPL(lend_registers);

struct file *lend_pci_bar(struct pci_dev *pdev, int bar, enum lend_caching caching)
{
	unsigned long flags;

	if (bar < 0 || bar >= PCI_STD_NUM_BARS)
		return ERR_PTR(-EINVAL);
	flags = pci_resource_flags(pdev, bar);
	if (!(flags & IORESOURCE_MEM) || flags & (IORESOURCE_UNSET | IORESOURCE_DISABLED) ||
	    (caching == LEND_WRITE_COMBINED && !(flags & IORESOURCE_PREFETCH)))
		return ERR_PTR(-EINVAL);
	/* What shares a page with it may be another device. */
	if (!PAGE_ALIGNED(pci_resource_len(pdev, bar)))
		return ERR_PTR(-EINVAL);
	return lend_registers(pci_name(pdev), pci_resource_start(pdev, bar),
			      pci_resource_len(pdev, bar), caching);
}
EXPORT_SYMBOL_GPL(lend_pci_bar);
