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
	d_make_persistent(dentry, inode);
	if (S_ISDIR(mode))
		inc_nlink(dir);
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
	return 0;
}

static int lend_create(LEND_IDMAP struct inode *dir, struct dentry *dentry, umode_t mode,
		       bool excl)
{
	return add(dir, dentry, mode | S_IFREG);
}

static LEND_MKDIR lend_mkdir(LEND_IDMAP struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return LEND_MKDIR_RESULT(add(dir, dentry, mode | S_IFDIR));
}

static int lend_tmpfile(LEND_IDMAP struct inode *dir, LEND_TMPFILE *file, umode_t mode)
{
	struct inode *inode = lend_new_inode(dir->i_sb, dir, mode);

	if (IS_ERR(inode))
		return finish_open_simple(file, PTR_ERR(inode));
	d_tmpfile(file, inode);
	return finish_open_simple(file, 0);
}

/* The directory that @dentry is in, locked: a program may move it until then. */
static struct dentry *lock_parent(struct dentry *dentry)
{
	for (;;) {
		struct dentry *parent = dget_parent(dentry);

		inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
		if (dentry->d_parent == parent)
			return parent;
		inode_unlock(d_inode(parent));
		dput(parent);
	}
}

/**
 * lend_unlink() - take the name of an open file away
 * @file: of lend
 *
 * Return: 0, -ENOENT if it has none, or -EBUSY while something is mounted on it.
 */
int lend_unlink(struct file *file)
{
	/* d_delete() takes the inode from a dentry that nobody else holds: @file has it open. */
	struct dentry *dentry = dget(file->f_path.dentry);
	struct dentry *parent = lock_parent(dentry);
	struct inode *inode = d_inode(dentry);
	int err = -ENOENT;

	if (!IS_ROOT(dentry) && !d_unhashed(dentry)) {
		inode_lock(inode);	/* link() counts under it, and mount() attaches */
		err = d_mountpoint(dentry) ? -EBUSY : simple_unlink(d_inode(parent), dentry);
		if (!err)
			dont_mount(dentry);
		inode_unlock(inode);
		if (!err)
			d_delete(dentry);
	}
	inode_unlock(d_inode(parent));
	dput(parent);
	dput(dentry);
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
