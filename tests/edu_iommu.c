// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample's device behind an IOMMU: scattered memory that it could not reach is one
 * range to it, and what was not lent to it is out of its reach.
 */
#include <signal.h>

#include "device/device.h"

/* Of a DMA of whole words. */
#define LENGTH 4000

static int need_iommu(void **state)
{
	if (!has_iommu())
		failed("no IOMMU in this machine: vm/run --iommu");
	return load_driver(state);
}

/* The same bytes at both ends of a buffer, by way of the device, and in odd places. */
static void check_dma(int edu, unsigned int number, char *mem, size_t size)
{
	size_t at = size - 6 * PAGE - 5;

	fill_pattern(mem, 2 * PAGE, 1UL << 50);
	move(edu, number, PAGE - 2001, 4001, 0);
	move(edu, number, at, 4001, EDU_TO_MEMORY);
	check(!memcmp(mem + at, mem + PAGE - 2001, 4001));
}

/* A buffer that begins where the device does not reach by itself. */
static int far_buffer(size_t size)
{
	struct lend_phys_run *runs;
	bool far = false;
	int fds[64], n = 0;
	size_t nr;

	/* What is held cannot be had again. */
	while (!far) {
		check(n < 64);
		fds[n] = make_buffer(size, LEND_BACKING_PAGES, 0);
		runs = get_runs(fds[n++], &nr);
		far = runs[0].phys >= REACH;
		free(runs);
	}
	for (int i = 0; i < n - 1; i++)
		close(fds[i]);
	return fds[n - 1];
}

static void beyond_reach(void **state)
{
	size_t size = 16 * MiB;
	int edu = open_device(0), lent = far_buffer(size);
	char *mem = map_buffer(lent, size);
	struct edu_address at;

	(void)state;
	must(add_buffer(edu, 0, EDU_FD, lent, NULL, 0, 0));
	at = get_address(edu, 0, 0);
	check(at.left == size && at.address + size <= REACH);
	check(get_address(edu, 0, size / 2 + 1).address == at.address + size / 2 + 1);
	check_dma(edu, 0, mem, size);
	munmap(mem, size);
	close(lent);
	close(edu);
}

/* A program's memory whose pages lie in reverse order. */
static void scattered(void **state)
{
	size_t size = 4 * MiB;
	int edu = open_device(0), lent = far_buffer(size);
	char *mem = must(mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct edu_address at;

	(void)state;
	for (size_t i = 0; i < size; i += PAGE)
		must(mmap(mem + i, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, lent,
			  size - PAGE - i));
	must(add_buffer(edu, 0, EDU_USER, 0, mem, size, 0));
	at = get_address(edu, 0, 0);
	check(at.left == size && at.address + size <= REACH);
	check_dma(edu, 0, mem, size);
	munmap(mem, size);
	close(lent);
	close(edu);
}

static int be_killed(void *mem)
{
	int edu = open_device(0);

	must(add_buffer(edu, 0, EDU_USER, 0, mem, PAGE, 0));
	check(must(start_dma(edu, 0, 0, LENGTH, 0, EDU_TO_MEMORY)) == LENGTH);
	return raise(SIGKILL);
}

/* Killed in the middle of a DMA into memory of its own, which the device keeps to its end. */
static void own_memory_killed(void **state)
{
	int edu = open_device(0);
	char *ours = alloc_buffer(edu, 0, PAGE, NULL);
	char *mem = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0));

	(void)state;
	fill_pattern(ours, PAGE, 4);
	move(edu, 0, 0, LENGTH, 0);
	check(reap(spawn(be_killed, mem)) == 128 + SIGKILL);
	check(has_pattern(mem, LENGTH, 4));
	move(edu, 0, 0, LENGTH, EDU_TO_MEMORY);
	check(has_pattern(ours, PAGE, 4) && has_pattern(mem, LENGTH, 4));
	munmap(mem, PAGE);
	munmap(ours, PAGE);
	close(edu);
}

/* What the driver makes is within the device's addresses, not below them in memory. */
static void any_memory(void **state)
{
	int edu = open_device(0), lent;
	char *mem = alloc_buffer(edu, 0, 4 * MiB, &lent);

	(void)state;
	check(get_info(lent).backing == LEND_BACKING_FOLIOS && get_info(lent).dma_bits == 0);
	check_dma(edu, 0, mem, 4 * MiB);
	munmap(mem, 4 * MiB);
	close(lent);
	close(edu);
}

static void say(const char *text)
{
	write_text("/dev/kmsg", text);
}

