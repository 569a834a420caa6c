// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lent memory that a device, a socket or a pipe holds stays where it is, with
 * what is in it, when the file's name, descriptor and mapping are gone, and
 * whatever the machine does for want of memory.
 */
#include <libaio.h>
#include <linux/fs.h>
#include <linux/if_xdp.h>
#include <linux/mempolicy.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "hold.h"
#include "pressure.h"
#include "system.h"

#define SIZE	(2 * HUGE + 3 * PAGE)
#define AREA	(8 * MiB)		/* of the disk, for one buffer */
#define HALF	(SIZE / PAGE / 2 * PAGE)
#define FEW	(8 * PAGE)		/* in a pipe, across the 2 MiB border */
#define AT	(HUGE - 3 * PAGE)
#define FROM	"lend-from"
#define TO	"lend-to"
#define SWAP	"lend-swap"

/* Of each kind, by each way that can be pinned. */
#define KINDS	(2 * ARRAY_SIZE(backings))

struct lent {
	int fd;
	char name[64];
	char *mem;
	struct lend_phys_run *runs;
	size_t nr;
};

static struct lent on_disk[KINDS], in_socket[KINDS], in_pipe[KINDS];

#define for_each(l, set) for (struct lent *l = set; l < set + KINDS; l++)

static int sockets[KINDS], pipes[KINDS][2];
static struct iocb reads[KINDS], writes[KINDS];
static io_context_t reading, writing;
static int from, to;

static uint64_t used_before;

/* Different in each, and on the disk. */
static uint64_t seed_of(const struct lent *l)
{
	return (uint64_t)(uintptr_t)l << 20;
}

#define DISK_SEED(i)	(((i) + 1UL) << 56)

