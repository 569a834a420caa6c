/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VFS as today's kernels have it, laid over older ones.
 */
#ifndef LEND_COMPAT_FS_H
#define LEND_COMPAT_FS_H

#include <linux/fs.h>
#include <linux/splice.h>

#ifndef LEND_HAVE_MNT_IDMAP
#define mnt_idmap user_namespace
#define nop_mnt_idmap init_user_ns
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
