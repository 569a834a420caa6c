// SPDX-License-Identifier: GPL-2.0-only
/*
 * The patterns of `lend memtest` on lent memory that has faults: bits that are stuck,
 * addresses that are one word, cells that disturb others. The faults are made at the
 * very moments at which bad memory has them, so each must be found each time.
 */
#include <sys/resource.h>

#include "../tools/memtest.h"
#include "system.h"

#define BIT(n)		(1ULL << (n))
#define WORD		sizeof(uint64_t)

static struct {
	int fd;
	uint64_t *words;
	size_t size;
} memory;

static void have_memory(size_t size)
{
	memory.fd = make_buffer(size, LEND_BACKING_FOLIOS, LEND_MAP_AUTO);
	memory.words = map_buffer(memory.fd, size);
	memory.size = size;
}

static void give_memory(void)
{
	must(munmap(memory.words, memory.size));
	must(close(memory.fd));
}

/* One pattern, one loop. */
static struct memtest run_one(const struct memtest_pattern *pattern, unsigned int threads,
			      uint64_t *words, size_t size, void (*after_element)(struct memtest *),
			      void *arg)
{
	const struct memtest_pattern *const patterns[] = { pattern, NULL };
	struct memtest test = {
		.memory = words, .size = size, .threads = threads, .loops = 1, .seed = 4711,
		.patterns = patterns, .after_element = after_element, .arg = arg,
	};

	check(!memtest_run(&test));
	check(test.loops_done == 1 && test.bytes == memtest_loop_bytes(&test));
	return test;
}

/* --- stuck bits */

struct stuck {
	size_t word;
	unsigned int bit;
	bool at;
};

static void stick(struct memtest *test)
{
	const struct stuck *stuck = test->arg;

	if (stuck->at)
		test->memory[stuck->word] |= BIT(stuck->bit);
	else
		test->memory[stuck->word] &= ~BIT(stuck->bit);
}

static void finds_stuck(const struct memtest_pattern *pattern, struct stuck stuck)
{
	struct memtest test = run_one(pattern, 2, memory.words, memory.size, stick, &stuck);
	const struct memtest_word *bad = test.words;
	uint64_t bit = BIT(stuck.bit), offset = stuck.word * WORD;

	if (test.word_count != 1)
		failed("%s: bit %u of word %zu stuck at %d: %u bad words", pattern->name,
		       stuck.bit, stuck.word, stuck.at, test.word_count);
	check(bad->offset == offset && bad->bits == bit);
	check((bad->expected ^ bad->read) == bit && !(bad->read & bit) == !stuck.at);
	check(!strcmp(bad->pattern, pattern->name) && bad->loop == 1);
	check(bad->thread == (offset < memory.size / 2 ? 1 : 2));
	check(test.bad_reads && test.bad_reads == bad->reads && !test.other_reads);
	if (!strcmp(pattern->name, "address"))
		check(bad->expected == offset || bad->expected == ~offset);
}

/* Each pattern finds each bit, at either value, wherever it is, and nothing else. */
static void stuck_bits(void **state)
{
	static const unsigned int bits[] = { 0, 12, 31, 32, 63 };

	(void)state;
	have_memory(2 * PAGE);
	for (const struct memtest_pattern *pattern = memtest_patterns; pattern->name; pattern++) {
		const size_t last = memory.size / WORD - 1, words[] = { 0, 1, last / 2 + 1, last };

		for (size_t b = 0; b < ARRAY_SIZE(bits); b++) {
			size_t word = words[b % ARRAY_SIZE(words)];

			finds_stuck(pattern, (struct stuck){ word, bits[b], false });
			finds_stuck(pattern, (struct stuck){ word, bits[b], true });
		}
	}
	give_memory();
}

/* --- two bits of a word that are connected: either is 0, both are */

struct shorted {
	size_t word;
	uint64_t bits;
};

static void connect(struct memtest *test)
{
	const struct shorted *shorted = test->arg;
	volatile uint64_t *word = test->memory + shorted->word;

	if ((*word & shorted->bits) != shorted->bits)
		*word &= ~shorted->bits;
}

