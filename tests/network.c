// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lent memory sent and received by the network's interfaces without a copy:
 * MSG_ZEROCOPY, AF_XDP. The wire is a veth whose other end is in a network
 * namespace of its own.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <xdp/libxdp.h>
#include <xdp/xsk.h>

#include "system.h"
#include "table.h"

#define THERE	"10.77.1.2"

/* The namespaces of the two ends, lend0 and lend1. */
static int here, there;

static void enter(int ns)
{
	must(setns(ns, CLONE_NEWNET));
}

static int new_namespace(void)
{
	must(unshare(CLONE_NEWNET));
	check(shell("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; ip link set lo up") == 0);
	return must(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

static int set_up(void **state)
{
	(void)state;
	/* They tell much that is no fault, as that there is no bpf file system. */
	libbpf_set_print(NULL);
	libxdp_set_print(NULL);
	there = new_namespace();
	here = new_namespace();
	check(shell("ip link add lend0 type veth peer name lend1 netns /proc/%d/fd/%d && "
		    "ip addr add 10.77.1.1/24 dev lend0 && ip link set lend0 up",
		    getpid(), there) == 0);
	enter(there);
	check(shell("ip addr add " THERE "/24 dev lend1 && ip link set lend1 up") == 0);
	enter(here);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	check(shell("ip link del lend0 && modprobe -r veth") == 0);
	close(here);
	close(there);
	return 0;
}

/* A program for what lend1 receives: all is passed on. */
static void pass_all(bool on)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = -1;

	enter(there);
	if (on)
		fd = must(bpf_prog_load(BPF_PROG_TYPE_XDP, "pass_all", "GPL", program,
					ARRAY_SIZE(program), NULL));
	check(bpf_xdp_attach(if_nametoindex("lend1"), fd, XDP_FLAGS_DRV_MODE, NULL) == 0);
	if (on)
		close(fd);
	enter(here);
}

/* Reading from it ends after a minute, of a kernel that is not slower. */
static int new_socket(int ns, int domain, int type, int protocol)
{
	const struct timeval minute = { 60 * slower() };
	int fd;

	enter(ns);
	fd = must(socket(domain, type | SOCK_CLOEXEC, protocol));
	enter(here);
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute)));
	return fd;
}

static void set_option(int fd, int level, int option, int value)
{
	must(setsockopt(fd, level, option, &value, sizeof(value)));
}

/* A connection from here to @address, which is in @ns. */
static void connect_tcp(int ns, const char *address, int *from, int *to)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address) };
	socklen_t len = sizeof(in);
	int listener = new_socket(ns, AF_INET, SOCK_STREAM, 0);

	/* Less than what is sent: it waits in the sender's pages. */
	set_option(listener, SOL_SOCKET, SO_RCVBUF, 64 * KiB);
	must(bind(listener, (struct sockaddr *)&in, len));
	must(listen(listener, 1));
	must(getsockname(listener, (struct sockaddr *)&in, &len));
	*from = new_socket(here, AF_INET, SOCK_STREAM, 0);
	must(connect(*from, (struct sockaddr *)&in, len));
	*to = must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	close(listener);
}

/* The one notice there must be: the memory of the first call may be used again. */
static const char *notice(int fd)
{
	char control[128];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	const struct sock_extended_err *error;
	const struct cmsghdr *cmsg;

	check(wait_events(fd, 0) == POLLERR);
	must(recvmsg(fd, &msg, MSG_ERRQUEUE));
	cmsg = CMSG_FIRSTHDR(&msg);
	check(cmsg && cmsg->cmsg_level == SOL_IP && cmsg->cmsg_type == IP_RECVERR);
	error = (const void *)CMSG_DATA(cmsg);
	check(error->ee_origin == SO_EE_ORIGIN_ZEROCOPY && !error->ee_errno);
	check(error->ee_info == 0 && error->ee_data == 0);
	return error->ee_code & SO_EE_CODE_ZEROCOPY_COPIED ? "copied" : "works";
}

