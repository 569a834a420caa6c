// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may have how much: the mount, the machine, a user's RLIMIT_MEMLOCK, a memory
 * cgroup. What is above fails early, kills nobody, and leaves an empty, usable file.
 */
#include <linux/capability.h>
#include <sys/resource.h>

#include "cgroup.h"
#include "kernel.h"
#include "mounts.h"
#include "system.h"

#define OTHER (NOBODY - 1)

static uint64_t kills_before;

static int before_test(void **state)
{
	kills_before = vmstat("oom_kill");
	return remember(state);
}

static int after_test(void **state)
{
	rmdir(CGROUP);		/* of a test that failed */
	assert_int_equal(vmstat("oom_kill"), kills_before);
	return clean(state);
}

static void set_backing(int fd, uint32_t backing)
{
	struct lend_setup setup = {
		.size = sizeof(setup), .flags = LEND_SETUP_BACKING, .backing = backing,
	};

	must(ioctl(fd, LEND_IOC_SETUP, &setup));
}

/* As it was made; then it takes a size that it can have. */
static void check_usable(int fd, size_t size)
{
	struct lend_info info = get_info(fd);
	struct stat st;
	char *mem;

	check(!info.memory && !info.bytes && !info.why);
	must(fstat(fd, &st));
	check(!st.st_size && !st.st_blocks);
	set_backing(fd, info.backing);
	must(ftruncate(fd, size));
	mem = map_buffer(fd, size);
	check(!mem[0] && !memcmp(mem, mem + 1, size - 1));
	munmap(mem, size);
}

static void more_than_the_mount(void **state)
{
	static const size_t sizes[] = { 64 * MiB + 1, 512 * MiB, GiB << 10, INT64_MAX };
	char *dir = mount_lend("size=64m");

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		uint64_t before = allocated_bytes();
		int fd = new_file(dir);

		set_backing(fd, backings[b]);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			must_fail(ftruncate(fd, sizes[i]), ENOSPC);
			must_fail(fallocate(fd, 0, 0, sizes[i]), ENOSPC);
		}
		/* It was not tried, that is early. */
		check(allocated_bytes() - before < 32 * MiB);
		check(used_bytes_of(dir) == 0);
		check_usable(fd, 2 * MiB);
		close(fd);
	}
	unmount_lend(dir);
}

/* What the machine does not have, or could only just give, is not even begun. */
static void more_than_memory(void **state)
{
	char *dir = mount_lend("size=0");

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		size_t sizes[] = { meminfo("MemAvailable"), meminfo("MemTotal"), 16 * GiB << 10,
				   INT64_MAX };
		uint64_t before = allocated_bytes();
		int fd = new_file(dir);

		set_backing(fd, backings[b]);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			must_fail(ftruncate(fd, sizes[i]), ENOMEM);
			must_fail(fallocate(fd, 0, 0, sizes[i]), ENOMEM);
		}
		check(allocated_bytes() - before < 32 * MiB);
		check(used_bytes_of(dir) == 0);
		check_usable(fd, 2 * MiB);
		close(fd);
	}
	unmount_lend(dir);
}

/* Memory does run out on the way: below 16 MiB there are less than 64 MiB. */
static void more_than_a_zone(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_empty(backings[b], 0);
		struct lend_setup low = {
			.size = sizeof(low), .flags = LEND_SETUP_DMA_BITS, .dma_bits = 24,
		};
		struct lend_phys_run runs[16];
		struct lend_runs list = {
			.size = sizeof(list), .runs = (uintptr_t)runs, .count = 16,
		};

		must(ioctl(fd, LEND_IOC_SETUP, &low));
		must_fail(ftruncate(fd, 64 * MiB), ENOMEM);
		check_usable(fd, 16 * PAGE);
		must(ioctl(fd, LEND_IOC_RUNS, &list));
		for (uint32_t i = 0; i < list.count; i++)
			check(runs[i].phys + runs[i].length <= 1 << 24);
		close(fd);
	}
}

/* One try of somebody to give a file its memory. */
struct attempt {
	int fd;
	size_t size;
	uid_t uid;
	rlim_t limit;		/* RLIMIT_MEMLOCK */
};

static int try_as(void *arg)
{
	const struct attempt *try = arg;
	struct rlimit limit = { .rlim_cur = try->limit, .rlim_max = try->limit };
	struct lend_info info;

	must(setrlimit(RLIMIT_MEMLOCK, &limit));
	if (try->uid)
		become(try->uid);
	else
		give_up(CAP_IPC_LOCK);
	if (ftruncate(try->fd, try->size))
		return errno;
	info = get_info(try->fd);
	check(info.flags & LEND_INFO_MEMLOCK && info.uid == try->uid);
	return 0;
}

static int attempt(int fd, size_t size, uid_t uid, rlim_t limit)
{
	struct attempt try = { fd, size, uid, limit };

	return reap(spawn(try_as, &try));
}

