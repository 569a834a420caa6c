// SPDX-License-Identifier: GPL-2.0-only
/* liblend: using buffers and passing them on. */
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "kernel.h"
#include "modules/lend_driver.h"
#include "refused.h"

#define NAME	"library-test"

#define RW	(PROT_READ | PROT_WRITE)

static int other_file(void)
{
	int fd = must(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));

	must(ftruncate(fd, PAGE));
	return fd;
}

static void check_and_size(void **state)
{
	int fd = must(lend_create(NULL, 0600, PAGE + 1, NULL)), other = other_file();
	int empty = must(lend_tmpfile(NULL, 0600));

	(void)state;
	must(lend_check(fd));
	assert_int_equal(lend_size(fd), PAGE + 1);
	must(lend_check(empty));
	assert_int_equal(lend_size(empty), 0);
	refused(lend_check(other), ENOTTY, "not on a lend");
	refused(lend_size(other), ENOTTY, "not on a lend");
	refused(lend_check(-1), EBADF, "-1");
	refused(lend_size(-1), EBADF, "-1");
	close(empty);
	close(other);
	close(fd);
}

static void map_aligned(void **state)
{
	size_t size = 8 * HUGE + 17;
	int fd = must(lend_create(NULL, 0600, size, NULL));

	(void)state;
	for (unsigned int pages = 0; pages < 3; pages++) {
		size_t offset = pages * PAGE;
		char *mem = lend_map(fd, offset, 0, RW, 0);

		assert_non_null(mem);
		assert_int_equal((uintptr_t)mem % HUGE, offset);
		mem[size - offset - 1] = 'a' + pages;	/* length 0 reaches to the end */
		must(munmap(mem, size - offset));
	}
	char last;

	check(pread(fd, &last, 1, size - 1) == 1);
	assert_int_equal(last, 'c');
	close(fd);
}

static void map_kinds(void **state)
{
	int fd = must(lend_create(NAME, 0600, 4 * PAGE, NULL));
	int ro = must(lend_open(NAME, O_RDONLY)), wo = must(lend_open(NAME, O_WRONLY));
	int empty = must(lend_tmpfile(NULL, 0600)), other = other_file();
	char *shared = lend_map(fd, 0, 0, RW, MAP_SHARED | MAP_POPULATE);
	char *second = lend_map(fd, PAGE, PAGE, PROT_READ, 0);
	char *own = lend_map(ro, 0, 0, RW, MAP_PRIVATE);
	int pfn = make_buffer(PAGE, LEND_BACKING_PAGES, LEND_MAP_PFN);

	(void)state;
	assert_true(shared && second && own);
	shared[PAGE] = 1;
	assert_int_equal(second[0], 1);
	own[PAGE] = 2;
	assert_int_equal(shared[PAGE], 1);
	must(munmap(shared, 4 * PAGE));
	must(munmap(second, PAGE));
	must(munmap(own, 4 * PAGE));

	refused(lend_map(ro, 0, 0, RW, 0), EACCES, "16 KiB", NAME, "open for reading");
	refused(lend_map(wo, 0, 0, PROT_READ, 0), EACCES, NAME, "open for reading");
	refused(lend_map(fd, 0, 0, PROT_READ | PROT_EXEC, 0), EPERM, NAME, "executable");
	refused(lend_map(fd, 17, 0, RW, 0), EINVAL, "offset 17", "multiple of the page size");
	refused(lend_map(fd, 4 * PAGE, 0, RW, 0), ENXIO, "offset 16384", "ends at 16384");
	refused(lend_map(fd, PAGE, 4 * PAGE, RW, 0), ENXIO, "offset 4096", "beyond the buffer's end");
	refused(lend_map(fd, UINT64_MAX & -PAGE, PAGE, RW, 0), ENXIO, "ends at 16384");
	refused(lend_map(fd, 0, SIZE_MAX, RW, 0), ENOMEM, "16", NAME);
	refused(lend_map(empty, 0, 0, RW, 0), ENXIO, "empty", "lend_alloc()");
	refused(lend_map(pfn, 0, 0, RW, MAP_PRIVATE), EINVAL, "map=pfn");
	refused(lend_map(other, 0, 0, RW, 0), ENOTTY, "not on a lend");
	refused(lend_map(-1, 0, 0, RW, 0), EBADF, "-1");
	close(pfn);
	close(other);
	close(empty);
	close(wo);
	close(ro);
	close(fd);
	must(lend_unlink(NAME));
}

static void info(void **state)
{
	int fd = must(lend_create(NULL, 0600, HUGE + 1, NULL)), other = other_file();
	struct lend_info ours = { .size = 3, .flags = ~0U }, kernels;

	(void)state;
	must(lend_info(fd, &ours));
	kernels = get_info(fd);
	assert_memory_equal(&ours, &kernels, sizeof(ours));
	assert_int_equal(ours.bytes, HUGE + 1);
	assert_int_equal(ours.memory, HUGE + PAGE);
	refused(lend_info(other, &ours), ENOTTY, "not a buffer of lend");
	refused(lend_info(-1, &ours), EBADF, "-1");
	close(other);
	close(fd);
}

