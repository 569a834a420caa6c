// SPDX-License-Identifier: MIT
/* Mapping buffers. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "internal.h"

static const char *map_hint(int err, uint64_t offset, int prot, int flags)
{
	switch (err) {
	case EACCES:
		return prot & PROT_EXEC ? ": memory of lend is never executable" :
			": the descriptor must be open for reading, and for a shared "
			"writable mapping for writing too";
	case EPERM:
		return prot & PROT_EXEC ? ": memory of lend is never executable" : "";
	case EINVAL:
		if (offset % sysconf(_SC_PAGESIZE))
			return ": the offset must be a multiple of the page size";
		if (flags & MAP_PRIVATE)
			return ": map=pfn can be mapped MAP_PRIVATE only from a "
				"descriptor open for nothing but reading";
		return "";
	case ENXIO:
		return ": the range goes beyond the buffer's end";
	default:
		return "";
	}
}

void *lend_map(int fd, uint64_t offset, size_t length, int prot, int flags)
{
	char name[LEND_DESCRIBE_LEN], text[LEND_SIZE_LEN];
	int64_t size;
	void *addr;

	size = lend_size(fd);
	if (size < 0)
		return NULL;
	if (!size) {
		lend_fail(ENXIO, "cannot map %s: it is empty; ftruncate(2) or "
			  "lend_alloc() give it memory", lend_describe(fd, name));
		return NULL;
	}
	if (offset >= (uint64_t)size) {
		lend_fail(ENXIO, "cannot map %s from offset %llu: it ends at %lld",
			  lend_describe(fd, name), (unsigned long long)offset,
			  (long long)size);
		return NULL;
	}
	if (!length) {
		length = size - offset;
		if (length != size - offset) {	/* a 32-bit program */
			lend_fail(ENOMEM, "cannot map %s whole: %m", lend_describe(fd, name));
			return NULL;
		}
	}
	if (!(flags & (MAP_SHARED | MAP_PRIVATE)))
		flags |= MAP_SHARED;

	addr = mmap(NULL, length, prot, flags, fd, offset);
	if (addr == MAP_FAILED) {
		lend_fail(errno, "cannot map %s of %s from offset %llu: %m%s",
			  lend_format_size(length, text), lend_describe(fd, name),
			  (unsigned long long)offset, map_hint(errno, offset, prot, flags));
		return NULL;
	}
	return addr;
}
