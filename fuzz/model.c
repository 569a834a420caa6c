// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of files and of their bytes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

bool alone(struct world *w)
{
	return !atomic_load(&w->common->racing);
}

/* --- files */

static int buffer_of_inode(struct world *w, ino_t ino)
{
	for (int i = 0; i < NR_BUFFERS; i++) {
		ino_t seen = 0;

		if (atomic_compare_exchange_strong(&w->common->buffer[i].ino, &seen, ino) ||
		    seen == ino)
			return i;
	}
	return -1;
}

static uint64_t pages_up(uint64_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

int know_buffer(struct world *w, int fd)
{
	struct lend_info info = { .size = sizeof(info) };
	struct buffer *buf;
	uint64_t none = 0;
	struct stat st;
	int i;

	if (fstat(fd, &st))
		wrong(w, "fstat of an open file: %s", strerror(errno));
	i = buffer_of_inode(w, st.st_ino);
	if (i < 0 || (!st.st_size && !atomic_load(&w->common->buffer[i].size)))
		return i;

	buf = &w->common->buffer[i];
	/* Another process may have given it its memory just now. */
	if (!st.st_size && fstat(fd, &st))
		wrong(w, "fstat of an open file: %s", strerror(errno));
	if (st.st_size > (off_t)MOUNT_SIZE)
		wrong(w, "a size of %lld is more than the mount has", (long long)st.st_size);
	/* The size is written last: a file that is being filled may not have it yet. */
	if (!atomic_compare_exchange_strong(&buf->size, &none, st.st_size) &&
	    none != (uint64_t)st.st_size)
		wrong(w, "the size was %llu and is %lld", (unsigned long long)none,
		      (long long)st.st_size);
	if (st.st_blocks * 512ULL != pages_up(st.st_size))
		wrong(w, "%lld bytes in %lld blocks", (long long)st.st_size,
		      (long long)st.st_blocks);
	if (!atomic_load(&buf->map)) {
		if (ioctl(fd, LEND_IOC_INFO, &info))
			wrong(w, "LEND_IOC_INFO: %s", strerror(errno));
		atomic_store(&buf->map, info.map);
	}
	return i;
}

uint64_t size_of(struct world *w, int buffer)
{
	return buffer < 0 ? 0 : atomic_load(&w->common->buffer[buffer].size);
}

uint64_t memory_of(struct world *w, int buffer)
{
	return pages_up(size_of(w, buffer));
}

static bool is_lend(int fd)
{
	unsigned int flags = LEND_SYNC_FOR_CPU;

	/* Of all descriptors there are here only lend's files know its requests. */
	return ioctl(fd, LEND_IOC_SYNC, &flags) == -1 && errno != ENOTTY;
}

void put_descriptor(struct world *w, unsigned int slot, int fd)
{
	struct descriptor *d = &w->fd[slot];

	if (d->face != CLOSED)
		close(d->fd);
	*d = (struct descriptor){ .face = LEND_FILE, .fd = fd, .buffer = -1 };
	d->access = fcntl(fd, F_GETFL) & O_ACCMODE;
	if (!is_lend(fd))
		d->face = DMABUF;
	else
		d->buffer = know_buffer(w, fd);
}

struct descriptor *lend_file(struct world *w, uint64_t slot)
{
	return w->fd[slot].face == LEND_FILE ? &w->fd[slot] : NULL;
}

bool readable(const struct descriptor *d)
{
	return d->access == O_RDONLY || d->access == O_RDWR;
}

bool writable(const struct descriptor *d)
{
	return d->access == O_WRONLY || d->access == O_RDWR;
}

/* --- bytes: zero, or one of sixteen values; all others are somebody else's */

uint8_t ours(uint64_t byte)
{
	return 0xa0 | (byte & 0xf);
}

char *shadow_of(struct world *w, int buffer)
{
	return w->shadow + (size_t)buffer * WINDOW;
}

void written(struct world *w, int buffer, uint64_t offset, uint64_t length, uint8_t byte)
{
	if (buffer >= 0 && alone(w))
		memset(shadow_of(w, buffer) + offset, byte, length);
}

void learned(struct world *w, int buffer, uint64_t offset, const char *data, uint64_t length)
{
	check_ours(w, data, length);
	if (buffer >= 0 && alone(w))
		memcpy(shadow_of(w, buffer) + offset, data, length);
}

void zeroed(struct world *w, int buffer)
{
	if (buffer >= 0 && alone(w))
		madvise(shadow_of(w, buffer), WINDOW, MADV_REMOVE);
}

void check_ours(struct world *w, const char *data, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++) {
		uint64_t word;

		if (!(i % 8) && length - i >= 8) {
			memcpy(&word, data + i, 8);
			if (!word || (word & 0xf0f0f0f0f0f0f0f0) == 0xa0a0a0a0a0a0a0a0) {
				i += 7;
				continue;
			}
		}
		if (data[i] && (data[i] & 0xf0) != 0xa0)
			wrong(w, "%#x among the bytes: nobody here wrote it", data[i] & 0xff);
	}
}

void check_bytes(struct world *w, int buffer, uint64_t offset, const char *data,
		 uint64_t length)
{
	const char *shadow;

	if (buffer < 0 || !alone(w)) {
		check_ours(w, data, length);
		return;
	}
	shadow = shadow_of(w, buffer) + offset;
	if (!memcmp(shadow, data, length))
		return;
	for (uint64_t i = 0; i < length; i++)
		if (shadow[i] != data[i])
			wrong(w, "%#x at %#llx of the file, which must be %#x", data[i] & 0xff,
			      (unsigned long long)(offset + i), shadow[i] & 0xff);
}
