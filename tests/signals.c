// SPDX-License-Identifier: GPL-2.0-only
/* Creations that are interrupted, killed, or many at a time: all is given back. */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "common.h"
#include "mounts.h"
#include "system.h"

static const uint32_t sliced[] = {
	LEND_BACKING_FOLIOS, LEND_BACKING_PAGES, LEND_BACKING_VMALLOC,
};

/* Long enough to be interrupted. */
static size_t big(void)
{
	struct statfs st;
	size_t size;

	must(statfs(DIR, &st));
	size = st.f_bfree * PAGE / 4 * 3;
	return size < GiB ? size : GiB;
}

static void on_signal(int number)
{
	(void)number;
}

struct creation {
	int fd;
	int flags;		/* of the signal's handler */
};

static int fill_interruptibly(void *arg)
{
	const struct creation *job = arg;
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = job->flags };

	must(sigaction(SIGUSR1, &action, NULL));
	return ftruncate(job->fd, big()) ? errno : 0;
}

/* As if nothing had been asked of it: no memory, no size, and it takes another. */
static void check_given_back(int fd, uint64_t used, uint64_t available)
{
	struct lend_info info = get_info(fd);
	struct stat st;

	must(fstat(fd, &st));
	check(!st.st_size && !st.st_blocks && !info.memory && !info.bytes && !info.why);
	check(used_bytes() == used);
	wait_for(meminfo("MemAvailable") + 48 * MiB > available);
	must(ftruncate(fd, 3 * MiB));
	check(get_info(fd).memory == 3 * MiB);
}

/* Sends @number to a creation that has begun. Returns how it ended. */
static int interrupt(struct creation *job, int number)
{
	pid_t pid = spawn(fill_interruptibly, job);
	struct lend_info info;
	siginfo_t gone = {};

	do {
		usleep(500);
		info = get_info(job->fd);
		must(waitid(P_PID, pid, &gone, WEXITED | WNOHANG | WNOWAIT));
	} while (!info.memory && !gone.si_pid);
	must(kill(pid, number));
	return reap(pid);
}

static void in_the_middle(int number, int expected, int flags)
{
	for (size_t k = 0; k < ARRAY_SIZE(sliced); k++) {
		uint64_t used = used_bytes(), available = meminfo("MemAvailable");
		struct creation job = { .flags = flags };
		int status, tries = 5;

		/* On a busy machine the signal may come after the end. */
		do {
			job.fd = make_empty(sliced[k], 0);
			status = interrupt(&job, number);
			if (!get_info(job.fd).bytes)
				break;
			close(job.fd);
		} while (--tries);
		check(tries);
		check(status == expected);
		check_given_back(job.fd, used, available);
		close(job.fd);
	}
}

static void interrupted(void **state)
{
	(void)state;
	in_the_middle(SIGUSR1, EINTR, 0);
	/* The call does not begin again after the handler: it may have taken long already. */
	in_the_middle(SIGUSR1, EINTR, SA_RESTART);
}

static void killed(void **state)
{
	(void)state;
	in_the_middle(SIGKILL, 128 + SIGKILL, 0);
}

static int fill_under_a_timer(void *arg)
{
	struct itimerval often = { { .tv_usec = 1000 }, { .tv_usec = 1000 } };
	int fd = *(int *)arg;

	signal(SIGALRM, on_signal);
	must(setitimer(ITIMER_REAL, &often, NULL));
	must_fail(fallocate(fd, 0, 0, big()), EINTR);
	must_fail(ftruncate(fd, big()), EINTR);
	/* What is quickly done is done, however many signals there are. */
	must(ftruncate(fd, 8 * MiB));
	return 0;
}

static void with_a_timer(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(sliced); k++) {
		uint64_t used = used_bytes(), available = meminfo("MemAvailable");
		int fd = make_empty(sliced[k], 0);

		check(reap(spawn(fill_under_a_timer, &fd)) == 0);
		check(get_info(fd).memory == 8 * MiB);
		close(fd);
		check(used_bytes() == used);
		wait_for(meminfo("MemAvailable") + 48 * MiB > available);
	}
}

#define LIMIT (64 * MiB)

/* Whether there was room for it. */
static bool create_one(const char *dir, uint32_t backing, size_t size)
{
	struct lend_setup setup = {
		.size = sizeof(setup), .flags = LEND_SETUP_BACKING, .backing = backing,
	};
	int fd = new_file(dir);
	bool made;

	must(ioctl(fd, LEND_IOC_SETUP, &setup));
	made = !ftruncate(fd, size);
	if (made) {
		char last = 1;

		check(get_info(fd).bytes == size);
		check(pread(fd, &last, 1, size - 1) == 1 && !last);
		check(pwrite(fd, "x", 1, size - 1) == 1);
	} else {
		check(errno == ENOSPC);
		check(!get_info(fd).memory);
	}
	close(fd);
	return made;
}

/* Makes buffers in a mount that has not room for everybody's: each gets its turn. */
static int create_many(void *dir)
{
	uint64_t rnd = getpid();

	for (int i = 0; i < 12; i++) {
		rnd = rnd * 6364136223846793005 + 1442695040888963407;
		wait_for(create_one(dir, backings[i % ARRAY_SIZE(backings)],
				    1 + (rnd >> 33) % (LIMIT / 2)));
	}
	return 0;
}

static void many_creators(void **state)
{
	char *dir = mount_lend("size=64m");
	pid_t pid[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = spawn(create_many, dir);
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = reap(pid[i]);
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++)
		if (pid[i])
			failed("creator %zu ended with %d", i, pid[i]);
	check(used_bytes_of(dir) == 0);
	unmount_lend(dir);
}

struct racer {
	pthread_barrier_t *start;
	int fd;
	size_t size;
	int error;
};

static void *race(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->start);
	racer->error = ftruncate(racer->fd, racer->size) ? errno : 0;
	return NULL;
}

/* Two at once on one file: one of them is first. */
static void one_file_two_sizes(void **state)
{
	pthread_barrier_t start;

	(void)state;
	check(!pthread_barrier_init(&start, NULL, 2));
	for (int i = 0; i < 100; i++) {
		int fd = make_empty(backings[i % ARRAY_SIZE(backings)], 0);
		struct racer a = { &start, fd, 256 * KiB, -1 }, b = { &start, fd, 260 * KiB, -1 };
		pthread_t thread;

		check(!pthread_create(&thread, NULL, race, &a));
		race(&b);
		check(!pthread_join(thread, NULL));
		check((!a.error && b.error == EBUSY) || (!b.error && a.error == EBUSY));
		check(get_info(fd).bytes == (a.error ? b.size : a.size));
		close(fd);
	}
	pthread_barrier_destroy(&start);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(interrupted),
		clean_test(killed),
		clean_test(with_a_timer),
		clean_test(many_creators),
		clean_test(one_file_two_sizes),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
