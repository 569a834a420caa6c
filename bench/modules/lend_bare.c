// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that maps single pages at all: one call of vm_insert_pages() in mmap.
 *
 * /dev/lend_bare: write a size, 8 bytes, and the open file has that much memory; map
 * it, any part of it. It is given back with the last mapping and descriptor.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct bare {
	unsigned long npages;
	struct page *pages[];
};

static void release_pages_of(struct bare *bare)
{
	while (bare->npages)
		__free_page(bare->pages[--bare->npages]);
	kvfree(bare);
}

static ssize_t bare_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	unsigned long npages;
	struct bare *bare;
	u64 size;

	if (count != sizeof(size))
		return -EINVAL;
	if (copy_from_user(&size, from, sizeof(size)))
		return -EFAULT;
	if (!size || size > (u64)totalram_pages() << PAGE_SHIFT)
		return -EINVAL;
	npages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	bare = kvzalloc(struct_size(bare, pages, npages), GFP_KERNEL);
	if (!bare)
		return -ENOMEM;
	while (bare->npages < npages) {
		struct page *page = alloc_page(GFP_USER | __GFP_ZERO | __GFP_RETRY_MAYFAIL);

		if (!page) {
			release_pages_of(bare);
			return -ENOMEM;
		}
		bare->pages[bare->npages++] = page;
	}
	if (cmpxchg(&file->private_data, NULL, bare)) {
		release_pages_of(bare);
		return -EBUSY;
	}
	return count;
}

static int bare_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct bare *bare = READ_ONCE(file->private_data);
	unsigned long left = vma_pages(vma);

	if (!bare || vma->vm_pgoff >= bare->npages || left > bare->npages - vma->vm_pgoff)
		return -ENXIO;
	return vm_insert_pages(vma, vma->vm_start, bare->pages + vma->vm_pgoff, &left);
}

static int bare_open(struct inode *inode, struct file *file)
{
	/* misc_open() leaves the device there. */
	file->private_data = NULL;
	return 0;
}

static int bare_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		release_pages_of(file->private_data);
	return 0;
}

static const struct file_operations bare_fops = {
	.owner = THIS_MODULE,
	.open = bare_open,
	.write = bare_write,
	.mmap = bare_mmap,
	.release = bare_release,
};

static struct miscdevice bare_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lend_bare",
	.fops = &bare_fops,
	.mode = 0600,
};

module_misc_device(bare_device);

MODULE_DESCRIPTION("Single pages mapped in the plainest way, to measure lend against");
MODULE_LICENSE("GPL");
