// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a chosen NUMA node, on a machine that has two.
 */
#include <sched.h>
#include <sys/syscall.h>
#include <linux/mempolicy.h>

#include "kernel.h"

#define NODES	2

static const size_t size = 5 * MiB + 3 * PAGE;

/* A number of /sys/devices/system/node/nodeN/meminfo in bytes. */
static size_t node_meminfo(int node, const char *name)
{
	char path[128], text[256], format[64];
	size_t kib = 0;
	FILE *file;
	bool found = false;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	snprintf(format, sizeof(format), "Node %%*d %s: %%zu", name);
	file = fopen(path, "re");
	check(file);
	while (!found && fgets(text, sizeof(text), file))
		found = sscanf(text, format, &kib) == 1;
	fclose(file);
	check(found);
	return kib * KiB;
}

static size_t free_on(int node)
{
	return node_meminfo(node, "MemFree") + on_cpu_lists(node);
}

static int make_empty_on(uint32_t backing, uint32_t map, int node)
{
	int fd = make_empty(backing, map);

	must(setup(fd, LEND_SETUP_NODE, node, 0));
	return fd;
}

static int make_on(size_t bytes, uint32_t backing, uint32_t map, int node)
{
	int fd = make_empty_on(backing, map, node);

	must(ftruncate(fd, bytes));
	return fd;
}

/* How many pages of the file are on @node, by the kernel's own answer for each. */
static size_t pages_on(int fd, size_t bytes, int node)
{
	size_t nr = bytes / PAGE, found = 0;
	void **pages = calloc(nr, sizeof(*pages));
	int *status = calloc(nr, sizeof(*status));
	char *mem = map_buffer(fd, bytes);

	for (size_t i = 0; i < nr; i++) {
		pages[i] = mem + i * PAGE;
		*(volatile char *)pages[i] = 1;
	}
	must(syscall(SYS_move_pages, 0, nr, pages, NULL, status, 0));
	for (size_t i = 0; i < nr; i++) {
		if (status[i] < 0)
			failed("page %zu: %s", i, strerror(-status[i]));
		found += status[i] == node;
	}
	must(munmap(mem, bytes));
	free(pages);
	free(status);
	return found;
}

static void honoured(void **state)
{
	uint32_t backing = *(const uint32_t *)*state;

	for (int node = 0; node < NODES; node++) {
		for (uint32_t map = LEND_MAP_FAULT; map <= LEND_MAP_INSERT; map++) {
			int fd = make_on(size, backing, map, node);

			check(get_info(fd).node == node);
			check(pages_on(fd, size, node) == size / PAGE);
			check(pages_on(fd, size, !node) == 0);
			close(fd);
		}
	}
}

