// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers do with buffers that they have: <lend/lend.h> says what each function
 * promises.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "../compat/mm.h"
#include "face.h"

u64 lend_size(struct file *file)
{
	return i_size_read(file_inode(file));
}
EXPORT_SYMBOL_GPL(lend_size);

void *lend_vaddr(struct file *file)
{
	struct lend_buffer *buf = lend_driver_buffer(file);

	return buf && lend_buffer_pages(buf) ? buf->vaddr : NULL;
}
EXPORT_SYMBOL_GPL(lend_vaddr);

void *lend_vmap(struct file *file)
{
	struct lend_buffer *buf = lend_driver_buffer(file);
	void *vaddr = lend_vaddr(file);

	if (vaddr || !buf || !lend_buffer_pages(buf))
		return vaddr;
	vaddr = lend_extents_vmap(&buf->mem);
	return vaddr ? vaddr + buf->start : NULL;
}
EXPORT_SYMBOL_GPL(lend_vmap);

void lend_vunmap(struct file *file, void *vaddr)
{
	if (vaddr != lend_vaddr(file))
		vunmap((void *)((unsigned long)vaddr & PAGE_MASK));
}
EXPORT_SYMBOL_GPL(lend_vunmap);

struct page *lend_page(struct file *file, pgoff_t index)
{
	struct lend_buffer *buf = lend_driver_buffer(file);

	return buf && index < lend_buffer_pages(buf) ? lend_buffer_page(buf, index) : NULL;
}
EXPORT_SYMBOL_GPL(lend_page);

int lend_sg(struct file *file, u64 offset, u64 length, size_t longest, struct sg_table *sgt)
{
	struct lend_buffer *buf = lend_driver_buffer(file);

	return buf ? lend_buffer_sg(buf, offset, length, longest, sgt) : -EMEDIUMTYPE;
}
EXPORT_SYMBOL_GPL(lend_sg);

/* May a device? Neither what was pinned for reading, nor by way of a read-only descriptor. */
static bool may_write(struct file *file, const struct lend_buffer *buf)
{
	return lend_is_buffer(file) ? !!(file->f_mode & FMODE_WRITE) : buf->writable;
}

struct lend_dma *lend_dma_map(struct file *file, struct device *dev, enum dma_data_direction dir)
{
	struct lend_buffer *buf = lend_driver_buffer(file);
	struct lend_dma *dma;

	if (!buf)
		return ERR_PTR(-EMEDIUMTYPE);
	if (dir != DMA_TO_DEVICE && !may_write(file, buf))
		return ERR_PTR(-EACCES);
	dma = lend_buffer_dma_map(buf, dev, dir);
	if (!IS_ERR(dma))
		dma->file = get_file(file);
	return dma;
}
EXPORT_SYMBOL_GPL(lend_dma_map);

/**
 * lend_reader() - the file as one that is open for reading alone
 * @file: what a program may map, but not write
 *
 * remap_file_pages(2) maps the file of a mapping anew, and asks that file alone
 * whether it may be written.
 *
 * Return: to be given back by fput(), or ERR_PTR().
 */
struct file *lend_reader(struct file *file)
{
	if (!(file->f_mode & FMODE_WRITE))
		return get_file(file);
	return dentry_open(&file->f_path, O_RDONLY | O_LARGEFILE, current_cred());
}

static int map_readonly(struct file *file, struct vm_area_struct *vma)
{
	int err;

	if (!lend_is_mappable(file))
		return -ENODEV;
	if (vma->vm_flags & VM_SHARED) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	file = lend_reader(file);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = lend_file_mmap(file, vma);
	fput(file);
	return err;
}

int lend_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(file->f_mode & FMODE_WRITE))
		return map_readonly(file, vma);
	return lend_is_mappable(file) ? lend_file_mmap(file, vma) : -ENODEV;
}
EXPORT_SYMBOL_GPL(lend_mmap);

int lend_mmap_readonly(struct file *file, struct vm_area_struct *vma)
{
	return map_readonly(file, vma);
}
EXPORT_SYMBOL_GPL(lend_mmap_readonly);

int lend_revoke(struct file *file)
{
	if (!lend_is_mappable(file))
		return -EOPNOTSUPP;
	return lend_buffer_revoke(lend_inode_buffer(file_inode(file)));
}
EXPORT_SYMBOL_GPL(lend_revoke);

int lend_set_hooks(struct file *file, const struct lend_hooks *hooks, void *data)
{
	if (!lend_is_buffer(file))
		return -EMEDIUMTYPE;
	return lend_buffer_set_hooks(lend_inode_buffer(file_inode(file)), hooks, data);
}
EXPORT_SYMBOL_GPL(lend_set_hooks);

void lend_clear_hooks(struct file *file, const struct lend_hooks *hooks, void *data)
{
	if (lend_is_buffer(file))
		lend_buffer_clear_hooks(lend_inode_buffer(file_inode(file)), hooks, data);
}
EXPORT_SYMBOL_GPL(lend_clear_hooks);
