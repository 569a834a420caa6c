// SPDX-License-Identifier: GPL-2.0-only
#include <linux/futex.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "../common/dmabuf.h"
#include "../common/hold.h"
#include "../common/maker.h"
#include "routes.h"
#include "security.h"

/* What a route may use besides the descriptor; opened by root. */
static int source, disk, maker;

static long by_pwrite(int fd, char *mem)
{
	(void)mem;
	return pwrite(fd, "W", 1, AT);
}

static long by_pwritev(int fd, char *mem)
{
	struct iovec one = { "W", 1 };

	(void)mem;
	return pwritev2(fd, &one, 1, AT, 0);
}

static void open_marked(int ends[2])
{
	must(pipe2(ends, O_CLOEXEC));
	check(write(ends[1], "W", 1) == 1);
}

/* @ret, with its errno. */
static long close_marked(const int ends[2], long ret)
{
	int error = errno;

	close(ends[0]);
	close(ends[1]);
	errno = error;
	return ret;
}

static long by_splice(int fd, char *mem)
{
	loff_t at = AT;
	int ends[2];

	(void)mem;
	open_marked(ends);
	return close_marked(ends, splice(ends[0], NULL, fd, &at, 1, 0));
}

static long by_sendfile(int fd, char *mem)
{
	off_t from = AT;

	(void)mem;
	must(lseek(fd, AT, SEEK_SET));
	return sendfile(fd, source, &from, 1);
}

static long by_copy_file_range(int fd, char *mem)
{
	loff_t from = AT, to = AT;

	(void)mem;
	return copy_file_range(source, &from, fd, &to, 1, 0);
}

static long by_mmap(int fd, char *mem)
{
	char *other = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	(void)mem;
	if (other == MAP_FAILED)
		return -1;
	other[AT] = MARK;
	return munmap(other, SIZE);
}

static long by_mprotect(int fd, char *mem)
{
	char *other = must(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0));
	long ret = mprotect(other + AT, PAGE, PROT_READ | PROT_WRITE);
	int error = errno;

	(void)mem;
	if (!ret)
		other[AT] = MARK;
	munmap(other, SIZE);
	errno = error;
	return ret;
}

static long by_pkey_mprotect(int fd, char *mem)
{
	(void)fd;
	if (syscall(SYS_pkey_mprotect, mem + AT, PAGE, PROT_READ | PROT_WRITE, -1))
		return -1;
	mem[AT] = MARK;
	return 0;
}

/* Maps the page anew, with the file that the mapping has. */
static long by_remap_file_pages(int fd, char *mem)
{
	(void)fd;
	if (syscall(SYS_remap_file_pages, mem + AT, PAGE, 0, AT / PAGE, 0))
		return -1;
	return by_pkey_mprotect(fd, mem);
}

long by_proc_mem(int fd, char *mem)
{
	int self = must(open("/proc/self/mem", O_RDWR | O_CLOEXEC)), error;
	long ret = pwrite(self, "W", 1, (uintptr_t)mem + AT);

	(void)fd;
	error = errno;
	close(self);
	errno = error;
	return ret;
}

static long by_process_vm_writev(int fd, char *mem)
{
	struct iovec from = { "W", 1 }, to = { mem + AT, 1 };

	(void)fd;
	return process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}

/* A debugger's hand. */
long by_ptrace(int fd, char *mem)
{
	pid_t pid = must(fork());
	int status, error;
	long ret;

	(void)fd;
	if (!pid) {
		ptrace(PTRACE_TRACEME);
		raise(SIGSTOP);
		_exit(0);
	}
	check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	ret = ptrace(PTRACE_POKEDATA, pid, mem + AT, (long)MARK);
	error = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = error;
	return ret;
}

static long by_read(int fd, char *mem)
{
	(void)fd;
	return pread(source, mem + AT, 1, AT);
}

static long by_direct_io(int fd, char *mem)
{
	(void)fd;
	return pread(disk, mem + AT, PAGE, 0);
}

static long by_vmsplice(int fd, char *mem)
{
	struct iovec to = { mem + AT, 1 };
	int ends[2];

	(void)fd;
	open_marked(ends);
	return close_marked(ends, vmsplice(ends[0], &to, 1, 0));
}

static long by_futex(int fd, char *mem)
{
	int other = 0;

	(void)fd;
	return syscall(SYS_futex, &other, FUTEX_WAKE_OP_PRIVATE, 0, 0, mem + AT,
		       FUTEX_OP(FUTEX_OP_SET, MARK, FUTEX_OP_CMP_EQ, 0));
}

/* A driver's device. */
static long driver_marks(long taken, size_t at)
{
	if (taken)
		return -1;
	driver_write(maker, "W", at, 1);
	return ask(maker, MAKER_LET_GO);
}

static long by_pinning(int fd, char *mem)
{
	(void)fd;
	return driver_marks(ask(maker, MAKER_FROM_USER, .addr = (uintptr_t)mem + AT,
				.length = PAGE, .flags = true), 0);
}

static long by_driver(int fd, char *mem)
{
	(void)mem;
	return driver_marks(ask(maker, MAKER_FROM_FD, .fd = fd, .flags = true), AT);
}

static long by_dmabuf(int fd, char *mem)
{
	int dmabuf = try_export(fd, O_RDWR | O_CLOEXEC);
	long ret;

	if (dmabuf < 0)
		return -1;
	ret = by_mmap(dmabuf, mem);
	close(dmabuf);
	return ret;
}

const struct route routes[] = {
	{ "pwrite", by_pwrite, EBADF, FILES },
	{ "pwritev2", by_pwritev, EBADF, FILES },
	{ "splice", by_splice, EBADF, FILES },
	{ "sendfile", by_sendfile, EBADF, FILES },
	{ "copy_file_range", by_copy_file_range, EBADF, FILES },
	{ "mmap", by_mmap, EACCES },
	{ "mprotect", by_mprotect, EACCES },
	{ "/proc/self/mem", by_proc_mem, EIO, PINS },
	{ "process_vm_writev", by_process_vm_writev, EFAULT, PINS },
	{ "ptrace", by_ptrace, EIO, PINS },
	{ "read", by_read, EFAULT },
	{ "O_DIRECT read", by_direct_io, EFAULT, PINS },
	{ "vmsplice", by_vmsplice, EFAULT },
	{ "futex", by_futex, EFAULT },
	{ "pinning", by_pinning, EFAULT, PINS },
	{ "a driver", by_driver, EBADF, FILES },
	{ "a dma-buf", by_dmabuf, EBADF, FILES },
	{ "pkey_mprotect", by_pkey_mprotect, EACCES },
	{ "remap_file_pages", by_remap_file_pages, EINVAL },
};

const size_t nr_routes = ARRAY_SIZE(routes);

void open_sources(void)
{
	char *page = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0));

	memset(page, MARK, PAGE);
	source = make_buffer(SIZE, 0, 0);
	disk = must(open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC));
	maker = open_maker();
	check(pwrite(source, page, PAGE, AT) == PAGE && pwrite(disk, page, PAGE, 0) == PAGE);
	must(munmap(page, PAGE));
}

void close_sources(void)
{
	close(maker);
	close(disk);
	close(source);
}
