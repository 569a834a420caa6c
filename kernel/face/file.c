// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer as a file: its size, and its bytes by system call and by mapping.
 */
#include <linux/types.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/uio.h>

#include "../compat/fs.h"
#include "../compat/mm.h"
#include "../core/fill.h"
#include "face.h"

/* Gives an empty file its memory. The inode is locked. */
int lend_set_size(struct inode *inode, loff_t size)
{
	struct lend_buffer *buf = lend_inode_buffer(inode);
	unsigned long npages = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	int err = lend_buffer_fill(buf, &lend_mount_of(inode->i_sb)->pages, npages);

	if (err)
		return err;
	inode->i_blocks = (blkcnt_t)npages << (PAGE_SHIFT - 9);
	i_size_write(inode, size);
	return 0;
}

static int lend_setattr(LEND_IDMAP struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int err = setattr_prepare(idmap, dentry, attr);

	if (err)
		return err;

	if (attr->ia_valid & ATTR_SIZE) {
		/* O_TRUNC empties a buffer of its bytes, not of its memory: cp and dd use it. */
		if (attr->ia_valid & ATTR_OPEN)
			err = lend_buffer_zero(lend_inode_buffer(inode));
		else if (attr->ia_size != i_size_read(inode))
			err = lend_set_size(inode, attr->ia_size);
		if (err)
			return err;
	}
	setattr_copy(idmap, inode, attr);
	return 0;
}

/* There are no holes: what exists is allocated, and what is empty becomes a buffer. */
static long lend_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct inode *inode = file_inode(file);
	loff_t size;
	int err;

	if (mode)
		return -EOPNOTSUPP;
	if (check_add_overflow(offset, len, &size))
		return -EFBIG;

	inode_lock(inode);
	err = inode_newsize_ok(inode, size);
	if (!err && !(i_size_read(inode) && size <= i_size_read(inode)))
		err = lend_set_size(inode, size);
	if (!err)
		err = file_update_time(file);
	inode_unlock(inode);
	return err;
}

/*
 * Copies between the buffer at the position of @iocb and @iter, up to @end, or to a
 * page that is known to be broken. Page by page: every page of every folio is good for
 * that.
 */
static ssize_t copy(struct kiocb *iocb, struct iov_iter *iter, loff_t end,
		    size_t (*copy_page)(struct page *, size_t, size_t, struct iov_iter *))
{
	struct lend_buffer *buf = lend_inode_buffer(file_inode(iocb->ki_filp));
	loff_t pos = iocb->ki_pos;
	ssize_t done;
	int err = 0;

	while (pos < end && iov_iter_count(iter)) {
		struct page *page = lend_buffer_page(buf, pos >> PAGE_SHIFT);
		size_t offset = offset_in_page(pos);
		size_t want = min3((loff_t)(PAGE_SIZE - offset), end - pos,
				   (loff_t)iov_iter_count(iter));
		size_t got;

		if (PageHWPoison(page)) {
			err = -EIO;
			break;
		}
		got = copy_page(page, offset, want, iter);
		pos += got;
		if (got < want || fatal_signal_pending(current))
			break;
		cond_resched();
	}

	done = pos - iocb->ki_pos;
	iocb->ki_pos = pos;
	return done ? done : err;
}

/* By address: a pipe that took the page would hold the whole folio, charged to nobody. */
static size_t copy_out(struct page *page, size_t offset, size_t len, struct iov_iter *to)
{
	char *addr = kmap_local_page(page);
	size_t done = copy_to_iter(addr + offset, len, to);

	kunmap_local(addr);
	return done;
}

static ssize_t lend_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	struct lend_buffer *buf = lend_inode_buffer(inode);
	size_t count = iov_iter_count(to);
	ssize_t done;
	loff_t end;

	/* Before the size, which is written after it without a lock. */
	if (!lend_buffer_pages(buf))
		return 0;
	if (READ_ONCE(buf->revoked))
		return -ENODEV;
	end = i_size_read(inode);
	done = copy(iocb, to, end, copy_out);
	file_accessed(iocb->ki_filp);
	return done || !count || iocb->ki_pos >= end ? done : -EFAULT;
}

