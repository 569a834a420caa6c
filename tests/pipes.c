// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lent memory in pipes, page by page and not as a copy; and the file itself as
 * an end of splice, sendfile, copy_file_range and io_uring.
 */
#include <liburing.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "ring.h"
#include "scratch.h"

#define AT	(HUGE - 3 * PAGE)	/* where few pages lie across the border */
#define FEW	(8 * PAGE)		/* what a pipe has room for */

struct pipe {
	int out, in;
};

static struct pipe make_pipe(void)
{
	struct pipe p;

	must(pipe2((int *)&p, O_CLOEXEC));
	return p;
}

static void close_pipe(struct pipe p)
{
	close(p.out);
	close(p.in);
}

static ssize_t give(struct pipe p, char *mem, size_t len, unsigned int flags)
{
	return vmsplice(p.in, &(struct iovec){ mem, len }, 1, flags);
}

/* From memory into a pipe and on to the disk; @arg are flags of vmsplice. */
static const char *to_disk(struct subject *s, long arg)
{
	int fd = disk_file(arg & SPLICE_F_GIFT ? 0 : O_DIRECT);
	struct pipe p = make_pipe();
	const char *word = "works";
	size_t done = 0;

	while (done < SIZE) {
		ssize_t given = give(p, s->mem + done, SIZE - done, arg), got;

		if (given <= 0) {
			word = outcome(given, "nothing");
			break;
		}
		for (; given; given -= got, done += got)
			check((got = must(splice(p.out, NULL, fd, NULL, given, SPLICE_F_MOVE))));
	}
	/* A gift is not taken: the file and the mapping have the page as well. */
	if (done == SIZE && !disk_has_pattern(fd))
		word = "lost";
	check(intact(s));
	close_pipe(p);
	close(fd);
	return word;
}

/* The pipe has the very pages, so its reader sees what is written to them meanwhile. */
static const char *changed_in_pipe(struct subject *s, long arg)
{
	struct pipe p = make_pipe();
	const char *word;
	char got[FEW];

	(void)arg;
	word = outcome(give(p, s->mem + AT, FEW, 0), "seen");
	if (*word == 's') {
		fill_pattern(s->mem + AT, FEW, 7);
		check(read(p.out, got, FEW) == FEW);
		if (!has_pattern(got, FEW, 7))
			word = memcmp(got, s->mem + AT, FEW) ? "copied" : "lost";
	}
	close_pipe(p);
	return word;
}

/* Both pipes have it, and both count. */
static const char *in_two_pipes(struct subject *s, long arg)
{
	struct pipe one = make_pipe(), two = make_pipe();
	uint64_t held = get_info(s->fd).held;
	char got[FEW], again_got[FEW];
	const char *word;

	(void)arg;
	word = outcome(give(one, s->mem + AT, FEW, 0), "works");
	if (*word == 'w') {
		check(get_info(s->fd).held >= held + FEW / PAGE);
		held = get_info(s->fd).held;
		check(tee(one.out, two.in, FEW, 0) == FEW);
		check(get_info(s->fd).held == held + FEW / PAGE);
		check(read(one.out, got, FEW) == FEW);
		check(get_info(s->fd).held == held);
		check(read(two.out, again_got, FEW) == FEW);
		check(get_info(s->fd).held == held - FEW / PAGE);
		if (memcmp(got, s->mem + AT, FEW) || memcmp(again_got, s->mem + AT, FEW))
			word = "lost";
	}
	close_pipe(one);
	close_pipe(two);
	return word;
}

/* The other way round the kernel copies: vmsplice of a pipe's end for reading. */
static const char *from_pipe(struct subject *s, long arg)
{
	struct iovec vec = { s->mem + AT, FEW };
	struct pipe p = make_pipe();
	const char *word;
	char data[FEW];

	(void)arg;
	fill_pattern(data, FEW, 9);
	check(write(p.in, data, FEW) == FEW);
	word = outcome(vmsplice(p.out, &vec, 1, 0), "works");
	if (*word == 'w' && memcmp(s->mem + AT, data, FEW))
		word = "lost";
	close_pipe(p);
	return word;
}