static const char *send_all(struct subject *s, int from, int to)
{
	uint64_t held = get_info(s->fd).held;
	const char *word;
	char *got;

	set_option(from, SOL_SOCKET, SO_ZEROCOPY, 1);
	set_option(from, SOL_SOCKET, SO_SNDBUFFORCE, 16 * MiB);
	if (send(from, s->mem, SIZE, MSG_ZEROCOPY) != SIZE)
		return outcome(-1, "");
	/* Nobody has read it yet. */
	if (get_info(s->fd).held <= held)
		return "not held";

	got = calloc(1, SIZE);
	check(got && must(recv(to, got, SIZE, MSG_WAITALL)) == SIZE);
	word = notice(from);
	wait_for(get_info(s->fd).held == held);
	if (memcmp(got, s->mem, SIZE) || !intact(s))
		word = "lost";
	free(got);
	return word;
}

enum wire { LOOPBACK, VETH, VETH_XDP };

/*
 * Loopback and veth hand frames on as they are, so that the receiver gets a copy.
 * With XDP at its end a veth reads them out of the sender's pages, as a card does.
 */
static const char *zerocopy(struct subject *s, long wire)
{
	const char *word;
	int from, to;

	if (wire == VETH_XDP)
		pass_all(true);
	if (wire == LOOPBACK)
		connect_tcp(here, "127.0.0.1", &from, &to);
	else
		connect_tcp(there, THERE, &from, &to);
	word = send_all(s, from, to);
	close(from);
	close(to);
	if (wire == VETH_XDP)
		pass_all(false);
	return word;
}

/*
 * Frames of AF_XDP: one a page of the memory. The kernel copies them between it and
 * the veth: only drivers of some real cards do without.
 */
#define PROTOCOL	ETH_P_802_EX1
#define FRAME		1514
#define BATCH		32

struct frame {
	struct ethhdr eth;
	uint32_t number;
	char data[FRAME - sizeof(struct ethhdr) - 4];
} __attribute__((packed));

static void head(struct frame *frame, uint32_t number)
{
	frame->eth = (struct ethhdr){ .h_source = { 2 }, .h_proto = htons(PROTOCOL) };
	memset(frame->eth.h_dest, 0xff, ETH_ALEN);
	frame->number = number;
}

/* The other end: all frames of the protocol, and no others. */
static int packet_socket(void)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTOCOL) };
	int fd = new_socket(there, AF_PACKET, SOCK_RAW, 0);

	enter(there);
	link.sll_ifindex = if_nametoindex("lend1");
	must(bind(fd, (struct sockaddr *)&link, sizeof(link)));
	enter(here);
	return fd;
}

struct xdp {
	struct xsk_umem *umem;
	struct xsk_socket *sock;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons done, rx;
};

/* 0, or -1 and errno. */
static int register_umem(struct xdp *x, void *mem, size_t size)
{
	int ret = xsk_umem__create(&x->umem, mem, size, &x->fill, &x->done, NULL);

	errno = -ret;
	return ret ? -1 : 0;
}

static void open_xdp(struct xdp *x, bool send)
{
	const struct xsk_socket_config config = {
		.rx_size = XSK_RING_CONS__DEFAULT_NUM_DESCS,
		.tx_size = XSK_RING_PROD__DEFAULT_NUM_DESCS,
		.libxdp_flags = send ? XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD : 0,
		.bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	};

	check(xsk_socket__create(&x->sock, "lend0", 0, x->umem, send ? NULL : &x->rx,
				 send ? &x->tx : NULL, &config) == 0);
}

static void close_xdp(struct subject *s, struct xdp *x)
{
	if (x->sock)
		xsk_socket__delete(x->sock);
	check(xsk_umem__delete(x->umem) == 0);
	/* The kernel lets go of it a little later. */
	wait_for(!get_info(s->fd).pinned);
}

/* Lets the kernel send; whether all of the batch is. */
static bool sent(struct xdp *x, unsigned int *left)
{
	unsigned int nr;
	uint32_t at;

	if (sendto(xsk_socket__fd(x->sock), NULL, 0, MSG_DONTWAIT, NULL, 0) == -1)
		check(errno == EAGAIN || errno == EBUSY || errno == ENOBUFS);
	nr = xsk_ring_cons__peek(&x->done, *left, &at);
	xsk_ring_cons__release(&x->done, nr);
	*left -= nr;
	return !*left;
}

