// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "calls.h"

static const char *path_of(struct world *w, uint64_t name, char *room)
{
	sprintf(room, "%s/%c", w->dir, (char)('a' + name));
	return room;
}

/* fd name access flags */
void call_open(struct world *w, const uint64_t *arg)
{
	/* Neither foreign kinds of descriptors nor what nobody can wait for. */
	int flags = (arg[2] & O_ACCMODE) | (arg[3] & ~(O_ACCMODE | O_PATH | O_TMPFILE | O_ASYNC));
	char room[200];
	int fd;

	if (arg[3] & O_DIRECTORY)	/* a nameless one */
		fd = open(w->dir, (flags & ~(O_CREAT | O_TRUNC)) | O_TMPFILE | O_CLOEXEC, 0600);
	else
		fd = open(path_of(w, arg[1], room), flags | O_CLOEXEC, 0600);
	may(w, fd, ENOENT, EEXIST, EACCES, EPERM, EINVAL, EISDIR, ENOSPC);
	if (fd < 0)
		return;
	put_descriptor(w, arg[0], fd);
	if (flags & O_TRUNC)
		zeroed(w, w->fd[arg[0]].buffer);
}

/* fd */
void call_close(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = &w->fd[arg[0]];

	if (d->face == CLOSED)
		return;
	if (close(d->fd))
		wrong(w, "close: %s", strerror(errno));
	d->face = CLOSED;
}

/* fd to */
void call_dup(struct world *w, const uint64_t *arg)
{
	int fd;

	if (w->fd[arg[0]].face == CLOSED || arg[0] == arg[1])
		return;
	fd = dup(w->fd[arg[0]].fd);
	if (fd < 0)
		wrong(w, "dup: %s", strerror(errno));
	if (w->fd[arg[1]].face != CLOSED)
		close(w->fd[arg[1]].fd);
	w->fd[arg[1]] = w->fd[arg[0]];
	w->fd[arg[1]].fd = fd;
}

/* fd to access: the same file anew, as /proc has it */
void call_reopen(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	char path[64];
	int fd;

	if (!d)
		return;
	sprintf(path, "/proc/self/fd/%d", d->fd);
	fd = open(path, (arg[2] & O_ACCMODE) | O_CLOEXEC);
	may(w, fd, EACCES, EPERM, EINVAL);
	if (fd >= 0)
		put_descriptor(w, arg[1], fd);
}

/*
 * After a call that gives memory: @ret is right for @size, of a file that had @before
 * bytes while the mount had @room.
 */
static void check_sized(struct world *w, int fd, long ret, int64_t size, uint64_t before,
			uint64_t room)
{
	int error = errno;
	struct lend_info info = { .size = sizeof(info) };
	int buffer = know_buffer(w, fd);

	if (buffer < 0 || !alone(w))
		return;
	if (!ret && size_of(w, buffer) != (uint64_t)size)
		wrong(w, "succeeded, and the size is %llu", (unsigned long long)size_of(w, buffer));
	if (ret && size_of(w, buffer) != before)
		wrong(w, "failed, and the size has changed");
	if (before && !ret && before != (uint64_t)size)
		wrong(w, "a file that has memory was given another size");
	if (before && ret && size >= 0 && error != (before == (uint64_t)size ? 0 : EBUSY) &&
	    error != EFBIG)
		wrong(w, "of a file that has memory: %s", strerror(error));
	if (before || size <= 0)
		return;
	if ((uint64_t)size > room && (!ret || (error != ENOSPC && error != EFBIG)))
		wrong(w, "more than the mount has: %s", ret ? strerror(error) : "succeeded");
	if (ioctl(fd, LEND_IOC_INFO, &info))
		wrong(w, "LEND_IOC_INFO: %s", strerror(errno));
	/* One long run may be impossible to have, and a limit to keep to. */
	if (ret && (uint64_t)size <= room && w->root && info.backing != LEND_BACKING_CONTIG &&
	    !info.dma_bits)
		wrong(w, "there is room, and it failed: %s", strerror(error));
}

