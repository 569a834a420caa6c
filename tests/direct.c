// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk reads from lent memory and writes into it, with no copy in between:
 * direct I/O on ext4, by each of the kernel's ways to ask for it.
 */
#include <libaio.h>
#include <liburing.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kernel.h"
#include "ring.h"
#include "scratch.h"

#define PIECES	8
#define PIECE	(SIZE / PIECES)

/* Moves all of @mem to or from the file; -1 and errno, or how much it moved. */
typedef ssize_t (*move_fn)(int fd, char *mem, bool out);

static ssize_t whole(int fd, char *mem, bool out)
{
	return out ? pwrite(fd, mem, SIZE, 0) : pread(fd, mem, SIZE, 0);
}

/* Pieces that begin and end within pages, and lie across the 2 MiB border. */
static size_t cut(char *mem, struct iovec *vec)
{
	static const size_t sectors[] = { 1, 7, 24, 5, 3, 56 };
	size_t nr = 0;

	for (size_t at = 0; at < SIZE; nr++) {
		size_t len = sectors[nr % ARRAY_SIZE(sectors)] * 512;

		if (len > SIZE - at)
			len = SIZE - at;
		vec[nr] = (struct iovec){ mem + at, len };
		at += len;
	}
	return nr;
}

static ssize_t vectors(int fd, char *mem, bool out)
{
	struct iovec vec[1024];
	size_t nr = cut(mem, vec);

	return out ? pwritev(fd, vec, nr, 0) : preadv(fd, vec, nr, 0);
}

static ssize_t vectors2(int fd, char *mem, bool out)
{
	struct iovec vec[1024];
	size_t nr = cut(mem, vec);

	return out ? pwritev2(fd, vec, nr, 0, RWF_DSYNC) : preadv2(fd, vec, nr, 0, RWF_HIPRI);
}

static ssize_t with_errno(long ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* What all of the @nr requests gave, the first error if there is one. */
static ssize_t uring_results(struct io_uring *ring, unsigned int nr)
{
	ssize_t sum = 0;
	int err = 0;

	check(io_uring_submit_and_wait(ring, nr) == (int)nr);
	while (nr--) {
		struct io_uring_cqe *cqe;

		check(io_uring_wait_cqe(ring, &cqe) == 0);
		if (cqe->res < 0 && !err)
			err = cqe->res;
		sum += cqe->res;
		io_uring_cqe_seen(ring, cqe);
	}
	return with_errno(err ? err : sum);
}

static ssize_t uring(int fd, char *mem, bool out)
{
	struct io_uring ring;
	ssize_t ret;

	keep_ring();
	check(io_uring_queue_init(PIECES, &ring, 0) == 0);
	for (size_t at = 0; at < SIZE; at += PIECE) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

		if (out)
			io_uring_prep_write(sqe, fd, mem + at, PIECE, at);
		else
			io_uring_prep_read(sqe, fd, mem + at, PIECE, at);
	}
	ret = uring_results(&ring, PIECES);
	io_uring_queue_exit(&ring);
	return ret;
}

static ssize_t uring_vectors(int fd, char *mem, bool out)
{
	struct iovec vec[1024];
	size_t nr = cut(mem, vec);
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	ssize_t ret;

	keep_ring();
	check(io_uring_queue_init(1, &ring, 0) == 0);
	sqe = io_uring_get_sqe(&ring);
	if (out)
		io_uring_prep_writev(sqe, fd, vec, nr, 0);
	else
		io_uring_prep_readv(sqe, fd, vec, nr, 0);
	ret = uring_results(&ring, 1);
	io_uring_queue_exit(&ring);
	return ret;
}

/* Through a buffer that the ring knows beforehand. */
static ssize_t uring_fixed(int fd, char *mem, bool out)
{
	struct iovec vec = { mem, SIZE };
	struct io_uring ring;
	ssize_t ret;

	keep_ring();
	check(io_uring_queue_init(PIECES, &ring, 0) == 0);
	ret = with_errno(io_uring_register_buffers(&ring, &vec, 1));
	if (!ret) {
		for (size_t at = 0; at < SIZE; at += PIECE) {
			struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

			if (out)
				io_uring_prep_write_fixed(sqe, fd, mem + at, PIECE, at, 0);
			else
				io_uring_prep_read_fixed(sqe, fd, mem + at, PIECE, at, 0);
		}
		ret = uring_results(&ring, PIECES);
	}
	io_uring_queue_exit(&ring);
	return ret;
}

