// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks the kernel everything that lend answers and prints what came out, a line a
 * call: the same source makes a 64-bit and a 32-bit program, and both must say the
 * same. With plain libc; one mount's directory is the argument.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/lend.h>

#define PAGE 4096
#define HUGE (512 * PAGE)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Without padding anywhere, so that there is nothing to translate. */
_Static_assert(sizeof(struct lend_setup) == 24 && sizeof(struct lend_info) == 104 &&
	       sizeof(struct lend_phys_run) == 24 && sizeof(struct lend_runs) == 32 &&
	       sizeof(struct lend_sync) == 24 && sizeof(struct lend_dmabuf) == 8, "structures");
_Static_assert(sizeof(off_t) == 8, "files of any size");

static const uint64_t borders[] = {
	0, 1, PAGE, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff, 0x100000000, 0x100000001,
	0x100001000, 0x80000000000, 0x100000000000, INT64_MAX - 4095, INT64_MAX, 1ULL << 63,
	UINT64_MAX - 4095, UINT64_MAX,
};

static const char *dir;

/* A result, or the errno's name. */
#define say(result, ...) do {							\
	long long say_result;							\
	errno = 0;								\
	say_result = (long long)(result);					\
	printf(__VA_ARGS__);							\
	if (say_result == -1 && errno)						\
		printf(": %s\n", strerrorname_np(errno));			\
	else									\
		printf(": %lld\n", say_result);					\
} while (0)

static int new_file(uint32_t backing, uint32_t map, off_t size)
{
	struct lend_setup setup = {
		.size = sizeof(setup), .flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = backing, .map = map,
	};
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 || ioctl(fd, LEND_IOC_SETUP, &setup) || (size && ftruncate(fd, size))) {
		perror("answers: no file");
		exit(1);
	}
	return fd;
}

static void sizes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		int fd = new_file(LEND_BACKING_FOLIOS, LEND_MAP_AUTO, 0);

		say(ftruncate(fd, borders[i]), "ftruncate %#" PRIx64, borders[i]);
		say(lseek(fd, 0, SEEK_END), "its end");
		close(fd);
		for (size_t k = 0; k < ARRAY_SIZE(borders); k++) {
			fd = new_file(LEND_BACKING_PAGES, LEND_MAP_AUTO, 0);
			say(fallocate(fd, 0, borders[i], borders[k]),
			    "fallocate %#" PRIx64 ", %#" PRIx64, borders[i], borders[k]);
			say(lseek(fd, 0, SEEK_END), "its end");
			close(fd);
		}
	}
}

static void bytes(void)
{
	int fd = new_file(LEND_BACKING_FOLIOS, LEND_MAP_AUTO, 3 * PAGE + 5), ends[2];
	int other = new_file(LEND_BACKING_PAGES, LEND_MAP_AUTO, 3 * PAGE + 5);
	char text[] = "a line for all", got[64] = "";
	struct iovec to[2] = { { got, 3 }, { got + 3, 8 } };
	struct iovec from[2] = { { text, 6 }, { text + 6, 8 } };
	struct statfs fs;
	struct stat st;
	off_t at = PAGE - 3;

	say(pwrite(fd, text, sizeof(text), PAGE - 3), "pwrite");
	say(pread(fd, got, sizeof(got), 3 * PAGE), "pread at the end");
	say(preadv(fd, to, 2, PAGE - 3), "preadv");
	printf("got %s\n", got);
	say(pwritev(fd, from, 2, 2 * PAGE), "pwritev");
	say(sendfile(other, fd, &at, 100), "sendfile");
	say(copy_file_range(fd, &at, other, NULL, 100, 0), "copy_file_range");
	if (pipe(ends))
		exit(1);
	at = 2 * PAGE;
	say(splice(fd, &at, ends[1], NULL, 10, 0), "splice");
	say(vmsplice(ends[1], from, 2, 0), "vmsplice");
	say(read(ends[0], got, sizeof(got)), "read from the pipe");
	printf("got %.24s\n", got);
	say(fstat(fd, &st), "fstat");
	printf("size %lld, blocks %lld, mode %o\n", (long long)st.st_size,
	       (long long)st.st_blocks, st.st_mode);
	say(statfs(dir, &fs), "statfs");
	printf("type %lx, block %ld, name %ld\n", (long)fs.f_type, (long)fs.f_bsize,
	       (long)fs.f_namelen);
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		off_t n = borders[i], zero = 0;

		say(lseek(fd, n, SEEK_SET), "lseek %#" PRIx64, borders[i]);
		say(pread(fd, got, 1, n), "pread at %#" PRIx64, borders[i]);
		say(pwrite(fd, got, 1, n), "pwrite at %#" PRIx64, borders[i]);
		at = n;
		say(sendfile(other, fd, &at, 1), "sendfile from %#" PRIx64, borders[i]);
		at = n;
		say(copy_file_range(fd, &zero, other, &at, 1, 0),
		    "copy_file_range to %#" PRIx64, borders[i]);
	}
	close(ends[0]);
	close(ends[1]);
	close(other);
	close(fd);
}

