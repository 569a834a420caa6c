// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes of files by system call.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

#define NOAPPEND	0x20		/* RWF_NOAPPEND, from 6.9 on */
#define PIPE_PART	(64 * 1024)

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What of @length bytes at @offset is in the file. */
static uint64_t inside(struct world *w, int buffer, uint64_t offset, uint64_t length)
{
	uint64_t size = size_of(w, buffer);

	return offset < size ? least(length, size - offset) : 0;
}

/* A request for this many bytes at most, and never more than there is room for. */
static uint64_t bounded(uint64_t length)
{
	return length > WINDOW ? length % WINDOW : length;
}

/* fd offset length flags: into memory of our own */
void call_read(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	uint64_t length = bounded(arg[2]), due;
	struct iovec iov[2] = {
		{ w->scratch, length / 3 }, { w->scratch + length / 3, length - length / 3 },
	};
	ssize_t got;

	/* At -1 it would be wherever the position is. */
	if (!d || arg[1] == UINT64_MAX)
		return;
	know_buffer(w, d->fd);
	due = inside(w, d->buffer, arg[1], length);
	got = preadv2(d->fd, iov, 2, arg[1], arg[3]);
	may(w, got, EINVAL, EBADF, EOPNOTSUPP, EAGAIN, EOVERFLOW);
	if (got < 0) {
		if (readable(d) && !arg[3] && (int64_t)arg[1] >= 0 && errno != EOVERFLOW)
			wrong(w, "reading is refused: %s", strerror(errno));
		return;
	}
	if (!readable(d))
		wrong(w, "a descriptor for writing was read");
	know_buffer(w, d->fd);
	if (d->buffer >= 0 && alone(w) && (uint64_t)got != due)
		wrong(w, "%zd bytes read, not %llu", got, (unsigned long long)due);
	check_bytes(w, d->buffer, arg[1], w->scratch, got);
}

/* fd offset length byte flags */
void call_write(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	uint64_t length = bounded(arg[2]), offset = arg[1], due;
	struct iovec iov[2] = {
		{ w->scratch, length / 3 }, { w->scratch + length / 3, length - length / 3 },
	};
	bool append;
	ssize_t got;

	if (!d || offset == UINT64_MAX)
		return;
	append = arg[4] & RWF_APPEND || (fcntl(d->fd, F_GETFL) & O_APPEND && !(arg[4] & NOAPPEND));
	know_buffer(w, d->fd);
	memset(w->scratch, ours(arg[3]), length);
	due = inside(w, d->buffer, offset, length);
	got = pwritev2(d->fd, iov, 2, offset, arg[4]);
	may(w, got, EINVAL, EBADF, ENOSPC, EFBIG, EOPNOTSUPP, EAGAIN, EOVERFLOW, EPERM);
	if (got < 0) {
		if (writable(d) && due && !append && !arg[4])
			wrong(w, "writing is refused: %s", strerror(errno));
		return;
	}
	if (!writable(d))
		wrong(w, "a descriptor for reading was written");
	know_buffer(w, d->fd);
	if (append) {
		if (got)
			wrong(w, "%zd bytes were appended", got);
		return;
	}
	if (d->buffer >= 0 && alone(w) && (uint64_t)got != due)
		wrong(w, "%zd bytes written, not %llu", got, (unsigned long long)due);
	written(w, d->buffer, offset, got, ours(arg[3]));
}

/* fd offset whence */
void call_seek(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	off_t pos;

	if (!d)
		return;
	know_buffer(w, d->fd);
	pos = lseek(d->fd, arg[1], arg[2]);
	may(w, pos, EINVAL, ENXIO, EOVERFLOW);
	know_buffer(w, d->fd);
	if (pos >= 0 && d->buffer >= 0 && alone(w) && (uint64_t)pos > size_of(w, d->buffer))
		wrong(w, "the position is %lld, beyond the end", (long long)pos);
}

/* fd how */
void call_fsync(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	int ret = 0;

	if (!d)
		return;
	if (arg[1] == 0)
		ret = fsync(d->fd);
	else if (arg[1] == 1)
		ret = fdatasync(d->fd);
	else
		ret = sync_file_range(d->fd, arg[2], arg[3], arg[1]);
	may(w, ret, EINVAL, ESPIPE);
}

