// SPDX-License-Identifier: GPL-2.0-only
/*
 * An RDMA registration holds lent memory alone: without name, file and mapping it
 * stays where it is, with what is in it, whatever the machine does for want of memory.
 */
#include <elf.h>
#include <sys/socket.h>
#include <linux/kernel-page-flags.h>

#include "pressure.h"
#include "verbs/verbs.h"

#define SIZE	(16 * MiB)
#define NR	ARRAY_SIZE(lent)

/* Every kind by both ways of mapping that can be pinned. */
static struct lent {
	int fd;
	char name[32];
	char *mem;
	struct lend_phys_run *runs;
	size_t nr;
	struct endpoint end;
} lent[2 * ARRAY_SIZE(backings)];

static pid_t peer;
static int sock;
static uint64_t used_before;

static uint64_t seed(size_t i, bool written)
{
	return (uint64_t)(2 * i + written + 1) << 40;
}

/* The other process reads all of it, and later writes something else there. */
static int peer_main(void *arg)
{
	char *mem = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct endpoint ends[NR];
	int *socks = arg;

	close(socks[0]);
	for (size_t i = 0; i < NR; i++) {
		open_endpoint(&ends[i], socks[1]);
		must(register_memory(&ends[i], mem, SIZE, 0));
		connect_endpoint(&ends[i], IBV_MTU_1024);
	}
	hear(socks[1], 'r');
	for (size_t i = 0; i < NR; i++) {
		memset(mem, 0, SIZE);
		check(transfer(&ends[i], IBV_WR_RDMA_READ, SIZE) == IBV_WC_SUCCESS);
		check(has_pattern(mem, SIZE, seed(i, false)));
	}
	say(socks[1], 'r');
	hear(socks[1], 'w');
	for (size_t i = 0; i < NR; i++) {
		fill_pattern(mem, SIZE, seed(i, true));
		check(transfer(&ends[i], IBV_WR_RDMA_WRITE, SIZE) == IBV_WC_SUCCESS);
	}
	say(socks[1], 'w');
	return 0;
}

static void lend_one(struct lent *l)
{
	size_t i = l - lent;
	struct lend_setup setup = {
		.size = sizeof(setup),
		.flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = backings[i / 2],
		.map = i % 2 ? LEND_MAP_INSERT : LEND_MAP_FAULT,
	};

	snprintf(l->name, sizeof(l->name), DIR "/pinned%zu", i);
	l->fd = must(open(l->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	must(ioctl(l->fd, LEND_IOC_SETUP, &setup));
	must(ftruncate(l->fd, SIZE));
	l->mem = map_buffer(l->fd, SIZE);
	fill_pattern(l->mem, SIZE, seed(i, false));
	open_endpoint(&l->end, sock);
	must(register_memory(&l->end, l->mem, SIZE, REMOTE));
	connect_endpoint(&l->end, IBV_MTU_1024);

	l->runs = get_runs(l->fd, &l->nr);
	for (size_t at = 0; at < SIZE; at += PAGE)
		check(physical(l->mem + at) == phys_at(l->runs, l->nr, at));
}

static int set_up(void **state)
{
	int socks[2];

	rdma_up(state);
	swap_on();
	limit_cpu_lists();
	used_before = used_bytes();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	peer = spawn(peer_main, socks);
	close(socks[1]);
	sock = socks[0];
	for (size_t i = 0; i < NR; i++)
		lend_one(&lent[i]);
	return 0;
}

static int tear_down(void **state)
{
	for (size_t i = 0; i < NR; i++)
		free(lent[i].runs);
	unlimit_cpu_lists();
	swap_off();
	return rdma_down(state);
}

/* How many of the pages that were lent nobody has now. */
static size_t free_pages(void)
{
	static uint64_t flags[SIZE / PAGE];
	int fd = must(open("/proc/kpageflags", O_RDONLY | O_CLOEXEC));
	size_t nr = 0;

	for (size_t i = 0; i < NR; i++)
		for (size_t r = 0; r < lent[i].nr; r++) {
			const struct lend_phys_run *run = &lent[i].runs[r];
			ssize_t size = run->length / PAGE * 8;

			check(must(pread(fd, flags, size, run->phys / PAGE * 8)) == size);
			for (size_t p = 0; p < run->length / PAGE; p++)
				nr += flags[p] >> KPF_BUDDY & 1;
		}
	close(fd);
	return nr;
}

/* Reads physical memory by the kernel's own mapping of all of it. */
static void read_physical(uint64_t phys, void *to, size_t size)
{
	int fd = must(open("/proc/kcore", O_RDONLY | O_CLOEXEC));
	bool found = false;
	Elf64_Phdr part;
	Elf64_Ehdr elf;

	check(must(pread(fd, &elf, sizeof(elf), 0)) == sizeof(elf));
	for (int i = 0; i < elf.e_phnum && !found; i++) {
		off_t at = elf.e_phoff + i * sizeof(part);

		check(must(pread(fd, &part, sizeof(part), at)) == sizeof(part));
		found = part.p_type == PT_LOAD && part.p_paddr != (Elf64_Addr)-1 &&
			phys >= part.p_paddr && phys + size <= part.p_paddr + part.p_memsz;
	}
	check(found);
	check((size_t)must(pread(fd, to, size, part.p_offset + phys - part.p_paddr)) == size);
	close(fd);
}

/* What is at the very addresses the memory had when it was registered. */
static void check_physical(bool written)
{
	static char bytes[SIZE];

	for (size_t i = 0; i < NR; i++)
		for (size_t r = 0; r < lent[i].nr; r++) {
			const struct lend_phys_run *run = &lent[i].runs[r];

			read_physical(run->phys, bytes, run->length);
			check(has_pattern(bytes, run->length, seed(i, written) + run->offset / 8));
		}
}

/* Neither name, file nor mapping is left, and what pins hold is not counted. */
static void outlives(void **state)
{
	(void)state;
	assert_int_equal(used_bytes() - used_before, NR * SIZE);
	for (size_t i = 0; i < NR; i++) {
		struct lend_info info = get_info(lent[i].fd);

		assert_int_equal(info.pinned, SIZE);
		assert_true(info.held >= SIZE / PAGE);
		must(unlink(lent[i].name));
		must(close(lent[i].fd));
		must(munmap(lent[i].mem, SIZE));
	}
	wait_for(used_bytes() == used_before);
	assert_int_equal(free_pages(), 0);
	check_physical(false);
}

static void under_pressure(void **state)
{
	(void)state;
	swap_out();
	compact();
	assert_int_equal(free_pages(), 0);
	check_physical(false);
}

/* The device still reaches the same memory. */
static void still_registered(void **state)
{
	(void)state;
	say(sock, 'r');
	hear(sock, 'r');
	say(sock, 'w');
	hear(sock, 'w');
	check_physical(true);
	assert_int_equal(reap(peer), 0);
}

/*
 * With the registration goes the memory, that of each of them: less than half of one
 * may be somebody else's by now, or on a processor's list.
 */
static void given_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR; i++)
		close_endpoint(&lent[i].end);
	close(sock);
	wait_for(free_pages() > NR * SIZE / PAGE - SIZE / PAGE / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outlives),
		cmocka_unit_test(under_pressure),
		cmocka_unit_test(still_registered),
		cmocka_unit_test(given_back),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
