// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of <linux/lend.h>, with structures as programs may give them, and those of
 * dma-bufs.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/dma-buf.h>

#include "calls.h"

/* Where a structure lies. */
enum where { FINE, NOWHERE, ODD, KERNEL, AT_THE_END };

/*
 * The structure where the request finds it, or does not; behind what is known of it
 * bytes that are not zero if it is to be dirty.
 */
static void *place(struct world *w, const void *known, size_t length, uint64_t where)
{
	char *page = w->scratch;

	memset(page, where >> 8, 2 * PAGE);
	memcpy(page, known, length);
	switch (where & 0xff) {
	case NOWHERE:
		return NULL;
	case ODD:
		memmove(page + 3, page, PAGE);
		return page + 3;
	case KERNEL:
		return (void *)0xffff888000000000;
	case AT_THE_END:
		/* Room for all but the last byte: what follows the scratch is not mapped. */
		page += WINDOW - length + 1;
		memcpy(page, known, length - 1);
		return page;
	default:
		return page;
	}
}

/* By where it lies and its size alone: how must it be refused? 0: it may succeed. */
static int refusal(uint32_t size, size_t known, uint64_t where)
{
	switch (where & 0xff) {
	case NOWHERE:
	case KERNEL:
		return EFAULT;
	}
	if (size < known)
		return EINVAL;
	if (size > PAGE)
		return E2BIG;
	if ((where & 0xff) == AT_THE_END)
		return EFAULT;
	return size > known && (where >> 8 & 0xff) ? E2BIG : 0;
}

/* Makes the request; whether it succeeded. */
static bool request(struct world *w, int fd, unsigned long nr, void *at, int refused, long *ret)
{
	*ret = ioctl(fd, nr, at);
	if (refused && (*ret >= 0 || errno != refused))
		wrong(w, "must be refused (%s): %s", strerror(refused),
		      *ret < 0 ? strerror(errno) : "succeeded");
	may(w, *ret, EFAULT, EINVAL, E2BIG, EBUSY, EBADF, EPERM, ENXIO, ERANGE, EOVERFLOW, ENODATA,
	    ENOMEM, EMFILE);
	return *ret >= 0;
}

/* fd size flags backing map node dma_bits where */
void call_setup(struct world *w, const uint64_t *arg)
{
	struct lend_setup setup = {
		.size = arg[1], .flags = arg[2], .backing = arg[3], .map = arg[4],
		.node = arg[5], .dma_bits = arg[6],
	};
	struct descriptor *d = lend_file(w, arg[0]);
	int refused = refusal(setup.size, sizeof(setup), arg[7]);
	struct lend_info info = { .size = sizeof(info) };
	uint64_t before;
	long ret;

	if (!d)
		return;
	know_buffer(w, d->fd);
	before = size_of(w, d->buffer);
	if (!request(w, d->fd, LEND_IOC_SETUP,
		     place(w, &setup, sizeof(setup), arg[7]), refused, &ret)) {
		if (!refused && before && errno != (writable(d) ? EBUSY : EBADF))
			wrong(w, "of a file that has memory: %s", strerror(errno));
		return;
	}
	if (before || !writable(d))
		wrong(w, "a file was set up that cannot be");
	if (!alone(w) || ioctl(d->fd, LEND_IOC_INFO, &info))
		return;
	if ((setup.flags & LEND_SETUP_BACKING && info.backing != setup.backing) ||
	    (setup.flags & LEND_SETUP_MAP && info.map != setup.map) ||
	    (setup.flags & LEND_SETUP_NODE && info.node != setup.node) ||
	    (setup.flags & LEND_SETUP_DMA_BITS && info.dma_bits != setup.dma_bits))
		wrong(w, "set up, and it is something else");
}

/* fd size where */
void call_info(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	struct lend_info info = { .size = arg[1] };
	size_t oldest = offsetof(struct lend_info, exports), length = sizeof(info);
	int refused = refusal(info.size, oldest, arg[2]);
	uint64_t memory;
	long ret;

	if (!d)
		return;
	/* What came after the oldest version is given out, not taken. */
	if (info.size >= oldest && info.size <= sizeof(info)) {
		refused = refused == E2BIG ? 0 : refused;
		length = info.size;
	}
	if (!request(w, d->fd, LEND_IOC_INFO, place(w, &info, length, arg[2]), refused, &ret))
		return;
	know_buffer(w, d->fd);
	memory = memory_of(w, d->buffer);
	info = (struct lend_info){ .size = sizeof(info) };
	if (ioctl(d->fd, LEND_IOC_INFO, &info))
		wrong(w, "refused the second time: %s", strerror(errno));
	if (d->buffer < 0 || !alone(w))
		return;
	if (info.bytes != size_of(w, d->buffer) || info.memory != memory)
		wrong(w, "%llu bytes, %llu of memory", info.bytes, info.memory);
	if (info.huge > memory || info.huge % (2 * MiB) || info.longest > memory ||
	    info.runs > memory / PAGE || (memory && (!info.runs || !info.longest)))
		wrong(w, "%llu huge, %llu runs, the longest %llu", info.huge, info.runs,
		      info.longest);
	if (memory && !(info.flags & LEND_INFO_PINNABLE) != (info.map == LEND_MAP_PFN))
		wrong(w, "flags %#x by way %u", info.flags, info.map);
	if (memory && info.map == LEND_MAP_AUTO)
		wrong(w, "a file that has memory does not know how it is mapped");
}