static void expect_runs(int fd)
{
	struct lend_info info = get_info(fd);
	struct lend_phys_run *runs;
	uint64_t longest = 0, at = 0;
	size_t count = ~0UL;

	runs = lend_runs(fd, &count);
	assert_non_null(runs);
	assert_int_equal(count, info.runs);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(runs[i].offset, at);
		assert_int_equal(runs[i].phys % PAGE, 0);
		assert_int_not_equal(runs[i].phys, 0);
		at += runs[i].length;
		if (runs[i].length > longest)
			longest = runs[i].length;
	}
	assert_int_equal(at, info.memory);
	assert_int_equal(longest, info.longest);
	free(runs);
}

static int runs_without_rawio(void *arg)
{
	size_t count;

	give_up(CAP_SYS_RAWIO);
	refused(lend_runs(*(int *)arg, &count), EPERM, "CAP_SYS_RAWIO");
	return 0;
}

#define PIECES 2048

/* Every other piece goes back, so that memory for single pages is all holes. */
static void runs(void **state)
{
	int pieces[PIECES], fd = must(lend_tmpfile(NULL, 0600)), other = other_file();
	cpu_set_t all;
	size_t count;

	(void)state;
	expect_runs(fd);
	refused(lend_runs(other, &count), ENOTTY, "not a buffer of lend");
	refused(lend_runs(-1, &count), EBADF, "-1");
	close(other);
	close(fd);

	must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ PIECES + 64, 1048576 }));
	/* What a processor has given back, it gets again first. */
	all = stay_here();
	for (unsigned int i = 0; i < PIECES; i++)
		pieces[i] = make_buffer(PAGE, LEND_BACKING_PAGES, 0);
	for (unsigned int i = 0; i < PIECES; i += 2)
		close(pieces[i]);
	fd = make_buffer(PIECES * PAGE, LEND_BACKING_PAGES, 0);
	move_again(all);
	assert_in_range(get_info(fd).runs, 257, PIECES);	/* more than one request gets */
	expect_runs(fd);
	assert_int_equal(reap(spawn(runs_without_rawio, &fd)), 0);
	for (unsigned int i = 1; i < PIECES; i += 2)
		close(pieces[i]);
	close(fd);
}

/* A driver that is hooked to the buffer writes down what reaches it. */
static void sync_range(void **state)
{
	int fd = must(lend_create(NULL, 0600, 3 * PAGE, NULL));
	int empty = must(lend_tmpfile(NULL, 0600)), other = other_file();
	struct driver_log log;
	int driver;

	(void)state;
	must(lend_sync(fd, 0, 0, LEND_SYNC_FOR_CPU));		/* nobody there */
	load_module("lend_driver");
	driver = must(open("/dev/lend_driver", O_RDWR | O_CLOEXEC));
	must(ioctl(driver, DRIVER_ATTACH, &fd));
	must(lend_sync(fd, PAGE, 0, LEND_SYNC_FOR_DEVICE));
	must(lend_sync(fd, 5, 7, LEND_SYNC_FOR_CPU | LEND_SYNC_FOR_DEVICE));
	refused(lend_sync(fd, 0, 1, 0), EINVAL, "flags 0x0", "LEND_SYNC_FOR_CPU");
	refused(lend_sync(fd, 0, 1, 4), EINVAL, "flags 0x4");
	refused(lend_sync(fd, PAGE, 2 * PAGE + 1, 1), ENXIO, "8193 bytes from offset 4096", "end");
	refused(lend_sync(fd, UINT64_MAX, 2, 1), EOVERFLOW, "18446744073709551615");
	refused(lend_sync(fd, 3 * PAGE, 0, 1), EINVAL, "0 bytes from offset 12288");
	must(ioctl(driver, DRIVER_LOG, &log));
	assert_int_equal(log.count, 2);
	assert_int_equal(log.sync[0].offset, PAGE);
	assert_int_equal(log.sync[0].length, 2 * PAGE);
	assert_int_equal(log.sync[0].flags, LEND_SYNC_FOR_DEVICE);
	assert_int_equal(log.sync[1].offset, 5);
	assert_int_equal(log.sync[1].length, 7);
	assert_int_equal(log.sync[1].flags, LEND_SYNC_FOR_CPU | LEND_SYNC_FOR_DEVICE);

	must(ioctl(driver, DRIVER_ANSWER, &(int){ -EREMOTEIO }));
	refused(lend_sync(fd, 0, 0, LEND_SYNC_FOR_CPU), EREMOTEIO, "12288 bytes from offset 0");
	close(driver);
	unload_module("lend_driver");

	refused(lend_sync(empty, 0, 0, LEND_SYNC_FOR_CPU), EINVAL, "0 bytes");
	refused(lend_sync(other, 0, 1, LEND_SYNC_FOR_CPU), ENOTTY, "not a buffer of lend");
	refused(lend_sync(-1, 0, 1, LEND_SYNC_FOR_CPU), EBADF, "-1");
	close(other);
	close(empty);
	close(fd);
}

