// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver takes memory of the calling program: any range that the program may use
 * like that, and what it cannot have it leaves as it was.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "maker.h"
#include "system.h"

#define SIZE	(4 * MiB)
#define SEED	0x05e40000ULL

/* Pages pinned now, by anybody. */
static int64_t pinned(void)
{
	/* Processors count for themselves for a while. */
	write_text("/proc/sys/vm/stat_refresh", "1");
	return vmstat("nr_foll_pin_acquired") - vmstat("nr_foll_pin_released");
}

/* --- kinds of memory */

static void *small_pages(void)
{
	void *mem = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(madvise(mem, SIZE, MADV_NOHUGEPAGE));
	return mem;
}

static void *huge_pages(void)
{
	char *mem = must(mmap(NULL, SIZE + HUGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char *aligned = (char *)(((uintptr_t)mem + HUGE - 1) & ~(HUGE - 1));

	if (aligned > mem)
		must(munmap(mem, aligned - mem));
	must(munmap(aligned + SIZE, mem + HUGE - aligned));
	must(madvise(aligned, SIZE, MADV_HUGEPAGE));
	memset(aligned, 0, SIZE);
	assert_int_equal(smaps_bytes(aligned, "AnonHugePages"), SIZE);
	return aligned;
}

static void *of_file(int fd, int flags)
{
	void *mem = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags, fd, 0));

	close(fd);
	return mem;
}

static int memfd(void)
{
	int fd = must(memfd_create("user", MFD_CLOEXEC));

	must(ftruncate(fd, SIZE));
	return fd;
}

static void *shared_file(void)
{
	return of_file(memfd(), MAP_SHARED);
}

static void *private_file(void)
{
	return of_file(memfd(), MAP_PRIVATE);
}

static void *lent_huge(void)
{
	return of_file(make_buffer(SIZE, LEND_BACKING_FOLIOS, 0), MAP_SHARED);
}

static void *lent_single(void)
{
	return of_file(make_buffer(SIZE, LEND_BACKING_PAGES, 0), MAP_SHARED);
}

/* Whoever wants huge pages of it gets none: a pin takes a copy, which is of single pages. */
static void *lent_private(void)
{
	void *mem = of_file(make_buffer(SIZE, LEND_BACKING_FOLIOS, 0), MAP_PRIVATE);

	must(madvise(mem, SIZE, MADV_HUGEPAGE));
	return mem;
}

static void *(*const kinds[])(void) = {
	small_pages, huge_pages, shared_file, private_file, lent_huge, lent_single, lent_private,
};

static const struct range { size_t offset, length; } ranges[] = {
	{ 0, SIZE }, { 1, 1 }, { PAGE - 1, 2 }, { 7, 3 * PAGE }, { HUGE - 13, 2 * PAGE + 27 },
	{ SIZE - 1, 1 }, { 5 * PAGE, PAGE },
};

/* What the driver writes is in the program's memory, and nothing around it is touched. */
static void driver_writes(void **state)
{
	char *model = malloc(SIZE), *data = malloc(SIZE);
	int64_t before = pinned();

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		char *mem = kinds[k]();

		fill_pattern(mem, SIZE, SEED);
		fill_pattern(model, SIZE, SEED);
		for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
			const struct range *r = &ranges[i];
			int maker = take_memory(mem + r->offset, r->length, true);
			struct maker m = {};

			must(ioctl(maker, MAKER_SIZE, &m));
			assert_int_equal(m.value, r->length);
			memset(data, 'a' + i, r->length);
			driver_write(maker, data, 0, r->length);
			memset(model + r->offset, 'a' + i, r->length);
			assert_memory_equal(mem, model, SIZE);
			close(maker);
		}
		must(munmap(mem, SIZE));
	}
	assert_int_equal(pinned(), before);
	free(model);
	free(data);
}

/*
 * What the program writes afterwards the driver sees, though it pinned for reading:
 * no copy on write comes between them, and no page that was never touched.
 */
static void program_writes(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		char *mem = kinds[k]();
		int maker = take_memory(mem, SIZE, false);

		fill_pattern(mem, SIZE, SEED);
		if (!driver_has_pattern(maker, SIZE, SEED))
			failed("kind %zu: what was written is not seen", k);
		close(maker);
		must(munmap(mem, SIZE));
	}
}

