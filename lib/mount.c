// SPDX-License-Identifier: MIT
/*
 * Mounting. The system calls of Linux 5.2 are used because they tell in words
 * what was wrong with an option; they are called by number, because C libraries
 * older than the calls are still in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/mount.h>
#include "internal.h"

#define MESSAGE_LEN	256
#define OPTIONS_LEN	1024

#define MOUNT_ATTRS	(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static const char *admin_hint(int err)
{
	return err == EPERM ? ": it takes CAP_SYS_ADMIN" : "";
}

/* The kernel's own words, "e lend: ..." one a read, or else those of @err. */
static const char *fs_message(int fs, int err, char buf[MESSAGE_LEN])
{
	ssize_t len;

	do {
		len = read(fs, buf, MESSAGE_LEN - 1);
	} while (len > 2 && buf[0] != 'e');
	if (len <= 2)
		return strerror_r(err, buf, MESSAGE_LEN);
	buf[len] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return buf + 2;
}

static int set_option(int fs, char *option)
{
	char message[MESSAGE_LEN], *value = strchr(option, '=');
	int ret;

	if (value) {
		*value++ = '\0';
		ret = syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, option, value, 0);
	} else {
		ret = syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	}
	if (ret)
		return lend_fail(errno, "option \"%s%s%s\": %s", option, value ? "=" : "",
				 value ? value : "", fs_message(fs, errno, message));
	return 0;
}

static int set_options(int fs, const char *options)
{
	char copy[OPTIONS_LEN], *rest = copy, *option;

	if (strlen(options) >= sizeof(copy))
		return lend_fail(EINVAL, "more than %d characters of options", OPTIONS_LEN - 1);
	strcpy(copy, options);
	while ((option = strsep(&rest, ",")))
		if (*option && set_option(fs, option))
			return -1;
	return 0;
}

/* A detached mount of a new instance, to be closed by the caller. */
static int new_mount(const char *options)
{
	char message[MESSAGE_LEN];
	int fs, mnt = -1, err;

	fs = syscall(SYS_fsopen, "lend", FSOPEN_CLOEXEC);
	if (fs < 0 && errno == ENODEV)
		return lend_fail(ENODEV, "this kernel has no file system lend; "
				 "\"modprobe lend\" loads its module");
	if (fs < 0)
		return lend_fail(errno, "cannot mount lend: %m%s", admin_hint(errno));

	if (options && set_options(fs, options))
		goto out;
	/* what df(1) shows in its first column */
	syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", "lend", 0);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		lend_fail(errno, "cannot mount lend: %s", fs_message(fs, errno, message));
		goto out;
	}
	mnt = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTRS);
	if (mnt < 0)
		lend_fail(errno, "cannot mount lend: %m");
out:
	err = errno;
	close(fs);
	errno = err;
	return mnt;
}

/* Is @dir the root of a mount of lend? */
static int is_mounted(const char *dir)
{
	char up[PATH_MAX];
	struct stat st, st_up;
	struct statfs fs;

	if (snprintf(up, sizeof(up), "%s/..", dir) >= (int)sizeof(up))
		return 0;
	return !statfs(dir, &fs) && fs.f_type == LEND_SUPER_MAGIC &&
	       !stat(dir, &st) && !stat(up, &st_up) && st.st_dev != st_up.st_dev;
}

int lend_mount(const char *dir, const char *options)
{
	int mnt, made, err;
	struct stat st;

	if (!dir)
		dir = lend_dir();
	if (is_mounted(dir))
		return lend_fail(EBUSY, "lend is mounted on %s already; "
				 "\"mount -o remount,...\" changes its options", dir);
	mnt = new_mount(options);
	if (mnt < 0)
		return -1;

	made = !mkdir(dir, 0755);
	if (!made && errno != EEXIST)
		lend_fail(errno, "cannot make the directory %s: %m", dir);
	else if (!stat(dir, &st) && !S_ISDIR(st.st_mode))
		lend_fail(ENOTDIR, "cannot mount lend on %s: %m", dir);
	else if (syscall(SYS_move_mount, mnt, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH))
		lend_fail(errno, "cannot mount lend on %s: %m", dir);
	else
		return close(mnt);

	err = errno;
	if (made)
		rmdir(dir);
	close(mnt);
	errno = err;
	return -1;
}

int lend_umount(const char *dir)
{
	if (!dir)
		dir = lend_dir();
	if (!is_mounted(dir))
		return lend_fail(EINVAL, "no lend is mounted on %s", dir);
	if (syscall(SYS_umount2, dir, 0))
		return lend_fail(errno, "cannot unmount %s: %m%s", dir, admin_hint(errno));
	return 0;
}
