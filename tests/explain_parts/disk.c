// SPDX-License-Identifier: GPL-2.0-only
#include <libaio.h>
#include <liburing.h>

#include "ring.h"
#include "uses.h"

#define AT	(512 * MiB)	/* beyond a file system at its beginning */

static int open_disk(void)
{
	return must(open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC));
}

/* All bytes, or -errno. */
static int result(long done, size_t size)
{
	if (done >= 0 && done != (long)size)
		failed("%ld bytes of %zu", done, size);
	return done < 0 ? -done : 0;
}

static long or_errno(long ret)
{
	return ret < 0 ? -errno : ret;
}

int do_direct_write(void *mem, size_t size)
{
	struct iovec iov = { mem, size };
	int fd = open_disk(), ret = result(or_errno(pwritev(fd, &iov, 1, AT)), size);

	close(fd);
	return ret;
}

int do_direct_read(void *mem, size_t size)
{
	struct iovec iov = { mem, size };
	int fd = open_disk(), ret = result(or_errno(preadv(fd, &iov, 1, AT)), size);

	close(fd);
	return ret;
}

/* A ring that was closed before may still interrupt. */
static struct io_uring_cqe *await(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int ret;

	do
		ret = io_uring_wait_cqe(ring, &cqe);
	while (ret == -EINTR);
	check(ret == 0);
	return cqe;
}

/*
 * Of memory that it cannot have a disk says EIO if nobody waits for the call, up to
 * Linux 5.15 (__blkdev_direct_IO), as it does later beyond one request.
 */
static int result_later(long res, size_t size)
{
	int error = result(res, size);

	return error == EIO && !kernel_from(5, 16) ? EFAULT : error;
}

static int do_io_uring(void *mem, size_t size, bool write)
{
	int fd = open_disk(), ret;
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	keep_ring();
	check(io_uring_queue_init(4, &ring, 0) == 0);
	sqe = io_uring_get_sqe(&ring);
	if (write)
		io_uring_prep_write(sqe, fd, mem, size, AT);
	else
		io_uring_prep_read(sqe, fd, mem, size, AT);
	check(io_uring_submit(&ring) == 1);
	cqe = await(&ring);
	ret = result_later(cqe->res, size);
	io_uring_cqe_seen(&ring, cqe);
	io_uring_queue_exit(&ring);
	close(fd);
	return ret;
}

int do_io_uring_read(void *mem, size_t size)
{
	return do_io_uring(mem, size, false);
}

int do_io_uring_write(void *mem, size_t size)
{
	return do_io_uring(mem, size, true);
}

/* Registered, written to the disk and read back from it. */
int do_io_uring_fixed(void *mem, size_t size)
{
	struct iovec iov = { mem, size };
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	int fd, ret;

	keep_ring();
	check(io_uring_queue_init(4, &ring, 0) == 0);
	ret = -io_uring_register_buffers(&ring, &iov, 1);
	if (ret) {
		io_uring_queue_exit(&ring);
		return ret;
	}
	fd = open_disk();
	for (int i = 0; i < 2; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

		if (i)
			io_uring_prep_read_fixed(sqe, fd, mem, size, AT, 0);
		else
			io_uring_prep_write_fixed(sqe, fd, mem, size, AT, 0);
		check(io_uring_submit(&ring) == 1);
		cqe = await(&ring);
		check(cqe->res == (int)size);
		io_uring_cqe_seen(&ring, cqe);
	}
	io_uring_queue_exit(&ring);
	close(fd);
	return 0;
}

static int do_aio(void *mem, size_t size, bool write)
{
	struct iocb iocb, *list = &iocb;
	struct io_event event;
	io_context_t ctx = 0;
	int fd = open_disk(), ret;

	check(io_setup(1, &ctx) == 0);
	if (write)
		io_prep_pwrite(&iocb, fd, mem, size, AT);
	else
		io_prep_pread(&iocb, fd, mem, size, AT);
	ret = io_submit(ctx, 1, &list);
	if (ret == 1) {
		do
			ret = io_getevents(ctx, 1, 1, &event, NULL);
		while (ret == -EINTR);
		check(ret == 1);
		ret = result_later((long)event.res, size);
	} else {
		ret = -ret;
	}
	check(io_destroy(ctx) == 0);
	close(fd);
	return ret;
}

int do_aio_read(void *mem, size_t size)
{
	return do_aio(mem, size, false);
}

int do_aio_write(void *mem, size_t size)
{
	return do_aio(mem, size, true);
}

int do_vmsplice(void *mem, size_t size)
{
	struct iovec iov = { mem, size < 16 * KiB ? size : 16 * KiB };
	int pipes[2], ret;

	must(pipe2(pipes, O_CLOEXEC));
	ret = result(or_errno(vmsplice(pipes[1], &iov, 1, SPLICE_F_NONBLOCK)), iov.iov_len);
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}
