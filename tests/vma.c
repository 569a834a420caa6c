// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of the mm layer on mappings: fork, unmap, protect, move, advise, lock.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <linux/mman.h>

#include "table.h"

/* Whether writing to @p would kill: tried in a child. */
static int poke(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

static bool writable(void *p)
{
	return reap(spawn(poke, p)) == 0;
}

static int peek(void *arg)
{
	return *(volatile char *)arg & 0;
}

static bool readable(void *p)
{
	return reap(spawn(peek, p)) == 0;
}

static int child_of_fork(void *arg)
{
	struct subject *s = arg;

	if (!intact(s))
		return 1;
	s->mem[5 * PAGE]++;
	return 0;
}

static const char *do_fork(struct subject *s, long arg)
{
	(void)arg;
	if (reap(spawn(child_of_fork, s)))
		return "differs in the child";
	s->mem[5 * PAGE]--;
	return intact(s) ? "shared" : "not shared";
}

static const char *unmap_part(struct subject *s, long arg)
{
	char *hole = s->mem + 3 * PAGE;

	(void)arg;
	if (munmap(hole, 2 * PAGE))
		return outcome(-1, "");
	if (readable(hole) || get_info(s->fd).mappings != 2)
		return "still there";
	/* Closed again with the same pages, so that all can be compared. */
	if (mmap(hole, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, s->fd,
		 3 * PAGE) != hole)
		return outcome(-1, "");
	return intact(s) ? "works" : "lost";
}

static const char *protect(struct subject *s, long arg)
{
	char *part = s->mem + 7 * PAGE;

	(void)arg;
	if (mprotect(part, 3 * PAGE, PROT_READ))
		return outcome(-1, "");
	if (writable(part) || !writable(s->mem) || !readable(part))
		return "not obeyed";
	s->mem[0] = pattern_byte(0);
	if (mprotect(part, 3 * PAGE, PROT_READ | PROT_WRITE) || !writable(part))
		return "not undone";
	*part = pattern_byte(7 * PAGE);
	return intact(s) ? "works" : "lost";
}

static const char *protect_exec(struct subject *s, long arg)
{
	(void)arg;
	return outcome(mprotect(s->mem, PAGE, PROT_READ | PROT_EXEC), "executable");
}

static const char *map_exec(struct subject *s, long arg)
{
	void *mem = mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, s->fd, 0);

	(void)arg;
	return outcome((long)mem, "executable");
}

