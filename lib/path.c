// SPDX-License-Identifier: MIT
/* Names: of the mount, of files, of descriptors. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "internal.h"

#define DEFAULT_DIR	"/dev/lend"

const char *lend_dir(void)
{
	const char *dir = secure_getenv("LEND_DIR");

	return dir && *dir ? dir : DEFAULT_DIR;
}

static int is_plain_name(const char *path)
{
	return *path && !strchr(path, '/') && strcmp(path, ".") && strcmp(path, "..");
}

int lend_resolve(const char *path, char buf[PATH_MAX])
{
	int len;

	if (!path)
		len = snprintf(buf, PATH_MAX, "%s", lend_dir());
	else if (is_plain_name(path))
		len = snprintf(buf, PATH_MAX, "%s/%s", lend_dir(), path);
	else
		len = snprintf(buf, PATH_MAX, "%s", path);
	if (len >= PATH_MAX)
		return lend_fail(ENAMETOOLONG, "%.64s...: %m", path ? path : lend_dir());
	return 0;
}

const char *lend_describe(int fd, char buf[LEND_DESCRIBE_LEN])
{
	static const char deleted[] = " (deleted)";
	char link[sizeof("/proc/self/fd/-2147483648")];
	int err = errno;	/* sentences are made of both */
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, buf, LEND_DESCRIBE_LEN - 1);
	errno = err;
	if (len <= 0) {
		snprintf(buf, LEND_DESCRIBE_LEN, "descriptor %d", fd);
		return buf;
	}
	buf[len] = '\0';

	len -= strlen(deleted);
	if (len > 0 && !strcmp(buf + len, deleted))
		snprintf(buf, LEND_DESCRIBE_LEN, "descriptor %d (a nameless buffer)", fd);
	return buf;
}
