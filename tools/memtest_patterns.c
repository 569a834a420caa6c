// SPDX-License-Identifier: GPL-2.0-only
/*
 * The patterns. Where they come from:
 *
 * memtester: by Charles Cazabon, its version 4; the ideas of its tests, not their code.
 * memtest86: by Chris Brady; its test descriptions, "moving inversions".
 * March C-: Marinescu's March C (1982) without its redundant element, as in van de
 *	Goor, "Using march tests to test SRAMs" (1993). It finds stuck-at, transition,
 *	address decoder and unlinked coupling faults. The backgrounds for words of many
 *	bits: Dekker, Beenker, Thijssen, "A realistic fault model and test algorithms
 *	for static random access memories" (1990).
 * splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators"
 *	(2014); it gives the value of any word without those before.
 */
#include <string.h>
#include "memtest.h"

#define ALTERNATING	0x5555555555555555ULL
#define EACH_BYTE	0x0101010101010101ULL

static const struct memtest_element write_read[] = {
	{ false, NOTHING, PLAIN },
	{ false, PLAIN, NOTHING },
	{ 0 }
};

static const struct memtest_element write_read_both[] = {
	{ false, NOTHING, PLAIN },
	{ false, PLAIN, NOTHING },
	{ false, NOTHING, INVERSE },
	{ false, INVERSE, NOTHING },
	{ 0 }
};

static const struct memtest_element moving_inversions[] = {
	{ false, NOTHING, PLAIN },
	{ false, PLAIN, INVERSE },
	{ true, INVERSE, PLAIN },
	{ true, PLAIN, NOTHING },
	{ 0 }
};

static const struct memtest_element march_c_minus[] = {
	{ false, NOTHING, PLAIN },
	{ false, PLAIN, INVERSE },
	{ false, INVERSE, PLAIN },
	{ true, PLAIN, INVERSE },
	{ true, INVERSE, PLAIN },
	{ false, PLAIN, NOTHING },
	{ 0 }
};

static uint64_t own_address(uint64_t word, unsigned int background, uint64_t seed)
{
	(void)background;
	(void)seed;
	return word * sizeof(word);
}

static uint64_t solid(uint64_t word, unsigned int background, uint64_t seed)
{
	(void)word;
	(void)background;
	(void)seed;
	return 0;
}

static uint64_t checkerboard(uint64_t word, unsigned int background, uint64_t seed)
{
	(void)background;
	(void)seed;
	return word % 2 ? ~ALTERNATING : ALTERNATING;
}

static uint64_t walking_one(uint64_t word, unsigned int background, uint64_t seed)
{
	(void)word;
	(void)seed;
	return 1ULL << background;
}

static uint64_t walking_zero(uint64_t word, unsigned int background, uint64_t seed)
{
	return ~walking_one(word, background, seed);
}

static uint64_t bit_flip(uint64_t word, unsigned int background, uint64_t seed)
{
	uint64_t one = walking_one(word, background, seed);

	return word % 2 ? ~one : one;
}

static uint64_t block_sequential(uint64_t word, unsigned int background, uint64_t seed)
{
	(void)word;
	(void)seed;
	return background * EACH_BYTE;
}

/* All zeroes, then a one that walks through each byte. */
static uint64_t walking_in_bytes(uint64_t word, unsigned int background, uint64_t seed)
{
	(void)word;
	(void)seed;
	return background ? EACH_BYTE << (background - 1) : 0;
}

static uint64_t random_value(uint64_t word, unsigned int background, uint64_t seed)
{
	uint64_t value = seed + (word + 1) * 0x9e3779b97f4a7c15ULL;

	(void)background;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

/* Any two bits of a word differ in one of them. */
static uint64_t distinguishing(uint64_t word, unsigned int background, uint64_t seed)
{
	static const uint64_t values[] = {
		0, ALTERNATING, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f,
		0x00ff00ff00ff00ff, 0x0000ffff0000ffff, 0x00000000ffffffff,
	};

	(void)word;
	(void)seed;
	return values[background];
}

const struct memtest_pattern memtest_patterns[] = {
	{ "address", "each word its own offset, and the complement", "memtester, Stuck Address",
	  write_read_both, 1, own_address },
	{ "solid", "all zeroes, all ones", "memtester, Solid Bits",
	  write_read_both, 1, solid },
	{ "checkerboard", "neighbouring bits differ, in a word and from word to word",
	  "memtester, Checkerboard",
	  write_read_both, 1, checkerboard },
	{ "walking-ones", "a one walks through zeroes", "memtester, Walking Ones",
	  write_read, 64, walking_one },
	{ "walking-zeroes", "a zero walks through ones", "memtester, Walking Zeroes",
	  write_read, 64, walking_zero },
	{ "random", "random values, and their complements", "memtester, Random Value; splitmix64",
	  write_read_both, 1, random_value },
	{ "moving-inversions", "zeroes, then a bit a byte, inverted upwards and downwards",
	  "memtest86, moving inversions", moving_inversions, 9, walking_in_bytes },
	{ "march-c", "March C- with 7 backgrounds", "van de Goor, March C-",
	  march_c_minus, 7, distinguishing },
	{ "bit-flip", "a bit and its complement in turns, 64 times", "memtester, Bit Flip",
	  write_read_both, 64, bit_flip },
	{ "block-sequential", "all 256 values of a byte", "memtester, Block Sequential",
	  write_read, 256, block_sequential },
	{ 0 }
};

const struct memtest_pattern *memtest_pattern(const char *name)
{
	const struct memtest_pattern *pattern;

	for (pattern = memtest_patterns; pattern->name; pattern++)
		if (!strcmp(pattern->name, name))
			return pattern;
	return NULL;
}
