// SPDX-License-Identifier: GPL-2.0-only
/*
 * What lend costs does not grow: in a machine whose clock counts instructions (vm/run
 * --count) each figure is at most a twentieth above the one in tests/recorded. They are
 * of this very machine, whose time passes with the instructions and nothing else.
 */
#include <fnmatch.h>
#include <sys/utsname.h>
#include <time.h>

#include "kernel.h"

#define RUNS	5
#define LARGE	(64 * MiB)
/* Of which a page table more or less is nothing, where an entry maps 2 MiB. */
#define ENTRIES	(512 * MiB)
#define RECORDS	"tests/recorded"

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void touch(char *mem, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		*(volatile char *)(mem + at) = 1;
}

/* mmap, one write a page, munmap, a MiB: the loop of writes subtracted. */
static uint64_t mapping(size_t size, uint32_t backing, uint32_t map)
{
	int fd = make_buffer(size, backing, map);
	uint64_t begin, touched, again, end, loop;
	char *mem;

	begin = now();
	/* So that the page tables it takes are always the same. */
	mem = map_far(fd, size);
	touch(mem, size);
	touched = now();
	touch(mem, size);
	again = now();
	must(munmap(mem, size));
	end = now();
	loop = again - touched;
	close(fd);
	return (touched - begin - loop + end - again) / (size / MiB);
}

static uint64_t folios_mapping(void)
{
	return mapping(ENTRIES, LEND_BACKING_FOLIOS, LEND_MAP_FAULT);
}

static uint64_t pages_by_fault(void)
{
	return mapping(LARGE, LEND_BACKING_PAGES, LEND_MAP_FAULT);
}

static uint64_t pages_by_insert(void)
{
	return mapping(LARGE, LEND_BACKING_PAGES, LEND_MAP_INSERT);
}

/* Making one and giving it back, a MiB: zeroing is most of it. */
static uint64_t life(uint32_t backing)
{
	uint64_t begin = now();

	close(make_buffer(LARGE, backing, 0));
	return (now() - begin) / (LARGE / MiB);
}

static uint64_t folios_life(void)
{
	return life(LEND_BACKING_FOLIOS);
}

static uint64_t pages_life(void)
{
	return life(LEND_BACKING_PAGES);
}

/* All of a buffer's life, for one page. */
static uint64_t small_life(void)
{
	uint64_t begin = now();
	int fd = make_buffer(PAGE, 0, 0);
	char *mem = map_far(fd, PAGE);

	*(volatile char *)mem = 1;
	must(munmap(mem, PAGE));
	close(fd);
	return now() - begin;
}

static const struct cost {
	const char *name;
	uint64_t (*measure)(void);
} costs[] = {
	{ "folios_mapping", folios_mapping },
	{ "pages_by_fault", pages_by_fault },
	{ "pages_by_insert", pages_by_insert },
	{ "folios_life", folios_life },
	{ "pages_life", pages_life },
	{ "small_life", small_life },
};

/* What is written down for this kernel; 0: nothing. */
static uint64_t recorded(const char *name)
{
	char kernel[64], key[64];
	struct utsname uts;
	uint64_t figure, found = 0;
	FILE *file = fopen(RECORDS, "re");
	char line[256];

	check(file);
	must(uname(&uts));
	while (fgets(line, sizeof(line), file))
		if (line[0] != '#' && sscanf(line, "%63s %63s %lu", kernel, key, &figure) == 3 &&
		    !fnmatch(kernel, uts.release, 0) && !strcmp(key, name))
			found = figure;
	fclose(file);
	return found;
}

/* The cheapest of several: what the machine does beside it only adds to it. */
static void no_more_than_recorded(void **state)
{
	const struct cost *cost = *state;
	uint64_t least = UINT64_MAX, most = recorded(cost->name);

	cost->measure();
	for (int run = 0; run < RUNS; run++) {
		uint64_t figure = cost->measure();

		least = figure < least ? figure : least;
	}
	print_message("# %s: %lu, recorded %lu\n", cost->name, least, most);
	if (!most)
		failed("%s has no figure of this kernel for %s", RECORDS, cost->name);
	if (least > most + most / 20)
		failed("%s costs %lu instructions, %lu are recorded in %s", cost->name, least,
		       most, RECORDS);
	if (least < most - most / 20)
		print_message("# ... which could be recorded anew\n");
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(costs)];

	for (size_t i = 0; i < ARRAY_SIZE(costs); i++)
		tests[i] = (struct CMUnitTest){ costs[i].name, no_more_than_recorded, NULL, NULL,
						(void *)&costs[i] };
	return run_able("cost", tests, ARRAY_SIZE(tests), NULL, NULL);
}
