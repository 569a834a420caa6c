// SPDX-License-Identifier: GPL-2.0-only
#include "fates.h"

const char *name_of(int error)
{
	return error ? strerrorname_np(error) : "works";
}

/* What was told of a use, and what came out of it. */
void compare(const struct place *place, struct json_object *mapping, const char *key,
		    int error)
{
	const char *verdict = use_of(mapping, key, "verdict"), *told_error = use_of(mapping, key, "errno");
	bool agree;

	if (!strcmp(verdict, "works"))
		agree = !error;
	else if (!strcmp(verdict, "fails"))
		agree = error && !strcmp(told_error, name_of(error));
	else
		agree = !strcmp(verdict, "depends") && *told_error &&
			(!error || !strcmp(told_error, name_of(error)));
	if (!agree)
		failed("%s (%s): %s: told \"%s %s\", found \"%s\"", place->name, flags_of(mapping), key,
		       verdict, told_error, name_of(error));
}

/* Pages of vvar may be there or not, as clocks come and go. */
static bool place_reads(const struct place *place)
{
	return place_has(place, "rd") && strcmp(place->kind, "vvar");
}

enum { GONE = 1, ZEROES, THERE };

static int look_in_child(void *arg)
{
	const struct place *place = arg;
	bool zeroes = true;
	unsigned char in;
	const char *flags;

	if (mincore(place->mem, PAGE, &in) && errno == ENOMEM)
		return GONE;
	flags = smaps_flags(place->mem);
	if (place_reads(place))
		for (size_t i = 0; i < PAGE; i++)
			zeroes &= !place->mem[i];
	else
		zeroes = false;
	if (strstr(flags, "rd") && strstr(flags, "wr") && strcmp(place->kind, "device"))
		place->mem[0] ^= 0xff;
	return zeroes ? ZEROES : THERE;
}

/* In a child it is gone, empty, a copy, or the very memory. */
void try_fork(struct place *place, struct json_object *mapping)
{
	const char *verdict = use_of(mapping, "fork", "verdict"), *why = use_of(mapping, "fork", "why");
	bool reads = place_reads(place), writes = place_has(place, "wr");
	char before = reads ? place->mem[0] : 0;
	int found = reap(spawn(look_in_child, place));

	if (!strcmp(verdict, "fails")) {
		check(found == GONE && !strcmp(use_of(mapping, "fork", "flag"), "dc"));
	} else if (!strcmp(verdict, "depends")) {
		check(found == ZEROES && before && strstr(why, "zeroes"));
	} else {
		check(!strcmp(verdict, "works") && (found == THERE || (found == ZEROES && !before)));
		if (reads && writes && strcmp(place->kind, "device"))
			assert_int_equal(place->mem[0] != before, strstr(why, "shares") != NULL);
	}
}

void try_mlock(const struct place *place, struct json_object *mapping)
{
	const char *verdict = use_of(mapping, "mlock", "verdict");
	bool was_locked = place_has(place, "lo");
	int error = mlock(place->mem, place->size) ? errno : 0;
	bool is_locked = place_has(place, "lo");

	if (!strcmp(verdict, "no effect")) {
		if (error || is_locked)
			failed("%s: mlock: %s, flags %s", place->name, name_of(error), smaps_flags(place->mem));
	} else {
		compare(place, mapping, "mlock", error);
		if (!error)
			check(is_locked && smaps_bytes(place->mem, "Locked"));
	}
	if (!was_locked)
		must(munlock(place->mem, place->size));
}

/* Pages of a mapping: the physical ones, 0 where there is none. */
static size_t look_at_pages(const struct place *place, uint64_t *pfns)
{
	int fd = must(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	size_t nr = place->size / PAGE, present = 0;

	check(must(pread(fd, pfns, nr * 8, (uintptr_t)place->mem / PAGE * 8)) == (ssize_t)nr * 8);
	close(fd);
	for (size_t i = 0; i < nr; i++) {
		pfns[i] = pfns[i] >> 63 ? pfns[i] & ((1ULL << 55) - 1) : 0;
		present += pfns[i] != 0;
	}
	return present;
}

/* Told to take all of it away, reclaim takes some, or leaves it as it was. */
void try_stay(const struct place *place, struct json_object *mapping)
{
	size_t nr = place->size / PAGE, had, has;
	uint64_t *before = calloc(nr, 8), *after = calloc(nr, 8);
	const char *verdict = use_of(mapping, "stay", "verdict");
	bool reads = place_reads(place);

	had = look_at_pages(place, before);
	madvise(place->mem, place->size, MADV_PAGEOUT);
	has = look_at_pages(place, after);
	if (!strcmp(verdict, "fails")) {
		if (!had || has == had)
			failed("%s: told it may go, but %zu of %zu pages stay", place->name, has, had);
	} else if (!strcmp(verdict, "works")) {
		for (size_t i = 0; reads && i < place->size; i += PAGE)
			((volatile char *)place->mem)[i];
		check(look_at_pages(place, after) == had);
		if (!strcmp(place->kind, "lend"))
			check(memcmp(before, after, nr * 8) == 0);
	} else {
		check(!strcmp(verdict, "depends") && !strcmp(place->kind, "lend"));
	}
	free(before);
	free(after);
}
