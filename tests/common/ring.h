/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LEND_TESTS_RING_H
#define LEND_TESTS_RING_H

/*
 * To be called before io_uring_queue_init() by who opens one ring after the other: this
 * thread has a ring that stays open until it ends.
 *
 * On Linux 7.2 a worker that ends because the last ring was closed counts as free until
 * it is gone (io_wq_set_exit_on_idle), and what the next ring gives it is never done.
 */
void keep_ring(void);

#endif
