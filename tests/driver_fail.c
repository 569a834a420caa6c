// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every memory allocation of what drivers do fails in turn, alone and then with all
 * that follow: the call succeeds all the same or says ENOMEM, and nothing is left.
 */
#include "maker.h"
#include "sweep.h"

static int64_t pinned_before;
static unsigned int users_before;

static int64_t pinned(void)
{
	write_text("/proc/sys/vm/stat_refresh", "1");
	return vmstat("nr_foll_pin_acquired") - vmstat("nr_foll_pin_released");
}

static void remember_all(struct scene *s)
{
	s->fd = open_maker();
	pinned_before = pinned();
	users_before = users_of_lend();
}

/* No buffer, no pin, no file of lend's own mount. */
static void nothing_made(struct scene *s)
{
	must_fail(ask(s->fd, MAKER_SIZE), ENXIO);
	check(pinned() == pinned_before);
	wait_for(users_of_lend() == users_before);
}

static void let_go(struct scene *s)
{
	must(ask(s->fd, MAKER_LET_GO));
	nothing_made(s);
	close(s->fd);
}

static int alloc(struct scene *s)
{
	return ask(s->fd, MAKER_ALLOC, .length = s->size, .backing = s->backing);
}

#define NAME	DIR "/driver-fail"

static int alloc_at(struct scene *s)
{
	return ask(s->fd, MAKER_ALLOC_AT, .length = s->size, .text = NAME, .flags = 0600);
}

static void no_name(struct scene *s)
{
	must_fail(access(NAME, F_OK), ENOENT);
	nothing_made(s);
}

static void remove_it(struct scene *s)
{
	must(ask(s->fd, MAKER_REMOVE));
	let_go(s);
}

static void own_memory(struct scene *s)
{
	remember_all(s);
	s->mem = must(mmap(NULL, s->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
}

static int from_user(struct scene *s)
{
	return ask(s->fd, MAKER_FROM_USER, .addr = (uintptr_t)s->mem, .length = s->size, .flags = 1);
}

static void unmap_own(struct scene *s)
{
	let_go(s);
	must(munmap(s->mem, s->size));
}

/* Nothing else is there: it is the hole below the PCI bus's windows, see /proc/iomem. */
static int registers(struct scene *s)
{
	return ask(s->fd, MAKER_PHYS, .offset = 0xd0000000, .length = s->size, .flags = s->map);
}

static void with_buffer(struct scene *s)
{
	remember_all(s);
	must(alloc(s));
}

static int dma_map(struct scene *s)
{
	return ask(s->fd, MAKER_DMA_MAP, .bits = 64, .value = PAGE);
}

static void not_mapped(struct scene *s)
{
	must_fail(ask(s->fd, MAKER_DMA_UNMAP), ENXIO);
}

static int to_descriptor(struct scene *s)
{
	int fd = ask(s->fd, MAKER_TO_FD, .flags = O_RDWR);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static void nothing(struct scene *s)
{
	(void)s;
}

#define KIND(b)	{ .backing = LEND_BACKING_##b, .size = 3 * MiB + 5 * PAGE }

static struct sweep sweeps[] = {
	{ "lend_alloc: folios", remember_all, alloc, nothing_made, let_go, KIND(FOLIOS) },
	{ "lend_alloc: pages", remember_all, alloc, nothing_made, let_go, KIND(PAGES) },
	{ "lend_alloc: contig", remember_all, alloc, nothing_made, let_go, KIND(CONTIG) },
	{ "lend_alloc: vmalloc", remember_all, alloc, nothing_made, let_go, KIND(VMALLOC) },
	{ "lend_alloc_at", remember_all, alloc_at, no_name, remove_it, KIND(FOLIOS) },
	{ "lend_from_user", own_memory, from_user, nothing_made, unmap_own, KIND(PAGES) },
	{ "lend_registers: uncached", remember_all, registers, nothing_made, let_go,
	  { .size = 64 * KiB } },
	{ "lend_registers: write-combined", remember_all, registers, nothing_made, let_go,
	  { .size = 64 * KiB, .map = 1 } },
	{ "lend_dma_map", with_buffer, dma_map, not_mapped, let_go, KIND(PAGES) },
	{ "lend_to_fd", with_buffer, to_descriptor, nothing, let_go, KIND(FOLIOS) },
};

static int set_up(void **state)
{
	maker_set_up(state);
	return sweep_set_up(state);
}

static int tear_down(void **state)
{
	sweep_tear_down(state);
	return maker_tear_down(state);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(sweeps)];

	for (size_t i = 0; i < ARRAY_SIZE(sweeps); i++) {
		struct scene *s = &sweeps[i].scene;

		/* Hundreds of pages hundreds of times: fewer where each takes long. */
		if (slower() > 1 && (s->backing == LEND_BACKING_PAGES ||
				     s->backing == LEND_BACKING_VMALLOC))
			s->size = s->size / 8 / PAGE * PAGE;
		tests[i] = (struct CMUnitTest){ sweeps[i].name, sweep, NULL, NULL, &sweeps[i] };
	}
	return run_able("driver_fail", tests, ARRAY_SIZE(sweeps), set_up, tear_down);
}
