/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VFS as today's kernels have it, laid over older ones.
 */
#ifndef LEND_COMPAT_FS_H
#define LEND_COMPAT_FS_H

#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/splice.h>

/* The first argument of inode operations: an idmap, a user namespace, or none. */
#if defined(LEND_HAVE_MNT_IDMAP)
#define LEND_IDMAP struct mnt_idmap *idmap,
#elif defined(LEND_HAVE_MNT_USERNS)
#define LEND_IDMAP struct user_namespace *idmap,
#define nop_mnt_idmap init_user_ns
#else
#define LEND_IDMAP
#define setattr_prepare(idmap, dentry, attr) setattr_prepare(dentry, attr)
#define setattr_copy(idmap, inode, attr) setattr_copy(inode, attr)
#define inode_init_owner(idmap, inode, dir, mode) inode_init_owner(inode, dir, mode)
#endif

#ifdef LEND_HAVE_MKDIR_DENTRY
#define LEND_MKDIR struct dentry *
#define LEND_MKDIR_RESULT(err) ERR_PTR(err)
#else
#define LEND_MKDIR int
#define LEND_MKDIR_RESULT(err) (err)
#endif

/* What a nameless file is made of. */
#ifdef LEND_HAVE_TMPFILE_FILE
#define LEND_TMPFILE struct file
#else
#define LEND_TMPFILE struct dentry
#define finish_open_simple(dentry, err) (err)
#endif

#ifndef LEND_HAVE_PERSISTENT
#define lend_kill_names kill_litter_super
static inline void d_make_persistent(struct dentry *dentry, struct inode *inode)
{
	d_instantiate(dentry, inode);
	dget(dentry);
}
#else
#define lend_kill_names kill_anon_super
#endif

#ifndef LEND_HAVE_INODE_JUST_DROP
#define inode_just_drop generic_delete_inode
#endif

#ifndef LEND_HAVE_CREATING_PATH
#define start_creating_path kern_path_create
#define end_creating_path done_path_create
#endif

#ifdef LEND_HAVE_DIRTY_FOLIO
#define LEND_NEVER_DIRTY .dirty_folio = noop_dirty_folio
#else
#define LEND_NEVER_DIRTY .set_page_dirty = noop_set_page_dirty
#endif

#ifndef LEND_HAVE_INODE_INIT_TS
static inline struct timespec64 simple_inode_init_ts(struct inode *inode)
{
	struct timespec64 now = current_time(inode);

	inode->i_atime = now;
	inode->i_mtime = now;
	inode->i_ctime = now;
	return now;
}

static inline void inode_set_mtime_to_ts(struct inode *inode, struct timespec64 ts)
{
	inode->i_mtime = ts;
}
#endif

#ifndef LEND_HAVE_SET_CTIME
static inline struct timespec64 inode_set_ctime_current(struct inode *inode)
{
	inode->i_ctime = current_time(inode);
	return inode->i_ctime;
}
#endif

/* Before 6.5 read_iter fills the pipe; this one copies, as copy_splice_read does. */
#ifndef LEND_HAVE_COPY_SPLICE_READ
#define copy_splice_read generic_file_splice_read
#endif

#endif