/* fd size flags offset count reserved where */
void call_runs(struct world *w, const uint64_t *arg)
{
	struct lend_phys_run list[16];
	struct descriptor *d = lend_file(w, arg[0]);
	struct lend_runs runs = {
		.size = arg[1], .flags = arg[2], .offset = arg[3], .count = arg[4] % 17,
		.reserved = arg[5], .runs = (uintptr_t)list,
	};
	uint64_t where = (arg[6] & 0xff) == KERNEL ? FINE : arg[6] & 0xff, offset = arg[3];
	struct lend_runs *at;
	long ret;

	if (!d)
		return;
	if ((arg[6] & 0xff) == KERNEL)		/* of the list, not of the structure */
		runs.runs = 0xffff888000000000;
	at = place(w, &runs, sizeof(runs), where);
	if (!request(w, d->fd, LEND_IOC_RUNS, at, refusal(arg[1], sizeof(runs), where), &ret))
		return;
	if (!w->root)
		wrong(w, "physical addresses without privileges");
	if (runs.flags || runs.reserved)
		wrong(w, "flags that do not exist");
	memcpy(&runs, at, sizeof(runs));
	know_buffer(w, d->fd);
	if (d->buffer < 0 || !alone(w))
		return;
	if (offset > memory_of(w, d->buffer) || runs.offset > memory_of(w, d->buffer))
		wrong(w, "runs beyond the end");
	for (unsigned int i = 0; i < runs.count; i++) {
		if ((list[i].offset | list[i].phys | list[i].length) % PAGE || !list[i].length ||
		    list[i].offset + list[i].length > memory_of(w, d->buffer) ||
		    (i && list[i].offset != list[i - 1].offset + list[i - 1].length))
			wrong(w, "run %u: %#llx at %#llx", i, list[i].length, list[i].offset);
	}
	if (runs.count && (list[0].offset > offset || list[0].offset + list[0].length <= offset))
		wrong(w, "the first run is of another offset");
}

/* fd size flags offset length where */
void call_sync(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	struct lend_sync sync = {
		.size = arg[1], .flags = arg[2], .offset = arg[3], .length = arg[4],
	};
	int refused = refusal(sync.size, sizeof(sync), arg[5]);
	uint64_t end;
	bool good;
	long ret;

	if (!d)
		return;
	know_buffer(w, d->fd);
	good = sync.flags && !(sync.flags & ~3U) && sync.length &&
	       !__builtin_add_overflow(sync.offset, sync.length, &end) &&
	       end <= size_of(w, d->buffer);
	if (request(w, d->fd, LEND_IOC_SYNC, place(w, &sync, sizeof(sync), arg[5]),
		    refused, &ret) != (good && !refused) && d->buffer >= 0 && alone(w))
		wrong(w, "sync of %#llx at %#llx: %ld", (unsigned long long)arg[4],
		      (unsigned long long)arg[3], ret);
}

/* fd to size flags where */
void call_dmabuf(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = lend_file(w, arg[0]);
	struct lend_dmabuf dmabuf = { .size = arg[2], .flags = arg[3] };
	int buffer, refused = refusal(dmabuf.size, sizeof(dmabuf), arg[4]);
	long ret;

	if (!d)
		return;
	if (!request(w, d->fd, LEND_IOC_DMABUF, place(w, &dmabuf, sizeof(dmabuf), arg[4]),
		     refused, &ret))
		return;
	know_buffer(w, d->fd);
	if (!writable(d) || (d->buffer >= 0 && alone(w) && !size_of(w, d->buffer)))
		wrong(w, "a dma-buf was made of what cannot be one");
	buffer = d->buffer;
	put_descriptor(w, arg[1], ret);
	d = &w->fd[arg[1]];
	d->buffer = buffer;
	if (d->face != DMABUF || d->access != (int)(arg[3] & O_ACCMODE))
		wrong(w, "a dma-buf of mode %d", d->access);
}

/* fd flags */
void call_dmabuf_sync(struct world *w, const uint64_t *arg)
{
	struct dma_buf_sync sync = { .flags = arg[1] };
	int ret;

	if (w->fd[arg[0]].face != DMABUF)
		return;
	ret = ioctl(w->fd[arg[0]].fd, DMA_BUF_IOCTL_SYNC, &sync);
	may(w, ret, EINVAL);
	if (ret && !(sync.flags & ~7ULL) && sync.flags & DMA_BUF_SYNC_RW)
		wrong(w, "sync of a dma-buf: %s", strerror(errno));
}

/* fd nr where: any request with lend's letter */
void call_ioctl(struct world *w, const uint64_t *arg)
{
	unsigned int nr = (arg[1] & ~0xff00U) | LEND_IOC_TYPE << 8;
	struct descriptor *d = lend_file(w, arg[0]);
	int ret;

	/* Those that there are have calls of their own. */
	if (!d || (nr >= LEND_IOC_SETUP && nr <= LEND_IOC_DMABUF))
		return;
	ret = ioctl(d->fd, nr, place(w, "", 1, arg[2] & ~0xffULL));
	if (ret != -1 || errno != ENOTTY)
		wrong(w, "request %#x: %s", nr, ret < 0 ? strerror(errno) : "succeeded");
}