/* Through a window of 32 bits of pages: the greatest offset that mmap2 has. */
static void mappings(uint32_t map)
{
	const size_t size = 2 * HUGE + 3 * PAGE;
	int fd = new_file(LEND_BACKING_FOLIOS, map, size), word;
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct iovec here = { &word, 4 }, there = { mem + PAGE, 4 };

	if (mem == MAP_FAILED)
		exit(1);
	printf("map %u, %u bytes off\n", map, (unsigned int)((uintptr_t)mem % HUGE));
	for (size_t i = 0; i < size; i += PAGE)
		*(unsigned int *)(mem + i) = i;
	for (off_t i = 0; i < (off_t)size; i += 511 * PAGE) {
		unsigned int *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, i);

		printf("page at %#llx has %#x\n", (long long)i,
		       page == MAP_FAILED ? errno : *page);
		munmap(page, PAGE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++)
		if (borders[i] < 1ULL << 44)
			say(mmap(NULL, size, PROT_READ, MAP_SHARED, fd, borders[i] + PAGE) ==
			    MAP_FAILED ? -1 : 0, "mmap at %#" PRIx64, borders[i] + PAGE);
	say(mmap(NULL, PAGE, PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0, "executable");
	say(mprotect(mem, PAGE, PROT_READ | PROT_EXEC), "mprotect");
	say(process_vm_readv(getpid(), &here, 1, &there, 1, 0), "process_vm_readv");
	say(mremap(mem, size, 2 * size, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0, "mremap");
	say(msync(mem, size, MS_SYNC), "msync");
	say(madvise(mem, size, MADV_DONTNEED), "madvise");
	munmap(mem, size);
	close(fd);
}

static void info(int fd)
{
	struct lend_info i = { .size = sizeof(i) };

	say(ioctl(fd, LEND_IOC_INFO, &i), "INFO");
	printf("%u %x %x %u %u %d %u %u ", i.size, i.flags, i.why, i.backing, i.map, i.node,
	       i.dma_bits, i.uid);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
	       " %" PRIu64 " %" PRIu64 "\n", (uint64_t)i.bytes, (uint64_t)i.memory,
	       (uint64_t)i.huge, (uint64_t)i.runs, (uint64_t)i.longest, (uint64_t)i.mappings,
	       (uint64_t)i.held, (uint64_t)i.pinned, (uint64_t)i.exports);
}

static void setups(void)
{
	int fd = new_file(LEND_BACKING_PAGES, LEND_MAP_FAULT, 0);

	for (uint32_t flags = 0; flags < 32; flags++) {
		for (uint32_t value = 0; value < 8; value++) {
			struct lend_setup setup = {
				.size = sizeof(setup), .flags = flags, .backing = value,
				.map = value, .node = (int)value / 4, .dma_bits = value * 9,
			};

			if (!(flags & LEND_SETUP_NODE))
				setup.node = 0;
			say(ioctl(fd, LEND_IOC_SETUP, &setup), "SETUP %x, %u", flags, value);
		}
		info(fd);
	}
	close(fd);
}

static void requests(void)
{
	int fd = new_file(LEND_BACKING_CONTIG, LEND_MAP_AUTO, 8 * PAGE - 7);
	struct lend_phys_run run[2] = {};

	for (unsigned int nr = 0; nr < 7; nr++) {
		uint32_t bad[64] = { 4 };

		say(ioctl(fd, _IO(LEND_IOC_TYPE, nr), bad), "request %u, short", nr);
		say(ioctl(fd, _IO(LEND_IOC_TYPE, nr), NULL), "request %u, nowhere", nr);
		bad[0] = sizeof(bad);
		bad[63] = 1;
		say(ioctl(fd, _IO(LEND_IOC_TYPE, nr), bad), "request %u, newer", nr);
	}
	info(fd);
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		struct lend_runs runs = {
			.size = sizeof(runs), .offset = borders[i], .count = 2,
			.runs = (uintptr_t)run,
		};

		say(ioctl(fd, LEND_IOC_RUNS, &runs), "RUNS from %#" PRIx64, borders[i]);
		printf("%u, next %#" PRIx64 ", %#" PRIx64 ", %d\n", runs.count,
		       (uint64_t)runs.offset, (uint64_t)run[0].length, run[0].phys % PAGE == 0);
		/* An address is as wide as the field, whoever asks. */
		runs = (struct lend_runs){ .size = sizeof(runs), .count = 2, .runs = borders[i] };
		if (borders[i] < PAGE || borders[i] > UINT32_MAX)
			say(ioctl(fd, LEND_IOC_RUNS, &runs), "RUNS to %#" PRIx64, borders[i]);
		for (size_t k = 0; k < ARRAY_SIZE(borders); k++) {
			struct lend_sync sync = {
				.size = sizeof(sync), .flags = LEND_SYNC_FOR_CPU,
				.offset = borders[i], .length = borders[k],
			};

			say(ioctl(fd, LEND_IOC_SYNC, &sync), "SYNC %#" PRIx64 ", %#" PRIx64,
			    borders[i], borders[k]);
		}
	}
	close(fd);
}

