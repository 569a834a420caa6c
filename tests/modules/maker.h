/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LEND_TESTS_MAKER_H
#define LEND_TESTS_MAKER_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <lend/lend.h>

#include "lend_maker.h"

/**
 * struct context - an open of the driver's file
 * @lock: of all but the log
 * @lent: its buffer, or NULL
 * @dma: the buffer as the device sees it, or NULL
 * @regs: an ioremap() of it, or NULL
 * @readonly: programs may look only
 * @answer: of the sync hook
 * @log_lock: of @log and @last, and taken beside @lock to change @lent
 * @log: what the hooks were told
 * @last: what they were told last of mappings
 */
struct context {
	struct mutex lock;		/* see above */
	struct file *lent;
	struct lend_dma *dma;
	void __iomem *regs;
	bool readonly;
	int answer;
	spinlock_t log_lock;		/* see above */
	struct maker_log log;
	bool last;
};

extern const struct lend_hooks maker_hooks;

int maker_copy(struct context *ctx, const struct maker *m, bool write);
int maker_sg(struct context *ctx, struct maker *m);
int maker_pte(struct maker *m);
int maker_log(struct context *ctx, void __user *user);

#endif
