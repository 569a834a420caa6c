// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory lives until the last of its holders is gone, in whatever order they go,
 * and not a moment longer.
 */
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "kernel.h"
#include "maker.h"

#define SIZE	(4 * MiB)
#define SEED	0x11fe0000ULL
#define NAME	DIR "/lifetime"

/* A kind of memory and a way to map it: each test runs for all of them. */
struct kind {
	uint32_t backing;
	uint32_t map;
};

static int make_named(const struct kind *k)
{
	int fd = must(open(NAME, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
	struct lend_setup setup = {
		.size = sizeof(setup), .flags = LEND_SETUP_BACKING | LEND_SETUP_MAP,
		.backing = k->backing, .map = k->map,
	};

	must(ioctl(fd, LEND_IOC_SETUP, &setup));
	must(ftruncate(fd, SIZE));
	return fd;
}

static void is_gone(void)
{
	wait_for(used_bytes() == 0);
	assert_int_equal(used_inodes(), 1);
}

/* The holders, and how each lets go. */
struct holders {
	int fd;
	char *mem;
	char *half;		/* a second mapping, of its upper half */
	pid_t child;		/* has inherited descriptor and mapping */
	int child_pipe;
};

static void drop_name(struct holders *h)
{
	(void)h;
	must(unlink(NAME));
}

static void drop_fd(struct holders *h)
{
	must(close(h->fd));
}

static void drop_mapping(struct holders *h)
{
	must(munmap(h->mem, SIZE));
}

/* In two pieces, the middle first. */
static void drop_half(struct holders *h)
{
	must(munmap(h->half + 5 * PAGE, 7 * PAGE));
	must(munmap(h->half, SIZE / 2));
}

static void drop_child(struct holders *h)
{
	must(kill(h->child, SIGKILL));
	assert_int_equal(reap(h->child), 128 + SIGKILL);
	close(h->child_pipe);
}

static void (*const drops[])(struct holders *h) = {
	drop_name, drop_fd, drop_mapping, drop_half, drop_child,
};

#define HOLDERS ARRAY_SIZE(drops)

struct child_arg {
	struct holders *h;
	int ready;
};

static int hold(void *arg)
{
	struct child_arg *c = arg;

	check(has_pattern(c->h->mem, SIZE, SEED));
	check(write(c->ready, "r", 1) == 1);
	for (;;)
		pause();
}

static struct holders take_all(const struct kind *k)
{
	struct holders h = { .fd = make_named(k) };
	struct child_arg c = { .h = &h };
	int fds[2];
	char byte;

	h.mem = map_buffer(h.fd, SIZE);
	fill_pattern(h.mem, SIZE, SEED);
	h.half = must(mmap(NULL, SIZE / 2, PROT_READ, MAP_SHARED, h.fd, SIZE / 2));
	must(pipe2(fds, O_CLOEXEC));
	c.ready = fds[1];
	h.child = spawn(hold, &c);
	close(fds[1]);
	h.child_pipe = fds[0];
	assert_int_equal(must(read(fds[0], &byte, 1)), 1);
	return h;
}

/* What is still held still has its bytes. */
static void check_left(const struct holders *h, unsigned int left)
{
	const uint64_t *half = (const uint64_t *)h->half;
	char buf[PAGE];

	assert_int_equal(used_bytes(), SIZE);
	if (left & 1 << 2)
		assert_true(has_pattern(h->mem, SIZE, SEED));
	if (left & 1 << 3)
		assert_true(has_pattern(half, SIZE / 2, SEED + SIZE / 2 / sizeof(*half)));
	if (left & 1 << 1) {
		assert_int_equal(must(pread(h->fd, buf, PAGE, 3 * PAGE)), PAGE);
		assert_true(has_pattern(buf, PAGE, SEED + 3 * PAGE / 8));
	}
}

/* Lets go in every order there is: permutation number @nr of the holders. */
static void let_go(const struct kind *k, unsigned int nr)
{
	struct holders h = take_all(k);
	unsigned int left = (1 << HOLDERS) - 1;

	for (unsigned int n = HOLDERS; n; n--) {
		unsigned int skip = nr % n, i = 0;

		nr /= n;
		for (;; i++)
			if (left & 1 << i && !skip--)
				break;
		drops[i](&h);
		left &= ~(1 << i);
		if (left)
			check_left(&h, left);
	}
	is_gone();
}

static void every_order(void **state)
{
	(void)state;
	for (unsigned int nr = 0; nr < 120; nr++) {
		struct kind k = {
			backings[nr % ARRAY_SIZE(backings)], maps[nr / 4 % ARRAY_SIZE(maps)],
		};

		let_go(&k, nr);
	}
}

/*
 * One rule of ownership: the buffer holds one reference a folio, mappings add
 * theirs, and after unmap every count is the owner's alone.
 */
static void counts(void **state)
{
	(void)state;
	for (unsigned int b = 0; b < ARRAY_SIZE(backings); b++) {
		for (unsigned int m = 0; m < ARRAY_SIZE(maps); m++) {
			int fd = make_buffer(SIZE, backings[b], maps[m]);
			bool pfn = maps[m] == LEND_MAP_PFN;
			struct lend_info info;
			char *mem, *again;

			assert_int_equal(get_info(fd).held, 0);
			mem = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_POPULATE, fd, 0));
			again = must(mmap(NULL, SIZE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0));
			info = get_info(fd);
			assert_int_equal(info.mappings, 2);
			if (pfn)
				assert_int_equal(info.held, 0);
			else
				assert_int_equal(info.held,
						 2 * (info.flags & LEND_INFO_HUGE ? SIZE / HUGE : SIZE / PAGE));
			must(munmap(again, SIZE));
			assert_int_equal(get_info(fd).held, info.held / 2);
			must(munmap(mem, SIZE));
			info = get_info(fd);
			assert_int_equal(info.held, 0);
			assert_int_equal(info.mappings, 0);
			close(fd);
		}
	}
	is_gone();
}

