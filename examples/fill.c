// SPDX-License-Identifier: MIT
/*
 * Fills a buffer from a file with O_DIRECT: the disk writes straight into the
 * mapped memory, no byte is copied on the way. Then holds the mapping until
 * standard input ends, and writes out what it holds then.
 * usage: fill SOURCE BUFFER >COPY
 */
#include <errno.h>
#include <fcntl.h>
#include <lend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (8UL << 20)

static void die(const char *what, const char *why)
{
	fprintf(stderr, "fill: %s: %s\n", what, why);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Reads until @size bytes are there; a direct read may well be a short one. */
static void read_direct(const char *path, char *mem, size_t size)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		die(path, strerror(errno));
	for (size_t done = 0; done < size;) {
		size_t want = size - done < CHUNK ? size - done : CHUNK;
		ssize_t got = pread(fd, mem + done, want, done);

		if (got <= 0)
			die(path, got ? strerror(errno) : "shorter than the buffer");
		done += got;
	}
	close(fd);
}

int main(int argc, char **argv)
{
	double start;
	size_t size;
	char *mem;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: fill SOURCE BUFFER >COPY\n");
		return 2;
	}
	fd = lend_open(argv[2], O_RDWR);
	mem = fd < 0 ? NULL : lend_map(fd, 0, 0, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (!mem)
		die(argv[2], lend_error());
	size = lend_size(fd);

	start = now();
	read_direct(argv[1], mem, size);
	fprintf(stderr, "%zu MiB in %.2f s, mapped at %p\n", size >> 20, now() - start,
		(void *)mem);
	close(fd);

	/* The mapping alone holds the memory now. */
	while (getchar() != EOF)
		;
	if (fwrite(mem, 1, size, stdout) != size)
		die("standard output", strerror(errno));
	munmap(mem, size);
	return 0;
}
