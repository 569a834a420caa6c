// SPDX-License-Identifier: GPL-2.0-only
/* A buffer as a file: how it gets its size, how it is opened, what stat says. */
#include <linux/falloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "common.h"
#include "system.h"

#define NAME DIR "/files"

static const size_t sizes[] = {
	1, PAGE - 1, PAGE, PAGE + 1, 12345, MiB, HUGE - 1, HUGE, HUGE + 1, 5 * MiB + 4097,
};

static struct stat stat_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st));
	return st;
}

static void check_size(int fd, size_t size)
{
	struct stat st = stat_of(fd);
	size_t memory = (size + PAGE - 1) / PAGE * PAGE;

	check(S_ISREG(st.st_mode));
	check((size_t)st.st_size == size);
	check((size_t)st.st_blocks * 512 == memory);
	check(st.st_blksize == PAGE);
	check(get_info(fd).bytes == size);
	check(get_info(fd).memory == memory);
}

/* The size is kept to the byte, and it is for good. */
static void sized_by_ftruncate(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int fd = make_empty(0, 0);

		check_size(fd, 0);
		must(ftruncate(fd, sizes[i]));
		check_size(fd, sizes[i]);
		must(ftruncate(fd, sizes[i]));
		must_fail(ftruncate(fd, sizes[i] + 1), EBUSY);
		must_fail(ftruncate(fd, sizes[i] - 1), EBUSY);
		must_fail(ftruncate(fd, 0), EBUSY);
		check_size(fd, sizes[i]);
		close(fd);
	}
}

static void sized_by_fallocate(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int fd = make_empty(0, 0);
		size_t half = sizes[i] / 2;

		must(fallocate(fd, 0, half, sizes[i] - half));
		check_size(fd, sizes[i]);
		/* What is there already is allocated already. */
		must(fallocate(fd, 0, 0, 1));
		must(fallocate(fd, 0, 0, sizes[i]));
		must_fail(fallocate(fd, 0, 0, sizes[i] + 1), EBUSY);
		must_fail(fallocate(fd, 0, sizes[i], 1), EBUSY);
		check_size(fd, sizes[i]);
		close(fd);
	}
}

static void sized_by_name(void **state)
{
	int fd = must(open(NAME, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));

	(void)state;
	must_fail(truncate(NAME, -1), EINVAL);
	must(truncate(NAME, 12345));
	check_size(fd, 12345);
	must_fail(truncate(NAME, 4096), EBUSY);
	must(unlink(NAME));
	close(fd);
}

static void bad_sizes(void **state)
{
	static const int modes[] = {
		FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE,
	};
	int fd = make_empty(0, 0), path = must(open(NAME, O_CREAT | O_RDONLY, 0600));

	(void)state;
	must(ftruncate(fd, 0));		/* that is its size */
	must_fail(ftruncate(fd, -1), EINVAL);
	must_fail(ftruncate(fd, INT64_MIN), EINVAL);
	must_fail(ftruncate(fd, INT64_MAX), ENOSPC);
	must_fail(ftruncate(fd, 1L << 50), ENOSPC);
	must_fail(fallocate(fd, 0, 0, 0), EINVAL);
	must_fail(fallocate(fd, 0, -1, PAGE), EINVAL);
	must_fail(fallocate(fd, 0, 0, -1), EINVAL);
	must_fail(fallocate(fd, 0, 1, INT64_MAX), EFBIG);
	must_fail(fallocate(fd, 0, 0, INT64_MAX), ENOSPC);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		must_fail(fallocate(fd, modes[i], 0, PAGE), EOPNOTSUPP);
	must_fail(ftruncate(path, PAGE), EINVAL);
	must_fail(fallocate(path, 0, 0, PAGE), EBADF);
	check_size(fd, 0);
	check_size(path, 0);
	check(get_info(fd).memory == 0);
	must(ftruncate(fd, PAGE));
	check_size(fd, PAGE);
	must(unlink(NAME));
	close(path);
	close(fd);
}

