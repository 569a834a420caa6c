// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <infiniband/verbs.h>
#include <linux/errqueue.h>
#include <linux/if_xdp.h>
#include <linux/videodev2.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "system.h"
#include "uses.h"

#define NETDEV	"lendexplain"
#define RXE	"lendrxe"

int devices_set_up(void)
{
	check(shell("modprobe -a dummy ib_uverbs rdma_rxe && ip link add " NETDEV " type dummy &&"
		    " ip link set " NETDEV " up && rdma link add " RXE " type rxe netdev " NETDEV) == 0);
	check(shell("modprobe vivid n_devs=1 node_types=0x1") == 0);
	wait_for(access("/dev/video0", F_OK) == 0);
	return 0;
}

void devices_tear_down(void)
{
	check(shell("rdma link del " RXE " && ip link del " NETDEV " && rmmod vivid") == 0);
	shell("rmmod rdma_rxe dummy 2>/dev/null");
}

static struct ibv_context *open_rdma(void)
{
	struct ibv_context *context = NULL;
	struct ibv_device **list;
	int count;

	list = ibv_get_device_list(&count);
	check(list);
	for (int i = 0; i < count; i++)
		if (!strcmp(ibv_get_device_name(list[i]), RXE))
			context = ibv_open_device(list[i]);
	ibv_free_device_list(list);
	check(context);
	return context;
}

int do_rdma(void *mem, size_t size)
{
	struct ibv_context *context = open_rdma();
	struct ibv_pd *domain = ibv_alloc_pd(context);
	struct ibv_mr *mr;
	int ret = 0;

	check(domain);
	mr = ibv_reg_mr(domain, mem, size, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ |
			IBV_ACCESS_REMOTE_WRITE);
	if (mr)
		check(ibv_dereg_mr(mr) == 0);
	else
		ret = errno;
	check(ibv_dealloc_pd(domain) == 0);
	check(ibv_close_device(context) == 0);
	return ret;
}

int do_xdp_umem(void *mem, size_t size)
{
	struct xdp_umem_reg umem = {
		.addr = (uintptr_t)mem,
		.len = size,
		.chunk_size = PAGE,
	};
	int fd = must(socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
	int ret = setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)) ? errno : 0;

	close(fd);
	return ret;
}

static void connected(int sockets[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (void *)&address, sizeof(address)));
	must(listen(fd, 1));
	must(getsockname(fd, (void *)&address, &len));
	sockets[0] = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	must(connect(sockets[0], (void *)&address, sizeof(address)));
	sockets[1] = must(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
	close(fd);
}

/* Whole only with the notice that the bytes are the caller's again. */
static void await_notice(int sock)
{
	struct sock_extended_err *notice;
	char control[128];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };

	check(wait_events(sock, 0));
	must(recvmsg(sock, &msg, MSG_ERRQUEUE));
	check(CMSG_FIRSTHDR(&msg));
	notice = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	check(notice->ee_origin == SO_EE_ORIGIN_ZEROCOPY && notice->ee_errno == 0);
}

int do_msg_zerocopy(void *mem, size_t size)
{
	int sockets[2], ret = 0;
	ssize_t sent, got;
	char buf[PAGE];

	connected(sockets);
	must(setsockopt(sockets[0], SOL_SOCKET, SO_ZEROCOPY, &(int){ 1 }, sizeof(int)));
	sent = send(sockets[0], mem, size, MSG_ZEROCOPY | MSG_DONTWAIT);
	if (sent < 0)
		ret = errno;
	for (; sent > 0; sent -= got) {
		got = must(read(sockets[1], buf, sizeof(buf)));
		check(got > 0);
	}
	if (!ret)
		await_notice(sockets[0]);
	close(sockets[0]);
	close(sockets[1]);
	return ret;
}

int do_v4l2_userptr(void *mem, size_t size)
{
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = {
			.width = 320,
			.height = 180,
			.pixelformat = V4L2_PIX_FMT_YUYV,
		},
	};
	struct v4l2_requestbuffers request = {
		.count = 2,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
	};
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
		.m.userptr = (uintptr_t)mem,
		.length = size,
	};
	int fd = must(open("/dev/video0", O_RDWR | O_CLOEXEC)), ret;

	must(ioctl(fd, VIDIOC_S_FMT, &format));
	check(format.fmt.pix.sizeimage <= V4L2_SIZE);
	must(ioctl(fd, VIDIOC_REQBUFS, &request));
	ret = ioctl(fd, VIDIOC_QBUF, &buffer) ? errno : 0;
	request.count = 0;
	must(ioctl(fd, VIDIOC_REQBUFS, &request));
	close(fd);
	return ret;
}
