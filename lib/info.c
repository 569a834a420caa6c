// SPDX-License-Identifier: MIT
/* Asking about buffers, and syncing them. */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include "internal.h"

#define FIRST_RUNS	256

static const char *ask_hint(int err)
{
	switch (err) {
	case ENOTTY:
		return ": it is not a buffer of lend";
	case ENXIO:
		return ": the range goes beyond the buffer's end";
	case EPERM:
		return ": physical addresses need CAP_SYS_RAWIO";
	default:
		return "";
	}
}

int lend_info(int fd, struct lend_info *info)
{
	char name[LEND_DESCRIBE_LEN];

	*info = (struct lend_info){ .size = sizeof(*info) };
	if (ioctl(fd, LEND_IOC_INFO, info))
		return lend_fail(errno, "cannot ask about %s: %m%s", lend_describe(fd, name),
				 ask_hint(errno));
	return 0;
}

struct lend_phys_run *lend_runs(int fd, size_t *count)
{
	struct lend_runs ask = { .size = sizeof(ask) };
	struct lend_phys_run *runs = NULL, *grown;
	char name[LEND_DESCRIBE_LEN];
	size_t room = FIRST_RUNS, used = 0;
	int err;

	for (;;) {
		grown = reallocarray(runs, room, sizeof(*runs));
		if (!grown)
			break;
		runs = grown;
		ask.runs = (uintptr_t)(runs + used);
		ask.count = room - used;
		if (ioctl(fd, LEND_IOC_RUNS, &ask))
			break;
		used += ask.count;
		if (used < room) {
			*count = used;
			return runs;
		}
		room *= 2;
	}
	err = errno;
	free(runs);
	lend_fail(err, "cannot list the runs of %s: %m%s", lend_describe(fd, name),
		  ask_hint(err));
	return NULL;
}

int lend_sync(int fd, uint64_t offset, uint64_t length, uint32_t flags)
{
	struct lend_sync sync = {
		.size = sizeof(sync),
		.flags = flags,
		.offset = offset,
		.length = length,
	};
	char name[LEND_DESCRIBE_LEN];
	int64_t size;

	if (!flags || flags & ~(LEND_SYNC_FOR_CPU | LEND_SYNC_FOR_DEVICE))
		return lend_fail(EINVAL, "cannot sync with flags 0x%x; LEND_SYNC_FOR_CPU and "
				 "LEND_SYNC_FOR_DEVICE are known", flags);
	if (!length) {
		size = lend_size(fd);
		if (size < 0)
			return -1;
		if (offset < (uint64_t)size)
			sync.length = size - offset;
	}
	if (ioctl(fd, LEND_IOC_SYNC, &sync))
		return lend_fail(errno, "cannot sync %llu bytes from offset %llu of %s: %m%s",
				 (unsigned long long)sync.length, (unsigned long long)offset,
				 lend_describe(fd, name), ask_hint(errno));
	return 0;
}
