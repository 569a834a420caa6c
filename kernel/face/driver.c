// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making, taking and giving of buffers by drivers: <lend/lend.h> says what each
 * function promises.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "../backing/backing.h"
#include "../compat/fs.h"
#include "face.h"

static int make_spec(struct lend_spec *spec, const struct lend_params *params)
{
	u32 backing = params->backing;

	lend_spec_init(spec);
	if (params->dev) {
		spec->dma_bits = lend_dma_bits(params->dev);
		spec->near = dev_to_node(params->dev);
	}
	if (!backing)
		/* The only kind that finds all of the memory below any limit. */
		backing = spec->dma_bits ? LEND_BACKING_CONTIG : LEND_BACKING_FOLIOS;
	spec->backing = lend_backing_by_id(backing);
	/* By faults alone, so that it can be revoked. */
	spec->map = lend_map_by_id(LEND_MAP_FAULT);
	if (!params->size)
		return -EINVAL;
	if (params->size > MAX_LFS_FILESIZE)
		return -EFBIG;
	return lend_spec_check(spec);
}

struct wish {
	struct lend_spec spec;
	loff_t size;
};

static int fill(struct inode *inode, const void *arg)
{
	const struct wish *wish = arg;
	struct lend_buffer *buf = lend_inode_buffer(inode);

	if (lend_buffer_pages(buf))
		return -EBUSY;
	lend_spec_write(&buf->spec, &wish->spec);
	return lend_set_size(inode, wish->size);
}

struct file *lend_alloc(const struct lend_params *params)
{
	struct wish wish = { .size = params->size };
	int err = make_spec(&wish.spec, params);

	if (err)
		return ERR_PTR(err);
	return lend_nameless(params->name ?: "lend", &lend_file_fops, fill, &wish);
}
EXPORT_SYMBOL_GPL(lend_alloc);

struct file *lend_alloc_at(const char *path, umode_t mode, const struct lend_params *params)
{
	struct wish wish = { .size = params->size };
	int err = make_spec(&wish.spec, params);
	struct dentry *dentry;
	struct path parent;
	struct file *file;
	bool ours;

	if (err)
		return ERR_PTR(err);
	/* Nothing shall be made elsewhere, and be in the way there. */
	dentry = start_creating_path(AT_FDCWD, path, &parent, 0);
	if (IS_ERR(dentry))
		return ERR_CAST(dentry);
	ours = dentry->d_sb->s_type == &lend_fs_type;
	end_creating_path(&parent, dentry);
	if (!ours)
		return ERR_PTR(-EMEDIUMTYPE);

	file = filp_open(path, O_CREAT | O_EXCL | O_RDWR | O_LARGEFILE, mode);
	if (IS_ERR(file))
		return file;
	err = -EMEDIUMTYPE;
	if (lend_is_buffer(file)) {
		inode_lock(file_inode(file));
		err = fill(file_inode(file), &wish);
		inode_unlock(file_inode(file));
	}
	if (err) {
		lend_remove(file);
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}
EXPORT_SYMBOL_GPL(lend_alloc_at);

int lend_remove(struct file *file)
{
	return lend_is_buffer(file) ? lend_unlink(file) : -EMEDIUMTYPE;
}
EXPORT_SYMBOL_GPL(lend_remove);

struct file *lend_from_fd(int fd, bool write)
{
	struct file *file = fget(fd);
	int err = 0;

	if (!file)
		return ERR_PTR(-EBADF);
	if (!lend_is_buffer(file))
		err = -EMEDIUMTYPE;
	else if (!(file->f_mode & FMODE_READ) || (write && !(file->f_mode & FMODE_WRITE)))
		err = -EBADF;
	else if (!lend_buffer_pages(lend_inode_buffer(file_inode(file))))
		err = -ENODATA;
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}
EXPORT_SYMBOL_GPL(lend_from_fd);

int lend_to_fd(struct file *file, int flags)
{
	struct file *opened;
	int fd;

	if (!lend_is_mappable(file))
		return -EOPNOTSUPP;
	/* Opening does not ask for permissions, and the driver may have got it from a program. */
	if ((flags & O_ACCMODE) != O_RDONLY && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	fd = get_unused_fd_flags(flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	opened = dentry_open(&file->f_path, (flags & O_ACCMODE) | O_LARGEFILE, current_cred());
	if (IS_ERR(opened)) {
		put_unused_fd(fd);
		return PTR_ERR(opened);
	}
	fd_install(fd, opened);
	return fd;
}
EXPORT_SYMBOL_GPL(lend_to_fd);

/* --- what is no memory of ours */

static const struct file_operations user_fops = {
	.owner = THIS_MODULE,
	.release = lend_nameless_release,
};

struct user_range {
	unsigned long addr;
	size_t length;
	bool write;
};

static int fill_user(struct inode *inode, const void *arg)
{
	const struct user_range *range = arg;

	i_size_write(inode, range->length);
	return lend_user_fill(lend_inode_buffer(inode), range->addr, range->length, range->write);
}

struct file *lend_from_user(unsigned long addr, size_t length, bool write)
{
	struct user_range range = { addr, length, write };

	if (!length)
		return ERR_PTR(-EINVAL);
	return lend_nameless("lend-user", &user_fops, fill_user, &range);
}
EXPORT_SYMBOL_GPL(lend_from_user);

/* The buffer that a driver may work with, or NULL. */
struct lend_buffer *lend_driver_buffer(struct file *file)
{
	return lend_is_buffer(file) || file->f_op == &user_fops ?
	       lend_inode_buffer(file_inode(file)) : NULL;
}
