// SPDX-License-Identifier: MIT
/* Opening buffers and recognising them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "internal.h"

const char *lend_mount_hint(void)
{
	struct statfs st;
	int err = errno, mounted;

	mounted = !statfs(lend_dir(), &st) && st.f_type == LEND_SUPER_MAGIC;
	errno = err;
	return mounted ? "" : "; \"lend mount\" mounts lend";
}

int lend_drop(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

int lend_check_named(int fd, const char *name)
{
	char text[LEND_DESCRIBE_LEN];
	struct statfs st;
	int err;

	if (fstatfs(fd, &st))
		err = errno;
	else if (st.f_type != LEND_SUPER_MAGIC)
		err = ENOTTY;
	else
		return 0;

	if (!name)
		name = lend_describe(fd, text);
	if (err == ENOTTY)
		return lend_fail(err, "%s is not on a lend file system%s", name, lend_mount_hint());
	return lend_fail(err, "%s: %m", name);
}

int lend_check(int fd)
{
	return lend_check_named(fd, NULL);
}

int lend_open(const char *path, int flags)
{
	char full[PATH_MAX];
	int fd;

	if (flags & O_CREAT)
		return lend_fail(EINVAL, "%s: %m: lend_create() makes buffers", path);
	if (lend_resolve(path, full))
		return -1;

	/* O_NONBLOCK: the path may name a FIFO, which must not keep us waiting */
	fd = open(full, flags | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return lend_fail(errno, "%s: %m%s", full,
				 errno == ENOENT ? lend_mount_hint() : "");
	return lend_check_named(fd, full) ? lend_drop(fd) : fd;
}

int64_t lend_size(int fd)
{
	char name[LEND_DESCRIBE_LEN];
	struct stat st;

	if (lend_check(fd))
		return -1;
	if (fstat(fd, &st))
		return lend_fail(errno, "%s: %m", lend_describe(fd, name));
	return st.st_size;
}
