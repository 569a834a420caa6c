// SPDX-License-Identifier: GPL-2.0-only
/* liblend: making, opening and naming buffers. */
#include <linux/capability.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "refused.h"

#define NAME	"library-test"
#define PATH	DIR "/" NAME
#define MOUNT	"/tmp/lend.library-test"
#define LONG	(512 * MiB)	/* takes long enough to be met on the way */

static bool there(const char *path)
{
	return !access(path, F_OK);
}

static void create_named(void **state)
{
	static const char zeroes[4 * PAGE];
	char bytes[4 * PAGE], link[64] = "", self[32];
	mode_t mask = umask(027);
	int fd = must(lend_create(NAME, 0666, 3 * PAGE + 17, NULL));
	struct stat st, named;

	(void)state;
	umask(mask);
	must(fstat(fd, &st));
	must(stat(PATH, &named));
	assert_int_equal(st.st_ino, named.st_ino);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_size, 3 * PAGE + 17);
	assert_int_equal(st.st_blocks * 512, 4 * PAGE);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 3 * PAGE + 17);
	assert_memory_equal(bytes, zeroes, 3 * PAGE + 17);

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	must(readlink(self, link, sizeof(link) - 1));
	assert_string_equal(link, PATH);

	refused(lend_create(NAME, 0600, PAGE, NULL), EEXIST, PATH);
	assert_true(there(PATH));
	close(fd);
	must(lend_unlink(NAME));
}

/* A mode that forbids its creator to open it again is no obstacle. */
static int create_readonly(void *arg)
{
	int fd;

	(void)arg;
	give_up(CAP_DAC_OVERRIDE);
	fd = must(lend_create(NAME, 0400, PAGE, NULL));
	check(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	check(pwrite(fd, "x", 1, 0) == 1);
	refused(lend_open(NAME, O_RDWR), EACCES, PATH);
	must(lend_unlink(NAME));
	return 0;
}

static void create_elsewhere(void **state)
{
	int fd;

	(void)state;
	must(mkdir(DIR "/sub", 0700));
	close(must(lend_create(DIR "/sub/" NAME, 0600, PAGE, NULL)));
	assert_true(there(DIR "/sub/" NAME));
	must(lend_unlink(DIR "/sub/" NAME));
	must(rmdir(DIR "/sub"));
	assert_int_equal(reap(spawn(create_readonly, NULL)), 0);

	fd = must(lend_create(NULL, 0600, PAGE, NULL));
	struct stat st;

	must(fstat(fd, &st));
	assert_int_equal(st.st_nlink, 0);
	close(fd);
}

static void create_kinds(void **state)
{
	struct lend_setup setup = {
		.size = 12345,		/* filled in by the library */
		.flags = LEND_SETUP_BACKING | LEND_SETUP_MAP | LEND_SETUP_NODE |
			 LEND_SETUP_DMA_BITS,
		.dma_bits = 48,
	};
	struct lend_info info;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(backings) * ARRAY_SIZE(maps); i++) {
		int fd;

		setup.backing = backings[i / ARRAY_SIZE(maps)];
		setup.map = maps[i % ARRAY_SIZE(maps)];
		fd = must(lend_create(NULL, 0600, HUGE, &setup));
		must(lend_info(fd, &info));
		assert_int_equal(info.backing, setup.backing);
		assert_int_equal(info.map, setup.map);
		assert_int_equal(info.node, 0);
		assert_int_equal(info.dma_bits, 48);
		assert_int_equal(info.memory, HUGE);
		close(fd);
	}
}

#define SET(...) &(const struct lend_setup){ __VA_ARGS__ }

