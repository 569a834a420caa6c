// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>
#include <sys/resource.h>

#include "../common/kernel.h"
#include "../common/mounts.h"
#include "security.h"

#define USER	12345
#define CGROUP	"/sys/fs/cgroup/lend-test"

/* Debian's 5.10 lets root alone make user namespaces, unless told otherwise. */
static void allow_namespaces(void)
{
	if (!access("/proc/sys/kernel/unprivileged_userns_clone", F_OK))
		write_textf("/proc/sys/kernel/unprivileged_userns_clone", "1");
}

/* USER becomes root there, with every capability; everybody else is unmapped. */
static void become_namespace_root(void)
{
	become_user(USER);
	must(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP));
	write_textf("/proc/self/setgroups", "deny");
	write_textf("/proc/self/uid_map", "0 %d 1", USER);
	write_textf("/proc/self/gid_map", "0 %d 1", USER);
	check(getuid() == 0 && getgid() == 0);
}

static int mounts(void *dir)
{
	int context;

	become_namespace_root();
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("x", dir, "tmpfs", 0, NULL));
	must_fail(mount("x", dir, "lend", 0, NULL), EPERM);
	context = must(fsopen("lend", FSOPEN_CLOEXEC));
	must_fail(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EPERM);
	must_fail(mount(NULL, DIR, NULL, MS_REMOUNT, "size=1g"), EPERM);
	/* What is mounted can be seen elsewhere, too; no options change by that. */
	must(mount(DIR, dir, NULL, MS_BIND, NULL));
	must_fail(mount(NULL, dir, NULL, MS_REMOUNT, "size=1g"), EPERM);
	return 0;
}

void namespace_mounts(void **state)
{
	char dir[] = "/run/lend-test.XXXXXX", *mine;

	(void)state;
	allow_namespaces();
	check(mkdtemp(dir));
	assert_int_equal(reap(spawn(mounts, dir)), 0);
	must(rmdir(dir));
	mine = mount_lend("size=1g");
	unmount_lend(mine);
}