static const char *move(struct subject *s, long arg)
{
	char *to = mmap(NULL, SIZE + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *old = s->mem;

	/* @arg: how far off a 2 MiB boundary it lands. */
	to = (char *)(((uintptr_t)to + HUGE - 1) & ~(HUGE - 1)) + arg;
	s->mem = mremap(old, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (s->mem == MAP_FAILED)
		return outcome(-1, "");
	return !readable(old) && intact(s) ? "works" : "lost";
}

static const char *grow(struct subject *s, long arg)
{
	(void)arg;
	return outcome((long)mremap(s->mem, SIZE, 2 * SIZE, MREMAP_MAYMOVE), "grown");
}

static const char *shrink(struct subject *s, long arg)
{
	(void)arg;
	if (mremap(s->mem, SIZE, SIZE / 2 - PAGE, 0) != s->mem)
		return outcome(-1, "");
	return !readable(s->mem + SIZE / 2 - PAGE) && readable(s->mem) ? "works" : "wrong";
}

static const char *duplicate(struct subject *s, long arg)
{
	return outcome((long)mremap(s->mem, arg ? SIZE : 0, SIZE,
				    MREMAP_MAYMOVE | (arg ? MREMAP_DONTUNMAP : 0)), "mapped twice");
}

/* An advice, and then all the bytes are where they were. */
static const char *advise(struct subject *s, long advice)
{
	int ret = madvise(s->mem, SIZE, advice), err = errno;

	if (!intact(s))
		return "lost";
	errno = err;
	return outcome(ret, "works");
}

/* The same on a part that begins and ends within 2 MiB entries. */
static const char *advise_part(struct subject *s, long advice)
{
	int ret = madvise(s->mem + 3 * PAGE, HUGE, advice), err = errno;

	if (!intact(s))
		return "lost";
	errno = err;
	return outcome(ret, "works");
}

static int declare_broken(void *mem)
{
	return madvise((char *)mem + PAGE, PAGE, MADV_HWPOISON) ? errno : 0;
}

/* A page declared broken. The machine loses it for good, the rest stays usable. */
static const char *poison(struct subject *s, long arg)
{
	int ended = reap(spawn(declare_broken, s->mem));

	(void)arg;
	for (size_t i = 2 * PAGE; i < SIZE; i++)
		if (s->mem[i] != pattern_byte(i))
			return "lost";
	if (ended == 128 + SIGBUS)
		return "SIGBUS";
	errno = ended;
	return outcome(ended ? -1 : 0, "works");
}

static const char *dont_fork(struct subject *s, long arg)
{
	(void)arg;
	if (madvise(s->mem, SIZE, MADV_DONTFORK))
		return outcome(-1, "");
	return !readable(s->mem) && intact(s) ? "works" : "inherited";
}

static const char *do_fork_again(struct subject *s, long arg)
{
	(void)arg;
	if (madvise(s->mem, SIZE, MADV_DONTFORK) || madvise(s->mem, SIZE, MADV_DOFORK))
		return outcome(-1, "");
	return readable(s->mem) && intact(s) ? "works" : "lost";
}

static const char *lock(struct subject *s, long arg)
{
	size_t locked;

	(void)arg;
	if (mlock(s->mem, SIZE))
		return outcome(-1, "");
	locked = smaps_bytes(s->mem, "Locked");
	if (munlock(s->mem, SIZE) || !intact(s))
		return "lost";
	return locked ? "works" : "nothing to do";
}

static const char *lock_all(struct subject *s, long arg)
{
	char *mem;

	(void)arg;
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return outcome(-1, "");
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	munlockall();
	if (mem == MAP_FAILED)
		return outcome(-1, "");
	munmap(mem, SIZE);
	return intact(s) ? "works" : "lost";
}

static const char *populate(struct subject *s, long arg)
{
	long before, faults = 0;

	(void)arg;
	munmap(s->mem, SIZE);
	s->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, s->fd, 0);
	if (s->mem == MAP_FAILED)
		return outcome(-1, "");
	before = minor_faults();
	for (size_t i = 0; i < SIZE; i += PAGE)
		faults += !*(volatile char *)(s->mem + i);
	faults += minor_faults() - before;
	if (!intact(s))
		return "lost";
	return faults ? "faults later" : "works";
}

/* MAP_PRIVATE: writes stay here, what is not written to shows the buffer. */
static const char *private(struct subject *s, long arg)
{
	char *mine = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, s->fd, 0);
	const char *word = "private";

	(void)arg;
	if (mine == MAP_FAILED)
		return outcome(-1, "");
	for (size_t i = 0; i < SIZE; i++)
		if (mine[i] != pattern_byte(i))
			word = "lost";
	for (size_t i = 0; i < SIZE; i += 3 * PAGE)
		mine[i] = 0;
	if (!intact(s))
		word = "writes through";
	s->mem[PAGE]++;
	if (mine[PAGE] != s->mem[PAGE] || mine[0])
		word = "lost";
	munmap(mine, SIZE);
	return word;
}

/* The first touch of a private mapping is a write. */
static const char *private_write_first(struct subject *s, long arg)
{
	char *mine = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, s->fd, 0);
	const char *word = "private";

	(void)arg;
	if (mine == MAP_FAILED)
		return outcome(-1, "");
	mine[9 * PAGE] = 0;
	if (mine[9 * PAGE + 1] != pattern_byte(9 * PAGE + 1) || mine[9 * PAGE])
		word = "lost";
	if (!intact(s))
		word = "writes through";
	munmap(mine, SIZE);
	return word;
}

