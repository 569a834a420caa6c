// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's buffers are handed to programs, by descriptor and by name, and taken from
 * them; nobody gets more of one than he was given.
 */
#include <signal.h>
#include <sys/mount.h>

#include "dmabuf.h"
#include "maker.h"
#include "system.h"

#define SIZE	(3 * MiB + 100)		/* the last page is not full */
#define MAPPED	(3 * MiB + PAGE)
#define SEED	0xd1000ULL
#define TO_DEVICE	1
#define BIDIRECTIONAL	0

static void descriptors(void **state)
{
	int maker = make_drivers(SIZE, 0), rw = to_fd(maker, O_RDWR), ro = to_fd(maker, O_RDONLY);
	int dmabuf, importer;
	char *mem = map_buffer(rw, MAPPED);

	(void)state;
	fill_pattern(mem, MAPPED, SEED);
	must(munmap(mem, MAPPED));
	must_fail(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, ro, 0), EACCES);
	mem = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0));
	must_fail(mprotect(mem, PAGE, PROT_READ | PROT_WRITE), EACCES);
	must_fail(write(ro, "x", 1), EBADF);
	must_fail(try_export(ro, O_RDWR), EBADF);
	must(munmap(mem, PAGE));

	/* Its size is for good, as any buffer's. */
	must_fail(ftruncate(rw, SIZE + PAGE), EBUSY);
	must_fail(setup(rw, 0, 0, 0), EBUSY);
	must_fail(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, rw, 0), EPERM);

	dmabuf = make_dmabuf(rw);
	importer = import(dmabuf, UINT32_MAX);
	assert_true(import_has_pattern(importer, SEED));
	close(importer);
	close(dmabuf);
	close(ro);
	close(rw);
	close(maker);
}

/* What is only for looking stays so, whoever passes it on. */
static void from_descriptors(void **state)
{
	int made = make_buffer(SIZE, 0, 0), empty = make_empty(0, 0), ro, wo, maker = open_maker();
	int null = must(open("/dev/null", O_RDWR | O_CLOEXEC));
	char path[64], *mem;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
	ro = must(open(path, O_RDONLY | O_CLOEXEC));
	wo = must(open(path, O_WRONLY | O_CLOEXEC));

	must_fail(ask(maker, MAKER_FROM_FD, .fd = -1), EBADF);
	must_fail(ask(maker, MAKER_FROM_FD, .fd = null), EMEDIUMTYPE);
	must_fail(ask(maker, MAKER_FROM_FD, .fd = maker), EMEDIUMTYPE);
	must_fail(ask(maker, MAKER_FROM_FD, .fd = empty), ENODATA);
	must_fail(ask(maker, MAKER_FROM_FD, .fd = ro, .flags = true), EBADF);
	must_fail(ask(maker, MAKER_FROM_FD, .fd = wo), EBADF);
	must_fail(ask(maker, MAKER_FROM_FD, .fd = wo, .flags = true), EBADF);
	close(wo);

	must(ask(maker, MAKER_FROM_FD, .fd = ro));
	must_fail(ask(maker, MAKER_TO_FD, .flags = O_RDWR), EACCES);
	must_fail(ask(maker, MAKER_TO_FD, .flags = O_WRONLY), EACCES);
	must_fail(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, maker, 0), EACCES);
	mem = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, maker, 0));
	must_fail(mprotect(mem, PAGE, PROT_WRITE), EACCES);
	must(munmap(mem, PAGE));
	must_fail(ask(maker, MAKER_DMA_MAP, .bits = 64, .flags = BIDIRECTIONAL), EACCES);
	must(ask(maker, MAKER_DMA_MAP, .bits = 64, .flags = TO_DEVICE, .value = UINT32_MAX));
	close(to_fd(maker, O_RDONLY));
	must(ask(maker, MAKER_LET_GO));

	must(ask(maker, MAKER_FROM_FD, .fd = made, .flags = true));
	must(ask(maker, MAKER_DMA_MAP, .bits = 64, .flags = BIDIRECTIONAL, .value = UINT32_MAX));
	mem = map_driver(maker, MAPPED);
	fill_pattern(mem, SIZE, SEED);
	must(munmap(mem, MAPPED));
	assert_true(file_has_pattern(made, SIZE & ~7UL, SEED));
	close(null);
	close(ro);
	close(empty);
	close(made);
	close(maker);
}

