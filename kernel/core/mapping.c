// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mappings of a buffer: made, counted, and cut.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../compat/mm.h"
#include "buffer.h"

/**
 * lend_buffer_vm_ops() - what a VMA of a buffer shall do
 * @buf: the buffer, with its memory
 * @flags: of the mapping to be
 *
 * Return: its operations.
 */
const struct vm_operations_struct *lend_buffer_vm_ops(const struct lend_buffer *buf,
						      vm_flags_t flags)
{
	if (buf->huge && buf->map->huge_vm_ops && (flags & VM_MAYSHARE))
		return buf->map->huge_vm_ops;
	return buf->map->vm_ops;
}

/**
 * lend_buffer_may_map() - may this part of a buffer be mapped?
 * @buf: the buffer
 * @pgoff: where the mapping begins
 * @nr: its pages
 * @flags: of the mapping to be
 *
 * Return: 0, -ENXIO if it reaches beyond the end, -EPERM if it would be executable,
 * -EINVAL if it would be a private one of registers, -ENODEV if the buffer was
 * revoked.
 */
int lend_buffer_may_map(struct lend_buffer *buf, pgoff_t pgoff, unsigned long nr,
			vm_flags_t flags)
{
	unsigned long npages = lend_buffer_pages(buf);

	if (pgoff > npages || nr > npages - pgoff)
		return -ENXIO;
	if (flags & VM_EXEC)
		return -EPERM;
	if (buf->map->shared && !(flags & VM_MAYSHARE))
		return -EINVAL;
	/* One that was prepared must not fail any more; there, access is SIGBUS. */
	if (READ_ONCE(buf->revoked) && !(flags & VM_DONTEXPAND))
		return -ENODEV;
	return 0;
}

/**
 * lend_buffer_mmap() - make a VMA a mapping of a buffer
 * @buf: the buffer
 * @vma: new; its file becomes the one that holds @buf
 *
 * Context: the mmap lock is held for writing.
 * Return: 0, or what lend_buffer_may_map() or the way of mapping says.
 */
int lend_buffer_mmap(struct lend_buffer *buf, struct vm_area_struct *vma)
{
	int err = lend_buffer_may_map(buf, vma->vm_pgoff, vma_pages(vma), vma->vm_flags);

	if (err)
		return err;
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = buf;
	vma->vm_ops = lend_buffer_vm_ops(buf, vma->vm_flags);
	err = buf->map->mmap ? buf->map->mmap(buf, vma) : 0;
	if (!err)
		lend_vma_open(vma);
	return err;
}

/*
 * A mapping was made, copied by fork, split or moved. The lock is for the first and
 * the last alone, so that a driver hears of them in their order.
 */
void lend_vma_open(struct vm_area_struct *vma)
{
	struct lend_buffer *buf = vma->vm_private_data;

	if (atomic_long_inc_not_zero(&buf->mappings))
		return;
	mutex_lock(&buf->mapped_lock);
	if (atomic_long_inc_return(&buf->mappings) == 1)
		lend_buffer_mapped(buf, true);
	mutex_unlock(&buf->mapped_lock);
}

void lend_vma_close(struct vm_area_struct *vma)
{
	struct lend_buffer *buf = vma->vm_private_data;

	if (atomic_long_add_unless(&buf->mappings, -1, 1))
		return;
	mutex_lock(&buf->mapped_lock);
	if (atomic_long_dec_and_test(&buf->mappings))
		lend_buffer_mapped(buf, false);
	mutex_unlock(&buf->mapped_lock);
}

/**
 * lend_fault_begin() - may this page be mapped, and until lend_fault_end() it may
 * @buf: the buffer
 * @page: a page of it
 *
 * The page lock is what lend_buffer_revoke() waits for: either the fault sees that
 * the buffer is revoked, or revoking sees what the fault has mapped.
 *
 * A page that is known to be broken is kept from the mm layer, too, which would take
 * one that nobody has written to for page cache that can be read again, and drop it.
 *
 * Return: 0, and the page is locked, and the caller, or the mm layer by
 * VM_FAULT_LOCKED, unlocks it; or what the fault is to say.
 */
vm_fault_t lend_fault_begin(struct lend_buffer *buf, struct page *page)
{
	vm_fault_t ret = 0;

	lock_page(page);
	if (READ_ONCE(buf->revoked))
		ret = VM_FAULT_SIGBUS;
	else if (PageHWPoison(page))
		ret = VM_FAULT_HWPOISON;
	if (ret)
		unlock_page(page);
	return ret;
}

/**
 * lend_buffer_revoke() - cut every mapping, for good
 * @buf: the buffer; its memory stays until its holders let go, its pins stay
 *
 * Context: process, may sleep; no lock that a fault may wait for is held.
 * Return: 0; or -EOPNOTSUPP if mappings of it are not made by faults alone, since
 * one that is being made could not be found.
 */
int lend_buffer_revoke(struct lend_buffer *buf)
{
	struct lend_folio_iter iter = { .mem = &buf->mem };
	struct page *page;

	if (!lend_buffer_pages(buf) || !buf->map->revocable)
		return -EOPNOTSUPP;

	WRITE_ONCE(buf->revoked, true);
	while ((page = lend_folio_next(&iter))) {
		lock_page(page);
		unlock_page(page);
		cond_resched();
	}
	/* Registers have no pages to lock. */
	mutex_lock(&buf->mapped_lock);
	mutex_unlock(&buf->mapped_lock);
	unmap_mapping_range(buf->mapping, 0, 0, 1);

	if (buf->spec.backing->revoked) {
		mutex_lock(&buf->mapped_lock);
		buf->spec.backing->revoked(buf);
		mutex_unlock(&buf->mapped_lock);
	}
	return 0;
}
