// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that has hooked itself to a buffer sees exactly the ranges that are
 * synced, and its answer reaches the program.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "modules/lend_driver.h"
#include "kernel.h"

#define SIZE	(4 * MiB + 5 * PAGE + 100)	/* the last page is not full */
#define MAPPED	(4 * MiB + 6 * PAGE)

struct rig {
	int fd, driver;
	char *mem;
};

static int open_driver(void)
{
	return must(open("/dev/lend_driver", O_RDWR | O_CLOEXEC));
}

static struct rig make_rig(uint32_t map)
{
	struct rig rig = { make_buffer(SIZE, 0, map), open_driver(), NULL };

	rig.mem = map_buffer(rig.fd, MAPPED);
	must(ioctl(rig.driver, DRIVER_ATTACH, &rig.fd));
	return rig;
}

static void take_apart(struct rig *rig)
{
	must(munmap(rig->mem, MAPPED));
	close(rig->driver);
	close(rig->fd);
}

static void answer(struct rig *rig, int value)
{
	must(ioctl(rig->driver, DRIVER_ANSWER, &value));
}

/* What the driver saw since the last look. */
static struct driver_log look(struct rig *rig)
{
	struct driver_log log;

	must(ioctl(rig->driver, DRIVER_LOG, &log));
	return log;
}

static void saw(struct rig *rig, uint64_t offset, uint64_t length, uint32_t flags)
{
	struct driver_log log = look(rig);

	assert_int_equal(log.count, 1);
	assert_int_equal(log.sync[0].offset, offset);
	assert_int_equal(log.sync[0].length, length);
	assert_int_equal(log.sync[0].flags, flags);
}

static void saw_nothing(struct rig *rig)
{
	assert_int_equal(look(rig).count, 0);
}

static int do_sync(int fd, uint64_t offset, uint64_t length, uint32_t flags)
{
	struct lend_sync sync = {
		.size = sizeof(sync), .flags = flags, .offset = offset, .length = length,
	};

	return ioctl(fd, LEND_IOC_SYNC, &sync);
}

static void msync_ranges(void **state)
{
	static const struct { size_t offset, length; } ranges[] = {
		{ 0, PAGE }, { 0, 4 * MiB }, { PAGE, 3 * PAGE }, { HUGE - PAGE, 2 * PAGE },
		{ 3 * MiB, MiB + PAGE },
	};

	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(maps); m++) {
		struct rig rig = make_rig(maps[m]);

		for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
			must(msync(rig.mem + ranges[i].offset, ranges[i].length, MS_SYNC));
			saw(&rig, ranges[i].offset, ranges[i].length, LEND_SYNC_FOR_DEVICE);
		}
		/* Whole pages are what msync knows; the end is the file's. */
		must(msync(rig.mem + PAGE, 10, MS_SYNC));
		saw(&rig, PAGE, PAGE, LEND_SYNC_FOR_DEVICE);
		must(msync(rig.mem, MAPPED, MS_SYNC));
		saw(&rig, 0, SIZE, LEND_SYNC_FOR_DEVICE);
		must(msync(rig.mem + MAPPED - PAGE, PAGE, MS_SYNC));
		saw(&rig, MAPPED - PAGE, 100, LEND_SYNC_FOR_DEVICE);
		must(msync(rig.mem, MAPPED, MS_SYNC | MS_INVALIDATE));
		saw(&rig, 0, SIZE, LEND_SYNC_FOR_DEVICE);

		must(msync(rig.mem, MAPPED, MS_ASYNC));
		saw_nothing(&rig);
		must_fail(msync(rig.mem, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
		must_fail(msync(rig.mem + 1, PAGE, MS_SYNC), EINVAL);
		saw_nothing(&rig);
		take_apart(&rig);
	}
}

