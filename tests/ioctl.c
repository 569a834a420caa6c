// SPDX-License-Identifier: GPL-2.0-only
/* The requests: structures that can grow, what is refused and how, setting up, syncing. */
#include <termios.h>

#include "common.h"
#include "system.h"

/* As first released: programs of that day must run for ever. */
#define AT(type, member) offsetof(struct type, member)
_Static_assert(sizeof(struct lend_setup) == 24 && AT(lend_setup, flags) == 4 &&
	       AT(lend_setup, backing) == 8 && AT(lend_setup, map) == 12 &&
	       AT(lend_setup, node) == 16 && AT(lend_setup, dma_bits) == 20, "setup");
_Static_assert(sizeof(struct lend_info) == 104 && AT(lend_info, flags) == 4 &&
	       AT(lend_info, why) == 8 && AT(lend_info, backing) == 12 &&
	       AT(lend_info, map) == 16 && AT(lend_info, node) == 20 &&
	       AT(lend_info, dma_bits) == 24 && AT(lend_info, uid) == 28 &&
	       AT(lend_info, bytes) == 32 && AT(lend_info, memory) == 40 &&
	       AT(lend_info, huge) == 48 && AT(lend_info, runs) == 56 &&
	       AT(lend_info, longest) == 64 && AT(lend_info, mappings) == 72 &&
	       AT(lend_info, held) == 80 && AT(lend_info, pinned) == 88 &&
	       AT(lend_info, exports) == 96, "info");
_Static_assert(sizeof(struct lend_phys_run) == 24 && AT(lend_phys_run, phys) == 8 &&
	       AT(lend_phys_run, length) == 16, "phys_run");
_Static_assert(sizeof(struct lend_runs) == 32 && AT(lend_runs, flags) == 4 &&
	       AT(lend_runs, offset) == 8 && AT(lend_runs, runs) == 16 &&
	       AT(lend_runs, count) == 24 && AT(lend_runs, reserved) == 28, "runs");
_Static_assert(sizeof(struct lend_sync) == 24 && AT(lend_sync, flags) == 4 &&
	       AT(lend_sync, offset) == 8 && AT(lend_sync, length) == 16, "sync");
_Static_assert(sizeof(struct lend_dmabuf) == 8 && AT(lend_dmabuf, flags) == 4, "dmabuf");
_Static_assert(LEND_IOC_SETUP == 0xbc00 && LEND_IOC_INFO == 0xbc01 && LEND_IOC_RUNS == 0xbc02 &&
	       LEND_IOC_SYNC == 0xbc03 && LEND_IOC_DMABUF == 0xbc04, "numbers");
_Static_assert(LEND_BACKING_FOLIOS == 1 && LEND_BACKING_PAGES == 2 && LEND_BACKING_CONTIG == 3 &&
	       LEND_BACKING_VMALLOC == 4 && LEND_MAP_AUTO == 1 && LEND_MAP_FAULT == 2 &&
	       LEND_MAP_INSERT == 3 && LEND_MAP_PFN == 4, "kinds");

/* A good request of each kind, with room behind it for a newer program's fields. */
union request {
	uint32_t size;
	struct lend_setup setup;
	struct lend_info info;
	struct lend_runs runs;
	struct lend_sync sync;
	struct lend_dmabuf dmabuf;
	char bytes[2 * PAGE];
};

static const struct {
	unsigned int cmd;
	uint32_t size;
	uint32_t oldest;	/* the size of its first release */
} requests[] = {
	{ LEND_IOC_SETUP, sizeof(struct lend_setup), 24 },
	{ LEND_IOC_INFO, sizeof(struct lend_info), 96 },
	{ LEND_IOC_RUNS, sizeof(struct lend_runs), 32 },
	{ LEND_IOC_SYNC, sizeof(struct lend_sync), 24 },
	{ LEND_IOC_DMABUF, sizeof(struct lend_dmabuf), 8 },
};

static void good_request(union request *req, size_t i)
{
	memset(req, 0, sizeof(*req));
	req->size = requests[i].size;
	if (requests[i].cmd == LEND_IOC_SYNC) {
		req->sync.flags = LEND_SYNC_FOR_CPU;
		req->sync.length = 1;
	}
}

