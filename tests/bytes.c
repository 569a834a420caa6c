// SPDX-License-Identifier: GPL-2.0-only
/* The bytes of a buffer by system calls: reading, writing, seeking, splicing. */
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "common.h"
#include "system.h"

static const size_t sizes[] = { 1, PAGE - 1, PAGE + 1, 12345, HUGE - 1, HUGE, 5 * MiB + 4097 };

/* Nothing is ever there. */
static char *volatile bad = (char *)8;

/* Random reads and writes, at the end and across pages and folios, beside a plain array. */
static void same_as_memory(int fd, size_t size)
{
	uint64_t rnd = size;
	char *model = calloc(1, size), *buf = malloc(size);

	check(model && buf);
	for (int i = 0; i < 400; i++) {
		size_t pos, len, left, got;

		rnd = rnd * 6364136223846793005 + 1442695040888963407;
		pos = (rnd >> 33) % (size + PAGE);
		len = 1 + (rnd >> 13) % (i % 4 ? 3 * PAGE : size);
		if (len > size)
			len = size;
		left = pos < size ? size - pos : 0;
		got = len < left ? len : left;
		if (i % 2) {
			check(pread(fd, buf, len, pos) == (ssize_t)got);
			check(!got || !memcmp(buf, model + pos, got));
		} else if (got) {
			memset(buf, i, len);
			check(pwrite(fd, buf, len, pos) == (ssize_t)got);
			memcpy(model + pos, buf, got);
		} else {
			must_fail(pwrite(fd, buf, len, pos), ENOSPC);
		}
	}
	check(pread(fd, buf, size, 0) == (ssize_t)size);
	check(!memcmp(buf, model, size));
	/* A mapping is of the same bytes, and beyond the last there are zeroes. */
	free(buf);
	buf = map_buffer(fd, size);
	check(!memcmp(buf, model, size));
	for (size_t i = size; i % PAGE; i++)
		check(!buf[i]);
	munmap(buf, size);
	free(model);
}

static void reads_and_writes(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(backings); k++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			int fd = make_buffer(sizes[i], backings[k], 0);

			same_as_memory(fd, sizes[i]);
			close(fd);
		}
	}
}

static void vectors(void **state)
{
	char a[5000], b[3000], c[100];
	struct iovec iov[] = { { a, sizeof(a) }, { b, sizeof(b) }, { c, sizeof(c) } };
	int fd = make_buffer(8000, 0, 0);

	(void)state;
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	memset(c, 'c', sizeof(c));
	check(pwritev(fd, iov, 3, 0) == 8000);
	check(pwritev(fd, iov + 1, 2, 5000) == 3000);
	check(pwritev(fd, iov + 2, 1, 7950) == 50);
	must_fail(pwritev(fd, iov, 3, 8000), ENOSPC);
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	check(preadv(fd, iov, 3, 10) == 7990);
	check(a[0] == 'a' && a[4989] == 'a' && a[4990] == 'b' && b[2939] == 'b' && b[2940] == 'c');
	check(b[2989] == 'c' && b[2990] == 0);

	/* What came before a bad address is done, and counted. */
	iov[1].iov_base = bad;
	check(preadv(fd, iov, 3, 0) == 5000);
	check(pwritev(fd, iov, 3, 0) == 5000);
	iov[0].iov_base = bad;
	must_fail(preadv(fd, iov, 3, 0), EFAULT);
	must_fail(pwritev(fd, iov, 3, 0), EFAULT);
	close(fd);
}

static void the_end(void **state)
{
	int fd = make_buffer(12345, 0, 0), empty = make_empty(0, 0);
	char buf[64] = "x";

	(void)state;
	check(lseek(fd, 12340, SEEK_SET) == 12340);
	check(write(fd, buf, 64) == 5);
	must_fail(write(fd, buf, 1), ENOSPC);
	check(lseek(fd, 0, SEEK_CUR) == 12345);
	check(read(fd, buf, 1) == 0);
	check(write(fd, buf, 0) == 0);
	check(pread(fd, buf, 1, 12344) == 1);
	check(pread(fd, buf, 1, 12345) == 0);
	check(pread(fd, buf, 1, INT64_MAX - 1) == 0);
	must_fail(pwrite(fd, buf, 1, 12345), ENOSPC);
	must_fail(pwrite(fd, buf, 1, 16384), ENOSPC);
	must_fail(pwrite(fd, buf, 1, -1), EINVAL);
	must_fail(pread(fd, buf, 1, -1), EINVAL);
	must_fail(pread(fd, bad, 1, 0), EFAULT);
	must_fail(pwrite(fd, bad, 1, 0), EFAULT);
	check(pread(fd, bad, 1, 12345) == 0);

	check(read(empty, buf, 1) == 0);
	must_fail(write(empty, buf, 1), ENOSPC);
	close(empty);
	close(fd);
}

