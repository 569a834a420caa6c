// SPDX-License-Identifier: MIT
/* Making buffers: a nameless file, its memory, and only then its name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "internal.h"

/* Cut @path, which has a slash, down to its directory. Returns -1 for no name. */
static int cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash[1] || !strcmp(slash, "/.") || !strcmp(slash, "/.."))
		return -1;
	slash[slash == path] = '\0';
	return 0;
}

/* The directory that is to hold @path, which must not be there yet. */
static int future_dir(const char *path, char dir[PATH_MAX])
{
	struct stat st;

	if (lend_resolve(path, dir))
		return -1;
	/* lend_link() decides; this saves gathering gigabytes for nothing */
	if (!lstat(dir, &st))
		return lend_fail(EEXIST, "%s: %m", dir);
	if (errno != ENOENT)
		return lend_fail(errno, "%s: %m", dir);
	if (!strchr(dir, '/') || cut_name(dir))
		return lend_fail(EINVAL, "\"%s\" is no name for a buffer", path);
	return 0;
}

/* Why there can be no file in @dir: @err, unless it is no directory of lend at all. */
static int no_tmpfile(const char *dir, int err)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return lend_fail(errno, "%s: %m%s", dir,
				 errno == ENOENT ? lend_mount_hint() : "");
	if (!lend_check_named(fd, dir))
		lend_fail(err, "cannot make a file in %s: %m", dir);
	return lend_drop(fd);
}

int lend_tmpfile(const char *path, mode_t mode)
{
	char dir[PATH_MAX];
	int fd;

	if (path ? future_dir(path, dir) : lend_resolve(NULL, dir))
		return -1;
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (fd < 0)
		return no_tmpfile(dir, errno);
	return lend_check_named(fd, dir) ? lend_drop(fd) : fd;
}

/* For a file of lend that is open for writing. */
static int get_memory(int fd, uint64_t size, const struct lend_setup *setup)
{
	char text[LEND_SIZE_LEN], hint[LEND_HINT_LEN];
	struct lend_setup s;

	if (!size)
		return lend_fail(EINVAL, "cannot make a buffer of 0 bytes; "
				 "the least is 1 byte, which takes a page");
	if (size > INT64_MAX)
		return lend_fail(EFBIG, "cannot make a buffer of %s: %m",
				 lend_format_size(size, text));
	if (setup) {
		s = *setup;
		s.size = sizeof(s);
		if (ioctl(fd, LEND_IOC_SETUP, &s))
			return lend_fail(errno, "cannot set up the buffer: %m%s",
					 lend_explain(errno, fd, size, setup, hint));
	}
	if (ftruncate(fd, size))
		return lend_fail(errno, "cannot get %s of memory: %m%s",
				 lend_format_size(size, text),
				 lend_explain(errno, fd, size, setup, hint));
	return 0;
}

int lend_alloc(int fd, uint64_t size, const struct lend_setup *setup)
{
	if (lend_check(fd))
		return -1;
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return lend_fail(EBADF, "cannot get memory: the descriptor is not open "
				 "for writing");
	return get_memory(fd, size, setup);
}

int lend_link(int fd, const char *path)
{
	char full[PATH_MAX], self[sizeof("/proc/self/fd/-2147483648")];

	if (lend_check(fd) || lend_resolve(path, full))
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, full, AT_SYMLINK_FOLLOW))
		return lend_fail(errno, "cannot name a buffer %s: %m", full);
	return 0;
}

/*
 * The same file, opened by its name, so that /proc tells the name of what is
 * mapped from it; or @fd, where a mode like 0400 or another's rename forbids.
 */
static int reopen(int fd, const char *path)
{
	struct stat st, st_named;
	char full[PATH_MAX];
	int named;

	if (lend_resolve(path, full))
		return fd;
	named = open(full, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (named < 0)
		return fd;
	if (fstat(fd, &st) || fstat(named, &st_named) ||
	    st.st_dev != st_named.st_dev || st.st_ino != st_named.st_ino) {
		close(named);
		return fd;
	}
	close(fd);
	return named;
}

int lend_create(const char *path, mode_t mode, uint64_t size,
		const struct lend_setup *setup)
{
	int fd = lend_tmpfile(path, mode);

	if (fd < 0)
		return -1;
	if (get_memory(fd, size, setup)) {
		if (path)
			lend_fail(errno, "%s: %s", path, lend_error());
	} else if (!path) {
		return fd;
	} else if (!lend_link(fd, path)) {
		return reopen(fd, path);
	}
	return lend_drop(fd);
}

int lend_unlink(const char *path)
{
	char full[PATH_MAX];
	int fd, ret;

	if (lend_resolve(path, full))
		return -1;
	fd = open(full, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return lend_fail(errno, "%s: %m", full);
	ret = lend_check_named(fd, full);
	close(fd);
	if (ret) {
		errno = ENOTTY;
		return -1;
	}
	if (unlink(full))
		return lend_fail(errno, "cannot remove %s: %m", full);
	return 0;
}
