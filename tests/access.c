// SPDX-License-Identifier: GPL-2.0-only
/*
 * Others than the CPU's own loads and stores reach for mapped memory: system
 * calls, debuggers, other processes, disks, core dumps.
 */
#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <signal.h>

#include "table.h"

#define AT (5 * PAGE + 16)	/* where they reach */

static const char *syscall_copy(struct subject *s, long arg)
{
	char buf[PAGE];
	int fd = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	const char *word = "works";

	(void)arg;
	if (pread(fd, buf, PAGE, 0) != PAGE || pread(fd, s->mem + AT, PAGE, 0) != PAGE)
		word = outcome(-1, "");
	else if (memcmp(buf, s->mem + AT, PAGE))
		word = "lost";
	close(fd);
	return word;
}

/* A disk writes straight into the mapping, and reads from it. */
static const char *direct_io(struct subject *s, long arg)
{
	int fd = must(open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC));
	const char *word = "works";

	(void)arg;
	if (pwrite(fd, s->mem, SIZE, 0) != SIZE) {
		word = outcome(-1, "");
	} else {
		memset(s->mem, 0, SIZE);
		if (pread(fd, s->mem, SIZE, 0) != SIZE || !intact(s))
			word = "lost";
	}
	close(fd);
	return word;
}

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

/* /proc/PID/mem writes where the program may not: not through a read-only descriptor. */
static const char *proc_mem_readonly(struct subject *s, long arg)
{
	char path[64];
	int fd, self = must(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
	const char *word;
	char *mem;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	fd = must(open(path, O_RDONLY | O_CLOEXEC));
	mem = must(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0));
	word = outcome(pwrite(self, "lend", 4, (uintptr_t)mem + AT), "written");
	if (!intact(s))
		word = "written";
	munmap(mem, SIZE);
	close(fd);
	close(self);
	return word;
}

static const char *name_in_maps(struct subject *s, long arg)
{
	FILE *file = fopen("/proc/self/maps", "re");
	const char *word = "not there";
	char line[512];
	uintptr_t start;

	(void)arg;
	check(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-", &start) == 1 && start == (uintptr_t)s->mem)
			word = strstr(line, DIR "/#") ? "named" : "nameless";
	fclose(file);
	return word;
}

#define MARK_OWN	"mark-in-the-program's-own-memory"
#define MARK_LENT	"mark-in-the-memory-that-was-lent"

/* The marks are put together here, so that no constant of the program has one whole. */
static int crash(void *arg)
{
	struct subject *s = arg;
	char *own = strdup(MARK_OWN);

	must(setrlimit(RLIMIT_CORE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }));
	own[0] = s->mem[AT] = 'M';
	memcpy(s->mem + AT + 1, MARK_LENT + 1, sizeof(MARK_LENT) - 2);
	abort();
}

static bool contains(const char *path, const char *mark)
{
	int fd = must(open(path, O_RDONLY | O_CLOEXEC));
	struct stat st;
	char *core;
	bool found;

	must(fstat(fd, &st));
	core = must(mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0));
	found = memmem(core, st.st_size, mark, strlen(mark));
	munmap(core, st.st_size);
	close(fd);
	return found;
}

/* Sets where cores go, and gives back what was there. */
static void core_pattern(const char *new, char *old, size_t size)
{
	int fd = must(open("/proc/sys/kernel/core_pattern", O_RDWR | O_CLOEXEC));

	if (old) {
		ssize_t len = must(read(fd, old, size - 1));

		old[len] = 0;
	}
	must(pwrite(fd, new, strlen(new), 0));
	close(fd);
}

static const char *core_dump(struct subject *s, long arg)
{
	static const char core[] = "/tmp/lend.core";
	char old[128];
	const char *word;

	(void)arg;
	core_pattern(core, old, sizeof(old));
	check(reap(spawn(crash, s)) == 128 + SIGABRT);
	core_pattern(old, NULL, 0);

	if (!contains(core, "M" MARK_OWN + 1))
		word = "no core";
	else
		word = contains(core, "Mark-in-the-memory-that-was-lent") ? "dumped" : "left out";
	unlink(core);
	return word;
}

static const struct operation operations[] = {
	{ "read() of another file into it", syscall_copy, 0, ALL("works") },
	{ "O_DIRECT of a disk", direct_io, 0, BUT_PFN("works", "EFAULT") },
	{ "process_vm_readv", vm_readv, 0, BUT_PFN("works", "EFAULT") },
	{ "process_vm_writev", vm_writev, 0, BUT_PFN("works", "EFAULT") },
	{ "ptrace: peek and poke", debugger, 0, BUT_PFN("works", "EIO") },
	{ "/proc/PID/mem", proc_mem, 0, BUT_PFN("works", "EIO") },
	{ "/proc/PID/mem against a read-only descriptor", proc_mem_readonly, 0, ALL("EIO") },
	{ "/proc/PID/maps", name_in_maps, 0, ALL("named") },
	{ "core dump", core_dump, 0, ALL("left out") },
};

static const struct table table = {
	.title = "Access by others",
	.columns = &ways_of_mapping,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