/* The range is the file's, wherever in it the mapping begins, and however it is cut. */
static void msync_of_parts(void **state)
{
	struct rig rig = make_rig(LEND_MAP_FAULT);
	char *part = must(mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, rig.fd,
			       MiB + 7 * PAGE));
	char *mine = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, rig.fd, 0));
	struct driver_log log;

	(void)state;
	must(msync(part + PAGE, 2 * PAGE, MS_SYNC));
	saw(&rig, MiB + 8 * PAGE, 2 * PAGE, LEND_SYNC_FOR_DEVICE);

	must(mprotect(part + 4 * PAGE, PAGE, PROT_READ));
	must(msync(part, 8 * PAGE, MS_SYNC));
	log = look(&rig);
	assert_int_equal(log.count, 3);
	for (size_t i = 0; i < 3; i++) {
		static const size_t at[] = { 0, 4 * PAGE, 5 * PAGE, 8 * PAGE };

		assert_int_equal(log.sync[i].offset, MiB + 7 * PAGE + at[i]);
		assert_int_equal(log.sync[i].length, at[i + 1] - at[i]);
	}

	/* What is private is nobody else's to see; unmapping says nothing either. */
	mine[0] = 1;
	must(msync(mine, PAGE, MS_SYNC));
	must(munmap(mine, PAGE));
	must(munmap(part, 8 * PAGE));
	saw_nothing(&rig);
	take_apart(&rig);
}

