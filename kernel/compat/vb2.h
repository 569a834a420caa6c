/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * videobuf2 as today's kernels have it, laid over older ones.
 */
#ifndef LEND_COMPAT_VB2_H
#define LEND_COMPAT_VB2_H

#include <media/videobuf2-v4l2.h>

/* Members of struct vb2_ops: videobuf2 lets go of the queue's lock by itself now. */
#ifdef LEND_HAVE_VB2_WAIT_PREPARE
#define LEND_VB2_WAIT_OPS							\
	.wait_prepare = vb2_ops_wait_prepare,					\
	.wait_finish = vb2_ops_wait_finish,
#else
#define LEND_VB2_WAIT_OPS
#endif

#endif
