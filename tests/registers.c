// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device registers, mapped: those of the device and no others, cached as was asked,
 * and gone when they are revoked. The device is QEMU's secondary-vga: BAR 0 is its
 * picture's memory, prefetchable, BAR 2 its registers. BAR 0 of sdhci-pci is less than a
 * page.
 */
#include <glob.h>
#include <sched.h>
#include <signal.h>

#include "bar.h"
#include "maker.h"
#include "system.h"

enum caching { UNCACHED, WRITE_COMBINED };

/* Bits of an x86 page-table entry, as Linux uses them. */
#define PTE_PWT	(1UL << 3)
#define PTE_PCD	(1UL << 4)
#define PTE_PAT	(1UL << 7)
#define PTE_CACHING (PTE_PWT | PTE_PCD | PTE_PAT)

static struct bar picture, regs, virtio, small;

static void find_devices(void)
{
	glob_t found;

	check(!glob(PCI_DEVICES "*", 0, NULL, &found));
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = strrchr(found.gl_pathv[i], '/') + 1;
		unsigned int id = id_of(name);

		if (id == 0x12341111)
			check(read_bar(name, 0, &picture) && read_bar(name, 2, &regs));
		if (id == 0x1b360007)
			check(read_bar(name, 0, &small));
		if (id >> 16 == 0x1af4)
			check(read_bar(name, 4, &virtio));
	}
	globfree(&found);
	check(picture.size >= 2 * MiB && regs.size == PAGE && virtio.size && small.size);
}

static int try_bar(int maker, const struct bar *bar, enum caching caching)
{
	struct maker m = { .value = bar->nr, .flags = caching };

	strcpy(m.text, bar->device);
	return ioctl(maker, MAKER_BAR, &m);
}

static int open_bar(const struct bar *bar, enum caching caching)
{
	int maker = open_maker();

	must(try_bar(maker, bar, caching));
	return maker;
}

static uint64_t caching_at(int maker, volatile char *mem)
{
	struct maker m = { .addr = (uintptr_t)mem };

	mem[0];
	must(ioctl(maker, MAKER_PTE, &m));
	return m.value & PTE_CACHING;
}

/* --- the right bytes and no others, the right caching */

static void same_bytes(void **state)
{
	const struct bar *bars[] = { &picture, &regs };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bars); i++) {
		int maker = open_bar(bars[i], UNCACHED);
		volatile uint32_t *ours = (void *)map_driver(maker, bars[i]->size);
		volatile uint32_t *theirs = (void *)map_sysfs(bars[i]);

		if (bars[i] == &picture)
			for (size_t w = 0; w < bars[i]->size / 4; w += 1021)
				theirs[w] = 0xabcd0000 + w;
		for (size_t w = 0; w < bars[i]->size / 4; w += bars[i]->size > PAGE ? 1021 : 1)
			if (ours[w] != theirs[w])
				failed("BAR %u, word %zu: %x, not %x", bars[i]->nr, w, ours[w], theirs[w]);
		if (bars[i] == &picture) {
			ours[5] = 0x12345678;
			assert_int_equal(theirs[5], 0x12345678);
		}
		must(munmap((void *)theirs, bars[i]->size));
		must(munmap((void *)ours, bars[i]->size));
		close(maker);
	}
}