/* Only backgrounds in which these bits differ show it: March C- has one for any two. */
static void shorted_bits(void **state)
{
	static const unsigned int pairs[][2] = {
		{ 0, 1 }, { 0, 2 }, { 3, 7 }, { 0, 8 }, { 15, 31 }, { 0, 32 }, { 31, 32 }, { 62, 63 },
	};

	(void)state;
	have_memory(2 * PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		unsigned int first = pairs[i][0], second = pairs[i][1];
		struct shorted shorted = { 600 + i, BIT(first) | BIT(second) };
		struct memtest test = run_one(memtest_pattern("march-c"), 2, memory.words,
					      memory.size, connect, &shorted);

		if (test.word_count != 1)
			failed("bits %u and %u: %u bad words", first, second, test.word_count);
		check(test.words[0].offset == shorted.word * WORD);
		check(test.words[0].bits == shorted.bits && test.words[0].thread == 2);
		test = run_one(memtest_pattern("solid"), 2, memory.words, memory.size, connect,
			       &shorted);
		check(!test.bad_reads);
	}
	give_memory();
}

/* --- all words, each of them once */

static void invert_all(struct memtest *test)
{
	for (size_t i = 0; i < test->size / WORD; i++)
		test->memory[i] = ~test->memory[i];
}

/* Where all is bad, each read is, and the first words are kept. */
static void all_is_bad(void **state)
{
	const struct memtest_pattern *solid = memtest_pattern("solid");

	(void)state;
	have_memory(7 * PAGE);
	for (unsigned int threads = 1; threads <= 7; threads++) {
		struct memtest test = run_one(solid, threads, memory.words, memory.size,
					      invert_all, NULL);
		uint64_t kept = 0;

		check(test.bad_reads == 2 * memory.size / WORD);
		check(test.word_count == MEMTEST_WORDS);
		for (size_t i = 0; i < MEMTEST_WORDS; i++) {
			check(test.words[i].bits == ~0ULL && test.words[i].reads <= 2);
			kept += test.words[i].reads;
		}
		check(kept + test.other_reads == test.bad_reads);
	}
	give_memory();
}

struct written {
	unsigned int elements;
	size_t wrong;
};

/* Threads wait for these callbacks, so they only take down what was not so. */
static void check_addresses(struct memtest *test)
{
	struct written *written = test->arg;

	for (size_t i = 0; i < test->size / WORD; i++)
		written->wrong += test->memory[i] != (written->elements < 2 ? i * WORD : ~(i * WORD));
	written->elements++;
}

/* What is written is what the pattern promises, to all of it and not a byte beyond. */
static void all_is_written(void **state)
{
	(void)state;
	have_memory(9 * PAGE);
	for (unsigned int threads = 1; threads <= 7; threads++) {
		struct written written = { 0 };
		uint64_t *middle = memory.words + PAGE / WORD;
		struct memtest test;

		memset(memory.words, 0x77, memory.size);
		test = run_one(memtest_pattern("address"), threads, middle, 7 * PAGE,
			       check_addresses, &written);
		check(written.elements == 4 && !written.wrong);
		check(!test.bad_reads && !test.word_count);
		check(middle[-1] == 0x7777777777777777 && middle[7 * PAGE / WORD] == middle[-1]);
	}
	give_memory();
}

/* --- good memory, all patterns, several loops */

struct good {
	uint64_t first[3];	/* word 0 as the random pattern leaves it in each loop */
};

static void keep_first(struct memtest *test)
{
	struct good *good = test->arg;

	good->first[test->loops_done - 1] = test->memory[0];
}

static void run_good(struct good *good, unsigned int threads, uint64_t seed,
		     const struct memtest_pattern *const *patterns)
{
	struct memtest test = {
		.memory = memory.words, .size = memory.size, .threads = threads, .loops = 3,
		.seed = seed, .patterns = patterns, .after_loop = keep_first, .arg = good,
	};

	*good = (struct good){ 0 };
	check(!memtest_run(&test));
	check(!test.bad_reads && !test.word_count && !test.other_reads);
	check(test.loops_done == 3);
	check(test.bytes == 3 * memtest_loop_bytes(&test));
}

