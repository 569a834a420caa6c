// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "uses.h"

/* What a child does to its parent, this process; exits with the errno. */
struct reach {
	void *mem;
	size_t size;
	bool write;
};

static int from_child(int (*fn)(void *arg), void *mem, size_t size, bool write)
{
	struct reach reach = { mem, size, write };
	int status = reap(spawn(fn, &reach));

	check(status < 99);
	return status;
}

/* What is there is written; zeroes must do where it cannot be had. */
static int process_vm(void *arg)
{
	struct reach *reach = arg;
	char *buf = calloc(1, reach->size);
	struct iovec here = { buf, reach->size }, there = { reach->mem, reach->size };
	ssize_t done = process_vm_readv(getppid(), &here, 1, &there, 1, 0);

	if (reach->write)
		done = process_vm_writev(getppid(), &here, 1, &there, 1, 0);
	return done == (ssize_t)reach->size ? 0 : errno;
}

int do_process_vm_readv(void *mem, size_t size)
{
	return from_child(process_vm, mem, size, false);
}

int do_process_vm_writev(void *mem, size_t size)
{
	return from_child(process_vm, mem, size, true);
}

/* By the debugger's call and by /proc/PID/mem of who is debugged: these must agree. */
static int debug(void *arg)
{
	struct reach *reach = arg;
	pid_t pid = getppid();
	int ret, ret_mem, fd;
	char path[64];
	long value;

	must(ptrace(PTRACE_SEIZE, pid, 0, 0));
	must(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	check(waitpid(pid, NULL, __WALL) == pid);
	errno = 0;
	value = ptrace(PTRACE_PEEKDATA, pid, reach->mem, 0);
	ret = errno;
	if (reach->write)
		ret = ptrace(PTRACE_POKEDATA, pid, reach->mem, value) ? errno : 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = must(open(path, O_RDWR | O_CLOEXEC));
	ret_mem = (reach->write ? pwrite(fd, &value, sizeof(value), (uintptr_t)reach->mem) :
		   pread(fd, &value, sizeof(value), (uintptr_t)reach->mem)) == sizeof(value) ? 0 : errno;
	close(fd);
	must(ptrace(PTRACE_DETACH, pid, 0, 0));
	if (ret != ret_mem)
		failed("ptrace: %s, /proc/PID/mem: %s", strerror(ret), strerror(ret_mem));
	return ret;
}

int do_ptrace_peek(void *mem, size_t size)
{
	return from_child(debug, mem, size, false);
}

int do_ptrace_poke(void *mem, size_t size)
{
	return from_child(debug, mem, size, true);
}

static int wait_on(void *mem)
{
	unsigned int value = *(volatile unsigned int *)mem;

	check(syscall(SYS_futex, mem, FUTEX_WAIT, value, NULL, NULL, 0) == 0);
	return 0;
}

/* Wakes a child by it, if memory is shared with that. */
int do_futex(void *mem, size_t size)
{
	const char *flags;
	pid_t pid;

	(void)size;
	if (syscall(SYS_futex, mem, FUTEX_WAKE, INT_MAX, NULL, NULL, 0) < 0)
		return errno;
	flags = smaps_flags(mem);
	if (!strstr(flags, "rd") || !strstr(flags, "ms"))
		return 0;
	pid = spawn(wait_on, mem);
	wait_for(must(syscall(SYS_futex, mem, FUTEX_WAKE, INT_MAX, NULL, NULL, 0)) == 1);
	check(reap(pid) == 0);
	return 0;
}