/* mail 003's open and close: forks, splits and copies of a mapping are counted right. */
static int count_in_child(void *arg)
{
	int fd = *(int *)arg;

	return get_info(fd).mappings;
}

static void mappings_counted(void **state)
{
	int fd = make_buffer(SIZE, LEND_BACKING_FOLIOS, LEND_MAP_FAULT);
	char *mem = map_buffer(fd, SIZE), *moved;

	(void)state;
	mem[0] = 1;
	assert_int_equal(get_info(fd).mappings, 1);
	assert_int_equal(reap(spawn(count_in_child, &fd)), 2);
	assert_int_equal(get_info(fd).mappings, 1);
	must(munmap(mem + 3 * PAGE, PAGE));
	assert_int_equal(get_info(fd).mappings, 2);
	must(mprotect(mem + HUGE, PAGE, PROT_READ));
	assert_int_equal(get_info(fd).mappings, 4);
	assert_int_equal(reap(spawn(count_in_child, &fd)), 8);
	moved = must(mremap(mem, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE));
	assert_int_equal(moved[0], 1);
	assert_int_equal(get_info(fd).mappings, 4);
	must(munmap(moved, 3 * PAGE));
	must(munmap(mem, SIZE));
	assert_int_equal(get_info(fd).mappings, 0);
	close(fd);
	is_gone();
}

/* Killed while it makes, maps, touches and forks. */
static int busy(void *arg)
{
	int ready = *(int *)arg;

	for (unsigned int i = 0;; i++) {
		int fd = make_buffer(SIZE, backings[i % 4], maps[i % 3]);
		char *mem = map_buffer(fd, SIZE);
		pid_t pid;

		memset(mem, i, SIZE);
		if (i == 1)
			check(write(ready, "r", 1) == 1);
		pid = must(fork());
		if (!pid)
			_exit(mem[PAGE] != (char)i);
		check(reap(pid) == 0);
		munmap(mem, SIZE / 2);
		munmap(mem + SIZE / 2, SIZE / 2);
		close(fd);
	}
}

