// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's own .mmap is lend's: what is mapped by way of the driver's file is a
 * mapping like any of lend, and the driver hears of the first and the last.
 */
#include <signal.h>
#include <sys/syscall.h>

#include "maker.h"

#define SIZE	(4 * MiB)
#define SEED	0x3a90000ULL

static bool named_in_maps(const void *addr, const char *name)
{
	FILE *file = fopen("/proc/self/maps", "re");
	bool named = false;
	char line[512];
	uintptr_t start;

	check(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-", &start) == 1 && start == (uintptr_t)addr)
			named = strstr(line, name);
	fclose(file);
	return named;
}

static int child_sees(void *arg)
{
	char *mem = arg;

	check(has_pattern(mem, SIZE, SEED));
	mem[5 * PAGE] = 'c';
	return 0;
}

static void like_any_other(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int maker = make_drivers(SIZE, backings[b]), fd = to_fd(maker, O_RDWR);
		int disk = must(open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC));
		char *mem = map_driver(maker, SIZE), *other = map_buffer(fd, SIZE), *moved;
		bool huge;

		/* 2 MiB entries need an address that suits, which the driver's file gives. */
		fill_pattern(mem, SIZE, SEED);
		assert_true(has_pattern(other, SIZE, SEED));
		huge = get_info(fd).flags & LEND_INFO_HUGE;
		assert_true(huge || backings[b] != LEND_BACKING_FOLIOS);
		assert_int_equal(smaps_bytes(mem, "FilePmdMapped"), huge ? SIZE : 0);
		assert_true(named_in_maps(mem, "lent-by-driver"));
		assert_int_equal(get_info(fd).mappings, 2);

		check(must(pwrite(disk, mem, SIZE, 0)) == SIZE);
		memset(mem, 0, SIZE);
		check(must(pread(disk, mem, SIZE, 0)) == SIZE);
		assert_int_equal(reap(spawn(child_sees, mem)), 0);
		assert_int_equal(other[5 * PAGE], 'c');

		must(munmap(mem + PAGE, 3 * PAGE));
		assert_int_equal(get_info(fd).mappings, 3);
		moved = must(mremap(mem + HUGE, PAGE, PAGE, MREMAP_MAYMOVE));
		assert_true(has_pattern(moved, PAGE, SEED + HUGE / 8));
		must_fail(mremap(moved, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
		must(munmap(moved, PAGE));
		must(munmap(mem, SIZE));
		must(munmap(other, SIZE));
		/* The kernel gives back what was read into by a worker. */
		wait_for(get_info(fd).held == 0);
		assert_int_equal(get_info(fd).mappings, 0);
		close(disk);
		close(fd);
		close(maker);
	}
}

static void checked(void **state)
{
	int maker = open_maker();
	char *mem;

	(void)state;
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, 0), ENXIO);
	must(ask(maker, MAKER_ALLOC, .length = SIZE - PAGE + 1));
	must_fail(mmap(NULL, SIZE + PAGE, PROT_READ, MAP_SHARED, maker, 0), ENXIO);
	must_fail(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, maker, PAGE), ENXIO);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, SIZE), ENXIO);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, 1UL << 52), ENXIO);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, -PAGE), EOVERFLOW);
	must_fail(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, maker, -PAGE), EOVERFLOW);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, 100), EINVAL);
	must_fail(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, maker, 0), EPERM);
	must_fail(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, maker, 0), EPERM);

	/* The last page, and it cannot become executable. */
	mem = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, maker, SIZE - PAGE));
	mem[PAGE - 1] = 1;
	must_fail(mprotect(mem, PAGE, PROT_READ | PROT_EXEC), EACCES);
	must(munmap(mem, PAGE));
	close(maker);
}

static void private_copies(void **state)
{
	int maker = make_drivers(SIZE, 0);
	char *mem = map_driver(maker, SIZE);
	char *mine = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, maker, 0));

	(void)state;
	fill_pattern(mem, SIZE, SEED);
	assert_true(has_pattern(mine, SIZE, SEED));
	memset(mine + PAGE, 'x', PAGE);
	assert_true(has_pattern(mem, SIZE, SEED));
	assert_true(driver_has_pattern(maker, SIZE, SEED));
	must(munmap(mine, SIZE));
	must(munmap(mem, SIZE));
	close(maker);
}