/* A file that takes that request. */
static int good_file(size_t i)
{
	return requests[i].cmd == LEND_IOC_SETUP ? make_empty(0, 0) : make_buffer(12345, 0, 0);
}

/* 0, or a descriptor, which goes. */
static bool answer(unsigned int cmd, long ret)
{
	return cmd == LEND_IOC_DMABUF ? ret > 2 && !close(ret) : !ret;
}

static void succeeds(int fd, unsigned int cmd, void *req)
{
	check(answer(cmd, must(ioctl(fd, cmd, req))));
}

static void unknown_requests(void **state)
{
	static const unsigned long cmds[] = {
		_IO(LEND_IOC_TYPE, 5), _IO(LEND_IOC_TYPE, 0x7f), _IO(LEND_IOC_TYPE, 0xff),
		_IO(LEND_IOC_TYPE + 1, 0), _IO(0, 0), TCGETS,
		_IOR(LEND_IOC_TYPE, 1, struct lend_info), _IOW(LEND_IOC_TYPE, 0, struct lend_setup),
		_IOWR(LEND_IOC_TYPE, 2, struct lend_runs), _IOC(0, LEND_IOC_TYPE, 1, 1),
	};
	struct lend_info info = { .size = sizeof(info) };
	int fd = make_buffer(PAGE, 0, 0), dir = must(open(DIR, O_RDONLY | O_DIRECTORY));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++)
		must_fail(ioctl(fd, cmds[i], &info), ENOTTY);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		must_fail(ioctl(dir, requests[i].cmd, &info), ENOTTY);
	close(dir);
	close(fd);
}

static void sizes_of_structs(void **state)
{
	static union request req;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		const uint32_t size = requests[i].size;
		const uint32_t oldest = requests[i].oldest;
		const uint32_t shorter[] = { 0, 1, 4, oldest - 8, oldest - 4, oldest - 1 };
		const uint32_t longer[] = { size + 1, size + 8, PAGE };
		int fd = good_file(i);

		for (size_t k = 0; k < ARRAY_SIZE(shorter); k++) {
			good_request(&req, i);
			req.size = shorter[k];
			must_fail(ioctl(fd, requests[i].cmd, &req), EINVAL);
		}
		/* An older program gets what it knows of, and no byte more. */
		for (uint32_t known = oldest; known < size; known += 4) {
			good_request(&req, i);
			req.size = known;
			memset(req.bytes + known, 0x55, size - known);
			succeeds(fd, requests[i].cmd, &req);
			for (size_t at = known; at < size; at++)
				check(req.bytes[at] == 0x55);
		}
		/* What a newer program does not use is zero, and stays as it is. */
		for (size_t k = 0; k < ARRAY_SIZE(longer); k++) {
			good_request(&req, i);
			req.size = longer[k];
			succeeds(fd, requests[i].cmd, &req);
			check(req.size == longer[k]);
			for (size_t at = size; at < sizeof(req); at++)
				check(!req.bytes[at]);
		}
		for (size_t k = 0; k < ARRAY_SIZE(longer); k++) {
			good_request(&req, i);
			req.size = longer[k];
			req.bytes[longer[k] - 1] = 1;
			must_fail(ioctl(fd, requests[i].cmd, &req), E2BIG);
			req.bytes[longer[k] - 1] = 0;
			req.bytes[size] = 1;
			must_fail(ioctl(fd, requests[i].cmd, &req), E2BIG);
		}
		/* Longer than a page is nonsense, zero or not. */
		good_request(&req, i);
		req.size = PAGE + 1;
		must_fail(ioctl(fd, requests[i].cmd, &req), E2BIG);
		/* Dirt behind the structure's end is nobody's business. */
		good_request(&req, i);
		req.bytes[size] = 1;
		succeeds(fd, requests[i].cmd, &req);
		check(req.bytes[size] == 1);
		close(fd);
	}
}