static void good_memory(void **state)
{
	const struct memtest_pattern *all[16] = { 0 }, *random[] = { memtest_pattern("random"), NULL };
	struct good good, same, other;

	(void)state;
	for (size_t i = 0; memtest_patterns[i].name; i++) {
		check(i + 1 < ARRAY_SIZE(all));
		all[i] = &memtest_patterns[i];
		check(memtest_pattern(all[i]->name) == all[i] && *all[i]->what && *all[i]->source);
	}
	check(!memtest_pattern("goldfish") && !memtest_pattern(""));
	have_memory(3 * PAGE);
	run_good(&good, 1, 1, all);
	run_good(&good, 3, 1, all);

	/* The seed decides what is random; no loop is like the one before. */
	run_good(&good, 2, 1000, random);
	run_good(&same, 1, 1000, random);
	run_good(&other, 1, 2000, random);
	check(!memcmp(&good, &same, sizeof(good)));
	check(good.first[0] != good.first[1] && good.first[1] != good.first[2]);
	check(good.first[0] != other.first[0]);
	give_memory();
}

/* --- two addresses, one word */

/* What would not find it is said too: those patterns are not enough alone. */
static void aliased(void **state)
{
	static const struct {
		const char *pattern;
		unsigned int threads;
		bool finds;
	} cells[] = {
		{ "address", 1, true },		{ "address", 2, true },
		{ "random", 1, true },		{ "random", 2, true },
		{ "moving-inversions", 1, true }, { "march-c", 1, true },
		{ "solid", 1, false },		{ "checkerboard", 1, false },
		{ "walking-ones", 1, false },	{ "walking-zeroes", 1, false },
		{ "bit-flip", 1, false },	{ "block-sequential", 1, false },
	};
	const size_t half = 2 * PAGE;
	uint64_t *words;

	(void)state;
	have_memory(half);
	words = must(mmap(NULL, 2 * half, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < 2; i++)
		must(mmap((char *)words + i * half, half, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED, memory.fd, 0));

	for (size_t c = 0; c < ARRAY_SIZE(cells); c++) {
		const struct memtest_pattern *pattern = memtest_pattern(cells[c].pattern);
		struct memtest test = run_one(pattern, cells[c].threads, words, 2 * half, NULL, NULL);

		if (!test.bad_reads == cells[c].finds)
			failed("%s, %u threads: %lu bad reads", pattern->name, cells[c].threads,
			       test.bad_reads);
		if (strcmp(pattern->name, "address") || cells[c].threads > 1)
			continue;
		/* The later write has won: the lower half reads as the upper one's. */
		check(test.bad_reads == 2 * half / WORD);
		for (size_t i = 0; i < test.word_count; i++) {
			check(test.words[i].offset == i * WORD);
			check(test.words[i].expected == i * WORD);
			check(test.words[i].read == half + i * WORD);
		}
	}
	must(munmap(words, 2 * half));
	give_memory();
}

/* --- cells that disturb others, in the middle of an element */

static struct {
	size_t aggressor, victim;
	bool rising, sets;	/* when the aggressor's bit does so, the victim's becomes so */
	bool was;		/* the aggressor's bit */
} coupling;

/* Asked for the next word's value, so the last word's write is done. */
static uint64_t coupled_value(uint64_t word, unsigned int background, uint64_t seed)
{
	bool is = memory.words[coupling.aggressor] & 1;

	if (is != coupling.was && is == coupling.rising)
		memory.words[coupling.victim] = (memory.words[coupling.victim] & ~1ULL) |
						coupling.sets;
	coupling.was = is;
	return memtest_pattern("march-c")->value(word, background, seed);
}

/*
 * March C- is known to find all of these: aggressor on either side, either change, either
 * result. Each of its elements is needed for one of them.
 */
static void coupled(void **state)
{
	struct memtest_pattern pattern = *memtest_pattern("march-c");
	static const size_t pairs[][2] = { { 3, 700 }, { 700, 3 }, { 8, 9 }, { 9, 8 } };

	(void)state;
	pattern.value = coupled_value;
	pattern.backgrounds = 1;
	have_memory(2 * PAGE);
	for (size_t p = 0; p < 4 * ARRAY_SIZE(pairs); p++) {
		struct memtest test;

		memset(memory.words, 0, memory.size);
		coupling.aggressor = pairs[p / 4][0];
		coupling.victim = pairs[p / 4][1];
		coupling.rising = p & 1;
		coupling.sets = p & 2;
		coupling.was = false;
		test = run_one(&pattern, 1, memory.words, memory.size, NULL, NULL);
		if (test.word_count != 1)
			failed("word %zu, when %s, makes %zu be %d: %u bad words",
			       coupling.aggressor, coupling.rising ? "rising" : "falling",
			       coupling.victim, coupling.sets, test.word_count);
		check(test.words[0].offset == coupling.victim * WORD && test.words[0].bits == 1);
	}
	give_memory();
}

/* --- the order in which words are gone over */

static uint64_t order[3 * PAGE / WORD];
static size_t visits;

static uint64_t recorded_value(uint64_t word, unsigned int background, uint64_t seed)
{
	(void)background;
	(void)seed;
	if (visits < ARRAY_SIZE(order))
		order[visits] = word;
	visits++;
	return word;
}

static void up_and_down(void **state)
{
	static const struct memtest_element elements[] = {
		{ false, NOTHING, PLAIN }, { true, PLAIN, INVERSE }, { false, INVERSE, NOTHING }, { 0 }
	};
	static const struct memtest_pattern pattern = {
		.name = "recorded", .elements = elements, .backgrounds = 1, .value = recorded_value,
	};
	const size_t words = PAGE / WORD;

	(void)state;
	have_memory(PAGE);
	visits = 0;
	check(!run_one(&pattern, 1, memory.words, memory.size, NULL, NULL).bad_reads);
	check(visits == 3 * words);
	for (size_t i = 0; i < words; i++)
		check(order[i] == i && order[words + i] == words - 1 - i &&
		      order[2 * words + i] == i);
	give_memory();
}

/* --- stopping, and no threads */

static void stop_at_fifth(struct memtest *test)
{
	unsigned int *elements = test->arg;

	if (++*elements == 5)
		test->stop = true;
}

static void stop_at_second(struct memtest *test)
{
	if (test->loops_done == 2)
		test->stop = true;
}

static void stopped(void **state)
{
	const struct memtest_pattern *patterns[] = { memtest_pattern("solid"), NULL };
	unsigned int elements = 0;

	(void)state;
	have_memory(4 * PAGE);
	struct memtest test = {
		.memory = memory.words, .size = memory.size, .threads = 3, .loops = 10,
		.patterns = patterns, .after_element = stop_at_fifth, .arg = &elements,
	};
	check(!memtest_run(&test) && test.loops_done == 1 && !test.bad_reads);
	check(elements == 5 && test.bytes == 5 * memory.size);

	struct memtest endless = {
		.memory = memory.words, .size = memory.size, .threads = 2, .loops = 0,
		.patterns = patterns, .after_loop = stop_at_second,
	};
	check(!memtest_run(&endless) && endless.loops_done == 2 && !endless.bad_reads);
	give_memory();
}

static int without_threads(void *arg)
{
	struct rlimit one = { 1, 1 };
	struct memtest *test = arg;

	become(NOBODY);
	must(setrlimit(RLIMIT_NPROC, &one));
	must_fail(memtest_run(test), EAGAIN);
	check(!test->bytes && !test->loops_done);
	return 0;
}

static void no_threads(void **state)
{
	const struct memtest_pattern *patterns[] = { memtest_pattern("solid"), NULL };

	(void)state;
	have_memory(4 * PAGE);
	struct memtest test = {
		.memory = memory.words, .size = memory.size, .threads = 4, .loops = 1,
		.patterns = patterns,
	};
	check(reap(spawn(without_threads, &test)) == 0);
	check(!memtest_run(&test) && test.loops_done == 1);
	give_memory();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stuck_bits),
		TEST(shorted_bits),
		TEST(all_is_bad),
		TEST(all_is_written),
		TEST(good_memory),
		TEST(aliased),
		TEST(coupled),
		TEST(up_and_down),
		TEST(stopped),
		TEST(no_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
