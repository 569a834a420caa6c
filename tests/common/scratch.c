// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mount.h>

#include "scratch.h"
#include "system.h"

static char bytes[SIZE], other[SIZE];

int scratch_up(void **state)
{
	(void)state;
	check(shell("mkfs.ext4 -q -F " DISK) == 0);
	must(mkdir(SCRATCH, 0700));
	must(mount(DISK, SCRATCH, "ext4", 0, NULL));
	for (size_t i = 0; i < SIZE; i++)
		other[i] = ~pattern_byte(i);
	return 0;
}

int scratch_down(void **state)
{
	(void)state;
	/* A test that failed has left its file open. */
	if (umount(SCRATCH))
		must(umount2(SCRATCH, MNT_DETACH));
	must(rmdir(SCRATCH));
	return 0;
}

int again(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return must(open(path, flags | O_CLOEXEC));
}

static void disk_write(int fd, const char *from)
{
	int buffered = again(fd, O_WRONLY);

	check(must(pwrite(buffered, from, SIZE, 0)) == SIZE);
	must(fsync(buffered));
	close(buffered);
}

int disk_file(int flags)
{
	int fd = must(open(SCRATCH, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600));

	memset(bytes, 0, SIZE);
	disk_write(fd, bytes);
	return fd;
}

void disk_turn(int fd)
{
	disk_write(fd, other);
}

bool disk_has_pattern(int fd)
{
	int buffered = again(fd, O_RDONLY);

	memset(bytes, 0, SIZE);
	check(must(pread(buffered, bytes, SIZE, 0)) == SIZE);
	close(buffered);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = ~bytes[i];
	return !memcmp(bytes, other, SIZE);
}

bool turned(const struct subject *s)
{
	check(must(pread(s->fd, bytes, SIZE, 0)) == SIZE);
	return !memcmp(bytes, other, SIZE) && !memcmp(s->mem, other, SIZE);
}
