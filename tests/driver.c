// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that a driver makes: of the memory its device reaches, and alive as long as
 * somebody holds them.
 */
#include <sys/syscall.h>

#include "dmabuf.h"
#include "maker.h"
#include "system.h"

#define SIZE	(3 * MiB + 100)		/* the last page is not full */
#define MAPPED	(3 * MiB + PAGE)
#define SEED	0xd0000ULL

static void every_kind(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int maker = make_drivers(SIZE, backings[b]), fd = to_fd(maker, O_RDWR);
		bool one = backings[b] == LEND_BACKING_CONTIG || backings[b] == LEND_BACKING_VMALLOC;
		struct lend_info info = get_info(fd);
		struct maker m = {};
		struct stat st;

		must(ioctl(maker, MAKER_SIZE, &m));
		assert_int_equal(m.value, SIZE);
		must(fstat(fd, &st));
		assert_int_equal(st.st_size, SIZE);
		assert_int_equal(info.backing, backings[b]);
		assert_int_equal(info.memory, MAPPED);
		must(ioctl(maker, MAKER_VADDR, &m));
		assert_int_equal(m.value, one);
		assert_int_equal(!!(info.flags & LEND_INFO_KERNEL_ADDR), one);

		/* Zeroed; and program and driver see the same bytes. */
		for (size_t at = 0; at < SIZE; at += 128 * KiB) {
			uint64_t word = 1;

			driver_read(maker, &word, at, sizeof(word));
			assert_int_equal(word, 0);
		}
		write_pattern(fd, SIZE & ~7UL, SEED);
		assert_true(driver_has_pattern(maker, SIZE, SEED));
		driver_write(maker, "driver", PAGE + 5, 6);
		must(pread(fd, &m.value, 6, PAGE + 5));
		assert_memory_equal(&m.value, "driver", 6);
		close(fd);
		close(maker);
	}
}

static void no_such_buffer(void **state)
{
	int maker = open_maker();

	(void)state;
	must_fail(ask(maker, MAKER_ALLOC, .length = 0), EINVAL);
	must_fail(ask(maker, MAKER_ALLOC, .length = MiB, .backing = 99), EINVAL);
	must_fail(ask(maker, MAKER_ALLOC, .length = UINT64_MAX), EFBIG);
	must_fail(ask(maker, MAKER_ALLOC, .length = INT64_MAX), ENOMEM);
	must_fail(ask(maker, MAKER_ALLOC, .length = MiB, .bits = 20), EIO);
	must(ask(maker, MAKER_ALLOC, .length = 1));
	close(maker);
}

static int above_limit(void *arg)
{
	(void)arg;
	become(NOBODY);
	must_fail(ask(open_maker(), MAKER_ALLOC, .length = GiB), ENOMEM);
	return 0;
}

static void charged_to_the_caller(void **state)
{
	(void)state;
	assert_int_equal(reap(spawn(above_limit, NULL)), 0);
}

/* --- what the device reaches */

static void below_the_mask(void **state)
{
	static const struct { uint32_t bits, backing; } devices[] = {
		{ 64, LEND_BACKING_FOLIOS }, { 36, LEND_BACKING_FOLIOS },
		{ 32, LEND_BACKING_FOLIOS },	/* the machine has 2 GiB */
		{ 28, LEND_BACKING_CONTIG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		int maker = open_maker(), fd;
		struct lend_phys_run *runs;
		size_t nr;

		must(ask(maker, MAKER_ALLOC, .length = SIZE, .bits = devices[i].bits));
		fd = to_fd(maker, O_RDWR);
		assert_int_equal(get_info(fd).backing, devices[i].backing);
		runs = get_runs(fd, &nr);
		if (devices[i].bits < 64)
			for (size_t r = 0; r < nr; r++)
				assert_false((runs[r].phys + runs[r].length - 1) >> devices[i].bits);
		free(runs);
		must(ask(maker, MAKER_DMA_MAP, .bits = devices[i].bits, .value = UINT32_MAX));
		close(fd);
		close(maker);
	}
}

/* Any byte of the buffer, at the device's address, is where the memory is. */
static void device_addresses(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int maker = make_drivers(SIZE, backings[b]), fd = to_fd(maker, O_RDWR);
		struct maker m;
		struct lend_phys_run *runs;
		size_t nr;

		runs = get_runs(fd, &nr);
		must_fail(ask(maker, MAKER_DMA_UNMAP), ENXIO);
		must(ask(maker, MAKER_DMA_MAP, .bits = 64, .value = 128 * KiB));
		must_fail(ask(maker, MAKER_DMA_MAP, .bits = 64), EBUSY);
		for (size_t at = 0; at < SIZE; at += 13 * PAGE + 1) {
			m = (struct maker){ .offset = at };
			must(ioctl(maker, MAKER_DMA_ADDR, &m));
			assert_int_equal(m.value, phys_at(runs, nr, at));
			assert_in_range(m.left, 1, 128 * KiB);
			m.offset += m.left - 1;
			m.addr = m.value + m.left - 1;
			must(ioctl(maker, MAKER_DMA_ADDR, &m));
			assert_int_equal(m.value, m.addr);
			assert_int_equal(m.left, 1);
		}
		m = (struct maker){ .offset = MAPPED };
		must(ioctl(maker, MAKER_DMA_ADDR, &m));
		assert_int_equal(m.left, 0);
		must(ask(maker, MAKER_DMA_SYNC, .offset = 5, .length = SIZE, .flags = 3));
		must(ask(maker, MAKER_DMA_SYNC, .offset = UINT64_MAX, .length = 2, .flags = 3));
		must(ask(maker, MAKER_DMA_UNMAP));
		free(runs);
		close(fd);
		close(maker);
	}
}

