// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's device goes away: every mapping of its buffer is cut, whoever is
 * touching it; what holds the memory otherwise keeps it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include "dmabuf.h"
#include "maker.h"

#define SIZE	(4 * MiB)
#define SEED	0x4e00000ULL

static const uint32_t kinds[] = { LEND_BACKING_FOLIOS, LEND_BACKING_PAGES };

static void all_is_refused(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		int maker = make_drivers(SIZE, kinds[k]), fd = to_fd(maker, O_RDWR);
		int dmabuf = make_dmabuf(fd);
		char *mem = map_driver(maker, SIZE), *other = map_buffer(dmabuf, SIZE);
		char *mine = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
		char *never = map_buffer(fd, SIZE);

		fill_pattern(mem, SIZE, SEED);
		assert_true(has_pattern(other, SIZE, SEED));
		mine[0] = 1;
		assert_true(get_info(fd).held > 0);
		assert_false(get_info(fd).flags & LEND_INFO_REVOKED);

		must(ask(maker, MAKER_REVOKE));
		assert_int_equal(get_info(fd).held, 0);
		assert_int_equal(get_info(fd).mappings, 4);
		assert_true(get_info(fd).flags & LEND_INFO_REVOKED);
		assert_int_equal(probe_read(mem), 128 + SIGBUS);
		assert_int_equal(probe_write(mem + SIZE - 1), 128 + SIGBUS);
		assert_int_equal(probe_read(other + HUGE), 128 + SIGBUS);
		assert_int_equal(probe_read(mine), 128 + SIGBUS);
		assert_int_equal(probe_write(mine + HUGE), 128 + SIGBUS);
		assert_int_equal(probe_read(never), 128 + SIGBUS);

		must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
		must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, 0), ENODEV);
		must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, 0), ENODEV);
		must_fail(pread(fd, &(char){ 0 }, 1, 0), ENODEV);
		must_fail(pwrite(fd, "x", 1, 0), ENODEV);

		/* Again is no more; and the driver still has its bytes. */
		must(ask(maker, MAKER_REVOKE));
		assert_true(driver_has_pattern(maker, SIZE, SEED));
		must(munmap(never, SIZE));
		must(munmap(mine, SIZE));
		must(munmap(other, SIZE));
		must(munmap(mem, SIZE));
		close(dmabuf);
		close(fd);
		close(maker);
	}
}

/* The driver lets go of it as well; the program's holders are no concern of its. */
static void driver_is_gone(void **state)
{
	unsigned int idle = users_of_lend();
	int maker = make_drivers(SIZE, 0), fd = to_fd(maker, O_RDWR);
	char *mem = map_driver(maker, SIZE);

	(void)state;
	mem[0] = 1;
	must(ask(maker, MAKER_REVOKE));
	must(ask(maker, MAKER_LET_GO));
	close(maker);
	unload_module("lend_maker");
	assert_int_equal(probe_read(mem), 128 + SIGBUS);
	assert_int_equal(get_info(fd).memory, SIZE);
	close(fd);
	assert_int_equal(probe_read(mem), 128 + SIGBUS);
	assert_true(users_of_lend() > 0);
	must(munmap(mem, SIZE));
	load_module("lend_maker");
	wait_for(users_of_lend() == idle);
}

/* Where mappings are not made by faults alone they cannot be found while they are made. */
static void programs_buffers(void **state)
{
	static const struct { uint32_t map; int error; } ways[] = {
		{ LEND_MAP_FAULT, 0 }, { LEND_MAP_INSERT, EOPNOTSUPP }, { LEND_MAP_PFN, EOPNOTSUPP },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		int fd = make_buffer(SIZE, LEND_BACKING_PAGES, ways[i].map), maker = open_maker();
		char *mem = map_buffer(fd, SIZE);

		mem[0] = 1;
		must(ask(maker, MAKER_FROM_FD, .fd = fd, .flags = true));
		errno = 0;
		assert_int_equal(ask(maker, MAKER_REVOKE), ways[i].error ? -1 : 0);
		assert_int_equal(errno, ways[i].error);
		assert_int_equal(probe_read(mem), ways[i].error ? 0 : 128 + SIGBUS);
		must(munmap(mem, SIZE));
		close(maker);
		close(fd);
	}
}