/* Waits for the kernel's word about a fault at @address. */
static void wait_fault(int kmsg, uint64_t address)
{
	char line[2048], *at;
	ssize_t length;

	for (;;) {
		if (!wait_events(kmsg, POLLIN))
			failed("no fault at %#lx in time", address);
		length = read(kmsg, line, sizeof(line) - 1);
		/* EPIPE: what was not read yet has been overwritten. */
		if (length < 0 && errno == EPIPE)
			continue;
		must(length);
		line[length] = 0;
		at = strstr(line, "DMAR:") ? strstr(line, "fault addr ") : NULL;
		/* 5.10 writes no 0x. */
		if (at && strtoull(at + strlen("fault addr "), NULL, 16) == (address & ~(PAGE - 1)))
			return;
	}
}

/* Starts DMA of a program's making to where there is nothing for it: it is stopped. */
static void stray_dma(int edu, registers *regs, uint64_t address, bool to_memory)
{
	int kmsg = must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));

	must(lseek(kmsg, 0, SEEK_END));
	say("<4>lend-test: expect DMAR: .*fault");
	start_here(regs, address, 512, to_memory);
	next_interrupt(edu);
	wait_fault(kmsg, address);
	say("<4>lend-test: expected");
	close(kmsg);
}

/*
 * Memory within reach of the device's bare addresses: written at its physical
 * address without an IOMMU, so this is what stops it.
 */
static void not_lent(void **state)
{
	int edu = open_device(0), lent = make_empty(LEND_BACKING_CONTIG, 0);
	char *mem, *ours = alloc_buffer(edu, 0, PAGE, NULL);
	registers *regs = map_registers(edu);
	uint64_t own = get_address(edu, 0, 0).address, target;

	(void)state;
	must(setup(lent, LEND_SETUP_DMA_BITS, 0, 28));
	must(ftruncate(lent, 2 * PAGE));
	mem = map_buffer(lent, 2 * PAGE);
	fill_pattern(mem, 2 * PAGE, 1);
	memset(ours, 0x55, PAGE);
	start_here(regs, own, 512, false);
	next_interrupt(edu);
	/* By chance one of the two may be where the device sees ours. */
	target = physical(mem) == own ? physical(mem + PAGE) : physical(mem);
	stray_dma(edu, regs, target, true);
	check(has_pattern(mem, 2 * PAGE, 1));
	munmap(mem, 2 * PAGE);
	munmap(ours, PAGE);
	munmap((void *)regs, EDU_REGISTERS_SIZE);
	close(lent);
	close(edu);
}

static void no_longer_lent(void **state)
{
	int edu = open_device(0);
	char *ours = alloc_buffer(edu, 0, PAGE, NULL);
	registers *regs = map_registers(edu);
	uint64_t address = get_address(edu, 0, 0).address;

	(void)state;
	start_here(regs, address, 512, true);
	next_interrupt(edu);
	fill_pattern(ours, PAGE, 2);
	must(drop_buffer(edu, 0));
	stray_dma(edu, regs, address, true);
	check(has_pattern(ours, PAGE, 2));
	munmap(ours, PAGE);
	munmap((void *)regs, EDU_REGISTERS_SIZE);
	close(edu);
}

static void only_to_be_read(void **state)
{
	int edu = open_device(0), lent = make_buffer(2 * PAGE, 0, 0);
	char *mem = map_buffer(lent, 2 * PAGE);
	registers *regs = map_registers(edu);
	uint64_t address;

	(void)state;
	fill_pattern(mem, PAGE, 3);
	must(add_buffer(edu, 0, EDU_FD, lent, NULL, 0, EDU_READ_ONLY));
	address = get_address(edu, 0, 0).address;
	/* Of the other page: of one that has been read QEMU stops the write, but reports no fault. */
	start_here(regs, address + PAGE, 512, false);
	next_interrupt(edu);
	stray_dma(edu, regs, address, true);
	check(has_pattern(mem, PAGE, 3));
	munmap(mem, 2 * PAGE);
	munmap((void *)regs, EDU_REGISTERS_SIZE);
	close(lent);
	close(edu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beyond_reach),
		cmocka_unit_test(scattered),
		cmocka_unit_test(own_memory_killed),
		cmocka_unit_test(any_memory),
		cmocka_unit_test(not_lent),
		cmocka_unit_test(no_longer_lent),
		cmocka_unit_test(only_to_be_read),
	};

	return cmocka_run_group_tests(tests, need_iommu, unload_driver);
}
