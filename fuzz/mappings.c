// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings: made, changed, taken away.
 */
#include <string.h>
#include <sys/mman.h>

#include "calls.h"

#define MAP_KINDS	(MAP_SHARED | MAP_PRIVATE)	/* and both: MAP_SHARED_VALIDATE */
#define MAP_HARMLESS	(MAP_POPULATE | MAP_NONBLOCK | MAP_NORESERVE | MAP_LOCKED)

enum place { FIXED, ANYWHERE, HINTED, ODDLY };

static bool is_pfn(struct world *w, int buffer)
{
	return atomic_load(&w->common->buffer[buffer].map) == LEND_MAP_PFN;
}

/* Whether there is nothing against it at all. */
static bool proper(struct world *w, const struct descriptor *d, const uint64_t *arg)
{
	uint64_t memory = memory_of(w, d->buffer), pages = (arg[3] + PAGE - 1) / PAGE;
	int kind = arg[5] & MAP_KINDS;

	if (!arg[3] || arg[3] > memory || arg[2] % PAGE || arg[2] > memory ||
	    pages > (memory - arg[2]) / PAGE)
		return false;
	if (arg[4] & ~(uint64_t)(PROT_READ | PROT_WRITE) || !readable(d))
		return false;
	if ((kind != MAP_SHARED && kind != MAP_PRIVATE) || arg[5] & ~(MAP_KINDS | MAP_HARMLESS))
		return false;
	if (kind == MAP_SHARED && arg[4] & PROT_WRITE && !writable(d))
		return false;
	if (kind == MAP_PRIVATE && is_pfn(w, d->buffer))
		return false;
	return arg[6] != ODDLY && (w->root || !(arg[5] & MAP_LOCKED));
}

/* What it may not be, once it is. */
static void check_mapped(struct world *w, const struct descriptor *d, const uint64_t *arg)
{
	uint64_t memory = memory_of(w, d->buffer);

	if (arg[4] & PROT_EXEC)
		wrong(w, "an executable mapping");
	if (!readable(d))
		wrong(w, "a mapping of a descriptor that cannot be read");
	if ((arg[5] & MAP_KINDS) != MAP_PRIVATE && arg[4] & PROT_WRITE && !writable(d))
		wrong(w, "a writable mapping of a descriptor for reading");
	if ((arg[5] & MAP_KINDS) == MAP_PRIVATE && is_pfn(w, d->buffer))
		wrong(w, "a private mapping by page frame number");
	/* Of a file that another process fills, the size is known last. */
	if ((memory || alone(w)) && (arg[2] > memory || arg[3] > memory - arg[2]))
		wrong(w, "a mapping of %#llx at %#llx, beyond the end",
		      (unsigned long long)arg[3], (unsigned long long)arg[2]);
}

/* map fd offset length prot flags place */
void call_mmap(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = &w->fd[arg[1]];
	struct mapping *m = &w->map[arg[0]];
	int flags = arg[5] & ~(uint64_t)(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS |
					 MAP_GROWSDOWN | MAP_32BIT);
	char *at = window(w, arg[0]), *addr;
	bool fixed = arg[6] == FIXED || arg[6] == ODDLY;

	/* A dma-buf that came by a socket beside others may be of any file. */
	if (d->face == CLOSED || d->buffer < 0)
		return;
	if (d->face == LEND_FILE)
		know_buffer(w, d->fd);
	drop_mapping(w, arg[0]);
	/* What is fixed takes away what is there before it fails. */
	if (arg[3] > WINDOW)
		fixed = false;
	if (fixed)
		flags |= MAP_FIXED;
	if (arg[6] == ANYWHERE || !(fixed || arg[6] == HINTED))
		at = NULL;
	else if (arg[6] == ODDLY)
		at += 12;
	addr = mmap(at, arg[3], arg[4], flags, d->fd, arg[2]);
	if (addr == MAP_FAILED) {
		int error = errno;

		reserve(window(w, arg[0]), WINDOW);
		errno = error;
		may(w, -1, EINVAL, EACCES, EPERM, ENXIO, ENOMEM, EOVERFLOW, EOPNOTSUPP, EAGAIN,
		    ENODEV);
		if (d->buffer >= 0 && alone(w) && proper(w, d, arg))
			wrong(w, "refused: %s", strerror(error));
		return;
	}
	if (d->face == LEND_FILE)
		know_buffer(w, d->fd);
	check_mapped(w, d, arg);
	m->base = addr;
	m->nr = (arg[3] + PAGE - 1) / PAGE;
	m->offset = arg[2];
	m->buffer = d->buffer;
	m->shared = (arg[5] & MAP_KINDS) != MAP_PRIVATE;
	m->may_write = !m->shared || writable(d);
	set_pages(m, 0, m->nr, 0xff, PAGE_LENT | (arg[4] & (PROT_READ | PROT_WRITE)));
}

/* map from length */
void call_munmap(struct world *w, const uint64_t *arg)
{
	struct span s;
	int ret;

	if (!span_of(w, arg[0], arg[1], arg[2], &s))
		return;
	ret = munmap(s.addr, s.length);
	may(w, ret, EINVAL);
	if (!ret != s.proper)
		wrong(w, "munmap: %s", ret ? strerror(errno) : "succeeded");
	if (ret)
		return;
	reserve(s.addr, s.nr * PAGE);
	set_pages(s.m, s.first, s.nr, 0xff, 0);
}