/* fd to offset at length how: from one file to another, or within one */
void call_copy(struct world *w, const uint64_t *arg)
{
	struct descriptor *from = lend_file(w, arg[0]), *to = lend_file(w, arg[1]);
	uint64_t length = bounded(arg[4]);
	off_t in = arg[2], out = arg[3];
	ssize_t got;

	if (!from || !to)
		return;
	if (arg[5]) {
		if (lseek(to->fd, out, SEEK_SET) != out)
			return;
		got = sendfile(to->fd, from->fd, &in, length);
	} else {
		got = copy_file_range(from->fd, &in, to->fd, &out, length, 0);
	}
	may(w, got, EINVAL, EBADF, ENOSPC, EFBIG, EOVERFLOW, EXDEV, EOPNOTSUPP, EAGAIN, EPERM);
	if (got <= 0)
		return;
	if (!readable(from) || !writable(to))
		wrong(w, "copied, against the modes of the descriptors");
	know_buffer(w, from->fd);
	know_buffer(w, to->fd);
	if (arg[3] + got > size_of(w, to->buffer) && to->buffer >= 0)
		wrong(w, "copied beyond the end");
	/* Ranges of one file may lie on one another: look what has come of it. */
	if (pread(from->fd, w->scratch, got, from->buffer == to->buffer ? arg[3] : arg[2]) != got)
		wrong(w, "what was copied cannot be read: %s", strerror(errno));
	if (from->buffer != to->buffer)
		check_bytes(w, from->buffer, arg[2], w->scratch, got);
	learned(w, to->buffer, arg[3], w->scratch, got);
}

/* --- a pipe, which holds pages of whoever gave them */

/* fd offset length: into the pipe */
void call_splice(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	loff_t offset = arg[1];
	ssize_t got, back;
	int held = 0;

	if (!d)
		return;
	ioctl(w->pipes[0], FIONREAD, &held);
	got = splice(d->fd, &offset, w->pipes[1], NULL, least(arg[2], PIPE_PART),
		     SPLICE_F_NONBLOCK);
	may(w, got, EINVAL, EBADF, EAGAIN, EOVERFLOW);
	if (got <= 0 || held || !alone(w))
		return;
	know_buffer(w, d->fd);
	back = read(w->pipes[0], w->scratch, got);
	if (back != got)
		wrong(w, "%zd bytes spliced, and %zd come out", got, back);
	check_bytes(w, d->buffer, arg[1], w->scratch, got);
	/* They stay there. */
	if (write(w->pipes[1], w->scratch, got) != got)
		wrong(w, "a pipe takes no bytes: %s", strerror(errno));
}

/* fd offset length: out of the pipe */
void call_fill(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	loff_t offset = arg[1];
	uint64_t room;
	ssize_t got;

	if (!d || d->access != O_RDWR || fcntl(d->fd, F_GETFL) & O_APPEND)
		return;
	know_buffer(w, d->fd);
	room = inside(w, d->buffer, arg[1], UINT64_MAX);
	got = splice(w->pipes[0], NULL, d->fd, &offset, least(arg[2], PIPE_PART),
		     SPLICE_F_NONBLOCK);
	may(w, got, EINVAL, EBADF, EAGAIN, ENOSPC, EFBIG, EOVERFLOW);
	if (got <= 0)
		return;
	know_buffer(w, d->fd);
	if (alone(w) && d->buffer >= 0 && (uint64_t)got > room)
		wrong(w, "%zd bytes spliced beyond the end", got);
	if (pread(d->fd, w->scratch, got, arg[1]) != got)
		wrong(w, "what was spliced cannot be read");
	learned(w, d->buffer, arg[1], w->scratch, got);
}

/* map from length: pages of a mapping into the pipe, which pins them */
void call_gift(struct world *w, const uint64_t *arg)
{
	struct iovec iov;
	struct span s;

	if (!span_of(w, arg[0], arg[1], least(arg[2], PIPE_PART), &s) || !s.nr)
		return;
	iov = (struct iovec){ s.addr, s.length };
	/* Private pages and reserved ones may have any contents. */
	if (!all_have(&s, PAGE_LENT) || !none_has(&s, PAGE_UNSURE))
		return;
	may(w, vmsplice(w->pipes[1], &iov, 1, SPLICE_F_NONBLOCK | (arg[3] & SPLICE_F_GIFT)),
	    EFAULT, EAGAIN, EINVAL, ENOMEM, EEXIST);
}

/* length */
void call_drain(struct world *w, const uint64_t *arg)
{
	ssize_t got = read(w->pipes[0], w->scratch, bounded(arg[0]));

	may(w, got, EAGAIN);
	if (got > 0)
		check_ours(w, w->scratch, got);
}