/* What is on its way to somebody else arrives, and what a disk writes to stays. */
static void pins_stay(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		int maker = make_drivers(SIZE, kinds[k]), fd = to_fd(maker, O_RDWR), pipes[2];
		char *mem = map_driver(maker, SIZE), copy[PAGE];
		struct iovec vec = { mem + 3 * PAGE, PAGE };
		int user;

		fill_pattern(mem, SIZE, SEED);
		must(pipe2(pipes, O_CLOEXEC));
		check(must(vmsplice(pipes[1], &vec, 1, 0)) == PAGE);
		user = take_memory(mem + HUGE, PAGE, true);
		must(ask(maker, MAKER_REVOKE));
		assert_int_equal(probe_read(mem + 3 * PAGE), 128 + SIGBUS);
		assert_true(get_info(fd).held > 0);
		close(fd);
		must(munmap(mem, SIZE));
		close(maker);

		check(must(read(pipes[0], copy, PAGE)) == PAGE);
		assert_true(has_pattern(copy, PAGE, SEED + 3 * PAGE / 8));
		assert_true(driver_has_pattern(user, PAGE, SEED + HUGE / 8));
		close(user);
		close(pipes[0]);
		close(pipes[1]);
	}
}

/* --- while everybody is at it */

static char *target;

/* Touches until it is cut off; then nothing of it may be seen any more. */
static int touch_in_child(void *arg)
{
	for (unsigned int i = 0;; i++)
		for (size_t at = (uintptr_t)arg; at < SIZE; at += 3 * PAGE)
			*(volatile char *)(target + at) = i;
	return 0;
}

static _Thread_local sigjmp_buf cut;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(cut, 1);
}

static atomic_bool is_revoked;
static atomic_ulong touches;

/* Gives back its entries as fast as it makes them, so that faults are under way. */
static void *touch_in_thread(void *arg)
{
	bool advise = arg;
	static _Thread_local volatile size_t at;
	volatile unsigned long done = 0;

	if (!sigsetjmp(cut, 1)) {
		for (;;) {
			for (at = 0; at < SIZE; at += 5 * PAGE)
				*(volatile char *)(target + at) = 1;
			if (advise)
				madvise(target, SIZE, MADV_DONTNEED);
			done++;
			touches++;
		}
	}
	/* Whatever else it touches is gone, too. */
	while (!is_revoked)
		sched_yield();
	for (at = 0; at < SIZE; at += 7 * PAGE) {
		if (!sigsetjmp(cut, 1)) {
			*(volatile char *)(target + at);
			return (void *)1;
		}
	}
	return NULL;
}

static int fork_and_touch(void *arg)
{
	pid_t pid = fork();

	if (!pid)
		return touch_in_child(arg);
	check(reap(pid) == 128 + SIGBUS);
	return touch_in_child(arg);
}

/* Makes new mappings until there is an end of it. */
static int map_and_move(void *arg)
{
	char *place = must(mmap(NULL, HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int fd = *(int *)arg;

	signal(SIGBUS, on_sigbus);
	for (;;) {
		char *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (mem == MAP_FAILED) {
			check(errno == ENODEV);
			return 0;
		}
		if (sigsetjmp(cut, 1)) {
			munmap(mem, SIZE);
			continue;
		}
		mem[0] = 1;
		must(mremap(mem, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, place));
		place[PAGE] = 1;
		munmap(mem + HUGE, SIZE - HUGE);
	}
}

static void while_touched(void **state)
{
	enum { TIMES = 60, CHILDREN = 3, THREADS = 2 };
	struct sigaction action = { .sa_handler = on_sigbus }, old;

	(void)state;
	must(sigaction(SIGBUS, &action, &old));
	for (int i = 0; i < TIMES; i++) {
		int maker = make_drivers(SIZE, kinds[i % ARRAY_SIZE(kinds)]), fd = to_fd(maker, O_RDWR);
		pid_t children[CHILDREN];
		pthread_t threads[THREADS];
		unsigned long from;

		target = map_driver(maker, SIZE);
		is_revoked = false;
		children[0] = spawn(touch_in_child, (void *)PAGE);
		children[1] = spawn(fork_and_touch, (void *)(2 * PAGE));
		children[2] = spawn(map_and_move, &fd);
		from = touches;
		for (long t = 0; t < THREADS; t++)
			assert_int_equal(pthread_create(&threads[t], NULL, touch_in_thread, (void *)t), 0);
		wait_for(touches > from + 1);
		must(ask(maker, MAKER_REVOKE));
		is_revoked = true;

		for (size_t t = 0; t < THREADS; t++) {
			void *seen;

			assert_int_equal(pthread_join(threads[t], &seen), 0);
			assert_null(seen);
		}
		assert_int_equal(reap(children[0]), 128 + SIGBUS);
		assert_int_equal(reap(children[1]), 128 + SIGBUS);
		assert_int_equal(reap(children[2]), 0);
		assert_int_equal(get_info(fd).held, 0);
		must(munmap(target, SIZE));
		assert_int_equal(get_info(fd).mappings, 0);
		close(fd);
		close(maker);
	}
	must(sigaction(SIGBUS, &old, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_refused),
		cmocka_unit_test(driver_is_gone),
		cmocka_unit_test(programs_buffers),
		cmocka_unit_test(pins_stay),
		cmocka_unit_test(while_touched),
	};

	return cmocka_run_group_tests(tests, maker_set_up, maker_tear_down);
}