static void fsync_whole(void **state)
{
	struct rig rig = make_rig(0);

	(void)state;
	must(fsync(rig.fd));
	saw(&rig, 0, SIZE, LEND_SYNC_FOR_DEVICE);
	must(fdatasync(rig.fd));
	saw(&rig, 0, SIZE, LEND_SYNC_FOR_DEVICE);
	/* It is about a page cache, which there is none. */
	must(sync_file_range(rig.fd, 0, PAGE, SYNC_FILE_RANGE_WAIT_BEFORE |
			     SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
	saw_nothing(&rig);
	take_apart(&rig);
}

/* What has no memory is nothing for a driver, and has nothing to sync. */
static void fsync_empty(void **state)
{
	int fd = make_empty(0, 0), driver = open_driver();

	(void)state;
	must_fail(ioctl(driver, DRIVER_ATTACH, &fd), ENODATA);
	must(fsync(fd));
	must_fail(do_sync(fd, 0, 1, LEND_SYNC_FOR_CPU), ENXIO);
	close(driver);
	close(fd);
}

static void sync_ioctl(void **state)
{
	struct rig rig = make_rig(0);
	uint32_t both = LEND_SYNC_FOR_CPU | LEND_SYNC_FOR_DEVICE;

	(void)state;
	must(do_sync(rig.fd, 0, SIZE, LEND_SYNC_FOR_CPU));
	saw(&rig, 0, SIZE, LEND_SYNC_FOR_CPU);
	must(do_sync(rig.fd, 1, 1, LEND_SYNC_FOR_DEVICE));
	saw(&rig, 1, 1, LEND_SYNC_FOR_DEVICE);
	must(do_sync(rig.fd, HUGE - 3, 7, both));
	saw(&rig, HUGE - 3, 7, both);
	must(do_sync(rig.fd, SIZE - 1, 1, both));
	saw(&rig, SIZE - 1, 1, both);

	must_fail(do_sync(rig.fd, SIZE, 1, both), ENXIO);
	must_fail(do_sync(rig.fd, 0, SIZE + 1, both), ENXIO);
	must_fail(do_sync(rig.fd, UINT64_MAX, 2, both), EOVERFLOW);
	must_fail(do_sync(rig.fd, 0, 0, both), EINVAL);
	must_fail(do_sync(rig.fd, 0, 1, 0), EINVAL);
	must_fail(do_sync(rig.fd, 0, 1, both + 1), EINVAL);
	saw_nothing(&rig);
	take_apart(&rig);
}

static void errors_come_back(void **state)
{
	struct rig rig = make_rig(0);

	(void)state;
	answer(&rig, -EIO);
	must_fail(msync(rig.mem, PAGE, MS_SYNC), EIO);
	must_fail(fsync(rig.fd), EIO);
	answer(&rig, -EREMOTEIO);
	must_fail(fdatasync(rig.fd), EREMOTEIO);
	must_fail(do_sync(rig.fd, 0, 1, LEND_SYNC_FOR_CPU), EREMOTEIO);
	must(msync(rig.mem, PAGE, MS_ASYNC));
	assert_int_equal(look(&rig).count, 4);
	answer(&rig, 0);
	must(fsync(rig.fd));
	take_apart(&rig);
}

static void one_driver_at_a_time(void **state)
{
	struct rig rig = make_rig(0);
	struct rig second = { rig.fd, open_driver(), rig.mem };
	int other = must(open("/dev/null", O_RDWR | O_CLOEXEC)), bad = -1;

	(void)state;
	must_fail(ioctl(second.driver, DRIVER_ATTACH, &rig.fd), EBUSY);
	must_fail(ioctl(second.driver, DRIVER_ATTACH, &other), EMEDIUMTYPE);
	must_fail(ioctl(second.driver, DRIVER_ATTACH, &bad), EBADF);
	must(fsync(rig.fd));
	saw(&rig, 0, SIZE, LEND_SYNC_FOR_DEVICE);
	saw_nothing(&second);

	/* Off again: nobody is asked any more, and the place is free. */
	answer(&rig, -EIO);
	close(rig.driver);
	must(fsync(rig.fd));
	must(msync(rig.mem, PAGE, MS_SYNC));
	must(ioctl(second.driver, DRIVER_ATTACH, &rig.fd));
	must(fsync(rig.fd));
	saw(&second, 0, SIZE, LEND_SYNC_FOR_DEVICE);
	close(other);
	take_apart(&second);
}

/* The driver's file is all that is left of the program's: it keeps the buffer. */
static void driver_keeps_buffer(void **state)
{
	uint64_t before = used_bytes();
	struct rig rig = make_rig(0);

	(void)state;
	must(munmap(rig.mem, MAPPED));
	close(rig.fd);
	assert_int_equal(used_bytes() - before, MAPPED);
	close(rig.driver);
	wait_for(used_bytes() == before);
}

struct syncer {
	char *mem;
	atomic_bool stop;
	atomic_ulong rounds;
	atomic_int error;
};

static void *keep_syncing(void *arg)
{
	struct syncer *s = arg;

	while (!s->stop) {
		if (msync(s->mem, PAGE, MS_SYNC))
			s->error = errno;
		s->rounds++;
	}
	return NULL;
}

static void hooks_vanish_meanwhile(void **state)
{
	enum { THREADS = 2, TIMES = 500 };
	int fd = make_buffer(SIZE, 0, 0);
	struct syncer s = { .mem = map_buffer(fd, MAPPED) };
	pthread_t threads[THREADS];
	uint64_t seen = 0;

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, keep_syncing, &s), 0);
	for (int i = 0; i < TIMES; i++) {
		struct rig rig = { fd, open_driver(), s.mem };
		unsigned long from;

		must(ioctl(rig.driver, DRIVER_ATTACH, &fd));
		from = s.rounds;
		/* Two more have ended: one of them began with the hook in place. */
		wait_for(s.rounds >= from + THREADS + 1);
		seen += look(&rig).count;
		close(rig.driver);
	}
	s.stop = true;
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("# %lu syncs, %lu of them seen by %d drivers\n", s.rounds, seen, TIMES);
	assert_int_equal(s.error, 0);
	assert_true(seen >= TIMES && seen <= s.rounds);
	must(munmap(s.mem, MAPPED));
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	load_module("lend_driver");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unload_module("lend_driver");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(msync_ranges),
		cmocka_unit_test(msync_of_parts),
		cmocka_unit_test(fsync_whole),
		cmocka_unit_test(fsync_empty),
		cmocka_unit_test(sync_ioctl),
		cmocka_unit_test(errors_come_back),
		cmocka_unit_test(one_driver_at_a_time),
		cmocka_unit_test(driver_keeps_buffer),
		cmocka_unit_test(hooks_vanish_meanwhile),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
