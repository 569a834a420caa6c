// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PCI device driven from user space by the sample driver: its registers, DMA in
 * both ways of starting it, interrupts, several programs at once.
 */
#include <libgen.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "device/device.h"

/* A real file, of a few times what the device holds. */
#define REAL_FILE "/usr/share/common-licenses/GPL-1"

static void registers_mapped(void **state)
{
	static const uint32_t values[] = { 0, 1, 0x12345678, 0xffffffff };
	int edu = open_device(0), mem = must(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
	registers *regs = map_registers(edu), *more;
	uint32_t seen;

	(void)state;
	check(get(regs, EDU_ID) == 0x010000ed);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		set(regs, EDU_LIVENESS, values[i]);
		check(get(regs, EDU_LIVENESS) == ~values[i]);
	}
	set(regs, EDU_FACTORIAL, 12);
	wait_for(!(get(regs, EDU_STATUS) & EDU_STATUS_COMPUTING));
	check(get(regs, EDU_FACTORIAL) == 479001600);

	/* A part of it, read-only, is the same registers. */
	more = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, edu, 0));
	check(get(more, EDU_LIVENESS) == get(regs, EDU_LIVENESS));
	/* As a debugger looks at them, and changes them. */
	check(must(pread(mem, &seen, 4, (uintptr_t)regs + EDU_LIVENESS)) == 4);
	check(seen == 0);
	seen = 0xff00ff00;
	check(must(pwrite(mem, &seen, 4, (uintptr_t)regs + EDU_LIVENESS)) == 4);
	check(get(regs, EDU_LIVENESS) == 0x00ff00ff);

	close(mem);
	munmap((void *)more, PAGE);
	/* With the context the mapping ends, not the other way round. */
	check(touch(regs) == 0);
	close(edu);
	check(touch(regs) == 128 + SIGBUS);
	munmap((void *)regs, EDU_REGISTERS_SIZE);
}

static void registers_refused(void **state)
{
	int edu = open_device(0);
	int none = PROT_READ | PROT_WRITE;

	(void)state;
	must_fail(mmap(NULL, PAGE, none, MAP_SHARED, edu, EDU_REGISTERS_SIZE), ENXIO);
	must_fail(mmap(NULL, EDU_REGISTERS_SIZE + PAGE, none, MAP_SHARED, edu, 0), ENXIO);
	must_fail(mmap(NULL, EDU_REGISTERS_SIZE, none, MAP_SHARED, edu, PAGE), ENXIO);
	must_fail(mmap(NULL, PAGE, none, MAP_SHARED, edu, 1L << 62), ENXIO);
	must_fail(mmap(NULL, PAGE, none, MAP_PRIVATE, edu, 0), EINVAL);
	must_fail(mmap(NULL, PAGE, none | PROT_EXEC, MAP_SHARED, edu, 0), EPERM);
	close(edu);
}

