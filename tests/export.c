// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a dma-buf: what it may be made of, what it keeps and for how long,
 * and what it tells of itself.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "modules/lend_driver.h"
#include "dmabuf.h"
#include "kernel.h"
#include "mounts.h"
#include "system.h"

#define SIZE	(2 * MiB)
#define SEED	0xdab0f000ULL

static void refused_flags(void **state)
{
	static const uint32_t bad[] = {
		O_ACCMODE, O_APPEND, O_NONBLOCK | O_RDWR, O_DIRECT, 1U << 31, -1,
	};
	int fd = make_buffer(SIZE, 0, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		must_fail(try_export(fd, bad[i]), EINVAL);
	assert_int_equal(get_info(fd).exports, 0);
	close(fd);
}

/* Devices write where they like, so what is open for reading only has no dma-buf. */
static void refused_descriptors(void **state)
{
	int fd = make_buffer(SIZE, 0, 0), empty = make_empty(0, 0), readonly, writeonly;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readonly = must(open(path, O_RDONLY | O_CLOEXEC));
	must_fail(try_export(readonly, O_RDONLY), EBADF);
	must_fail(try_export(empty, O_RDWR), ENODATA);
	/* Once it has memory, it has one. */
	must(ftruncate(empty, PAGE));
	close(make_dmabuf(empty));
	/* Nor is what may only be written to read by way of it. */
	writeonly = must(open(path, O_WRONLY | O_CLOEXEC));
	must_fail(try_export(writeonly, O_RDWR), EBADF);
	must_fail(try_export(writeonly, O_WRONLY), EBADF);
	close(writeonly);
	close(readonly);
	close(empty);
	close(fd);
}

static void no_descriptor_left(void **state)
{
	int fd = make_buffer(SIZE, 0, 0), last = dup(fd);
	struct rlimit old, few = { .rlim_cur = last + 1 };

	(void)state;
	must(getrlimit(RLIMIT_NOFILE, &old));
	few.rlim_max = old.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &few));
	must_fail(try_export(fd, O_RDWR), EMFILE);
	must(setrlimit(RLIMIT_NOFILE, &old));
	wait_for(get_info(fd).exports == 0);
	close(last);
	close(fd);
}

static void modes(void **state)
{
	int fd = make_buffer(SIZE, 0, 0), readonly = must(try_export(fd, O_RDONLY)), both;
	char *mem;

	(void)state;
	assert_int_equal(must(fcntl(readonly, F_GETFD)), 0);
	must_fail(mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, readonly, 0), EACCES);
	mem = must(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, readonly, 0));
	must_fail(mprotect(mem, SIZE, PROT_READ | PROT_WRITE), EACCES);
	must(munmap(mem, SIZE));
	close(readonly);

	both = make_dmabuf(fd);
	assert_int_equal(must(fcntl(both, F_GETFD)), FD_CLOEXEC);
	must_fail(mmap(NULL, SIZE + PAGE, PROT_READ, MAP_SHARED, both, 0), EINVAL);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, both, SIZE), EINVAL);
	must_fail(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, both, 0), EPERM);
	mem = must(mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, both, 0));
	must_fail(mprotect(mem, SIZE, PROT_READ | PROT_EXEC), EACCES);
	must(munmap(mem, SIZE));
	close(both);
	close(fd);
}

/* A size that is no multiple of the page: the dma-buf has all of the memory. */
static void odd_size(void **state)
{
	int fd = make_buffer(SIZE + 100, 0, 0), dmabuf = make_dmabuf(fd);

	(void)state;
	assert_int_equal(must(lseek(dmabuf, 0, SEEK_END)), SIZE + PAGE);
	close(dmabuf);
	close(fd);
}

