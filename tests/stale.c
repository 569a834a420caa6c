// SPDX-License-Identifier: GPL-2.0-only
/*
 * No byte of what was in memory before is in a new buffer, on a kernel that does not
 * zero by itself what it allocates (init_on_alloc=0): whoever makes it, by whatever
 * route it is read, up to the end of its last page.
 */
#include <linux/dma-heap.h>

#include "dmabuf.h"
#include "maker.h"
#include "system.h"

#define DIRT 0xa5

/* By a folio, by several, by a block that is cut, by neighbours, by memory moved aside. */
static const size_t sizes[] = {
	1, PAGE + 1, 5 * PAGE, HUGE, 3 * MiB, 12 * MiB, 12 * MiB + PAGE + 1,
};

static char copy[16 * MiB];

static size_t whole_pages(size_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

static bool all_zero(const char *mem, size_t size)
{
	return !mem[0] && !memcmp(mem, mem + 1, size - 1);
}

/* A process leaves nearly all memory that is free full of it. */
static int leave_dirt(void *arg)
{
	size_t size = meminfo("MemFree") / 16 * 15;

	(void)arg;
	memset(must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
	       DIRT, size);
	return 0;
}

/* The kernel says it when it boots: without that, nothing here would be proven. */
static void kernel_does_not_zero(void **state)
{
	(void)state;
	assert_int_equal(shell("dmesg | grep -q 'auto-init:.*heap alloc:off, heap free:off'"), 0);
}

/* All its memory by a mapping; then it is dirt, for the next one that gets it. */
static void check_mapped(int fd, size_t size)
{
	char *mem = map_buffer(fd, whole_pages(size));

	check(all_zero(mem, whole_pages(size)));
	memset(mem, DIRT, whole_pages(size));
	must(munmap(mem, whole_pages(size)));
}

static void check_private(int fd, size_t size)
{
	char *mem = must(mmap(NULL, whole_pages(size), PROT_READ, MAP_PRIVATE, fd, 0));

	check(all_zero(mem, whole_pages(size)));
	must(munmap(mem, whole_pages(size)));
}

static void check_read(int fd, size_t size)
{
	memset(copy, DIRT, size);
	check(must(pread(fd, copy, sizeof(copy), 0)) == (ssize_t)size);
	check(all_zero(copy, size));
}

/* At the kernel's own address. */
static void check_by_driver(int maker, size_t size)
{
	memset(copy, DIRT, size);
	driver_read(maker, copy, 0, size);
	check(all_zero(copy, size));
}

static void check_by_dmabuf(int fd, size_t size)
{
	int dmabuf = make_dmabuf(fd);
	char *mem = must(mmap(NULL, whole_pages(size), PROT_READ, MAP_SHARED, dmabuf, 0));

	check(must(lseek(dmabuf, 0, SEEK_END)) == (off_t)whole_pages(size));
	check(all_zero(mem, whole_pages(size)));
	must(munmap(mem, whole_pages(size)));
	close(dmabuf);
}

static void files(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(backings) * ARRAY_SIZE(sizes); k++) {
		size_t size = sizes[k % ARRAY_SIZE(sizes)];
		uint32_t map = maps[k % ARRAY_SIZE(maps)];
		int fd = make_buffer(size, backings[k / ARRAY_SIZE(sizes)], map);
		int maker = open_maker();

		must(ask(maker, MAKER_FROM_FD, .fd = fd));
		check_by_driver(maker, size);
		close(maker);
		check_read(fd, size);
		if (map != LEND_MAP_PFN)
			check_private(fd, size);
		check_by_dmabuf(fd, size);
		check_mapped(fd, size);
		close(fd);
	}
}

/* Sized by its first allocation in other ways than ftruncate. */
static void fallocated(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_empty(backings[b], 0);

		must(fallocate(fd, 0, PAGE, HUGE));
		check_read(fd, HUGE + PAGE);
		check_mapped(fd, HUGE + PAGE);
		close(fd);
	}
}

static void drivers(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(backings) * ARRAY_SIZE(sizes); k++) {
		size_t size = sizes[k % ARRAY_SIZE(sizes)];
		int maker = make_drivers(size, backings[k / ARRAY_SIZE(sizes)]);

		check_by_driver(maker, size);
		check_mapped(maker, size);
		close(maker);
	}
}

static void heaps(void **state)
{
	static const char *const names[] = { "/dev/dma_heap/lend", "/dev/dma_heap/lend-contig" };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(names) * ARRAY_SIZE(sizes); k++) {
		int heap = must(open(names[k / ARRAY_SIZE(sizes)], O_RDWR | O_CLOEXEC));
		struct dma_heap_allocation_data data = {
			.len = sizes[k % ARRAY_SIZE(sizes)], .fd_flags = O_RDWR | O_CLOEXEC,
		};

		must(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data));
		check_mapped(data.fd, data.len);
		close(data.fd);
		close(heap);
	}
}

/* What was truncated on opening, as by the shell's >, has nothing of its last user. */
static void truncated(void **state)
{
	static const char path[] = DIR "/truncated";

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = must(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));

		set_kind(fd, backings[b], 0);
		must(ftruncate(fd, HUGE + PAGE + 1));
		check_mapped(fd, HUGE + PAGE + 1);
		close(fd);
		fd = must(open(path, O_RDWR | O_TRUNC | O_CLOEXEC));
		check_by_dmabuf(fd, HUGE + PAGE + 1);
		check_mapped(fd, HUGE + PAGE + 1);
		close(fd);
		must(unlink(path));
	}
}

static int set_up(void **state)
{
	maker_set_up(state);
	return reap(spawn(leave_dirt, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(kernel_does_not_zero),
		clean_test(files),
		clean_test(fallocated),
		clean_test(drivers),
		clean_test(heaps),
		clean_test(truncated),
	};

	return cmocka_run_group_tests_name("stale", tests, set_up, maker_tear_down);
}
