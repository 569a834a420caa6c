// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers at the borders of what their types hold, in every argument: none wraps into
 * one that is taken, each is refused as what it is, and nothing has changed.
 */
#include <linux/dma-heap.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "maker.h"
#include "mounts.h"
#include "system.h"

#define SIZE	12345UL
#define MEMORY	(4 * PAGE)

static const uint64_t borders[] = {
	1UL << 31, (1UL << 32) - 4096, (1UL << 32) - 1, 1UL << 32, (1UL << 32) + 1,
	1UL << 43, (1UL << 44) - 1, 1UL << 44, 1UL << 47, 1UL << 52, 1UL << 62,
	(1UL << 63) - 4096, (1UL << 63) - 4095, (1UL << 63) - 2, (1UL << 63) - 1, 1UL << 63,
	(1UL << 63) + 1, -8192UL, -4097UL, -4096UL, -4095UL, -2UL, -1UL,
};

static const uint32_t borders32[] = {
	5, 99, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
	0xffffffff,
};

/* An answer, and it must be this errno. */
#define refuses(call, error, ...) do {						\
	long refuses_ret;							\
	errno = 0;								\
	refuses_ret = (long)(call);						\
	if (refuses_ret != -1 || errno != (error))				\
		failed("%s with %#lx, %#lx: %ld, %s, expected %s", #call,	\
		       __VA_ARGS__, refuses_ret, strerror(errno), strerror(error)); \
} while (0)

static bool negative(uint64_t n)
{
	return n >> 63;
}

static void sizes(void **state)
{
	char *dir = mount_lend("size=64m");
	int fd = new_file(dir);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		uint64_t n = borders[i];

		refuses(ftruncate(fd, n), negative(n) ? EINVAL : ENOSPC, n, 0UL);
		for (size_t k = 0; k < ARRAY_SIZE(borders); k++) {
			uint64_t len = borders[k];
			int error = negative(n) || negative(len) ? EINVAL :
				    negative(n + len) ? EFBIG : ENOSPC;

			refuses(fallocate(fd, 0, n, len), error, n, len);
		}
		refuses(fallocate(fd, 0, n, 0), EINVAL, n, 0UL);
	}
	check(!get_info(fd).memory && !get_info(fd).bytes && !used_bytes_of(dir));
	must(ftruncate(fd, SIZE));
	check(get_info(fd).memory == MEMORY && used_bytes_of(dir) == MEMORY);
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++)
		refuses(ftruncate(fd, borders[i]), negative(borders[i]) ? EINVAL : EBUSY,
			borders[i], 0UL);
	check(get_info(fd).bytes == SIZE);
	close(fd);
	unmount_lend(dir);
}

static bool intact(int fd)
{
	return file_has_pattern(fd, SIZE & ~7UL, 7) && get_info(fd).bytes == SIZE;
}

/* Nothing is read or written there, nor at the place that the number wraps to. */
static void positions(void **state)
{
	int fd = make_buffer(SIZE, 0, 0), other = make_buffer(SIZE, 0, 0);
	char byte = 1;

	(void)state;
	write_pattern(fd, SIZE & ~7UL, 7);
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		uint64_t n = borders[i];
		off_t at = n, zero = 0;

		refuses(lseek(fd, n, SEEK_SET), EINVAL, n, 0UL);
		/* The last byte's end must be a number, too. */
		if (negative(n) || n == INT64_MAX) {
			refuses(pread(fd, &byte, 1, n), EINVAL, n, 1UL);
			refuses(pwrite(fd, &byte, 1, n), EINVAL, n, 1UL);
			check(sendfile(fd, other, &at, 1) == -1);
		} else {
			check(must(pread(fd, &byte, 1, n)) == 0);
			refuses(pwrite(fd, &byte, 1, n), ENOSPC, n, 1UL);
			check(sendfile(fd, other, &at, 1) <= 0);
			at = n;
			check(copy_file_range(fd, &at, other, &zero, 1, 0) <= 0);
		}
		at = n;
		check(copy_file_range(other, &zero, fd, &at, 1, 0) <= 0);
	}
	check(byte == 1 && intact(fd));
	close(other);
	close(fd);
}

/* As much as there is, however much is asked for; never more. */
static void lengths(void **state)
{
	int fd = make_buffer(SIZE, 0, 0);
	/* Far enough from the end of what a program may address. */
	char *buffer = must(mmap((void *)(1UL << 40), MEMORY, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));

	(void)state;
	write_pattern(fd, SIZE & ~7UL, 7);
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		size_t n = borders[i];
		off_t at = SIZE - 1;

		if (negative(n)) {
			refuses(syscall(SYS_pread64, fd, buffer, n, at), EFAULT, n, 0UL);
			refuses(syscall(SYS_pwrite64, fd, buffer, n, at), EFAULT, n, 0UL);
		} else if (n < 1UL << 33) {
			memset(buffer, 0x55, MEMORY);
			check(must(syscall(SYS_pread64, fd, buffer, n, at)) == 1);
			check(buffer[1] == 0x55);
			check(must(syscall(SYS_pwrite64, fd, buffer, n, at)) == 1);
		}
	}
	check(intact(fd));
	munmap(buffer, MEMORY);
	close(fd);
}