static struct maker_entry entries[2048];

/* The entries are the range's bytes in order, and none is longer than it may be. */
static void scatter_lists(void **state)
{
	static const struct { uint64_t offset, length, longest; } lists[] = {
		{ 0, 0, UINT32_MAX }, { 0, 1, UINT32_MAX }, { PAGE - 1, 2, PAGE }, { 4097, 0, 64 * KiB },
		{ SIZE - 1, 1, UINT32_MAX }, { 5, 10 * PAGE, 512 }, { 0, 300 * KiB, 3 * PAGE + 1 },
	};

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int maker = make_drivers(SIZE, backings[b]), fd = to_fd(maker, O_RDWR);
		struct lend_phys_run *runs;
		size_t nr;

		runs = get_runs(fd, &nr);
		for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
			struct maker m = {
				.offset = lists[i].offset, .length = lists[i].length,
				.value = lists[i].longest, .addr = (uintptr_t)entries,
				.left = ARRAY_SIZE(entries),
			};
			uint64_t at = lists[i].offset;

			must(ioctl(maker, MAKER_SG, &m));
			assert_in_range(m.left, 1, ARRAY_SIZE(entries));
			for (size_t e = 0; e < m.left; e++) {
				assert_int_equal(entries[e].phys, phys_at(runs, nr, at));
				assert_in_range(entries[e].length, 1, lists[i].longest);
				at += entries[e].length;
				assert_int_equal(phys_at(runs, nr, at - 1),
						 entries[e].phys + entries[e].length - 1);
			}
			if (lists[i].length)
				assert_int_equal(at - lists[i].offset, lists[i].length);
			else
				assert_int_equal(at, MAPPED);
		}
		must_fail(ask(maker, MAKER_SG, .offset = MAPPED, .value = PAGE), ENXIO);
		must_fail(ask(maker, MAKER_SG, .length = MAPPED + 1, .value = PAGE), ENXIO);
		must_fail(ask(maker, MAKER_SG, .offset = 1, .length = UINT64_MAX, .value = PAGE), EOVERFLOW);
		must_fail(ask(maker, MAKER_SG, .length = PAGE, .value = 0), EINVAL);
		for (size_t p = 0; p < MAPPED / PAGE; p += 97) {
			struct maker m = { .offset = p };

			must(ioctl(maker, MAKER_PAGE, &m));
			assert_int_equal(m.value, phys_at(runs, nr, p * PAGE));
		}
		must_fail(ask(maker, MAKER_PAGE, .offset = MAPPED / PAGE), ENXIO);
		free(runs);
		close(fd);
		close(maker);
	}
}

/* --- how long it lives */

enum holder { DRIVER, DESCRIPTOR, MAPPING, DMABUF, HOLDERS };

/* The holders let go in order @nr of their 24; the last has the bytes, and holds the module. */
static void in_order(unsigned int nr)
{
	unsigned int idle = users_of_lend();
	int fds[HOLDERS] = { -1, -1, -1, -1 };
	bool held[HOLDERS] = { true, true, true, true };
	char *mem;

	fds[DRIVER] = make_drivers(SIZE, 0);
	fds[DESCRIPTOR] = to_fd(fds[DRIVER], O_RDWR);
	fds[DMABUF] = make_dmabuf(fds[DESCRIPTOR]);
	mem = map_driver(fds[DRIVER], MAPPED);
	fill_pattern(mem, SIZE, SEED);

	for (unsigned int left = HOLDERS; left; left--) {
		unsigned int skip = nr % left, i = 0;

		nr /= left;
		while (!held[i] || skip--)
			i++;
		held[i] = false;
		if (i == DRIVER)
			must(ask(fds[DRIVER], MAKER_LET_GO));
		if (i == MAPPING)
			must(munmap(mem, MAPPED));
		else
			must(close(fds[i]));
		if (left == 1)
			break;
		assert_true(users_of_lend() > idle);
		must_fail(syscall(SYS_delete_module, "lend", O_NONBLOCK), EWOULDBLOCK);
		if (held[DRIVER])
			assert_true(driver_has_pattern(fds[DRIVER], SIZE, SEED));
		if (held[DESCRIPTOR])
			assert_true(file_has_pattern(fds[DESCRIPTOR], SIZE & ~7UL, SEED));
		if (held[MAPPING])
			assert_true(has_pattern(mem, SIZE, SEED));
		if (held[DMABUF]) {
			char *other = map_buffer(fds[DMABUF], MAPPED);

			assert_true(has_pattern(other, SIZE, SEED));
			must(munmap(other, MAPPED));
		}
	}
	wait_for(users_of_lend() == idle);
}

static void every_order(void **state)
{
	(void)state;
	for (unsigned int nr = 0; nr < 24; nr++)
		in_order(nr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
		cmocka_unit_test(no_such_buffer),
		cmocka_unit_test(charged_to_the_caller),
		cmocka_unit_test(below_the_mask),
		cmocka_unit_test(device_addresses),
		cmocka_unit_test(scatter_lists),
		cmocka_unit_test(every_order),
	};

	return cmocka_run_group_tests(tests, maker_and_importer, neither_maker_nor_importer);
}
