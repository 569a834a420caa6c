/* SPDX-License-Identifier: GPL-2.0-only */
/* A bar on stderr for what takes long, if that is a terminal. */
#ifndef LEND_PROGRESS_H
#define LEND_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;		/* begins the line */
	uint64_t total;			/* bytes */
	uint64_t (*done)(void *arg);	/* bytes so far; called in a thread */
	void *arg;

	/* its own */
	bool running, shown, stop;
	uint64_t began;			/* ms */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

/* Start with the first four fields set. Never fails: then there is no bar. */
void progress_start(struct progress *progress);

/* Take the bar away for a moment, for a line of output. */
void progress_hide(struct progress *progress);

/* Take the bar away. */
void progress_stop(struct progress *progress);

#endif /* LEND_PROGRESS_H */
