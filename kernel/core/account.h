/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may have how much. A buffer is charged before its memory is gathered, and
 * what it was charged is written down in it, so that giving back is exact even
 * when the owner or the limits have changed since.
 */
#ifndef LEND_CORE_ACCOUNT_H
#define LEND_CORE_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/types.h>

struct cred;

/**
 * struct lend_limit - an amount in use, and the most that may be
 * @used: in use
 * @max: the limit; 0 for none
 */
struct lend_limit {
	atomic_long_t used;
	unsigned long max;
};

/**
 * struct lend_charge - what one buffer was charged
 * @npages: to each of the following; 0: nothing was charged
 * @limit: a mount's limit
 * @cred: whose RLIMIT_MEMLOCK, or NULL if the creator has CAP_IPC_LOCK
 */
struct lend_charge {
	unsigned long npages;
	struct lend_limit *limit;
	const struct cred *cred;
};

bool lend_limit_add(struct lend_limit *limit, unsigned long nr);
void lend_limit_sub(struct lend_limit *limit, unsigned long nr);
int lend_charge(struct lend_charge *charge, struct lend_limit *limit, unsigned long npages,
		unsigned long spare);
int lend_charge_pinned(struct lend_charge *charge, unsigned long npages);
void lend_promise_kept(unsigned long npages);
void lend_uncharge(struct lend_charge *charge);

#endif
