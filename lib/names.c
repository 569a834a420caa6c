// SPDX-License-Identifier: MIT
/* The words for kinds and reasons. */
#include <errno.h>
#include <string.h>
#include "internal.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char *const backings[] = {
	[LEND_BACKING_FOLIOS]	= "folios",
	[LEND_BACKING_PAGES]	= "pages",
	[LEND_BACKING_CONTIG]	= "contig",
	[LEND_BACKING_VMALLOC]	= "vmalloc",
};

static const char *const maps[] = {
	[LEND_MAP_AUTO]		= "auto",
	[LEND_MAP_FAULT]	= "fault",
	[LEND_MAP_INSERT]	= "insert",
	[LEND_MAP_PFN]		= "pfn",
};

static const struct {
	uint32_t bit;
	const char *text;
} reasons[] = {
	{ LEND_WHY_FRAGMENTED,
	  "Free memory was too fragmented for 2 MiB folios all over, so smaller ones "
	  "fill the gaps; make the buffer earlier, or after "
	  "\"echo 1 > /proc/sys/vm/compact_memory\"." },
	{ LEND_WHY_SPLIT,
	  "The run came as single pages, cut from a larger block or won by moving pages aside, "
	  "so no 2 MiB entry can map it; backing=folios can be mapped so." },
	{ LEND_WHY_SINGLE,
	  "This backing is made of single pages, so no 2 MiB entry can map it; "
	  "backing=folios can be mapped so." },
	{ LEND_WHY_PFN,
	  "map=pfn maps page frame numbers, which the kernel never pins: O_DIRECT and "
	  "RDMA on a mapping fail with EFAULT; map=fault and map=insert can be pinned." },
	{ LEND_WHY_NO_MEMCG,
	  "This memory cannot be charged to a memory cgroup on this kernel, so its "
	  "limits are the mount's size= and RLIMIT_MEMLOCK." },
	{ LEND_WHY_INSERT,
	  "map=insert maps page by page; map=fault uses 2 MiB entries." },
};

static const char *word_of(const char *const *words, size_t count, uint32_t value)
{
	return value < count && words[value] ? words[value] : "unknown";
}

static int value_of(const char *const *words, size_t count, const char *word)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

const char *lend_backing_name(uint32_t backing)
{
	return word_of(backings, ARRAY_SIZE(backings), backing);
}

const char *lend_map_name(uint32_t map)
{
	return word_of(maps, ARRAY_SIZE(maps), map);
}

int lend_parse_backing(const char *word)
{
	int value = value_of(backings, ARRAY_SIZE(backings), word);

	if (value < 0)
		return lend_fail(EINVAL, "no backing \"%s\"; there are folios, pages, "
				 "contig and vmalloc", word);
	return value;
}

int lend_parse_map(const char *word)
{
	int value = value_of(maps, ARRAY_SIZE(maps), word);

	if (value < 0)
		return lend_fail(EINVAL, "no way of mapping \"%s\"; there are auto, "
				 "fault, insert and pfn", word);
	return value;
}

const char *lend_why(uint32_t why)
{
	uint32_t lowest = why & -why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].bit == lowest)
			return reasons[i].text;
	return "The kernel gives a reason that this version of liblend does not know.";
}
