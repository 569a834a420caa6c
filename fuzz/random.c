// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "random.h"
#include "world.h"

static uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed;
}

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t random_below(uint64_t limit)
{
	return next() % limit;
}

static bool one_in(unsigned int n)
{
	return !random_below(n);
}

/* --- values: near to where something begins or ends */

static const uint64_t borders[] = {
	0, 1, 7, 512, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 31 * PAGE, 32 * PAGE, 33 * PAGE,
	2 * MiB - PAGE, 2 * MiB - 1, 2 * MiB, 2 * MiB + 1, 2 * MiB + PAGE, 4 * MiB,
	4 * MiB + 3 * PAGE, 6 * MiB, MOUNT_SIZE, MOUNT_SIZE + 1,
};

static const uint64_t wild[] = {
	1UL << 31, (1UL << 31) - 1, 1UL << 32, (1UL << 32) - 1, (1UL << 32) + PAGE, 1UL << 40,
	1UL << 44, 1UL << 47, 1UL << 62, INT64_MAX, INT64_MAX - PAGE + 1, 1UL << 63,
	-2 * PAGE, -PAGE, UINT64_MAX,
};

/* A number that the sequence has already, or one next to it. */
static uint64_t number_before(const struct sequence *seq)
{
	static const int64_t nearby[] = { 0, 0, 0, 1, -1, PAGE, -(int64_t)PAGE };

	for (unsigned int tries = 10; seq->nr && tries; tries--) {
		const struct call *call = &seq->call[random_below(seq->nr)];
		unsigned int i = random_below(MAX_ARGS);

		if (call->arg[i] && operations[call->op].args[i].kind == NUMBER)
			return call->arg[i] + nearby[random_below(ARRAY_SIZE(nearby))];
	}
	return borders[random_below(ARRAY_SIZE(borders))];
}

/* A slot that the sequence uses already, mostly: calls shall meet one another. */
static uint64_t random_slot(enum kind kind, const struct sequence *seq)
{
	for (unsigned int tries = random_below(20); seq->nr && tries; tries--) {
		const struct call *call = &seq->call[random_below(seq->nr)];
		const struct argument *arg = operations[call->op].args;

		for (unsigned int i = 0; arg[i].name; i++)
			if (arg[i].kind == kind)
				return call->arg[i];
	}
	return random_below(slots_of(kind));
}

static uint64_t random_number(const struct sequence *seq)
{
	switch (random_below(12)) {
	case 0 ... 2:
		return borders[random_below(ARRAY_SIZE(borders))];
	case 3 ... 5:
		return number_before(seq);
	case 6 ... 7:
		return random_below(64) * PAGE;
	case 8:
		return random_below(4 * MiB);
	case 9:
		return wild[random_below(ARRAY_SIZE(wild))];
	default:
		return 0;
	}
}

static uint64_t random_value(const struct argument *arg, const struct sequence *seq)
{
	unsigned int nr = 0;
	uint64_t value = 0;

	switch (arg->kind) {
	case DESCRIPTOR:
	case MAPPING:
	case NAME:
		return random_slot(arg->kind, seq);
	case BYTE:
		return random_below(16);
	case COUNT:
		return 1 + random_below(5);
	case FLAGS:
		for (const struct word *word = arg->words; word->name; word++)
			if (one_in(4))
				value |= word->value;
		return one_in(30) ? value | 1UL << random_below(64) : value;
	case CHOICE:
		while (arg->words[nr].name)
			nr++;
		if (one_in(30))
			return random_number(seq);
		return arg->words[one_in(2) ? random_below(nr) : random_below((nr + 1) / 2)].value;
	default:
		return random_number(seq);
	}
}

static struct call random_call(const struct sequence *seq)
{
	static unsigned int sum;
	static bool sum_known;
	struct call call = {};
	unsigned int pick;

