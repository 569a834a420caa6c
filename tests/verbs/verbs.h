/* SPDX-License-Identifier: GPL-2.0-only */
/* RDMA between two processes by way of soft RoCE, whose device is a veth. */
#ifndef LEND_TESTS_VERBS_H
#define LEND_TESTS_VERBS_H

#include <infiniband/verbs.h>

#include "common.h"

/* cmocka's for a group: make the device, take it and its modules away. */
int rdma_up(void **state);
int rdma_down(void **state);

/* One side of a connection; @sock leads to the other process. */
struct endpoint {
	int sock;
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	struct ibv_mr *mr;
	union ibv_gid gid;
	int gid_index;
	/* Of the other side. */
	uint64_t addr;
	uint32_t rkey;
};

void open_endpoint(struct endpoint *e, int sock);
void close_endpoint(struct endpoint *e);

/* Registers memory, for the other side with @access (IBV_ACCESS_*); 0, or -1 and errno. */
int register_memory(struct endpoint *e, void *mem, size_t size, int access);
void deregister_memory(struct endpoint *e);
#define REMOTE (IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE)

/*
 * Both processes call it, with their memory registered. The larger the packets, the fewer
 * of them an emulated processor has to check; but rxe ends what it does with an error where
 * there is no memory for one: IBV_MTU_1024 takes single pages.
 */
void connect_endpoint(struct endpoint *e, enum ibv_mtu packets);

/*
 * IBV_WR_RDMA_WRITE: from the start of the memory here to that of the other side;
 * IBV_WR_RDMA_READ: the other way round. How it ended.
 */
enum ibv_wc_status transfer(struct endpoint *e, enum ibv_wr_opcode opcode, size_t size);

/* A word to the other process; the next one from there must be this, and not its end. */
void say(int sock, char word);
void hear(int sock, char word);

#endif
