// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lent memory between processes: one reads and writes that of another, two wait
 * for each other in it.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "table.h"

#define AT (5 * PAGE + 16)	/* where they reach */

static int wait_forever(void *arg)
{
	struct subject *s = arg;

	/* The child's own mapping has its entries, too. */
	for (size_t i = 0; i < SIZE; i += PAGE)
		if (s->mem[i] != pattern_byte(i))
			return 1;
	raise(SIGSTOP);
	return 0;
}

static pid_t stopped_child(struct subject *s)
{
	pid_t pid = spawn(wait_forever, s);
	int status;

	check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

static const char *vm_readv(struct subject *s, long arg)
{
	pid_t pid = stopped_child(s);
	char *buf = malloc(SIZE);
	struct iovec here = { buf, SIZE }, there = { s->mem, SIZE };
	const char *word = "works";

	(void)arg;
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) != SIZE)
		word = outcome(-1, "");
	else if (memcmp(buf, s->mem, SIZE))
		word = "lost";
	end(pid);
	free(buf);
	return word;
}

static const char *vm_writev(struct subject *s, long arg)
{
	pid_t pid = stopped_child(s);
	struct iovec here = { "lend", 4 }, there = { s->mem + AT, 4 };
	const char *word = "works";

	(void)arg;
	if (process_vm_writev(pid, &here, 1, &there, 1, 0) != 4)
		word = outcome(-1, "");
	else if (memcmp(s->mem + AT, "lend", 4))
		word = "lost";
	end(pid);
	return word;
}

static const char *debugger(struct subject *s, long arg)
{
	pid_t pid = stopped_child(s);
	const char *word = "works";
	long value, expected;

	(void)arg;
	memcpy(&expected, s->mem + AT, sizeof(expected));
	must(ptrace(PTRACE_SEIZE, pid, 0, 0));
	must(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	check(waitpid(pid, NULL, 0) == pid);
	errno = 0;
	value = ptrace(PTRACE_PEEKDATA, pid, s->mem + AT, 0);
	if (errno)
		word = outcome(-1, "");
	else if (value != expected || ptrace(PTRACE_POKEDATA, pid, s->mem + AT, ~expected) ||
		 memcmp(s->mem + AT, &(long){ ~expected }, sizeof(long)))
		word = "lost";
	end(pid);
	return word;
}

static const char *proc_mem(struct subject *s, long arg)
{
	pid_t pid = stopped_child(s);
	char path[64], buf[PAGE];
	const char *word = "works";
	int fd;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = must(open(path, O_RDWR | O_CLOEXEC));
	if (pread(fd, buf, PAGE, (uintptr_t)s->mem + AT) != PAGE)
		word = outcome(-1, "");
	else if (memcmp(buf, s->mem + AT, PAGE))
		word = "lost";
	else if (pwrite(fd, "lend", 4, (uintptr_t)s->mem + AT) != 4 ||
		 memcmp(s->mem + AT, "lend", 4))
		word = "not written";
	close(fd);
	end(pid);
	return word;
}

/* What processes share, each by a mapping of its own at an address of its own. */
struct shared {
	uint32_t word;
	uint32_t locked;
	int turn;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
};

static struct shared *map_elsewhere(const struct subject *s)
{
	char *mem = map_buffer(s->fd, SIZE);

	check(mem != s->mem);
	must(munmap(s->mem, SIZE));
	return (struct shared *)(mem + AT);
}

static struct shared *new_shared(struct subject *s, int robust)
{
	struct shared *here = (struct shared *)(s->mem + AT);
	pthread_mutexattr_t attr;
	pthread_condattr_t cond_attr;

	memset(here, 0, sizeof(*here));
	check(!pthread_mutexattr_init(&attr) && !pthread_condattr_init(&cond_attr));
	check(!pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED));
	check(!pthread_condattr_setpshared(&cond_attr, PTHREAD_PROCESS_SHARED));
	check(!pthread_mutexattr_setrobust(&attr, robust));
	check(!pthread_mutex_init(&here->mutex, &attr));
	check(!pthread_cond_init(&here->changed, &cond_attr));
	return here;
}

