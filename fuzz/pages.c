// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of mappings, page by page. Each slot has a window of addresses, so
 * that nothing else is hit; what is not mapped there is reserved.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "world.h"

char *window(struct world *w, unsigned int slot)
{
	return w->arena + slot * WINDOW;
}

void reserve(char *addr, size_t length)
{
	if (length && mmap(addr, length, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != addr)
		abort();
}

void drop_mapping(struct world *w, unsigned int slot)
{
	struct mapping *m = &w->map[slot];

	if (!m->base)
		return;
	if (m->base == window(w, slot))
		reserve(m->base, m->nr * PAGE);
	else if (munmap(m->base, m->nr * PAGE))
		wrong(w, "munmap of a mapping: %s", strerror(errno));
	m->base = NULL;
}

/*
 * Beyond the mapping there is other memory, so what would reach there is cut; but for
 * what wraps around, which must be refused.
 */
bool span_of(struct world *w, uint64_t slot, uint64_t from, uint64_t length, struct span *s)
{
	struct mapping *m = &w->map[slot];
	uint64_t bytes = m->nr * PAGE, end;

	if (!m->base)
		return false;
	from %= bytes;
	*s = (struct span){ .m = m, .addr = m->base + from, .length = length };
	s->first = from / PAGE;
	if (__builtin_add_overflow((uintptr_t)s->addr, length, &end)) {
		if (length > -(2 * PAGE))	/* rounded up it is nothing, or wraps */
			return s->length = -(2 * PAGE), true;
		return true;
	}
	if (length > bytes - from)
		s->length = bytes - from;
	s->nr = (from % PAGE + s->length + PAGE - 1) / PAGE;
	if (s->first + s->nr > m->nr)
		s->nr = m->nr - s->first;
	s->proper = s->length && !(from % PAGE);
	return true;
}

bool any_lent(const struct span *s)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->m->page[s->first + i] & PAGE_LENT)
			return true;
	return false;
}

bool all_have(const struct span *s, uint8_t flags)
{
	for (size_t i = 0; i < s->nr; i++)
		if ((s->m->page[s->first + i] & flags) != flags)
			return false;
	return true;
}

bool none_has(const struct span *s, uint8_t flags)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->m->page[s->first + i] & flags)
			return false;
	return true;
}

void set_pages(struct mapping *m, size_t first, size_t nr, uint8_t clear, uint8_t set)
{
	for (size_t i = first; i < first + nr; i++)
		m->page[i] = (m->page[i] & ~clear) | set;
}

/* Calls @part for what of the first @done bytes lies in each page. */
static void each_page(struct world *w, const struct span *s, uint64_t done,
		      void (*part)(struct world *w, struct mapping *m, size_t page,
				   uint64_t offset, uint64_t length, void *arg, uint64_t at),
		      void *arg)
{
	uint64_t start = s->addr - s->m->base;

	for (uint64_t at = 0; at < done;) {
		uint64_t pos = start + at, length = PAGE - pos % PAGE;

		if (length > done - at)
			length = done - at;
		part(w, s->m, pos / PAGE, s->m->offset + pos, length, arg, at);
		at += length;
	}
}

static void write_part(struct world *w, struct mapping *m, size_t page, uint64_t offset,
		       uint64_t length, void *arg, uint64_t at)
{
	const uint8_t *byte = arg;

	(void)at;
	if (!(m->page[page] & PAGE_LENT))
		return;
	if (m->shared && !m->may_write)
		wrong(w, "a mapping of a descriptor for reading was written through");
	if (!m->shared)
		m->page[page] |= PAGE_PRIVATE;
	else
		written(w, m->buffer, offset, length, *byte);
}

void written_through(struct world *w, const struct span *s, uint64_t done, uint8_t byte)
{
	each_page(w, s, done, write_part, &byte);
}

static void check_part(struct world *w, struct mapping *m, size_t page, uint64_t offset,
		       uint64_t length, void *arg, uint64_t at)
{
	const char *data = (const char *)arg + at;

	if (m->page[page] & (PAGE_PRIVATE | PAGE_UNSURE) || !(m->page[page] & PAGE_LENT))
		check_ours(w, data, length);
	else
		check_bytes(w, m->buffer, offset, data, length);
}

void check_through(struct world *w, const struct span *s, const char *data, uint64_t done)
{
	each_page(w, s, done, check_part, (void *)data);
}
