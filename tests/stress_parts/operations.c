// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations. Whoever writes writes the pattern, so that it stays whatever the
 * order; each takes and gives back on its own.
 */
#include <signal.h>
#include <sys/uio.h>

#include "maker.h"
#include "arena.h"

#define STEP	(5 * PAGE + 64)
#define IN_COMMON	NAME "-common"

/* --- contents */

/* Of two who write the same, one zero at first, bytes of both may be seen. */
static void check_word(const struct worker *w, uint64_t value, size_t offset)
{
	uint64_t pattern = SEED + offset / 8;

	if (value == pattern)
		return;
	for (int shift = 0; shift < 64 && w->pair & (SIZES | ZEROES); shift += 8) {
		uint64_t byte = value >> shift & 0xff;

		if (byte && byte != (pattern >> shift & 0xff))
			break;
		if (shift == 56)
			return;
	}
	failed("%lx at %#zx instead of %lx", value, offset, pattern);
}

static void check_words(const struct worker *w, const uint64_t *word, size_t length, size_t offset)
{
	for (size_t i = 0; i < length / 8; i++)
		check_word(w, word[i], offset + 8 * i);
}

/* A call that gave -1: is this errno what the other's operation leads to? */
static bool is_due(const struct worker *w, int error)
{
	if (w->pair & SIZES && (error == ENXIO || error == ENODATA || error == ENOSPC))
		return true;
	return w->pair & REVOKES && (error == ENODEV || error == EFAULT);
}

static void must_be_due(const struct worker *w, const char *what)
{
	if (!is_due(w, errno))
		failed("%s: %s", what, strerror(errno));
}

void write_content(struct worker *w)
{
	uint64_t words[4096];

	for (size_t done = 0; done < w->size;) {
		size_t want = w->size - done < sizeof(words) ? w->size - done : sizeof(words);
		ssize_t put;

		fill_pattern(words, want, SEED + done / 8);
		put = pwrite(w->fd, words, want, done);
		if (put < 0)
			return must_be_due(w, "write");
		check((size_t)put == want);
		done += put;
	}
}

void check_content(struct worker *w)
{
	uint64_t words[4096];

	for (size_t done = 0; done < w->size;) {
		ssize_t got = pread(w->fd, words, sizeof(words), done);

		if (got < 0)
			return must_be_due(w, "read");
		if (!got) {
			check(w->pair & SIZES);
			return;
		}
		check_words(w, words, got, done);
		done += got;
	}
}

/* --- mappings */

static _Thread_local sigjmp_buf cut;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(cut, 1);
}

void catch_sigbus(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	must(sigaction(SIGBUS, &action, NULL));
}

/* Reads and writes words of it here and there. */
static void touch(struct worker *w, char *mem, size_t from, size_t to)
{
	if (sigsetjmp(cut, 1)) {
		check(w->pair & REVOKES);
		return;
	}
	for (size_t at = from; at < to; at += STEP) {
		volatile uint64_t *word = (uint64_t *)(mem + at);

		check_word(w, *word, at);
		*word = SEED + at / 8;
	}
}

/* NULL if there is nothing to map, or not any more. */
static char *map(struct worker *w, int flags)
{
	char *mem = mmap(NULL, w->size, PROT_READ | PROT_WRITE, flags, w->fd, 0);

	if (mem != MAP_FAILED)
		return mem;
	must_be_due(w, "mmap");
	return NULL;
}

/* The one that both use, or one of its own. */
static char *borrow(struct worker *w)
{
	return w->common ? w->common : map(w, MAP_SHARED);
}

static void give_back(struct worker *w, char *mem)
{
	if (mem != w->common)
		must(munmap(mem, w->size));
}

static void map_shared(struct worker *w)
{
	char *mem = map(w, MAP_SHARED);

	if (!mem)
		return;
	touch(w, mem, 0, w->size);
	must(munmap(mem, w->size));
}

static void map_private(struct worker *w)
{
	char *mem;

	if (w->map == LEND_MAP_PFN)
		return;
	mem = map(w, MAP_PRIVATE);
	if (!mem)
		return;
	touch(w, mem, 0, w->size);
	must(munmap(mem, w->size));
}

