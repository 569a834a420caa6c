// SPDX-License-Identifier: GPL-2.0-only
/* What LEND_IOC_INFO and LEND_IOC_RUNS tell, and to whom. */
#include <linux/capability.h>

#include "common.h"
#include "system.h"

#define SIZE (8 * MiB + 12345)
#define MEMORY (8 * MiB + 4 * PAGE)

static void empty_file(void **state)
{
	int fd = must(open(DIR, O_TMPFILE | O_RDWR, 0600));
	struct lend_info info, expected = {
		.size = sizeof(info),
		.backing = LEND_BACKING_FOLIOS,
		.map = LEND_MAP_AUTO,
		.node = LEND_NODE_ANY,
	};

	(void)state;
	/* What comes in does not matter, but for the size. */
	memset(&info, 0xff, sizeof(info));
	info.size = sizeof(info);
	must(ioctl(fd, LEND_IOC_INFO, &info));
	check(!memcmp(&info, &expected, sizeof(info)));
	close(fd);
}

static bool single(uint32_t backing)
{
	return backing == LEND_BACKING_PAGES || backing == LEND_BACKING_VMALLOC;
}

/* What follows from the kinds, whatever memory there was. */
static void check_kind(const struct lend_info *info, uint32_t backing, uint32_t map)
{
	bool pfn = map == LEND_MAP_PFN, huge = info->huge && info->map == LEND_MAP_FAULT;
	const uint32_t flags = LEND_INFO_PINNABLE | LEND_INFO_HUGE | LEND_INFO_KERNEL_ADDR |
			       LEND_INFO_MEMCG | LEND_INFO_MEMLOCK;
	const uint32_t whys = LEND_WHY_FRAGMENTED | LEND_WHY_SPLIT | LEND_WHY_SINGLE |
			      LEND_WHY_PFN | LEND_WHY_NO_MEMCG | LEND_WHY_INSERT;

	check(info->size == sizeof(*info) && !(info->flags & ~flags) && !(info->why & ~whys));
	check(info->backing == backing && info->node == LEND_NODE_ANY && !info->dma_bits);
	check(info->bytes == SIZE && info->memory == MEMORY);
	check(!info->mappings && !info->held && !info->pinned);
	if (map == LEND_MAP_AUTO)
		check(info->map == (info->huge ? LEND_MAP_FAULT : LEND_MAP_INSERT));
	else
		check(info->map == map);

	check(!(info->flags & LEND_INFO_PINNABLE) == pfn && !(info->why & LEND_WHY_PFN) == !pfn);
	check(!(info->flags & LEND_INFO_HUGE) == !huge);
	check(!(info->why & LEND_WHY_SINGLE) == !single(backing));
	check(!(info->why & LEND_WHY_INSERT) == !(info->huge && map == LEND_MAP_INSERT));
	/* Root, in the root cgroup: charged to nobody. */
	check(!(info->flags & (LEND_INFO_MEMCG | LEND_INFO_MEMLOCK)) && !info->uid);

	check(info->huge % HUGE == 0 && info->huge <= info->memory);
	check(info->runs >= 1 && info->runs <= MEMORY / PAGE);
	check(info->longest >= PAGE && info->longest <= MEMORY);
	check(info->longest * info->runs >= MEMORY);
}

static void each_kind(void **state)
{
	static const uint32_t all_maps[] = {
		LEND_MAP_AUTO, LEND_MAP_FAULT, LEND_MAP_INSERT, LEND_MAP_PFN,
	};

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		for (size_t m = 0; m < ARRAY_SIZE(all_maps); m++) {
			int fd = make_buffer(SIZE, backings[b], all_maps[m]);
			struct lend_info info = get_info(fd);

			check_kind(&info, backings[b], all_maps[m]);
			switch (backings[b]) {
			case LEND_BACKING_FOLIOS:
				check(info.huge == 8 * MiB || info.why & LEND_WHY_FRAGMENTED);
				check(info.longest >= HUGE || info.why & LEND_WHY_FRAGMENTED);
				break;
			case LEND_BACKING_CONTIG:
				check(info.runs == 1 && info.longest == MEMORY);
				check(info.flags & LEND_INFO_KERNEL_ADDR);
				check(info.huge || info.why & LEND_WHY_SPLIT);
				break;
			default:
				check(info.huge == 0);
				check(!(info.flags & LEND_INFO_KERNEL_ADDR) ==
				      (backings[b] == LEND_BACKING_PAGES && info.runs > 1));
			}
			close(fd);
		}
	}
}

