// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processors in every pair of operations on one buffer, of every kind: two
 * processes each with its own mapping, and two threads with one that both use.
 * Afterwards the contents are right, and nothing of it is held.
 * STRESS_ROUNDS says how often each pair is run.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "stress_parts/arena.h"
#include "hold.h"
#include "maker.h"

static unsigned int rounds = 2;

/* Shared by those who work and who waits for them. */
static struct {
	pthread_barrier_t barrier;
	atomic_uint ready;
	atomic_uint first, second;	/* of the pair */
} *place;

/* Both are here. */
static void meet(void)
{
	pthread_barrier_wait(&place->barrier);
}

/*
 * Both go at once, one a little before the other, each time another one. A busy
 * machine may not run the other now: then it is no matter of moments any more.
 */
static void go(unsigned int *seed)
{
	unsigned int both;

	meet();
	both = (atomic_fetch_add(&place->ready, 1) | 1) + 1;
	for (int left = 100000; left && (int)(place->ready - both) < 0; left--)
		;
	for (volatile int left = rand_r(seed) % 500; left > 0; left--)
		;
}

struct kind {
	const char *name;
	uint32_t backing;
	uint32_t map;
	size_t size;
	bool threads;
};

/* --- who has the buffer: the second one makes it and looks at it in the end */

static char *common;

static int make_it(struct worker *w)
{
	struct lend_setup setup = {
		.size = sizeof(setup), .flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = w->backing, .map = w->map,
	};
	int maker = open_maker();

	w->fd = must(open(NAME, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
	must(ioctl(w->fd, LEND_IOC_SETUP, &setup));
	if (w->pair & SIZES)
		return maker;
	must(ftruncate(w->fd, w->size));
	write_content(w);
	/* A driver listens to the first mapping and the last. */
	must(ask(maker, MAKER_FROM_FD, .fd = w->fd, .flags = true));
	must(ask(maker, MAKER_HOOK, .flags = true));
	return maker;
}

static bool at_rest(int fd)
{
	struct lend_info info = get_info(fd);

	return !info.mappings && !info.held && !info.exports && !info.pinned;
}

static void look_and_end(struct worker *w, int maker)
{
	struct maker_log log;

	wait_for(at_rest(w->fd));
	check_content(w);
	must(ioctl(maker, MAKER_LOG, &log));
	check(log.disorder == 0);
	close(maker);
	must(unlink(NAME));
	close(w->fd);
}

static void run_pair(struct worker *w, bool threads, unsigned int *seed)
{
	const struct operation *op = &operations[w->id ? place->second : place->first];
	/* What can be done to a buffer but once takes a new one each time. */
	unsigned int times = w->pair & (SIZES | REVOKES) ? 1 : rounds;
	int maker = -1;

	for (unsigned int left = rounds / times; left; left--) {
		if (w->id)
			maker = make_it(w);
		meet();
		if (!w->id)
			w->fd = must(open(NAME, O_RDWR | O_CLOEXEC));
		else if (threads && !(w->pair & SIZES))
			common = map_buffer(w->fd, w->size);
		meet();
		w->common = common;
		for (unsigned int i = 0; i < times; i++) {
			go(seed);
			op->run(w);
		}
		meet();
		if (!w->id)
			close(w->fd);
		else if (common)
			must(munmap(common, w->size));
		meet();
		if (w->id) {
			common = NULL;
			look_and_end(w, maker);
		}
	}
}

static void work(const struct kind *kind, int id)
{
	struct worker w = {
		.backing = kind->backing, .map = kind->map, .size = kind->size, .id = id,
		.disk = must(open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC)),
	};
	unsigned int seed = 17 + id;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(id, &cpus);
	must(sched_setaffinity(0, sizeof(cpus), &cpus));
	must(pipe2(w.pipes, O_CLOEXEC));
	for (unsigned int a = 0; a < nr_operations; a++)
		for (unsigned int b = a; b < nr_operations; b++) {
			meet();
			place->first = a;
			place->second = b;
			w.pair = operations[a].effect | operations[b].effect;
			meet();
			run_pair(&w, kind->threads, &seed);
		}
	close(w.pipes[0]);
	close(w.pipes[1]);
	close(w.disk);
}

/* --- processes, or threads of one process */

static int first_process(void *arg)
{
	catch_sigbus();
	work(arg, 0);
	return 0;
}

static int second_process(void *arg)
{
	catch_sigbus();
	work(arg, 1);
	return 0;
}

static void *second_thread(void *arg)
{
	work(arg, 1);
	return NULL;
}

static int both_threads(void *arg)
{
	pthread_t other;

	catch_sigbus();
	check(pthread_create(&other, NULL, second_thread, arg) == 0);
	work(arg, 0);
	check(pthread_join(other, NULL) == 0);
	return 0;
}

static void every_pair(void **state)
{
	struct kind *kind = *state;
	uint64_t bytes = used_bytes(), inodes = used_inodes();
	pid_t pids[2] = {};
	int left = kind->threads ? 1 : 2, bad = 0;
	pthread_barrierattr_t shared;

	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);

	pthread_barrier_init(&place->barrier, &shared, 2);
	place->ready = 0;
	if (kind->threads) {
		pids[0] = spawn(both_threads, kind);
	} else {
		pids[0] = spawn(first_process, kind);
		pids[1] = spawn(second_process, kind);
	}
	while (left--) {
		int status;
		pid_t pid = must(waitpid(-1, &status, 0));

		if (!status || bad)
			continue;
		bad = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		for (int i = 0; i < 2; i++)
			if (pids[i] && pids[i] != pid)
				kill(pids[i], SIGKILL);
	}
	if (bad) {
		unlink(NAME);
		failed("%s beside %s: status %d", operations[place->first].name,
		       operations[place->second].name, bad);
	}
	wait_for(used_bytes() == bytes && used_inodes() == inodes);
}

#define PROCESSES(b, m, bytes) \
	{ #b " " #m ", two processes", LEND_BACKING_##b, LEND_MAP_##m, bytes, false }
#define THREADS(b, m, bytes) \
	{ #b " " #m ", two threads", LEND_BACKING_##b, LEND_MAP_##m, bytes, true }

static struct kind kinds[] = {
	PROCESSES(FOLIOS, FAULT, HUGE + 11 * PAGE + 8),
	THREADS(FOLIOS, FAULT, HUGE + 11 * PAGE + 8),
	PROCESSES(PAGES, FAULT, 40 * PAGE),
	THREADS(PAGES, FAULT, 40 * PAGE),
	PROCESSES(PAGES, INSERT, 40 * PAGE),
	THREADS(CONTIG, INSERT, 64 * PAGE),
	PROCESSES(VMALLOC, FAULT, 40 * PAGE),
	THREADS(VMALLOC, PFN, 40 * PAGE),
};

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(kinds)];
	const char *asked = getenv("STRESS_ROUNDS");

	if (asked)
		rounds = atoi(asked);
	place = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		tests[i] = (struct CMUnitTest){ kinds[i].name, every_pair, NULL, NULL, &kinds[i] };
	return run_able("stress", tests, ARRAY_SIZE(kinds), maker_set_up, maker_tear_down);
}
