// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules are the kernel's: check_vma_flags() of mm/gup.c for all that takes
 * pages of user memory, and what each interface adds to it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "cmd.h"
#include "uses.h"

/* What is asked of pages. */
#define IN		(1U << 0)	/* they are written to */
#define LONG		(1U << 1)	/* and for long: FOLL_LONGTERM */
#define FORCE		(1U << 2)	/* as a debugger may: FOLL_FORCE */

const char *kernel_release(void)
{
	static struct utsname name;

	if (!*name.release)
		uname(&name);
	return name.release;
}

bool kernel_at_least(unsigned int major, unsigned int minor)
{
	unsigned int its_major = 0, its_minor = 0;

	sscanf(kernel_release(), "%u.%u", &its_major, &its_minor);
	return its_major > major || (its_major == major && its_minor >= minor);
}

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = {
		[WORKS] = "works",
		[FAILS] = "fails",
		[DEPENDS] = "depends",
		[NO_EFFECT] = "no effect",
	};

	return names[outcome];
}

void verdict_say(struct verdict *verdict, enum outcome outcome, int err, const char *fmt, ...)
{
	va_list args;

	verdict->outcome = outcome;
	verdict->err = err;
	va_start(args, fmt);
	vsnprintf(verdict->why, sizeof(verdict->why), fmt, args);
	va_end(args);
}

static void blame(struct verdict *v, const char *flag, bool set)
{
	v->flag = flag;
	v->flag_set = set;
}

/* Writes go into copies, and a debugger's may, too: is_cow_mapping(). */
bool mapping_copies(const struct mapping *m)
{
	return !vma_has(&m->vma, "sh") && vma_has(&m->vma, "mw");
}

static const char *without_pfns(const struct mapping *m)
{
	if (m->kind == KIND_LEND)
		return "make the buffer with map=fault or map=insert";
	return "let the processor copy, as plain read and write do, or have the data in memory "
	       "that has pages, such as a lend buffer";
}

static void refuse_write(const struct use *use, const struct mapping *m, struct verdict *v)
{
	blame(v, "wr", false);
	verdict_say(v, FAILS, use->err, "the mapping is read-only, and its pages would be written");
	v->instead = vma_has(&m->vma, "mw") ? "mprotect(PROT_WRITE)" :
		"map it from a descriptor that is open for writing";
}

static void refuse_read(const struct use *use, const struct mapping *m, struct verdict *v)
{
	blame(v, "rd", false);
	/* Page tables of x86 cannot say "write only", so what is there already can be had. */
	if (vma_has(&m->vma, "wr"))
		verdict_say(v, DEPENDS, use->err, "the mapping is write-only: only pages that "
			    "are in its page tables already can be taken");
	else
		verdict_say(v, FAILS, use->err, "the mapping may not be read");
	v->instead = "mprotect(PROT_READ)";
}

/* Would get_user_pages() give all of it? Says why not. */
static bool pages_can_be_had(const struct use *use, const struct mapping *m, struct verdict *v)
{
	const struct vma *vma = &m->vma;

	if (m->kind == KIND_VSYSCALL) {
		verdict_say(v, FAILS, use->err, "there is no memory, calls into it are emulated");
		return false;
	}
	if (vma_has(vma, "pf") || vma_has(vma, "io")) {
		blame(v, vma_has(vma, "pf") ? "pf" : "io", true);
		verdict_say(v, FAILS, use->err, "there are page frame numbers, but no pages to be taken");
		v->instead = without_pfns(m);
		return false;
	}
	if (m->kind == KIND_SECRET) {
		verdict_say(v, FAILS, use->err, "the kernel itself may not look at secret memory");
		v->instead = "keep the data in other memory while a device needs it";
		return false;
	}
	if (use->needs & IN) {
		if (!vma_has(vma, "wr") && !(use->needs & FORCE && mapping_copies(m) &&
					     m->kind != KIND_HUGETLB)) {
			refuse_write(use, m, v);
			return false;
		}
	} else if (!vma_has(vma, "rd") && !(use->needs & FORCE && vma_has(vma, "mr"))) {
		refuse_read(use, m, v);
		return false;
	}
	if (use->needs & LONG && use->needs & IN && m->kind == KIND_FILE && vma_has(vma, "sh") &&
	    kernel_at_least(6, 5)) {
		blame(v, "sh", true);
		verdict_say(v, FAILS, use->err, "from Linux 6.5 on (this is %s) a device may not write "
			    "for long into page cache that is to be written back", kernel_release());
		v->instead = "take a lend buffer or a memfd, and write the file from that";
		return false;
	}
	if (m->kind != KIND_LEND && vma_has(vma, "mm") && !vma->resident) {
		blame(v, "mm", true);
		verdict_say(v, DEPENDS, use->err, "the driver may put pages here, which can be taken, or "
			    "page frame numbers, which cannot");
		return false;
	}
	return true;
}