static int make_more_of_it(void *arg)
{
	int fd = to_fd(*(int *)arg, O_RDONLY);
	char path[64];

	become(NOBODY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must_fail(open(path, O_RDWR), EACCES);
	must_fail(fchmod(fd, 0666), EPERM);
	must_fail(open(path, O_RDWR), EACCES);
	return 0;
}

static void read_only_stays(void **state)
{
	int maker = make_drivers(SIZE, 0);

	(void)state;
	assert_int_equal(reap(spawn(make_more_of_it, &maker)), 0);
	close(maker);
}

static int no_rights(void *arg)
{
	(void)arg;
	become(NOBODY);
	must_fail(ask(open_maker(), MAKER_ALLOC_AT, .length = PAGE, .text = DIR "/mine",
		      .flags = 0600), EACCES);
	return 0;
}

static void names(void **state)
{
	int maker = open_maker(), other = open_maker(), fd;
	uint64_t used = used_bytes();
	struct stat st;

	(void)state;
	must_fail(ask(maker, MAKER_ALLOC_AT, .length = SIZE, .text = "/tmp/maker"), EMEDIUMTYPE);
	must_fail(access("/tmp/maker", F_OK), ENOENT);
	must_fail(ask(maker, MAKER_ALLOC_AT, .length = SIZE, .text = DIR "/no/maker"), ENOENT);
	must_fail(ask(maker, MAKER_ALLOC_AT, .length = GiB * GiB / 4, .text = DIR "/maker"), ENOSPC);
	must_fail(access(DIR "/maker", F_OK), ENOENT);
	assert_int_equal(reap(spawn(no_rights, NULL)), 0);

	must(ask(maker, MAKER_ALLOC_AT, .length = SIZE, .text = DIR "/maker", .flags = 0640));
	assert_int_equal(used_bytes() - used, MAPPED);
	must(stat(DIR "/maker", &st));
	assert_int_equal(st.st_size, SIZE);
	assert_int_equal(st.st_mode & 07777, 0640);
	must_fail(ask(other, MAKER_ALLOC_AT, .length = SIZE, .text = DIR "/maker"), EEXIST);

	/* It is the driver's wherever the program has moved it, and its holders keep it. */
	must(mkdir(DIR "/away", 0700));
	must(rename(DIR "/maker", DIR "/away/moved"));
	fd = must(open(DIR "/away/moved", O_RDWR | O_CLOEXEC));
	must(mount("/dev/null", DIR "/away/moved", NULL, MS_BIND, NULL));
	must_fail(ask(maker, MAKER_REMOVE), EBUSY);
	must(umount(DIR "/away/moved"));
	must(ask(maker, MAKER_REMOVE));
	must_fail(access(DIR "/away/moved", F_OK), ENOENT);
	must_fail(ask(maker, MAKER_REMOVE), ENOENT);
	must(rmdir(DIR "/away"));
	must(ask(maker, MAKER_LET_GO));
	assert_int_equal(used_bytes() - used, MAPPED);
	close(fd);
	wait_for(used_bytes() == used);

	/* What has no name has none to be removed. */
	must(ask(maker, MAKER_ALLOC, .length = SIZE));
	must_fail(ask(maker, MAKER_REMOVE), ENOENT);
	close(other);
	close(maker);
}

static int keep_moving(void *arg)
{
	(void)arg;
	for (;;) {
		rename(DIR "/moving", DIR "/away/moving");
		rename(DIR "/away/moving", DIR "/moving");
	}
	return 0;
}

/* However it is moved about meanwhile, it has no name afterwards. */
static void removed_while_moved(void **state)
{
	pid_t mover;

	(void)state;
	must(mkdir(DIR "/away", 0700));
	mover = spawn(keep_moving, NULL);
	for (int i = 0; i < 300; i++) {
		int maker = open_maker();

		must(ask(maker, MAKER_ALLOC_AT, .length = PAGE, .text = DIR "/moving", .flags = 0600));
		must(ask(maker, MAKER_REMOVE));
		close(maker);
		must_fail(access(DIR "/moving", F_OK), ENOENT);
		must_fail(access(DIR "/away/moving", F_OK), ENOENT);
	}
	must(kill(mover, SIGKILL));
	assert_int_equal(reap(mover), 128 + SIGKILL);
	must(rmdir(DIR "/away"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors),
		cmocka_unit_test(from_descriptors),
		cmocka_unit_test(read_only_stays),
		cmocka_unit_test(names),
		cmocka_unit_test(removed_while_moved),
	};

	return cmocka_run_group_tests(tests, maker_and_importer, neither_maker_nor_importer);
}