static void seeks(void **state)
{
	int fd = make_buffer(12345, 0, 0);

	(void)state;
	check(lseek(fd, 0, SEEK_END) == 12345);
	check(lseek(fd, -12345, SEEK_END) == 0);
	check(lseek(fd, 100, SEEK_SET) == 100);
	check(lseek(fd, -1, SEEK_CUR) == 99);
	must_fail(lseek(fd, 12346, SEEK_SET), EINVAL);
	must_fail(lseek(fd, 1, SEEK_END), EINVAL);
	must_fail(lseek(fd, -12346, SEEK_END), EINVAL);
	must_fail(lseek(fd, -1, SEEK_SET), EINVAL);
	must_fail(lseek(fd, INT64_MAX, SEEK_CUR), EINVAL);
	check(lseek(fd, 0, SEEK_CUR) == 99);
	/* No holes: it is all data. */
	check(lseek(fd, 5000, SEEK_DATA) == 5000);
	check(lseek(fd, 5000, SEEK_HOLE) == 12345);
	must_fail(lseek(fd, 12345, SEEK_DATA), ENXIO);
	must_fail(lseek(fd, 12345, SEEK_HOLE), ENXIO);
	close(fd);
}

static void sendfile_and_splice(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(backings); k++) {
		const size_t size = HUGE + 12345;
		int fd = make_buffer(size, backings[k], 0), back = make_buffer(size, 0, 0);
		int tmp = must(memfd_create("copy", MFD_CLOEXEC)), ends[2];
		char *from = map_buffer(fd, size), *to = map_buffer(back, size);
		loff_t in = 100, out = 7;
		off_t pos = 0;

		must(pipe2(ends, O_CLOEXEC));
		fill_pattern(from, size, k);

		/* Out into another file, and back in; both end at the end. */
		check(sendfile(tmp, fd, &pos, size + 1) == (ssize_t)size && (size_t)pos == size);
		check(sendfile(tmp, fd, &pos, 1) == 0);
		pos = 0;
		check(sendfile(back, tmp, &pos, size) == (ssize_t)size);
		check(!memcmp(from, to, size));
		must_fail(sendfile(back, tmp, (pos = 0, &pos), 1), ENOSPC);

		/* Through a pipe, at odd offsets. */
		check(splice(fd, &in, ends[1], NULL, 5000, 0) == 5000 && in == 5100);
		check(splice(ends[0], NULL, back, &out, 5000, 0) == 5000 && out == 5007);
		check(!memcmp(from + 100, to + 7, 5000) && !memcmp(from, to, 7));

		/* Over the end: as much as there is room for, then ENOSPC. */
		out = size - 10;
		check(write(ends[1], "0123456789abcdef", 16) == 16);
		check(splice(ends[0], NULL, back, &out, 16, 0) == 10);
		must_fail(splice(ends[0], NULL, back, &out, 6, 0), ENOSPC);
		check(!memcmp(to + size - 10, "0123456789", 10));
		in = size;
		check(splice(fd, &in, ends[1], NULL, 10, SPLICE_F_NONBLOCK) == 0);

		in = out = 0;
		check(copy_file_range(fd, &in, back, &out, size, 0) == (ssize_t)size);
		check(!memcmp(from, to, size));

		munmap(from, size);
		munmap(to, size);
		close(ends[0]);
		close(ends[1]);
		close(tmp);
		close(back);
		close(fd);
	}
}

/* A pipe gets a copy: it must not hold a folio that nobody is charged for any more. */
static void pipes_hold_nothing(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(backings); k++) {
		int fd = make_buffer(HUGE, backings[k], 0), ends[2];
		char *mem = map_buffer(fd, HUGE), got[PAGE];
		loff_t in = PAGE;

		/* The very first read, and not of a folio's first page. */
		fill_pattern(mem, HUGE, k);
		must(pipe2(ends, O_CLOEXEC));
		check(splice(fd, &in, ends[1], NULL, PAGE, 0) == PAGE);
		munmap(mem, HUGE);
		assert_int_equal(get_info(fd).held, 0);
		check(read(ends[0], got, PAGE) == PAGE);
		check(has_pattern(got, PAGE, k + PAGE / 8));
		close(ends[0]);
		close(ends[1]);
		close(fd);
	}
}

/* Memory that was full of something else a moment ago. */
static void new_memory_is_zero(void **state)
{
	const size_t size = 32 * MiB;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(backings); k++) {
		int fd = make_buffer(size, backings[k], 0);
		char *mem = map_buffer(fd, size);

		memset(mem, 0xa5, size);
		munmap(mem, size);
		close(fd);
		fd = make_buffer(size, backings[k], 0);
		mem = map_buffer(fd, size);
		check(!mem[0] && !memcmp(mem, mem + 1, size - 1));
		munmap(mem, size);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		clean_test(reads_and_writes),
		clean_test(vectors),
		clean_test(the_end),
		clean_test(seeks),
		clean_test(sendfile_and_splice),
		clean_test(pipes_hold_nothing),
		clean_test(new_memory_is_zero),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