static void dmabuf(void **state)
{
	int fd = must(lend_create(NULL, 0600, 3 * PAGE, NULL)), empty = must(lend_tmpfile(NULL, 0600));
	int other = must(open("/dev/null", O_RDWR | O_CLOEXEC)), shared;
	char path[64], *mem;

	(void)state;
	shared = must(lend_dmabuf(fd, O_RDWR));
	assert_int_equal(fcntl(shared, F_GETFD), FD_CLOEXEC);
	assert_int_equal(lseek(shared, 0, SEEK_END), 3 * PAGE);
	mem = map_buffer(shared, 3 * PAGE);
	strcpy(mem + PAGE, "by the dma-buf");
	munmap(mem, 3 * PAGE);
	mem = lend_map(fd, 0, 0, RW, 0);
	assert_string_equal(mem + PAGE, "by the dma-buf");
	munmap(mem, 3 * PAGE);
	close(shared);

	refused(lend_dmabuf(fd, O_APPEND), EINVAL, "flags 0x400", "O_RDWR");
	refused(lend_dmabuf(empty, O_RDWR), ENODATA, "empty", "lend_alloc()");
	refused(lend_dmabuf(other, O_RDWR), ENOTTY, "not a buffer of lend");
	refused(lend_dmabuf(-1, O_RDWR), EBADF, "-1");
	close(other);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = must(open(path, O_RDONLY | O_CLOEXEC));
	refused(lend_dmabuf(other, O_RDONLY), EBADF, "open for reading and writing");
	close(other);
	close(empty);
	close(fd);
}

static int receiver(void *arg)
{
	int sock = *(int *)arg, fd = must(lend_recv(sock)), ro;
	char *mem = lend_map(fd, 0, 0, RW, 0);

	check(mem && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	check(!strcmp(mem, "from the sender"));
	strcpy(mem, "from the receiver");
	ro = must(lend_recv(sock));
	refused(lend_map(ro, 0, 0, RW, 0), EACCES, "open for reading");
	check(lend_size(ro) == lend_size(fd));
	refused(lend_recv(sock), ECONNRESET, "closed");
	return 0;
}

static void send_and_recv(void **state)
{
	int pair[2], fd = must(lend_create(NAME, 0600, 3 * PAGE, NULL));
	int ro = must(lend_open(NAME, O_RDONLY));
	char *mem = lend_map(fd, 0, 0, RW, 0);
	pid_t pid;

	(void)state;
	assert_non_null(mem);
	strcpy(mem, "from the sender");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	must(lend_send(pair[0], fd));
	must(lend_send(pair[0], ro));
	must(shutdown(pair[0], SHUT_WR));
	pid = spawn(receiver, &pair[1]);
	assert_int_equal(reap(pid), 0);
	assert_string_equal(mem, "from the receiver");
	must(munmap(mem, 3 * PAGE));
	must(lend_unlink(NAME));
	close(pair[0]);
	close(pair[1]);
	close(ro);
	close(fd);
}

static void send_two(int sock, int fd)
{
	union { char buf[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr align; } control = {};
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(cmsg), (int[]){ fd, fd }, 2 * sizeof(int));
	check(must(sendmsg(sock, &msg, 0)) == 1);
}

/* What came along with a refused message is closed again: see nothing_left(). */
static void recv_refused(void **state)
{
	int pair[2], fd = must(lend_create(NULL, 0600, PAGE, NULL)), other = other_file();

	(void)state;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	check(write(pair[0], "x", 1) == 1);
	refused(lend_recv(pair[1]), EPROTO, "exactly one descriptor");
	send_two(pair[0], fd);
	refused(lend_recv(pair[1]), EPROTO, "exactly one descriptor");
	send_fd(pair[0], other);
	refused(lend_recv(pair[1]), ENOTTY, "not on a lend");
	must(lend_send(pair[0], fd));
	close(must(lend_recv(pair[1])));

	refused(lend_recv(-1), EBADF, "socket -1");
	refused(lend_recv(other), ENOTSOCK, "socket");
	refused(lend_send(pair[0], -1), EBADF, "descriptor -1");
	refused(lend_send(other, fd), ENOTSOCK, "socket");
	close(pair[1]);
	refused(lend_send(pair[0], fd), EPIPE, "socket");	/* and no SIGPIPE */
	close(pair[0]);
	close(other);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(check_and_size),
		TEST(map_aligned),
		TEST(map_kinds),
		TEST(info),
		TEST(runs),
		TEST(sync_range),
		TEST(dmabuf),
		TEST(send_and_recv),
		TEST(recv_refused),
	};

	return cmocka_run_group_tests_name("liblend: using buffers", tests, NULL, NULL);
}
