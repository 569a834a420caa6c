// SPDX-License-Identifier: GPL-2.0-only
/*
 * What mapping costs: mmap, one write a page, munmap, per MiB, in nanoseconds of
 * the machine's clock. Under vm/run --count a nanosecond is an instruction, and
 * the figures are exact. The loop of writes itself is told apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/lend.h>

#define MiB (1024UL * 1024)
#define PAGE 4096UL

static const char *const backing_names[] = { "", "folios", "pages", "contig", "vmalloc" };
static const char *const map_names[] = { "", "auto", "fault", "insert", "pfn" };

struct cost {
	uint64_t map, touch, again, unmap;
};

static void die(const char *what)
{
	fprintf(stderr, "touch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void write_pages(volatile char *mem, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		mem[i] = 1;
}

static struct cost measure(int fd, size_t size)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	uint64_t t[5];
	char *mem;

	t[0] = now();
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (mem == MAP_FAILED)
		die("mmap");
	t[1] = now();
	write_pages(mem, size);
	t[2] = now();
	write_pages(mem, size);
	t[3] = now();
	munmap(mem, size);
	t[4] = now();
	return (struct cost){ t[1] - t[0], t[2] - t[1], t[3] - t[2], t[4] - t[3] };
}

static void print(const char *backing, const char *map, struct cost c, size_t mib)
{
	printf("%-9s %-7s %9lu %9lu %9lu %9lu %9lu\n", backing, map, c.map / mib, c.touch / mib,
	       c.again / mib, c.unmap / mib, (c.map + c.touch + c.unmap) / mib);
}

static void bench(uint32_t backing, uint32_t map, size_t size)
{
	int fd = open("/dev/lend", O_TMPFILE | O_RDWR, 0600);
	struct lend_setup setup = {
		.size = sizeof(setup),
		.flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = backing,
		.map = map,
	};

	if (fd < 0 || ioctl(fd, LEND_IOC_SETUP, &setup) || ftruncate(fd, size))
		die(backing_names[backing]);
	measure(fd, size);	/* the second run has its page tables' memory at hand */
	print(backing_names[backing], map_names[map], measure(fd, size), size / MiB);
	close(fd);
}

int main(int argc, char **argv)
{
	size_t mib = 128;
	int opt;

	while ((opt = getopt(argc, argv, "m:h")) != -1) {
		if (opt == 'm')
			mib = strtoul(optarg, NULL, 10);
		if (opt == 'h' || opt == '?' || !mib) {
			fprintf(opt == 'h' ? stdout : stderr, "usage: touch [-m MIB]\n");
			return opt == 'h' ? 0 : 2;
		}
	}
	printf("%lu MiB, cost a MiB      map     touch     again     unmap       sum\n", mib);
	for (uint32_t b = LEND_BACKING_FOLIOS; b <= LEND_BACKING_VMALLOC; b++)
		for (uint32_t m = LEND_MAP_FAULT; m <= LEND_MAP_PFN; m++)
			bench(b, m, mib * MiB);
	measure(-1, mib * MiB);
	print("anonymous", "-", measure(-1, mib * MiB), mib);
	return 0;
}