static void lend(struct lent *l, size_t i, const char *holder)
{
	uint32_t way = i % 2 ? LEND_MAP_INSERT : LEND_MAP_FAULT;
	struct lend_setup setup_of = {
		.size = sizeof(setup_of), .flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = backings[i / 2], .map = way,
	};

	snprintf(l->name, sizeof(l->name), DIR "/pinned.%s.%zu", holder, i);
	l->fd = must(open(l->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	must(ioctl(l->fd, LEND_IOC_SETUP, &setup_of));
	must(ftruncate(l->fd, SIZE));
	l->mem = map_buffer(l->fd, SIZE);
	fill_pattern(l->mem, SIZE, seed_of(l));
	l->runs = get_runs(l->fd, &l->nr);
}

/* What is on the disk, past the devices made of it and what the kernel kept. */
static void disk_pattern(int disk, uint64_t at, size_t size, uint64_t seed)
{
	char *bytes = malloc(size);

	check(bytes);
	fill_pattern(bytes, size, seed);
	check(must(pwrite(disk, bytes, size, at)) == (ssize_t)size);
	free(bytes);
}

static bool disk_has(int disk, uint64_t at, size_t size, uint64_t seed)
{
	char *bytes = malloc(size);
	bool same;

	check(bytes);
	check(must(pread(disk, bytes, size, at)) == (ssize_t)size);
	same = has_pattern(bytes, size, seed);
	free(bytes);
	return same;
}

/*
 * In flight: the disk's bytes into the first half, then all of it to the disk.
 * Neither device does it before it is told to.
 */
static void hold_on_disk(void)
{
	int disk = must(open(DISK, O_RDWR | O_CLOEXEC));

	for (size_t i = 0; i < KINDS; i++) {
		disk_pattern(disk, i * AREA, HALF, DISK_SEED(i));
		disk_pattern(disk, (KINDS + i) * AREA, SIZE, 0);
	}
	must(fsync(disk));
	must(ioctl(disk, BLKFLSBUF, 0));
	close(disk);

	from = must(open("/dev/mapper/" FROM, O_RDONLY | O_DIRECT | O_CLOEXEC));
	to = must(open("/dev/mapper/" TO, O_WRONLY | O_DIRECT | O_CLOEXEC));
	suspend_device(FROM);
	suspend_device(TO);
	check(!io_setup(KINDS, &reading) && !io_setup(KINDS, &writing));
	for (size_t i = 0; i < KINDS; i++) {
		struct lent *l = on_disk + i;
		struct iocb *request = reads + i;

		lend(l, i, "disk");
		io_prep_pread(request, from, l->mem, HALF, i * AREA);
		check(io_submit(reading, 1, &request) == 1);
		request = writes + i;
		io_prep_pwrite(request, to, l->mem, SIZE, i * AREA);
		check(io_submit(writing, 1, &request) == 1);
	}
}

/* The longest pin: a socket's packet memory. */
static void hold_in_sockets(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct lent *l = in_socket + i;
		struct xdp_umem_reg area = { .len = SIZE, .chunk_size = PAGE };

		lend(l, i, "socket");
		area.addr = (uintptr_t)l->mem;
		sockets[i] = must(socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
		must(setsockopt(sockets[i], SOL_XDP, XDP_UMEM_REG, &area, sizeof(area)));
	}
}

static void hold_in_pipes(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct lent *l = in_pipe + i;

		lend(l, i, "pipe");
		must(pipe2(pipes[i], O_CLOEXEC));
		check(vmsplice(pipes[i][1], &(struct iovec){ l->mem + AT, FEW }, 1, 0) == FEW);
	}
}

static int set_up(void **state)
{
	uint64_t after = 2 * KINDS * AREA;

	(void)state;
	used_before = used_bytes();
	make_device(FROM, 0, KINDS * AREA);
	make_device(TO, KINDS * AREA, KINDS * AREA);
	make_device(SWAP, after, disk_size() - after);
	check(shell("mkswap /dev/mapper/" SWAP " >/dev/null") == 0);
	must(swapon("/dev/mapper/" SWAP, 0));
	hold_on_disk();
	hold_in_sockets();
	hold_in_pipes();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	write_text("/proc/sys/vm/nr_hugepages", "0");
	must(swapoff("/dev/mapper/" SWAP));
	resume_device(FROM);
	resume_device(TO);
	close(from);
	close(to);
	remove_device(SWAP);
	remove_device(TO);
	remove_device(FROM);
	return 0;
}

static void check_place(const struct lent *l)
{
	for (size_t at = 0; at < SIZE; at += PAGE) {
		(void)*(volatile char *)(l->mem + at);
		check(physical(l->mem + at) == phys_at(l->runs, l->nr, at));
	}
}

/* Asked to go, pages that are in use stay. */
static void asked_to_go(struct lent *l)
{
	must(madvise(l->mem, SIZE, MADV_COLD));
	must(madvise(l->mem, SIZE, MADV_PAGEOUT));
	for (size_t at = 0; at < SIZE; at += 16 * PAGE) {
		void *page = l->mem + at;
		int node, status;

		must(syscall(SYS_move_pages, 0, 1, &page, NULL, &node, 0));
		if (node < 0)
			continue;	/* not in the page tables now */
		node = !node;
		syscall(SYS_move_pages, 0, 1, &page, &node, &status, MPOL_MF_MOVE_ALL);
	}
	check_place(l);
}

static void asked(void **state)
{
	(void)state;
	for_each(l, on_disk)
		asked_to_go(l);
	for_each(l, in_socket)
		asked_to_go(l);
	for_each(l, in_pipe)
		asked_to_go(l);
}

static void unmap(struct lent *l)
{
	must(munmap(l->mem, SIZE));
	must(unlink(l->name));
	check(get_info(l->fd).mappings == 0);
}

/* Without mappings INFO shows what else holds them; then nobody can ask any more. */
static void let_go(void **state)
{
	struct io_event event;

	(void)state;
	for_each(l, on_disk) {
		unmap(l);
		/* Direct I/O takes references, which 6.1 does not count as pins (7.x does). */
		assert_int_equal(get_info(l->fd).held, (HALF + SIZE) / PAGE);
		close(l->fd);
	}
	for_each(l, in_pipe) {
		unmap(l);
		assert_int_equal(get_info(l->fd).held, FEW / PAGE);
		close(l->fd);
	}
	for_each(l, in_socket) {
		unmap(l);
		assert_int_equal(get_info(l->fd).pinned, get_info(l->fd).memory);
		assert_true(get_info(l->fd).held >= SIZE / PAGE);
	}
	/* The sockets' files are open still. */
	assert_int_equal(used_bytes() - used_before, KINDS * SIZE);
	check(io_getevents(reading, 0, 1, &event, &(struct timespec){ 0 }) == 0);
	check(io_getevents(writing, 0, 1, &event, &(struct timespec){ 0 }) == 0);
}

static void hard_times(void **state)
{
	char text[32];

	(void)state;
	/* Most of the memory goes away at once, rather than page by page. */
	check(meminfo("MemAvailable") > GiB);
	snprintf(text, sizeof(text), "%zu", (meminfo("MemAvailable") - 500 * MiB) / HUGE);
	write_text("/proc/sys/vm/nr_hugepages", text);
	swap_out();
	compact();
	write_text("/proc/sys/vm/nr_hugepages", "0");
}

static void finish(const char *device, io_context_t context, size_t size)
{
	struct io_event events[KINDS];

	resume_device(device);
	check(io_getevents(context, KINDS, KINDS, events, NULL) == KINDS);
	for (size_t i = 0; i < KINDS; i++)
		check(events[i].res == size);
	check(!io_destroy(context));
}

static size_t free_memory(void)
{
	return meminfo("MemFree") + on_cpu_lists(-1);
}

/* The disk writes into memory that only it knows, and reads it from there. */
static void completed(void **state)
{
	size_t before = free_memory();
	int disk;

	(void)state;
	finish(FROM, reading, HALF);
	finish(TO, writing, SIZE);
	/* With the last request the memory is the kernel's again. */
	wait_for(free_memory() > before + KINDS * SIZE * 3 / 4);

	disk = must(open(DISK, O_RDONLY | O_CLOEXEC));
	must(ioctl(disk, BLKFLSBUF, 0));
	for (size_t i = 0; i < KINDS; i++) {
		uint64_t at = (KINDS + i) * AREA;

		check(disk_has(disk, at, HALF, DISK_SEED(i)));
		check(disk_has(disk, at + HALF, SIZE - HALF, seed_of(on_disk + i) + HALF / 8));
	}
	close(disk);
}

static void read_from_pipes(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		char got[FEW];

		check(must(read(pipes[i][0], got, FEW)) == FEW);
		check(has_pattern(got, FEW, seed_of(in_pipe + i) + AT / 8));
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void sockets_closed(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct lent *l = in_socket + i;

		check(file_has_pattern(l->fd, SIZE, seed_of(l)));
		check(get_info(l->fd).pinned == get_info(l->fd).memory);
		l->mem = map_buffer(l->fd, SIZE);
		check_place(l);
		must(munmap(l->mem, SIZE));
		close(sockets[i]);
		wait_for(get_info(l->fd).held == 0);
		check(get_info(l->fd).pinned == 0);
		close(l->fd);
	}
	assert_int_equal(used_bytes(), used_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked),
		cmocka_unit_test(let_go),
		cmocka_unit_test(hard_times),
		cmocka_unit_test(completed),
		cmocka_unit_test(read_from_pipes),
		cmocka_unit_test(sockets_closed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
