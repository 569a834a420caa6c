/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lend for drivers: kernel memory, and device registers, that programs may map.
 *
 * A buffer is a file, here as in user space: struct file is the handle, get_file()
 * and fput() are its references, and whoever holds one may use what is below. It
 * lives until the last driver, descriptor, mapping and dma-buf is gone, in whatever
 * order; pages that are still pinned for I/O live on until they are not.
 *
 * From probe to remove, of a device that does DMA to one buffer:
 *
 *	probe:	 file = lend_alloc(&(struct lend_params){ .size = SZ_4M, .dev = dev });
 *		 dma = lend_dma_map(file, dev, DMA_FROM_DEVICE);
 *	.mmap:	 return lend_mmap(file, vma);
 *	remove:	 lend_revoke(file);
 *		 lend_dma_unmap(dma);
 *		 fput(file);
 *
 * Unless it says otherwise a function runs in process context, may sleep, takes no
 * lock of the caller's, and must not be called with an mmap lock held. @file is one
 * that a function here gave, or any file of lend. Offsets and lengths are in bytes.
 */
#ifndef _LEND_LEND_H
#define _LEND_LEND_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <uapi/linux/lend.h>

struct device;
struct dma_buf;
struct file;
struct page;
struct pci_dev;
struct vm_area_desc;
struct vm_area_struct;

/* --- making buffers, and giving them back by fput() */

/**
 * struct lend_params - what a buffer shall be
 * @name: what /proc/PID/maps shows; NULL: "lend"
 * @size: bytes
 * @backing: enum lend_backing; 0: folios, or contig for a device that reaches only a
 *	part of the memory
 * @dev: the device that will use it, or NULL: memory that it reaches by its DMA mask
 *	without an IOMMU's help, or any memory if it has one; of its NUMA node first
 */
struct lend_params {
	const char *name;
	u64 size;
	u32 backing;
	struct device *dev;
};

/**
 * lend_alloc() - make a buffer that is in no directory
 * @params: what it shall be
 *
 * Its memory is zeroed, and charged to the caller: RLIMIT_MEMLOCK without
 * CAP_IPC_LOCK, the memory cgroup. Make it at probe or open, never in mmap.
 *
 * Return: the file, or ERR_PTR(): -EINVAL for a kind that does not exist or no size,
 * -EFBIG, -ENOMEM, -ERANGE when no memory is within the device's reach, -EINTR.
 */
struct file *lend_alloc(const struct lend_params *params);

/**
 * lend_alloc_at() - make a buffer under a name
 * @path: a name that does not exist yet, in a mount of lend: "/dev/lend/grab0"
 * @mode: its permissions, less the process's umask
 * @params: what it shall be; it counts against the mount, too
 *
 * The name is looked up as the calling process would, and with its rights. It stays
 * until somebody removes it: lend_remove() does.
 *
 * Return: the file, or ERR_PTR(): as of lend_alloc(), -EEXIST, -ENOENT, -EACCES,
 * -ENOSPC, -EMEDIUMTYPE when that is no mount of lend, and what else open(2) says.
 */
struct file *lend_alloc_at(const char *path, umode_t mode, const struct lend_params *params);

/**
 * lend_remove() - take the name of a buffer away
 * @file: from lend_alloc_at()
 *
 * Return: 0, -ENOENT if it has none any more, or -EBUSY while something is mounted on it.
 */
int lend_remove(struct file *file);

/**
 * lend_from_user() - pin memory of the calling program
 * @addr: where it begins, at whatever address
 * @length: bytes
 * @write: a device will write there; the program must be allowed to
 *
 * For DMA and for the kernel alone: it cannot be mapped or handed to another
 * program. The program may unmap it or end; the pages stay until fput(). They count
 * against RLIMIT_MEMLOCK without CAP_IPC_LOCK.
 *
 * Return: the file, or ERR_PTR(): -EINVAL: no length, -EOVERFLOW: it wraps, -EFAULT:
 * it is not mapped, not writable or cannot be pinned (see `lend explain`), -ENOMEM:
 * above the limit, -EINTR.
 */