/* RLIMIT_MEMLOCK, for those it holds for. */
static bool within_limit(const struct use *use, const struct mapping *m, struct verdict *v)
{
	const struct process *process = m->process;

	if (!use->limit_err || process->may_lock || process->memlock >= vma_size(&m->vma) +
	    2 * (uint64_t)sysconf(_SC_PAGESIZE))
		return true;
	verdict_say(v, DEPENDS, use->limit_err, "the process may pin %s at a time, all that its "
		    "user has pinned included and huge pages counted whole (RLIMIT_MEMLOCK)",
		    human(process->memlock));
	v->instead = "raise \"ulimit -l\", or run with CAP_IPC_LOCK";
	return false;
}

static void judge_pages(const struct use *use, const struct mapping *m, struct verdict *v)
{
	if (!pages_can_be_had(use, m, v) || !within_limit(use, m, v))
		return;
	if (use->needs & IN && mapping_copies(m) && vma_has_file(&m->vma))
		verdict_say(v, WORKS, 0, "into the process's own copy, not into the file");
}

/* As io_pin_pages() saw it: by their operations, and System V has others. */
static bool is_shmem_or_hugetlb(const struct mapping *m)
{
	return m->kind == KIND_HUGETLB ||
	       (m->kind == KIND_SHMEM && strncmp(m->vma.name, "/SYSV", 5));
}

static void judge_uring_fixed(const struct use *use, const struct mapping *m, struct verdict *v)
{
	if (!pages_can_be_had(use, m, v))
		return;
	if (!kernel_at_least(6, 5) && vma_has_file(&m->vma) && !is_shmem_or_hugetlb(m)) {
		verdict_say(v, FAILS, EOPNOTSUPP, "before Linux 6.5 (this is %s) no file may be behind a "
			    "registered buffer but one of tmpfs, memfd or hugetlbfs", kernel_release());
		v->instead = "io_uring without registering the buffer works, and copies nothing either";
		return;
	}
	judge_pages(use, m, v);
}

static void judge_xdp(const struct use *use, const struct mapping *m, struct verdict *v)
{
	judge_pages(use, m, v);
	if (v->outcome == WORKS)
		verdict_say(v, WORKS, 0, "chunks of 2048 or 4096 bytes from the start of a page; the "
			    "socket takes CAP_NET_RAW");
}

static void judge_zerocopy(const struct use *use, const struct mapping *m, struct verdict *v)
{
	judge_pages(use, m, v);
	if (v->outcome == WORKS)
		verdict_say(v, WORKS, 0, "leave the bytes alone until the notice on the socket's "
			    "error queue; to receivers on this machine they are copied");
}

/* FOLL_FORCE went from videobuf2 with Linux 6.2. */
static void judge_v4l2(const struct use *use, const struct mapping *m, struct verdict *v)
{
	struct use now = *use;

	if (kernel_at_least(6, 2))
		now.needs &= ~FORCE;
	judge_pages(&now, m, v);
}

/* Registers can be looked into by way of vm_ops->access. */
static void judge_ptrace(const struct use *use, const struct mapping *m, struct verdict *v)
{
	judge_pages(use, m, v);
	if (m->kind != KIND_DEVICE || v->outcome != FAILS)
		return;
	verdict_say(v, DEPENDS, use->err, "it has no pages; some drivers, as those of /dev/mem and "
		    "PCI resources, let a debugger in nevertheless");
	v->instead = NULL;
}

static const char private_futex[] =
	"FUTEX_PRIVATE_FLAG within one process; between processes, a memfd or a lend buffer for the words";

