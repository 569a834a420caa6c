// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>
#include <sys/socket.h>

#include "../common/dmabuf.h"
#include "../common/kernel.h"
#include "routes.h"
#include "security.h"

#define NAME	DIR "/read-only"

/* One descriptor in the hands of another user. */
struct receiver {
	int sock;
	bool writes;
	unsigned int without;	/* routes that there are not */
};

static int try_all(void *arg)
{
	const struct receiver *r = arg;
	char *mem;
	int fd;

	become_user(NOBODY);
	fd = recv_fd(r->sock);
	mem = must(mmap(NULL, SIZE, PROT_READ | (r->writes ? PROT_WRITE : 0), MAP_SHARED, fd, 0));
	for (const struct route *route = routes; route < routes + nr_routes; route++) {
		long ret;

		if (route->flags & r->without)
			continue;
		if (r->writes)
			mem[AT] = 0;
		errno = 0;
		ret = route->go(fd, mem);
		if (r->writes ? ret < 0 : ret >= 0 || errno != route->error)
			failed("%s: %ld, %s", route->name, ret, strerror(errno));
		if (mem[AT] != (r->writes ? MARK : 0))
			failed("%s: %s", route->name, r->writes ? "nothing written" : "written");
	}
	return 0;
}

static void hand_over(int fd, bool writes, unsigned int without)
{
	struct receiver r = { .writes = writes, .without = without };
	int socks[2];
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	r.sock = socks[1];
	pid = spawn(try_all, &r);
	send_fd(socks[0], fd);
	assert_int_equal(reap(pid), 0);
	close(socks[0]);
	close(socks[1]);
}

static int make_named(uint32_t backing, uint32_t map)
{
	int fd = must(open(NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));

	set_kind(fd, backing, map);
	must(ftruncate(fd, SIZE));
	return fd;
}

static void all_kinds(void (*test)(int fd, unsigned int without))
{
	open_sources();
	for (size_t k = 0; k < ARRAY_SIZE(backings) * ARRAY_SIZE(maps); k++) {
		uint32_t map = maps[k % ARRAY_SIZE(maps)];
		int fd = make_named(backings[k / ARRAY_SIZE(maps)], map);

		test(fd, map == LEND_MAP_PFN ? PINS : 0);
		must(unlink(NAME));
		close(fd);
	}
	close_sources();
}

static bool untouched(int fd)
{
	char *mem = map_buffer(fd, SIZE);
	bool same = !mem[0] && !memcmp(mem, mem + 1, SIZE - 1);

	munmap(mem, SIZE);
	return same;
}

static void descriptor(int fd, unsigned int without)
{
	int ro = must(open(NAME, O_RDONLY | O_CLOEXEC));

	hand_over(ro, false, without);
	assert_true(untouched(fd));
	hand_over(fd, true, without);
	assert_false(untouched(fd));
	close(ro);
}

void read_only_descriptors(void **state)
{
	(void)state;
	all_kinds(descriptor);
}

static void dmabuf(int fd, unsigned int without)
{
	int ro = must(try_export(fd, O_RDONLY | O_CLOEXEC)), rw = make_dmabuf(fd);

	hand_over(ro, false, without | FILES);
	assert_true(untouched(fd));
	hand_over(rw, true, without | FILES);
	assert_false(untouched(fd));
	close(ro);
	close(rw);
	wait_for(!get_info(fd).exports);
}

void read_only_dmabufs(void **state)
{
	(void)state;
	all_kinds(dmabuf);
}