/* map from length prot */
void call_mprotect(struct world *w, const uint64_t *arg)
{
	uint64_t known = PROT_READ | PROT_WRITE | PROT_EXEC;
	struct span s;
	bool refused;
	int ret;

	if (!span_of(w, arg[0], arg[1], arg[2], &s))
		return;
	ret = mprotect(s.addr, s.length, arg[3]);
	may(w, ret, EINVAL, EACCES, ENOMEM);
	if (!s.nr)
		return;
	refused = any_lent(&s) && (arg[3] & PROT_EXEC || (arg[3] & PROT_WRITE && !s.m->may_write));
	if (!ret && refused)
		wrong(w, "a mapping became %s", arg[3] & PROT_EXEC ? "executable" : "writable");
	if (ret && !refused && s.proper && !(arg[3] & ~known) && none_has(&s, PAGE_UNSURE))
		wrong(w, "refused: %s", strerror(errno));
	/* What came before the part that was refused has changed. */
	if (ret)
		set_pages(s.m, s.first, s.nr, 0, PAGE_UNSURE);
	else
		set_pages(s.m, s.first, s.nr, known, arg[3] & known);
}

/* The part [first, first + nr) of @m lies at @addr now, in another slot. */
static void moved(struct world *w, struct mapping *m, size_t first, size_t nr,
		  unsigned int slot, char *addr)
{
	struct mapping *to = &w->map[slot];

	to->base = addr;
	to->nr = nr;
	to->offset = m->offset + first * PAGE;
	to->buffer = m->buffer;
	to->shared = m->shared;
	to->may_write = m->may_write;
	memcpy(to->page, m->page + first, nr);
}

/* map from old new flags to */
void call_mremap(struct world *w, const uint64_t *arg)
{
	bool fixed = arg[4] & MREMAP_FIXED;
	uint64_t length = arg[3];
	size_t nr = (length + PAGE - 1) / PAGE;
	char *to = window(w, arg[5]), *addr;
	struct span s;

	if (!span_of(w, arg[0], arg[1], arg[2], &s) || !all_have(&s, PAGE_LENT))
		return;
	/* Other memory of ours must stay what it is, and where. */
	if (fixed && (arg[0] == arg[5] || !length || length > WINDOW))
		return;
	if (length > WINDOW && (arg[4] & ~(uint64_t)MREMAP_MAYMOVE))
		return;
	if (fixed)
		drop_mapping(w, arg[5]);
	addr = mremap(s.addr, s.length, length, (int)arg[4], to);
	if (addr == MAP_FAILED) {
		may(w, -1, EINVAL, EFAULT, ENOMEM, EAGAIN);
		if (fixed)
			reserve(to, WINDOW);
		set_pages(s.m, s.first, s.nr, 0, PAGE_UNSURE);
		return;
	}
	if (nr > s.nr)
		wrong(w, "a mapping has grown from %zu pages to %zu", s.nr, nr);
	if (arg[4] & MREMAP_DONTUNMAP)
		wrong(w, "mapped in two places");
	reserve(s.addr + nr * PAGE, (s.nr - nr) * PAGE);
	if (addr != s.addr) {
		moved(w, s.m, s.first, nr, arg[5], addr);
		reserve(s.addr, nr * PAGE);
		nr = 0;
	}
	set_pages(s.m, s.first + nr, s.nr - nr, 0xff, 0);
}

/* map from length advice */
void call_madvise(struct world *w, const uint64_t *arg)
{
	struct span s;
	int ret;

	/* The administrator's, with MADV_SOFT_OFFLINE: what is declared broken stays so. */
	if (arg[3] == MADV_HWPOISON || arg[3] == 101 ||
	    !span_of(w, arg[0], arg[1], arg[2], &s))
		return;
	ret = madvise(s.addr, s.length, arg[3]);
	may(w, ret, EINVAL, EFAULT, ENOMEM, EACCES, EBADF, EAGAIN, EIO, EOPNOTSUPP, EBUSY, EPERM);
	switch (arg[3]) {
	case MADV_DONTFORK:
		set_pages(s.m, s.first, s.nr, 0, PAGE_NO_FORK);
		break;
	case MADV_DOFORK:
		if (!ret)
			set_pages(s.m, s.first, s.nr, PAGE_NO_FORK, 0);
		break;
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
		if (ret && s.proper && none_has(&s, PAGE_UNSURE))
			wrong(w, "advice is refused: %s", strerror(errno));
		break;
	case MADV_WIPEONFORK:
		if (!ret && any_lent(&s))
			wrong(w, "lent memory is to be wiped");
		break;
	case MADV_DONTNEED:
	case 102:	/* MADV_GUARD_INSTALL, from 6.13 on */
		set_pages(s.m, s.first, s.nr, 0, arg[3] == 102 ? PAGE_UNSURE : 0);
		break;
	}
}

/* map from length flags */
void call_msync(struct world *w, const uint64_t *arg)
{
	struct span s;

	if (span_of(w, arg[0], arg[1], arg[2], &s))
		may(w, msync(s.addr, s.length, arg[3]), EINVAL, ENOMEM, EBUSY, EIO);
}

/* map from length how */
void call_mlock(struct world *w, const uint64_t *arg)
{
	struct span s;
	int ret;

	if (!span_of(w, arg[0], arg[1], arg[2], &s))
		return;
	if (arg[3] == 0)
		ret = munlock(s.addr, s.length);
	else
		ret = mlock2(s.addr, s.length, (int)arg[3] - 1);
	may(w, ret, EINVAL, ENOMEM, EAGAIN, EPERM);
}