static uint64_t room_of(struct world *w, int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st))
		wrong(w, "fstatfs: %s", strerror(errno));
	if (st.f_bfree > st.f_blocks || st.f_blocks * PAGE != MOUNT_SIZE)
		wrong(w, "df: %ld of %ld free", (long)st.f_bfree, (long)st.f_blocks);
	return st.f_bfree * PAGE;
}

/* fd size */
void call_ftruncate(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = &w->fd[arg[0]];
	uint64_t before, room;
	int ret;

	if (d->face == CLOSED)
		return;
	if (d->face == DMABUF) {
		ret = ftruncate(d->fd, arg[1]);
		may(w, ret, EINVAL, EACCES, EPERM);
		if (!ret)
			wrong(w, "a dma-buf was truncated");
		return;
	}
	before = size_of(w, d->buffer);
	room = room_of(w, d->fd);
	ret = ftruncate(d->fd, arg[1]);
	may(w, ret, EINVAL, EFBIG, EBUSY, ENOSPC, ENOMEM);
	if (!writable(d)) {
		if (!ret)
			wrong(w, "a descriptor for reading was given a size");
		return;
	}
	check_sized(w, d->fd, ret, arg[1], before, room);
}

/* name size */
void call_truncate(struct world *w, const uint64_t *arg)
{
	uint64_t before, room;
	char room_for_path[200];
	const char *path = path_of(w, arg[0], room_for_path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret, buffer;

	may(w, fd, ENOENT, EACCES);
	if (fd < 0)
		return;
	buffer = know_buffer(w, fd);
	before = size_of(w, buffer);
	room = room_of(w, fd);
	ret = truncate(path, arg[1]);
	may(w, ret, EINVAL, EFBIG, EBUSY, ENOSPC, ENOMEM, ENOENT, EACCES);
	if (!ret || errno != EACCES)
		check_sized(w, fd, ret, arg[1], before, room);
	close(fd);
}

/* fd mode offset length */
void call_fallocate(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = &w->fd[arg[0]];
	uint64_t before, room;
	int ret;

	if (d->face == CLOSED)
		return;
	before = d->face == LEND_FILE ? size_of(w, d->buffer) : 0;
	room = d->face == LEND_FILE ? room_of(w, d->fd) : 0;
	ret = fallocate(d->fd, arg[1], arg[2], arg[3]);
	may(w, ret, EINVAL, EFBIG, EBUSY, ENOSPC, ENOMEM, EOPNOTSUPP, EBADF, ENODEV, EPERM);
	if (d->face != LEND_FILE)
		return;
	if (!ret && (arg[1] || !writable(d)))
		wrong(w, "fallocate of a kind that does not exist");
	/* What is there already is no change. */
	if (!ret && before && arg[2] + arg[3] <= before)
		know_buffer(w, d->fd);
	else if (!ret)
		check_sized(w, d->fd, ret, arg[2] + arg[3], before, room);
}

/* name to */
void call_link(struct world *w, const uint64_t *arg)
{
	char from[200], to[200];

	may(w, link(path_of(w, arg[0], from), path_of(w, arg[1], to)), ENOENT, EEXIST, EPERM,
	    EACCES);
}

/* name */
void call_unlink(struct world *w, const uint64_t *arg)
{
	char path[200];

	may(w, unlink(path_of(w, arg[0], path)), ENOENT, EPERM, EACCES);
}

/* name to flags */
void call_rename(struct world *w, const uint64_t *arg)
{
	char from[200], to[200];

	may(w, renameat2(AT_FDCWD, path_of(w, arg[0], from), AT_FDCWD, path_of(w, arg[1], to),
			 arg[2]), ENOENT, EEXIST, EPERM, EACCES, EINVAL);
}

/* fd mode */
void call_chmod(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);

	if (d)
		may(w, fchmod(d->fd, arg[1] & 0777), EPERM);
}