/* It is the user's limit: for all its files and processes, as long as the memory lives. */
static void memlock(void **state)
{
	const rlim_t limit = 8 * MiB;
	int a = make_empty(0, 0), b = make_empty(0, 0), c = make_empty(LEND_BACKING_PAGES, 0);
	int others = make_empty(0, 0);
	void *mem;

	(void)state;
	check(attempt(a, limit + 1, NOBODY, limit) == ENOMEM);
	check(attempt(a, 5 * MiB, NOBODY, limit) == 0);
	check(attempt(b, 3 * MiB + 1, NOBODY, limit) == ENOMEM);
	check(attempt(b, 3 * MiB, NOBODY, limit) == 0);
	check(attempt(c, 1, NOBODY, limit) == ENOMEM);
	check(attempt(c, 1, NOBODY, 0) == ENOMEM);

	/* Others have limits of their own, and root has none unless it cannot lock. */
	check(attempt(others, limit, OTHER, limit) == 0);
	close(others);
	others = make_empty(0, 0);
	check(attempt(others, limit + 1, 0, limit) == ENOMEM);
	check(attempt(others, limit, 0, limit) == 0);
	close(others);
	others = make_buffer(2 * limit, 0, 0);
	check(!(get_info(others).flags & LEND_INFO_MEMLOCK) && get_info(others).uid == 0);
	close(others);

	/* The creators are gone, the memory is not; a mapping is enough to keep it. */
	mem = map_buffer(a, PAGE);
	close(a);
	check(attempt(c, PAGE, NOBODY, limit) == ENOMEM);
	munmap(mem, PAGE);
	check(attempt(c, 5 * MiB + 1, NOBODY, limit) == ENOMEM);
	check(attempt(c, 5 * MiB, NOBODY, limit) == 0);
	close(b);
	close(c);
	a = make_empty(0, 0);
	check(attempt(a, limit, NOBODY, limit) == 0);
	close(a);
	a = make_empty(0, 0);
	check(attempt(a, 4 * limit, NOBODY, RLIM_INFINITY) == 0);
	close(a);
}

/* A run for which memory was moved aside cannot be charged. */
static bool may_be_uncharged(uint32_t backing)
{
	return backing == LEND_BACKING_CONTIG;
}

/* Charged to the creator's cgroup, by whatever thread it was gathered, as long as it lives. */
static void cgroup_charge(void **state)
{
	const size_t size = 48 * MiB, slack = 2 * MiB;	/* each CPU charges a little ahead */

	(void)state;
	must(mkdir(CGROUP, 0755));
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_empty(backings[b], 0);
		uint64_t before = cgroup("memory.current", ""), now;
		struct lend_info info;

		check(attempt_in_cgroup(fd, size) == 0);
		info = get_info(fd);
		now = cgroup("memory.current", "");
		if (may_be_uncharged(backings[b]) && info.why & LEND_WHY_NO_MEMCG) {
			check(!(info.flags & LEND_INFO_MEMCG) && now < before + slack);
		} else {
			check(info.flags & LEND_INFO_MEMCG && !(info.why & LEND_WHY_NO_MEMCG));
			check(now + slack > before + size && now < before + size + slack);
		}
		/* The creator is gone; its memory goes with the file. */
		close(fd);
		check(cgroup("memory.current", "") < before + slack);
	}
	wait_for(rmdir(CGROUP) == 0);
}

/* What is not charged says so; before Linux 5.11 nothing is. */
static void uncharged_is_said(void **state)
{
	(void)state;
	must(mkdir(CGROUP, 0755));
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_empty(backings[b], 0);
		struct lend_info info;
		bool charged;

		check(attempt_in_cgroup(fd, MiB) == 0);
		info = get_info(fd);
		charged = info.flags & LEND_INFO_MEMCG;
		check(charged == !(info.why & LEND_WHY_NO_MEMCG));
		check(charged == kernel_from(5, 11) ||
		      (!charged && may_be_uncharged(backings[b])));
		close(fd);
	}
	wait_for(rmdir(CGROUP) == 0);
}

static void cgroup_limit(void **state)
{
	(void)state;
	must(mkdir(CGROUP, 0755));
	write_textf(CGROUP "/memory.max", "%lu", 32 * MiB);
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_empty(backings[b], 0), status = attempt_in_cgroup(fd, 40 * MiB);

		if (may_be_uncharged(backings[b]) && !status) {
			check(get_info(fd).why & LEND_WHY_NO_MEMCG);
			close(fd);
			continue;
		}
		check(status == ENOMEM);
		check(!get_info(fd).memory && !get_info(fd).bytes);
		check(cgroup("memory.current", "") < 8 * MiB);
		check(attempt_in_cgroup(fd, 16 * MiB) == 0);
		close(fd);
	}
	check(cgroup("memory.events", "oom_kill ") == 0);
	wait_for(rmdir(CGROUP) == 0);
}

#define limit_test(fn) cmocka_unit_test_setup_teardown(fn, before_test, after_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		limit_test(more_than_the_mount),
		limit_test(more_than_memory),
		limit_test(more_than_a_zone),
		limit_test(memlock),
		limit_test(cgroup_charge),
		limit_test(cgroup_limit),
		limit_test(uncharged_is_said),
	};

	return run_able("limits", tests, ARRAY_SIZE(tests), NULL, NULL);
}