static void bad_addresses(void **state)
{
	char *mem = must(mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int info;

	(void)state;
	must(mprotect(mem + 2 * PAGE, PAGE, PROT_NONE));
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		const unsigned int cmd = requests[i].cmd;
		int fd = good_file(i);
		union request req;
		char *cut;

		must_fail(ioctl(fd, cmd, NULL), EFAULT);
		must_fail(ioctl(fd, cmd, 8), EFAULT);
		must_fail(ioctl(fd, cmd, -4096L), EFAULT);
		must_fail(ioctl(fd, cmd, 0xffff888000000000), EFAULT);
		must_fail(ioctl(fd, cmd, mem + 2 * PAGE), EFAULT);

		/* Half of it is not there, or the rest that its size claims. */
		good_request(&req, i);
		cut = mem + 2 * PAGE - requests[i].size / 2;
		memcpy(cut, &req, requests[i].size / 2);
		must_fail(ioctl(fd, cmd, cut), EFAULT);
		cut = mem + 2 * PAGE - requests[i].size;
		memcpy(cut, &req, requests[i].size);
		succeeds(fd, cmd, cut);
		*(uint32_t *)cut = requests[i].size + 1;
		must_fail(ioctl(fd, cmd, cut), EFAULT);
		*(uint32_t *)cut = UINT32_MAX;
		must_fail(ioctl(fd, cmd, cut), E2BIG);
		close(fd);
	}

	/* Readable, but the answer cannot be written. */
	info = make_buffer(PAGE, 0, 0);
	((struct lend_info *)mem)->size = sizeof(struct lend_info);
	must(mprotect(mem, PAGE, PROT_READ));
	must_fail(ioctl(info, LEND_IOC_INFO, mem), EFAULT);
	close(info);
	munmap(mem, 3 * PAGE);
}

#define ALL (LEND_SETUP_BACKING | LEND_SETUP_MAP | LEND_SETUP_NODE | LEND_SETUP_DMA_BITS)
#define SETUP(...) { .size = sizeof(struct lend_setup), __VA_ARGS__ }

static const struct {
	struct lend_setup setup;
	int error;
} bad_setups[] = {
	{ SETUP(.flags = 1 << 4), EINVAL },
	{ SETUP(.flags = 1U << 31), EINVAL },
	{ SETUP(.flags = -1), EINVAL },
	{ SETUP(.flags = LEND_SETUP_BACKING), EINVAL },
	{ SETUP(.flags = LEND_SETUP_BACKING, .backing = 5), EINVAL },
	{ SETUP(.flags = LEND_SETUP_BACKING, .backing = -1), EINVAL },
	{ SETUP(.flags = LEND_SETUP_MAP), EINVAL },
	{ SETUP(.flags = LEND_SETUP_MAP, .map = 5), EINVAL },
	{ SETUP(.flags = LEND_SETUP_MAP, .map = 1U << 31), EINVAL },
	/* A field that no flag names. */
	{ SETUP(.backing = LEND_BACKING_PAGES), EINVAL },
	{ SETUP(.map = LEND_MAP_FAULT), EINVAL },
	{ SETUP(.node = 1), EINVAL },
	{ SETUP(.node = LEND_NODE_ANY), EINVAL },
	{ SETUP(.dma_bits = 32), EINVAL },
	{ SETUP(.flags = ALL & ~LEND_SETUP_DMA_BITS, .backing = LEND_BACKING_PAGES,
		.map = LEND_MAP_FAULT, .dma_bits = 32), EINVAL },
	{ SETUP(.flags = LEND_SETUP_NODE, .node = 99), ENXIO },
	{ SETUP(.flags = LEND_SETUP_NODE, .node = -2), ENXIO },
	{ SETUP(.flags = LEND_SETUP_NODE, .node = INT32_MAX), ENXIO },
	{ SETUP(.flags = LEND_SETUP_NODE, .node = INT32_MIN), ENXIO },
	{ SETUP(.flags = LEND_SETUP_DMA_BITS, .dma_bits = 65), EINVAL },
	{ SETUP(.flags = LEND_SETUP_DMA_BITS, .dma_bits = 1), ERANGE },
	{ SETUP(.flags = LEND_SETUP_DMA_BITS, .dma_bits = 12), ERANGE },
	{ SETUP(.flags = ALL, .backing = LEND_BACKING_PAGES, .map = LEND_MAP_FAULT,
		.dma_bits = 12), ERANGE },
};

static bool has_kind(int fd, uint32_t backing, uint32_t map, int node, uint32_t dma_bits)
{
	struct lend_info info = get_info(fd);

	return info.backing == backing && info.map == map && info.node == node &&
	       info.dma_bits == dma_bits;
}

