// SPDX-License-Identifier: GPL-2.0-only
/* liblend: mounting and unmounting. */
#include <linux/capability.h>
#include <sys/statvfs.h>

#include "refused.h"

#define MOUNT	"/tmp/lend.library-test"

static int mount_without_admin(void *arg)
{
	(void)arg;
	give_up(CAP_SYS_ADMIN);
	refused(lend_mount(MOUNT "2", NULL), EPERM, "CAP_SYS_ADMIN");
	check(access(MOUNT "2", F_OK));
	refused(lend_umount(MOUNT), EPERM, MOUNT, "CAP_SYS_ADMIN");
	return 0;
}

/* The one thing that can fail after the directory was made. */
static void mount_too_many(void)
{
	int fd = must(open("/proc/sys/fs/mount-max", O_RDWR | O_CLOEXEC));
	char old[32];
	ssize_t len = must(read(fd, old, sizeof(old)));

	check(pwrite(fd, "1", 1, 0) == 1);
	refused(lend_mount(MOUNT, NULL), ENOSPC, "cannot mount lend on " MOUNT);
	check(pwrite(fd, old, len, 0) == len);
	close(fd);
}

static void mounting(void **state)
{
	struct lend_info info;
	struct statvfs st;
	char options[2048];
	int fd;

	(void)state;
	refused(lend_umount(MOUNT), EINVAL, "no lend is mounted on " MOUNT);
	refused(lend_umount("/tmp"), EINVAL, "no lend is mounted on /tmp");
	must(lend_mount(MOUNT, "size=3M,backing=vmalloc,,map=insert"));	/* makes it */
	must(statvfs(MOUNT, &st));
	assert_int_equal(st.f_blocks * st.f_frsize, 3 * MiB);
	assert_int_equal(st.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC),
			 ST_NOSUID | ST_NODEV | ST_NOEXEC);
	fd = must(lend_create(MOUNT "/x", 0600, PAGE, NULL));
	must(lend_info(fd, &info));
	assert_int_equal(info.backing, LEND_BACKING_VMALLOC);
	assert_int_equal(info.map, LEND_MAP_INSERT);

	refused(lend_mount(MOUNT, NULL), EBUSY, "on " MOUNT " already", "remount");
	refused(lend_umount(MOUNT), EBUSY, MOUNT);
	close(fd);
	assert_int_equal(reap(spawn(mount_without_admin, NULL)), 0);
	must(lend_umount(MOUNT));

	refused(lend_mount(MOUNT, "backing=marble"), EINVAL, "\"backing=marble\"", "take folios");
	refused(lend_mount(MOUNT, "sise=3M"), EINVAL, "\"sise=3M\"", "sise");
	refused(lend_mount(MOUNT, "size"), EINVAL, "\"size\"");
	refused(lend_mount(MOUNT, "node=77"), ENXIO, "node=77 has no memory");
	memset(options, 'a', sizeof(options) - 1);
	options[sizeof(options) - 1] = 0;
	refused(lend_mount(MOUNT, options), EINVAL, "1023 characters");
	must(rmdir(MOUNT));
	refused(lend_mount(MOUNT, "map=sideways"), EINVAL, "take auto");
	refused(lend_mount(MOUNT "/no/such", NULL), ENOENT, MOUNT "/no/such");
	refused(lend_mount("/etc/passwd", NULL), ENOTDIR, "/etc/passwd");
	mount_too_many();
	assert_int_equal(access(MOUNT, F_OK), -1);

	setenv("LEND_DIR", MOUNT, 1);
	must(lend_mount(NULL, NULL));
	fd = must(lend_create("x", 0600, PAGE, NULL));
	close(fd);
	assert_int_equal(access(MOUNT "/x", F_OK), 0);
	must(lend_umount(NULL));
	unsetenv("LEND_DIR");
	must(rmdir(MOUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mounting),
	};

	return cmocka_run_group_tests_name("liblend: mounting", tests, NULL, NULL);
}