/* By a debugger's way, whose ranges are of any length. */
static void no_further(void **state)
{
	int maker = open_bar(&regs, UNCACHED), mem = must(open("/proc/self/mem", O_RDWR));
	char *place = must(mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	volatile char *ours = must(mmap(place, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_FIXED, maker, 0));
	char bytes[16] = {}, end[4];

	(void)state;
	must(munmap(place + PAGE, PAGE));
	for (size_t i = 0; i < 4; i++)
		end[i] = ours[PAGE - 4 + i];
	assert_int_equal(must(pread(mem, bytes, sizeof(bytes), (off_t)(place + PAGE - 4))), 4);
	assert_memory_equal(bytes, end, 4);
	assert_int_equal(must(pwrite(mem, bytes, sizeof(bytes), (off_t)(place + PAGE - 4))), 4);
	must(munmap(place, PAGE));
	close(mem);
	close(maker);
}

static void cached_as_asked(void **state)
{
	int maker = open_bar(&picture, UNCACHED);
	char *mem = map_driver(maker, picture.size);

	(void)state;
	assert_int_equal(caching_at(maker, mem), PTE_PCD);
	assert_int_equal(caching_at(maker, mem + picture.size - PAGE), PTE_PCD);
	must(munmap(mem, picture.size));
	close(maker);
	assert_string_equal(memtype(&picture), "");

	maker = open_bar(&picture, WRITE_COMBINED);
	assert_string_equal(memtype(&picture), "write-combining");
	mem = map_driver(maker, picture.size);
	assert_int_equal(caching_at(maker, mem), PTE_PWT);
	assert_int_equal(caching_at(maker, mem + picture.size - PAGE), PTE_PWT);
	must(munmap(mem, picture.size));
	close(maker);
	wait_for(!memtype(&picture)[0]);

	/* Two ways at once there are not: the kernel's driver was first, and has it uncached. */
	maker = open_bar(&virtio, WRITE_COMBINED);
	mem = map_driver(maker, virtio.size);
	assert_int_equal(caching_at(maker, mem), PTE_PCD);
	must(munmap(mem, virtio.size));
	close(maker);
}

static void mapping(void **state)
{
	int maker = open_bar(&picture, UNCACHED), fd = to_fd(maker, O_RDWR), ro = to_fd(maker, O_RDONLY);
	int self = must(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
	int disk = must(open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC));
	uint32_t word, *look;
	char *mem, *part;
	struct stat st;

	(void)state;
	must(fstat(fd, &st));
	assert_int_equal(st.st_size, picture.size);
	mem = map_buffer(fd, picture.size);
	assert_non_null(strstr(smaps_flags(mem), " io "));
	assert_non_null(strstr(smaps_flags(mem), " pf "));
	*(uint32_t *)mem = 0x600dd00d;

	/* A debugger sees them, a disk does not. */
	assert_int_equal(must(pread(self, &word, 4, (uintptr_t)mem)), 4);
	assert_int_equal(word, 0x600dd00d);
	must_fail(pwrite(disk, mem, PAGE, 0), EFAULT);
	must_fail(pread(disk, mem, PAGE, 0), EFAULT);
	must_fail(write(disk, mem, PAGE), EFAULT);

	/* Not past the end, in no way. */
	must_fail(mmap(NULL, picture.size + PAGE, PROT_READ, MAP_SHARED, fd, 0), ENXIO);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, picture.size), ENXIO);
	must_fail(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, maker, picture.size - PAGE), ENXIO);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, picture.size), ENXIO);
	must_fail(mremap(mem, picture.size, picture.size + PAGE, MREMAP_MAYMOVE), EFAULT);
	part = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, maker, picture.size - PAGE));
	*part = 77;
	assert_int_equal(mem[picture.size - PAGE], 77);

	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
	must_fail(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, maker, 0), EPERM);
	must_fail(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, ro, 0), EACCES);
	look = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0));
	assert_int_equal(*look, 0x600dd00d);
	must_fail(mprotect(look, PAGE, PROT_READ | PROT_WRITE), EACCES);
	must(munmap(look, PAGE));
	must_fail(read(fd, &word, 4), EINVAL);
	must_fail(write(fd, &word, 4), EINVAL);

	/* Fork and a part taken away. */
	assert_int_equal(probe_read(mem + MiB), 0);
	must(munmap(mem + MiB, PAGE));
	assert_int_equal(probe_read(mem + MiB), 128 + SIGSEGV);
	assert_int_equal(*(uint32_t *)mem, 0x600dd00d);
	must(munmap(part, PAGE));
	must(munmap(mem, picture.size));
	close(disk);
	close(self);
	close(ro);
	close(fd);
	close(maker);
}

