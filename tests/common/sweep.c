// SPDX-License-Identifier: GPL-2.0-only
#include "sweep.h"

static int device;
static int nth = -1;		/* fail-nth, where the kernel has fault injection */
static unsigned long points, nth_points;

void arm(unsigned long n, unsigned long count)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lu %lu", n, count);

	check(must(pwrite(device, text, len, 0)) == len);
}

bool disarm(unsigned long *seen)
{
	char text[48] = {};
	unsigned long hits;

	must(pread(device, text, sizeof(text) - 1, 0));
	check(sscanf(text, "%lu %lu", seen, &hits) == 2);
	return hits;
}

/* The same by the kernel itself, which then also fails copies from and to programs. */
static void arm_nth(unsigned long n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%lu", n);

	/* What is left of an earlier one may hit the very write that ends it. */
	while (pwrite(nth, text, len, 0) != len)
		check(errno == EFAULT);
}

static bool disarm_nth(void)
{
	char text[16] = {};
	ssize_t got = pread(nth, text, sizeof(text) - 1, 0);
	/* The last one may hit the read: then nothing was hit before. */
	bool hit = got > 0 && atoi(text) == 0;

	check(got > 0 || errno == EFAULT);
	arm_nth(0);
	return hit;
}

/* @count 0: by fail-nth. */
static bool round_of(struct sweep *w, unsigned long n, unsigned long count)
{
	struct scene *s = &w->scene;
	uint64_t bytes = used_bytes(), inodes = used_inodes();
	unsigned long seen;
	int ret, error;
	bool hit;

	if (w->prepare)
		w->prepare(s);
	if (count)
		arm(n, count);
	else
		arm_nth(n);
	ret = w->act(s);
	error = errno;
	hit = count ? disarm(&seen) : disarm_nth();
	if (ret) {
		if (!hit || (error != ENOMEM && (count || error != EFAULT)))
			failed("%s, allocation %lu, %lu failed: %s", w->name, n, count,
			       strerror(error));
		w->untouched(s);
		if (w->act(s))
			failed("%s after failure %lu: %s", w->name, n, strerror(errno));
	}
	w->undo(s);
	if (used_bytes() != bytes || used_inodes() != inodes)
		failed("%s, allocation %lu: something is left", w->name, n);
	return hit;
}

static void sweep_count(struct sweep *w, unsigned long count)
{
	unsigned long n = 1;

	while (round_of(w, n, count))
		n++;
	check(n > 1);
	if (count)
		points += n - 1;
	else
		nth_points += n - 1;
	printf("# %s: %lu points, %s\n", w->name, n - 1,
	       !count ? "by fail-nth" : count == 1 ? "each alone" : "and all after");
}

/* @most 0: only by fail-nth. */
static void sweep_counts(struct sweep *w, unsigned long most)
{
	/* KASAN keeps what was freed in a quarantine of a 32nd of memory. */
	size_t noise = 8 * MiB + (slower() > 1 ? meminfo("MemTotal") / 32 : 0), before;

	/* Once unharmed: caches and page tables of the program are there then. */
	round_of(w, 1000000000, 1);
	before = available();
	if (most > 1)
		sweep_count(w, most);
	/* The kernel itself, where it can: that reaches what vmap() and others allocate, too. */
	if (nth >= 0)
		sweep_count(w, 0);
	else if (most)
		sweep_count(w, 1);
	wait_for(available() + noise > before);
}

void sweep(void **state)
{
	sweep_counts(*state, 1000000);
}

void sweep_single(void **state)
{
	sweep_counts(*state, 1);
}

/* Not only what may not wait, nor without a page of words about each. */
static void fail_everything(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	char path[64];

	write_text("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_text("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_text("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", kinds[i]);
		write_text(path, "0");
	}
}

int sweep_set_up(void **state)
{
	(void)state;
	/*
	 * What moves memory aside drops clean pages of files, the program's own too. To read
	 * them again must not fail.
	 */
	must(mlockall(MCL_CURRENT));
	load_module("lend_fail");
	device = must(open("/dev/lend_fail", O_RDWR | O_CLOEXEC));
	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth >= 0)
		fail_everything();
	return 0;
}

void sweep_nth(void **state)
{
	check(nth >= 0);
	sweep_counts(*state, 0);
}

int sweep_tear_down(void **state)
{
	(void)state;
	printf("# %lu points in all, and %lu by fail-nth\n", points, nth_points);
	if (nth >= 0)
		close(nth);
	close(device);
	unload_module("lend_fail");
	must(munlockall());
	return 0;
}