static bool fdinfo_says(int fd, const char *line)
{
	char path[64], text[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	check(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = 0;
	fclose(file);
	return strstr(text, line);
}

static void names(void **state)
{
	int fd = make_buffer(SIZE, 0, 0), dmabuf = make_dmabuf(fd);

	(void)state;
	assert_true(fdinfo_says(dmabuf, "exp_name:\tlend\n"));
	assert_true(fdinfo_says(dmabuf, "size:\t2097152\n"));
	assert_false(fdinfo_says(dmabuf, "name:\tframes\n"));
	must(ioctl(dmabuf, DMA_BUF_SET_NAME_B, "frames"));
	assert_true(fdinfo_says(dmabuf, "name:\tframes\n"));
	close(dmabuf);
	close(fd);
}

static void counted(void **state)
{
	int fd = make_buffer(SIZE, 0, 0), one, two;

	(void)state;
	assert_int_equal(get_info(fd).exports, 0);
	one = make_dmabuf(fd);
	two = make_dmabuf(fd);
	assert_int_equal(get_info(fd).exports, 2);
	close(one);
	wait_for(get_info(fd).exports == 1);
	close(two);
	wait_for(get_info(fd).exports == 0);
	close(fd);
}

/* Around accesses of the CPU the driver behind the buffer is told, with all of it. */
static void driver_told(void **state)
{
	struct dma_buf_sync sync = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };
	int fd = make_buffer(SIZE, 0, 0), dmabuf = make_dmabuf(fd), answer = -EUCLEAN;
	struct driver_log log;
	int driver;

	(void)state;
	load_module("lend_driver");
	driver = must(open("/dev/lend_driver", O_RDWR | O_CLOEXEC));
	must(ioctl(driver, DRIVER_ATTACH, &fd));
	must(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
	must(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	must(ioctl(driver, DRIVER_LOG, &log));
	assert_int_equal(log.count, 2);
	assert_int_equal(log.sync[0].flags, LEND_SYNC_FOR_CPU);
	assert_int_equal(log.sync[1].flags, LEND_SYNC_FOR_DEVICE);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(log.sync[i].offset, 0);
		assert_int_equal(log.sync[i].length, SIZE);
	}
	must(ioctl(driver, DRIVER_ANSWER, &answer));
	must_fail(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), EUCLEAN);
	close(driver);
	close(dmabuf);
	close(fd);
	unload_module("lend_driver");
}

/* As an open file does: the mount is busy, and free again after it. */
static void keeps_the_mount(void **state)
{
	static const char dir[] = "/tmp/lend-export";
	char path[64];
	int fd, dmabuf;

	(void)state;
	must(mkdir(dir, 0700));
	must(mount("lend", dir, "lend", 0, "size=8M"));
	snprintf(path, sizeof(path), "%s/x", dir);
	fd = must(open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
	must(ftruncate(fd, SIZE));
	dmabuf = make_dmabuf(fd);
	close(fd);
	must_fail(umount(dir), EBUSY);
	close(dmabuf);
	wait_for(!umount(dir));
	must(rmdir(dir));
}

/* --- who keeps the memory: all orders of letting go */

struct holders {
	int fd, dmabuf, importer;
	char *mem, *mapped;
};

static void drop_fd(struct holders *h) { must(close(h->fd)); }
static void drop_mem(struct holders *h) { must(munmap(h->mem, SIZE)); }
static void drop_dmabuf(struct holders *h) { must(close(h->dmabuf)); }
static void drop_mapped(struct holders *h) { must(munmap(h->mapped, SIZE)); }
static void drop_importer(struct holders *h) { must(close(h->importer)); }

static void (*const drops[])(struct holders *h) = {
	drop_fd, drop_mem, drop_dmabuf, drop_mapped, drop_importer,
};

#define HOLDERS ARRAY_SIZE(drops)

static void check_left(const struct holders *h, unsigned int left)
{
	assert_int_equal(used_bytes(), SIZE);
	if (left & 1 << 1)
		assert_true(has_pattern(h->mem, SIZE, SEED));
	if (left & 1 << 3)
		assert_true(has_pattern(h->mapped, SIZE, SEED));
	if (left & 1 << 4)
		assert_true(import_has_pattern(h->importer, SEED));
}

static void let_go(uint32_t backing, uint32_t map, unsigned int nr)
{
	struct holders h = { .fd = make_buffer(SIZE, backing, map) };
	unsigned int left = (1 << HOLDERS) - 1;

	h.dmabuf = make_dmabuf(h.fd);
	h.mem = map_buffer(h.fd, SIZE);
	h.mapped = map_buffer(h.dmabuf, SIZE);
	h.importer = import(h.dmabuf, UINT32_MAX);
	fill_pattern(h.mem, SIZE, SEED);

	for (unsigned int n = HOLDERS; n; nr /= n--) {
		unsigned int which = nr % n, i = 0;

		check_left(&h, left);
		while (!(left & 1 << i) || which--)
			i++;
		drops[i](&h);
		left &= ~(1 << i);
	}
	wait_for(used_bytes() == 0 && used_inodes() == 1);
}

static void every_order(void **state)
{
	const uint32_t *backing = *state;
	unsigned int orders = 1;

	for (unsigned int n = 2; n <= HOLDERS; n++)
		orders *= n;
	for (unsigned int nr = 0; nr < orders; nr++)
		let_go(*backing, maps[nr % ARRAY_SIZE(maps)], nr);
}

#define ORDERS(name, i) \
	{ "every order: " name, every_order, remember, nothing_left, (void *)&backings[i] }

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(refused_flags),
		clean_test(refused_descriptors),
		clean_test(no_descriptor_left),
		clean_test(modes),
		clean_test(odd_size),
		clean_test(names),
		clean_test(counted),
		clean_test(driver_told),
		clean_test(keeps_the_mount),
		ORDERS("folios", 0),
		ORDERS("pages", 1),
		ORDERS("contig", 2),
		ORDERS("vmalloc", 3),
	};

	return cmocka_run_group_tests_name("dma-buf: life", tests, load_importer,
					   unload_importer);
}
