// SPDX-License-Identifier: GPL-2.0-only
#include <sys/socket.h>

#include "system.h"
#include "verbs.h"

#define PIECE	MiB
#define PORT	1
#define PSN	77

int rdma_up(void **state)
{
	(void)state;
	check(shell("modprobe -a veth rdma_rxe && "
		    "ip link add lend0 mtu 9000 type veth peer name lend1 mtu 9000 && "
		    "ip addr add 10.77.0.1/24 dev lend0 && "
		    "ip link set lend0 up && ip link set lend1 up && "
		    "rdma link add lendrxe type rxe netdev lend0") == 0);
	return 0;
}

int rdma_down(void **state)
{
	(void)state;
	check(shell("rdma link del lendrxe && ip link del lend0 && "
		    "modprobe -r rdma_rxe && modprobe -r veth") == 0);
	return 0;
}

/* The address of the device's port that is its network interface's IPv4 address. */
static bool find_address(struct endpoint *e)
{
	struct ibv_gid_entry entry;

	for (int i = 0; i < 16; i++) {
		if (ibv_query_gid_ex(e->ctx, PORT, i, &entry, 0) ||
		    entry.gid_type != IBV_GID_TYPE_ROCE_V2 || entry.gid.raw[10] != 0xff)
			continue;
		e->gid = entry.gid;
		e->gid_index = entry.gid_index;
		return true;
	}
	return false;
}

void open_endpoint(struct endpoint *e, int sock)
{
	struct ibv_device **devices = ibv_get_device_list(NULL);
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
	};

	check(devices && devices[0]);
	*e = (struct endpoint){ .sock = sock, .ctx = ibv_open_device(devices[0]) };
	ibv_free_device_list(devices);
	check(e->ctx);
	wait_for(find_address(e));
	e->pd = ibv_alloc_pd(e->ctx);
	e->cq = ibv_create_cq(e->ctx, 4, NULL, NULL, 0);
	check(e->pd && e->cq);
	init.send_cq = init.recv_cq = e->cq;
	e->qp = ibv_create_qp(e->pd, &init);
	check(e->qp);
}

void close_endpoint(struct endpoint *e)
{
	if (e->mr)
		deregister_memory(e);
	check(!ibv_destroy_qp(e->qp) && !ibv_destroy_cq(e->cq));
	check(!ibv_dealloc_pd(e->pd) && !ibv_close_device(e->ctx));
}

int register_memory(struct endpoint *e, void *mem, size_t size, int access)
{
	e->mr = ibv_reg_mr(e->pd, mem, size, IBV_ACCESS_LOCAL_WRITE | access);
	return e->mr ? 0 : -1;
}

void deregister_memory(struct endpoint *e)
{
	check(!ibv_dereg_mr(e->mr));
	e->mr = NULL;
}

struct address {
	union ibv_gid gid;
	uint32_t qpn;
	uint32_t rkey;
	uint64_t addr;
};

static struct address exchange(const struct endpoint *e)
{
	const struct address mine = {
		.gid = e->gid, .qpn = e->qp->qp_num,
		.rkey = e->mr->rkey, .addr = (uintptr_t)e->mr->addr,
	};
	struct address other;

	check(must(send(e->sock, &mine, sizeof(mine), MSG_NOSIGNAL)) == sizeof(mine));
	check(must(recv(e->sock, &other, sizeof(other), MSG_WAITALL)) == sizeof(other));
	return other;
}

void connect_endpoint(struct endpoint *e, enum ibv_mtu packets)
{
	const struct address other = exchange(e);
	struct ibv_qp_attr init = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = REMOTE,
	};
	struct ibv_qp_attr receive = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = packets,
		.dest_qp_num = other.qpn,
		.rq_psn = PSN,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = {
			.is_global = 1,
			.port_num = PORT,
			.grh = { .dgid = other.gid, .sgid_index = e->gid_index, .hop_limit = 1 },
		},
	};
	/* Four seconds before anything is sent anew: the machine may be slow. */
	struct ibv_qp_attr send = {
		.qp_state = IBV_QPS_RTS,
		.timeout = 20,
		.retry_cnt = 7,
		.rnr_retry = 7,
		.sq_psn = PSN,
		.max_rd_atomic = 1,
	};

	check(!ibv_modify_qp(e->qp, &init, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
			     IBV_QP_ACCESS_FLAGS));
	check(!ibv_modify_qp(e->qp, &receive, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
			     IBV_QP_DEST_QPN | IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
			     IBV_QP_MIN_RNR_TIMER));
	check(!ibv_modify_qp(e->qp, &send, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
			     IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC));
	e->addr = other.addr;
	e->rkey = other.rkey;
	/* Neither begins before the other can answer. */
	say(e->sock, 'c');
	hear(e->sock, 'c');
}

static enum ibv_wc_status transfer_piece(struct endpoint *e, enum ibv_wr_opcode opcode,
					 size_t at, size_t size)
{
	struct ibv_sge here = {
		.addr = (uintptr_t)e->mr->addr + at, .length = size, .lkey = e->mr->lkey,
	};
	struct ibv_send_wr work = {
		.sg_list = &here,
		.num_sge = 1,
		.opcode = opcode,
		.wr.rdma = { .remote_addr = e->addr + at, .rkey = e->rkey },
	}, *bad;
	struct ibv_wc done;
	int nr;

	check(!ibv_post_send(e->qp, &work, &bad));
	wait_for((nr = ibv_poll_cq(e->cq, 1, &done)));
	check(nr == 1);
	return done.status;
}

/*
 * In pieces: where there is no memory for packets, rxe asks for parts of a read anew, and
 * that of 6.1 may then call it complete when it is not.
 */
enum ibv_wc_status transfer(struct endpoint *e, enum ibv_wr_opcode opcode, size_t size)
{
	enum ibv_wc_status status = IBV_WC_SUCCESS;

	for (size_t at = 0; at < size && status == IBV_WC_SUCCESS; at += PIECE)
		status = transfer_piece(e, opcode, at, size - at < PIECE ? size - at : PIECE);
	if (status != IBV_WC_SUCCESS)
		printf("# transfer: %s\n", ibv_wc_status_str(status));
	return status;
}

void say(int sock, char word)
{
	check(must(send(sock, &word, 1, MSG_NOSIGNAL)) == 1);
}

void hear(int sock, char word)
{
	char heard;

	if (must(recv(sock, &heard, 1, 0)) != 1)
		failed("the other process is gone");
	check(heard == word);
}
