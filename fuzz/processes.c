// SPDX-License-Identifier: GPL-2.0-only
/*
 * More processes: they inherit descriptors and mappings, or are sent them.
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

#define NOBODY	65534

void run_calls(struct world *w)
{
	for (; w->at < w->end; w->at++) {
		const struct call *call = &w->seq->call[w->at];

		if (atomic_load(&w->common->wrong))
			_exit(1);
		operations[call->op].run(w, call->arg);
	}
}

/* The next @calls calls are a child's; it goes on with them and ends. */
static pid_t split(struct world *w, uint64_t calls)
{
	unsigned int left = w->end - w->at - 1, nr = calls < left ? calls : left;
	pid_t pid = fork();

	if (pid < 0)
		wrong(w, "fork: %s", strerror(errno));
	/* Who receives what is any process' guess from now on. */
	w->nr_sent = NR_SENT + 1;
	if (pid) {
		w->at += nr;
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w->nr_beside = 0;
	w->end = w->at + 1 + nr;
	for (unsigned int i = 0; i < NR_MAPPINGS; i++)
		for (size_t p = 0; w->map[i].base && p < w->map[i].nr; p++)
			if (w->map[i].page[p] & PAGE_NO_FORK)
				w->map[i].page[p] |= PAGE_UNSURE;
	return 0;
}

static void run_rest(struct world *w)
{
	w->at++;
	run_calls(w);
	wait_for_beside(w);
	_exit(0);
}

static void wait_for(struct world *w, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		wrong(w, "waitpid: %s", strerror(errno));
	if (WIFSIGNALED(status))
		wrong(w, "a child died of signal %d", WTERMSIG(status));
	if (status)
		_exit(1);
}

/* calls: of a child that is waited for */
void call_fork(struct world *w, const uint64_t *arg)
{
	pid_t pid = split(w, arg[0]);

	if (!pid)
		run_rest(w);
	wait_for(w, pid);
}

static void run_on(unsigned int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor % sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* calls: of a child on another processor, while this one goes on with what comes then */
void call_beside(struct world *w, const uint64_t *arg)
{
	unsigned int ready;
	pid_t pid;

	if (w->nr_beside == NR_BESIDE)
		return;
	atomic_store(&w->common->racing, true);
	ready = atomic_load(&w->common->started);
	pid = split(w, arg[0]);
	run_on(pid ? w->nr_beside : w->nr_beside + 1);
	/* Both at once; a busy machine may not run the other now. */
	atomic_fetch_add(&w->common->started, 1);
	for (int left = 1000000; left && atomic_load(&w->common->started) - ready < 2; left--)
		;
	if (!pid)
		run_rest(w);
	w->beside[w->nr_beside++] = pid;
}

void wait_for_beside(struct world *w)
{
	while (w->nr_beside)
		wait_for(w, w->beside[--w->nr_beside]);
}

/* fd: into the socket */
void call_send(struct world *w, const uint64_t *arg)
{
	struct descriptor *d = &w->fd[arg[0]];
	char room[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *control = CMSG_FIRSTHDR(&msg);

	if (d->face == CLOSED || w->nr_sent == NR_SENT)
		return;
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &d->fd, sizeof(int));
	if (sendmsg(w->sockets[0], &msg, MSG_DONTWAIT) != 1)
		may(w, -1, EAGAIN, ETOOMANYREFS);
	else if (w->nr_sent < NR_SENT)
		w->sent[w->nr_sent++] = d->buffer;
}

/* fd: takes what comes out of it */
void call_receive(struct world *w, const uint64_t *arg)
{
	char room[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	int fd, buffer = -1;

	if (recvmsg(w->sockets[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) {
		may(w, -1, EAGAIN);
		return;
	}
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	if (w->nr_sent <= NR_SENT)
		buffer = w->sent[w->nr_received++];
	put_descriptor(w, arg[0], fd);
	if (w->fd[arg[0]].face == DMABUF)
		w->fd[arg[0]].buffer = buffer;
	else if (w->nr_sent <= NR_SENT && w->fd[arg[0]].buffer != buffer)
		wrong(w, "another file came out of the socket");
}

/* who: effective user and privileges */
void call_become(struct world *w, const uint64_t *arg)
{
	w->root = !(arg[0] & 1);
	if (seteuid(w->root ? 0 : NOBODY))
		wrong(w, "seteuid: %s", strerror(errno));
}
