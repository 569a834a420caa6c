// SPDX-License-Identifier: GPL-2.0-only
/* Creations that are interrupted, killed, or many at a time: all is given back. */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "kernel.h"
#include "mounts.h"
#include "system.h"

static const uint32_t sliced[] = {
	LEND_BACKING_FOLIOS, LEND_BACKING_PAGES, LEND_BACKING_VMALLOC,
};

#define MOMENTS	8

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

/* A long call, and how far it has come by now: 0 to @size. */
struct job {
	int (*call)(const struct job *job);
	size_t (*done)(const struct job *job, size_t wanted);
	int fd;
	size_t size;
	const uint64_t *mem;
	int flags;		/* of the signal's handler */
};

static int give_size(const struct job *job)
{
	return ftruncate(job->fd, job->size);
}

static size_t gathered(const struct job *job, size_t wanted)
{
	(void)wanted;
	return get_info(job->fd).memory;
}

/* By the other process. */
static volatile bool *begun;

static int do_job(void *arg)
{
	const struct job *job = arg;

	*begun = true;
	return job->call(job) < 0 ? errno : 0;
}

/*
 * Does it in another process, which gets @number so long after it began and when so much
 * is done. Returns how it ended.
 */
static int interrupt(struct job *job, int number, unsigned int usec, size_t wanted)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = job->flags };
	pid_t pid;

	/* Before there is a child that it could kill. */
	must(sigaction(SIGUSR1, &action, NULL));
	*begun = false;
	pid = spawn(do_job, job);
	while (!*begun)
		sched_yield();
	usleep(usec);
	while (job->done(job, wanted) < wanted && !has_ended(pid))
		usleep(500);
	must(kill(pid, number));
	return reap(pid);
}

/* As if nothing had been asked of it: no memory, no size, and it takes another. */
static void check_given_back(int fd, uint64_t used, uint64_t free_before)
{
	struct lend_info info = get_info(fd);
	struct stat st;

	must(fstat(fd, &st));
	check(!st.st_size && !st.st_blocks && !info.memory && !info.bytes && !info.why);
	check(used_bytes() == used);
	wait_for(available() + 48 * MiB > free_before);
	must(ftruncate(fd, 3 * MiB));
	check(get_info(fd).memory == 3 * MiB);
}

/* At moments all over it; on a busy machine some come after the end. */
static void in_the_middle(int number, int expected, int flags)
{
	for (size_t k = 0; k < ARRAY_SIZE(backings); k++) {
		uint64_t used = used_bytes(), free_before = available();
		struct job job = { .call = give_size, .done = gathered, .flags = flags };
		/* It is seen when all of it is there: soon, then, 50 us to 6 ms. */
		bool whole = backings[k] == LEND_BACKING_CONTIG;
		int hits = 0;

		/* Less of one run, which may have to be moved aside, and of single pages that last. */
		job.size = whole ? big() / 4 :
			   backings[k] != LEND_BACKING_FOLIOS && slower() > 1 ? big() / 8 : big();

		/* Soon is not always soon enough: until one has hit. */
		for (int moment = 0; moment < MOMENTS || (whole && !hits && moment < 99); moment++) {
			int status;

			job.fd = make_empty(backings[k], 0);
			status = interrupt(&job, number,
					   whole ? 50 * slower() << moment % MOMENTS : 0,
					   whole ? 0 : job.size / MOMENTS * moment + PAGE);
			if (get_info(job.fd).bytes) {
				check(get_info(job.fd).bytes == job.size);
			} else if (whole && status == ENOMEM) {
				;	/* there is no such run just now */
			} else {
				hits++;
				check(status == expected);
				check_given_back(job.fd, used, free_before);
			}
			close(job.fd);
		}
		printf("# backing %u: %d interrupted\n", backings[k], hits);
		check(hits);
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

#define NAME	DIR "/emptied"

static int open_empty(const struct job *job)
{
	(void)job;
	return open(NAME, O_RDWR | O_TRUNC | O_CLOEXEC);
}

/* Zeroed from its start on, by one processor or by several. */
static size_t zeroed(const struct job *job, size_t wanted)
{
	const volatile uint64_t *word = job->mem;

	return word[(wanted - PAGE) / PAGE * PAGE / 8] ? 0 : wanted;
}

static void fill_words(uint64_t *mem, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		mem[at / 8] = at + 1;
}

/* How many pages have their word yet; the others must be zero. */
static size_t words_left(const uint64_t *mem, size_t size)
{
	size_t nr = 0;

	for (size_t at = 0; at < size; at += PAGE) {
		check(!mem[at / 8] || mem[at / 8] == at + 1);
		nr += mem[at / 8] != 0;
	}
	return nr;
}

/* O_TRUNC makes every byte zero; where it is interrupted, some of them. */
static void emptied(void **state)
{
	struct job job = { .call = open_empty, .done = zeroed, .size = big() / 2 };
	uint64_t *mem;
	int hits = 0;

	(void)state;
	job.fd = must(open(NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	must(ftruncate(job.fd, job.size));
	mem = (uint64_t *)map_buffer(job.fd, job.size);
	job.mem = mem;

	for (int moment = 0; moment < MOMENTS; moment++) {
		size_t left;
		int status;

		fill_words(mem, job.size);
		status = interrupt(&job, SIGUSR1, 0, job.size / MOMENTS * moment + PAGE);
		left = words_left(mem, job.size);
		check(status == EINTR || (!status && !left));
		hits += status == EINTR;
		check(get_info(job.fd).bytes == job.size);
	}
	check(hits);
	close(must(open_empty(&job)));
	check(!words_left(mem, job.size));
	must(munmap(mem, job.size));
	close(job.fd);
	must(unlink(NAME));
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
		uint64_t used = used_bytes(), free_before = available();
		int fd = make_empty(sliced[k], 0);

		check(reap(spawn(fill_under_a_timer, &fd)) == 0);
		check(get_info(fd).memory == 8 * MiB);
		close(fd);
		check(used_bytes() == used);
		wait_for(available() + 48 * MiB > free_before);
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
		clean_test(emptied),
		clean_test(with_a_timer),
		clean_test(many_creators),
		clean_test(one_file_two_sizes),
	};

	begun = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