static void create_refused(void **state)
{
	char too_long[PATH_MAX + 1];

	(void)state;
	refused(lend_create(NAME, 0600, 0, NULL), EINVAL, NAME, "0 bytes");
	refused(lend_create(NAME, 0600, 1ULL << 63, NULL), EFBIG, NAME, "8 EiB");
	refused(lend_create(NAME, 0600, UINT64_MAX, NULL), EFBIG, "16");
	refused(lend_create(NAME, 0600, 1ULL << 40, NULL), ENOSPC, "1 TiB", "size=");

	refused(lend_create(NAME, 0600, PAGE, SET(.flags = 0x230)), EINVAL, "0x230");
	refused(lend_create(NAME, 0600, PAGE, SET(.flags = LEND_SETUP_BACKING)), EINVAL,
		"backing number 0");
	refused(lend_create(NAME, 0600, PAGE, SET(.flags = LEND_SETUP_BACKING, .backing = 99)),
		EINVAL, "backing number 99");
	refused(lend_create(NAME, 0600, PAGE, SET(.flags = LEND_SETUP_MAP, .map = 98)),
		EINVAL, "mapping number 98");
	refused(lend_create(NAME, 0600, PAGE, SET(.dma_bits = 32)), EINVAL, "LEND_SETUP_");
	refused(lend_create(NAME, 0600, PAGE, SET(.flags = LEND_SETUP_NODE, .node = 77)),
		ENXIO, "node 77", "nodes with memory: 0");
	refused(lend_create(NAME, 0600, PAGE, SET(.flags = LEND_SETUP_DMA_BITS, .dma_bits = 3)),
		ERANGE, "2^3", "more dma_bits");
	refused(lend_create(NAME, 0600, 64 * MiB,
			    SET(.flags = LEND_SETUP_DMA_BITS, .dma_bits = 24)),
		ENOMEM, "64 MiB", "2^24");
	assert_false(there(PATH));

	refused(lend_create("", 0600, PAGE, NULL), EINVAL, "\"\" is no name");
	refused(lend_create(PATH "/", 0600, PAGE, NULL), EINVAL, PATH "/\" is no name");
	refused(lend_create("..", 0600, PAGE, NULL), EEXIST, "..");
	refused(lend_create(DIR "/no/" NAME, 0600, PAGE, NULL), ENOENT, DIR "/no");
	refused(lend_create("/etc/" NAME, 0600, PAGE, NULL), ENOTTY, "/etc is not on a lend");
	memset(too_long, 'a', PATH_MAX);
	too_long[PATH_MAX] = 0;
	refused(lend_create(too_long, 0600, PAGE, NULL), ENAMETOOLONG, "aaaa", "too long");
	too_long[NAME_MAX + 1] = 0;
	refused(lend_create(too_long, 0600, PAGE, NULL), ENAMETOOLONG, too_long);
}

static int limit_file_size(void *arg)
{
	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	must(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 8 * KiB, 8 * KiB }));
	close(must(lend_create(NULL, 0600, 8 * KiB, NULL)));
	refused(lend_create(NAME, 0600, 8 * KiB + 1, NULL), EFBIG, "8 KiB", "RLIMIT_FSIZE");
	return 0;
}

static int limit_locked(void *arg)
{
	(void)arg;
	give_up(CAP_IPC_LOCK);
	must(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ MiB, MiB }));
	close(must(lend_create(NULL, 0600, MiB, NULL)));
	refused(lend_create(NAME, 0600, MiB + 1, NULL), ENOMEM, "may lock 1 MiB", "ulimit -l");
	return 0;
}

static int forbid(void *arg)
{
	(void)arg;
	must(setuid(65534));
	refused(lend_create(NAME, 0600, PAGE, NULL), EACCES, DIR);
	return 0;
}

static void create_limited(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(reap(spawn(limit_file_size, NULL)), 0);
	assert_int_equal(reap(spawn(limit_locked, NULL)), 0);
	assert_int_equal(reap(spawn(forbid, NULL)), 0);

	must(lend_mount(MOUNT, "size=8M"));
	fd = must(lend_create(MOUNT "/all", 0600, 8 * MiB, NULL));
	refused(lend_create(MOUNT "/more", 0600, 1, NULL), ENOSPC, MOUNT "/more", "1 byte",
		"limited to 8 MiB (0 bytes free)", "size=");
	assert_false(there(MOUNT "/more"));
	close(fd);
	must(lend_umount(MOUNT));

	must(lend_mount(MOUNT, "size=0"));
	refused(lend_create(MOUNT "/more", 0600, 2 * meminfo("MemTotal"), NULL), ENOMEM,
		"the machine can spare");
	assert_false(there(MOUNT "/more"));
	must(lend_umount(MOUNT));
	must(rmdir(MOUNT));
}

static int create_long(void *arg)
{
	(void)arg;
	lend_create(NAME, 0600, LONG, NULL);
	return 0;
}

/* Its memory counts from the first moment on. */
static void create_killed(void **state)
{
	uint64_t before = used_bytes();
	pid_t pid = spawn(create_long, NULL);

	(void)state;
	wait_for(used_bytes() > before);
	kill(pid, SIGKILL);
	assert_int_equal(reap(pid), 128 + SIGKILL);
	assert_false(there(PATH));
}

struct watch {
	int fd;
	pthread_t whom;
	struct lend_info seen;
};

static atomic_bool handled;

static void handler(int signal)
{
	(void)signal;
	handled = true;
}

/* Sees it grow, then disturbs; again, as a signal between two calls ends none. */
static void *disturb(void *arg)
{
	struct watch *watch = arg;
	struct lend_info info;

	do {
		if (lend_info(watch->fd, &watch->seen))
			return NULL;
	} while (!watch->seen.memory);
	while (!handled)
		pthread_kill(watch->whom, SIGUSR1);
	return lend_info(watch->fd, &info) ? NULL : watch;
}

