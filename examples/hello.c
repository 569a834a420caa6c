// SPDX-License-Identifier: MIT
/*
 * Kernel memory that two processes share: one makes it, writes, and hands only
 * the descriptor to the other, which reads.
 *	cc hello.c $(pkg-config --cflags --libs lend) && ./a.out
 */
#include <lend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(void)
{
	fprintf(stderr, "hello: %s\n", lend_error());
	exit(1);
}

static void child(int sock)
{
	int fd = lend_recv(sock);
	const char *text = fd < 0 ? NULL : lend_map(fd, 0, 0, PROT_READ, MAP_SHARED);

	if (!text)
		die();
	printf("the child reads: %s\n", text);
	exit(0);
}

int main(void)
{
	int fd, pair[2], status = 1;
	struct lend_info info;
	char *text;

	fd = lend_create(NULL, 0600, 4 << 20, NULL);	/* no name: gone with its users */
	text = fd < 0 ? NULL : lend_map(fd, 0, 0, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (!text)
		die();
	strcpy(text, "hello from memory of the kernel");

	if (lend_info(fd, &info))
		die();
	printf("%llu bytes of %s, the longest physical run %llu\n",
	       (unsigned long long)info.memory, lend_backing_name(info.backing),
	       (unsigned long long)info.longest);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	fflush(stdout);
	if (fork() == 0)
		child(pair[1]);
	if (lend_send(pair[0], fd))
		die();
	wait(&status);
	return status != 0;
}