/* At an address and an offset that no 2 MiB entry fits. */
static const char *odd(struct subject *s, long arg)
{
	char *area = mmap(NULL, 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at = (char *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1)) + 5 * PAGE;
	size_t offset = 3 * PAGE, len = SIZE - 7 * PAGE;
	const char *word = "works";

	(void)arg;
	if (mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, s->fd, offset) != at)
		return outcome(-1, "");
	for (size_t i = 0; i < len; i++)
		if (at[i] != pattern_byte(offset + i))
			word = "lost";
	munmap(area, 2 * SIZE);
	return word;
}

static const char *fixed_unaligned(struct subject *s, long arg)
{
	(void)arg;
	return outcome((long)mmap(s->mem + 100, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, s->fd, 0),
		       "mapped");
}

static const char *beyond(struct subject *s, long arg)
{
	(void)arg;
	return outcome((long)mmap(NULL, SIZE, PROT_READ, MAP_SHARED, s->fd, PAGE), "mapped");
}

/* The offset's end does not fit 64 bits: the check of 2002 let it through. */
static const char *wrapping(struct subject *s, long arg)
{
	(void)arg;
	return outcome((long)mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, s->fd,
				  0x7ffffffffffff000), "mapped");
}

static int reopen_readonly(struct subject *s)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	return must(open(path, O_RDONLY | O_CLOEXEC));
}

static const char *readonly_map(struct subject *s, long arg)
{
	int fd = reopen_readonly(s);
	void *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	const char *word = outcome((long)mem, "writable");

	(void)arg;
	close(fd);
	return word;
}

static const char *readonly_protect(struct subject *s, long arg)
{
	int fd = reopen_readonly(s);
	char *mem = must(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0));
	const char *word;

	(void)arg;
	check(mem[PAGE] == pattern_byte(PAGE));
	word = outcome(mprotect(mem, SIZE, PROT_READ | PROT_WRITE), "writable");
	munmap(mem, SIZE);
	close(fd);
	return word;
}