static void no_such_node(void **state)
{
	static const int nodes[] = { NODES, 63, 1023, 1024, 1000000, INT32_MAX, -2, INT32_MIN };
	int fd = make_empty(0, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		must_fail(setup(fd, LEND_SETUP_NODE, nodes[i], 0), ENXIO);
	assert_int_equal(get_info(fd).node, LEND_NODE_ANY);
	must(setup(fd, LEND_SETUP_NODE, NODES - 1, 0));
	must(setup(fd, LEND_SETUP_NODE, LEND_NODE_ANY, 0));
	must(ftruncate(fd, size));
	close(fd);
}

/* What does not fit one node comes from both, unless it was to be of one. */
static void too_full(void **state)
{
	uint32_t backing = *(const uint32_t *)*state;

	for (int node = 0; node < NODES; node++) {
		size_t before = free_on(node), more = before + 64 * MiB, other;
		int fd = make_empty_on(backing, 0, node);
		uint64_t used = used_bytes();

		more &= ~(PAGE - 1);
		/* As much is there: it is the node that lacks it. */
		check(more < meminfo("MemAvailable") - meminfo("MemTotal") / 16);
		other = free_on(!node);
		must_fail(ftruncate(fd, more), ENOMEM);
		check(get_info(fd).memory == 0);
		check(used_bytes() == used);
		check(free_on(!node) + 16 * MiB > other);

		/* Nothing was lost, and the file may still have what there is. */
		wait_for(free_on(node) + 16 * MiB > before);
		must(ftruncate(fd, 64 * MiB));
		check(pages_on(fd, 64 * MiB, node) == 64 * MiB / PAGE);
		close(fd);
	}
}

static void any_node(void **state)
{
	uint32_t backing = *(const uint32_t *)*state;
	size_t most = 0, bytes;
	int fd;

	for (int node = 0; node < NODES; node++)
		if (free_on(node) > most)
			most = free_on(node);
	bytes = (most + 64 * MiB) & ~(HUGE - 1);
	fd = make_on(bytes, backing, 0, LEND_NODE_ANY);
	for (int node = 0; node < NODES; node++)
		check(pages_on(fd, bytes, node) > 0);
	check(pages_on(fd, bytes, 0) + pages_on(fd, bytes, 1) == bytes / PAGE);
	close(fd);
}

/* Asked to move elsewhere, lent memory stays: a device may be writing to it. */
static void stays(void **state)
{
	uint32_t backing = *(const uint32_t *)*state;
	int fd = make_on(4 * MiB, backing, LEND_MAP_FAULT, 0);
	char *mem = map_buffer(fd, 4 * MiB);
	unsigned long mask = 1 << 1;
	size_t nr;
	struct lend_phys_run *runs = get_runs(fd, &nr);

	fill_pattern(mem, 4 * MiB, 7);
	for (size_t at = 0; at < 4 * MiB; at += PAGE) {
		void *page = mem + at;
		int node = 1, status = 1;

		/* Refused as a whole or for the page; in any case the page stays. */
		syscall(SYS_move_pages, 0, 1, &page, &node, &status, MPOL_MF_MOVE);
		must(syscall(SYS_move_pages, 0, 1, &page, NULL, &status, 0));
		if (status)
			failed("page at %#zx: status %d", at, status);
	}
	must_fail(syscall(SYS_mbind, mem, 4 * MiB, MPOL_BIND, &mask, 8 * sizeof(mask),
			  MPOL_MF_STRICT | MPOL_MF_MOVE), EIO);
	for (size_t at = 0; at < 4 * MiB; at += PAGE)
		check(physical(mem + at) == phys_at(runs, nr, at));
	check(has_pattern(mem, 4 * MiB, 7));
	free(runs);
	must(munmap(mem, 4 * MiB));
	close(fd);
}

/*
 * The kernel moves memory to the node of who uses it, but not this. A task on the
 * second node touches it as it touches memory of its own, until that has moved.
 */
static void balancing(void **state)
{
	const size_t own_size = 16 * MiB;
	unsigned long first = 1 << 0;
	struct lend_phys_run *runs[ARRAY_SIZE(backings)];
	char *mem[ARRAY_SIZE(backings)], *own;
	size_t nr[ARRAY_SIZE(backings)];
	int fd[ARRAY_SIZE(backings)];
	cpu_set_t before, second;
	uint64_t moved;

	(void)state;
	own = must(mmap(NULL, own_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(madvise(own, own_size, MADV_NOHUGEPAGE));
	must(syscall(SYS_set_mempolicy, MPOL_BIND, &first, 8 * sizeof(first)));
	fault_in(own, own_size);
	must(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0));
	for (size_t i = 0; i < ARRAY_SIZE(backings); i++) {
		fd[i] = make_on(size, backings[i], LEND_MAP_AUTO, 0);
		mem[i] = map_buffer(fd[i], size);
		fill_pattern(mem[i], size, i);
		runs[i] = get_runs(fd[i], &nr[i]);
	}

	/* The machine's second processor is the second node's. */
	must(sched_getaffinity(0, sizeof(before), &before));
	CPU_ZERO(&second);
	CPU_SET(1, &second);
	must(sched_setaffinity(0, sizeof(second), &second));
	write_text("/proc/sys/kernel/numa_balancing", "1");
	moved = vmstat("numa_pages_migrated");
	while (vmstat("numa_pages_migrated") < moved + own_size / PAGE / 2) {
		for (size_t at = 0; at < own_size; at += PAGE)
			own[at]++;
		for (size_t i = 0; i < ARRAY_SIZE(backings); i++)
			check(has_pattern(mem[i], size, i));
	}
	write_text("/proc/sys/kernel/numa_balancing", "0");
	must(sched_setaffinity(0, sizeof(before), &before));

	for (size_t i = 0; i < ARRAY_SIZE(backings); i++) {
		for (size_t at = 0; at < size; at += PAGE) {
			(void)*(volatile char *)(mem[i] + at);
			check(physical(mem[i] + at) == phys_at(runs[i], nr[i], at));
		}
		free(runs[i]);
		must(munmap(mem[i], size));
		close(fd[i]);
	}
	must(munmap(own, own_size));
}

static int set_up(void **state)
{
	(void)state;
	for (int node = 0; node < NODES; node++)
		check(node_meminfo(node, "MemTotal") > 512 * MiB);
	lift_limit();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	restore_limit();
	return 0;
}

#define ON(test, i, name) { #test ": " name, test, NULL, NULL, (void *)&backings[i] }
#define EACH_KIND(test)	ON(test, 0, "folios"), ON(test, 1, "pages"),		\
			ON(test, 2, "contig"), ON(test, 3, "vmalloc")

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_KIND(honoured),
		cmocka_unit_test(no_such_node),
		EACH_KIND(too_full),
		ON(any_node, 0, "folios"),
		ON(any_node, 1, "pages"),
		ON(any_node, 3, "vmalloc"),
		EACH_KIND(stays),
		cmocka_unit_test(balancing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
