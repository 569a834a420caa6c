// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping device registers, on first touch. There are no pages behind them: by page
 * frame number, VM_IO. By 2 MiB entries where the kernel tells such an entry of
 * registers from one of memory; elsewhere gup would take it for memory.
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
	/* A thread for which there are huge entries may have put one there meanwhile. */
	if (pmd_trans_huge(*vmf->pmd)) {
		ret = VM_FAULT_NOPAGE;
	} else if (!READ_ONCE(buf->revoked)) {
		ret = vmf_insert_pfn(vma, addr, pfn);
		while (ret == VM_FAULT_NOPAGE && (addr += PAGE_SIZE) < end)
			if (vmf_insert_pfn(vma, addr, ++pfn) != VM_FAULT_NOPAGE)
				break;
	}
	mutex_unlock(&buf->mapped_lock);
	return ret;
}

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
static vm_fault_t huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct lend_buffer *buf = vma->vm_private_data;
	unsigned long addr = vmf->address & PMD_MASK;
	unsigned long pfn = PHYS_PFN(buf->phys) + vma->vm_pgoff +
			    ((addr - vma->vm_start) >> PAGE_SHIFT);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	/* Where the entry would be wider than the mapping, or its parts not where it says. */
	if (order != PMD_ORDER || addr < vma->vm_start || vma->vm_end - addr < PMD_SIZE ||
	    !IS_ALIGNED(pfn, PMD_SIZE >> PAGE_SHIFT))
		return VM_FAULT_FALLBACK;

	/* lend_buffer_revoke() waits for the lock. */
	mutex_lock(&buf->mapped_lock);
	/* A thread for which there are no huge entries may have put a table there meanwhile. */
	if (!pmd_none(*vmf->pmd) && !pmd_trans_huge(*vmf->pmd))
		ret = VM_FAULT_NOPAGE;
	else if (!READ_ONCE(buf->revoked))
		ret = lend_insert_pfn_pmd(vmf, pfn);
	mutex_unlock(&buf->mapped_lock);
	return ret;
}
#endif

#ifdef CONFIG_HAVE_IOREMAP_PROT
/* The kernel asks for up to a page from anywhere in the mapping, and looks at no end. */
static int access(struct vm_area_struct *vma, unsigned long addr, void *data, int len, int write)
{
	struct lend_buffer *buf = vma->vm_private_data;
	int ret = -EIO;

	len = min_t(unsigned long, len, vma->vm_end - addr);
	/* lend_buffer_revoke() waits for the lock. */
	mutex_lock(&buf->mapped_lock);
	if (!READ_ONCE(buf->revoked))
		ret = generic_access_phys(vma, addr, data, len, write);
	mutex_unlock(&buf->mapped_lock);
	return ret;
}
#endif

static const struct vm_operations_struct registers_ops = {
	.open = lend_vma_open,
	.close = lend_vma_close,
	.fault = fault,
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	.huge_fault = huge_fault,
#endif
#ifdef CONFIG_HAVE_IOREMAP_PROT
	.access = access,
#endif
};

static int registers_mmap(struct lend_buffer *buf, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_PFNMAP);
	if (buf->caching == LEND_WRITE_COMBINED)
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	else
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	return 0;
}

/* Not to be asked for by name: in no table. */
const struct lend_map_ops lend_map_registers = {
	.name = "registers",
	.revocable = true,
	.shared = true,			/* a private copy of a register is none */
	.vm_ops = &registers_ops,
	.mmap = registers_mmap,
};
