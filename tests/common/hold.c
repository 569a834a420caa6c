// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fs.h>

#include "hold.h"
#include "system.h"

/* There is no udev in the machine to make the nodes. */
static void dmsetup(const char *name, const char *command)
{
	check(shell("DM_DISABLE_UDEV=1 dmsetup %s %s", command, name) == 0);
}

void make_device(const char *name, uint64_t start, uint64_t length)
{
	check(shell("modprobe dm-mod && DM_DISABLE_UDEV=1 dmsetup create %s --table"
		    " '0 %lu linear " DISK " %lu'", name, length / 512, start / 512) == 0);
}

void remove_device(const char *name)
{
	dmsetup(name, "remove");
}

void suspend_device(const char *name)
{
	dmsetup(name, "suspend");
}

void resume_device(const char *name)
{
	dmsetup(name, "resume");
}

uint64_t disk_size(void)
{
	int fd = must(open(DISK, O_RDONLY | O_CLOEXEC));
	uint64_t size;

	must(ioctl(fd, BLKGETSIZE64, &size));
	close(fd);
	return size;
}