static void not_mapped(char *at, size_t length, int fd, off_t offset)
{
	int flags = MAP_SHARED | (at ? MAP_FIXED_NOREPLACE : 0);

	check(mmap(at, length, PROT_READ, flags, fd, offset) == MAP_FAILED);
}

/* Nothing at all is mapped, whichever check it is that says so. */
static void mappings(void **state)
{
	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(maps); m++) {
		int fd = make_buffer(SIZE, 0, maps[m]);
		char *mem = map_buffer(fd, MEMORY), *victim;

		for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
			uint64_t n = borders[i];

			refuses(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, n),
				n % PAGE ? EINVAL : n == -PAGE ? EOVERFLOW :
				n / PAGE >= (1UL << 51) - 1 ? EOVERFLOW : ENXIO, n, PAGE);
			for (size_t k = 0; k < ARRAY_SIZE(borders); k++) {
				not_mapped(NULL, borders[k], fd, n & -PAGE);
				not_mapped(NULL, borders[k], fd, 0);
				not_mapped(mem, borders[k], fd, n & -PAGE);
			}
			check(mremap(mem, MEMORY, n, MREMAP_MAYMOVE) == MAP_FAILED);
			check(syscall(SYS_remap_file_pages, mem, n, 0, 1, 0) == -1);
			/* Here the kernel has unmapped what was there before it says no. */
			victim = map_buffer(fd, PAGE);
			check(syscall(SYS_remap_file_pages, victim, PAGE, 0, n, 0) == -1);
			munmap(victim, PAGE);
		}
		check(get_info(fd).mappings == 1);
		fill_pattern(mem, SIZE, 7);
		check(intact(fd));
		munmap(mem, MEMORY);
		close(fd);
	}
}

static void setups(void **state)
{
	int fd = make_empty(LEND_BACKING_PAGES, LEND_MAP_FAULT);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(borders32); i++) {
		uint32_t n = borders32[i];
		struct lend_setup setup[] = {
			{ .flags = n & ~0xfU }, { .flags = LEND_SETUP_BACKING, .backing = n },
			{ .flags = LEND_SETUP_MAP, .map = n }, { .backing = n }, { .map = n },
			{ .node = n }, { .dma_bits = n },
			{ .flags = LEND_SETUP_DMA_BITS, .dma_bits = n },
			{ .flags = LEND_SETUP_NODE, .node = n },
		};

		for (size_t k = 0; k < ARRAY_SIZE(setup); k++) {
			int error = k == 8 ? ENXIO : k == 7 && n == 5 ? ERANGE : EINVAL;

			/* Flags that exist; any node; as many flags as none. */
			if ((k == 0 && !(n & ~0xfU)) || (k == 8 && n == UINT32_MAX))
				continue;
			setup[k].size = sizeof(*setup);
			refuses(ioctl(fd, LEND_IOC_SETUP, setup + k), error, (uint64_t)n, k);
		}
	}
	check(get_info(fd).backing == LEND_BACKING_PAGES && get_info(fd).map == LEND_MAP_FAULT);
	check(get_info(fd).node == LEND_NODE_ANY && !get_info(fd).dma_bits);
	close(fd);
}

static void requests(void **state)
{
	int fd = make_buffer(SIZE, 0, 0), before = dup(0);

	(void)state;
	close(before);
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		uint64_t n = borders[i];
		struct lend_phys_run run[4];
		struct lend_runs runs = {
			.size = sizeof(runs), .offset = n, .count = 4, .runs = (uintptr_t)run,
		};

		refuses(ioctl(fd, LEND_IOC_RUNS, &runs), ENXIO, n, 4UL);
		for (size_t k = 0; k < ARRAY_SIZE(borders); k++) {
			struct lend_sync sync = {
				.size = sizeof(sync), .offset = n, .length = borders[k],
				.flags = LEND_SYNC_FOR_CPU,
			};

			refuses(ioctl(fd, LEND_IOC_SYNC, &sync),
				n + borders[k] < n ? EOVERFLOW : ENXIO, n, borders[k]);
		}
		runs = (struct lend_runs){ .size = sizeof(runs), .count = 4, .runs = n };
		/* Low ones are addresses like others, but nothing is there. */
		refuses(ioctl(fd, LEND_IOC_RUNS, &runs), EFAULT, n, 4UL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(borders32); i++) {
		uint32_t n = borders32[i];
		struct lend_dmabuf dmabuf = { .size = sizeof(dmabuf), .flags = n };
		struct lend_sync sync = { .size = sizeof(sync), .length = 1, .flags = n & ~3U };
		struct lend_info info = { .size = n };

		if (n != 0x80000)
			refuses(ioctl(fd, LEND_IOC_DMABUF, &dmabuf), EINVAL, (uint64_t)n, 0UL);
		refuses(ioctl(fd, LEND_IOC_SYNC, &sync), EINVAL, (uint64_t)n, 0UL);
		if (n > PAGE)
			refuses(ioctl(fd, LEND_IOC_INFO, &info), E2BIG, (uint64_t)n, 0UL);
	}
	check(dup(0) == before && !get_info(fd).exports);
	close(before);
	close(fd);
}

