// SPDX-License-Identifier: GPL-2.0-only
/*
 * Others than the CPU's own loads and stores reach for mapped memory: system
 * calls, the process's own files in /proc, core dumps.
 */
#include <signal.h>
#include <sys/resource.h>

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