static ssize_t write_locked(struct kiocb *iocb, struct iov_iter *from)
{
	loff_t end = i_size_read(file_inode(iocb->ki_filp));
	ssize_t done = generic_write_checks(iocb, from);

	if (done <= 0)
		return done;
	if (READ_ONCE(lend_inode_buffer(file_inode(iocb->ki_filp))->revoked))
		return -ENODEV;
	if (iocb->ki_pos >= end)
		return -ENOSPC;
	done = file_modified(iocb->ki_filp);
	if (done)
		return done;
	done = copy(iocb, from, end, copy_page_from_iter);
	return done ? done : -EFAULT;
}

static ssize_t lend_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t done;

	/* The lock may be held for gigabytes, and a driver's hook may sleep. */
	if (iocb->ki_flags & IOCB_NOWAIT) {
		if (iocb->ki_flags & IOCB_DSYNC || !inode_trylock(inode))
			return -EAGAIN;
	} else {
		inode_lock(inode);
	}
	done = write_locked(iocb, from);
	inode_unlock(inode);
	return done > 0 ? generic_write_sync(iocb, done) : done;
}

/* Nothing here waits for a device: RWF_NOWAIT is for the asking. */
static int lend_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_NOWAIT;
	return generic_file_open(inode, file);
}

/* Never past the end: nothing can be there. */
static loff_t lend_llseek(struct file *file, loff_t offset, int whence)
{
	loff_t size = i_size_read(file_inode(file));

	return generic_file_llseek_size(file, offset, whence, size, size);
}

static int lend_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	loff_t size = i_size_read(file_inode(file));

	if (start >= size)
		return 0;
	return lend_buffer_sync(lend_inode_buffer(file_inode(file)), start,
				min(end, size - 1) - start + 1, LEND_SYNC_FOR_DEVICE);
}

/*
 * Whatever is mapped, the mapping becomes one of the buffer's file: it holds it, it
 * is named by it, and all of them can be found in one place.
 */
int lend_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = lend_buffer_mmap(lend_inode_buffer(file_inode(file)), vma);

	if (err)
		return err;
	if (vma->vm_file != file)
		vma_set_file(vma, file);
	file_accessed(file);
	return 0;
}

/*
 * An address that is congruent to the offset, so that 2 MiB folios can be mapped
 * by one entry each. Asks for that much more and takes the aligned part.
 */
unsigned long lend_get_unmapped_area(struct file *file, unsigned long addr, unsigned long len,
				     unsigned long pgoff, unsigned long flags)
{
	unsigned long offset = (pgoff << PAGE_SHIFT) & ~PMD_MASK;
	unsigned long wide, found;

	if (addr || (flags & MAP_FIXED) || len < PMD_SIZE ||
	    check_add_overflow(len, PMD_SIZE, &wide))
		goto any;

	found = lend_mm_get_unmapped_area(file, 0, wide, pgoff, flags);
	if (!IS_ERR_VALUE(found))
		return found + ((offset - found) & ~PMD_MASK);
any:
	return lend_mm_get_unmapped_area(file, addr, len, pgoff, flags);
}
EXPORT_SYMBOL_GPL(lend_get_unmapped_area);

const struct inode_operations lend_file_iops = {
	.setattr = lend_setattr,
};

const struct file_operations lend_file_fops = {
	.owner = THIS_MODULE,
	.open = lend_open,
	.release = lend_nameless_release,
	.llseek = lend_llseek,
	.read_iter = lend_read_iter,
	.write_iter = lend_write_iter,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.mmap = lend_file_mmap,
	.get_unmapped_area = lend_get_unmapped_area,
	.fsync = lend_fsync,
	.fallocate = lend_fallocate,
	.unlocked_ioctl = lend_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* No page cache; direct_IO is here because open with O_DIRECT asks for it. */
const struct address_space_operations lend_aops = {
	LEND_NEVER_DIRTY,
	.direct_IO = noop_direct_IO,
};