/* What is refused changes nothing, not even by half. */
static void refused_setups(void **state)
{
	int fd = make_empty(LEND_BACKING_VMALLOC, LEND_MAP_INSERT);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_setups); i++) {
		struct lend_setup setup = bad_setups[i].setup;

		errno = 0;
		if (ioctl(fd, LEND_IOC_SETUP, &setup) != -1 || errno != bad_setups[i].error)
			failed("setup %zu: %s, expected %s", i, strerror(errno),
			       strerror(bad_setups[i].error));
		check(!memcmp(&setup, &bad_setups[i].setup, sizeof(setup)));
		check(has_kind(fd, LEND_BACKING_VMALLOC, LEND_MAP_INSERT, LEND_NODE_ANY, 0));
	}
	must(ftruncate(fd, PAGE));
	close(fd);
}

/* What is named changes, the rest stays, as often as one likes while the file is empty. */
static void setups(void **state)
{
	struct lend_setup none = SETUP(), all = SETUP(.flags = ALL, .backing = LEND_BACKING_PAGES,
						      .map = LEND_MAP_FAULT, .dma_bits = 32);
	struct lend_setup map = SETUP(.flags = LEND_SETUP_MAP, .map = LEND_MAP_AUTO);
	struct lend_setup back = SETUP(.flags = LEND_SETUP_NODE | LEND_SETUP_DMA_BITS,
				       .node = LEND_NODE_ANY);
	int fd = must(open(DIR, O_TMPFILE | O_RDWR, 0600));

	(void)state;
	must(ioctl(fd, LEND_IOC_SETUP, &none));
	check(has_kind(fd, LEND_BACKING_FOLIOS, LEND_MAP_AUTO, LEND_NODE_ANY, 0));
	must(ioctl(fd, LEND_IOC_SETUP, &all));
	check(has_kind(fd, LEND_BACKING_PAGES, LEND_MAP_FAULT, 0, 32));
	must(ioctl(fd, LEND_IOC_SETUP, &map));
	check(has_kind(fd, LEND_BACKING_PAGES, LEND_MAP_AUTO, 0, 32));
	must(ioctl(fd, LEND_IOC_SETUP, &back));
	check(has_kind(fd, LEND_BACKING_PAGES, LEND_MAP_AUTO, LEND_NODE_ANY, 0));

	/* From then on it is for good. */
	must(ftruncate(fd, 12345));
	must_fail(ioctl(fd, LEND_IOC_SETUP, &none), EBUSY);
	must_fail(ioctl(fd, LEND_IOC_SETUP, &all), EBUSY);
	check(get_info(fd).backing == LEND_BACKING_PAGES && get_info(fd).dma_bits == 0);
	close(fd);
}

/* Choosing takes a descriptor that may write; asking and syncing do not. */
static void read_only(void **state)
{
	struct lend_setup setup = SETUP();
	struct lend_info info = { .size = sizeof(info) };
	struct lend_runs runs = { .size = sizeof(runs) };
	struct lend_sync sync = { .size = sizeof(sync), .flags = LEND_SYNC_FOR_CPU, .length = 1 };
	int fd = must(open(DIR "/ro", O_CREAT | O_RDWR, 0600));
	int ro = must(open(DIR "/ro", O_RDONLY)), path = must(open(DIR "/ro", O_PATH));

	(void)state;
	must_fail(ioctl(ro, LEND_IOC_SETUP, &setup), EBADF);
	must(ioctl(ro, LEND_IOC_INFO, &info));
	must(ftruncate(fd, PAGE));
	must_fail(ioctl(ro, LEND_IOC_SETUP, &setup), EBADF);
	must(ioctl(ro, LEND_IOC_INFO, &info));
	must(ioctl(ro, LEND_IOC_RUNS, &runs));
	must(ioctl(ro, LEND_IOC_SYNC, &sync));
	must_fail(ioctl(path, LEND_IOC_INFO, &info), EBADF);
	must(unlink(DIR "/ro"));
	close(path);
	close(ro);
	close(fd);
}

