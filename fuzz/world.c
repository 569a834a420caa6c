// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process that runs a sequence: set up, run, and looked at in the end.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "calls.h"

bool believe_nonsense;

void wrong(struct world *w, const char *format, ...)
{
	const char *name = "at the end";
	va_list args;

	if (atomic_exchange(&w->common->wrong, true))
		_exit(1);
	if (w->at < w->seq->nr)
		name = operations[w->seq->call[w->at].op].name;
	w->common->call = w->at;
	snprintf(w->common->class, sizeof(w->common->class), "%s: %s", name, format);
	va_start(args, format);
	vsnprintf(w->common->text, sizeof(w->common->text), format, args);
	va_end(args);
	_exit(1);
}

void check_errno(struct world *w, long ret, const int *errnos)
{
	int error = errno;

	if (ret >= 0)
		return;
	while (*errnos && *errnos != error)
		errnos++;
	if (!*errnos)
		wrong(w, "answers %s, which it never should", strerrorname_np(error));
	errno = error;
}

static void *addresses(size_t length, int flags)
{
	void *addr = mmap(NULL, length, flags & MAP_SHARED ? PROT_READ | PROT_WRITE : PROT_NONE,
			  flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (addr == MAP_FAILED) {
		perror("lend-fuzz: reserving addresses");
		_exit(2);
	}
	return addr;
}

static void set_up(struct world *w)
{
	char *arena;

	w->root = true;
	w->shadow = addresses(NR_BUFFERS * WINDOW, MAP_SHARED);
	w->scratch = addresses(WINDOW + PAGE, MAP_PRIVATE);
	mprotect(w->scratch, WINDOW, PROT_READ | PROT_WRITE);
	/* As 2 MiB entries want them. */
	arena = addresses((NR_MAPPINGS + 1) * WINDOW, MAP_PRIVATE);
	w->arena = arena + (-(uintptr_t)arena & (2 * MiB - 1));
	w->disk = open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC);
	if (pipe2(w->pipes, O_NONBLOCK | O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, w->sockets)) {
		perror("lend-fuzz: a pipe and a socket");
		_exit(2);
	}
	catch_faults();
}

/* With nobody else left, all that is in the file is what was written. */
static void look_at(struct world *w, const struct descriptor *d)
{
	struct lend_info info = { .size = sizeof(info) };
	int tries = 2000, fd;
	uint64_t size;
	char path[64];

	do {
		if (ioctl(d->fd, LEND_IOC_INFO, &info))
			wrong(w, "LEND_IOC_INFO: %s", strerror(errno));
	} while ((info.mappings || info.held || info.exports) && --tries && !usleep(10000));
	if (!tries)
		wrong(w, "nobody uses it: %llu mappings, %llu references, %llu dma-bufs",
		      info.mappings, info.held, info.exports);

	size = size_of(w, know_buffer(w, d->fd));
	sprintf(path, "/proc/self/fd/%d", d->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, w->scratch, size, 0) != (ssize_t)size)
		wrong(w, "its %llu bytes cannot be read: %s", (unsigned long long)size,
		      strerror(errno));
	close(fd);
	check_bytes(w, d->buffer, 0, w->scratch, size);
}

static void look_at_all(struct world *w)
{
	w->at = w->seq->nr;
	if (seteuid(0))
		_exit(2);
	for (unsigned int i = 0; i < NR_MAPPINGS; i++)
		drop_mapping(w, i);
	for (unsigned int i = 0; i < NR_DESCRIPTORS; i++)
		if (w->fd[i].face == DMABUF) {
			close(w->fd[i].fd);
			w->fd[i].face = CLOSED;
		}
	close(w->pipes[0]);
	close(w->pipes[1]);
	close(w->sockets[0]);
	close(w->sockets[1]);
	for (unsigned int i = 0; i < NR_DESCRIPTORS; i++)
		if (w->fd[i].face == LEND_FILE)
			look_at(w, &w->fd[i]);
}

int run_world(struct common *common, const char *dir, const struct sequence *seq)
{
	static struct world w;

	w.common = common;
	w.dir = dir;
	w.seq = seq;
	w.end = seq->nr;
	set_up(&w);
	run_calls(&w);
	wait_for_beside(&w);
	look_at_all(&w);
	return atomic_load(&common->wrong);
}
