// SPDX-License-Identifier: GPL-2.0-only
/* Life of a mount: remounts, its limits, others beside it, and who may mount. */
#include <sched.h>

#include "common.h"
#include "mounts.h"
#include "system.h"

static void remounts(void **state)
{
	char *dir = mount_lend("size=4m,backing=pages,map=insert,uid=5,mode=700");
	const char *tail = "mode=700,uid=5,backing=pages,map=insert";
	int old = new_file(dir), later;
	struct stat st;

	(void)state;
	must(ftruncate(old, 2 * MiB));
	must(remount(dir, NULL, NULL));
	check_shown(dir, "rw,size=4096k,%s", tail);
	must(remount(dir, "size=8m", NULL));
	check_shown(dir, "rw,size=8192k,%s", tail);
	must(remount(dir, "size=2m", NULL));		/* just what is in use */
	later = new_file(dir);
	must_fail(ftruncate(later, PAGE), ENOSPC);
	must_fail(remount(dir, "size=1m", "size=1024k is less than the 2048k in use"), EINVAL);
	check_shown(dir, "rw,size=2048k,%s", tail);
	must(remount(dir, "size=0", NULL));
	must(ftruncate(later, PAGE));
	close(later);
	must_fail(remount(dir, "size=lots", "size=lots is not a size"), EINVAL);
	must_fail(remount(dir, "sise=4m", "Unknown parameter 'sise'"), EINVAL);
	must_fail(remount(dir, "node=99", "node=99 has no memory"), ENXIO);
	must_fail(remount(dir, "dma_bits=12", "dma_bits=12"), ERANGE);
	check_shown(dir, "rw,size=0k,%s", tail);

	/* Kinds: for files that are made from then on. */
	later = new_file(dir);
	must(remount(dir, "backing=contig", NULL));
	check(get_info(old).backing == LEND_BACKING_PAGES);
	check(get_info(later).backing == LEND_BACKING_PAGES);
	close(later);
	later = new_file(dir);
	check(get_info(later).backing == LEND_BACKING_CONTIG);
	check(get_info(later).map == LEND_MAP_INSERT);
	close(later);

	/* The top directory is like any other since it was made. */
	must_fail(remount(dir, "mode=755", "mode="), EINVAL);
	must_fail(remount(dir, "uid=6", "uid"), EINVAL);
	must_fail(remount(dir, "gid=6", "gid"), EINVAL);
	must(stat(dir, &st));
	check((st.st_mode & 07777) == 0700 && st.st_uid == 5 && st.st_gid == 0);
	close(old);
	unmount_lend(dir);
}

/* mount(8) repeats all options that a mount has, besides those that it is given. */
static void remounts_by_shell(void **state)
{
	char *dir = mount_lend("size=4m,mode=1777,uid=5,node=0");
	const char *tail = "mode=1777,uid=5,backing=folios,map=auto,node=0";
	int fd;

	(void)state;
	check(shell("mount -o remount,size=6m %s", dir) == 0);
	check_shown(dir, "rw,size=6144k,%s", tail);
	check(shell("mount -o remount,ro %s", dir) == 0);
	check_shown(dir, "ro,size=6144k,%s", tail);
	must_fail(open(dir, O_TMPFILE | O_RDWR, 0600), EROFS);
	must_fail(mkdir(in(dir, "d"), 0700), EROFS);
	check(shell("mount -o remount,rw %s", dir) == 0);
	fd = new_file(dir);
	must(ftruncate(fd, PAGE));
	must(fchmod(fd, 0600));
	close(fd);
	unmount_lend(dir);
}

/* To the page, and what goes is free again at once, not before. */
static void size_is_a_limit(void **state)
{
	char *dir = mount_lend("size=1m");
	int a = new_file(dir), b = new_file(dir);

	(void)state;
	must_fail(ftruncate(a, MiB + 1), ENOSPC);
	must(ftruncate(a, MiB - PAGE));
	must_fail(ftruncate(b, PAGE + 1), ENOSPC);
	must(ftruncate(b, 1));		/* a whole page */
	check(used_bytes_of(dir) == MiB);
	close(b);
	b = new_file(dir);
	must(ftruncate(b, PAGE));
	close(a);
	a = new_file(dir);
	must_fail(ftruncate(a, MiB), ENOSPC);
	close(b);
	check(used_bytes_of(dir) == 0);
	must(ftruncate(a, MiB));
	close(a);
	unmount_lend(dir);
}