/* Mappings are counted, and what they hold on the pages. */
static void users(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		for (size_t m = 0; m < ARRAY_SIZE(maps); m++) {
			int fd = make_buffer(4 * MiB, backings[b], maps[m]);
			bool pfn = maps[m] == LEND_MAP_PFN, insert = maps[m] == LEND_MAP_INSERT;
			char *one = map_buffer(fd, 4 * MiB), *two;
			struct lend_info info = get_info(fd);

			check(info.mappings == 1);
			check(insert ? info.held == 4 * MiB / PAGE : !info.held);
			memset(one, 1, 4 * MiB);
			info = get_info(fd);
			/* One for each entry: a page's, or a 2 MiB folio's. */
			check(pfn ? !info.held : info.held ==
			      smaps_bytes(one, "FilePmdMapped") / HUGE +
			      (4 * MiB - smaps_bytes(one, "FilePmdMapped")) / PAGE);
			two = map_buffer(fd, PAGE);
			check(get_info(fd).mappings == 2);
			munmap(one, 4 * MiB);
			check(get_info(fd).mappings == 1);
			munmap(two, PAGE);
			info = get_info(fd);
			check(!info.mappings && !info.held && !info.pinned);
			close(fd);
		}
	}
}

static uint32_t list_runs(int fd, uint64_t *offset, struct lend_phys_run *runs, uint32_t room)
{
	struct lend_runs list = {
		.size = sizeof(list), .offset = *offset,
		.runs = (uintptr_t)runs, .count = room,
	};

	must(ioctl(fd, LEND_IOC_RUNS, &list));
	check(list.size == sizeof(list) && !list.flags && !list.reserved);
	check(list.runs == (uintptr_t)runs);
	*offset = list.offset;
	return list.count;
}

/* All of it, in order, and where the page tables say that it is. */
static void runs_are_physical(void **state)
{
	const size_t room = MEMORY / PAGE + 1;
	struct lend_phys_run *runs = calloc(room, sizeof(*runs));

	(void)state;
	check(runs);
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_buffer(SIZE, backings[b], 0);
		volatile char *mem = map_buffer(fd, SIZE);
		struct lend_info info = get_info(fd);
		uint64_t next = 0, longest = 0, end = 0;

		runs[info.runs].length = 77;
		check(list_runs(fd, &next, runs, room) == info.runs && next == MEMORY);
		check(runs[info.runs].length == 77);
		for (uint64_t i = 0; i < info.runs; i++) {
			check(runs[i].offset == end && runs[i].length % PAGE == 0);
			/* Neighbours in both are one run. */
			check(!i || runs[i].phys != runs[i - 1].phys + runs[i - 1].length);
			for (size_t at = 0; at < runs[i].length; at += PAGE) {
				(void)mem[end + at];
				check(physical((char *)mem + end + at) == runs[i].phys + at);
			}
			end += runs[i].length;
			if (runs[i].length > longest)
				longest = runs[i].length;
		}
		check(end == MEMORY && longest == info.longest);
		munmap((char *)mem, SIZE);
		close(fd);
	}
	free(runs);
}