static const struct operation operations[] = {
	{ "fork", do_fork, 0, ALL("shared") },
	{ "munmap of a part", unmap_part, 0, ALL("works") },
	{ "mprotect of a part", protect, 0, ALL("works") },
	{ "mprotect(PROT_EXEC)", protect_exec, 0, ALL("EACCES") },
	{ "mmap(PROT_EXEC)", map_exec, 0, ALL("EPERM") },
	{ "mremap, moved", move, 0, ALL("works") },
	{ "mremap, moved to an odd address", move, PAGE, ALL("works") },
	{ "mremap, grown", grow, 0, ALL("EFAULT") },
	{ "mremap, shrunk", shrink, 0, ALL("works") },
	{ "mremap(old size 0)", duplicate, 0, ALL("EFAULT") },
	{ "mremap(MREMAP_DONTUNMAP)", duplicate, 1, ALL("EINVAL") },
	{ "MAP_POPULATE", populate, 0, ALL("works") },
	{ "MAP_PRIVATE, read first", private, 0, BUT_PFN("private", "EINVAL") },
	{ "MAP_PRIVATE, written first", private_write_first, 0, BUT_PFN("private", "EINVAL") },
	{ "MAP_FIXED at odd address and offset", odd, 0, ALL("works") },
	{ "MAP_FIXED, not page-aligned", fixed_unaligned, 0, ALL("EINVAL") },
	{ "mmap beyond the end", beyond, 0, ALL("ENXIO") },
	{ "mmap, offset + length wraps", wrapping, 0, ALL("EOVERFLOW") },
	{ "mmap writable of a read-only descriptor", readonly_map, 0, ALL("EACCES") },
	{ "mprotect writable of a read-only descriptor", readonly_protect, 0, ALL("EACCES") },
	{ "mlock", lock, 0, ALL("nothing to do") },
	{ "mlockall", lock_all, 0, ALL("works") },
	{ "MADV_NORMAL", advise, MADV_NORMAL, ALL("works") },
	{ "MADV_RANDOM", advise, MADV_RANDOM, ALL("works") },
	{ "MADV_SEQUENTIAL", advise, MADV_SEQUENTIAL, ALL("works") },
	{ "MADV_WILLNEED", advise, MADV_WILLNEED, ALL("works") },
	{ "MADV_DONTNEED", advise, MADV_DONTNEED, BUT_PFN("works", "EINVAL") },
	{ "MADV_DONTNEED of a part", advise_part, MADV_DONTNEED, BUT_PFN("works", "EINVAL") },
	{ "MADV_FREE", advise, MADV_FREE, ALL("EINVAL") },
	{ "MADV_REMOVE", advise, MADV_REMOVE, ALL("EOPNOTSUPP") },
	{ "MADV_DONTFORK", dont_fork, 0, ALL("works") },
	{ "MADV_DOFORK, Linux before 7.0", do_fork_again, 0, BUT_PFN("works", "EINVAL"),
	  .before = LINUX(7, 0) },
	{ "MADV_DOFORK, from 7.0 on", do_fork_again, 0, ALL("EINVAL"), .from = LINUX(7, 0) },
	{ "MADV_WIPEONFORK", advise, MADV_WIPEONFORK, ALL("EINVAL") },
	{ "MADV_KEEPONFORK", advise, MADV_KEEPONFORK, ALL("works") },
	{ "MADV_MERGEABLE", advise, MADV_MERGEABLE, ALL("works") },
	{ "MADV_UNMERGEABLE", advise, MADV_UNMERGEABLE, ALL("works") },
	{ "MADV_HUGEPAGE", advise, MADV_HUGEPAGE, ALL("works") },
	{ "MADV_NOHUGEPAGE", advise, MADV_NOHUGEPAGE, ALL("works") },
	{ "MADV_COLLAPSE", advise, 25, ALL("EINVAL") },
	{ "MADV_DONTDUMP", advise, MADV_DONTDUMP, ALL("works") },
	{ "MADV_DODUMP", advise, MADV_DODUMP, ALL("EINVAL") },
	{ "MADV_COLD", advise, MADV_COLD, BUT_PFN("works", "EINVAL") },
	{ "MADV_COLD of a part", advise_part, MADV_COLD, BUT_PFN("works", "EINVAL") },
	{ "MADV_PAGEOUT", advise, MADV_PAGEOUT, BUT_PFN("works", "EINVAL") },
	{ "MADV_PAGEOUT of a part", advise_part, MADV_PAGEOUT, BUT_PFN("works", "EINVAL") },
	{ "MADV_POPULATE_READ, from 5.14 on", advise, MADV_POPULATE_READ,
	  BUT_PFN("works", "EINVAL"), .from = LINUX(5, 14) },
	{ "MADV_POPULATE_WRITE, from 5.14 on", advise, MADV_POPULATE_WRITE,
	  BUT_PFN("works", "EINVAL"), .from = LINUX(5, 14) },
	{ "MADV_SOFT_OFFLINE, Linux 5.10", advise_part, MADV_SOFT_OFFLINE,
	  { "EBUSY", "EIO", "EIO", "EFAULT" }, .before = LINUX(5, 11) },
	{ "MADV_SOFT_OFFLINE", advise_part, MADV_SOFT_OFFLINE, BUT_PFN("EIO", "EFAULT"),
	  .from = LINUX(5, 11) },
	{ "MADV_HWPOISON", poison, 0, { "EBUSY", "EBUSY", "EBUSY", "EFAULT" }, true,
	  .before = LINUX(6, 12) },
	{ "MADV_HWPOISON, Linux 6.12", poison, 0, { "SIGBUS", "EBUSY", "EBUSY", "EFAULT" }, true,
	  .from = LINUX(6, 12), .before = LINUX(6, 13) },
	{ "MADV_HWPOISON, Linux 7.x", poison, 0, { "EBUSY", "EBUSY", "EBUSY", "EFAULT" }, true,
	  .from = LINUX(6, 13) },
};

static const struct table table = {
	.title = "Operations on a mapping",
	.columns = &ways_of_mapping,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