static void alloc_interrupted(void **state)
{
	struct watch watch = { .fd = must(lend_tmpfile(NAME, 0600)), .whom = pthread_self() };
	struct sigaction action = { .sa_handler = handler }, old;
	struct lend_info info;
	pthread_t thread;
	void *found;

	(void)state;
	handled = false;
	must(sigaction(SIGUSR1, &action, &old));
	check(!pthread_create(&thread, NULL, disturb, &watch));
	refused(lend_alloc(watch.fd, LONG, NULL), EINTR, "512 MiB", "signal");
	check(!pthread_join(thread, &found));
	must(sigaction(SIGUSR1, &old, NULL));

	assert_ptr_equal(found, &watch);
	assert_int_equal(watch.seen.bytes, 0);
	assert_in_range(watch.seen.memory, PAGE, LONG);
	must(lend_info(watch.fd, &info));
	assert_int_equal(info.memory, 0);
	assert_int_equal(lend_size(watch.fd), 0);

	must(lend_alloc(watch.fd, PAGE, NULL));
	close(watch.fd);
}

static void steps(void **state)
{
	int fd = must(lend_tmpfile(NAME, 0640)), nameless, ro, other;
	struct stat st;

	(void)state;
	assert_false(there(PATH));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(lend_size(fd), 0);
	refused(lend_alloc(fd, PAGE, SET(.flags = 0x80)), EINVAL, "0x80");
	must(lend_alloc(fd, PAGE, SET(.flags = LEND_SETUP_BACKING, .backing = LEND_BACKING_PAGES)));
	must(lend_alloc(fd, PAGE, NULL));
	refused(lend_alloc(fd, 2 * PAGE, NULL), EBUSY, "8 KiB", "already");
	refused(lend_alloc(fd, PAGE, SET(.flags = 0)), EBUSY, "already");
	assert_int_equal(lend_size(fd), PAGE);

	must(lend_link(fd, NAME));
	must(stat(PATH, &st));
	assert_int_equal(st.st_mode & 07777, 0640 & ~022);
	refused(lend_tmpfile(NAME, 0600), EEXIST, PATH);
	nameless = must(lend_tmpfile(NULL, 0600));
	refused(lend_link(nameless, NAME), EEXIST, PATH);
	refused(lend_link(nameless, "/tmp/" NAME), EXDEV, "/tmp/" NAME);
	assert_false(there("/tmp/" NAME));
	ro = must(lend_open(NAME, O_RDONLY));
	refused(lend_alloc(ro, PAGE, NULL), EBADF, "not open for writing");

	refused(lend_alloc(-1, PAGE, NULL), EBADF, "-1");
	other = must(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
	refused(lend_alloc(other, PAGE, NULL), ENOTTY, "not on a lend");
	refused(lend_link(other, "/tmp/" NAME), ENOTTY, "not on a lend");
	assert_false(there("/tmp/" NAME));
	refused(lend_link(-1, NAME "2"), EBADF, "-1");
	close(other);
	close(ro);
	close(nameless);
	close(fd);
	must(lend_unlink(NAME));
}

static int may_not(void *arg)
{
	(void)arg;
	must(setuid(65534));
	refused(lend_open(NAME, O_RDONLY), EACCES, PATH);
	refused(lend_create(PATH "3/" NAME, 0600, PAGE, NULL), EACCES, "file in " PATH "3");
	refused(lend_create("/etc/" NAME, 0600, PAGE, NULL), ENOTTY, "/etc is not on a lend");
	refused(lend_create("/etc/passwd/" NAME, 0600, PAGE, NULL), ENOTDIR, "/etc/passwd");
	return 0;
}

static void open_and_unlink(void **state)
{
	int fd = must(lend_create(NAME, 0600, PAGE, NULL)), again;

	(void)state;
	check(write(fd, "kept", 4) == 4);
	again = must(lend_open(PATH, O_RDONLY));
	assert_int_equal(fcntl(again, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(again, F_GETFL) & O_ACCMODE, O_RDONLY);
	refused(lend_open(NAME, O_RDWR | O_CREAT), EINVAL, NAME, "lend_create()");
	refused(lend_open(NAME "2", O_RDONLY), ENOENT, PATH "2");
	refused(lend_open("/etc/passwd", O_RDONLY), ENOTTY, "/etc/passwd");
	must(mkfifo("/tmp/" NAME, 0600));
	refused(lend_open("/tmp/" NAME, O_RDONLY), ENOTTY, "/tmp/" NAME);
	must(mkdir(PATH "3", 0755));
	assert_int_equal(reap(spawn(may_not, NULL)), 0);

	refused(lend_unlink("/tmp/" NAME), ENOTTY, "/tmp/" NAME);
	assert_true(there("/tmp/" NAME));
	must(unlink("/tmp/" NAME));
	refused(lend_unlink(NAME "3"), EISDIR, PATH "3");
	must(rmdir(PATH "3"));
	must(lend_unlink(NAME));
	refused(lend_unlink(NAME), ENOENT, PATH);

	char text[5] = "";

	check(read(again, text, 4) == 4);
	assert_string_equal(text, "kept");
	close(again);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(create_named),
		TEST(create_elsewhere),
		TEST(create_kinds),
		TEST(create_refused),
		TEST(create_limited),
		TEST(create_killed),
		TEST(alloc_interrupted),
		TEST(steps),
		TEST(open_and_unlink),
	};

	return cmocka_run_group_tests_name("liblend: making buffers", tests, NULL, NULL);
}
