// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every memory allocation of a call fails in turn: alone, and then together with
 * all that follow. The call succeeds all the same or says ENOMEM, leaves nothing
 * behind, and succeeds the next time.
 */
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <sys/mount.h>

#include "dmabuf.h"
#include "sweep.h"

#define NAME	DIR "/lend-fail"
#define OTHER	DIR "/lend-fail-2"
#define MOUNTED	"/run/lend-test.fail"

/* --- making a buffer */

static void empty_file(struct scene *s)
{
	s->fd = make_empty(s->backing, s->map);
}

static int size_it(struct scene *s)
{
	return ftruncate(s->fd, s->size);
}

static void still_empty(struct scene *s)
{
	struct lend_info info = get_info(s->fd);

	check(info.memory == 0 && info.bytes == 0 && info.runs == 0);
}

static void close_it(struct scene *s)
{
	close(s->fd);
}

/* --- mapping one */

static void whole_file(struct scene *s)
{
	s->fd = make_buffer(s->size, s->backing, s->map);
	write_pattern(s->fd, s->size, 1);
}

static int map_it(struct scene *s)
{
	s->mem = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	return s->mem == MAP_FAILED ? -1 : 0;
}

/* How many pieces of it there are in the address space. */
static uint64_t in_maps(int fd)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[512];
	uint64_t found = 0;
	struct stat st;

	check(file);
	must(fstat(fd, &st));
	while (fgets(line, sizeof(line), file)) {
		unsigned long inode = 0;

		sscanf(line, "%*s %*s %*s %*s %lu", &inode);
		found += inode == st.st_ino && strstr(line, DIR);
	}
	fclose(file);
	return found;
}

static void not_mapped(struct scene *s)
{
	check(!in_maps(s->fd));
	check(get_info(s->fd).mappings == 0 && get_info(s->fd).held == 0);
}

static void compare_and_unmap(struct scene *s)
{
	check(in_maps(s->fd));
	check(has_pattern(s->mem, s->size, 1));
	must(munmap(s->mem, s->size));
	not_mapped(s);
	close(s->fd);
}

/* --- touching a mapping: it may take a second fault, but is no error, ever */

static void mapped_file(struct scene *s)
{
	whole_file(s);
	s->mem = map_far(s->fd, s->size);
}

static int touch(struct scene *s)
{
	for (size_t at = 0; at < s->size; at += PAGE)
		*(volatile char *)(s->mem + at) += 0;
	return 0;
}

static void never(struct scene *s)
{
	failed("touching a mapping of %s failed", backing_name(s->backing));
}

/* --- taking a part of a mapping away, which splits it */

static int make_hole(struct scene *s)
{
	return munmap(s->mem + 3 * PAGE, 2 * PAGE);
}

/* It may have been cut at one end of the hole, but nothing is gone. */
static void still_whole(struct scene *s)
{
	check(get_info(s->fd).mappings == in_maps(s->fd));
	check(has_pattern(s->mem, s->size, 1));
}

static void unmap_rest(struct scene *s)
{
	check(get_info(s->fd).mappings == 2 && in_maps(s->fd) == 2);
	must(munmap(s->mem, s->size));
	not_mapped(s);
	close(s->fd);
}

/* --- names and open files */

