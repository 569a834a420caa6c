// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kinds of memory promise: every byte is there, where it is in physical
 * memory, what the kernel sees of it, and that fragmented memory does as well.
 */
#include "modules/lend_driver.h"
#include "kernel.h"

static const uint32_t all_maps[] = {
	LEND_MAP_AUTO, LEND_MAP_FAULT, LEND_MAP_INSERT, LEND_MAP_PFN,
};

static const size_t sizes[] = {
	PAGE, 5 * PAGE, HUGE - PAGE, HUGE, HUGE + PAGE, HUGE + 120, 5 * MiB + 3 * PAGE, 32 * MiB,
};

static size_t page_up(size_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

static bool is_zero(const void *mem, size_t size)
{
	const uint64_t *word = mem;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

/* A SIGBUS anywhere fails the test: cmocka catches it. */
static void one_size(uint32_t backing, uint32_t map, size_t size)
{
	int fd = make_buffer(size, backing, map);
	size_t len = page_up(size);
	char *mem = map_buffer(fd, len);

	check(get_info(fd).bytes == size && get_info(fd).memory == len);
	check(is_zero(mem, len));
	fill_pattern(mem, len, 1);
	check(file_has_pattern(fd, size, 1));
	write_pattern(fd, size, 2);
	check(has_pattern(mem, size, 2));
	must(munmap(mem, len));
	check(get_info(fd).held == 0);
	close(fd);
}

static void every_byte(void **state)
{
	uint32_t backing = *(const uint32_t *)*state;

	for (size_t m = 0; m < ARRAY_SIZE(all_maps); m++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
			one_size(backing, all_maps[m], sizes[i]);
}

/* mmap finds the address by itself. */
static void mapped_by_huge_entries(void **state)
{
	size_t size = 128 * MiB;

	(void)state;
	write_text("/proc/sys/vm/compact_memory", "1");
	for (uint32_t map = LEND_MAP_AUTO; map <= LEND_MAP_FAULT; map++) {
		int fd = make_buffer(size, LEND_BACKING_FOLIOS, map);
		char *mem = map_buffer(fd, size);

		assert_int_equal(get_info(fd).huge, size);
		assert_true(get_info(fd).flags & LEND_INFO_HUGE);
		assert_false(get_info(fd).why & (LEND_WHY_FRAGMENTED | LEND_WHY_INSERT));
		fill_pattern(mem, size, 3);
		assert_int_equal(smaps_bytes(mem, "FilePmdMapped"), size);
		must(munmap(mem, size));
		close(fd);
	}
}

static bool is_mapped(const char *mem)
{
	return pagemap_entry(mem) >> 63;
}

/* A fault may map what follows, too, in a window of 16 MiB; but nothing of another mapping. */
static void mapped_with_what_follows(void **state)
{
	int fd = make_buffer(32 * MiB, LEND_BACKING_FOLIOS, LEND_MAP_FAULT);
	char *mem = map_far(fd, 32 * MiB);
	size_t mapped;
	long before;

	(void)state;
	assert_int_equal(get_info(fd).huge, 32 * MiB);
	must(mprotect(mem + 12 * MiB, HUGE, PROT_READ));
	mem[6 * MiB] = 1;
	mapped = smaps_bytes(mem, "FilePmdMapped");
	check(mapped == HUGE || mapped == 6 * MiB);
	check(!is_mapped(mem + 4 * MiB) && !is_mapped(mem + 12 * MiB));
	before = minor_faults();
	for (size_t at = 0; at < mapped; at += PAGE)
		mem[6 * MiB + at]++;
	check(minor_faults() == before);
	/* To the end of the window. */
	mem[14 * MiB] = 1;
	check(is_mapped(mem + 14 * MiB) && !is_mapped(mem + 16 * MiB));
	must(munmap(mem, 32 * MiB));
	close(fd);
}

/* The runs that lend tells are where the page tables point to, page by page. */
static void check_places(int fd, size_t size)
{
	size_t nr;
	struct lend_phys_run *runs = get_runs(fd, &nr);
	char *mem = map_buffer(fd, size);

	for (size_t at = 0; at < size; at += PAGE) {
		*(volatile char *)(mem + at) += 0;
		if (physical(mem + at) != phys_at(runs, nr, at))
			failed("offset %#zx is at %#lx, not %#lx", at, physical(mem + at),
			       phys_at(runs, nr, at));
	}
	must(munmap(mem, size));
	free(runs);
}

static void places(void **state)
{
	uint32_t backing = *(const uint32_t *)*state;
	size_t size = 5 * MiB + 3 * PAGE;

	/* Of map=pfn the kernel's pagemap tells nothing; every_byte() compares its content. */
	for (uint32_t map = LEND_MAP_FAULT; map <= LEND_MAP_INSERT; map++) {
		int fd = make_buffer(size, backing, map);

		check_places(fd, size);
		if (backing == LEND_BACKING_CONTIG) {
			check(get_info(fd).runs == 1);
			check(get_info(fd).longest == size);
		}
		close(fd);
	}
}

/* No part of a compound page among them, whether neighbours by chance or not. */
static void pages_are_single(void **state)
{
	enum { COMPOUND = 3 << 15 };
	int flags = must(open("/proc/kpageflags", O_RDONLY | O_CLOEXEC));

	(void)state;
	for (uint32_t b = LEND_BACKING_FOLIOS; b <= LEND_BACKING_PAGES; b++) {
		int fd = make_buffer(4 * MiB, b, LEND_MAP_FAULT);
		size_t nr, compound = 0;
		struct lend_phys_run *runs = get_runs(fd, &nr);

		for (size_t at = 0; at < 4 * MiB; at += PAGE) {
			uint64_t word;

			check(pread(flags, &word, 8, phys_at(runs, nr, at) / PAGE * 8) == 8);
			compound += !!(word & COMPOUND);
		}
		assert_int_equal(compound, b == LEND_BACKING_PAGES ? 0 : 4 * MiB / PAGE);
		assert_int_equal(!!(get_info(fd).why & LEND_WHY_SINGLE), b == LEND_BACKING_PAGES);
		free(runs);
		close(fd);
	}
	close(flags);
}

static void kernel_and_program(uint32_t backing, uint32_t map)
{
	size_t size = 5 * MiB + 3 * PAGE;
	int fd = make_buffer(size, backing, map);
	int driver = must(open("/dev/lend_driver", O_RDWR | O_CLOEXEC));
	struct driver_pattern p = { .seed = 100, .words = size / 8 };
	char *mem = map_buffer(fd, size);

	check(get_info(fd).flags & LEND_INFO_KERNEL_ADDR);
	must(ioctl(driver, DRIVER_ATTACH, &fd));
	must(ioctl(driver, DRIVER_WRITE, &p));
	check(has_pattern(mem, size, 100));
	check(file_has_pattern(fd, size, 100));

	fill_pattern(mem, size, 200);
	must_fail(ioctl(driver, DRIVER_CHECK, &p), ENODATA);
	p.seed = 200;
	must(ioctl(driver, DRIVER_CHECK, &p));
	write_pattern(fd, size, 300);
	p.seed = 300;
	must(ioctl(driver, DRIVER_CHECK, &p));

	must(munmap(mem, size));
	close(driver);
	close(fd);
}

static void kernel_address(void **state)
{
	int fd = make_buffer(4 * MiB, LEND_BACKING_PAGES, 0), driver;
	struct driver_pattern p = { .words = 1 };

	(void)state;
	load_module("lend_driver");
	for (size_t m = 0; m < ARRAY_SIZE(all_maps); m++) {
		kernel_and_program(LEND_BACKING_VMALLOC, all_maps[m]);
		kernel_and_program(LEND_BACKING_CONTIG, all_maps[m]);
	}
	/* What is scattered has none, and says so. */
	driver = must(open("/dev/lend_driver", O_RDWR | O_CLOEXEC));
	assert_false(get_info(fd).flags & LEND_INFO_KERNEL_ADDR);
	must(ioctl(driver, DRIVER_ATTACH, &fd));
	must_fail(ioctl(driver, DRIVER_WRITE, &p), ENXIO);
	close(driver);
	close(fd);
	unload_module("lend_driver");
}

static long touch_all(volatile char *mem, size_t size)
{
	long before = minor_faults();

	for (size_t at = 0; at < size; at += PAGE)
		mem[at]++;
	return minor_faults() - before;
}

static void faults(void **state)
{
	uint32_t backing = *(const uint32_t *)*state;
	size_t size = 8 * MiB;
	int fd = make_buffer(size, backing, LEND_MAP_FAULT);
	char *mem = map_buffer(fd, size);
	long first = touch_all(mem, size);

	check(first >= 1 && first <= (long)(size / PAGE));
	if (get_info(fd).huge == size)
		assert_in_range(first, 1, size / HUGE);
	assert_int_equal(touch_all(mem, size), 0);
	must(munmap(mem, size));
	close(fd);
}

static uint64_t highest(int fd)
{
	uint64_t end = 0;
	size_t nr;
	struct lend_phys_run *runs = get_runs(fd, &nr);

	for (size_t i = 0; i < nr; i++)
		if (runs[i].phys + runs[i].length > end)
			end = runs[i].phys + runs[i].length;
	free(runs);
	return end;
}

static void dma_bits(void **state)
{
	static const uint32_t bits[] = { 24, 30, 31, 32, 64 };
	uint32_t backing = *(const uint32_t *)*state;
	size_t size = MiB + 3 * PAGE;
	int fd = make_buffer(size, backing, 0);

	/* Without a limit memory comes from above the first: it is the limit that helps. */
	check(highest(fd) > 1 << 24);
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		fd = make_empty(backing, 0);
		must(setup(fd, LEND_SETUP_DMA_BITS, 0, bits[i]));
		must(ftruncate(fd, size));
		check(get_info(fd).dma_bits == bits[i]);
		if (bits[i] < 64)
			check(highest(fd) <= 1ULL << bits[i]);
		check_places(fd, size);
		close(fd);
	}
	for (uint32_t low = 1; low < 24; low++) {
		fd = make_empty(backing, 0);
		must_fail(setup(fd, LEND_SETUP_DMA_BITS, 0, low), ERANGE);
		must(ftruncate(fd, size));
		close(fd);
	}
}

#define STRIDE	(128 * KiB)

/*
 * Takes nearly all free memory in single pages, keeps one of each STRIDE locked
 * where compaction may not move it, and gives back the rest.
 */
static char *fragment(size_t *size)
{
	size_t most = meminfo("MemTotal"), step = 16 * MiB;
	char *mem = must(mmap(NULL, most, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	must(madvise(mem, most, MADV_NOHUGEPAGE));
	*size = most;
	most = 0;
	/* What is left there of 2 MiB each is free, but not for single pages. */
	wait_for(on_cpu_lists(-1) < 64 * MiB);
	while (meminfo("MemFree") > 80 * MiB) {
		fault_in(mem + most, step);
		most += step;
	}
	for (size_t at = 0; at < most; at += STRIDE) {
		must(mlock(mem + at, PAGE));
		must(munmap(mem + at + PAGE, STRIDE - PAGE));
	}
	return mem;
}

static void fragmented(void **state)
{
	size_t size = 256 * MiB, kept = 32 * MiB, hog_size;
	int spare;
	char *hog;

	(void)state;
	write_text("/proc/sys/vm/drop_caches", "3");
	write_text("/proc/sys/vm/compact_unevictable_allowed", "0");
	spare = make_buffer(kept, LEND_BACKING_FOLIOS, 0);
	check(get_info(spare).huge == kept);
	hog = fragment(&hog_size);
	close(spare);		/* so that some folios of 2 MiB are to be had */

	for (size_t m = 0; m < ARRAY_SIZE(all_maps); m++) {
		int fd = make_buffer(size, LEND_BACKING_FOLIOS, all_maps[m]);
		struct lend_info info = get_info(fd);
		char *mem = map_buffer(fd, size);

		if (!m)
			printf("# %llu of %zu MiB in folios of 2 MiB, %llu runs\n",
			       info.huge / MiB, size / MiB, info.runs);
		check(info.why & LEND_WHY_FRAGMENTED);
		check(info.memory == size && info.huge && info.huge < size);
		check(is_zero(mem, size));
		fill_pattern(mem, size, 5);
		check(file_has_pattern(fd, size, 5));
		if (all_maps[m] <= LEND_MAP_FAULT)
			check(smaps_bytes(mem, "FilePmdMapped") == info.huge);
		must(munmap(mem, size));
		if (!m)
			check_places(fd, size);
		close(fd);
	}
	must(munmap(hog, hog_size));
	write_text("/proc/sys/vm/compact_unevictable_allowed", "1");
	write_text("/proc/sys/vm/compact_memory", "1");
}

#define EACH_KIND(test)								\
	{ #test ": folios", test, NULL, NULL, (void *)&backings[0] },		\
	{ #test ": pages", test, NULL, NULL, (void *)&backings[1] },		\
	{ #test ": contig", test, NULL, NULL, (void *)&backings[2] },		\
	{ #test ": vmalloc", test, NULL, NULL, (void *)&backings[3] }

static int set_up(void **state)
{
	(void)state;
	limit_cpu_lists();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlimit_cpu_lists();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_KIND(every_byte),
		cmocka_unit_test(mapped_by_huge_entries),
		cmocka_unit_test(mapped_with_what_follows),
		EACH_KIND(places),
		cmocka_unit_test(pages_are_single),
		cmocka_unit_test(kernel_address),
		EACH_KIND(faults),
		EACH_KIND(dma_bits),
		cmocka_unit_test(fragmented),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
