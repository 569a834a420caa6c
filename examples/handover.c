// SPDX-License-Identifier: MIT
/*
 * Hands a buffer to a process that has nothing but the descriptor: it runs as
 * nobody and cannot open the name. It maps the memory and writes it out.
 * usage: handover BUFFER >COPY
 */
#include <errno.h>
#include <fcntl.h>
#include <lend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static void die(const char *what, const char *why)
{
	fprintf(stderr, "handover: %s: %s\n", what, why);
	exit(1);
}

static void receiver(int sock, const char *path)
{
	char *mem;
	int fd;

	if (setgid(NOBODY) || setuid(NOBODY))
		die("setuid", strerror(errno));
	if (open(path, O_RDONLY) >= 0 || errno != EACCES)
		die(path, "nobody may open it, but only by its descriptor should");

	fd = lend_recv(sock);
	mem = fd < 0 ? NULL : lend_map(fd, 0, 0, PROT_READ, MAP_SHARED);
	if (!mem)
		die("descriptor", lend_error());
	if (fwrite(mem, 1, lend_size(fd), stdout) != (size_t)lend_size(fd))
		die("standard output", strerror(errno));
	exit(fflush(stdout) ? 1 : 0);
}

int main(int argc, char **argv)
{
	int fd, pair[2], status = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: handover BUFFER >COPY\n");
		return 2;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair", strerror(errno));
	if (fork() == 0)
		receiver(pair[1], argv[1]);

	fd = lend_open(argv[1], O_RDONLY);
	if (fd < 0 || lend_send(pair[0], fd))
		die(argv[1], lend_error());
	wait(&status);
	return status != 0;
}
