// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that no user's mount has, for drivers and DMA-heaps: of an instance of the
 * file system that the kernel mounts for itself, from the first such file to the
 * last, so that it does not keep the module.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "face.h"

static struct vfsmount *instance;
static int pins;

/**
 * lend_nameless() - make a file that is in no directory
 * @name: what /proc/PID/maps shows for it
 * @fops: what can be done with it
 * @fill: gives the empty buffer and the inode what they shall have; 0 or -errno
 * @arg: passed to it
 *
 * Only root may make more of a descriptor than it was opened for.
 *
 * Context: process, may sleep long.
 * Return: the file, open for reading and writing, to be given back by fput(); or
 * ERR_PTR().
 */
struct file *lend_nameless(const char *name, const struct file_operations *fops,
			   int (*fill)(struct inode *inode, const void *arg), const void *arg)
{
	struct inode *inode;
	struct file *file;
	int err = simple_pin_fs(&lend_fs_type, &instance, &pins);

	if (err)
		return ERR_PTR(err);
	inode = lend_new_inode(instance->mnt_sb, NULL, S_IFREG);
	if (IS_ERR(inode)) {
		file = ERR_CAST(inode);
		goto release;
	}
	clear_nlink(inode);
	inode->i_uid = GLOBAL_ROOT_UID;
	inode->i_gid = GLOBAL_ROOT_GID;
	inode->i_fop = fops;
	inode_lock(inode);
	err = fill(inode, arg);
	inode_unlock(inode);
	file = err ? ERR_PTR(err) :
		     alloc_file_pseudo(inode, instance, name, O_RDWR | O_LARGEFILE, fops);
	if (!IS_ERR(file)) {
		/* The pin is the file's. */
		WRITE_ONCE(lend_inode_buffer(inode)->nameless, 1);
		__module_get(THIS_MODULE);	/* put with the file */
		return file;
	}
	iput(inode);
release:
	simple_release_fs(&instance, &pins);
	return file;
}

/**
 * lend_nameless_release() - .release of files, those that have a name included
 * @inode: of the file
 * @file: whose last user is gone
 *
 * The first file to go takes the pin along. That is never the last thing to hold the
 * instance: each file does by itself until its inode is put, if by nobody else. Whoever
 * has nothing but the inode, as inotify, may put it where no instance can go.
 *
 * Return: 0.
 */
int lend_nameless_release(struct inode *inode, struct file *file)
{
	struct lend_buffer *buf = lend_inode_buffer(inode);

	if (READ_ONCE(buf->nameless) && xchg(&buf->nameless, 0))
		simple_release_fs(&instance, &pins);
	return 0;
}
