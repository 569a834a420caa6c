// SPDX-License-Identifier: GPL-2.0-only
#include "sweep.h"

static int device;
static unsigned long points;

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

static bool round_of(struct sweep *w, unsigned long n, unsigned long count)
{
	struct scene *s = &w->scene;
	uint64_t bytes = used_bytes(), inodes = used_inodes();
	unsigned long seen;
	int ret, error;
	bool hit;

	if (w->prepare)
		w->prepare(s);
	arm(n, count);
	ret = w->act(s);
	error = errno;
	hit = disarm(&seen);
	if (ret) {
		if (!hit || error != ENOMEM)
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
	points += n - 1;
	printf("# %s: %lu points, %s\n", w->name, n - 1,
	       count == 1 ? "each alone" : "and all after");
}

static void sweep_counts(struct sweep *w, unsigned long most)
{
	size_t before;

	/* Once unharmed: caches and page tables of the program are there then. */
	round_of(w, 1000000000, 1);
	before = available();
	sweep_count(w, 1);
	if (most > 1)
		sweep_count(w, most);
	wait_for(available() + 8 * MiB > before);
}

void sweep(void **state)
{
	sweep_counts(*state, 1000000);
}

void sweep_single(void **state)
{
	sweep_counts(*state, 1);
}

int sweep_set_up(void **state)
{
	(void)state;
	load_module("lend_fail");
	device = must(open("/dev/lend_fail", O_RDWR | O_CLOEXEC));
	return 0;
}

int sweep_tear_down(void **state)
{
	(void)state;
	printf("# %lu points in all\n", points);
	close(device);
	unload_module("lend_fail");
	return 0;
}