/* All of a file into another one, by splice through a pipe. */
static void splice_all(int from, int to)
{
	struct pipe p = make_pipe();
	loff_t in = 0, out = 0;

	while (out < (loff_t)SIZE) {
		ssize_t some = must(splice(from, &in, p.in, NULL, 64 * KiB, 0));

		while (some)
			some -= must(splice(p.out, NULL, to, &out, some, 0));
	}
	close_pipe(p);
}

static void sendfile_all(int from, int to)
{
	off_t at = 0;

	must(lseek(to, 0, SEEK_SET));
	while (at < (off_t)SIZE)
		check(must(sendfile(to, from, &at, SIZE - at)) > 0);
}

/* The file and one of the disk, by @arg(from, to). */
static const char *file_and_disk(struct subject *s, long arg)
{
	void (*all)(int from, int to) = (void (*)(int, int))arg;
	int fd = disk_file(0);
	const char *word = "works";

	all(s->fd, fd);
	if (!disk_has_pattern(fd))
		word = "not written";
	disk_turn(fd);
	check(intact(s));
	all(fd, s->fd);
	if (!turned(s))
		word = "not read";
	close(fd);
	return word;
}

static const char *copy_range(struct subject *s, long arg)
{
	int fd = arg ? disk_file(0) : make_buffer(SIZE, s->backing, s->map);
	loff_t in = 0, out = 0;
	const char *word;

	word = outcome(copy_file_range(s->fd, &in, fd, &out, SIZE, 0), "works");
	if (*word == 'w') {
		struct subject copy = { .fd = fd, .mem = map_buffer(fd, SIZE) };

		check(out == SIZE && intact(&copy));
		munmap(copy.mem, SIZE);
	}
	check(intact(s));
	close(fd);
	return word;
}

/* Writes what is mapped of it: the page comes in while the file is locked. */
static const char *from_itself(struct subject *s, long arg)
{
	(void)arg;
	must(madvise(s->mem, SIZE, s->map == LEND_MAP_PFN ? MADV_NORMAL : MADV_DONTNEED));
	check(must(pwrite(s->fd, s->mem + HUGE, HUGE, 0)) == HUGE);
	return memcmp(s->mem, s->mem + HUGE, HUGE) ? "lost" : "works";
}

/* A writer that has the file's lock until the page it writes from is filled in. */
struct writer {
	int fd, uffd;
	char *page;
	pthread_t thread;
};

static void *write_page(void *arg)
{
	struct writer *w = arg;

	return (void *)pwrite(w->fd, w->page, PAGE, 0);
}

static void begin_writing(struct writer *w, int fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffd_msg fault;

	w->fd = fd;
	w->page = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	w->uffd = must((int)syscall(SYS_userfaultfd, O_CLOEXEC));
	must(ioctl(w->uffd, UFFDIO_API, &api));
	range.range = (struct uffdio_range){ (uintptr_t)w->page, PAGE };
	must(ioctl(w->uffd, UFFDIO_REGISTER, &range));
	check(pthread_create(&w->thread, NULL, write_page, w) == 0);
	check(must(read(w->uffd, &fault, sizeof(fault))) == sizeof(fault));
	check(fault.event == UFFD_EVENT_PAGEFAULT);
}

static void end_writing(struct writer *w, const char *bytes)
{
	struct uffdio_copy fill = {
		.dst = (uintptr_t)w->page, .src = (uintptr_t)bytes, .len = PAGE,
	};
	void *written;

	must(ioctl(w->uffd, UFFDIO_COPY, &fill));
	check(pthread_join(w->thread, &written) == 0 && (long)written == PAGE);
	munmap(w->page, PAGE);
	close(w->uffd);
}

