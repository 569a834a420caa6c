// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's .mmap_prepare: <lend/lend.h> says what each function promises.
 *
 * The mapping becomes one of the buffer's file. The kernel then calls that file's
 * .mmap as well, which makes it one; it must not fail any more, since the kernel
 * would put that file twice. So whatever can be wrong is looked at here.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "face.h"

static int prepare(struct file *file, struct vm_area_desc *desc, bool readonly)
{
	struct lend_buffer *buf;
	vm_flags_t flags;
	int err;

	if (!lend_is_mappable(file))
		return -ENODEV;
	if (readonly && vma_desc_test(desc, VMA_SHARED_BIT)) {
		if (vma_desc_test(desc, VMA_WRITE_BIT))
			return -EACCES;
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	}

	buf = lend_inode_buffer(file_inode(file));
	flags = vma_flags_to_legacy(desc->vma_flags);
	err = lend_buffer_may_map(buf, desc->pgoff, vma_desc_pages(desc), flags);
	if (err)
		return err;
	if (!buf->map->revocable)
		return -EOPNOTSUPP;

	file = readonly ? lend_reader(file) : get_file(file);
	if (IS_ERR(file))
		return PTR_ERR(file);
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);
	desc->vm_file = file;
	desc->vm_ops = lend_buffer_vm_ops(buf, flags);
	desc->private_data = buf;
	return 0;
}

int lend_mmap_prepare(struct file *file, struct vm_area_desc *desc)
{
	return prepare(file, desc, !(file->f_mode & FMODE_WRITE));
}
EXPORT_SYMBOL_GPL(lend_mmap_prepare);

int lend_mmap_prepare_readonly(struct file *file, struct vm_area_desc *desc)
{
	return prepare(file, desc, true);
}
EXPORT_SYMBOL_GPL(lend_mmap_prepare_readonly);