struct file *lend_from_user(unsigned long addr, size_t length, bool write);

/* --- programs' descriptors */

/**
 * lend_from_fd() - take a buffer from a program
 * @fd: the program's descriptor, open for reading
 * @write: a device will write there; the descriptor must be open for writing, too
 *
 * Return: the file, to be given back by fput(), or ERR_PTR(): -EBADF: no such
 * descriptor or not open like that, -EMEDIUMTYPE: not a buffer of lend, -ENODATA: it
 * has no memory yet.
 */
struct file *lend_from_fd(int fd, bool write);

/**
 * lend_to_fd() - give the calling program a descriptor
 * @file: a buffer or registers
 * @flags: O_RDONLY or O_RDWR, and O_CLOEXEC. A program cannot make more of a
 *	descriptor that is read-only.
 *
 * Return: the descriptor, or -EMFILE, -ENOMEM, -EACCES for writing when @file is from a
 * descriptor that was not, -EOPNOTSUPP for lend_from_user()'s.
 */
int lend_to_fd(struct file *file, int flags);

/* --- the memory */

/**
 * lend_size() - the size of a buffer or of registers
 * @file: the file
 *
 * Return: bytes. The rest of the last page is there, too, and zero when it is made.
 * Context: any.
 */
u64 lend_size(struct file *file);

/**
 * lend_vaddr() - where the kernel sees a buffer as a whole
 * @file: the file
 *
 * Return: its address, or NULL if it has none: take backing=contig or vmalloc, or
 * lend_vmap().
 * Context: any.
 */
void *lend_vaddr(struct file *file);

/**
 * lend_vmap() - give the kernel one address for any buffer
 * @file: the file; not given back before lend_vunmap()
 *
 * Return: the address of its first byte, or NULL without memory or address space.
 */
void *lend_vmap(struct file *file);

/**
 * lend_vunmap() - undo lend_vmap()
 * @file: the file
 * @vaddr: what lend_vmap() returned
 */
void lend_vunmap(struct file *file, void *vaddr);

/**
 * lend_page() - a page of a buffer
 * @file: the file
 * @index: its number, from 0
 *
 * Return: the page, held by the buffer and not by the caller; NULL past the end.
 * Context: any.
 */
struct page *lend_page(struct file *file, pgoff_t index);

/**
 * lend_sg() - the scatter list of a range
 * @file: the file
 * @offset: first byte
 * @length: bytes; 0: as far as the buffer goes
 * @longest: bytes of one entry at most, as dma_get_max_seg_size() has it
 * @sgt: out: to be given back by sg_free_table()
 *
 * Return: 0, -EINVAL for a @longest of 0, -ENXIO past the end, -EOVERFLOW when the range
 * wraps, -ENOMEM.
 */
int lend_sg(struct file *file, u64 offset, u64 length, size_t longest, struct sg_table *sgt);

/* --- DMA */

/**
 * struct lend_dma - a buffer as a device sees it
 * @sgt: for_each_sgtable_dma_sg() goes through what the device is told. With an IOMMU
 *	all of it may be one entry, however scattered the pages are.
 * @dev: the device
 * @dir: the direction
 * @coherent: device and CPU always see the same: lend_dma_sync() has nothing to do
 * @file: held until lend_dma_unmap()
 * @node: for its owner's list
 */
struct lend_dma {
	struct sg_table sgt;
	struct device *dev;
	enum dma_data_direction dir;
	bool coherent;
	struct file *file;
	struct list_head node;
};

/**
 * lend_dma_map() - map a buffer for a device
 * @file: the buffer
 * @dev: the device, its masks set
 * @dir: who writes
 *
 * Return: the mapping, or ERR_PTR(): -ENOMEM, -ERANGE when the device does not reach
 * all of @file, -EACCES when the device would write and @file is from
 * lend_from_user() or lend_from_fd() without that, -EIO or what else
 * dma_map_sgtable() says.
 */
struct lend_dma *lend_dma_map(struct file *file, struct device *dev, enum dma_data_direction dir);

/**
 * lend_dma_unmap() - undo lend_dma_map(); the device has stopped
 * @dma: the mapping, NULL or ERR_PTR()
 */
