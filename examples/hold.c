// SPDX-License-Identifier: MIT
/*
 * Maps a buffer, touches all of it, and keeps it until standard input ends:
 *	lend create --size 128M ring && ./hold ring	# and, elsewhere: lend info ring
 */
#include <fcntl.h>
#include <lend.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	volatile char *mem = NULL;
	int64_t size, at;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: hold NAME\n");
		return 2;
	}
	fd = lend_open(argv[1], O_RDWR);
	if (fd >= 0)
		mem = lend_map(fd, 0, 0, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (!mem) {
		fprintf(stderr, "hold: %s\n", lend_error());
		return 1;
	}
	size = lend_size(fd);
	close(fd);	/* the mapping needs it no more */
	for (at = 0; at < size; at += 4096)
		mem[at] = mem[at];	/* cppcheck-suppress selfAssignment */
	puts("holding");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