static int child_writes(void *arg)
{
	memset(arg, 0xee, SIZE);
	return 0;
}

/* After a fork, program and driver still share; the child has its copy. */
static void fork_between(void **state)
{
	char *mem = small_pages();
	int maker;

	(void)state;
	fill_pattern(mem, SIZE, SEED);
	maker = take_memory(mem, SIZE, false);
	assert_int_equal(reap(spawn(child_writes, mem)), 0);
	assert_true(driver_has_pattern(maker, SIZE, SEED));
	fill_pattern(mem, SIZE, ~SEED);
	assert_true(driver_has_pattern(maker, SIZE, ~SEED));
	close(maker);
	must(munmap(mem, SIZE));
}

/* --- what is refused, and then nothing stays pinned */

static void refuse(int maker, const void *mem, size_t length, bool write, int error)
{
	int64_t before = geteuid() ? 0 : pinned();

	errno = 0;
	if (ask(maker, MAKER_FROM_USER, .addr = (uintptr_t)mem, .length = length, .flags = write) != -1 ||
	    errno != error)
		failed("%p, %zu bytes: %s, expected %s", mem, length, strerror(errno), strerror(error));
	check(geteuid() || pinned() == before);
}

static void refused_ranges(void **state)
{
	int maker = open_maker(), pfn = make_buffer(SIZE, LEND_BACKING_PAGES, LEND_MAP_PFN);
	char *mem = small_pages(), *lent, *file = shared_file();

	(void)state;
	refuse(maker, mem, 0, true, EINVAL);
	refuse(maker, (char *)-PAGE, 2 * PAGE, true, EOVERFLOW);
	refuse(maker, mem, UINT64_MAX, true, EOVERFLOW);
	refuse(maker, (char *)-PAGE, PAGE, true, EFAULT);
	refuse(maker, (char *)0xffff888000000000, PAGE, true, EFAULT);
	refuse(maker, (char *)0x0010000000000000, PAGE, true, EFAULT);
	refuse(maker, NULL, 1, false, EFAULT);

	/* Unmapped at its end, in its middle; one byte too much is too much. */
	must(munmap(mem + 3 * MiB, PAGE));
	refuse(maker, mem, SIZE, true, EFAULT);
	refuse(maker, mem + 3 * MiB - 10, 11, false, EFAULT);
	close(take_memory(mem + 3 * MiB - 10, 10, true));

	/* Not to be written, or not to be touched at all. */
	must(mprotect(mem + MiB, PAGE, PROT_READ));
	refuse(maker, mem, 2 * MiB, true, EFAULT);
	close(take_memory(mem, 2 * MiB, false));
	must(mprotect(file, SIZE, PROT_READ));
	refuse(maker, file, SIZE, true, EFAULT);
	close(take_memory(file, SIZE, false));
	must(mprotect(mem + MiB, PAGE, PROT_NONE));
	refuse(maker, mem, 2 * MiB, false, EFAULT);

	lent = map_buffer(pfn, SIZE);
	refuse(maker, lent, PAGE, true, EFAULT);
	refuse(maker, lent, PAGE, false, EFAULT);

	must(munmap(lent, SIZE));
	must(munmap(file, SIZE));
	must(munmap(mem, SIZE));
	close(pfn);
	close(maker);
}

static int above_limit(void *arg)
{
	char *mem = small_pages();
	struct rlimit limit = { MiB, MiB };
	int maker;

	(void)arg;
	/* Root may: the limit of old kernels is lower. */
	must(setrlimit(RLIMIT_MEMLOCK, &limit));
	become(NOBODY);
	maker = open_maker();
	refuse(maker, mem, MiB + 1, true, ENOMEM);
	close(take_memory(mem, MiB, true));
	maker = take_memory(mem, MiB, true);
	refuse(open_maker(), mem, 1, true, ENOMEM);
	close(maker);
	close(take_memory(mem, MiB, true));
	return 0;
}

static void counts_against_the_limit(void **state)
{
	int64_t before = pinned();

	(void)state;
	assert_int_equal(reap(spawn(above_limit, NULL)), 0);
	assert_int_equal(pinned(), before);
}

