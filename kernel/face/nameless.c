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
 * lend_nameless() - make a buffer that is in no directory
 * @name: what /proc/PID/maps shows for it
 * @spec: checked; what it is made of
 * @size: bytes, not 0
 *
 * Context: process, may sleep long.
 * Return: the file, open for reading and writing, to be given back by fput(); or
 * ERR_PTR() of what ftruncate(2) says, too.
 */
struct file *lend_nameless(const char *name, const struct lend_spec *spec, loff_t size)
{
	struct vfsmount *mnt;
	struct inode *inode;
	struct file *file;
	int err = simple_pin_fs(&lend_fs_type, &instance, &pins);

	if (err)
		return ERR_PTR(err);
	mnt = instance;
	inode = lend_new_inode(mnt->mnt_sb, NULL, S_IFREG | 0600);
	if (IS_ERR(inode)) {
		simple_release_fs(&instance, &pins);
		return ERR_CAST(inode);
	}
	/* From here on the pin is the inode's. It must not be the last thing to hold @mnt. */
	mntget(mnt);
	clear_nlink(inode);
	lend_inode_buffer(inode)->spec = *spec;
	inode_lock(inode);
	err = lend_set_size(inode, size);
	inode_unlock(inode);
	file = err ? ERR_PTR(err) : alloc_file_pseudo(inode, mnt, name, O_RDWR | O_LARGEFILE,
						      &lend_file_fops);
	if (IS_ERR(file))
		iput(inode);
	else
		__module_get(THIS_MODULE);	/* put with the file */
	mntput(mnt);
	return file;
}

/* A file of @sb is gone; with the last nameless one goes the instance. */
void lend_nameless_evicted(struct super_block *sb)
{
	if (sb->s_flags & SB_KERNMOUNT)
		simple_release_fs(&instance, &pins);
}