static int open_nameless(struct scene *s)
{
	s->fd = open(DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return s->fd < 0 ? -1 : 0;
}

static int open_new(struct scene *s)
{
	s->fd = open(NAME, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	return s->fd < 0 ? -1 : 0;
}

static void no_name(struct scene *s)
{
	struct stat st;

	(void)s;
	must_fail(stat(NAME, &st), ENOENT);
}

static void nothing(struct scene *s)
{
	(void)s;
}

static void remove_new(struct scene *s)
{
	close(s->fd);
	must(unlink(NAME));
}

static int make_dir(struct scene *s)
{
	(void)s;
	return mkdir(NAME, 0700);
}

static void remove_dir(struct scene *s)
{
	(void)s;
	must(rmdir(NAME));
}

static void named_file(struct scene *s)
{
	check(!open_new(s));
}

static int link_it(struct scene *s)
{
	(void)s;
	return link(NAME, OTHER);
}

static void one_link(struct scene *s)
{
	struct stat st;

	must(fstat(s->fd, &st));
	check(st.st_nlink == 1);
	must_fail(stat(OTHER, &st), ENOENT);
}

static void remove_both(struct scene *s)
{
	must(unlink(OTHER));
	remove_new(s);
}

static int rename_it(struct scene *s)
{
	(void)s;
	return rename(NAME, OTHER);
}

static void remove_other(struct scene *s)
{
	must(unlink(OTHER));
	close(s->fd);
}

/* --- dma-bufs */

static int dmabuf;

static int export_it(struct scene *s)
{
	dmabuf = try_export(s->fd, O_RDWR | O_CLOEXEC);
	return dmabuf < 0 ? -1 : 0;
}

static void not_exported(struct scene *s)
{
	wait_for(get_info(s->fd).exports == 0);
}

static void close_export(struct scene *s)
{
	check(get_info(s->fd).exports == 1);
	close(dmabuf);
	close(s->fd);
}

static void open_heap(struct scene *s)
{
	s->fd = must(open("/dev/dma_heap/lend", O_RDWR | O_CLOEXEC));
}

static int take_from_heap(struct scene *s)
{
	struct dma_heap_allocation_data ask = { .len = s->size, .fd_flags = O_RDWR | O_CLOEXEC };
	int ret = ioctl(s->fd, DMA_HEAP_IOCTL_ALLOC, &ask);

	dmabuf = ask.fd;
	return ret;
}

static void close_both(struct scene *s)
{
	close(dmabuf);
	close(s->fd);
}

/* --- mounting it */

static void nowhere(struct scene *s)
{
	(void)s;
	/* Said aloud, too, when a chunk of it cannot be filled. */
	write_text("/dev/kmsg", "<4>lend-test: expect percpu: allocation failed");
	must(mkdir(MOUNTED, 0700));
}

static int mount_it(struct scene *s)
{
	(void)s;
	return mount("lend", MOUNTED, "lend", 0, "size=64m,backing=pages,mode=700");
}

static void no_place(struct scene *s)
{
	(void)s;
	must_fail(umount(MOUNTED), EINVAL);
}

static void unmount_it(struct scene *s)
{
	(void)s;
	must(umount(MOUNTED));
	must(rmdir(MOUNTED));
	write_text("/dev/kmsg", "<4>lend-test: expected");
}

static void mounted(struct scene *s)
{
	nowhere(s);
	must(mount_it(s));
}

static int remount_it(struct scene *s)
{
	(void)s;
	return mount(NULL, MOUNTED, NULL, MS_REMOUNT, "size=128m,backing=folios");
}

static void as_mounted(struct scene *s)
{
	struct statfs st;

	(void)s;
	must(statfs(MOUNTED, &st));
	check(st.f_blocks * PAGE == 64 * MiB);
}

/* --- what copies: nothing of it allocates for long, and all of it is repeated */

static int read_it(struct scene *s)
{
	static char buf[64 * KiB];
	ssize_t got = pread(s->fd, buf, sizeof(buf), PAGE);

	if (got >= 0)
		check(got == sizeof(buf) && has_pattern(buf, got, 1 + PAGE / 8));
	return got < 0 ? -1 : 0;
}

/* All the requests that make nothing: they allocate nothing, so that none can fail. */
static void requests_need_nothing(void **state)
{
	struct lend_setup setup_req = { .size = sizeof(setup_req) };
	struct lend_info info = { .size = sizeof(info) };
	struct lend_phys_run run = {};
	struct lend_runs runs = { .size = sizeof(runs), .runs = (uintptr_t)&run, .count = 1 };
	struct lend_sync sync = { .size = sizeof(sync), .flags = LEND_SYNC_FOR_CPU, .length = 1 };
	int fd = make_buffer(MiB, 0, 0), empty = make_empty(0, 0);
	struct scene s = { .fd = fd };
	unsigned long seen;

	(void)state;
	write_pattern(fd, MiB, 1);
	arm(1, 1000000);
	must(ioctl(empty, LEND_IOC_SETUP, &setup_req));
	must(ioctl(fd, LEND_IOC_INFO, &info));
	must(ioctl(fd, LEND_IOC_RUNS, &runs));
	must(ioctl(fd, LEND_IOC_SYNC, &sync));
	must(read_it(&s));
	must(fsync(fd));
	assert_false(disarm(&seen));
	assert_int_equal(seen, 0);
	close(empty);
	close(fd);
}

/* An eager mapping takes page tables, and nothing for the buffer. */
static void mapping_allocates_no_memory(void **state)
{
	/* A table in two steps at most; a kernel with checks takes notes of it, too. */
	size_t size = 16 * MiB, steps = slower() > 1 ? 4 : 2;

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		struct scene s = { .backing = backings[b], .map = LEND_MAP_INSERT, .size = size };
		uint64_t used;
		unsigned long seen;
		struct lend_info info;

		whole_file(&s);
		info = get_info(s.fd);
		used = used_bytes();
		arm(1000000000, 1);
		must(map_it(&s));
		assert_false(disarm(&seen));
		/* One table for each 2 MiB, and the VMA. */
		assert_true(seen > 0 && seen <= steps * (size / HUGE + 2) + 16);
		assert_int_equal(get_info(s.fd).memory, info.memory);
		assert_int_equal(get_info(s.fd).runs, info.runs);
		assert_int_equal(get_info(s.fd).held, size / PAGE);
		assert_int_equal(used_bytes(), used);
		compare_and_unmap(&s);
	}
}

#define KIND(b, bytes)	{ .backing = LEND_BACKING_##b, .size = bytes }
#define MAPPED(b, m)	{ .backing = LEND_BACKING_##b, .map = LEND_MAP_##m, .size = 4 * MiB }

static struct sweep sweeps[] = {
	{ "ftruncate: folios", empty_file, size_it, still_empty, close_it, KIND(FOLIOS, 16 * MiB) },
	{ "ftruncate: folios, in slices", empty_file, size_it, still_empty, close_it,
	  KIND(FOLIOS, 48 * MiB) },
	{ "ftruncate: folios, odd size", empty_file, size_it, still_empty, close_it,
	  KIND(FOLIOS, 3 * MiB + 7 * PAGE) },
	{ "ftruncate: pages", empty_file, size_it, still_empty, close_it,
	  KIND(PAGES, 12 * MiB + 3 * PAGE) },
	{ "ftruncate: contig, one block", empty_file, size_it, still_empty, close_it,
	  KIND(CONTIG, 3 * MiB) },
	{ "ftruncate: contig", empty_file, size_it, still_empty, close_it, KIND(CONTIG, 16 * MiB) },
	{ "ftruncate: vmalloc", empty_file, size_it, still_empty, close_it,
	  KIND(VMALLOC, 12 * MiB + 3 * PAGE) },
	{ "mmap: fault, folios", whole_file, map_it, not_mapped, compare_and_unmap,
	  MAPPED(FOLIOS, FAULT) },
	{ "mmap: fault, pages", whole_file, map_it, not_mapped, compare_and_unmap,
	  MAPPED(PAGES, FAULT) },
	{ "mmap: insert", whole_file, map_it, not_mapped, compare_and_unmap,
	  MAPPED(PAGES, INSERT) },
	{ "mmap: insert, folios", whole_file, map_it, not_mapped, compare_and_unmap,
	  MAPPED(FOLIOS, INSERT) },
	{ "mmap: pfn, one run", whole_file, map_it, not_mapped, compare_and_unmap,
	  MAPPED(CONTIG, PFN) },
	{ "mmap: pfn, pages", whole_file, map_it, not_mapped, compare_and_unmap,
	  MAPPED(VMALLOC, PFN) },
	{ "munmap of a part: folios", mapped_file, make_hole, still_whole, unmap_rest,
	  MAPPED(FOLIOS, FAULT) },
	{ "munmap of a part: pfn", mapped_file, make_hole, still_whole, unmap_rest,
	  MAPPED(PAGES, PFN) },
	{ "export", whole_file, export_it, not_exported, close_export, MAPPED(FOLIOS, FAULT) },
	{ "DMA-heap", open_heap, take_from_heap, nothing, close_both, { .size = 3 * MiB + PAGE } },
	{ "mount", nowhere, mount_it, no_place, unmount_it, {} },
	{ "remount", mounted, remount_it, as_mounted, unmount_it, {} },
	{ "open(O_TMPFILE)", NULL, open_nameless, nothing, close_it, {} },
	{ "open(O_CREAT)", NULL, open_new, no_name, remove_new, {} },
	{ "mkdir", NULL, make_dir, no_name, remove_dir, {} },
	{ "link", named_file, link_it, one_link, remove_both, {} },
	{ "rename", named_file, rename_it, one_link, remove_other, {} },
};

/* One failure each: the kernel repeats the fault until there is memory. */
static struct sweep touches[] = {
	{ "touch: folios", mapped_file, touch, never, compare_and_unmap, MAPPED(FOLIOS, FAULT) },
	{ "touch: pages", mapped_file, touch, never, compare_and_unmap, MAPPED(PAGES, FAULT) },
};

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(sweeps) + ARRAY_SIZE(touches) + 2];
	size_t nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sweeps); i++) {
		struct scene *s = &sweeps[i].scene;

		/* Thousands of pages thousands of times: fewer where each takes long, or is one. */
		if ((slower() > 1 || !kernel_from(5, 13)) && s->size > 8 * MiB)
			s->size = s->size / 8 / PAGE * PAGE;
		tests[nr++] = (struct CMUnitTest){ sweeps[i].name, sweep, NULL, NULL, &sweeps[i] };
	}
	for (size_t i = 0; i < ARRAY_SIZE(touches); i++)
		tests[nr++] = (struct CMUnitTest){ touches[i].name, sweep_single, NULL, NULL,
						   &touches[i] };
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(requests_need_nothing);
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(mapping_allocates_no_memory);
	return run_able("fail", tests, nr, sweep_set_up, sweep_tear_down);
}
