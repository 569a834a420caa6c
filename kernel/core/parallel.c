// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work on a large range by several CPUs at once: zeroing gigabytes is bound by
 * what one CPU can write. The caller works too, so progress never depends on
 * the workqueue, and it alone watches for signals.
 */
#include <linux/cpumask.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "parallel.h"

/* More helpers than this wait for the memory bus, not for each other. */
#define MAX_HELPERS 7U

static struct workqueue_struct *workers;

struct job {
	lend_slice_fn fn;
	void *arg;
	unsigned long nr;
	unsigned long step;
	unsigned long slices;
	atomic_long_t next;
	int err;
};

struct helper {
	struct work_struct work;
	struct job *job;
};

static void stop(struct job *job, int err)
{
	cmpxchg(&job->err, 0, err);
}

static void do_slices(struct job *job, bool watch_signals)
{
	unsigned long slice;

	while (!READ_ONCE(job->err)) {
		int err;

		slice = atomic_long_fetch_inc(&job->next);
		if (slice >= job->slices)
			return;
		/* A single slice is short: a stray signal shall not fail it. */
		if (watch_signals && slice && signal_pending(current))
			err = -EINTR;
		else
			err = job->fn(job->arg, slice, slice * job->step,
				      min(job->step, job->nr - slice * job->step));
		if (err)
			stop(job, err);
		cond_resched();
	}
}

static void help(struct work_struct *work)
{
	do_slices(container_of(work, struct helper, work)->job, false);
}

/**
 * lend_parallel() - call @fn for every slice of a range, on several CPUs at once
 * @nr: size of the range, not 0
 * @step: size of a slice
 * @fn: called from the caller and from kernel threads
 * @arg: passed to @fn
 *
 * Context: process, may sleep. When it returns, no call of @fn is under way.
 * Return: 0 when every slice is done, the first error of any, -EINTR on a signal.
 */
int lend_parallel(unsigned long nr, unsigned long step, lend_slice_fn fn, void *arg)
{
	struct job job = {
		.fn = fn,
		.arg = arg,
		.nr = nr,
		.step = step,
		.slices = DIV_ROUND_UP(nr, step),
	};
	unsigned int i, helpers = min(num_online_cpus() - 1, MAX_HELPERS);
	struct helper *helper = NULL;

	helpers = min_t(unsigned long, helpers, job.slices - 1);

	/* Without helpers the caller does it all. */
	if (helpers)
		helper = kcalloc(helpers, sizeof(*helper), GFP_KERNEL);
	if (!helper)
		helpers = 0;

	for (i = 0; i < helpers; i++) {
		helper[i].job = &job;
		INIT_WORK(&helper[i].work, help);
		queue_work(workers, &helper[i].work);
	}
	do_slices(&job, true);
	for (i = 0; i < helpers; i++)
		cancel_work_sync(&helper[i].work);
	kfree(helper);
	return job.err;
}

int lend_parallel_init(void)
{
	workers = alloc_workqueue("lend", WQ_UNBOUND, 0);
	return workers ? 0 : -ENOMEM;
}

void lend_parallel_exit(void)
{
	destroy_workqueue(workers);
}
