// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one process to another: a buffer is made, mapped, written to and passed by its
 * descriptor, until the other process has read the first byte. That one is there already.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

enum { CREATE, MAP, WRITE, PASS, MAP2, READ, WHOLE };

static const struct column columns[] = {
	[CREATE] = { "create" }, [MAP] = { "map" }, [WRITE] = { "write" }, [PASS] = { "pass" },
	[MAP2] = { "map there" }, [READ] = { "read there" }, [WHOLE] = { "whole" },
};

/* What the other process answers. */
struct times {
	uint64_t got, mapped, read;
	int err;
	char byte;
};

static void send_fd(int sock, int fd, size_t size)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &size, sizeof(size) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	*c = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, 0) < 0)
		die("sendmsg");
}

/* -1: the other end is gone. */
static int receive_fd(int sock, size_t *size)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { size, sizeof(*size) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) <= 0 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void other_process(int sock)
{
	size_t size;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((fd = receive_fd(sock, &size)) >= 0) {
		struct times t = { .got = now() };
		char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		t.mapped = now();
		if (mem == MAP_FAILED) {
			t.err = errno;
		} else {
			t.byte = *(volatile char *)mem;
			t.read = now();
			munmap(mem, size);
		}
		close(fd);
		if (write(sock, &t, sizeof(t)) != sizeof(t))
			_exit(1);
	}
	_exit(0);
}

static int measure(struct area *area, struct figures *f, void *with)
{
	const int sock = *(int *)with;
	struct times t;
	uint64_t begin, created, mapped, written;

	if (area->of->anonymous)
		return area_fail(area, "has no descriptor: it passes by fork alone");
	begin = now();
	if (area_get(area))
		return -1;
	created = now();
	if (area_map(area, 0)) {
		area_put(area);
		return -1;
	}
	mapped = now();
	area->mem[0] = 42;
	written = now();
	send_fd(sock, area->fd, area->size);
	if (read(sock, &t, sizeof(t)) != sizeof(t))
		die("the other process is gone");
	area_unmap(area);
	area_put(area);
	if (t.err)
		return area_fail(area, "the other process: mmap: %s", strerror(t.err));
	if (t.byte != 42)
		return area_fail(area, "the other process does not see what was written");

	f->of[CREATE] = created - begin;
	f->of[MAP] = mapped - created;
	f->of[WRITE] = written - mapped;
	f->of[PASS] = t.got - written;
	f->of[MAP2] = t.mapped - t.got;
	f->of[READ] = t.read - t.mapped;
	f->of[WHOLE] = t.read - begin;
	return 0;
}

int main(int argc, char **argv)
{
	struct options o;
	struct report *r;
	int sock[2];
	pid_t pid;

	parse_options(&o, argc, argv,
		      "What it costs to hand a buffer to another process: create, map, write a byte,\n"
		      "pass the descriptor, map it there, read the byte there.", "4K,2M,16M");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		die("socketpair");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(sock[0]);
		other_process(sock[1]);
	}
	close(sock[1]);
	r = report_begin(&o, "Handing over, from creation to the other process's first byte",
			 columns, ARRAY_SIZE(columns));
	measure_all(r, &o, measure, &sock[0]);
	close(sock[0]);
	waitpid(pid, NULL, 0);
	return report_end(r);
}