static void killed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		int fds[2];
		char byte;
		pid_t pid;

		must(pipe2(fds, O_CLOEXEC));
		pid = spawn(busy, &fds[1]);
		close(fds[1]);
		check(read(fds[0], &byte, 1) == 1);
		usleep(i * 1700);	/* another place each time; any is right */
		must(kill(pid, SIGKILL));
		assert_int_equal(reap(pid), 128 + SIGKILL);
		close(fds[0]);
	}
	is_gone();
}

/* A descriptor under way in a socket holds the memory when nobody else does. */
static void in_a_socket(void **state)
{
	int socks[2], fd = make_buffer(SIZE, LEND_BACKING_FOLIOS, 0);
	char *mem = map_buffer(fd, SIZE);

	(void)state;
	fill_pattern(mem, SIZE, SEED);
	must(munmap(mem, SIZE));
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	send_fd(socks[0], fd);
	must(close(fd));
	assert_int_equal(used_bytes(), SIZE);

	fd = recv_fd(socks[1]);
	mem = map_buffer(fd, SIZE);
	assert_true(has_pattern(mem, SIZE, SEED));
	must(munmap(mem, SIZE));

	/* Sent again and never taken. */
	send_fd(socks[0], fd);
	must(close(fd));
	assert_int_equal(used_bytes(), SIZE);
	close(socks[0]);
	close(socks[1]);
	is_gone();
}

static int receive(void *arg)
{
	int fd = recv_fd(*(int *)arg);
	char *mem = map_buffer(fd, SIZE);

	check(has_pattern(mem, SIZE, SEED));
	fill_pattern(mem, SIZE, ~SEED);
	return 0;
}

/* A process that knows only the descriptor it was handed. */
static void handed_over(void **state)
{
	(void)state;
	for (unsigned int b = 0; b < ARRAY_SIZE(backings); b++) {
		int socks[2], fd;
		char *mem;
		pid_t pid;

		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
		pid = spawn(receive, &socks[1]);
		fd = make_buffer(SIZE, backings[b], 0);
		mem = map_buffer(fd, SIZE);
		fill_pattern(mem, SIZE, SEED);
		send_fd(socks[0], fd);
		assert_int_equal(reap(pid), 0);
		assert_true(has_pattern(mem, SIZE, ~SEED));
		must(munmap(mem, SIZE));
		close(fd);
		close(socks[0]);
		close(socks[1]);
	}
	is_gone();
}

