// SPDX-License-Identifier: GPL-2.0-only
/* The bar is drawn by a thread, as the work itself is one long system call. */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "cmd.h"
#include "progress.h"

#define FIRST_MS	500	/* what is over by then shows no bar */
#define NEXT_MS		100
#define BAR_WIDTH	16

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* How fast it goes, and how long that will take, as it went so far. */
static void draw_rate(const struct progress *progress, uint64_t done)
{
	uint64_t rate = (unsigned __int128)done * 1000 / (now_ms() - progress->began + 1), left;

	if (!rate)
		return;
	left = (progress->total - done + rate - 1) / rate;
	fprintf(stderr, ", %s/s, ", human(rate));
	if (left >= 3600)
		fprintf(stderr, "%llu:%02u:%02u left", (unsigned long long)left / 3600,
			(unsigned int)(left / 60 % 60), (unsigned int)(left % 60));
	else
		fprintf(stderr, "%u:%02u left", (unsigned int)left / 60, (unsigned int)left % 60);
}

static void draw(struct progress *progress)
{
	uint64_t done = progress->done(progress->arg);
	unsigned int per_cent, i;

	if (done > progress->total)
		done = progress->total;
	per_cent = percent(done, progress->total);

	fprintf(stderr, "\r%s [", progress->what);
	for (i = 0; i < BAR_WIDTH; i++)
		putc(i < per_cent * BAR_WIDTH / 100 ? '#' : '.', stderr);
	fprintf(stderr, "] %3u %%  %s of %s", per_cent, human(done),
		human(progress->total));
	draw_rate(progress, done);
	fputs("\033[K", stderr);
	fflush(stderr);
	progress->shown = true;
}

static void add_ms(struct timespec *time, long ms)
{
	time->tv_nsec += ms * 1000000;
	time->tv_sec += time->tv_nsec / 1000000000;
	time->tv_nsec %= 1000000000;
}

static void *run(void *arg)
{
	struct progress *progress = arg;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	add_ms(&until, FIRST_MS);
	pthread_mutex_lock(&progress->lock);
	while (!progress->stop) {
		if (!pthread_cond_timedwait(&progress->wake, &progress->lock, &until))
			continue;
		draw(progress);
		add_ms(&until, NEXT_MS);
	}
	pthread_mutex_unlock(&progress->lock);
	return NULL;
}

void progress_start(struct progress *progress)
{
	pthread_condattr_t attr;
	sigset_t all, old;

	progress->running = progress->shown = progress->stop = false;
	progress->began = now_ms();
	if (!isatty(STDERR_FILENO))
		return;

	pthread_mutex_init(&progress->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&progress->wake, &attr);
	pthread_condattr_destroy(&attr);

	/* signals are for the thread that works, so that they end its call */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	progress->running = !pthread_create(&progress->thread, NULL, run, progress);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void progress_hide(struct progress *progress)
{
	if (!progress->running)
		return;
	pthread_mutex_lock(&progress->lock);
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
	pthread_mutex_unlock(&progress->lock);
}

void progress_stop(struct progress *progress)
{
	if (!progress->running)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->stop = true;
	pthread_cond_signal(&progress->wake);
	pthread_mutex_unlock(&progress->lock);
	pthread_join(progress->thread, NULL);
	progress->running = false;
	if (progress->shown)
		fputs("\r\033[K", stderr);
}