/* What a driver may only read no device may write; nor may other programs have it. */
static void for_one_use_only(void **state)
{
	char *mem = small_pages();
	int maker = take_memory(mem + 100, SIZE - 100, false);

	(void)state;
	must_fail(ask(maker, MAKER_DMA_MAP, .bits = 64, .value = UINT32_MAX, .flags = 0), EACCES);
	must_fail(ask(maker, MAKER_DMA_MAP, .bits = 64, .value = UINT32_MAX, .flags = 2), EACCES);
	must(ask(maker, MAKER_DMA_MAP, .bits = 64, .value = UINT32_MAX, .flags = 1));
	must_fail(ask(maker, MAKER_TO_FD, .flags = O_RDONLY), EOPNOTSUPP);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, 0), ENODEV);
	must_fail(ask(maker, MAKER_REVOKE), EOPNOTSUPP);
	must_fail(ask(maker, MAKER_HOOK, .flags = 1), EMEDIUMTYPE);
	must_fail(ask(maker, MAKER_REMOVE), EMEDIUMTYPE);
	close(maker);
	must(munmap(mem, SIZE));
}

/* The device is told where the program's bytes are, from the first one on. */
static void device_addresses(void **state)
{
	char *mem = huge_pages();
	int maker = take_memory(mem + 100, SIZE - 100, true);
	struct maker m;

	(void)state;
	must(ask(maker, MAKER_DMA_MAP, .bits = 64, .value = UINT32_MAX));
	for (size_t at = 0; at < SIZE - 100; at += 11 * PAGE + 3) {
		m = (struct maker){ .offset = at };
		must(ioctl(maker, MAKER_DMA_ADDR, &m));
		assert_int_equal(m.value, physical(mem + 100 + at));
	}
	m = (struct maker){ .offset = SIZE - 101 };
	must(ioctl(maker, MAKER_DMA_ADDR, &m));
	assert_int_equal(m.left, 1);
	m = (struct maker){ .offset = SIZE - 100 };
	must(ioctl(maker, MAKER_DMA_ADDR, &m));
	assert_int_equal(m.left, 0);
	close(maker);
	must(munmap(mem, SIZE));
}

/* --- the program goes first */

static int take_and_go(void *arg)
{
	char *mem = small_pages();

	fill_pattern(mem, SIZE, SEED);
	must(ask(*(int *)arg, MAKER_FROM_USER, .addr = (uintptr_t)mem + 3, .length = SIZE - 3,
		 .flags = true));
	must(munmap(mem, PAGE));
	return 0;
}

static void outlives_the_program(void **state)
{
	int64_t before = pinned();
	int maker = open_maker();
	char *copy = malloc(SIZE), *model = malloc(SIZE);

	(void)state;
	fill_pattern(model, SIZE, SEED);
	assert_int_equal(reap(spawn(take_and_go, &maker)), 0);
	assert_int_equal(pinned() - before, SIZE / PAGE);
	driver_read(maker, copy + 3, 0, SIZE - 3);
	assert_memory_equal(copy + 3, model + 3, SIZE - 3);
	close(maker);
	assert_int_equal(pinned(), before);
	free(model);
	free(copy);
}

static int take_for_ever(void *arg)
{
	char *mem = small_pages();

	(void)arg;
	for (int i = 0;; i++) {
		close(take_memory(mem + i % PAGE, SIZE - PAGE, i & 1));
		if (i == 3)
			raise(SIGSTOP);
	}
	return 0;
}

static void killed_meanwhile(void **state)
{
	int64_t before = pinned();

	(void)state;
	for (int i = 0; i < 10; i++) {
		pid_t pid = spawn(take_for_ever, NULL);
		int status;

		check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		must(kill(pid, SIGCONT));
		must(kill(pid, SIGKILL));
		assert_int_equal(reap(pid), 128 + SIGKILL);
	}
	wait_for(pinned() == before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(driver_writes),
		cmocka_unit_test(program_writes),
		cmocka_unit_test(fork_between),
		cmocka_unit_test(refused_ranges),
		cmocka_unit_test(counts_against_the_limit),
		cmocka_unit_test(for_one_use_only),
		cmocka_unit_test(device_addresses),
		cmocka_unit_test(outlives_the_program),
		cmocka_unit_test(killed_meanwhile),
	};

	return cmocka_run_group_tests(tests, maker_set_up, maker_tear_down);
}