void lend_dma_unmap(struct lend_dma *dma);

/**
 * lend_dma_sync() - hand a range to the CPU or to the device
 * @dma: the mapping
 * @offset: first byte
 * @length: bytes; what is past the end is left alone
 * @flags: LEND_SYNC_FOR_CPU, LEND_SYNC_FOR_DEVICE or both
 *
 * Context: any.
 */
void lend_dma_sync(struct lend_dma *dma, u64 offset, u64 length, unsigned int flags);

/**
 * lend_dma_address() - where the device sees a byte
 * @dma: the mapping
 * @offset: which byte
 * @left: out: bytes that follow it in one piece, itself included; 0 past the end
 *
 * Return: the device's address.
 * Context: any.
 */
dma_addr_t lend_dma_address(const struct lend_dma *dma, u64 offset, u64 *left);

/**
 * lend_dmabuf_export() - share a buffer with other devices
 * @file: the buffer; the dma-buf holds it
 * @flags: O_RDONLY, O_WRONLY or O_RDWR: what its descriptors may be mapped for
 *
 * Return: the dma-buf, for dma_buf_fd() or dma_buf_put(); or ERR_PTR(): -EACCES unless
 * @file is open for reading and writing, since devices do both where they like;
 * -EOPNOTSUPP for lend_from_user()'s and for registers; -ENOMEM and what else
 * dma_buf_export() says.
 */
struct dma_buf *lend_dmabuf_export(struct file *file, int flags);

/* --- mapping: the whole of a driver's .mmap */

/**
 * lend_mmap() - make a VMA a mapping of a buffer or of registers
 * @file: what is mapped, from vma->vm_pgoff pages on
 * @vma: new, as .mmap got it; afterwards it is @file's, not the driver's own file's,
 *	so that is what holds @file and what /proc/PID/maps names
 *
 * Context: .mmap, under the mmap lock.
 * Return: 0, -ENXIO past the end, -EPERM for PROT_EXEC, -EACCES for PROT_WRITE when
 * @file is from a read-only descriptor, -ENODEV after lend_revoke()
 * or for lend_from_user()'s, -EINVAL for a private mapping of registers.
 */
int lend_mmap(struct file *file, struct vm_area_struct *vma);

/**
 * lend_mmap_readonly() - the same for programs that may only look
 * @file: what is mapped
 * @vma: new; a private mapping of a buffer may be written, being a copy
 *
 * Afterwards it is that of one more open file, for reading.
 *
 * Context: .mmap, under the mmap lock.
 * Return: as lend_mmap(), or -EACCES for PROT_WRITE; mprotect says so later, too;
 * -ENOMEM, -ENFILE.
 */
int lend_mmap_readonly(struct file *file, struct vm_area_struct *vma);

/**
 * lend_mmap_prepare() - the whole of a driver's .mmap_prepare, on kernels that have it
 * @file: what is mapped, from desc->pgoff pages on
 * @desc: as .mmap_prepare got it
 *
 * Context: .mmap_prepare, under the mmap lock.
 * Return: as lend_mmap(); or -EOPNOTSUPP for a program's buffer with map=insert or
 * map=pfn.
 */
int lend_mmap_prepare(struct file *file, struct vm_area_desc *desc);

/**
 * lend_mmap_prepare_readonly() - the same for programs that may only look
 * @file: what is mapped
 * @desc: as .mmap_prepare got it
 *
 * Context: .mmap_prepare, under the mmap lock.
 * Return: as lend_mmap_prepare(), or -EACCES for PROT_WRITE, -ENOMEM, -ENFILE.
 */
int lend_mmap_prepare_readonly(struct file *file, struct vm_area_desc *desc);

/**
 * lend_get_unmapped_area() - for a driver's .get_unmapped_area
 * @file: the driver's own file
 * @addr: the program's wish, or 0
 * @len: bytes
 * @pgoff: where in the buffer, pages
 * @flags: MAP_*
 *
 * Context: mmap.
 * Return: an address that suits 2 MiB entries, or -errno.
 */
