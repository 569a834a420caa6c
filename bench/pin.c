// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs that a device reads or writes memory by itself, per MiB: direct I/O,
 * buffers registered with io_uring, and with RDMA. Time of the calling thread, so that
 * the device's own does not count.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <infiniband/verbs.h>
#include <liburing.h>

#include "memory.h"
#include "report.h"

#define CHUNK		MiB
#define LEAST_RUNS	9U

enum { WRITE, READ, REGISTER, UNREGISTER, RDMA, UNRDMA };

static const struct column columns[] = {
	[WRITE] = { "disk write" }, [READ] = { "disk read" },
	[REGISTER] = { "io_uring" }, [UNREGISTER] = { "io_uring un" },
	[RDMA] = { "RDMA" }, [UNRDMA] = { "RDMA un" },
};

/* What memory is pinned for. */
struct users {
	int disk;
	struct io_uring ring;
	bool has_ring;
	struct ibv_context *ctx;
	struct ibv_pd *pd;
};

static void users_open(struct users *u, const struct options *o, struct report *r)
{
	struct ibv_device **devices;
	int ret;

	*u = (struct users){ .disk = -1 };
	if (o->disk) {
		u->disk = open(o->disk, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (u->disk < 0)
			die("%s: cannot be opened for direct I/O", o->disk);
	} else {
		report_left_out(r, "disk write, disk read", 0, "no disk was given with --disk");
	}

	ret = io_uring_queue_init(4, &u->ring, 0);
	u->has_ring = !ret;
	if (ret)
		report_left_out(r, "io_uring", 0, strerror(-ret));

	devices = ibv_get_device_list(NULL);
	if (devices && devices[0])
		u->ctx = ibv_open_device(devices[0]);
	if (devices)
		ibv_free_device_list(devices);
	if (u->ctx)
		u->pd = ibv_alloc_pd(u->ctx);
	if (!u->pd)
		report_left_out(r, "RDMA", 0,
				"no device: rdma link add rxe0 type rxe netdev eth0");
}

static void users_close(struct users *u)
{
	if (u->disk >= 0)
		close(u->disk);
	if (u->has_ring)
		io_uring_queue_exit(&u->ring);
	if (u->pd)
		ibv_dealloc_pd(u->pd);
	if (u->ctx)
		ibv_close_device(u->ctx);
}

static double direct_io(int disk, struct area *area, bool reading)
{
	const uint64_t start = now_thread();
	const size_t chunk = area->size < CHUNK ? area->size : CHUNK;

	/* In the disk's first 64 MiB, so that any will do. */
	for (size_t at = 0; at < area->size; at += chunk) {
		ssize_t ret = reading ? pread(disk, area->mem + at, chunk, at % (64 * MiB)) :
					pwrite(disk, area->mem + at, chunk, at % (64 * MiB));

		if (ret == (ssize_t)chunk)
			continue;
		area_fail(area, "direct %s: %s", reading ? "read" : "write",
			  ret < 0 ? strerror(errno) : "is cut short");
		return NAN;
	}
	return now_thread() - start;
}

static void register_ring(struct io_uring *ring, struct area *area, struct figures *f)
{
	struct iovec iov = { area->mem, area->size };
	uint64_t start = now_thread(), end;
	int ret = io_uring_register_buffers(ring, &iov, 1);

	end = now_thread();
	if (ret) {
		area_fail(area, "io_uring: %s", strerror(-ret));
		return;
	}
	f->of[REGISTER] = end - start;
	start = now_thread();
	io_uring_unregister_buffers(ring);
	f->of[UNREGISTER] = now_thread() - start;
}

static void register_rdma(struct ibv_pd *pd, struct area *area, struct figures *f)
{
	uint64_t start = now_thread(), end;
	struct ibv_mr *mr = ibv_reg_mr(pd, area->mem, area->size, IBV_ACCESS_LOCAL_WRITE);

	end = now_thread();
	if (!mr) {
		area_fail(area, "RDMA: %s", strerror(errno));
		return;
	}
	f->of[RDMA] = end - start;
	start = now_thread();
	ibv_dereg_mr(mr);
	f->of[UNRDMA] = now_thread() - start;
}

static void report_why(struct report *r, struct area *area)
{
	if (area->why[0])
		report_left_out(r, area->of->name, area->size, area->why);
	area->why[0] = '\0';
}

static void measure(struct users *u, struct report *r, struct area *area, struct figures *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		f->of[i] = NAN;
	if (u->disk >= 0) {
		f->of[WRITE] = direct_io(u->disk, area, false);
		report_why(r, area);
		f->of[READ] = direct_io(u->disk, area, true);
		report_why(r, area);
	}
	if (u->has_ring) {
		register_ring(&u->ring, area, f);
		report_why(r, area);
	}
	if (u->pd) {
		register_rdma(u->pd, area, f);
		report_why(r, area);
	}
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		f->of[i] /= (double)area->size / MiB;
}

static void bench(struct report *r, const struct options *o, struct users *u,
		  const struct memory *m, size_t size)
{
	struct figures runs[MAX_RUNS];
	struct area area;

	if (memory_up(&area, m, size)) {
		report_left_out(r, m->name, size, area.why);
		return;
	}
	if (!area_get(&area)) {
		if (!area_map(&area, 0)) {
			/* One that is not measured; and all pages are there. */
			area_touch(&area);
			for (unsigned int i = 0; i <= o->runs; i++)
				measure(u, r, &area, &runs[i ? i - 1 : 0]);
			report_row(r, m->name, size, runs, o->runs);
			area_unmap(&area);
		}
		area_put(&area);
	}
	report_why(r, &area);
	memory_down(m);
}

int main(int argc, char **argv)
{
	struct options o;
	struct report *r;
	struct users u;

	parse_options(&o, argc, argv,
		      "What it costs to pin memory, a MiB, in time of the calling thread: direct I/O\n"
		      "to and from a disk by 1 MiB, buffers registered with io_uring and with RDMA and\n"
		      "taken back (un).", "2M,64M");
	/* When a disk answers differs from time to time, and with it what is done meanwhile. */
	if (o.runs < LEAST_RUNS)
		o.runs = LEAST_RUNS;
	r = report_begin(&o, "Pinning memory, per MiB", columns, ARRAY_SIZE(columns));
	users_open(&u, &o, r);
	for (size_t i = 0; i < o.nr_sizes; i++)
		for (const struct memory *m = all_memories(o.path); m->name; m++)
			if (wanted(&o, m))
				bench(r, &o, &u, m, o.sizes[i]);
	users_close(&u);
	return report_end(r);
}
