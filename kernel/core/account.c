// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "account.h"

/* Pages of charged buffers that are still to be gathered, by all creators. */
static atomic_long_t promised;

/* Adds @nr to @used unless that would pass @max. */
static bool add_below(atomic_long_t *used, unsigned long nr, unsigned long max)
{
	long old = atomic_long_read(used);

	do {
		if (nr > max || old > max - nr)
			return false;
	} while (!atomic_long_try_cmpxchg(used, &old, old + nr));
	return true;
}

/**
 * lend_limit_add() - take from a limit
 * @limit: the limit
 * @nr: how much
 *
 * Return: whether there was as much left.
 */
bool lend_limit_add(struct lend_limit *limit, unsigned long nr)
{
	unsigned long max = READ_ONCE(limit->max);

	return add_below(&limit->used, nr, max ? max : LONG_MAX);
}

/**
 * lend_limit_sub() - give back to a limit
 * @limit: the limit
 * @nr: how much
 */
void lend_limit_sub(struct lend_limit *limit, unsigned long nr)
{
	atomic_long_sub(nr, &limit->used);
}

/*
 * Lent memory stays where it is, as mlocked memory does, so it counts against
 * the same limit, in the counter that io_uring, AF_XDP and perf share.
 */
static bool charge_user(struct lend_charge *charge, unsigned long npages)
{
	const struct cred *cred = current_cred();

	if (capable(CAP_IPC_LOCK))
		return true;
	if (!add_below(&cred->user->locked_vm, npages, rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT))
		return false;
	charge->cred = get_cred(cred);
	return true;
}

/*
 * What cannot be met shall fail before memory is turned over for it. A part is
 * left alone: lent memory cannot be reclaimed, and somebody else would soon wake
 * the OOM killer for want of the last page.
 */
static bool promise(unsigned long npages, unsigned long spare)
{
	long machine = si_mem_available() - (long)(totalram_pages() / 32);

	/* What is set aside is there however short of memory the machine is. */
	return add_below(&promised, npages, spare + max(machine, 0L));
}

/**
 * lend_promise_kept() - memory that was promised is there, or is not wanted any more
 * @npages: how much of it
 */
void lend_promise_kept(unsigned long npages)
{
	atomic_long_sub(npages, &promised);
}

/**
 * lend_charge() - charge a new buffer, all or nothing
 * @charge: zeroed; written on success
 * @limit: the mount's limit; must outlive the charge
 * @npages: size of the buffer, not 0
 * @spare: pages that are set aside for it, beyond those that the machine has
 *
 * The memory cgroup is charged page by page while they are allocated. As many
 * pages are promised to the caller, who counts down by lend_promise_kept().
 *
 * Return: 0, -ENOSPC above the mount's limit, -ENOMEM above the caller's
 * RLIMIT_MEMLOCK or above what the machine can spare.
 */
int lend_charge(struct lend_charge *charge, struct lend_limit *limit, unsigned long npages,
		unsigned long spare)
{
	struct lend_charge new = { .npages = npages, .limit = limit };

	if (!lend_limit_add(limit, npages))
		return -ENOSPC;
	if (!charge_user(&new, npages) || !promise(npages, spare)) {
		lend_uncharge(&new);
		return -ENOMEM;
	}
	*charge = new;
	return 0;
}

/**
 * lend_charge_pinned() - charge memory that a program has already, for pinning it
 * @charge: zeroed; written on success
 * @npages: how much, not 0
 *
 * Return: 0, or -ENOMEM above the caller's RLIMIT_MEMLOCK.
 */
int lend_charge_pinned(struct lend_charge *charge, unsigned long npages)
{
	struct lend_charge new = { .npages = npages };

	if (!charge_user(&new, npages))
		return -ENOMEM;
	*charge = new;
	return 0;
}

/**
 * lend_uncharge() - give back what was charged
 * @charge: zeroed afterwards; one that is zero already is fine
 */
void lend_uncharge(struct lend_charge *charge)
{
	if (charge->limit)
		lend_limit_sub(charge->limit, charge->npages);
	if (charge->cred) {
		atomic_long_sub(charge->npages, &charge->cred->user->locked_vm);
		put_cred(charge->cred);
	}
	*charge = (struct lend_charge){};
}