unsigned long lend_get_unmapped_area(struct file *file, unsigned long addr, unsigned long len,
				     unsigned long pgoff, unsigned long flags);

/**
 * lend_revoke() - the device is gone or reset: cut every mapping, for good
 * @file: a buffer of lend_alloc() or lend_alloc_at(), or registers
 *
 * Afterwards an access is SIGBUS, mmap, read and write are -ENODEV, and no fault is
 * still about to map anything. Memory and pins stay for whoever holds them. Not from
 * the hook @mapped.
 *
 * Return: 0; or -EOPNOTSUPP for a program's buffer with map=insert or map=pfn.
 */
int lend_revoke(struct file *file);

/* --- device registers */

enum lend_caching {
	LEND_UNCACHED,		/* each access goes to the device, in order */
	LEND_WRITE_COMBINED,	/* for frame buffers and doorbell-free windows */
};

/**
 * lend_registers() - registers of a device, to be mapped by programs
 * @name: what /proc/PID/maps shows
 * @phys: where they begin, page-aligned
 * @size: bytes; programs see whole pages, so what shares the last one is seen too
 * @caching: how they are mapped, whoever maps them; uncached where the kernel has them
 *	so already
 *
 * There is no memory behind it: only lend_mmap(), lend_to_fd(), lend_size() and
 * lend_revoke() work. The caller owns the range and revokes before it lets go of it.
 *
 * Return: the file, or ERR_PTR(): -EINVAL: not aligned, no size, RAM, or more address
 * bits than the machine has; -EOVERFLOW; -ENOMEM; -EBUSY where it is mapped cached.
 */
struct file *lend_registers(const char *name, phys_addr_t phys, u64 size,
			    enum lend_caching caching);

/**
 * lend_pci_bar() - the same for a memory BAR
 * @pdev: the device, enabled
 * @bar: its number, 0 to 5
 * @caching: how it is mapped; LEND_WRITE_COMBINED takes a prefetchable BAR
 *
 * One smaller than a page may share it with another device: who knows better takes
 * lend_registers().
 *
 * Return: the file, or ERR_PTR(): -EINVAL: no such BAR, not memory, not assigned, no
 * whole pages, not prefetchable; -ENOMEM; -EBUSY as above.
 */
struct file *lend_pci_bar(struct pci_dev *pdev, int bar, enum lend_caching caching);

/* --- hooks */

/**
 * struct lend_hooks - what a driver wants to know of a buffer
 * @sync: a range is to become visible to the device (LEND_SYNC_FOR_DEVICE: by
 *	msync, fsync or LEND_IOC_SYNC) or to the CPU (LEND_SYNC_FOR_CPU).
 *	@offset and @length are in bytes and lie inside the buffer.
 *	Several ranges may be under way at once.
 *	Return: 0, or the errno that the program shall see.
 * @mapped: the first mapping was made (@mapped true) or the last one is gone; in
 *	this order, never two of a kind in a row. Under the mmap lock.
 *
 * Either may be NULL. Context: process, may sleep; must not touch user memory.
 */
struct lend_hooks {
	int (*sync)(void *data, u64 offset, u64 length, unsigned int flags);
	void (*mapped)(void *data, bool mapped);
};

/**
 * lend_set_hooks() - hook a driver to a buffer
 * @file: the buffer
 * @hooks: the driver's functions; they stay until lend_clear_hooks()
 * @data: passed to them
 *
 * Of mappings that exist already @mapped is told only the end.
 *
 * Context: process, may sleep; not from a hook.
 * Return: 0, -EBUSY if a driver is hooked already, -EMEDIUMTYPE if it is no buffer.
 */
int lend_set_hooks(struct file *file, const struct lend_hooks *hooks, void *data);

/**
 * lend_clear_hooks() - take a driver off again
 * @file: the buffer
 * @hooks: what the driver had set
 * @data: with it; another driver's hooks are left alone
 *
 * None of the functions is running any more on return.
 * Context: process, may sleep; not from a hook.
 */
void lend_clear_hooks(struct file *file, const struct lend_hooks *hooks, void *data);

#endif /* _LEND_LEND_H */