/* Linux AIO, all of it in flight at once. */
static ssize_t aio(int fd, char *mem, bool out)
{
	struct iocb requests[PIECES], *list[PIECES];
	struct io_event events[PIECES];
	io_context_t context = NULL;
	ssize_t sum = 0;
	int given;

	check(io_setup(PIECES, &context) == 0);
	for (size_t i = 0; i < PIECES; i++) {
		list[i] = &requests[i];
		if (out)
			io_prep_pwrite(list[i], fd, mem + i * PIECE, PIECE, i * PIECE);
		else
			io_prep_pread(list[i], fd, mem + i * PIECE, PIECE, i * PIECE);
	}
	given = io_submit(context, PIECES, list);
	if (given > 0)
		check(given == PIECES &&
		      io_getevents(context, PIECES, PIECES, events, NULL) == PIECES);
	for (int i = 0; i < given && sum >= 0; i++)
		sum = (long)events[i].res < 0 ? (long)events[i].res : sum + (long)events[i].res;
	check(io_destroy(context) == 0);
	return with_errno(given < 0 ? given : sum);
}

/*
 * To the disk and from it. Each way is checked by what another way says, so that
 * two errors cannot undo one another; what is refused must leave all as it was.
 */
static const char *both_ways(struct subject *s, long arg)
{
	move_fn move = (move_fn)arg;
	int fd = disk_file(O_DIRECT);
	const char *word = "works";
	ssize_t moved = move(fd, s->mem, true);

	if (moved == -1) {
		word = outcome(-1, "");
		disk_turn(fd);
		must_fail(move(fd, s->mem, false), errno);
		check(!strcmp(word, strerrorname_np(errno)) && intact(s));
	} else if (moved != SIZE || !disk_has_pattern(fd)) {
		word = "not written";
	} else {
		disk_turn(fd);
		check(intact(s));
		moved = must(move(fd, s->mem, false));
		if (moved != SIZE || !turned(s))
			word = "not read";
	}
	close(fd);
	return word;
}

/*
 * Before 6.5 the kernel takes no mapping of a file as a registered buffer, only
 * anonymous memory, shmem's and hugetlbfs's: whatever the file.
 */
static const char *registered(struct subject *s, long arg)
{
	int flags[] = { MFD_CLOEXEC, MFD_CLOEXEC | MFD_HUGETLB };
	int fd = disk_file(O_DIRECT);
	char *mem;

	mem = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	check(uring_fixed(fd, mem, true) == SIZE && uring_fixed(fd, mem, false) == SIZE);
	must(munmap(mem, SIZE));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		int memfd = must(memfd_create("registered", flags[i]));

		must(ftruncate(memfd, SIZE));
		mem = map_buffer(memfd, SIZE);
		check(uring_fixed(fd, mem, true) == SIZE && uring_fixed(fd, mem, false) == SIZE);
		must(munmap(mem, SIZE));
		close(memfd);
	}
	/* A file of the disk's own is no better. */
	mem = map_buffer(fd, SIZE);
	must_fail(uring_fixed(fd, mem, true), kernel_from(6, 5) ? EFAULT : EOPNOTSUPP);
	must(munmap(mem, SIZE));
	close(fd);
	return both_ways(s, arg);
}

#define IN_AND_OUT(name, move)	{ name, both_ways, (long)(move), EVERY_BUT_PFN("works", "EFAULT") }

static const struct operation operations[] = {
	IN_AND_OUT("O_DIRECT, pwrite and pread", whole),
	IN_AND_OUT("O_DIRECT, pwritev and preadv", vectors),
	IN_AND_OUT("O_DIRECT, pwritev2 and preadv2", vectors2),
	IN_AND_OUT("O_DIRECT, Linux AIO", aio),
	IN_AND_OUT("O_DIRECT, io_uring", uring),
	IN_AND_OUT("O_DIRECT, io_uring with vectors", uring_vectors),
	{ "O_DIRECT, io_uring with registered buffers, Linux before 6.5", registered,
	  (long)uring_fixed, EVERY_BUT_PFN("EOPNOTSUPP", "EFAULT"), .before = LINUX(6, 5) },
	{ "O_DIRECT, io_uring with registered buffers, from 6.5 on", registered,
	  (long)uring_fixed, EVERY_BUT_PFN("works", "EFAULT"), .from = LINUX(6, 5) },
};

static char huge_before[32];

/* Huge pages of the kernel's own pool, for what is compared with. */
static int set_up(void **state)
{
	int fd = must(open("/proc/sys/vm/nr_hugepages", O_RDONLY | O_CLOEXEC));

	check(must(read(fd, huge_before, sizeof(huge_before) - 1)) > 0);
	close(fd);
	write_text("/proc/sys/vm/nr_hugepages", "4");
	return scratch_up(state);
}

static int tear_down(void **state)
{
	write_text("/proc/sys/vm/nr_hugepages", huge_before);
	return scratch_down(state);
}

static const struct table table = {
	.title = "Disks",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
	.set_up = set_up,
	.tear_down = tear_down,
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
