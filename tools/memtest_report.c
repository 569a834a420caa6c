// SPDX-License-Identifier: GPL-2.0-only
/* What a test of memory tells. */
#include <stdio.h>
#include "cmd.h"
#include "json.h"
#include "memtest_report.h"

#define NO_ADDRESS	UINT64_MAX

static uint64_t physical(const struct memtest_report *report, uint64_t offset)
{
	const struct lend_phys_run *run;

	for (run = report->runs; run < report->runs + report->run_count; run++)
		if (offset - run->offset < run->length)
			return run->phys + (offset - run->offset);
	return NO_ADDRESS;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static uint64_t rate(const struct memtest_report *report, const struct memtest *test)
{
	return report->seconds > 0 ? atomic_load(&test->bytes) / report->seconds : 0;
}

void memtest_print_head(const struct memtest_report *report, const struct memtest *test)
{
	const struct memtest_pattern *const *pattern;

	puts(report->name);
	fact("memory", "%s of %s", human(report->info.memory),
	     lend_backing_name(report->info.backing));
	fact("threads", "%u", test->threads);
	fact("seed", "0x%llx", (unsigned long long)test->seed);
	if (report->flush)
		fact("caches", "flushed by %s after each write", report->flush);
	else
		fact("caches", "cannot be flushed here: what fits into them may hide the memory");
	if (!report->runs)
		fact("physical", "addresses are unknown: these take CAP_SYS_RAWIO");
	fputs("  patterns     ", stdout);
	for (pattern = test->patterns; *pattern; pattern++)
		printf(" %s", (*pattern)->name);
	putchar('\n');
	fflush(stdout);
}

void memtest_print_word(const struct memtest_report *report, const struct memtest_word *word)
{
	uint64_t phys = physical(report, word->offset);

	printf("bad word at 0x%llx, ", (unsigned long long)word->offset);
	if (phys == NO_ADDRESS)
		fputs("physical address unknown", stdout);
	else
		printf("physical 0x%llx", (unsigned long long)phys);
	printf(": expected 0x%016llx, read 0x%016llx, xor 0x%016llx (%s, loop %u, thread %u)\n",
	       (unsigned long long)word->expected, (unsigned long long)word->read,
	       (unsigned long long)(word->expected ^ word->read), word->pattern, word->loop,
	       word->thread);
	fflush(stdout);
}

static void print_words(const struct memtest_report *report, const struct memtest *test)
{
	struct table table = { .align = "rrrr" };
	const struct memtest_word *word;
	uint64_t phys;

	table_add(&table, "  OFFSET");
	table_add(&table, "PHYSICAL");
	table_add(&table, "WRONG BITS");
	table_add(&table, "BAD READS");
	for (word = test->words; word < test->words + test->word_count; word++) {
		phys = physical(report, word->offset);
		table_addf(&table, "0x%llx", (unsigned long long)word->offset);
		table_addf(&table, phys == NO_ADDRESS ? "-" : "0x%llx", (unsigned long long)phys);
		table_addf(&table, "0x%llx", (unsigned long long)word->bits);
		table_addf(&table, "%llu", (unsigned long long)word->reads);
	}
	table_print_free(&table);
	if (test->other_reads)
		printf("  and %llu bad read%s of other words\n",
		       (unsigned long long)test->other_reads, plural(test->other_reads));
}

void memtest_print_end(const struct memtest_report *report, const struct memtest *test)
{
	fact("done", "%u loop%s%s, %s in %.1f s, %.1f MiB/s", test->loops_done,
	     plural(test->loops_done), report->interrupted ? " (interrupted)" : "",
	     human(atomic_load(&test->bytes)), report->seconds,
	     rate(report, test) / (1024.0 * 1024));
	if (!test->bad_reads) {
		fact("result", "no bad word");
		return;
	}
	fact("result", "%llu bad read%s", (unsigned long long)test->bad_reads,
	     plural(test->bad_reads));
	print_words(report, test);
}

static struct json_object *json_word(const struct memtest_report *report,
				     const struct memtest_word *word)
{
	struct json_object *object = json_object_new_object();
	uint64_t phys = physical(report, word->offset);

	json_add_u64(object, "offset", word->offset);
	if (phys == NO_ADDRESS)
		json_object_object_add(object, "phys", NULL);
	else
		json_add_address(object, "phys", phys);
	json_add_address(object, "expected", word->expected);
	json_add_address(object, "read", word->read);
	json_add_address(object, "xor", word->expected ^ word->read);
	json_add_string(object, "pattern", word->pattern);
	json_add_u64(object, "loop", word->loop);
	json_add_u64(object, "thread", word->thread);
	json_add_address(object, "wrong_bits", word->bits);
	json_add_u64(object, "bad_reads", word->reads);
	return object;
}

void memtest_print_json(const struct memtest_report *report, const struct memtest *test)
{
	struct json_object *object = json_buffer(report->name, &report->info);
	struct json_object *patterns = json_object_new_array(), *words = json_object_new_array();
	const struct memtest_pattern *const *pattern;
	unsigned int i;

	for (pattern = test->patterns; *pattern; pattern++)
		json_object_array_add(patterns, json_object_new_string((*pattern)->name));
	for (i = 0; i < test->word_count; i++)
		json_object_array_add(words, json_word(report, &test->words[i]));
	json_object_object_add(object, "patterns", patterns);
	json_add_u64(object, "threads", test->threads);
	json_add_address(object, "seed", test->seed);
	json_object_object_add(object, "flush", report->flush ?
			       json_object_new_string(report->flush) : NULL);
	json_add_u64(object, "loops_done", test->loops_done);
	json_add_bool(object, "interrupted", report->interrupted);
	json_add_u64(object, "bytes_accessed", atomic_load(&test->bytes));
	json_object_object_add(object, "seconds", json_object_new_double(report->seconds));
	json_add_u64(object, "bytes_per_second", rate(report, test));
	json_add_u64(object, "bad_reads", test->bad_reads);
	json_add_u64(object, "other_bad_reads", test->other_reads);
	json_object_object_add(object, "bad_words", words);
	json_print_put(object);
}
