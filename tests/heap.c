// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices /dev/dma_heap/lend and lend-contig answer as DMA-heaps do: one
 * request, the same errors, a dma-buf.
 */
#include <linux/capability.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "dmabuf.h"
#include "kernel.h"
#include "system.h"

#define HEAP	"/dev/dma_heap/lend"
#define CONTIG	"/dev/dma_heap/lend-contig"
#define SIZE	(4 * MiB)

static const char *const heaps[] = { HEAP, CONTIG };

static int open_heap(const char *path)
{
	return must(open(path, O_RDWR | O_CLOEXEC));
}

#define ASK(size, ...) ((struct dma_heap_allocation_data){			\
	.len = (size), .fd_flags = O_RDWR | O_CLOEXEC, __VA_ARGS__ })

static int allocate(int heap, struct dma_heap_allocation_data ask)
{
	must(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &ask));
	return ask.fd;
}

/* The dma-buf's descriptor, or -1. */
static int try_allocate(int heap, struct dma_heap_allocation_data ask)
{
	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &ask) ? -1 : (int)ask.fd;
}

static long module_users(void)
{
	FILE *file = fopen("/sys/module/lend/refcnt", "re");
	long users;

	check(file && fscanf(file, "%ld", &users) == 1);
	fclose(file);
	return users;
}

static void nodes(void **state)
{
	struct stat st;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heaps); i++) {
		must(stat(heaps[i], &st));
		assert_true(S_ISCHR(st.st_mode));
		/* As DMA-heaps are: who else may have memory is the administrator's choice. */
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static void allocates(void **state)
{
	static const uint64_t sizes[] = { 1, PAGE, PAGE + 1, 3 * MiB + 5, SIZE };

	(void)state;
	for (size_t h = 0; h < ARRAY_SIZE(heaps); h++) {
		int heap = open_heap(heaps[h]);

		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			size_t size = (sizes[i] + PAGE - 1) & ~(PAGE - 1);
			int dmabuf = allocate(heap, ASK(sizes[i]));
			uint64_t *mem = map_buffer(dmabuf, size);

			assert_int_equal(must(lseek(dmabuf, 0, SEEK_END)), size);
			for (size_t w = 0; w < size / sizeof(*mem); w++)
				if (mem[w])
					fail_msg("word %zu is not zero", w);
			fill_pattern(mem, size, i);
			must(munmap(mem, size));
			mem = map_buffer(dmabuf, size);
			assert_true(has_pattern(mem, size, i));
			must(munmap(mem, size));
			close(dmabuf);
		}
		close(heap);
	}
}

static void flags(void **state)
{
	int heap = open_heap(HEAP);
	int dmabuf = allocate(heap, (struct dma_heap_allocation_data){ .len = PAGE });

	(void)state;
	assert_int_equal(must(fcntl(dmabuf, F_GETFD)), 0);
	must_fail(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, dmabuf, 0), EACCES);
	close(dmabuf);
	dmabuf = allocate(heap, ASK(PAGE));
	assert_int_equal(must(fcntl(dmabuf, F_GETFD)), FD_CLOEXEC);
	close(dmabuf);
	close(heap);
}

/* What the contiguous one gives a device is one entry; what it shows the kernel, the same. */
static void contiguous(void **state)
{
	int heap = open_heap(CONTIG), dmabuf = allocate(heap, ASK(16 * MiB)), importer;
	uint64_t *mem = map_buffer(dmabuf, 16 * MiB);
	struct importer_list *list;

	(void)state;
	fill_pattern(mem, 16 * MiB, 3);
	load_module("lend_importer");
	importer = import(dmabuf, UINT32_MAX);
	list = import_list(importer);
	assert_int_equal(list->count, 1);
	assert_int_equal(list->entry[0].length, 16 * MiB);
	assert_int_equal(list->entry[0].dma, physical(mem));
	assert_true(import_has_pattern(importer, 3));
	free(list);
	close(importer);
	unload_module("lend_importer");
	must(munmap(mem, 16 * MiB));
	close(dmabuf);
	close(heap);
}

static const struct {
	struct dma_heap_allocation_data ask;
	int error;
} wrong[] = {
	{ { .len = 0 }, EINVAL },
	{ { .len = UINT64_MAX }, EINVAL },		/* rounded up it is 0 */
	{ { .len = UINT64_MAX - PAGE + 2 }, EINVAL },
	{ { .len = UINT64_MAX - PAGE + 1 }, ENOMEM },
	{ { .len = 1ULL << 63 }, ENOMEM },
	{ { .len = 1ULL << 40 }, ENOMEM },
	{ { .len = PAGE, .heap_flags = 1 }, EINVAL },
	{ { .len = PAGE, .heap_flags = 1ULL << 63 }, EINVAL },
	{ { .len = PAGE, .fd_flags = O_APPEND }, EINVAL },
	{ { .len = PAGE, .fd_flags = 1U << 31 }, EINVAL },
	{ { .len = PAGE, .fd = 3 }, EINVAL },
	{ { .len = PAGE, .fd = -1 }, EINVAL },
};

static void refused_asks(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_SIZE(heaps); h++) {
		int heap = open_heap(heaps[h]);

		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			struct dma_heap_allocation_data ask = wrong[i].ask;

			must_fail(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &ask), wrong[i].error);
			assert_memory_equal(&ask, &wrong[i].ask, sizeof(ask));
		}
		close(heap);
	}
}