static bool send_batch(struct subject *s, struct xdp *x, int to, uint32_t first)
{
	unsigned int left = BATCH;
	struct frame got;
	uint32_t at;

	check(xsk_ring_prod__reserve(&x->tx, BATCH, &at) == BATCH);
	for (uint32_t i = 0; i < BATCH; i++)
		*xsk_ring_prod__tx_desc(&x->tx, at + i) = (struct xdp_desc){
			.addr = (first + i) * PAGE, .len = FRAME,
		};
	xsk_ring_prod__submit(&x->tx, BATCH);
	wait_for(sent(x, &left));
	for (uint32_t i = 0; i < BATCH; i++) {
		check(must(recv(to, &got, sizeof(got), MSG_TRUNC)) == FRAME);
		check(got.number - first < BATCH);
		if (memcmp(&got, s->mem + got.number * PAGE, FRAME))
			return false;
	}
	return true;
}

/* All of the memory, or less by @offset at either end. */
static const char *xdp_send(struct subject *s, long offset)
{
	const char *word = "works";
	struct xdp x = {};
	int to;

	if (register_umem(&x, s->mem + offset, SIZE - 2 * offset))
		return outcome(-1, "");
	if (get_info(s->fd).pinned != SIZE)
		word = "not pinned";
	to = packet_socket();
	open_xdp(&x, true);
	for (uint32_t i = 0; i < SIZE / PAGE; i++)
		head((struct frame *)(s->mem + i * PAGE), i);
	for (uint32_t i = 0; i < SIZE / PAGE; i += BATCH)
		if (!send_batch(s, &x, to, i))
			word = "lost";
	close(to);
	close_xdp(s, &x);
	return word;
}

/* One frame of the protocol, wherever in the memory it was put: in the mapping and the file. */
static bool take(struct subject *s, struct xdp *x, const struct frame *want, bool *same)
{
	const struct xdp_desc *desc;
	struct frame in_file;
	uint32_t at;

	if (!xsk_ring_cons__peek(&x->rx, 1, &at))
		return false;
	desc = xsk_ring_cons__rx_desc(&x->rx, at);
	check(desc->addr < SIZE - FRAME);
	check(must(pread(s->fd, &in_file, FRAME, desc->addr)) == FRAME);
	*same = desc->len == FRAME && !memcmp(s->mem + desc->addr, want, FRAME) &&
		!memcmp(&in_file, want, FRAME);
	xsk_ring_cons__release(&x->rx, 1);
	return in_file.eth.h_proto == htons(PROTOCOL);
}

static const char *xdp_receive(struct subject *s, long arg)
{
	const char *word = "works";
	struct xdp x = {};
	uint32_t at;
	int from;

	(void)arg;
	if (register_umem(&x, s->mem, SIZE))
		return outcome(-1, "");
	open_xdp(&x, false);
	check(xsk_ring_prod__reserve(&x.fill, SIZE / PAGE, &at) == SIZE / PAGE);
	for (uint32_t i = 0; i < SIZE / PAGE; i++)
		*xsk_ring_prod__fill_addr(&x.fill, at + i) = i * PAGE;
	xsk_ring_prod__submit(&x.fill, SIZE / PAGE);

	from = packet_socket();
	/* Some pages are left for what the kernel itself may have to say. */
	for (uint32_t i = 0; i < SIZE / PAGE - BATCH; i++) {
		struct frame frame;
		bool same;

		memset(frame.data, i ^ i >> 8, sizeof(frame.data));
		head(&frame, i);
		check(must(send(from, &frame, FRAME, 0)) == FRAME);
		wait_for(take(s, &x, &frame, &same));
		if (!same)
			word = "lost";
	}
	close(from);
	close_xdp(s, &x);
	return word;
}

static const struct operation operations[] = {
	{ "MSG_ZEROCOPY over TCP, lo", zerocopy, LOOPBACK, EVERY_BUT_PFN("copied", "EFAULT") },
	{ "MSG_ZEROCOPY over TCP, veth", zerocopy, VETH, EVERY_BUT_PFN("copied", "EFAULT") },
	{ "MSG_ZEROCOPY over TCP, veth with XDP", zerocopy, VETH_XDP,
	  EVERY_BUT_PFN("works", "EFAULT") },
	{ "AF_XDP, frames sent", xdp_send, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "AF_XDP, frames received", xdp_receive, 0, EVERY_BUT_PFN("works", "EFAULT") },
	{ "AF_XDP, memory not at a page's start", xdp_send, PAGE / 2, EVERY("EINVAL") },
};

static const struct table table = {
	.title = "Network",
	.columns = &every_way,
	.ops = operations,
	.nr = ARRAY_SIZE(operations),
	.set_up = set_up,
	.tear_down = tear_down,
};

int main(int argc, char **argv)
{
	return run_table(argc, argv, &table);
}
