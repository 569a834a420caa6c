/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LEND_FACE_FACE_H
#define LEND_FACE_FACE_H

#include <linux/fs.h>

#include "../core/buffer.h"

/**
 * struct lend_mount - one mounted instance
 * @spec: what new files become by default
 * @pages: memory in use and its limit, in pages
 * @inodes: files and directories in use and their limit
 * @mode: of the root directory
 * @uid: owner of the root directory
 * @gid: group of the root directory
 */
struct lend_mount {
	struct lend_spec spec;
	struct lend_limit pages;
	struct lend_limit inodes;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
};

static inline struct lend_mount *lend_mount_of(struct super_block *sb)
{
	return sb->s_fs_info;
}

/* The buffer of a regular file of lend. */
static inline struct lend_buffer *lend_inode_buffer(struct inode *inode)
{
	return inode->i_private;
}

extern struct file_system_type lend_fs_type;
extern const struct inode_operations lend_file_iops;
extern const struct file_operations lend_file_fops;
extern const struct address_space_operations lend_aops;
extern const struct inode_operations lend_dir_iops;

struct inode *lend_new_inode(struct super_block *sb, const struct inode *dir, umode_t mode);
long lend_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
extern const struct file_operations lend_registers_fops;

/* Is it a buffer of lend, that programs may open? */
static inline bool lend_is_buffer(struct file *file)
{
	return file->f_op == &lend_file_fops;
}

/* ... or registers: what can be mapped, and cut. */
static inline bool lend_is_mappable(struct file *file)
{
	return lend_is_buffer(file) || file->f_op == &lend_registers_fops;
}

struct lend_buffer *lend_driver_buffer(struct file *file);
struct file *lend_reader(struct file *file);
int lend_unlink(struct file *file);
int lend_set_size(struct inode *inode, loff_t size);
int lend_file_mmap(struct file *file, struct vm_area_struct *vma);
struct file *lend_nameless(const char *name, const struct file_operations *fops,
			   int (*fill)(struct inode *inode, const void *arg), const void *arg);
int lend_nameless_release(struct inode *inode, struct file *file);
int lend_heap_init(void);
void lend_heap_exit(void);

#endif
