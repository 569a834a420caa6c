// SPDX-License-Identifier: GPL-2.0-only
/*
 * RDMA by soft RoCE: lent memory registered, and read and written from another
 * process's lent memory.
 */
#include <sys/socket.h>

#include "kernel.h"
#include "table.h"
#include "verbs/verbs.h"

/* Registered, all of it is pinned and says so; deregistered, nothing is. */
static const char *registration(struct subject *s, long arg)
{
	const struct lend_info before = get_info(s->fd);
	const char *word = "works";
	struct lend_info info;
	struct endpoint e;

	(void)arg;
	open_endpoint(&e, -1);
	if (register_memory(&e, s->mem, SIZE, REMOTE)) {
		word = outcome(-1, "");
	} else {
		info = get_info(s->fd);
		if (info.pinned != SIZE || info.held < before.held + SIZE / PAGE)
			word = "not pinned";
		deregister_memory(&e);
	}
	close_endpoint(&e);
	info = get_info(s->fd);
	if (before.pinned || info.pinned || info.held != before.held || !intact(s))
		word = "kept";
	return word;
}

/* What maps it while it is registered. A run may have come as single pages: INFO says so. */
static const char *entries(struct subject *s, long arg)
{
	const struct lend_info info = get_info(s->fd);
	const char *word;
	size_t huge;
	struct endpoint e;

	(void)arg;
	open_endpoint(&e, -1);
	if (register_memory(&e, s->mem, SIZE, REMOTE)) {
		word = outcome(-1, "");
	} else {
		huge = smaps_bytes(s->mem, "FilePmdMapped");
		word = huge == SIZE ? "2 MiB" : huge ? "both" : "4 KiB";
		if (huge != (info.flags & LEND_INFO_HUGE ? info.huge : 0))
			word = "not as told";
		else if (s->backing == LEND_BACKING_CONTIG && s->map == LEND_MAP_FAULT)
			word = "as it came";
	}
	close_endpoint(&e);
	return word;
}

struct peer {
	const struct subject *s;
	long access;
	int sock[2];
};

/* The other process: lends memory of the same kind to the first one's RDMA. 1: may not. */
static int peer_main(void *arg)
{
	struct peer *p = arg;
	struct subject own = *p->s;
	struct endpoint e;

	close(p->sock[0]);
	own.fd = make_buffer(SIZE, own.backing, own.map);
	own.mem = map_buffer(own.fd, SIZE);
	open_endpoint(&e, p->sock[1]);
	if (register_memory(&e, own.mem, SIZE, p->access)) {
		check(errno == EFAULT);
		return 1;
	}
	connect_endpoint(&e, IBV_MTU_4096);

	hear(e.sock, 'w');
	if (p->access & IBV_ACCESS_REMOTE_WRITE)
		check(intact(&own));
	else
		check(!own.mem[0] && !memcmp(own.mem, own.mem + 1, SIZE - 1));
	/* The pattern's bytes are all above 0. */
	for (size_t i = 0; i < SIZE; i++)
		own.mem[i] = -pattern_byte(i);
	say(e.sock, 'r');
	hear(e.sock, 'd');
	close_endpoint(&e);
	check(!get_info(own.fd).pinned);
	return 0;
}

static const char *status_word(enum ibv_wc_status status)
{
	switch (status) {
	case IBV_WC_SUCCESS:
		return "works";
	case IBV_WC_REM_ACCESS_ERR:
		return "refused";
	default:
		return ibv_wc_status_str(status);
	}
}

/* Writes the subject to the other process's memory, which then changes, and reads it back. */
static const char *there_and_back(struct subject *s, struct endpoint *e)
{
	enum ibv_wc_status status = transfer(e, IBV_WR_RDMA_WRITE, SIZE);

	say(e->sock, 'w');
	hear(e->sock, 'r');
	if (status == IBV_WC_SUCCESS) {
		status = transfer(e, IBV_WR_RDMA_READ, SIZE);
		for (size_t i = 0; i < SIZE; i++)
			s->mem[i] = -s->mem[i];
	}
	say(e->sock, 'd');
	return status == IBV_WC_SUCCESS && !intact(s) ? "lost" : status_word(status);
}

static const char *two_processes(struct subject *s, long access)
{
	struct peer peer = { .s = s, .access = access };
	struct endpoint e;
	const char *word;
	pid_t pid;

	/* Verbs do not outlive a fork: first the child, then the device. */
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, peer.sock));
	pid = spawn(peer_main, &peer);
	close(peer.sock[1]);
	open_endpoint(&e, peer.sock[0]);
	if (register_memory(&e, s->mem, SIZE, 0)) {
		word = outcome(-1, "");
	} else {
		connect_endpoint(&e, IBV_MTU_4096);
		word = there_and_back(s, &e);
	}
	close_endpoint(&e);
	close(peer.sock[0]);
	check(reap(pid) == (s->map == LEND_MAP_PFN));
	return word;
}

static int set_up(void **state)
{
	/* For 2 MiB folios, whatever ran before. */
	write_text("/proc/sys/vm/compact_memory", "1");
	return rdma_up(state);
}

static const struct operation operations[] = {
	{ "ibv_reg_mr", registration, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "page-table entries of what is registered", entries, 0, {
		"2 MiB", "4 KiB", "as it came", "4 KiB", "4 KiB", "4 KiB", "4 KiB", "4 KiB",
		"EFAULT", "EFAULT", "EFAULT", "EFAULT" }, false },
	{ "RDMA write and read, two processes", two_processes, REMOTE,
	  EVERY_BUT_PFN("works", "EFAULT") },
	{ "RDMA write to what is registered for reading", two_processes, IBV_ACCESS_REMOTE_READ,
	  EVERY_BUT_PFN("refused", "EFAULT") },
};

static const struct table table = {
	.title = "RDMA",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
	.set_up = set_up,
	.tear_down = rdma_down,
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
