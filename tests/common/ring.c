// SPDX-License-Identifier: GPL-2.0-only
#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "common.h"
#include "ring.h"

void keep_ring(void)
{
	static __thread pid_t keeper;
	struct io_uring_params params = {};

	/* A child has the descriptor, but not the workers. */
	if (keeper == gettid())
		return;
	must(syscall(SYS_io_uring_setup, 1, &params));
	keeper = gettid();
}