static void read_only(void **state)
{
	int self = must(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
	int maker = make_drivers(SIZE, 0), other = open_maker();
	char word[8] = "written";
	char *mem, *mine;

	(void)state;
	driver_write(maker, "driver", 0, 6);
	must(ask(maker, MAKER_READONLY));
	must_fail(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, maker, 0), EACCES);
	must_fail(mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, maker, 0), EACCES);
	mem = must(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, maker, 0));
	assert_memory_equal(mem, "driver", 6);
	must_fail(mprotect(mem, PAGE, PROT_READ | PROT_WRITE), EACCES);
	assert_int_equal(probe_write(mem), 128 + SIGSEGV);
	must_fail(pwrite(self, word, 8, (uintptr_t)mem), EIO);
	/* The kernel maps it anew, with the file that the mapping has. */
	must(syscall(SYS_remap_file_pages, mem, PAGE, 0, 0, 0));
	must_fail(mprotect(mem, PAGE, PROT_READ | PROT_WRITE), EACCES);
	must_fail(ask(other, MAKER_FROM_USER, .addr = (uintptr_t)mem, .length = 1, .flags = 1), EFAULT);
	must(ask(other, MAKER_FROM_USER, .addr = (uintptr_t)mem, .length = 1));

	/* A copy is one's own. */
	mine = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, maker, 0));
	memcpy(mine, word, 8);
	assert_memory_equal(mem, "driver", 6);
	must(munmap(mine, SIZE));
	must(munmap(mem, SIZE));
	close(other);
	close(self);
	close(maker);
}

/* --- hooks */

static struct maker_log look(int maker)
{
	struct maker_log log;

	must(ioctl(maker, MAKER_LOG, &log));
	return log;
}

static void heard(int maker, int mapped)
{
	struct maker_log log = look(maker);

	assert_int_equal(log.count, mapped < 0 ? 0 : 1);
	if (mapped >= 0)
		assert_int_equal(log.event[0].mapped, mapped);
}

static void first_and_last(void **state)
{
	int maker = make_drivers(SIZE, 0), fd = to_fd(maker, O_RDWR), other = open_maker();
	char *mem, *second;

	(void)state;
	must(ask(maker, MAKER_HOOK, .flags = 1));
	heard(maker, -1);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, SIZE), ENXIO);
	heard(maker, -1);
	mem = map_driver(maker, SIZE);
	heard(maker, true);
	second = map_buffer(fd, SIZE);
	must(munmap(mem + PAGE, PAGE));
	assert_int_equal(probe_read(mem), 0);
	must(munmap(mem, SIZE));
	heard(maker, -1);
	must(munmap(second, SIZE));
	heard(maker, false);
	mem = map_buffer(fd, PAGE);
	heard(maker, true);

	/* The answer to a sync is the program's; another driver is not let in. */
	must(msync(mem, PAGE, MS_SYNC));
	heard(maker, 2);
	must(ask(maker, MAKER_HOOK, .flags = 0));
	must(munmap(mem, PAGE));
	heard(maker, -1);
	must(ask(other, MAKER_FROM_FD, .fd = fd, .flags = 1));
	must(ask(other, MAKER_HOOK, .flags = 1, .value = -EIO));
	must_fail(ask(maker, MAKER_HOOK, .flags = 1), EBUSY);
	must_fail(fsync(fd), EIO);
	heard(other, 2);
	must(ask(maker, MAKER_HOOK, .flags = 0));	/* not its own: stays */
	must_fail(fsync(fd), EIO);
	must(ask(other, MAKER_HOOK, .flags = 0));
	must(fsync(fd));
	close(other);
	close(fd);
	close(maker);
}

/* Mapped before the driver came: it hears of the end. */
static void late_driver(void **state)
{
	int maker = make_drivers(SIZE, 0);
	char *mem = map_driver(maker, SIZE);

	(void)state;
	must(ask(maker, MAKER_HOOK, .flags = 1));
	heard(maker, -1);
	must(munmap(mem, SIZE));
	heard(maker, false);
	close(maker);
}

static int map_and_fork(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < 300; i++) {
		char *mem = map_buffer(fd, SIZE);
		pid_t pid = 0;

		mem[0] = i;
		if (i % 8 == 0) {
			pid = must(fork());
			if (!pid)
				_exit(munmap(mem + PAGE, PAGE));
			must(munmap(mem + HUGE, PAGE));
		}
		must(munmap(mem, SIZE));
		check(!pid || reap(pid) == 0);
	}
	return 0;
}

/* Processes map, fork and unmap at once: the driver hears first and last in turn. */
static void always_in_turn(void **state)
{
	int maker = make_drivers(SIZE, 0), fd = to_fd(maker, O_RDWR);
	struct maker_log log;
	pid_t pids[2];

	(void)state;
	must(ask(maker, MAKER_HOOK, .flags = 1));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = spawn(map_and_fork, &fd);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		assert_int_equal(reap(pids[i]), 0);
	wait_for(get_info(fd).mappings == 0);
	log = look(maker);
	printf("# %lu calls\n", (unsigned long)log.count);
	assert_true(log.count >= 2);
	assert_int_equal(log.count % 2, 0);
	assert_int_equal(log.disorder, 0);
	close(fd);
	close(maker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(like_any_other),
		cmocka_unit_test(checked),
		cmocka_unit_test(private_copies),
		cmocka_unit_test(read_only),
		cmocka_unit_test(first_and_last),
		cmocka_unit_test(late_driver),
		cmocka_unit_test(always_in_turn),
	};

	return cmocka_run_group_tests(tests, maker_set_up, maker_tear_down);
}