/* Through arrays of any room, the list is the same. */
static void runs_by_pieces(void **state)
{
	static struct lend_phys_run all[64], piece[64];
	int fd = make_empty(LEND_BACKING_PAGES, 0);
	uint64_t next = 0, total;

	(void)state;
	check(list_runs(fd, &next, all, 64) == 0 && next == 0);		/* empty */
	must(ftruncate(fd, 64 * PAGE));
	total = list_runs(fd, &next, all, 64);
	check(total == get_info(fd).runs && next == 64 * PAGE);
	for (uint32_t room = 1; room < 64; room += 3) {
		uint64_t done = 0;

		for (next = 0; next < 64 * PAGE; done += room) {
			uint32_t expected = total - done < room ? total - done : room;

			memset(piece, 0x77, sizeof(piece));
			check(list_runs(fd, &next, piece, room) == expected);
			check(!memcmp(piece, all + done, expected * sizeof(*piece)));
			check(piece[expected].length == 0x7777777777777777);
			check(next == all[done + expected - 1].offset +
				      all[done + expected - 1].length);
		}
		check(list_runs(fd, &next, piece, room) == 0 && next == 64 * PAGE);
	}

	/* From anywhere inside a run: that run, as a whole. */
	for (uint64_t i = 0; i < total; i++) {
		next = all[i].offset + all[i].length - 1;
		check(list_runs(fd, &next, piece, 1) == 1);
		check(!memcmp(piece, all + i, sizeof(*piece)));
	}
	next = 5;
	check(list_runs(fd, &next, NULL, 0) == 0 && next == 0);	/* no room: no step */
	close(fd);
}

static void refused_runs(void **state)
{
	struct lend_phys_run *at_the_edge;
	struct lend_runs good = { .size = sizeof(good), .count = 1 }, list;
	int fd = make_buffer(12345, LEND_BACKING_CONTIG, 0);
	char *mem = must(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	(void)state;
	must(mprotect(mem + PAGE, PAGE, PROT_READ));
	good.runs = (uintptr_t)mem;
	must(ioctl(fd, LEND_IOC_RUNS, &good));
	check(good.count == 1 && good.offset == 4 * PAGE);
	good.offset = 0;

	list = good;
	list.flags = 1;
	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), EINVAL);
	list = good;
	list.reserved = 1;
	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), EINVAL);
	list = good;
	list.offset = 4 * PAGE + 1;
	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), ENXIO);
	list.offset = UINT64_MAX;
	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), ENXIO);
	list = good;
	list.runs = 0;
	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), EFAULT);
	list.runs = -4096;
	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), EFAULT);
	list.runs = (uintptr_t)mem + PAGE;
	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), EFAULT);
	at_the_edge = (void *)(mem + PAGE - sizeof(*at_the_edge) + 8);
	list.runs = (uintptr_t)at_the_edge;
	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), EFAULT);
	/* Room that is not needed is not looked at. */
	list = good;
	list.runs = (uintptr_t)(mem + PAGE) - sizeof(struct lend_phys_run);
	list.count = UINT32_MAX;
	must(ioctl(fd, LEND_IOC_RUNS, &list));
	check(list.count == 1);
	munmap(mem, 2 * PAGE);
	close(fd);
}

/* Whoever may not see physical addresses may still ask all the rest. */
static int ask(int fd)
{
	struct lend_phys_run run = { .phys = 1 };
	struct lend_runs list = { .size = sizeof(list), .runs = (uintptr_t)&run, .count = 1 };

	must_fail(ioctl(fd, LEND_IOC_RUNS, &list), EPERM);
	check(run.phys == 1 && list.count == 1);
	check(get_info(fd).runs > 0);
	return 0;
}

static int without_capability(void *fd)
{
	give_up(CAP_SYS_RAWIO);
	return ask(*(int *)fd);
}

static int as_nobody(void *fd)
{
	become(NOBODY);
	return ask(*(int *)fd);
}

static void runs_take_a_capability(void **state)
{
	int fd = make_buffer(MiB, 0, 0);

	(void)state;
	check(reap(spawn(without_capability, &fd)) == 0);
	check(reap(spawn(as_nobody, &fd)) == 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(empty_file),
		clean_test(each_kind),
		clean_test(users),
		clean_test(runs_are_physical),
		clean_test(runs_by_pieces),
		clean_test(refused_runs),
		clean_test(runs_take_a_capability),
	};

	return cmocka_run_group_tests_name("info", tests, NULL, NULL);
}
