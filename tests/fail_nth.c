// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation, and every copy from and to the program, fails in turn in what
 * allocates nothing by itself: requests, reading and writing, and what the kernel
 * does with a mapping. By the kernel's own fault injection.
 */
#include "hold.h"
#include "sweep.h"

#define SIZE	(2 * MiB + 5 * PAGE)
#define SEED	0x9700000ULL

static int disk, pipes[2];

static void nothing(struct scene *s)
{
	(void)s;
}

static void empty_file(struct scene *s)
{
	s->fd = make_empty(0, 0);
}

static void whole_file(struct scene *s)
{
	s->fd = make_buffer(SIZE, s->backing, s->map);
	write_pattern(s->fd, SIZE, SEED);
}

static void close_file(struct scene *s)
{
	check(get_info(s->fd).mappings == 0 && get_info(s->fd).held == 0);
	close(s->fd);
}

static void still_whole(struct scene *s)
{
	check(file_has_pattern(s->fd, SIZE, SEED));
}

/* --- requests */

static int set_up(struct scene *s)
{
	return setup(s->fd, LEND_SETUP_NODE, LEND_NODE_ANY, 0);
}

static void still_empty(struct scene *s)
{
	check(get_info(s->fd).memory == 0);
}

static int info(struct scene *s)
{
	struct lend_info info = { .size = sizeof(info) };

	return ioctl(s->fd, LEND_IOC_INFO, &info);
}

static int list_runs(struct scene *s)
{
	struct lend_phys_run runs[4];
	struct lend_runs req = {
		.size = sizeof(req), .runs = (uintptr_t)runs, .count = ARRAY_SIZE(runs),
	};

	return ioctl(s->fd, LEND_IOC_RUNS, &req);
}

static int sync_all(struct scene *s)
{
	struct lend_sync req = { .size = sizeof(req), .flags = LEND_SYNC_FOR_CPU, .length = SIZE };

	return ioctl(s->fd, LEND_IOC_SYNC, &req);
}

/* --- bytes: a copy that fails half way has done its first half */

static int read_all(struct scene *s)
{
	static char buf[3 * PAGE];

	for (size_t done = 0; done < 64 * KiB;) {
		ssize_t got = pread(s->fd, buf, sizeof(buf), done);

		if (got < 0)
			return -1;
		check(got && has_pattern(buf, got / 8 * 8, SEED + done / 8));
		done += got / 8 * 8;
	}
	return 0;
}

static int write_all(struct scene *s)
{
	static uint64_t buf[3 * PAGE / 8];

	for (size_t done = 0; done < 64 * KiB;) {
		ssize_t put;

		fill_pattern(buf, sizeof(buf), SEED + done / 8);
		put = pwrite(s->fd, buf, sizeof(buf), done);
		if (put < 0)
			return -1;
		check(put >= 8);
		done += put / 8 * 8;
	}
	return 0;
}

static int empty_by_open(struct scene *s)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

/* --- a mapping */

static void mapped_file(struct scene *s)
{
	whole_file(s);
	s->mem = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0));
	check(has_pattern(s->mem, SIZE, SEED));
}

/* Where a mapping was that was moved away: without memory a part of it may stay. */
static char *moved_from;

static void unmap(struct scene *s)
{
	must(munmap(s->mem, SIZE));
	if (moved_from)
		must(munmap(moved_from, SIZE));
	moved_from = NULL;
	close_file(s);
}

static void still_mapped(struct scene *s)
{
	check(get_info(s->fd).mappings >= 1);
	check(has_pattern(s->mem, SIZE, SEED));
}

/* The kernel says aloud when it has no stack for a process. */
static void to_be_forked(struct scene *s)
{
	write_text("/dev/kmsg", "<4>lend-test: expect page allocation failure|vmalloc error|percpu: allocation failed");
	mapped_file(s);
}

static void forked(struct scene *s)
{
	check(get_info(s->fd).mappings == 1);
	unmap(s);
	write_text("/dev/kmsg", "<4>lend-test: expected");
}

static int copy_by_fork(struct scene *s)
{
	pid_t pid = fork();

	if (!pid)
		_exit(!has_pattern(s->mem, SIZE, SEED));
	if (pid < 0)
		return -1;
	check(reap(pid) == 0);
	return 0;
}

static int move(struct scene *s)
{
	void *place = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *moved;

	if (place == MAP_FAILED)
		return -1;
	moved = mremap(s->mem, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (moved == MAP_FAILED)
		return -1;
	moved_from = s->mem;
	s->mem = moved;
	return 0;
}

static int split(struct scene *s)
{
	return mprotect(s->mem + 3 * PAGE, PAGE, PROT_READ);
}

static int direct_io(struct scene *s)
{
	ssize_t done = pwrite(disk, s->mem + PAGE, 16 * PAGE, 0);

	return done < 0 ? -1 : 0;
}

static int to_pipe(struct scene *s)
{
	struct iovec vec = { s->mem + PAGE, PAGE };
	char page[PAGE];

	if (vmsplice(pipes[1], &vec, 1, 0) < 0)
		return -1;
	for (size_t got = 0; got < PAGE;) {
		ssize_t more = read(pipes[0], page + got, PAGE - got);

		/* What the pipe has is still to be taken. */
		if (more < 0)
			check(errno == EFAULT);
		else
			got += more;
	}
	check(has_pattern(page, PAGE, SEED + PAGE / 8));
	return 0;
}

#define SWEEP(name, before, act, untouched, after) \
	{ name, before, act, untouched, after, {} }
#define EACH_WITH(name, before, act, after) \
	{ name ": folios", before, act, still_mapped, after, { LEND_BACKING_FOLIOS } }, \
	{ name ": pages, insert", before, act, still_mapped, after, \
	  { LEND_BACKING_PAGES, LEND_MAP_INSERT } }
#define EACH(name, act)	EACH_WITH(name, mapped_file, act, unmap)

static struct sweep sweeps[] = {
	SWEEP("LEND_IOC_SETUP", empty_file, set_up, still_empty, close_file),
	SWEEP("LEND_IOC_INFO", whole_file, info, still_whole, close_file),
	SWEEP("LEND_IOC_RUNS", whole_file, list_runs, still_whole, close_file),
	SWEEP("LEND_IOC_SYNC", whole_file, sync_all, still_whole, close_file),
	SWEEP("read", whole_file, read_all, still_whole, close_file),
	SWEEP("write", whole_file, write_all, still_whole, close_file),
	SWEEP("open with O_TRUNC", whole_file, empty_by_open, nothing, close_file),
	EACH_WITH("fork", to_be_forked, copy_by_fork, forked),
	EACH("mremap", move),
	EACH("mprotect of a part", split),
	EACH("direct I/O", direct_io),
	EACH("vmsplice", to_pipe),
};

static int begin(void **state)
{
	disk = must(open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC));
	must(pipe2(pipes, O_CLOEXEC));
	return sweep_set_up(state);
}

static int end(void **state)
{
	close(pipes[0]);
	close(pipes[1]);
	close(disk);
	return sweep_tear_down(state);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(sweeps)];

	for (size_t i = 0; i < ARRAY_SIZE(sweeps); i++)
		tests[i] = (struct CMUnitTest){ sweeps[i].name, sweep_nth, NULL, NULL, &sweeps[i] };
	return run_able("fail_nth", tests, ARRAY_SIZE(sweeps), begin, end);
}