/* Nor can it be made into one that is open for writing. */
static int make_more_of_it(void *arg)
{
	int ro = *(int *)arg;
	char path[64];

	become_user(NOBODY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ro);
	must_fail(open(path, O_RDWR), EACCES);
	must_fail(open(path, O_WRONLY), EACCES);
	must_fail(open(path, O_RDONLY | O_TRUNC), EACCES);
	must_fail(open(NAME, O_RDWR), EACCES);
	must_fail(open(NAME, O_RDONLY | O_TRUNC), EACCES);
	must_fail(truncate(NAME, 0), EACCES);
	must_fail(ftruncate(ro, 0), EINVAL);
	must_fail(fallocate(ro, 0, 0, SIZE), EBADF);
	must_fail(fallocate(ro, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE), EBADF);
	must_fail(fchmod(ro, 0666), EPERM);
	must_fail(fchown(ro, NOBODY, NOBODY), EPERM);
	must_fail(unlink(NAME), EACCES);
	check(linkat(AT_FDCWD, path, AT_FDCWD, DIR "/mine", AT_SYMLINK_FOLLOW) == -1);
	must(fcntl(ro, F_SETFL, O_RDWR));
	must_fail(write(ro, "W", 1), EBADF);
	must_fail(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, ro, 0), EACCES);
	close(must(open(path, O_RDONLY)));
	return 0;
}

void read_only_stays(void **state)
{
	int fd = make_named(LEND_BACKING_FOLIOS, LEND_MAP_AUTO), ro;

	(void)state;
	write_pattern(fd, SIZE, 1);
	ro = must(open(NAME, O_RDONLY | O_CLOEXEC));
	assert_int_equal(reap(spawn(make_more_of_it, &ro)), 0);
	assert_true(file_has_pattern(fd, SIZE, 1));
	close(must(open(NAME, O_RDWR)));
	close(must(open(NAME, O_RDONLY | O_TRUNC)));
	assert_true(untouched(fd));
	must(unlink(NAME));
	close(ro);
	close(fd);
}

/* Newer kernels let a debugger alone write what is read-only, not the program itself. */
static bool forces(route_fn *go)
{
	char *own = must(mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	bool does = go(-1, own) >= 0;

	munmap(own, SIZE);
	return does;
}

/* A debugger may write where the program may not: into a copy, never into the buffer. */
void private_copies(void **state)
{
	static const struct route forced[] = {
		{ "/proc/self/mem", by_proc_mem }, { "ptrace", by_ptrace },
	};

	(void)state;
	check(forces(by_ptrace));
	for (size_t k = 0; k < ARRAY_SIZE(backings) * 2; k++) {
		int fd = make_buffer(SIZE, backings[k / 2], maps[k % 2]);

		for (size_t i = 0; i < ARRAY_SIZE(forced); i++) {
			char *mem;

			if (!forces(forced[i].go))
				continue;
			mem = must(mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0));
			check(!mem[AT] && !mem[AT + HUGE]);
			must(forced[i].go(fd, mem));
			/* The debugger's victim is a child, which has its own copy. */
			check(mem[AT] == (forced[i].go == by_proc_mem ? MARK : 0));
			check(!mem[AT + HUGE]);
			must(munmap(mem, SIZE));
			check(untouched(fd));
		}
		close(fd);
	}
}

struct race {
	char *mem;
	int self;
	bool over;
};

static void *drop_copies(void *arg)
{
	struct race *race = arg;

	while (!__atomic_load_n(&race->over, __ATOMIC_RELAXED))
		madvise(race->mem, PAGE, MADV_DONTNEED);
	return NULL;
}

/* The copy is dropped between being made and being written to (CVE-2016-5195). */
void private_copies_in_a_race(void **state)
{
	int prot = forces(by_proc_mem) ? PROT_READ : PROT_READ | PROT_WRITE;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		int fd = make_buffer(HUGE, LEND_BACKING_FOLIOS, maps[k]);
		char *mem = must(mmap(NULL, HUGE, prot, MAP_PRIVATE, fd, 0));
		struct race race = {
			.mem = mem + AT, .self = must(open("/proc/self/mem", O_RDWR | O_CLOEXEC)),
		};
		char *all = map_buffer(fd, HUGE);
		pthread_t other;

		check(!pthread_create(&other, NULL, drop_copies, &race));
		for (int i = 0; i < 2000; i++)
			check(pwrite(race.self, "W", 1, (uintptr_t)race.mem) == 1);
		__atomic_store_n(&race.over, true, __ATOMIC_RELAXED);
		pthread_join(other, NULL);
		check(!all[0] && !memcmp(all, all + 1, HUGE - 1));
		must(munmap(all, HUGE));
		must(munmap(mem, HUGE));
		close(race.self);
		close(fd);
	}
}