static void dmabufs(int fd)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	void *mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	say(mem == MAP_FAILED ? -1 : 0, "map of the dma-buf");
	say(lseek(fd, 0, SEEK_END), "its end");
	say(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), "its sync");
	if (mem != MAP_FAILED)
		munmap(mem, 2 * PAGE);
	close(fd);
}

static void exports(void)
{
	static const uint32_t flags[] = { O_RDWR | O_CLOEXEC, O_RDONLY, 3, 4, O_APPEND, -1U };
	int fd = new_file(LEND_BACKING_PAGES, LEND_MAP_AUTO, 2 * PAGE), heap;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct lend_dmabuf ask = { .size = sizeof(ask), .flags = flags[i] };
		int dmabuf = ioctl(fd, LEND_IOC_DMABUF, &ask);

		say(dmabuf < 0 ? -1 : 0, "DMABUF %x", flags[i]);
		if (dmabuf >= 0)
			dmabufs(dmabuf);
	}
	close(fd);

	heap = open("/dev/dma_heap/lend", O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		struct dma_heap_allocation_data data = {
			.len = borders[i], .fd_flags = O_RDWR | O_CLOEXEC,
		};

		/* What there is memory for is not asked for. */
		if (borders[i] > PAGE && borders[i] < 1ULL << 40)
			continue;
		say(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), "heap %#" PRIx64, borders[i]);
		if (data.fd)
			close(data.fd);
	}
	close(heap);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: answers DIRECTORY\n");
		return 2;
	}
	dir = argv[1];
	sizes();
	bytes();
	for (uint32_t map = LEND_MAP_AUTO; map <= LEND_MAP_PFN; map++)
		mappings(map);
	setups();
	requests();
	exports();
	return fflush(stdout) ? 1 : 0;
}