static void refused_requests(void **state)
{
	int heap = open_heap(HEAP);
	struct dma_heap_allocation_data ask = ASK(PAGE);

	(void)state;
	must_fail(ioctl(heap, _IOWR('H', 1, struct dma_heap_allocation_data), &ask), EINVAL);
	must_fail(ioctl(heap, LEND_IOC_INFO, &ask), EINVAL);
	must_fail(ioctl(heap, _IO('H', 0), &ask), ENOTTY);
	must_fail(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, NULL), EFAULT);
	must_fail(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, heap, 0), ENODEV);
	must_fail(read(heap, &ask, 1), EINVAL);
	close(heap);
}

/* Programs of another day have a shorter structure, or a longer one. */
static void other_sizes(void **state)
{
	struct {
		struct dma_heap_allocation_data known;
		uint64_t future;
	} ask = { ASK(PAGE), ~0ULL };
	int heap = open_heap(HEAP);

	(void)state;
	ask.known.heap_flags = ~0ULL;	/* behind the end of a structure of 16 bytes */
	must(ioctl(heap, _IOC(_IOC_READ | _IOC_WRITE, 'H', 0, 16), &ask));
	close(ask.known.fd);
	ask.known = ASK(PAGE);
	must(ioctl(heap, _IOC(_IOC_READ | _IOC_WRITE, 'H', 0, sizeof(ask)), &ask));
	close(ask.known.fd);
	assert_true(ask.future == ~0ULL);
	must_fail(ioctl(heap, _IOC(_IOC_READ | _IOC_WRITE, 'H', 0, 12), &ask), EINVAL);
	close(heap);
}

/* More than there is, less than the machine has: no OOM kill, and nothing stays. */
static void too_much(void **state)
{
	size_t total = meminfo("MemTotal");

	(void)state;
	for (size_t h = 0; h < ARRAY_SIZE(heaps); h++) {
		int heap = open_heap(heaps[h]);
		uint64_t kills = vmstat("oom_kill");

		must_fail(try_allocate(heap, ASK(total)), ENOMEM);
		must_fail(try_allocate(heap, ASK(total + PAGE)), ENOMEM);
		must_fail(try_allocate(heap, ASK(2 * total)), ENOMEM);
		assert_int_equal(vmstat("oom_kill"), kills);
		close(heap);
	}
}

/* More in sum than the machine has: what goes comes back, by close alone. */
static void comes_back(void **state)
{
	size_t total = meminfo("MemTotal"), sum;

	(void)state;
	for (size_t h = 0; h < ARRAY_SIZE(heaps); h++) {
		int heap = open_heap(heaps[h]);

		for (sum = 0; sum <= total + total / 4; sum += total / 4)
			close(allocate(heap, ASK(total / 4)));
		close(heap);
	}
}

/* Memory that is in no mount keeps the module, from the first of it to the last. */
static void keeps_the_module(void **state)
{
	long before = module_users();
	int heap = open_heap(HEAP), one, two;
	char *mem;

	(void)state;
	assert_int_equal(module_users(), before + 1);
	one = allocate(heap, ASK(PAGE));
	two = allocate(heap, ASK(PAGE));
	mem = map_buffer(two, PAGE);
	close(heap);
	close(one);
	close(two);
	assert_true(module_users() > before);
	strcpy(mem, "still here");
	must(munmap(mem, PAGE));
	wait_for(module_users() == before);
}

/* The descriptor cannot be told: neither it nor the memory is left. */
static void answer_not_writable(void **state)
{
	struct dma_heap_allocation_data *ask = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
							 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	size_t total = meminfo("MemTotal");
	int heap = open_heap(HEAP);

	(void)state;
	*ask = ASK(total / 4);
	must(mprotect(ask, PAGE, PROT_READ));
	for (int i = 0; i < 5; i++)
		must_fail(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, ask), EFAULT);
	munmap(ask, PAGE);
	close(heap);
}

static void no_descriptor_left(void **state)
{
	int heap = open_heap(HEAP);
	struct rlimit old, few;

	(void)state;
	must(getrlimit(RLIMIT_NOFILE, &old));
	few = (struct rlimit){ heap + 1, old.rlim_max };
	must(setrlimit(RLIMIT_NOFILE, &few));
	must_fail(try_allocate(heap, ASK(PAGE)), EMFILE);
	must(setrlimit(RLIMIT_NOFILE, &old));
	close(heap);
}

/* Charged to whoever asks, as all lent memory is. */
static int within_limit(void *arg)
{
	int heap = *(int *)arg, dmabuf;

	must(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ SIZE, SIZE }));
	become(NOBODY);
	must_fail(try_allocate(heap, ASK(SIZE + 1)), ENOMEM);
	dmabuf = allocate(heap, ASK(SIZE));
	must_fail(try_allocate(heap, ASK(PAGE)), ENOMEM);
	/* The last put of a file is done on the way out of close(). */
	close(dmabuf);
	close(allocate(heap, ASK(SIZE)));
	return 0;
}

static void charged(void **state)
{
	int heap = open_heap(HEAP);

	(void)state;
	assert_int_equal(reap(spawn(within_limit, &heap)), 0);
	close(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(nodes),
		clean_test(allocates),
		clean_test(flags),
		clean_test(contiguous),
		clean_test(refused_asks),
		clean_test(refused_requests),
		clean_test(other_sizes),
		clean_test(too_much),
		clean_test(comes_back),
		clean_test(keeps_the_module),
		clean_test(answer_not_writable),
		clean_test(no_descriptor_left),
		clean_test(charged),
	};

	return cmocka_run_group_tests_name("DMA-heap interface", tests, NULL, NULL);
}