static long futex(uint32_t *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static int sleeper(void *arg)
{
	return futex(&map_elsewhere(arg)->word, FUTEX_WAIT, 0) ? errno : 0;
}

static const char *futexes(struct subject *s, long arg)
{
	struct shared *here = new_shared(s, PTHREAD_MUTEX_STALLED);
	pid_t pid = spawn(sleeper, s);
	const char *word;
	int err = 0;
	long woken;

	(void)arg;
	wait_for((woken = futex(&here->word, FUTEX_WAKE, 1)) != 0);
	word = outcome(woken, "works");
	if (woken == -1)
		err = errno;
	check(reap(pid) == err);
	return word;
}

#define TURNS	50

static int take_turns(struct subject *s, int mine)
{
	struct shared *there = map_elsewhere(s);

	for (int i = 0; i < TURNS; i++) {
		check(!pthread_mutex_lock(&there->mutex));
		while (there->turn % 2 != mine)
			check(!pthread_cond_wait(&there->changed, &there->mutex));
		there->turn++;
		check(!pthread_cond_signal(&there->changed));
		check(!pthread_mutex_unlock(&there->mutex));
	}
	return 0;
}

static int even(void *arg)
{
	return take_turns(arg, 0);
}

static int odd(void *arg)
{
	return take_turns(arg, 1);
}

/* The C library ends a program whose futexes are refused. */
static const char *condition(struct subject *s, long arg)
{
	struct shared *here = new_shared(s, PTHREAD_MUTEX_STALLED);
	pid_t one = spawn(even, s), two = spawn(odd, s);
	int status = reap(two);

	(void)arg;
	if (status)
		kill(one, SIGKILL);
	if (status == 128 + SIGABRT) {
		reap(one);
		return "aborts";
	}
	check(!status && !reap(one));
	return here->turn == 2 * TURNS ? "works" : "lost";
}

static int die_with_lock(void *arg)
{
	struct shared *there = map_elsewhere(arg);

	check(!pthread_mutex_lock(&there->mutex));
	__atomic_store_n(&there->locked, 1, __ATOMIC_SEQ_CST);
	pause();
	return 1;
}

static int inherit_lock(void *arg)
{
	struct shared *there = map_elsewhere(arg);

	if (pthread_mutex_lock(&there->mutex) != EOWNERDEAD)
		return 1;
	check(!pthread_mutex_consistent(&there->mutex));
	return pthread_mutex_unlock(&there->mutex);
}

/* Who holds a lock is killed; the kernel passes it on to who waits for it. */
static const char *robust(struct subject *s, long arg)
{
	struct shared *here = new_shared(s, PTHREAD_MUTEX_ROBUST);
	pid_t owner = spawn(die_with_lock, s), heir;
	int status;

	(void)arg;
	wait_for(__atomic_load_n(&here->locked, __ATOMIC_SEQ_CST));
	heir = spawn(inherit_lock, s);
	wait_for(__atomic_load_n(&here->mutex.__data.__lock, __ATOMIC_SEQ_CST) & FUTEX_WAITERS);
	if (s->map == LEND_MAP_PFN) {
		status = reap(heir);
		end(owner);
	} else {
		end(owner);
		status = reap(heir);
	}
	if (status == 128 + SIGABRT)
		return "aborts";
	return status || pthread_mutex_lock(&here->mutex) ||
	       pthread_mutex_unlock(&here->mutex) ? "lost" : "works";
}

static const struct operation operations[] = {
	{ "process_vm_readv", vm_readv, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "process_vm_writev", vm_writev, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "ptrace: peek and poke", debugger, 0, EVERY_BUT_PFN("works", "EIO") },
	{ "/proc/PID/mem", proc_mem, 0, EVERY_BUT_PFN("works", "EIO") },
	{ "futex between two mappings", futexes, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "mutex and condition of two processes", condition, 0, EVERY_BUT_PFN("works", "aborts") },
	{ "robust mutex, its owner killed", robust, 0, EVERY_BUT_PFN("works", "aborts") },
};

static const struct table table = {
	.title = "Processes",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