/* Unmount and unload are refused while something lives, and work after. */
static void unmount_and_unload(void **state)
{
	static const char dir[] = "/tmp/lend-lifetime";
	char *mem;
	int fd;

	(void)state;
	must(mkdir(dir, 0700));
	must(mount("lend", dir, "lend", 0, NULL));
	fd = must(open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
	must(ftruncate(fd, SIZE));
	must_fail(umount(dir), EBUSY);
	mem = map_buffer(fd, SIZE);
	fill_pattern(mem, SIZE, SEED);
	close(fd);
	must_fail(umount(dir), EBUSY);
	must_fail(syscall(SYS_delete_module, "lend", O_NONBLOCK), EWOULDBLOCK);

	/* Taken out of sight, the mount lives as long as the mapping. */
	must(umount2(dir, MNT_DETACH));
	must(umount(DIR));
	assert_true(has_pattern(mem, SIZE, SEED));
	must_fail(syscall(SYS_delete_module, "lend", O_NONBLOCK), EWOULDBLOCK);
	must(munmap(mem, SIZE));
	wait_for(syscall(SYS_delete_module, "lend", O_NONBLOCK) == 0);
	must_fail(mount("lend", dir, "lend", 0, NULL), ENODEV);
	must(rmdir(dir));
}

static int reload(void **state)
{
	char path[256];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/lend.ko", getenv("LEND_MODULES"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
		return -1;
	close(fd);
	return mount("lend", DIR, "lend", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static size_t free_memory(void)
{
	return meminfo("MemFree") + meminfo("Cached") + on_cpu_lists(-1);
}

/* Memory is where it was after all the above, again and again. */
static void memory_comes_back(void **state)
{
	size_t before, after;

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		before = free_memory();
		for (unsigned int i = 0; i < 12; i++) {
			int fd = make_buffer(64 * MiB, backings[i % 4], maps[i % 3]);
			char *mem = map_buffer(fd, 64 * MiB);

			mem[0] = 1;
			close(fd);
			munmap(mem, 64 * MiB);
		}
		is_gone();
	}
	/* 768 MiB went through: a leak of one buffer would show four times. */
	wait_for((after = free_memory()) + 48 * MiB > before);
}

static int declare_broken(void *arg)
{
	char *page = map_buffer(*(int *)arg, HUGE) + PAGE;

	*page = 1;
	must_fail(madvise(page, PAGE, MADV_HWPOISON), EBUSY);
	return 0;
}

/*
 * A page that was declared broken is never anybody's again, nor is the folio around it.
 * Some kernels (6.12) send SIGBUS to who has a folio mapped that they cannot split.
 */
static void broken_stays_away(void **state)
{
	int fd = make_buffer(HUGE, LEND_BACKING_FOLIOS, LEND_MAP_FAULT), ended;
	struct lend_phys_run *runs;
	uint64_t bad;
	size_t nr;

	(void)state;
	runs = get_runs(fd, &nr);
	assert_int_equal(nr, 1);
	bad = runs->phys + PAGE;
	free(runs);
	ended = reap(spawn(declare_broken, &fd));
	if (ended != 0)
		assert_int_equal(ended, 128 + SIGBUS);
	close(fd);
	is_gone();

	/* What was freed last is handed out first. */
	for (int round = 0; round < 8; round++) {
		fd = make_buffer(32 * MiB, LEND_BACKING_FOLIOS, 0);
		runs = get_runs(fd, &nr);
		for (size_t i = 0; i < nr; i++)
			assert_false(bad >= runs[i].phys && bad - runs[i].phys < runs[i].length);
		free(runs);
		close(fd);
		is_gone();
	}
}

/*
 * A page that broke while it was lent is kept from everybody, and what lies around it
 * stays good. It is the last one, which no folio of 2 MiB has.
 */
static void broken_is_not_lent(void **state)
{
	const size_t size = HUGE + 2 * PAGE, at = size - PAGE;
	static const uint32_t kinds[][2] = {
		{ LEND_BACKING_FOLIOS, LEND_MAP_FAULT }, { LEND_BACKING_PAGES, LEND_MAP_FAULT },
		{ LEND_BACKING_PAGES, LEND_MAP_INSERT },
	};

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		int fd = make_buffer(size, kinds[k][0], kinds[k][1]);
		struct lend_phys_run *runs;
		char text[8], *mem;
		size_t nr;

		write_pattern(fd, size, k);
		runs = get_runs(fd, &nr);
		hard_offline(phys_at(runs, nr, at));
		free(runs);

		mem = map_buffer(fd, size);
		assert_true(has_pattern(mem, at, k));
		assert_int_equal(probe_read(mem + at), 128 + SIGBUS);
		assert_int_equal(probe_read(mem + at), 128 + SIGBUS);
		assert_int_equal(must(pread(fd, text, 8, at - 4)), 4);
		must_fail(pread(fd, text, 8, at), EIO);
		must_fail(pwrite(fd, text, 8, at), EIO);
		assert_true(has_pattern(mem, at, k));
		must(munmap(mem, size));
		close(fd);
		is_gone();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order),
		cmocka_unit_test(counts),
		cmocka_unit_test(mappings_counted),
		cmocka_unit_test(killed),
		cmocka_unit_test(in_a_socket),
		cmocka_unit_test(handed_over),
		cmocka_unit_test(memory_comes_back),
		cmocka_unit_test(broken_stays_away),
		cmocka_unit_test(broken_is_not_lent),
		cmocka_unit_test_teardown(unmount_and_unload, reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