/* A size is what it says or nothing; what is shown is what was meant. */
static void options(void **state)
{
	static const char *const numbers[] = { "uid", "gid", "mode", "node", "dma_bits" };
	char option[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		uint64_t n = borders[i];
		char *dir;

		snprintf(option, sizeof(option), "size=%lu", n);
		if (negative(n)) {
			int context = must(fsopen("lend", FSOPEN_CLOEXEC));

			must_fail(set_option(context, option), EINVAL);
			close(context);
		} else {
			dir = mount_lend(option);
			check_shown(dir, "rw,size=%luk,mode=755,backing=folios,map=auto",
				    (n / PAGE + !!(n % PAGE)) * 4);
			unmount_lend(dir);
		}
		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++) {
			int context = must(fsopen("lend", FSOPEN_CLOEXEC));

			/* Users that have no name are users; nodes are looked for at the end. */
			snprintf(option, sizeof(option), k == 2 ? "%s=%lo" : "%s=%lu",
				 numbers[k], n);
			if (k < 2 && n < UINT32_MAX)
				must(set_option(context, option));
			else
				must_fail(set_option(context, option), EINVAL);
			close(context);
		}
	}
}

static void drivers(void **state)
{
	int maker = make_drivers(SIZE, 0), none = open_maker();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		uint64_t n = borders[i];
		struct maker m = { .offset = n };

		/* What the machine has not; below that there would be memory for it. */
		if (n > 1UL << 43)
			refuses(ask(none, MAKER_ALLOC, .length = n), negative(n) ? EFBIG : ENOMEM,
				n, 0UL);
		refuses(ioctl(maker, MAKER_PAGE, &m), ENXIO, n, 0UL);
		refuses(ask(maker, MAKER_SG, .offset = n, .value = PAGE), ENXIO, n, 0UL);
		refuses(ask(maker, MAKER_SG, .offset = 1, .length = n, .value = PAGE),
			n + 1 < n ? EOVERFLOW : ENXIO, 1UL, n);
		must(ask(maker, MAKER_SG, .value = n));
		for (size_t k = 0; k < ARRAY_SIZE(borders); k++) {
			uint64_t len = borders[k];

			check(ask(none, MAKER_FROM_USER, .addr = n, .length = len) == -1);
			refuses(ask(none, MAKER_FROM_USER, .addr = n, .length = len, .flags = 1),
				n + len - 1 < n ? EOVERFLOW :
				n + len > 1UL << 47 ? EFAULT : errno, n, len);
			/* Lower ones may be a device's registers. */
			if (n + len >= n && n + len < 1UL << 53)
				continue;
			refuses(ask(none, MAKER_PHYS, .offset = n, .length = len),
				negative(len) ? EOVERFLOW : n % PAGE ? EINVAL :
				n + ((len + PAGE - 1) & -PAGE) < n ? EOVERFLOW : EINVAL, n, len);
		}
	}
	close(none);
	close(maker);
}

/* A device syncs and finds what there is of the range, and nothing else. */
static void drivers_dma(void **state)
{
	int maker = make_drivers(SIZE, 0);

	(void)state;
	must(ask(maker, MAKER_DMA_MAP, .bits = 64, .value = UINT32_MAX));
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		uint64_t n = borders[i];
		struct maker m = { .offset = n, .value = 1, .left = 1 };

		must(ioctl(maker, MAKER_DMA_ADDR, &m));
		check(!m.value && !m.left);
		for (size_t k = 0; k < ARRAY_SIZE(borders); k++)
			must(ask(maker, MAKER_DMA_SYNC, .offset = n, .length = borders[k],
				 .flags = LEND_SYNC_FOR_CPU | LEND_SYNC_FOR_DEVICE));
	}
	must(ask(maker, MAKER_DMA_UNMAP));
	close(maker);
}

static void heaps(void **state)
{
	int heap = must(open("/dev/dma_heap/lend", O_RDWR | O_CLOEXEC));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		struct dma_heap_allocation_data data = { .len = borders[i] };

		refuses(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data),
			borders[i] > -PAGE ? EINVAL : ENOMEM, borders[i], 0UL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(borders32); i++) {
		uint64_t n = borders32[i];
		struct dma_heap_allocation_data asks[] = {
			{ .len = PAGE, .fd_flags = n }, { .len = PAGE, .fd = n },
			{ .len = PAGE, .heap_flags = n }, { .len = PAGE, .heap_flags = n << 32 },
		};

		for (size_t k = 0; k < ARRAY_SIZE(asks); k++)
			refuses(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, asks + k), EINVAL, n, k);
	}
	close(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(sizes),
		clean_test(positions),
		clean_test(lengths),
		clean_test(mappings),
		clean_test(setups),
		clean_test(requests),
		clean_test(options),
		clean_test(drivers),
		clean_test(drivers_dma),
		clean_test(heaps),
	};

	return cmocka_run_group_tests_name("numbers", tests, maker_set_up, maker_tear_down);
}