static void mounts_share_nothing(void **state)
{
	char *one = mount_lend("size=1m"), *two = mount_lend("size=2m,backing=pages");
	uint64_t others = used_bytes();
	int a = must(open(in(one, "same"), O_CREAT | O_RDWR, 0600));
	int b = must(open(in(two, "same"), O_CREAT | O_RDWR, 0600));
	struct stat sa, sb;
	char from[256];

	(void)state;
	must(ftruncate(a, MiB));
	must(ftruncate(b, 2 * MiB));
	check(used_bytes_of(one) == MiB && used_bytes_of(two) == 2 * MiB);
	check(used_bytes() == others);
	check(get_info(a).backing == LEND_BACKING_FOLIOS);
	check(get_info(b).backing == LEND_BACKING_PAGES);
	must(fstat(a, &sa));
	must(fstat(b, &sb));
	check(sa.st_dev != sb.st_dev);
	strcpy(from, in(one, "same"));
	must_fail(rename(from, in(two, "other")), EXDEV);
	must_fail(link(from, in(two, "other")), EXDEV);
	close(a);
	close(b);
	must(remount(two, "size=3m", NULL));
	check_shown(one, "rw,size=1024k,mode=755,backing=folios,map=auto");
	unmount_lend(one);
	check(used_bytes_of(two) == 2 * MiB);
	unmount_lend(two);
}

/* As many as half the pages of RAM; one that goes makes room for another. */
static void inode_limit(void **state)
{
	char *dir = mount_lend(NULL), name[32];
	struct statfs fs;
	int top;

	(void)state;
	top = must(open(dir, O_DIRECTORY | O_RDONLY));
	must(statfs(dir, &fs));
	check(fs.f_files == meminfo("MemTotal") / PAGE / 2 && fs.f_ffree == fs.f_files - 1);
	for (uint64_t i = 0; i < fs.f_ffree; i++) {
		sprintf(name, "%lu", i);
		must(mkdirat(top, name, 0700));
	}
	must_fail(mkdirat(top, "more", 0700), ENOSPC);
	must_fail(open(dir, O_TMPFILE | O_RDWR, 0600), ENOSPC);
	must_fail(open(in(dir, "more"), O_CREAT | O_RDWR, 0600), ENOSPC);
	must(statfs(dir, &fs));
	check(fs.f_ffree == 0);
	must(unlinkat(top, "0", AT_REMOVEDIR));
	close(must(open(in(dir, "more"), O_CREAT | O_RDWR, 0600)));
	close(top);
	unmount_lend(dir);
}

static int without_privilege(void *dir)
{
	become(NOBODY);
	must_fail(mount("x", dir, "lend", 0, NULL), EPERM);
	must_fail(mount(NULL, DIR, NULL, MS_REMOUNT, "size=1m"), EPERM);
	must_fail(umount(DIR), EPERM);
	must_fail(fsopen("lend", 0), EPERM);
	must_fail(fspick(AT_FDCWD, DIR, 0), EPERM);
	return 0;
}

/* Root of a user namespace is not root of the machine's memory. */
static int in_a_namespace(void *dir)
{
	int context;

	must(unshare(CLONE_NEWUSER | CLONE_NEWNS));
	must_fail(mount("x", dir, "lend", 0, NULL), EPERM);
	context = must(fsopen("lend", 0));
	must_fail(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EPERM);
	must_fail(mount(NULL, DIR, NULL, MS_REMOUNT, "size=1m"), EPERM);
	return 0;
}

static void privilege(void **state)
{
	char dir[] = "/run/lend-test.XXXXXX";

	(void)state;
	check(mkdtemp(dir));
	check(reap(spawn(without_privilege, dir)) == 0);
	check(reap(spawn(in_a_namespace, dir)) == 0);
	must(rmdir(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(remounts),
		clean_test(remounts_by_shell),
		clean_test(size_is_a_limit),
		clean_test(mounts_share_nothing),
		clean_test(inode_limit),
		clean_test(privilege),
	};

	return cmocka_run_group_tests_name("remount", tests, NULL, NULL);
}
