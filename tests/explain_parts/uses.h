/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real interfaces, each given a piece of memory: 0, or the errno of the refusal.
 * What they write into memory is what they have read from it.
 */
#ifndef LEND_TESTS_USES_H
#define LEND_TESTS_USES_H

#include <sys/uio.h>

#include "common.h"

/* disk.c: with /dev/vda */
int do_direct_read(void *mem, size_t size);
int do_direct_write(void *mem, size_t size);
int do_io_uring_read(void *mem, size_t size);
int do_io_uring_write(void *mem, size_t size);
int do_io_uring_fixed(void *mem, size_t size);
int do_aio_read(void *mem, size_t size);
int do_aio_write(void *mem, size_t size);
int do_vmsplice(void *mem, size_t size);

/* devices.c */
int do_msg_zerocopy(void *mem, size_t size);
int do_xdp_umem(void *mem, size_t size);
int do_rdma(void *mem, size_t size);
int do_v4l2_userptr(void *mem, size_t size);
int devices_set_up(void);
void devices_tear_down(void);

/* process.c: another process does it to a child that has the mapping */
int do_process_vm_readv(void *mem, size_t size);
int do_process_vm_writev(void *mem, size_t size);
int do_ptrace_peek(void *mem, size_t size);
int do_ptrace_poke(void *mem, size_t size);
int do_futex(void *mem, size_t size);

/* A frame of vivid's smallest picture fits. */
#define V4L2_SIZE	(128 * KiB)

#endif
