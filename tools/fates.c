// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of a mapping: in children, in core dumps, under pressure. */
#include <errno.h>
#include <string.h>
#include "cmd.h"
#include "uses.h"

/* Bits of /proc/PID/coredump_filter, see core(5). */
#define FILTER_ANON_PRIVATE	(1U << 0)
#define FILTER_ANON_SHARED	(1U << 1)
#define FILTER_FILE_PRIVATE	(1U << 2)
#define FILTER_FILE_SHARED	(1U << 3)
#define FILTER_ELF_HEADERS	(1U << 4)
#define FILTER_HUGETLB_PRIVATE	(1U << 5)
#define FILTER_HUGETLB_SHARED	(1U << 6)

static void flag(struct verdict *v, const char *code)
{
	v->flag = code;
	v->flag_set = true;
}

static bool is_deleted(const char *name)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(name);

	return len >= sizeof(deleted) - 1 && !strcmp(name + len - (sizeof(deleted) - 1), deleted);
}

/* As vma_dump_size() of fs/coredump.c decides. */
void judge_core_dump(const struct use *use, const struct mapping *m, struct verdict *v)
{
	unsigned int filter = m->process->filter_known ? m->process->core_filter :
		FILTER_ANON_PRIVATE | FILTER_ANON_SHARED | FILTER_ELF_HEADERS | FILTER_HUGETLB_PRIVATE;
	bool shared = vma_has(&m->vma, "sh");
	bool written = m->vma.anonymous || m->vma.swapped || m->phys.present > m->phys.file;
	unsigned int wanted;

	(void)use;
	if (m->kind == KIND_VDSO || m->kind == KIND_VVAR || m->kind == KIND_VSYSCALL)
		return;
	if (vma_has(&m->vma, "dd")) {
		flag(v, "dd");
		verdict_say(v, FAILS, 0, "it is left out");
		v->instead = vma_has(&m->vma, "de") ? "copy what is to be seen there" :
			"madvise(MADV_DODUMP)";
		return;
	}
	if (m->kind != KIND_HUGETLB && vma_has(&m->vma, "io")) {
		flag(v, "io");
		verdict_say(v, FAILS, 0, "it is left out, as all of devices");
		return;
	}
	if (m->kind == KIND_HUGETLB)
		wanted = shared ? FILTER_HUGETLB_SHARED : FILTER_HUGETLB_PRIVATE;
	else if (shared)
		wanted = is_deleted(m->vma.name) ? FILTER_ANON_SHARED : FILTER_FILE_SHARED;
	else if (written || !vma_has_file(&m->vma))
		wanted = FILTER_ANON_PRIVATE;
	else
		wanted = FILTER_FILE_PRIVATE;
	if (wanted == FILTER_ANON_PRIVATE && !written) {
		verdict_say(v, DEPENDS, 0, "only if something has ever been written to it");
		return;
	}
	if (filter & wanted)
		return;
	if (wanted == FILTER_FILE_PRIVATE && filter & FILTER_ELF_HEADERS && !m->vma.offset) {
		verdict_say(v, DEPENDS, 0, "its first page only, if it looks like a program; all of it "
			    "if it was ever written to");
		return;
	}
	verdict_say(v, FAILS, 0, "/proc/PID/coredump_filter (0x%x) leaves it out", filter);
	v->instead = "set its bit in /proc/PID/coredump_filter, see core(5)";
}

void judge_fork(const struct use *use, const struct mapping *m, struct verdict *v)
{
	(void)use;
	if (vma_has(&m->vma, "dc")) {
		flag(v, "dc");
		verdict_say(v, FAILS, 0, "a child has nothing there");
		v->instead = "madvise(MADV_DOFORK)";
	} else if (vma_has(&m->vma, "wf")) {
		flag(v, "wf");
		verdict_say(v, DEPENDS, 0, "a child finds zeroes there");
	} else if (vma_has(&m->vma, "ms") || !mapping_copies(m)) {
		verdict_say(v, WORKS, 0, "a child shares it");
	} else {
		verdict_say(v, WORKS, 0, "a child gets a copy, made page by page when either writes");
	}
}

/* Is it on no list that reclaim looks at? */
void judge_stay(const struct use *use, const struct mapping *m, struct verdict *v)
{
	(void)use;
	switch (m->kind) {
	case KIND_LEND:
		if (mapping_copies(m)) {
			verdict_say(v, DEPENDS, 0, "the file's pages do; copies that it has written are "
				    "anonymous and may be swapped");
			v->instead = "map it MAP_SHARED";
		} else {
			verdict_say(v, WORKS, 0, "at its physical addresses, until given back");
		}
		return;
	case KIND_HUGETLB:
		verdict_say(v, WORKS, 0, "never swapped, but it may be moved");
		return;
	case KIND_ANONYMOUS:
	case KIND_HEAP:
	case KIND_STACK:
	case KIND_SHMEM:
	case KIND_FILE:
		break;
	default:
		verdict_say(v, WORKS, 0, "reclaim does not know it");
		return;
	}
	if (vma_has(&m->vma, "lo")) {
		flag(v, "lo");
		verdict_say(v, WORKS, 0, "mlock keeps it there, but it may be moved");
		return;
	}
	verdict_say(v, FAILS, 0, m->kind == KIND_FILE ?
		    "it may be written back and dropped, and moved" :
		    "it may be swapped, where there is swap, and moved");
	v->instead = "mlock keeps it in memory, though it may move; lent memory stays where it is";
}

/* As mlock_fixup() of mm/mlock.c decides. */
void judge_mlock(const struct use *use, const struct mapping *m, struct verdict *v)
{
	static const char *const special[] = { "io", "pf", "de", "mm" };
	const struct process *process = m->process;
	size_t i;

	if (m->kind == KIND_VSYSCALL) {
		verdict_say(v, FAILS, ENOMEM, "there is no memory");
		return;
	}
	/* The pages are asked for, whether they are to be locked or not. */
	if (!vma_has(&m->vma, "rd") && !vma_has(&m->vma, "wr") && !vma_has(&m->vma, "ex") &&
	    !vma_has(&m->vma, "io") && !vma_has(&m->vma, "pf")) {
		v->flag = "rd";
		verdict_say(v, FAILS, ENOMEM, "it cannot be touched, so it cannot be filled");
		v->instead = "mprotect(PROT_READ)";
		return;
	}
	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (!vma_has(&m->vma, special[i]))
			continue;
		flag(v, special[i]);
		verdict_say(v, NO_EFFECT, 0, "such mappings are not swapped anyway");
		return;
	}
	if (m->kind == KIND_HUGETLB || m->kind == KIND_SECRET) {
		verdict_say(v, NO_EFFECT, 0, "it is not swapped anyway");
		return;
	}
	if (!process->may_lock && process->memlock < vma_size(&m->vma)) {
		verdict_say(v, process->memlock ? DEPENDS : FAILS,
			    process->memlock ? use->limit_err : EPERM,
			    "the process may lock %s (RLIMIT_MEMLOCK)", human(process->memlock));
		v->instead = "raise \"ulimit -l\", or run with CAP_IPC_LOCK";
	}
}