static int owners(void *dir)
{
	const char *others = strdup(in(dir, "others"));
	struct stat st;
	int fd;

	become_namespace_root();
	must(stat(others, &st));
	check(st.st_uid == NOBODY && st.st_gid == NOBODY);
	must_fail(open(others, O_RDONLY), EACCES);
	must_fail(truncate(others, PAGE), EACCES);
	must_fail(chmod(others, 0666), EPERM);
	must_fail(chown(others, 0, 0), EPERM);
	must_fail(unlink(others), EPERM);
	must_fail(rename(others, in(dir, "ours")), EPERM);

	fd = must(open(in(dir, "ours"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	must(fstat(fd, &st));
	check(st.st_uid == 0 && st.st_gid == 0);
	must_fail(fchown(fd, 1, 1), EINVAL);
	must(fchmod(fd, 0640));
	must(ftruncate(fd, PAGE));
	return 0;
}

void namespace_owners(void **state)
{
	char *dir = mount_lend("mode=1777");
	int fd = must(open(in(dir, "others"), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	struct stat st;

	(void)state;
	allow_namespaces();
	must(ftruncate(fd, PAGE));
	assert_int_equal(reap(spawn(owners, dir)), 0);
	must(fstat(fd, &st));
	check(st.st_uid == 0 && (st.st_mode & 07777) == 0600);
	must(stat(in(dir, "ours"), &st));
	check(st.st_uid == USER && st.st_gid == USER && st.st_size == PAGE);
	close(fd);
	unmount_lend(dir);
}

/* Whoever made the file. */
static int addresses(void *dir)
{
	struct lend_phys_run run = { .phys = 1 };
	struct lend_runs runs = { .size = sizeof(runs), .runs = (uintptr_t)&run, .count = 1 };
	int fd;

	become_namespace_root();
	fd = new_file(dir);
	must(ftruncate(fd, PAGE));
	must_fail(ioctl(fd, LEND_IOC_RUNS, &runs), EPERM);
	check(run.phys == 1 && runs.count == 1);
	check(get_info(fd).runs == 1);
	return 0;
}

void namespace_addresses(void **state)
{
	struct lend_phys_run run = {};
	struct lend_runs runs = { .size = sizeof(runs), .runs = (uintptr_t)&run, .count = 1 };
	char *dir = mount_lend("mode=1777");
	int fd = new_file(dir);

	(void)state;
	allow_namespaces();
	assert_int_equal(reap(spawn(addresses, dir)), 0);
	must(ftruncate(fd, PAGE));
	must(ioctl(fd, LEND_IOC_RUNS, &runs));
	check(run.phys && runs.count == 1);
	close(fd);
	unmount_lend(dir);
}

struct want {
	int fd;
	size_t size;
	bool inside;
	const char *cgroup;
};

/* As USER, outside or inside of a namespace of his: his limit is 8 MiB, or none in a cgroup. */
static int take(void *arg)
{
	const struct want *want = arg;
	rlim_t most = want->cgroup ? RLIM_INFINITY : 8 * MiB;
	struct rlimit limit = { most, most }, more = { 2 * most, 2 * most };

	if (want->cgroup)
		write_textf(want->cgroup, "%d", getpid());
	must(setrlimit(RLIMIT_MEMLOCK, &limit));
	if (want->inside)
		become_namespace_root();
	else
		become_user(USER);
	if (!want->cgroup)
		must_fail(setrlimit(RLIMIT_MEMLOCK, &more), EPERM);
	if (ftruncate(want->fd, want->size))
		return errno;
	check(get_info(want->fd).flags & LEND_INFO_MEMLOCK);
	check(get_info(want->fd).uid == (want->inside ? 0 : USER));
	return 0;
}

static int taken(int fd, size_t size, bool inside, const char *cgroup)
{
	struct want want = { fd, size, inside, cgroup };

	return reap(spawn(take, &want));
}

/* CAP_IPC_LOCK of a namespace lifts no limit, and another namespace is no other user. */
void namespace_memlock(void **state)
{
	int a = make_empty(0, 0), b = make_empty(LEND_BACKING_PAGES, 0);

	(void)state;
	allow_namespaces();
	assert_int_equal(taken(a, 8 * MiB + 1, true, NULL), ENOMEM);
	assert_int_equal(taken(a, 5 * MiB, true, NULL), 0);
	assert_int_equal(get_info(a).uid, USER);
	assert_int_equal(taken(b, 3 * MiB + 1, true, NULL), ENOMEM);
	assert_int_equal(taken(b, 3 * MiB + 1, false, NULL), ENOMEM);
	assert_int_equal(taken(b, 3 * MiB, false, NULL), 0);
	close(a);
	a = make_empty(0, 0);
	assert_int_equal(taken(a, 5 * MiB + 1, true, NULL), ENOMEM);
	assert_int_equal(taken(a, 5 * MiB, true, NULL), 0);
	close(a);
	close(b);
}

/*
 * The cgroup's limit holds for every kind of memory: of a run that cannot be charged
 * CAP_SYS_RESOURCE gives more, but not that of a namespace.
 */
void namespace_cgroup(void **state)
{
	static const char procs[] = CGROUP "/cgroup.procs";

	(void)state;
	allow_namespaces();
	must(mkdir(CGROUP, 0755));
	write_textf(CGROUP "/memory.max", "%lu", 24 * MiB);
	for (size_t b = 0; b < ARRAY_SIZE(backings); b++) {
		int fd = make_empty(backings[b], 0);

		assert_int_equal(taken(fd, 32 * MiB, true, procs), ENOMEM);
		assert_int_equal(taken(fd, 32 * MiB + PAGE, true, procs), ENOMEM);
		/* A block of memory as it comes; neighbours are a matter of luck. */
		assert_int_equal(taken(fd, HUGE, true, procs), 0);
		check(get_info(fd).flags & LEND_INFO_MEMCG);
		close(fd);
	}
	wait_for(rmdir(CGROUP) == 0);
}
