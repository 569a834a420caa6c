// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flags that show_smap_vma_flags() of fs/proc/task_mmu.c prints, of Linux 5.10
 * to 7.x, and what the mm layer does with each.
 */
#include <string.h>
#include "vmflags.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

const struct vmflag vmflags[] = {
	{ "rd", "VM_READ", "it can be read" },
	{ "wr", "VM_WRITE", "it can be written" },
	{ "ex", "VM_EXEC", "it can be executed" },
	{ "sh", "VM_SHARED", "writes reach the file and all who map it" },
	{ "mr", "VM_MAYREAD", "mprotect may make it readable" },
	{ "mw", "VM_MAYWRITE", "mprotect may make it writable" },
	{ "me", "VM_MAYEXEC", "mprotect may make it executable" },
	{ "ms", "VM_MAYSHARE", "it was mapped MAP_SHARED" },
	{ "gd", "VM_GROWSDOWN", "it grows downwards on a fault below it, as a stack" },
	{ "gu", "VM_MAYBE_GUARD", "MADV_GUARD_INSTALL may have put guards into it: SIGSEGV there" },
	{ "pf", "VM_PFNMAP", "page frame numbers without pages: nothing is counted, so "
			     "nothing can be pinned, copied privately or looked into" },
	{ "dw", "VM_DENYWRITE", "nobody may open the file for writing (up to Linux 5.15)" },
	{ "lo", "VM_LOCKED", "mlock keeps its pages in memory, though not at one place" },
	{ "lf", "VM_LOCKONFAULT", "mlock2(MLOCK_ONFAULT): pages are locked when they are touched" },
	{ "io", "VM_IO", "a device's, where reading may have effects: never pinned, "
			 "dumped or searched for pages" },
	{ "sr", "VM_SEQ_READ", "MADV_SEQUENTIAL: read far ahead, drop early" },
	{ "rr", "VM_RAND_READ", "MADV_RANDOM: no reading ahead" },
	{ "dc", "VM_DONTCOPY", "MADV_DONTFORK: a forked child does not get it" },
	{ "de", "VM_DONTEXPAND", "mremap cannot grow it, and mlock, merging of mappings, KSM and "
				 "huge page collapsing leave it alone" },
	{ "ac", "VM_ACCOUNT", "counts against the limit on committed memory" },
	{ "nr", "VM_NORESERVE", "MAP_NORESERVE: does not count against that limit" },
	{ "ht", "VM_HUGETLB", "pages of hugetlbfs: reserved, never swapped" },
	{ "sf", "VM_SYNC", "MAP_SYNC: a fault waits until the file's metadata are on the medium" },
	{ "ar", "VM_ARCH_1", "the architecture's own; on x86 VM_PAT: one caching mode tracked "
			     "for the whole of it" },
	{ "wf", "VM_WIPEONFORK", "MADV_WIPEONFORK: a forked child finds zeroes" },
	{ "dd", "VM_DONTDUMP", "left out of core dumps" },
	{ "bt", "VM_ARM64_BTI", "branches may only land where marked (arm64)" },
	{ "sd", "VM_SOFTDIRTY", "new, or written to, since /proc/PID/clear_refs was last written" },
	{ "mm", "VM_MIXEDMAP", "may hold pages and bare page frame numbers side by side; "
			       "the pages are counted and can be pinned" },
	{ "hg", "VM_HUGEPAGE", "MADV_HUGEPAGE: huge pages wanted" },
	{ "nh", "VM_NOHUGEPAGE", "MADV_NOHUGEPAGE: no huge pages wanted" },
	{ "mg", "VM_MERGEABLE", "MADV_MERGEABLE: KSM may merge equal pages" },
	{ "um", "VM_UFFD_MISSING", "userfaultfd is told of pages that are missing" },
	{ "uw", "VM_UFFD_WP", "userfaultfd is told of writes to protected pages" },
	{ "ui", "VM_UFFD_MINOR", "userfaultfd is told of pages in memory, but not mapped" },
	{ "ur", "VM_UFFD_RWP", "userfaultfd is told of any access to protected pages" },
	{ "mt", "VM_MTE", "its memory has allocation tags (arm64)" },
	{ "ss", "VM_SHADOW_STACK", "a shadow stack: only calls and returns write it" },
	{ "sl", "VM_SEALED", "mseal: it cannot be unmapped, moved or changed" },
	{ "dp", "VM_DROPPABLE", "MAP_DROPPABLE: the kernel may take its pages, they read as zeroes then" },
	{ "mp", "VM_MPX", "bounds of memory protection extensions (x86 up to Linux 5.5)" },
	{ "nl", "VM_NONLINEAR", "remap_file_pages (up to Linux 3.19)" },
};

const size_t vmflag_count = COUNT(vmflags);

static const struct vmflag unknown = {
	"??", "unknown", "this version of lend does not know this flag",
};

const struct vmflag *vmflag_find(const char *code)
{
	size_t i;

	for (i = 0; i < vmflag_count; i++)
		if (!strncmp(vmflags[i].code, code, 2))
			return &vmflags[i];
	return &unknown;
}

const struct term terms[TERMS] = {
	[TERM_VM_RESERVED] = { "VM_RESERVED",
		"the kernel was not even to look at these pages",
		"gone since Linux 3.7; the sum of VM_DONTEXPAND (de) and VM_DONTDUMP (dd), with "
		"VM_IO (io) or VM_PFNMAP (pf) where it is a device or has no pages. What keeps pages "
		"in place is that no reclaim list has them" },
	[TERM_PG_RESERVED] = { "PG_reserved",
		"a page of a driver's, and nobody else's business; advised for DMA",
		"set for memory that was never the page allocator's: the kernel's image, the BIOS's, "
		"holes. Not for drivers: a counted reference and no place on a reclaim list do it" },
	[TERM_PG_LOCKED] = { "PG_locked",
		"exclusive access to a page while its contents change",
		"still that, for moments: during I/O into the page cache, truncation, migration. "
		"It never kept a page in memory" },
	[TERM_VM_LOCKED] = { "VM_LOCKED",
		"somebody called mlock, the mapping is not to be swapped",
		"still that (lo), but the pages may move to other physical addresses. A pin, as of "
		"RDMA, keeps them where they are" },
	[TERM_VM_IO] = { "VM_IO",
		"memory of a device: reading may have effects",
		"still that (io), set by remap_pfn_range together with VM_PFNMAP; pinning such a "
		"mapping is EFAULT, and core dumps leave it out" },
};