static void judge_futex(const struct use *use, const struct mapping *m, struct verdict *v)
{
	struct use reading = *use;
	bool written = vma_has(&m->vma, "wr");

	reading.needs &= ~IN;
	if (!pages_can_be_had(written ? use : &reading, m, v))
		return;
	if (written && mapping_copies(m)) {
		if (vma_has_file(&m->vma))
			verdict_say(v, WORKS, 0, "among the threads of this process, in its own copy");
		return;
	}
	/* Such a futex is known by the file that its page says it is of. */
	switch (m->kind) {
	case KIND_LEND:
	case KIND_FILE:
	case KIND_SHMEM:
	case KIND_HUGETLB:
		break;
	case KIND_ANONYMOUS:
	case KIND_HEAP:
	case KIND_STACK:
		refuse_write(use, m, v);
		break;
	case KIND_DRIVER:
	case KIND_DMABUF:
		verdict_say(v, DEPENDS, EFAULT, "few drivers give their pages a file that a futex is known by");
		v->instead = private_futex;
		break;
	default:
		verdict_say(v, FAILS, EFAULT, "its pages are of no file that a futex is known by");
		v->instead = private_futex;
	}
}

static void judge_dmabuf(const struct use *use, const struct mapping *m, struct verdict *v)
{
	(void)use;
	switch (m->kind) {
	case KIND_LEND:
		verdict_say(v, WORKS, 0, "LEND_IOC_DMABUF, or lend_dmabuf(), of the file opened O_RDWR");
		break;
	case KIND_DMABUF:
		verdict_say(v, WORKS, 0, "it is one");
		break;
	case KIND_SHMEM:
	case KIND_HUGETLB:
		verdict_say(v, DEPENDS, 0, "a memfd with F_SEAL_SHRINK can be wrapped by /dev/udmabuf, "
			    "which this kernel %s", access("/dev/udmabuf", F_OK) ? "has not" : "has");
		v->instead = "take a lend buffer";
		break;
	default:
		verdict_say(v, FAILS, 0, "nothing makes a dma-buf of such memory");
		v->instead = "take a lend buffer";
	}
}

const struct use uses[] = {
	{ "direct_read", "O_DIRECT read and preadv", judge_pages, IN, EFAULT, 0 },
	{ "direct_write", "O_DIRECT write and pwritev", judge_pages, 0, EFAULT, 0 },
	{ "io_uring_read", "io_uring read", judge_pages, IN, EFAULT, 0 },
	{ "io_uring_write", "io_uring write", judge_pages, 0, EFAULT, 0 },
	{ "io_uring_fixed", "io_uring, registered buffers", judge_uring_fixed, IN | LONG, EFAULT, ENOMEM },
	{ "aio_read", "Linux AIO read", judge_pages, IN, EFAULT, 0 },
	{ "aio_write", "Linux AIO write", judge_pages, 0, EFAULT, 0 },
	{ "vmsplice", "vmsplice", judge_pages, 0, EFAULT, 0 },
	{ "msg_zerocopy", "MSG_ZEROCOPY", judge_zerocopy, 0, EFAULT, ENOBUFS },
	{ "xdp_umem", "AF_XDP UMEM", judge_xdp, IN | LONG, EFAULT, ENOBUFS },
	{ "rdma", "RDMA (ibv_reg_mr)", judge_pages, IN | LONG, EFAULT, ENOMEM },
	{ "v4l2_userptr", "V4L2 USERPTR capture", judge_v4l2, IN | LONG | FORCE, EFAULT, 0 },
	{ "process_vm_readv", "process_vm_readv", judge_pages, 0, EFAULT, 0 },
	{ "process_vm_writev", "process_vm_writev", judge_pages, IN, EFAULT, 0 },
	{ "ptrace_peek", "ptrace and /proc/PID/mem, reading", judge_ptrace, FORCE, EIO, 0 },
	{ "ptrace_poke", "ptrace and /proc/PID/mem, writing", judge_ptrace, IN | FORCE, EIO, 0 },
	{ "futex", "shared futex", judge_futex, IN, EFAULT, 0 },
	{ "dma_buf", "dma-buf export", judge_dmabuf, 0, 0, 0 },
	{ "fork", "passed on by fork", judge_fork, 0, 0, 0 },
	{ "core_dump", "in core dumps", judge_core_dump, 0, 0, 0 },
	{ "stay", "stays in memory", judge_stay, 0, 0, 0 },
	{ "mlock", "mlock", judge_mlock, 0, 0, ENOMEM },
};

const size_t use_count = sizeof(uses) / sizeof(uses[0]);

void use_judge(const struct use *use, const struct mapping *mapping, struct verdict *verdict)
{
	*verdict = (struct verdict){ 0 };
	if (!*mapping->vma.flags && mapping->kind != KIND_VSYSCALL) {
		verdict_say(verdict, DEPENDS, 0, "the kernel tells no flags of it");
		return;
	}
	use->judge(use, mapping, verdict);
}