/* The kernel lets only direct I/O ask for it, when it is about writing. */
static const char *nowait(struct subject *s, long arg)
{
	static char bytes[PAGE], turn[PAGE];
	struct iovec vec = { turn, PAGE };
	const char *word;
	struct writer w;

	int fd = again(s->fd, O_RDWR | O_DIRECT);

	(void)arg;
	memset(bytes, 1, PAGE);
	memset(turn, 2, PAGE);
	check(must(pwritev2(fd, &vec, 1, PAGE, RWF_NOWAIT)) == PAGE);
	memset(turn, 3, PAGE);
	begin_writing(&w, s->fd);
	word = outcome(pwritev2(fd, &vec, 1, PAGE, RWF_NOWAIT), "waited");
	/* Reading waits for nobody. */
	check(must(preadv2(fd, &vec, 1, PAGE, RWF_NOWAIT)) == PAGE && turn[0] == 2);
	end_writing(&w, bytes);
	close(fd);
	check(!memcmp(s->mem, bytes, PAGE) && s->mem[PAGE] == 2);
	return word;
}

static int result(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int res;

	check(io_uring_wait_cqe(ring, &cqe) == 0);
	res = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return res;
}

static const char *uring(struct subject *s, long arg)
{
	static char bytes[FEW], page[PAGE];
	struct io_uring_cqe *cqe;
	int fd = again(s->fd, O_RDWR | O_DIRECT);
	struct io_uring ring;
	struct writer w;

	(void)arg;
	keep_ring();
	check(io_uring_queue_init(2, &ring, 0) == 0);
	io_uring_prep_read(io_uring_get_sqe(&ring), s->fd, bytes, FEW, AT);
	check(io_uring_submit(&ring) == 1 && result(&ring) == FEW);
	check(!memcmp(bytes, s->mem + AT, FEW));

	/* While somebody else writes, reading goes on and writing is put off. */
	fill_pattern(bytes, FEW, 5);
	begin_writing(&w, s->fd);
	io_uring_prep_write(io_uring_get_sqe(&ring), fd, bytes, FEW, AT);
	check(io_uring_submit(&ring) == 1);
	check(io_uring_peek_cqe(&ring, &cqe) == -EAGAIN);
	io_uring_prep_read(io_uring_get_sqe(&ring), s->fd, page, PAGE, AT);
	check(io_uring_submit(&ring) == 1 && result(&ring) == PAGE);
	check(!memcmp(page, s->mem + AT, PAGE) && page[0] == pattern_byte(AT));
	end_writing(&w, page);
	check(result(&ring) == FEW);
	io_uring_queue_exit(&ring);
	close(fd);
	return memcmp(s->mem + AT, bytes, FEW) || memcmp(s->mem, page, PAGE) ? "lost" : "works";
}

static const struct operation operations[] = {
	{ "vmsplice, then splice to a disk with O_DIRECT", to_disk, 0,
	  EVERY_BUT_PFN("works", "EFAULT") },
	{ "vmsplice with SPLICE_F_GIFT, then splice to a disk", to_disk, SPLICE_F_GIFT,
	  EVERY_BUT_PFN("works", "EFAULT") },
	{ "vmsplice, changed before it is read", changed_in_pipe, 0,
	  EVERY_BUT_PFN("seen", "EFAULT") },
	{ "vmsplice, then tee", in_two_pipes, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "vmsplice out of a pipe", from_pipe, 0, EVERY("works") },
	{ "splice of the file, to a disk and from it", file_and_disk, (long)splice_all,
	  EVERY("works") },
	{ "sendfile, to a disk and from it", file_and_disk, (long)sendfile_all, EVERY("works") },
	{ "copy_file_range to another file of lend", copy_range, 0, EVERY("works") },
	{ "copy_file_range to a disk", copy_range, 1, EVERY("EXDEV") },
	{ "write of its own mapping", from_itself, 0, EVERY("works") },
	{ "io_uring on the file, somebody else writing", uring, 0, EVERY("works") },
	{ "RWF_NOWAIT on the file, somebody else writing", nowait, 0, EVERY("EAGAIN") },
};

static const struct table table = {
	.title = "Pipes and files",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
	.set_up = scratch_up,
	.tear_down = scratch_down,
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
