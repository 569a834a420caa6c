// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is set aside as the module is loaded: who gets it and who does not, that
 * it comes back, zeroed, and that the machine has it again afterwards.
 */
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "cgroup.h"
#include "sweep.h"
#include "system.h"

#define RESERVE	(64 * MiB)

static uint64_t reserve_free(void)
{
	FILE *file = fopen("/sys/module/lend/parameters/reserve_free", "re");
	uint64_t bytes;

	check(file);
	check(fscanf(file, "%lu", &bytes) == 1);
	fclose(file);
	return bytes;
}

static int module;		/* its file */

/* 0, or -1 and errno. */
static int load(const char *parameters)
{
	return syscall(SYS_finit_module, module, parameters, 0);
}

static void unload(void)
{
	wait_for(syscall(SYS_delete_module, "lend", O_NONBLOCK) == 0);
}

static int without(void **state)
{
	(void)state;
	must(umount(DIR));
	unload();
	return 0;
}

static int with(const char *parameters)
{
	must(load(parameters));
	return mount("lend", DIR, "lend", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static int set_up(void **state)
{
	without(state);
	return with("reserve=64M");
}

static int tear_down(void **state)
{
	without(state);
	return with("");
}

/* As before the test; a test that failed does not spoil the next. */
static int all_back(void **state)
{
	(void)state;
	wait_for(reserve_free() == RESERVE);
	return 0;
}

static bool is_zero(int fd, size_t size)
{
	const char *mem = map_buffer(fd, size);
	bool zero = !mem[0] && !memcmp(mem, mem + 1, size - 1);

	must(munmap((void *)mem, size));
	return zero;
}

/* Lent, written to, given back, lent again: all of it, and all of it zero. */
static void lent(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd;

		wait_for(reserve_free() == RESERVE);
		fd = make_buffer(RESERVE, LEND_BACKING_FOLIOS, 0);
		assert_int_equal(reserve_free(), 0);
		assert_int_equal(get_info(fd).huge, RESERVE);
		check(is_zero(fd, RESERVE));
		write_pattern(fd, RESERVE, i);
		check(file_has_pattern(fd, RESERVE, i));
		close(fd);
	}
}

/* In one run, and of folios, on kernels too that move only single pages aside. */
static void one_run(void **state)
{
	int first, fd;

	(void)state;
	first = make_buffer(HUGE, LEND_BACKING_CONTIG, 0);
	assert_int_equal(reserve_free(), RESERVE - HUGE);
	fd = make_buffer(RESERVE / 2, LEND_BACKING_CONTIG, 0);
	assert_int_equal(get_info(fd).runs, 1);
	assert_int_equal(get_info(fd).huge, RESERVE / 2);
	assert_int_equal(reserve_free(), RESERVE / 2 - HUGE);
	write_pattern(fd, RESERVE / 2, 1);
	check(file_has_pattern(fd, RESERVE / 2, 1));
	close(first);
	close(fd);
	wait_for(reserve_free() == RESERVE);
	/* And all of it. */
	fd = make_buffer(RESERVE, LEND_BACKING_CONTIG, 0);
	assert_int_equal(reserve_free(), 0);
	assert_int_equal(get_info(fd).huge, RESERVE);
	close(fd);
}

/* What it does not have comes from elsewhere. */
static void and_more(void **state)
{
	size_t more = RESERVE + 3 * HUGE + 5 * PAGE;
	int fd = make_buffer(more, LEND_BACKING_FOLIOS, 0);

	(void)state;
	assert_int_equal(reserve_free(), 0);
	check(is_zero(fd, more));
	close(fd);
	wait_for(reserve_free() == RESERVE);

	fd = make_buffer(5 * MiB + 3 * PAGE, LEND_BACKING_FOLIOS, 0);
	assert_int_equal(reserve_free(), RESERVE - 2 * HUGE);
	close(fd);
	wait_for(reserve_free() == RESERVE);
	fd = make_buffer(RESERVE + HUGE, LEND_BACKING_CONTIG, 0);
	assert_int_equal(reserve_free(), RESERVE);
	close(fd);
}

static void takes_nothing(int fd, size_t size)
{
	must(ftruncate(fd, size));
	assert_int_equal(reserve_free(), RESERVE);
	close(fd);
}

/* Single pages; a run that is no whole folio; and what lies out of a device's reach. */
static void not_for_these(void **state)
{
	int fd;

	(void)state;
	takes_nothing(make_empty(LEND_BACKING_PAGES, 0), 4 * HUGE);
	takes_nothing(make_empty(LEND_BACKING_VMALLOC, 0), 4 * HUGE);
	takes_nothing(make_empty(LEND_BACKING_CONTIG, 0), HUGE + PAGE);
	takes_nothing(make_empty(LEND_BACKING_FOLIOS, 0), HUGE - PAGE);
	fd = make_empty(LEND_BACKING_FOLIOS, 0);
	must(setup(fd, LEND_SETUP_DMA_BITS, 0, 24));
	takes_nothing(fd, HUGE);
}

/* It cannot be charged: who has a limit gets around it with CAP_SYS_RESOURCE alone. */
static int fill_limited(void *arg)
{
	const int *fds = arg;

	write_textf(CGROUP "/cgroup.procs", "%d", getpid());
	must(ftruncate(fds[0], 4 * HUGE));
	give_up(CAP_SYS_RESOURCE);
	must(ftruncate(fds[1], 4 * HUGE));
	return 0;
}

static void limits_hold(void **state)
{
	int fds[] = { make_empty(LEND_BACKING_FOLIOS, 0), make_empty(LEND_BACKING_FOLIOS, 0) };

	(void)state;
	must(mkdir(CGROUP, 0755));
	write_textf(CGROUP "/memory.max", "%lu", 32 * MiB);
	check(reap(spawn(fill_limited, fds)) == 0);
	assert_int_equal(reserve_free(), RESERVE - 4 * HUGE);
	check(get_info(fds[0]).why & LEND_WHY_NO_MEMCG);
	close(fds[0]);
	wait_for(reserve_free() == RESERVE);
	close(fds[1]);
	wait_for(rmdir(CGROUP) == 0);
}

/* What a pipe still holds nobody else gets, until it lets go. */
static void pinned(void **state)
{
	int fd = make_buffer(2 * HUGE, LEND_BACKING_FOLIOS, 0), ends[2], other;
	char *mem = map_buffer(fd, 2 * HUGE), byte;
	struct iovec page = { mem + HUGE, 1 };

	(void)state;
	mem[HUGE] = 'x';
	must(pipe2(ends, O_CLOEXEC));
	must(vmsplice(ends[1], &page, 1, 0));
	must(munmap(mem, 2 * HUGE));
	close(fd);
	wait_for(reserve_free() == RESERVE - HUGE);
	other = make_buffer(RESERVE, LEND_BACKING_FOLIOS, 0);
	assert_int_equal(reserve_free(), 0);
	check(is_zero(other, RESERVE));
	close(other);
	check(must(read(ends[0], &byte, 1)) == 1 && byte == 'x');
	close(ends[0]);
	close(ends[1]);
}

/* As soon as the kernel looks for memory, if that was asked for, and not otherwise. */
static void yields(void **state)
{
	size_t before;

	write_text("/proc/sys/vm/drop_caches", "2");
	assert_int_equal(reserve_free(), RESERVE);

	without(state);
	must(with("reserve=64M reserve_yield=1"));
	before = available();
	write_text("/proc/sys/vm/drop_caches", "2");
	wait_for(reserve_free() == 0);
	wait_for(available() + 16 * MiB > before + RESERVE);
	close(make_buffer(HUGE, LEND_BACKING_FOLIOS, 0));
	without(state);
	must(with("reserve=64M"));
}

/* All that is left of the reserve is lent, and the page there is not of it. */
static void not_lent(uint64_t bad)
{
	int fd = make_buffer(RESERVE, LEND_BACKING_FOLIOS, 0);
	size_t nr;
	struct lend_phys_run *runs = get_runs(fd, &nr);

	assert_int_equal(reserve_free(), 0);
	for (size_t i = 0; i < nr; i++)
		check(bad < runs[i].phys || bad - runs[i].phys >= runs[i].length);
	free(runs);
	close(fd);
	wait_for(reserve_free() == RESERVE - HUGE);
}

/* A page that broke while nobody had it is lent to nobody. */
static void broken_while_idle(void **state)
{
	struct lend_phys_run *runs;
	uint64_t bad;
	size_t nr;
	int fd;

	(void)state;
	fd = make_buffer(RESERVE, LEND_BACKING_FOLIOS, 0);
	runs = get_runs(fd, &nr);
	bad = phys_at(runs, nr, 3 * HUGE + PAGE);
	free(runs);
	close(fd);
	wait_for(reserve_free() == RESERVE);
	hard_offline(bad);
	not_lent(bad);
	/* Another reserve has none of it. */
	without(state);
	must(with("reserve=64M"));
}

/* Nor one that broke while somebody still had its folio pinned. */
static void broken_while_pinned(void **state)
{
	int fd = make_buffer(3 * HUGE, LEND_BACKING_FOLIOS, 0), ends[2];
	char *mem = map_buffer(fd, 3 * HUGE), bytes[2];
	struct iovec pages[] = { { mem + HUGE, 1 }, { mem + 2 * HUGE, 1 } };
	struct lend_phys_run *runs;
	uint64_t bad;
	size_t nr;

	(void)state;
	runs = get_runs(fd, &nr);
	bad = phys_at(runs, nr, HUGE + PAGE);
	free(runs);
	mem[HUGE] = mem[2 * HUGE] = 1;
	must(pipe2(ends, O_CLOEXEC));
	check(must(vmsplice(ends[1], pages, 2, 0)) == 2);
	must(munmap(mem, 3 * HUGE));
	close(fd);
	wait_for(reserve_free() == RESERVE - 2 * HUGE);
	hard_offline(bad);
	/* Who is lent something now has looked for what broke. */
	close(make_buffer(HUGE, LEND_BACKING_FOLIOS, 0));

	check(must(read(ends[0], bytes, 2)) == 2);
	close(ends[0]);
	close(ends[1]);
	/* The other one comes back. */
	wait_for(reserve_free() >= RESERVE - HUGE);
	not_lent(bad);
	without(state);
	must(with("reserve=64M"));
}

/* What is set aside is lent however short of memory the machine is. */
static void machine_short(void **state)
{
	size_t low = meminfo("MemTotal") / 40, most = meminfo("MemTotal");
	char *mem = must(mmap(NULL, most, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	size_t at = 0;
	int fd;

	(void)state;
	/* The kernel goes on making room for a while. */
	for (bool refused = false; !refused;) {
		for (; meminfo("MemAvailable") > low; at += MiB)
			fault_in(mem + at, MiB);
		fd = make_empty(LEND_BACKING_PAGES, 0);
		refused = ftruncate(fd, MiB) < 0;
		check(!refused || errno == ENOMEM);
		close(fd);
	}
	fd = make_buffer(4 * HUGE, LEND_BACKING_CONTIG, 0);
	assert_int_equal(reserve_free(), RESERVE - 4 * HUGE);
	close(fd);
	wait_for(reserve_free() == RESERVE);
	close(make_buffer(RESERVE, LEND_BACKING_FOLIOS, 0));
	must(munmap(mem, most));
}

static void unloaded(void **state)
{
	size_t before;

	without(state);
	before = available();
	must(with("reserve=64M"));
	check(available() < before - RESERVE / 2);
	close(make_buffer(4 * HUGE, LEND_BACKING_FOLIOS, 0));
	without(state);
	wait_for(available() + 16 * MiB > before);
	must(with("reserve=64M"));
}

static void refused_sizes(void **state)
{
	static const struct {
		const char *parameters;
		int error;
	} refusals[] = {
		{ "reserve=", EINVAL }, { "reserve=many", EINVAL }, { "reserve=64MB", EINVAL },
		{ "reserve=-1", EINVAL }, { "reserve=1T", ENOMEM }, { "reserve=16E", ENOMEM },
		{ "reserve_yield=perhaps", EINVAL },
	};

	without(state);
	write_text("/dev/kmsg", "<4>lend-test: expect lend: \n");
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		errno = 0;
		if (load(refusals[i].parameters) != -1 || errno != refusals[i].error)
			failed("%s: %s", refusals[i].parameters, strerror(errno));
	}
	write_text("/dev/kmsg", "<4>lend-test: expected\n");
	must(with("reserve=0"));
	assert_int_equal(reserve_free(), 0);
	without(state);
	/* Whole folios, rounded up; a part of the machine's memory. */
	must(with("reserve=3M"));
	assert_int_equal(reserve_free(), 2 * HUGE);
	without(state);
	must(with("reserve=2%"));
	check(reserve_free() >= meminfo("MemTotal") / 50 &&
	      reserve_free() <= meminfo("MemTotal") / 50 + HUGE);
	without(state);
	must(with("reserve=64M"));
}

/* --- every allocation failed in turn */

static void empty_file(struct scene *s)
{
	wait_for(reserve_free() == RESERVE);
	s->fd = make_empty(s->backing, s->map);
}

static int size_it(struct scene *s)
{
	return ftruncate(s->fd, s->size);
}

static void given_back(struct scene *s)
{
	(void)s;
	wait_for(reserve_free() == RESERVE);
}

static void close_it(struct scene *s)
{
	close(s->fd);
}

static struct sweep sweeps[] = {
	{ "folios: ftruncate", empty_file, size_it, given_back, close_it,
	  { LEND_BACKING_FOLIOS, 0, 12 * HUGE + 5 * PAGE } },
	{ "contig: ftruncate", empty_file, size_it, given_back, close_it,
	  { LEND_BACKING_CONTIG, 0, 12 * HUGE } },
};

/* What lend itself allocates as it is loaded comes last: the kernel's loader is before it. */
#define LAST_POINTS	100

static void loading_fails(void **state)
{
	unsigned long n, first, seen;
	bool hit;

	without(state);
	arm(1000000000, 1);
	must(load("reserve=8M reserve_yield=1"));
	check(!disarm(&seen) && seen > LAST_POINTS);
	unload();
	first = n = seen - LAST_POINTS;
	write_text("/dev/kmsg", "<4>lend-test: expect page allocation failure|percpu: allocation failed|lend: \n");
	do {
		int ret;

		arm(n++, 1);
		ret = load("reserve=8M reserve_yield=1");
		hit = disarm(&seen);
		if (ret) {
			check(hit && access("/sys/module/lend", F_OK));
			must(load("reserve=8M reserve_yield=1"));
		}
		check(reserve_free() == 8 * MiB);
		unload();
	} while (hit);
	write_text("/dev/kmsg", "<4>lend-test: expected\n");
	printf("# loading: %lu points\n", n - 1 - first);
	check(n - first > LAST_POINTS / 4);
	must(with("reserve=64M"));
}

static int begin(void **state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/lend.ko", getenv("LEND_MODULES"));
	module = must(open(path, O_RDONLY | O_CLOEXEC));
	return sweep_set_up(state) || set_up(state);
}

static int end(void **state)
{
	int failed = sweep_tear_down(state) || tear_down(state);

	close(module);
	return failed;
}

#define reserve_test(fn) cmocka_unit_test_setup_teardown(fn, all_back, all_back)
#define SWEEP(i) { sweeps[i].name, sweep, all_back, all_back, &sweeps[i] }

int main(void)
{
	const struct CMUnitTest tests[] = {
		reserve_test(lent),
		reserve_test(one_run),
		reserve_test(and_more),
		reserve_test(not_for_these),
		reserve_test(limits_hold),
		reserve_test(pinned),
		reserve_test(machine_short),
		reserve_test(yields),
		reserve_test(broken_while_idle),
		reserve_test(broken_while_pinned),
		reserve_test(unloaded),
		reserve_test(refused_sizes),
		SWEEP(0),
		SWEEP(1),
		reserve_test(loading_fails),
	};

	return run_able("reserve", tests, ARRAY_SIZE(tests), begin, end);
}
