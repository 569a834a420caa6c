// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping device registers, on first touch. There are no pages behind them: by page
 * frame number, VM_IO, one 4 KiB entry each. (On kernels that cannot tell a huge
 * entry of registers from one of memory, gup would take it for memory.)
 */
#include <linux/io.h>
#include <linux/mm.h>

#include "../compat/mm.h"
#include "map.h"

#define WINDOW (16 * PAGE_SIZE)

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct lend_buffer *buf = vma->vm_private_data;
	unsigned long addr = vmf->address & PAGE_MASK;
	unsigned long pfn = PHYS_PFN(buf->phys) + vmf->pgoff;
	/* The page, and what follows it up to the end of an aligned window. */
	unsigned long end = min(ALIGN(addr + 1, WINDOW), vma->vm_end);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	/* lend_buffer_revoke() waits for the lock. */
	mutex_lock(&buf->mapped_lock);
	if (!READ_ONCE(buf->revoked)) {
		ret = vmf_insert_pfn(vma, addr, pfn);
		while (ret == VM_FAULT_NOPAGE && (addr += PAGE_SIZE) < end)
			if (vmf_insert_pfn(vma, addr, ++pfn) != VM_FAULT_NOPAGE)
				break;
	}
	mutex_unlock(&buf->mapped_lock);
	return ret;
}

static const struct vm_operations_struct registers_ops = {
	.open = lend_vma_open,
	.close = lend_vma_close,
	.fault = fault,
#ifdef CONFIG_HAVE_IOREMAP_PROT
	.access = generic_access_phys,
#endif
};

static int registers_mmap(struct lend_buffer *buf, struct vm_area_struct *vma)
{
	/* A private copy of a register is none. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	vm_flags_set(vma, VM_IO | VM_PFNMAP);
	if (buf->caching == LEND_WRITE_COMBINED)
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	else
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	vma->vm_ops = &registers_ops;
	return 0;
}

/* Not to be asked for by name: in no table. */
const struct lend_map_ops lend_map_registers = {
	.name = "registers",
	.revocable = true,
	.mmap = registers_mmap,
};
