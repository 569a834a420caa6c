// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module is loaded and unloaded a hundred times around some work of each kind, and
 * nothing of it is left in the kernel: no object of any slab cache, no page of vmalloc
 * or of anything else. What the machine does meanwhile of its own accord is measured
 * by the same rounds without the module.
 */
#include <glob.h>
#include <linux/dma-heap.h>
#include <sys/mount.h>
#include <sys/uio.h>

#include "dmabuf.h"
#include "kernel.h"
#include "system.h"

#define WARM_UP		10
#define ROUNDS		100
#define SIZE		(16 * PAGE)
#define MAX_CACHES	1024

/* What is in use in the kernel. */
struct usage {
	long available;		/* bytes */
	long vmalloc;
	long percpu;
	size_t nr;
	struct cache {
		char name[64];
		long objects;
	} cache[MAX_CACHES];
};

/*
 * The least that a round can leave behind, and half of it over all rounds: an object, a
 * page of addresses, one of its smallest buffers.
 */
#define MORE_OBJECTS	(ROUNDS / 2)
#define MORE_PAGES	((long)(ROUNDS / 2 * PAGE))
#define MORE_MEMORY	((long)(ROUNDS / 2 * SIZE))

static void with_pages_of(int fd)
{
	char *mem = map_buffer(fd, SIZE);
	struct iovec pages = { mem, SIZE };
	int ends[2];

	fill_pattern(mem, SIZE, 1);
	must(pipe2(ends, O_CLOEXEC));
	must(vmsplice(ends[1], &pages, 1, SPLICE_F_NONBLOCK));
	must(munmap(mem, SIZE));
	close(ends[0]);
	close(ends[1]);
}

/* Made, named, mapped, pinned, exported; and nothing of it is put away by us. */
static void work_with_lend(void)
{
	struct dma_heap_allocation_data data = { .len = SIZE, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = must(open("/dev/dma_heap/lend", O_RDWR | O_CLOEXEC)), named, dmabuf;
	struct lend_phys_run *runs;
	size_t nr;

	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_buffer(SIZE, backings[b], maps[b % 2]);

		with_pages_of(fd);
		dmabuf = make_dmabuf(fd);
		munmap(map_buffer(dmabuf, SIZE), SIZE);
		runs = get_runs(fd, &nr);
		free(runs);
		must_fail(ftruncate(fd, 2 * SIZE), EBUSY);
		close(dmabuf);
		close(fd);
	}
	munmap(map_buffer(named = make_buffer(SIZE, 0, LEND_MAP_PFN), SIZE), SIZE);
	close(named);
	must(mkdir(DIR "/directory", 0755));
	named = must(open(DIR "/directory/file", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
	must(ftruncate(named, SIZE));
	close(named);
	must(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data));
	munmap(map_buffer(data.fd, SIZE), SIZE);
	close(data.fd);
	close(heap);
}

/* The like of it, by what the kernel has. */
static void work_without(void)
{
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = must(open(DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));

		must(ftruncate(fd, SIZE));
		with_pages_of(fd);
		close(fd);
	}
	must(mkdir(DIR "/directory", 0755));
}

static void rounds(unsigned int nr, bool lend)
{
	while (nr--) {
		if (lend) {
			load_lend();
			work_with_lend();
			unload_lend();
		} else {
			must(mount("none", DIR, "tmpfs", 0, NULL));
			work_without();
			must(umount(DIR));
		}
	}
}

/* What caches keep for later is no object in use: first they give it back. */
static void shrink_caches(void)
{
	glob_t found;

	write_text("/proc/sys/vm/drop_caches", "3");
	must(glob("/sys/kernel/slab/*/shrink", 0, NULL, &found));
	check(found.gl_pathc > 50);
	for (size_t i = 0; i < found.gl_pathc; i++)
		write_text(found.gl_pathv[i], "1");
	globfree(&found);
}

