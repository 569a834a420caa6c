// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine, or a cgroup, is out of memory: who holds lent memory may be killed for
 * that, and what becomes of the memory is as its other holders say.
 */
#include <signal.h>

#include "kernel.h"
#include "system.h"

#define SIZE	(8 * MiB)
#define SEED	0x00a0000ULL
#define CGROUP	"/sys/fs/cgroup/lend-test"

/* What the kernel says when it kills is asked for. */
static int before_kills(void **state)
{
	write_text("/dev/kmsg", "<4>lend-test: expect invoked oom-killer|Out of memory:|oom-kill:|page allocation failure\n");
	return remember(state);
}

static int after_kills(void **state)
{
	write_text("/dev/kmsg", "<4>lend-test: expected\n");
	rmdir(CGROUP);		/* of a test that failed */
	return clean(state);
}

/* Somebody with a buffer in common with us, one of its own, and a copy of a part. */
struct victim {
	int shared;
	uint32_t backing;
	const char *procs;	/* of its cgroup */
};

/* One page of it after the other, until there is no more. */
static int eat(void *arg)
{
	const struct victim *v = arg;
	char pid[16], *mem, *copy;
	int own;

	/* Its program stays: were that read again and again, the kernel would see progress. */
	must(mlockall(MCL_CURRENT));
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (v->procs)
		write_text(v->procs, pid);
	write_text("/proc/self/oom_score_adj", "1000");
	mem = map_buffer(v->shared, SIZE);
	check(has_pattern(mem, SIZE, SEED));
	own = make_buffer(SIZE, v->backing, 0);
	memset(map_buffer(own, SIZE), 1, SIZE);
	copy = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, v->shared, 0));
	memset(copy, 2, SIZE / 2);
	for (;;)
		memset(must(mmap(NULL, MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0)), 3, MiB);
	return 0;
}

static void killed(const char *procs)
{
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_buffer(SIZE, backings[b], LEND_MAP_FAULT);
		struct victim v = { fd, backings[b], procs };
		uint64_t kills = vmstat("oom_kill"), used = used_bytes();
		char *mem = map_buffer(fd, SIZE);
		uint64_t at;

		fill_pattern(mem, SIZE, SEED);
		at = physical(mem);
		assert_int_equal(reap(spawn(eat, &v)), 128 + SIGKILL);
		assert_int_equal(vmstat("oom_kill"), kills + 1);
		/* Ours is where and as it was; the victim's own is nobody's any more. */
		wait_for(used_bytes() == used);
		assert_true(has_pattern(mem, SIZE, SEED) && physical(mem) == at);
		wait_for(get_info(fd).mappings == 1);
		must(munmap(mem, SIZE));
		wait_for(get_info(fd).held == 0);
		close(fd);
	}
}

static void by_the_machine(void **state)
{
	(void)state;
	killed(NULL);
}

static void by_the_cgroup(void **state)
{
	(void)state;
	must(mkdir(CGROUP, 0755));
	write_text(CGROUP "/memory.max", "48M");
	killed(CGROUP "/cgroup.procs");
	wait_for(rmdir(CGROUP) == 0);
}

static int fill_memory(void *arg)
{
	int *ready = arg;
	size_t size = meminfo("MemAvailable") - 32 * MiB;

	memset(must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
	       1, size);
	check(write(ready[1], "", 1) == 1);
	pause();
	return 0;
}

/* Memory is full of somebody's: buffers are refused, and nobody is killed for them. */
static void nearly_full(void **state)
{
	uint64_t kills = vmstat("oom_kill");
	int ready[2];
	pid_t pid;
	char byte;

	(void)state;
	must(pipe2(ready, O_CLOEXEC));
	pid = spawn(fill_memory, ready);
	close(ready[1]);
	check(read(ready[0], &byte, 1) == 1);
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_empty(backings[b], 0);

		must_fail(ftruncate(fd, 96 * MiB), ENOMEM);
		must_fail(fallocate(fd, 0, 0, 96 * MiB), ENOMEM);
		assert_false(get_info(fd).memory || get_info(fd).bytes);
		close(fd);
	}
	kill(pid, SIGKILL);
	assert_int_equal(reap(pid), 128 + SIGKILL);
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++)
		close(make_buffer(32 * MiB, backings[b], 0));
	assert_int_equal(vmstat("oom_kill"), kills);
	close(ready[0]);
}

#define oom_test(fn) cmocka_unit_test_setup_teardown(fn, before_kills, after_kills)

int main(void)
{
	const struct CMUnitTest tests[] = {
		oom_test(by_the_machine),
		oom_test(by_the_cgroup),
		clean_test(nearly_full),
	};

	return cmocka_run_group_tests_name("oom", tests, NULL, NULL);
}