static void split(struct worker *w)
{
	char *mem = map(w, MAP_SHARED);

	if (!mem)
		return;
	touch(w, mem, 0, w->size);
	must(mprotect(mem + 5 * PAGE, PAGE, PROT_READ));
	must(munmap(mem + 2 * PAGE, PAGE));
	touch(w, mem, 6 * PAGE, w->size);
	must(munmap(mem, w->size));
}

static void move(struct worker *w)
{
	char *place, *mem = map(w, MAP_SHARED);

	if (!mem)
		return;
	touch(w, mem, 0, w->size);
	place = must(mmap(NULL, w->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(mremap(mem, w->size, w->size, MREMAP_MAYMOVE | MREMAP_FIXED, place));
	touch(w, place, 0, w->size);
	must(munmap(place, w->size));
}

static void copy_by_fork(struct worker *w)
{
	char *mem = borrow(w);
	int status;
	pid_t pid;

	if (!mem)
		return;
	touch(w, mem, 0, w->size);
	pid = must(fork());
	if (!pid) {
		touch(w, mem, 0, w->size);
		_exit(0);
	}
	check(must(waitpid(pid, &status, 0)) == pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	give_back(w, mem);
}

static void advise(struct worker *w)
{
	char *mem = borrow(w);

	if (!mem)
		return;
	touch(w, mem, 0, w->size);
	must(madvise(mem, w->size, MADV_RANDOM));
	if (w->map == LEND_MAP_PFN)
		must_fail(madvise(mem, w->size, MADV_DONTNEED), EINVAL);
	else
		must(madvise(mem, w->size, MADV_DONTNEED));
	touch(w, mem, 0, w->size);
	must(madvise(mem, w->size, MADV_NORMAL));
	give_back(w, mem);
}

/* --- pins: a pipe, a disk that reads, a disk that writes */

static void pin_all(struct worker *w, char *mem)
{
	struct iovec vec = { mem + PAGE, PAGE };
	size_t length = 4 * PAGE;
	uint64_t words[512];

	if (vmsplice(w->pipes[1], &vec, 1, 0) < 0)
		return must_be_due(w, "vmsplice");
	check(must(read(w->pipes[0], words, PAGE)) == (ssize_t)PAGE);
	check_words(w, words, PAGE, PAGE);

	for (int write = 1; write >= 0; write--) {
		ssize_t done = write ? pwrite(w->disk, mem, length, w->id * MiB) :
				       pread(w->disk, mem, length, w->id * MiB);

		if (done < 0)
			return must_be_due(w, "direct I/O");
		if (w->pair & REVOKES && (size_t)done < length)
			return;
		check((size_t)done == length);
	}
}

static void pin(struct worker *w)
{
	char *mem = borrow(w);

	if (!mem)
		return;
	if (w->map == LEND_MAP_PFN)
		must_fail(pwrite(w->disk, mem, PAGE, w->id * MiB), EFAULT);
	else
		pin_all(w, mem);
	give_back(w, mem);
}

static void export_it(struct worker *w)
{
	struct lend_dmabuf req = { .size = sizeof(req), .flags = O_RDWR | O_CLOEXEC };
	int dmabuf = ioctl(w->fd, LEND_IOC_DMABUF, &req);
	char *mem;

	if (dmabuf < 0)
		return must_be_due(w, "export");
	mem = mmap(NULL, w->size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	close(dmabuf);
	if (mem == MAP_FAILED)
		return must_be_due(w, "mmap of a dma-buf");
	touch(w, mem, 0, w->size);
	must(munmap(mem, w->size));
}

/* --- names and sizes */

static void create(struct worker *w)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), NAME "-new-%d", w->id);
	fd = must(open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
	must(ftruncate(fd, 3 * PAGE));
	must(unlink(path));
	close(fd);
}

/* Of one name, which is there or not, and one file, which either gives its size. */
static void create_in_common(struct worker *w)
{
	int fd = open(IN_COMMON, O_CREAT | O_RDWR | O_CLOEXEC | (w->id ? O_EXCL : 0), 0600);
	char *mem;

	if (fd < 0) {
		check(w->id && errno == EEXIST);
		fd = open(IN_COMMON, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0) {
		check(errno == ENOENT);
		return;
	}
	must(ftruncate(fd, 3 * PAGE));
	mem = map_buffer(fd, 3 * PAGE);
	mem[2 * PAGE] = 1;
	check(!mem[PAGE]);
	check(!unlink(IN_COMMON) || errno == ENOENT);
	check(mem[2 * PAGE] == 1);
	must(munmap(mem, 3 * PAGE));
	close(fd);
}

static void rename_and_unlink(struct worker *w)
{
	char path[64], other[64];

	snprintf(path, sizeof(path), NAME "-link-%d", w->id);
	snprintf(other, sizeof(other), NAME "-renamed-%d", w->id);
	must(link(NAME, path));
	must(rename(path, other));
	must(unlink(other));
}

static void size(struct worker *w)
{
	if (w->id)
		must(fallocate(w->fd, 0, 0, w->size));
	else
		must(ftruncate(w->fd, w->size));
	must_fail(ftruncate(w->fd, w->size + PAGE), EBUSY);
}

static void truncate_to_zeroes(struct worker *w)
{
	(void)w;
	close(must(open(NAME, O_RDWR | O_TRUNC | O_CLOEXEC)));
}

/* --- requests */

static void set_up(struct worker *w)
{
	struct lend_setup req = {
		.size = sizeof(req), .flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = w->backing, .map = w->map,
	};

	if (ioctl(w->fd, LEND_IOC_SETUP, &req))
		check(errno == EBUSY);
	else
		check(w->pair & SIZES);
}

static void info(struct worker *w)
{
	struct lend_info info = get_info(w->fd);

	check(info.backing == w->backing);
	if (!info.runs) {
		check(w->pair & SIZES);
		return;
	}
	check(info.memory == (w->size + PAGE - 1) / PAGE * PAGE);
	check(info.longest && info.longest <= info.memory);
	check(info.map == w->map);
}

static void list_runs(struct worker *w)
{
	struct lend_phys_run runs[16];
	struct lend_runs req = { .size = sizeof(req), .runs = (uintptr_t)runs };
	uint64_t at = 0;

	do {
		req.count = ARRAY_SIZE(runs);
		if (ioctl(w->fd, LEND_IOC_RUNS, &req))
			return must_be_due(w, "LEND_IOC_RUNS");
		for (unsigned int i = 0; i < req.count; i++) {
			check(runs[i].offset == at && runs[i].length);
			at += runs[i].length;
		}
		check(req.offset == at);
	} while (req.count);
	check(at >= w->size || (w->pair & SIZES && !at));
}

static void sync_range(struct worker *w)
{
	struct lend_sync req = {
		.size = sizeof(req), .flags = LEND_SYNC_FOR_CPU, .offset = PAGE, .length = PAGE,
	};
	char *mem;

	if (ioctl(w->fd, LEND_IOC_SYNC, &req))
		must_be_due(w, "LEND_IOC_SYNC");
	must(fsync(w->fd));
	mem = borrow(w);
	if (!mem)
		return;
	must(msync(mem + PAGE, PAGE, MS_SYNC));
	give_back(w, mem);
}

static void cut_off(struct worker *w)
{
	int maker = open_maker();

	if (ask(maker, MAKER_FROM_FD, .fd = w->fd, .flags = true))
		must_be_due(w, "lend_from_fd");
	else if (w->map == LEND_MAP_FAULT)
		must(ask(maker, MAKER_REVOKE));
	else
		must_fail(ask(maker, MAKER_REVOKE), EOPNOTSUPP);
	close(maker);
}

const struct operation operations[] = {
	{ "create", create, 0 },
	{ "create in common", create_in_common, 0 },
	{ "map", map_shared, 0 },
	{ "map private", map_private, 0 },
	{ "split", split, 0 },
	{ "move", move, 0 },
	{ "fork", copy_by_fork, 0 },
	{ "advise", advise, 0 },
	{ "pin", pin, 0 },
	{ "export", export_it, 0 },
	{ "link and unlink", rename_and_unlink, 0 },
	{ "read", check_content, 0 },
	{ "write", write_content, 0 },
	{ "info", info, 0 },
	{ "runs", list_runs, 0 },
	{ "sync", sync_range, 0 },
	{ "set up", set_up, 0 },
	{ "truncate", truncate_to_zeroes, ZEROES },
	{ "size", size, SIZES },
	{ "revoke", cut_off, REVOKES },
};

const unsigned int nr_operations = ARRAY_SIZE(operations);
