// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories: names live in the dentry cache alone, so libfs does nearly all.
 */
#include <linux/dcache.h>

#include "../compat/fs.h"
#include "face.h"

static int add(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct inode *inode = lend_new_inode(dir->i_sb, dir, mode);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	d_instantiate(dentry, inode);
	dget(dentry);			/* the name holds it until unlink */
	if (S_ISDIR(mode))
		inc_nlink(dir);
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
	return 0;
}

static int lend_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		       umode_t mode, bool excl)
{
	return add(dir, dentry, mode | S_IFREG);
}

static int lend_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		      umode_t mode)
{
	return add(dir, dentry, mode | S_IFDIR);
}

static int lend_tmpfile(struct mnt_idmap *idmap, struct inode *dir, struct file *file,
			umode_t mode)
{
	struct inode *inode = lend_new_inode(dir->i_sb, dir, mode);

	if (IS_ERR(inode))
		return finish_open_simple(file, PTR_ERR(inode));
	d_tmpfile(file, inode);
	return finish_open_simple(file, 0);
}

/**
 * lend_unlink() - take the name of an open file away
 * @file: of lend
 *
 * Return: 0, or -ENOENT if it has none.
 */
int lend_unlink(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct dentry *parent = dget_parent(dentry);
	struct inode *dir = d_inode(parent);
	int err = -ENOENT;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	/* It may have been removed or moved meanwhile. */
	if (dentry->d_parent == parent && !IS_ROOT(dentry) && !d_unhashed(dentry)) {
		err = simple_unlink(dir, dentry);
		if (!err)
			d_delete(dentry);
	}
	inode_unlock(dir);
	dput(parent);
	return err;
}

const struct inode_operations lend_dir_iops = {
	.create = lend_create,
	.lookup = simple_lookup,
	.link = simple_link,
	.unlink = simple_unlink,
	.mkdir = lend_mkdir,
	.rmdir = simple_rmdir,
	.rename = simple_rename,
	.tmpfile = lend_tmpfile,
};