static const struct {
	uint64_t offset, length;
	uint32_t flags;
	int error;
} ranges[] = {
	{ 0, 12345, LEND_SYNC_FOR_CPU, 0 },
	{ 0, 1, LEND_SYNC_FOR_DEVICE, 0 },
	{ 4095, 2, LEND_SYNC_FOR_CPU | LEND_SYNC_FOR_DEVICE, 0 },
	{ 12344, 1, LEND_SYNC_FOR_CPU, 0 },
	{ 0, 1, 0, EINVAL },
	{ 0, 1, 1 << 2, EINVAL },
	{ 0, 1, LEND_SYNC_FOR_CPU | 1U << 31, EINVAL },
	{ 0, 0, LEND_SYNC_FOR_CPU, EINVAL },
	{ 12345, 0, LEND_SYNC_FOR_CPU, EINVAL },
	{ 12345, 1, LEND_SYNC_FOR_CPU, ENXIO },
	{ 12344, 2, LEND_SYNC_FOR_CPU, ENXIO },
	{ 0, 12346, LEND_SYNC_FOR_CPU, ENXIO },
	{ 0, 16384, LEND_SYNC_FOR_CPU, ENXIO },
	{ 0, 1UL << 32, LEND_SYNC_FOR_CPU, ENXIO },
	{ 1UL << 32, 1, LEND_SYNC_FOR_CPU, ENXIO },
	{ 1UL << 63, 1, LEND_SYNC_FOR_CPU, ENXIO },
	{ 0, UINT64_MAX, LEND_SYNC_FOR_CPU, ENXIO },
	{ 1, UINT64_MAX, LEND_SYNC_FOR_CPU, EOVERFLOW },
	{ UINT64_MAX, 1, LEND_SYNC_FOR_CPU, EOVERFLOW },
	{ UINT64_MAX, UINT64_MAX, LEND_SYNC_FOR_CPU, EOVERFLOW },
	{ 1UL << 63, 1UL << 63, LEND_SYNC_FOR_CPU, EOVERFLOW },
};

static void syncs(void **state)
{
	int fd = make_buffer(12345, 0, 0), empty = make_empty(0, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct lend_sync sync = {
			.size = sizeof(sync),
			.flags = ranges[i].flags,
			.offset = ranges[i].offset,
			.length = ranges[i].length,
		};

		errno = 0;
		ioctl(fd, LEND_IOC_SYNC, &sync);
		if (errno != ranges[i].error)
			failed("sync of %#lx, %#lx, flags %#x: %s, expected %s", ranges[i].offset,
			       ranges[i].length, ranges[i].flags, strerror(errno),
			       strerror(ranges[i].error));
		errno = 0;
		ioctl(empty, LEND_IOC_SYNC, &sync);
		check(errno == (ranges[i].error ? ranges[i].error : ENXIO));
	}
	close(empty);
	close(fd);
}

#ifdef __x86_64__
/* A system call as a 32-bit program makes it; @arg must be below 4 GiB. */
static long call32(long nr, long fd, unsigned int cmd, void *arg)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret) : "a" (nr), "b" (fd), "c" (cmd), "d" (arg)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return ret;
}

/* The structures are the same for 32-bit programs, so all of it works for them. */
static void from_32_bits(void **state)
{
	union request *req;

	(void)state;
	req = must(mmap(NULL, sizeof(*req), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		int fd = good_file(i);

		good_request(req, i);
		check(answer(requests[i].cmd, call32(54, fd, requests[i].cmd, req)));
		if (requests[i].cmd == LEND_IOC_INFO)
			check(req->info.bytes == 12345 && req->info.memory == 4 * PAGE);
		req->size = 4;
		check(call32(54, fd, requests[i].cmd, req) == -EINVAL);
		check(call32(54, fd, requests[i].cmd, NULL) == -EFAULT);
		check(call32(54, fd, requests[i].cmd + 64, req) == -ENOTTY);
		close(fd);
	}
	munmap(req, sizeof(*req));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(unknown_requests),
		clean_test(sizes_of_structs),
		clean_test(bad_addresses),
		clean_test(refused_setups),
		clean_test(setups),
		clean_test(read_only),
		clean_test(syncs),
#ifdef __x86_64__
		clean_test(from_32_bits),
#endif
	};

	return cmocka_run_group_tests_name("ioctl", tests, NULL, NULL);
}