static void look(struct usage *u)
{
	FILE *file;
	char line[512];

	u->nr = 0;
	file = fopen("/proc/slabinfo", "re");
	check(file);
	while (fgets(line, sizeof(line), file)) {
		struct cache *c = u->cache + u->nr;

		if (sscanf(line, "%63s %ld", c->name, &c->objects) == 2 && line[0] != '#') {
			u->nr++;
			check(u->nr < MAX_CACHES);
		}
	}
	fclose(file);
	check(u->nr > 50);
	u->vmalloc = (long)meminfo("VmallocUsed");
	u->percpu = (long)meminfo("Percpu");
	u->available = (long)available();
}

static long objects(const struct usage *u, const char *name)
{
	for (size_t i = 0; i < u->nr; i++)
		if (!strcmp(u->cache[i].name, name))
			return u->cache[i].objects;
	return 0;
}

/* Leaves in @least the less of each. Whether that is less of something. */
static bool lower(struct usage *least, const struct usage *now)
{
	bool fell = false;

	for (size_t i = 0; i < least->nr; i++) {
		struct cache *c = &least->cache[i];
		long nr = objects(now, c->name);

		fell |= nr < c->objects - MORE_OBJECTS / 10;
		c->objects = nr < c->objects ? nr : c->objects;
	}
	least->vmalloc = now->vmalloc < least->vmalloc ? now->vmalloc : least->vmalloc;
	least->percpu = now->percpu < least->percpu ? now->percpu : least->percpu;
	least->available = now->available > least->available ? now->available : least->available;
	return fell;
}

/*
 * The least that is seen until it falls no more: what is freed after a grace period, or
 * by a worker, is still going, and what a processor's own slab has free counts as in use.
 */
static void measure(struct usage *u)
{
	static struct usage now;
	cpu_set_t all = stay_here();
	int still = 0, tries = 100;

	shrink_caches();
	look(u);
	while (still < 10 && tries--) {
		usleep(100000);
		shrink_caches();
		look(&now);
		still = lower(u, &now) ? 0 : still + 1;
	}
	move_again(all);
}

/* Was it among what had grown the time before? The first time all are. */
static bool suspect(const char *grown_before, const char *name)
{
	char key[80];

	snprintf(key, sizeof(key), " %s:", name);
	return !grown_before || strstr(grown_before, key);
}

/* Says of what of @before, too. */
static bool grown(const struct usage *a, const struct usage *b, const char *before, char *what,
		  size_t size)
{
	const struct { const char *name; long more, least; } others[] = {
		{ "vmalloc", b->vmalloc - a->vmalloc, MORE_PAGES },
		{ "per CPU", b->percpu - a->percpu, MORE_PAGES },
		{ "memory", a->available - b->available, MORE_MEMORY },
	};
	size_t length = 0;

	what[0] = 0;
	for (size_t i = 0; i < b->nr && length < size; i++) {
		long more = b->cache[i].objects - objects(a, b->cache[i].name);

		if (more >= MORE_OBJECTS && suspect(before, b->cache[i].name))
			length += snprintf(what + length, size - length, " %s: %ld objects;",
					   b->cache[i].name, more);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others) && length < size; i++)
		if (others[i].more >= others[i].least && suspect(before, others[i].name))
			length += snprintf(what + length, size - length, " %s: %ld bytes;",
					   others[i].name, others[i].more);
	return length;
}

/* A leak is of the same things each time. What others do meanwhile is not. */
static void stands_still(bool lend)
{
	static struct usage before, after;
	char what[2][1024];

	rounds(WARM_UP, lend);
	for (int try = 0; try < 4; try++) {
		char *now = what[try % 2];

		measure(&before);
		rounds(ROUNDS, lend);
		measure(&after);
		if (!grown(&before, &after, try ? what[!(try % 2)] : NULL, now, sizeof(what[0])))
			return;
		printf("# grown:%s\n", now);
	}
	failed("it grows, each time");
}

/* The measure itself is good for something. */
static void without_the_module(void **state)
{
	(void)state;
	stands_still(false);
}

static void a_hundred_times(void **state)
{
	(void)state;
	stands_still(true);
}

static int set_up(void **state)
{
	(void)state;
	unload_lend();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	load_lend();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_module),
		cmocka_unit_test(a_hundred_times),
	};

	return cmocka_run_group_tests_name("reload", tests, set_up, tear_down);
}