	for (unsigned int op = 0; !sum_known && op < nr_operations; op++)
		sum += operations[op].weight;
	sum_known = true;
	pick = random_below(sum);
	while (pick >= operations[call.op].weight)
		pick -= operations[call.op++].weight;
	for (unsigned int i = 0; operations[call.op].args[i].name; i++)
		call.arg[i] = random_value(&operations[call.op].args[i], seq);
	return call;
}

/* --- sequences */

static void insert(struct sequence *seq, unsigned int at, struct call call)
{
	if (seq->nr == MAX_CALLS)
		return;
	memmove(seq->call + at + 1, seq->call + at, (seq->nr - at) * sizeof(*seq->call));
	seq->call[at] = call;
	seq->nr++;
}

static void add(struct sequence *seq, const char *name, uint64_t a, uint64_t b, uint64_t c,
		uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
	insert(seq, seq->nr, (struct call){ operation_named(name), { a, b, c, d, e, f, g } });
}

/* Most of what can be done takes a file with memory, and a mapping of it. */
static void begin(struct sequence *seq)
{
	static const uint64_t sizes[] = {
		PAGE, 5 * PAGE + 100, 40 * PAGE, 2 * MiB, 2 * MiB + 3 * PAGE, 4 * MiB,
	};
	uint64_t size = sizes[random_below(ARRAY_SIZE(sizes))], fd = random_below(2);

	add(seq, "open", fd, random_below(2), O_RDWR, O_CREAT, 0, 0, 0);
	if (!one_in(3))
		add(seq, "setup", fd, sizeof(struct lend_setup), LEND_SETUP_BACKING | LEND_SETUP_MAP,
		    1 + random_below(4), 1 + random_below(4), 0, 0);
	add(seq, "ftruncate", fd, size, 0, 0, 0, 0, 0);
	if (one_in(4))
		add(seq, "reopen", fd, fd, O_RDONLY, 0, 0, 0, 0);
	if (!one_in(4))
		add(seq, "mmap", random_below(2), fd, 0, size,
		    one_in(3) ? PROT_READ : PROT_READ | PROT_WRITE,
		    one_in(4) ? MAP_PRIVATE : MAP_SHARED, random_below(2));
}

void random_sequence(struct sequence *seq, unsigned int calls, bool beside)
{
	unsigned int nr = 1 + random_below(calls), first;

	seq->nr = 0;
	if (!one_in(8))
		begin(seq);
	if (one_in(3))
		begin(seq);
	first = seq->nr;
	while (seq->nr < first + nr && seq->nr < MAX_CALLS)
		insert(seq, seq->nr, random_call(seq));
	if (beside && seq->nr < MAX_CALLS)
		insert(seq, first, (struct call){ operation_named("beside"), { 1 + nr / 2 } });
}

static void change(struct sequence *seq)
{
	struct call *call = &seq->call[random_below(seq->nr)];
	unsigned int nr = 0, i;

	while (operations[call->op].args[nr].name)
		nr++;
	if (!nr)
		return;
	i = random_below(nr);
	call->arg[i] = random_value(&operations[call->op].args[i], seq);
}

static void cut(struct sequence *seq, unsigned int at)
{
	memmove(seq->call + at, seq->call + at + 1, (--seq->nr - at) * sizeof(*seq->call));
}

static void graft(struct sequence *seq, const struct sequence *other)
{
	unsigned int at = random_below(seq->nr + 1), from = random_below(other->nr + 1);

	seq->nr = at;
	while (from < other->nr && seq->nr < MAX_CALLS)
		seq->call[seq->nr++] = other->call[from++];
}

void mutate(struct sequence *seq, const struct sequence *other)
{
	unsigned int times = 1 + random_below(5);

	while (times--) {
		unsigned int what = random_below(10);

		if (!seq->nr || what < 5)
			insert(seq, random_below(seq->nr + 1), random_call(seq));
		else if (what < 8)
			change(seq);
		else if (what < 9 && seq->nr > 2)
			cut(seq, random_below(seq->nr));
		else
			graft(seq, other);
	}
}