/* By 2 MiB entries where the kernel knows them from memory, elsewhere by 16 pages a fault. */
static void entries(void **state)
{
	size_t entry = kernel_from(6, 12) ? HUGE : 16 * PAGE;
	int maker = open_bar(&picture, UNCACHED), fd = to_fd(maker, O_RDWR);
	char *mem[] = { map_driver(maker, picture.size), map_buffer(fd, picture.size) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mem); i++) {
		long before = minor_faults();

		for (size_t at = 0; at < picture.size; at += PAGE)
			*(volatile char *)(mem[i] + at);
		assert_in_range(minor_faults() - before, picture.size / entry, picture.size / entry + 2);
		/* A part goes, the rest stays what it is. */
		mem[i][0] = 'a' + i;
		must(munmap(mem[i] + PAGE, PAGE));
		assert_int_equal(mem[i][0], 'a' + i);
		assert_int_equal(probe_read(mem[i] + PAGE), 128 + SIGSEGV);
		assert_int_equal(probe_read(mem[i] + 2 * PAGE), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(mem); i++)
		must(munmap(mem[i], picture.size));
	close(fd);
	close(maker);
}

/* --- what is refused */

static void refused_bars(void **state)
{
	int maker = open_maker();
	struct bar bar = picture;

	(void)state;
	must_fail(try_bar(maker, &regs, WRITE_COMBINED), EINVAL);	/* not prefetchable */
	for (bar.nr = 1; bar.nr < 8; bar.nr++)				/* none */
		if (bar.nr != 2)
			must_fail(try_bar(maker, &bar, UNCACHED), EINVAL);
	bar.nr = UINT32_MAX;
	must_fail(try_bar(maker, &bar, UNCACHED), EINVAL);
	bar = virtio;
	bar.nr = 0;							/* ports */
	must_fail(try_bar(maker, &bar, UNCACHED), EINVAL);
	/* In a page with who knows what; this driver may take the page. */
	assert_true(small.size < PAGE);
	must_fail(try_bar(maker, &small, UNCACHED), EINVAL);
	must(ask(maker, MAKER_PHYS, .offset = small.start & -PAGE, .length = PAGE));
	close(maker);
}

static void refused_ranges(void **state)
{
	int maker = open_maker();
	struct lend_phys_run *runs;
	size_t nr;
	int fd = make_buffer(PAGE, 0, 0);

	(void)state;
	runs = get_runs(fd, &nr);
	must_fail(ask(maker, MAKER_PHYS, .offset = runs[0].phys, .length = PAGE), EINVAL);
	must_fail(ask(maker, MAKER_PHYS, .offset = MiB, .length = PAGE), EINVAL);
	must_fail(ask(maker, MAKER_PHYS, .offset = MiB, .length = 4 * GiB), EINVAL);
	must_fail(ask(maker, MAKER_PHYS, .offset = picture.start + 1, .length = PAGE), EINVAL);
	must_fail(ask(maker, MAKER_PHYS, .offset = picture.start, .length = 0), EINVAL);
	must_fail(ask(maker, MAKER_PHYS, .offset = picture.start, .length = UINT64_MAX), EOVERFLOW);
	must_fail(ask(maker, MAKER_PHYS, .offset = -2 * PAGE, .length = 3 * PAGE), EOVERFLOW);
	/* More address bits than there are: a page-table entry would drop them, and map memory. */
	must_fail(ask(maker, MAKER_PHYS, .offset = runs[0].phys | 1UL << 60, .length = PAGE), EINVAL);
	must_fail(ask(maker, MAKER_PHYS, .offset = runs[0].phys | 1UL << 52, .length = PAGE), EINVAL);

	must(ask(maker, MAKER_PHYS, .offset = picture.start, .length = PAGE + 1));
	must_fail(mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, maker, 0), ENXIO);
	must(munmap(map_driver(maker, 2 * PAGE), 2 * PAGE));

	/* There is no memory to do more with. */
	must_fail(ask(maker, MAKER_SG, .value = PAGE), EMEDIUMTYPE);
	must_fail(ask(maker, MAKER_DMA_MAP, .bits = 64, .value = PAGE), EMEDIUMTYPE);
	must_fail(ask(maker, MAKER_HOOK, .flags = 1), EMEDIUMTYPE);
	must_fail(ask(maker, MAKER_PAGE), ENXIO);
	must_fail(ask(maker, MAKER_READ), ENOMEM);
	must_fail(ask(maker, MAKER_REMOVE), EMEDIUMTYPE);
	free(runs);
	close(fd);
	close(maker);
}

