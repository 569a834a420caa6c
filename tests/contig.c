// SPDX-License-Identifier: GPL-2.0-only
/*
 * One physical run of hundreds of MiB, on a machine of 3 GiB whose memory is in
 * use: what is in use is moved aside, and nothing of it is lost.
 */
#include <sys/mount.h>

#include "kernel.h"

#define IN_USE	(600 * MiB)
#define RATIO	3		/* of what goes to what stays */
#define PIECE	(64 * KiB)

static char dir[] = "/tmp/lend-contig.XXXXXX";
static int tmpfs_file;

static void write_piece(size_t i)
{
	static char piece[PIECE];

	fill_pattern(piece, PIECE, i * PIECE / 8);
	check(must(pwrite(tmpfs_file, piece, PIECE, i * PIECE)) == PIECE);
}

/*
 * Fills a tmpfs, and in between another file that is removed: what stays lies
 * all over memory, and no long run is free.
 */
static int occupy(void **state)
{
	int gone;

	(void)state;
	check(mkdtemp(dir));
	must(mount("tmpfs", dir, "tmpfs", 0, "size=2500m"));
	check(chdir(dir) == 0);
	tmpfs_file = must(open("stays", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	gone = must(open("goes", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	for (size_t i = 0; i < IN_USE / PIECE; i++) {
		write_piece(i);
		must(fallocate(gone, 0, i * RATIO * PIECE, RATIO * PIECE));
	}
	close(gone);
	must(unlink("goes"));
	check(chdir("/") == 0);
	lift_limit();
	return 0;
}

static bool nothing_lost(void)
{
	return file_has_pattern(tmpfs_file, IN_USE, 0);
}

static int vacate(void **state)
{
	(void)state;
	restore_limit();
	check(nothing_lost());
	close(tmpfs_file);
	must(umount(dir));
	must(rmdir(dir));
	return 0;
}

static bool is_zero(const uint64_t *word, size_t size)
{
	for (size_t i = 0; i < size / 8; i++)
		if (word[i])
			return false;
	return true;
}

struct wish {
	size_t size;
	uint32_t dma_bits;
};

static void given_back(uint64_t used, size_t before)
{
	assert_int_equal(used_bytes(), used);
	wait_for(available() + 8 * MiB > before);
}

static void one_run(void **state)
{
	const struct wish *wish = *state;
	size_t before = available(), nr;
	uint64_t used = used_bytes(), moved = vmstat("pgmigrate_success");
	int fd = make_empty(LEND_BACKING_CONTIG, 0);
	struct lend_phys_run *runs;
	char *mem;

	must(setup(fd, LEND_SETUP_DMA_BITS, 0, wish->dma_bits));
	must(ftruncate(fd, wish->size));
	moved = vmstat("pgmigrate_success") - moved;
	printf("# %lu pages moved aside\n", moved);
	if (wish->size >= 512 * MiB)
		assert_true(moved > 0);
	runs = get_runs(fd, &nr);
	assert_int_equal(nr, 1);
	assert_int_equal(runs[0].length, wish->size);
	assert_int_equal(get_info(fd).longest, wish->size);
	if (wish->dma_bits)
		assert_true(runs[0].phys + wish->size <= 1ULL << wish->dma_bits);

	mem = map_buffer(fd, wish->size);
	assert_true(is_zero((uint64_t *)mem, wish->size));
	fill_pattern(mem, wish->size, 11);
	for (size_t at = 0; at < wish->size; at += MiB)
		assert_int_equal(physical(mem + at), runs[0].phys + at);
	if (moved)
		assert_true(nothing_lost());
	assert_true(has_pattern(mem, wish->size, 11));
	free(runs);
	must(munmap(mem, wish->size));
	close(fd);
	given_back(used, before);
}

/* All of the machine's memory in one piece is not to be had. */
static void too_much(void **state)
{
	size_t before = available();
	uint64_t used = used_bytes();
	int fd = make_empty(LEND_BACKING_CONTIG, 0);

	(void)state;
	must_fail(ftruncate(fd, meminfo("MemTotal")), ENOMEM);
	assert_int_equal(get_info(fd).memory, 0);
	assert_int_equal(used_bytes(), used);
	/* The file is as good as new. */
	must(ftruncate(fd, 16 * MiB));
	assert_int_equal(get_info(fd).runs, 1);
	close(fd);
	assert_true(nothing_lost());
	given_back(used, before);
}

/* A limit that the run does not fit under, by far or by the first page, which the firmware has. */
static void too_much_below(void **state)
{
	size_t before = available();
	uint64_t used = used_bytes();
	int fd = make_empty(LEND_BACKING_CONTIG, 0);

	(void)state;
	must(setup(fd, LEND_SETUP_DMA_BITS, 0, 24));
	must_fail(ftruncate(fd, 32 * MiB), ENOMEM);
	must_fail(ftruncate(fd, 16 * MiB), ENOMEM);
	close(fd);
	given_back(used, before);
}

static const struct wish wishes[] = {
	{ 16 * MiB, 0 }, { 64 * MiB, 0 }, { 256 * MiB, 0 }, { 512 * MiB, 0 },
	{ 5 * MiB + 3 * PAGE, 0 }, { 37 * MiB, 0 }, { 256 * MiB, 31 }, { 5 * MiB + 3 * PAGE, 31 },
};

#define RUN(i, name) { "one run: " name, one_run, NULL, NULL, (void *)&wishes[i] }

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(3, "512 MiB"),
		RUN(0, "16 MiB"),
		RUN(1, "64 MiB"),
		RUN(2, "256 MiB"),
		RUN(4, "5 MiB and 3 pages"),
		RUN(5, "37 MiB"),
		RUN(6, "256 MiB below 2 GiB"),
		RUN(7, "5 MiB and 3 pages below 2 GiB"),
		cmocka_unit_test(too_much),
		cmocka_unit_test(too_much_below),
	};

	return cmocka_run_group_tests(tests, occupy, vacate);
}