static int beyond_file_limit(void *arg)
{
	struct rlimit limit = { .rlim_cur = MiB, .rlim_max = MiB };
	int fd = *(int *)arg;

	signal(SIGXFSZ, SIG_IGN);
	must(setrlimit(RLIMIT_FSIZE, &limit));
	must_fail(ftruncate(fd, MiB + 1), EFBIG);
	must_fail(fallocate(fd, 0, 0, MiB + 1), EFBIG);
	must(ftruncate(fd, MiB));
	return 0;
}

static void file_limit(void **state)
{
	int fd = make_empty(0, 0);

	(void)state;
	check(reap(spawn(beyond_file_limit, &fd)) == 0);
	check_size(fd, MiB);
	close(fd);
}

static void open_flags(void **state)
{
	int fd = must(open(NAME, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)), again;
	char buf[100];

	(void)state;
	must_fail(open(NAME, O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
	must_fail(open(NAME, O_RDONLY | O_DIRECTORY), ENOTDIR);
	must(ftruncate(fd, 12345));
	check(write(fd, "gone", 4) == 4);

	/* O_TRUNC takes the bytes, not the memory; the end is where appending goes. */
	again = must(open(NAME, O_WRONLY | O_TRUNC));
	check_size(again, 12345);
	check(pread(fd, buf, 4, 0) == 4 && !buf[0] && !memcmp(buf, buf + 1, 3));
	check(pread(again, buf, 4, 0) == -1 && errno == EBADF);
	close(again);
	again = must(open(NAME, O_RDWR | O_APPEND));
	must_fail(write(again, "x", 1), ENOSPC);
	close(again);
	again = must(open(NAME, O_RDONLY));
	must_fail(write(again, "x", 1), EBADF);
	close(again);

	/* There is nothing to go around, so O_DIRECT wants no alignment either. */
	again = must(open(NAME, O_RDWR | O_DIRECT));
	check(pwrite(again, "direct", 6, 4093) == 6);
	check(pread(again, buf + 1, 99, 4093) == 99 && !memcmp(buf + 1, "direct", 7));
	check(pread(fd, buf, 6, 4093) == 6 && !memcmp(buf, "direct", 6));
	close(again);
	must(unlink(NAME));
	close(fd);
}

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* Waits until the clock of the files, which is coarse, has gone on. */
static void pass(struct timespec since)
{
	struct timespec now;

	wait_for((must(clock_gettime(CLOCK_REALTIME_COARSE, &now)), later(now, since)));
}

static void times(void **state)
{
	int fd = make_empty(0, 0);
	struct stat before = stat_of(fd), now;
	char c = 0;

	(void)state;
	pass(before.st_ctim);
	must(ftruncate(fd, PAGE));
	now = stat_of(fd);
	check(later(now.st_mtim, before.st_mtim) && later(now.st_ctim, before.st_ctim));
	pass(now.st_ctim);
	check(read(fd, &c, 1) == 1);
	check(later(stat_of(fd).st_atim, now.st_atim));
	check(write(fd, &c, 1) == 1);
	check(later(stat_of(fd).st_mtim, now.st_mtim));
	close(fd);
}

/* Of memory in folios the mm layer tells of the first write to each, as of a page cache. */
static void time_of_mapped_write(void **state)
{
	int fd = make_buffer(HUGE, LEND_BACKING_FOLIOS, LEND_MAP_FAULT);
	char *mem = map_buffer(fd, HUGE);
	struct stat before = stat_of(fd);

	(void)state;
	pass(before.st_mtim);
	mem[PAGE] = 1;
	check(later(stat_of(fd).st_mtim, before.st_mtim));
	must(munmap(mem, HUGE));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(sized_by_ftruncate),
		clean_test(sized_by_fallocate),
		clean_test(sized_by_name),
		clean_test(bad_sizes),
		clean_test(file_limit),
		clean_test(open_flags),
		clean_test(times),
		clean_test(time_of_mapped_write),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
