// SPDX-License-Identifier: GPL-2.0-only
#include <sys/swap.h>

#include "pressure.h"

#define DISK	"/dev/vda"

void swap_on(void)
{
	check(system("mkswap " DISK " >/dev/null") == 0);
	must(swapon(DISK, 0));
}

void swap_off(void)
{
	must(swapoff(DISK));
}

/* Dirties more than there is, and looks whether it is still there. */
static int hog(void *arg)
{
	size_t size = *(size_t *)arg;
	uint64_t *mem = must(mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	for (size_t at = 0; at < size; at += PAGE)
		mem[at / 8] = at + 1;
	/* Backwards: what is still in memory is not swapped out for what is not. */
	for (size_t at = size / PAGE * PAGE; at; at -= PAGE)
		if (mem[(at - PAGE) / 8] != at - PAGE + 1)
			return 1;
	return 0;
}

void swap_out(void)
{
	size_t size = meminfo("MemAvailable") + 200 * MiB;
	uint64_t out = vmstat("pswpout"), killed = vmstat("oom_kill");

	check(meminfo("SwapFree") > 600 * MiB);
	check(reap(spawn(hog, &size)) == 0);
	out = (vmstat("pswpout") - out) * PAGE;
	printf("# %zu MiB swapped out\n", out / MiB);
	check(out >= 100 * MiB);
	check(vmstat("oom_kill") == killed);
}

void compact(void)
{
	/* Something to compact: half of what is there, with holes. */
	size_t size = meminfo("MemAvailable") / 2 / (16 * PAGE) * (16 * PAGE);
	char *mem = must(mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	uint64_t moved = vmstat("compact_migrate_scanned");

	must(madvise(mem, size, MADV_NOHUGEPAGE));
	fault_in(mem, size);
	for (size_t at = 0; at < size; at += 16 * PAGE)
		must(madvise(mem + at, 8 * PAGE, MADV_DONTNEED));
	write_text("/proc/sys/vm/compact_memory", "1");
	check(vmstat("compact_migrate_scanned") > moved);
	must(munmap(mem, size));
}
