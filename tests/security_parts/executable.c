// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <sys/personality.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "../common/dmabuf.h"
#include "../common/maker.h"
#include "security.h"

#define PROGRAM	"/bin/true"
#define COPY	DIR "/true"
#define SCRIPT	"/tmp/lend-test.script"
#define LOADER	"/lib64/ld-linux-x86-64.so.2"

/*
 * Everything that maps one buffer: file, dma-buf, a driver's device, by which newer
 * kernels map what is mapped by faults alone.
 */
static void all_descriptors(void (*test)(int fd))
{
	for (size_t m = 0; m < ARRAY_SIZE(maps); m++) {
		int fd = make_buffer(SIZE, 0, maps[m]), dmabuf = make_dmabuf(fd);
		int maker = open_maker();

		must(ask(maker, MAKER_FROM_FD, .fd = fd, .flags = true));
		test(fd);
		test(dmabuf);
		if (maps[m] == LEND_MAP_FAULT)
			test(maker);
		close(maker);
		close(dmabuf);
		wait_for(!get_info(fd).exports);
		close(fd);
	}
}

static int call(void *mem)
{
	((void (*)(void))mem)();
	return 0;
}

static void cannot_be_called(int fd)
{
	static const int protections[] = {
		PROT_EXEC, PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	char *mem = map_buffer(fd, PAGE);

	for (size_t i = 0; i < ARRAY_SIZE(protections); i++) {
		int prot = protections[i];

		must_fail(mmap(NULL, PAGE, prot, MAP_SHARED, fd, 0), EPERM);
		/* Registers and page frames have no private mappings: either way it is none. */
		check(mmap(NULL, PAGE, prot, MAP_PRIVATE, fd, 0) == MAP_FAILED);
		must_fail(mprotect(mem, PAGE, prot), EACCES);
		must_fail(syscall(SYS_pkey_mprotect, mem, PAGE, prot, -1), EACCES);
	}
	mem[0] = (char)0xc3;		/* ret */
	check(reap(spawn(call, mem)) == 128 + SIGSEGV);
	must(munmap(mem, PAGE));
}

void no_executable_mapping(void **state)
{
	char *own = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	(void)state;
	own[0] = (char)0xc3;
	assert_int_equal(reap(spawn(call, own)), 0);
	must(munmap(own, PAGE));
	all_descriptors(cannot_be_called);
}

static bool executable(const char *mem)
{
	return strstr(smaps_flags(mem), "ex") || strstr(smaps_flags(mem), "me");
}

/* A process that takes whatever may be read for a program. */
static int careless(void *arg)
{
	int fd = *(int *)arg;
	char *own, *mem;

	must(personality(READ_IMPLIES_EXEC));
	own = must(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	check(executable(own));
	/* Of files that may not be refused for that nothing is mapped at all. */
	mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	check(mem != MAP_FAILED || errno == EPERM);
	if (mem == MAP_FAILED)
		return 0;
	check(!executable(mem));
	must(mprotect(mem, PAGE, PROT_READ | PROT_WRITE));
	check(!executable(mem));
	return 0;
}

static void careless_process(int fd)
{
	assert_int_equal(reap(spawn(careless, &fd)), 0);
}

void no_read_implies_exec(void **state)
{
	(void)state;
	all_descriptors(careless_process);
}

static int run_descriptor(void *arg)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL };

	must_fail(syscall(SYS_execveat, *(int *)arg, "", argv, envp, AT_EMPTY_PATH), EACCES);
	return 0;
}

/* A whole program in a buffer: by its name, by descriptor, by a loader, as an interpreter. */
void no_program_runs(void **state)
{
	int from = must(open(PROGRAM, O_RDONLY | O_CLOEXEC)), script;
	int fd = must(open(COPY, O_RDWR | O_CREAT | O_EXCL, 0755));
	static const char line[] = "#!" COPY "\n";
	char *argv[] = { "true", NULL };
	struct stat st;

	(void)state;
	must(fstat(from, &st));
	must(ftruncate(fd, st.st_size));
	check(sendfile(fd, from, NULL, st.st_size) == st.st_size);
	assert_int_equal(shell("cmp " PROGRAM " " COPY), 0);
	close(fd);
	fd = must(open(COPY, O_RDONLY | O_CLOEXEC));
	must_fail(execv(COPY, argv), EACCES);
	assert_int_equal(reap(spawn(run_descriptor, &fd)), 0);
	assert_int_equal(shell(LOADER " " PROGRAM), 0);
	assert_int_equal(shell(LOADER " " COPY " 2>/dev/null"), 127);

	script = must(open(SCRIPT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
	check(write(script, line, strlen(line)) == (ssize_t)strlen(line));
	close(script);
	must_fail(execv(SCRIPT, argv), EACCES);
	must(unlink(SCRIPT));
	must(unlink(COPY));
	close(fd);
	close(from);
}
