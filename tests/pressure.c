// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lent memory stays where it is, with what is in it, whatever the machine does
 * for want of memory: swap, compact, move.
 */
#include <sys/syscall.h>
#include <sys/uio.h>
#include <linux/mempolicy.h>

#include "pressure.h"

#define SIZE	(12 * MiB + 3 * PAGE)

/* Of every kind one that is mapped on demand and one that is mapped at once. */
static struct lent {
	int fd;
	uint32_t map;
	char *mem;
	struct lend_phys_run *runs;
	size_t nr;
} lent[2 * ARRAY_SIZE(backings)];

#define for_each_lent(l) for (struct lent *l = lent; l < lent + ARRAY_SIZE(lent); l++)

static uint64_t seed_of(const struct lent *l)
{
	return (uint64_t)(l - lent) << 40;
}

static void lend_all(void)
{
	for_each_lent(l) {
		size_t i = l - lent;

		l->map = i % 2 ? LEND_MAP_INSERT : LEND_MAP_FAULT;
		l->fd = make_buffer(SIZE, backings[i / 2], l->map);
		l->mem = map_buffer(l->fd, SIZE);
		fill_pattern(l->mem, SIZE, seed_of(l));
		l->runs = get_runs(l->fd, &l->nr);
	}
}

static void check_all(void)
{
	for_each_lent(l) {
		size_t nr;
		struct lend_phys_run *runs = get_runs(l->fd, &nr);

		check(nr == l->nr && !memcmp(runs, l->runs, nr * sizeof(*runs)));
		free(runs);
		check(has_pattern(l->mem, SIZE, seed_of(l)));
		check(file_has_pattern(l->fd, SIZE, seed_of(l)));
		for (size_t at = 0; at < SIZE; at += 16 * PAGE)
			check(physical(l->mem + at) == phys_at(l->runs, l->nr, at));
	}
}

static int set_up(void **state)
{
	(void)state;
	swap_on();
	lend_all();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for_each_lent(l) {
		munmap(l->mem, SIZE);
		close(l->fd);
		free(l->runs);
	}
	swap_off();
	return 0;
}

static void swapping(void **state)
{
	(void)state;
	swap_out();
	check_all();
}

static void compaction(void **state)
{
	(void)state;
	compact();
	check_all();
}

static void advice(void **state)
{
	uint64_t out = vmstat("pswpout");

	(void)state;
	for_each_lent(l) {
		must(madvise(l->mem, SIZE, MADV_COLD));
		must(madvise(l->mem, SIZE, MADV_PAGEOUT));
		must(madvise(l->mem + PAGE, 7 * PAGE, MADV_PAGEOUT));
	}
	/* The same advice does swap out what may be. */
	assert_true((vmstat("pswpout") - out) * PAGE < SIZE);
	for_each_lent(l)
		check(has_pattern(l->mem, SIZE, seed_of(l)));
	check_all();
}

/*
 * Advice on a part of a 2 MiB entry makes the kernel try to split the folio, and it
 * tells by the number of references whether it may: a page cache has one a page.
 * Here pipes hold any number around that.
 */
static void advice_on_held_folio(void **state)
{
	const unsigned int nr = HUGE / PAGE + 8;
	int pipes[4][2], fd = make_buffer(HUGE, LEND_BACKING_FOLIOS, LEND_MAP_FAULT);
	char *mem = map_buffer(fd, HUGE);
	uint64_t at;

	(void)state;
	fill_pattern(mem, HUGE, 5);
	at = physical(mem);
	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++) {
		must(pipe2(pipes[i], O_CLOEXEC));
		must(fcntl(pipes[i][0], F_SETPIPE_SZ, MiB));
	}
	for (unsigned int held = 0; held < nr; held++) {
		struct iovec page = { mem + held % (HUGE / PAGE) * PAGE, PAGE };

		check(must(vmsplice(pipes[held / 256][1], &page, 1, 0)) == PAGE);
		if (held < HUGE / PAGE - 8)
			continue;
		/* One entry again, which the advice will want to take apart. */
		must(munmap(mem, HUGE));
		check(map_buffer(fd, HUGE) == mem);
		check(has_pattern(mem, HUGE, 5));
		check(smaps_bytes(mem, "FilePmdMapped") == HUGE);
		must(madvise(mem + PAGE, 7 * PAGE, MADV_PAGEOUT));
		must(madvise(mem + 9 * PAGE, PAGE, MADV_COLD));
		check(has_pattern(mem, HUGE, 5) && physical(mem) == at);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	must(munmap(mem, HUGE));
	wait_for(get_info(fd).held == 0);
	close(fd);
}

static void advice_on_own_memory(void **state)
{
	uint64_t out = vmstat("pswpout");
	char *mem = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	(void)state;
	fill_pattern(mem, SIZE, 9);
	must(madvise(mem, SIZE, MADV_PAGEOUT));
	assert_true((vmstat("pswpout") - out) * PAGE > SIZE / 2);
	assert_true(has_pattern(mem, SIZE, 9));
	must(munmap(mem, SIZE));
}

/* With one node there is nowhere else: each page must then be told to be there. */
static void moving(void **state)
{
	void *pages[SIZE / PAGE / 16];
	int nodes[ARRAY_SIZE(pages)] = {}, status[ARRAY_SIZE(pages)];

	(void)state;
	for_each_lent(l) {
		for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
			pages[i] = l->mem + i * 16 * PAGE;
		/* All at once: each call waits for all processors. */
		syscall(SYS_move_pages, 0, ARRAY_SIZE(pages), pages, nodes, status, MPOL_MF_MOVE_ALL);
		memset(status, -1, sizeof(status));
		must(syscall(SYS_move_pages, 0, ARRAY_SIZE(pages), pages, NULL, status, 0));
		for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
			check(status[i] == 0);
	}
	check_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swapping),
		cmocka_unit_test(compaction),
		cmocka_unit_test(advice),
		cmocka_unit_test(advice_on_held_folio),
		cmocka_unit_test(advice_on_own_memory),
		cmocka_unit_test(moving),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