static void interrupts_counted(void **state)
{
	int edu = open_device(O_NONBLOCK), events = must(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	struct pollfd pfd = { .fd = edu, .events = POLLIN };
	registers *regs = map_registers(edu);
	int none = -1, wrong = edu;
	uint64_t told;
	uint32_t count;

	(void)state;
	must_fail(read(edu, &count, sizeof(count)), EAGAIN);
	must_fail(read(edu, &count, 1), EINVAL);
	check(must(poll(&pfd, 1, 0)) == 0);
	must_fail(ioctl(edu, EDU_IOC_EVENTFD, &wrong), EINVAL);
	must(ioctl(edu, EDU_IOC_EVENTFD, &events));
	for (uint32_t i = 1; i <= 3; i++) {
		set(regs, EDU_IRQ_RAISE, 1);
		check(next_interrupt(edu) == i);
		must_fail(read(edu, &count, sizeof(count)), EAGAIN);
		check(must(poll(&pfd, 1, 0)) == 0);
		check(must(read(events, &told, sizeof(told))) == sizeof(told) && told == 1);
	}
	must(ioctl(edu, EDU_IOC_EVENTFD, &none));
	set(regs, EDU_IRQ_RAISE, 1);
	check(next_interrupt(edu) == 4);
	must_fail(read(events, &told, sizeof(told)), EAGAIN);

	/* The factorial's, too. */
	set(regs, EDU_STATUS, EDU_STATUS_IRQ);
	set(regs, EDU_FACTORIAL, 5);
	check(next_interrupt(edu) == 5);
	check(get(regs, EDU_FACTORIAL) == 120);
	set(regs, EDU_STATUS, 0);
	munmap((void *)regs, EDU_REGISTERS_SIZE);
	close(events);
	close(edu);
}

static const char *program(void)
{
	static char path[4096];

	if (!path[0]) {
		check(must(readlink("/proc/self/exe", path, sizeof(path) - 30)) > 0);
		strcat(dirname(path), "/../samples/edu-dma");
	}
	return path;
}

/* The sample's program, in both modes, with each kind of memory. */
static void file_copied(void **state)
{
	static const char *const kinds[] = { "alloc", "fd", "user" };

	(void)state;
	for (int i = 0; i < 6; i++) {
		const char *kind = kinds[i / 2], *how = i % 2 ? "--direct" : "";
		int status = shell("rm -f /tmp/copy; %s %s --memory %s %s /tmp/copy >/tmp/said 2>&1",
				   program(), how, kind, REAL_FILE);

		/* Where the program's own memory is, is not for it to say. */
		if (!has_iommu() && !strcmp(kind, "user") && status == 1)
			check(shell("grep -q 'reaches 256 MiB only' /tmp/said") == 0);
		else
			check(status == 0 && shell("cmp %s /tmp/copy", REAL_FILE) == 0);
	}
	check(shell("test $(%s --factorial 10) = 3628800", program()) == 0);
	check(shell("rm -f /tmp/copy /tmp/said") == 0);
}

static void program_refuses(void **state)
{
	(void)state;
	check(shell("%s --help | grep -q '^usage: edu-dma'", program()) == 0);
	check(shell("%s 2>&1 | grep -q 'SOURCE and TARGET'", program()) == 0);
	check(shell("%s 2>/dev/null", program()) == 2);
	check(shell("%s --factorial 3x 2>/dev/null", program()) == 2);
	check(shell("%s --memory none a b 2>/dev/null", program()) == 2);
	check(shell("%s /nonexistent /tmp/copy 2>&1 | grep -q 'nonexistent: No such'",
		    program()) == 0);
	check(shell("%s /nonexistent /tmp/copy 2>/dev/null", program()) == 1);
	check(shell("%s --device /dev/null %s /tmp/copy 2>/dev/null", program(), REAL_FILE) == 1);
}

/* Every byte of a buffer, from and to odd places of it and of the device. */
static void dma_by_driver(void **state)
{
	int edu = open_device(0);
	char *from = alloc_buffer(edu, 0, 4 * PAGE, NULL);
	char *to = alloc_buffer(edu, 15, 4 * PAGE, NULL);

	(void)state;
	fill_pattern(from, 4 * PAGE, 1000);
	must(msync(from, 4 * PAGE, MS_SYNC));
	move(edu, 0, 4 * PAGE - 3000, 3000, 0);
	move(edu, 15, 77, 3000, EDU_TO_MEMORY);
	check(!memcmp(to + 77, from + 4 * PAGE - 3000, 3000));
	/* Of the device's memory a part, and only so much. */
	check(must(start_dma(edu, 15, 8000, 100, 50, EDU_TO_MEMORY)) == 100);
	check(next_interrupt(edu) == 3);
	check(!memcmp(to + 8000, from + 4 * PAGE - 3000 + 50, 100));
	for (size_t i = 0; i < 4 * PAGE; i++)
		if (i < 77 || (i >= 3077 && i < 8000) || i >= 8100)
			check(to[i] == 0);
	munmap(from, 4 * PAGE);

	/* What the driver has let go of is the program's as long as it is mapped. */
	must(drop_buffer(edu, 15));
	must_fail(start_dma(edu, 15, 0, 1, 0, 0), ENOENT);
	close(edu);
	check(!memcmp(to + 8000, to + 77 + 50, 100));
	munmap(to, 4 * PAGE);
}

static void dma_by_program(void **state)
{
	int edu = open_device(0), fd;
	char *from = alloc_buffer(edu, 0, PAGE, &fd), *to = alloc_buffer(edu, 1, PAGE, NULL);
	registers *regs = map_registers(edu);
	uint64_t source = get_address(edu, 0, 0).address, target = get_address(edu, 1, 8).address;

	(void)state;
	check(source < REACH && target < REACH && get_address(edu, 1, 8).left == PAGE - 8);
	fill_pattern(from, PAGE, 3);
	to[0] = 0;
	if (!has_iommu())
		check(source == physical(from) && target == physical(to) + 8);
	start_here(regs, source, 2048, false);
	check(next_interrupt(edu) == 1);
	start_here(regs, target, 2048, true);
	check(next_interrupt(edu) == 2);
	check(!(get(regs, EDU_DMA_COMMAND) & EDU_DMA_RUN));
	check(has_pattern(to + 8, 2048, 3) && !to[0] && !to[2048 + 8]);
	close(fd);
	munmap(from, PAGE);
	munmap(to, PAGE);
	munmap((void *)regs, EDU_REGISTERS_SIZE);
	close(edu);
}

/* Rounds through the device, while others do the same: each has its own bytes and count. */
static int rounds(void *arg)
{
	uint64_t seed = (uintptr_t)arg;
	int edu = open_device(0);
	char *mem = alloc_buffer(edu, 0, 2 * PAGE, NULL);

	for (uint32_t i = 0; i < 4; i++) {
		/* The device's memory is everybody's: what comes back is somebody's pattern, whole. */
		fill_pattern(mem, PAGE, seed);
		check(must(start_dma(edu, 0, 0, 2048, 0, 0)) == 2048);
		check(next_interrupt(edu) == 2 * i + 1);
		check(must(start_dma(edu, 0, PAGE, 2048, 0, EDU_TO_MEMORY)) == 2048);
		check(next_interrupt(edu) == 2 * i + 2);
		check(has_pattern(mem + PAGE, 2048, 1UL << 32) ||
		      has_pattern(mem + PAGE, 2048, 2UL << 32));
		check(has_pattern(mem, PAGE, seed));
	}
	close(edu);
	return 0;
}

static void two_programs(void **state)
{
	pid_t one = spawn(rounds, (void *)(1UL << 32)), two = spawn(rounds, (void *)(2UL << 32));
	int first = reap(one);

	(void)state;
	check(reap(two) == 0 && first == 0);
}

static void one_at_a_time(void **state)
{
	int one = open_device(0), two = open_device(O_NONBLOCK);
	char *mem = alloc_buffer(one, 0, PAGE, NULL);
	registers *regs;

	(void)state;
	must(add_buffer(two, 0, EDU_ALLOC, 0, NULL, PAGE, 0));
	/* A slow machine may be through with the one before the other is there. */
	for (;;) {
		check(must(start_dma(one, 0, 0, 100, 0, 0)) == 100);
		if (start_dma(two, 0, 0, 100, 0, 0) < 0)
			break;
		next_interrupt(one);
		next_interrupt(two);
	}
	check(errno == EAGAIN);
	next_interrupt(one);
	check(must(start_dma(two, 0, 0, 100, 0, 0)) == 100);

	/* The registers wait for the other's DMA, and keep others out until they are closed. */
	regs = map_registers(one);
	check(!(get(regs, EDU_DMA_COMMAND) & EDU_DMA_RUN));
	next_interrupt(two);
	must_fail(start_dma(two, 0, 0, 100, 0, 0), EBUSY);
	must_fail(start_dma(one, 0, 0, 100, 0, 0), EBUSY);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, two, 0), EBUSY);
	munmap((void *)regs, EDU_REGISTERS_SIZE);
	must_fail(start_dma(two, 0, 0, 100, 0, 0), EBUSY);
	close(one);
	check(must(start_dma(two, 0, 0, 100, 0, 0)) == 100);
	next_interrupt(two);
	munmap(mem, PAGE);
	close(two);
}

/* An ordinary user whom the file is open to: DMA yes, the device itself no. */
static int as_nobody(void *arg)
{
	int edu = *(int *)arg;
	struct edu_address ask = {};
	char *mem;

	become(NOBODY);
	mem = alloc_buffer(edu, 0, PAGE, NULL);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, edu, 0), EPERM);
	must_fail(ioctl(edu, EDU_IOC_ADDRESS, &ask), EPERM);
	memset(mem, 7, 100);
	move(edu, 0, 0, 100, 0);
	move(edu, 0, 1000, 100, EDU_TO_MEMORY);
	check(!memcmp(mem, mem + 1000, 100));
	return 0;
}

static void without_privileges(void **state)
{
	int edu = open_device(0);

	(void)state;
	check(reap(spawn(as_nobody, &edu)) == 0);
	close(edu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_mapped),
		cmocka_unit_test(registers_refused),
		cmocka_unit_test(interrupts_counted),
		cmocka_unit_test(file_copied),
		cmocka_unit_test(program_refuses),
		cmocka_unit_test(dma_by_driver),
		cmocka_unit_test(dma_by_program),
		cmocka_unit_test(two_programs),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(without_privileges),
	};

	return cmocka_run_group_tests(tests, load_driver, unload_driver);
}