static void read_only(void **state)
{
	int maker = open_bar(&picture, UNCACHED);
	char *mem;

	(void)state;
	must(ask(maker, MAKER_READONLY));
	must_fail(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, maker, 0), EACCES);
	mem = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, 0));
	must_fail(mprotect(mem, PAGE, PROT_WRITE), EACCES);
	assert_int_equal(probe_write(mem), 128 + SIGSEGV);
	must(munmap(mem, PAGE));
	close(maker);
}

/* --- the device goes */

static void revoked(void **state)
{
	int maker = open_bar(&picture, WRITE_COMBINED), fd = to_fd(maker, O_RDWR);
	char *mem = map_driver(maker, picture.size), *other = map_buffer(fd, picture.size);

	(void)state;
	mem[0] = 1;
	other[MiB] = 2;
	must(ask(maker, MAKER_REVOKE));
	assert_int_equal(probe_read(mem), 128 + SIGBUS);
	assert_int_equal(probe_write(mem + PAGE), 128 + SIGBUS);
	assert_int_equal(probe_read(other + MiB), 128 + SIGBUS);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, 0), ENODEV);
	must(ask(maker, MAKER_REVOKE));
	must(ask(maker, MAKER_LET_GO));

	/* The next driver of the device has it as it likes, whoever still holds the last one's. */
	assert_string_equal(memtype(&picture), "");
	must(ask(maker, MAKER_IOREMAP, .offset = picture.start, .length = picture.size));
	assert_string_equal(memtype(&picture), "uncached-minus");
	assert_int_equal(probe_read(mem), 128 + SIGBUS);
	must(munmap(other, picture.size));
	must(munmap(mem, picture.size));
	close(fd);
	assert_string_equal(memtype(&picture), "uncached-minus");
	close(maker);
}

/* Shared with the children that touch. */
static struct {
	char *mem;
	volatile size_t touched;
	volatile bool done;
} *shared;

static sigjmp_buf cut;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(cut, 1);
}

static int touch_until_cut(void *arg)
{
	volatile char *mem = shared->mem;
	static volatile size_t at;

	(void)arg;
	signal(SIGBUS, on_sigbus);
	if (!sigsetjmp(cut, 1)) {
		for (;; shared->touched = at) {
			mem[at];
			at = (at + PAGE) % picture.size;
		}
	}
	while (!shared->done)
		sched_yield();
	/* None of the pages is left. */
	for (at = 0; at < picture.size; at += PAGE) {
		if (!sigsetjmp(cut, 1)) {
			mem[at];
			return 1;
		}
	}
	return 0;
}

/* Cut while they are mapped page by page, each time at another one. */
static void revoked_while_touched(void **state)
{
	(void)state;
	shared = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	for (size_t i = 0; i < 100; i++) {
		int maker = open_bar(&picture, i % 2 ? UNCACHED : WRITE_COMBINED);
		pid_t pids[2];

		shared->mem = map_driver(maker, picture.size);
		shared->touched = 0;
		shared->done = false;
		for (size_t c = 0; c < ARRAY_SIZE(pids); c++)
			pids[c] = spawn(touch_until_cut, NULL);
		while (shared->touched < i * (picture.size / 128))
			sched_yield();
		must(ask(maker, MAKER_REVOKE));
		shared->done = true;
		for (size_t c = 0; c < ARRAY_SIZE(pids); c++)
			assert_int_equal(reap(pids[c]), 0);
		must(munmap(shared->mem, picture.size));
		close(maker);
	}
	assert_string_equal(memtype(&picture), "");
	must(munmap(shared, PAGE));
}

static int set_up(void **state)
{
	find_devices();
	return maker_set_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(no_further),
		cmocka_unit_test(cached_as_asked),
		cmocka_unit_test(mapping),
		cmocka_unit_test(entries),
		cmocka_unit_test(refused_bars),
		cmocka_unit_test(refused_ranges),
		cmocka_unit_test(read_only),
		cmocka_unit_test(revoked),
		cmocka_unit_test(revoked_while_touched),
	};

	return cmocka_run_group_tests(tests, set_up, maker_tear_down);
}
