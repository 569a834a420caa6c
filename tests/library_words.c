// SPDX-License-Identifier: GPL-2.0-only
/* liblend: sentences, words, sizes, and what it exports. */
#include <pthread.h>

#include "refused.h"

static void *fail_in_thread(void *arg)
{
	char *own = arg;

	strcpy(own, lend_error());	/* "": nothing has failed here yet */
	lend_parse_map("sideways");
	return strstr(lend_error(), "sideways") ? own : NULL;
}

static void sentences(void **state)
{
	char mine[256], others[256] = "?";
	pthread_t thread;
	void *found;

	(void)state;
	refused(lend_parse_backing("marble"), EINVAL, "\"marble\"", "folios", "vmalloc");
	strcpy(mine, lend_error());

	assert_int_equal(lend_parse_backing("pages"), LEND_BACKING_PAGES);
	assert_string_equal(lend_error(), mine);

	check(!pthread_create(&thread, NULL, fail_in_thread, others));
	check(!pthread_join(thread, &found));
	assert_ptr_equal(found, others);
	assert_string_equal(others, "");
	assert_string_equal(lend_error(), mine);
}

static void directory(void **state)
{
	(void)state;
	assert_string_equal(lend_dir(), DIR);
	setenv("LEND_DIR", "", 1);
	assert_string_equal(lend_dir(), DIR);
	setenv("LEND_DIR", "/tmp", 1);
	assert_string_equal(lend_dir(), "/tmp");
	refused(lend_create("nobody", 0600, PAGE, NULL), ENOTTY, "/tmp is not on a lend", "lend mount");
	refused(lend_open("nobody", O_RDONLY), ENOENT, "/tmp/nobody", "lend mount");
	unsetenv("LEND_DIR");
	assert_string_equal(lend_dir(), DIR);
}

static void names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(backings); i++) {
		assert_string_equal(lend_backing_name(backings[i]), backing_name(backings[i]));
		assert_int_equal(lend_parse_backing(backing_name(backings[i])), backings[i]);
	}
	for (uint32_t map = LEND_MAP_AUTO; map <= LEND_MAP_PFN; map++) {
		assert_string_equal(lend_map_name(map), map_name(map));
		assert_int_equal(lend_parse_map(map_name(map)), map);
	}
	assert_string_equal(lend_backing_name(0), "unknown");
	assert_string_equal(lend_backing_name(5), "unknown");
	assert_string_equal(lend_map_name(0), "unknown");
	assert_string_equal(lend_map_name(~0U), "unknown");
	refused(lend_parse_backing(""), EINVAL, "\"\"", "folios, pages, contig and vmalloc");
	refused(lend_parse_backing("Pages"), EINVAL, "\"Pages\"");
	refused(lend_parse_backing("unknown"), EINVAL, "\"unknown\"");
	refused(lend_parse_map("faults"), EINVAL, "\"faults\"", "auto, fault, insert and pfn");
}

static void reasons(void **state)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} known[] = {
		{ LEND_WHY_FRAGMENTED, "fragmented" },
		{ LEND_WHY_SPLIT, "moving pages aside" },
		{ LEND_WHY_SINGLE, "This backing is made of single pages" },
		{ LEND_WHY_PFN, "map=pfn" },
		{ LEND_WHY_NO_MEMCG, "memory cgroup" },
		{ LEND_WHY_INSERT, "map=insert maps page by page" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *text = lend_why(known[i].bit);

		assert_non_null(strstr(text, known[i].word));
		/* Of several the lowest, so that a loop says each once. */
		assert_ptr_equal(lend_why(known[i].bit | known[i].bit << 1 | 1U << 31), text);
	}
	assert_non_null(strstr(lend_why(1U << 31), "does not know"));
	assert_non_null(strstr(lend_why(0), "does not know"));
}

static void sizes_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
	} good[] = {
		{ "0", 0 }, { "1", 1 }, { "4096", 4096 }, { "4096B", 4096 }, { "007", 7 },
		{ "1K", KiB }, { "1k", KiB }, { "1KiB", KiB }, { "64M", 64 * MiB },
		{ "64m", 64 * MiB }, { "2G", 2 * GiB }, { "3T", 3 * KiB * GiB },
		{ "4P", 4 * MiB * GiB }, { "7E", 7 * GiB * GiB }, { "1.5GiB", 3 * GiB / 2 },
		{ "0.5K", 512 }, { "0.0001K", 0 }, { "1.0009K", KiB }, { "1.999K", 2 * KiB - 2 },
		{ "0.0000000000001E", 115292 },		/* 2^60 / 10^13, cut */
		{ "9223372036854775807", INT64_MAX }, { "7.999999999999999999E", 9223372036854775806 },
	};
	static const char *const bad[] = {
		"", " ", "x", "-1", "+1", " 1", "1 ", "1 M", "M", "1MM", "1MB", "1Mi", "1MIB",
		"1Z", "1.", ".5M", "1.M", "1.5", "1.5B", "1.2.3M", "0x10", "1e3", "1,5M", "1M\n",
	};
	static const char *const huge[] = {
		"8E", "9223372036854775808", "18446744073709551616", "8192P", "9999999999999999E",
		"99999999999999999999999999999999999999999999999999",
	};
	uint64_t size;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		size = ~0;
		if (lend_parse_size(good[i].text, &size) || size != good[i].size)
			fail_msg("\"%s\" is read as %lu, not %lu", good[i].text, size, good[i].size);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char quoted[32];

		size = 4711;
		snprintf(quoted, sizeof(quoted), "\"%s\" is not a size", bad[i]);
		refused(lend_parse_size(bad[i], &size), EINVAL, quoted, "1.5GiB");
		assert_int_equal(size, 4711);
	}
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++)
		refused(lend_parse_size(huge[i], &size), ERANGE, huge[i], "8 EiB");
}

static void sizes_written(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} sizes[] = {
		{ 0, "0 bytes" }, { 1, "1 byte" }, { 17, "17 bytes" }, { 1023, "1023 bytes" },
		{ KiB, "1 KiB" }, { KiB + 512, "1.5 KiB" }, { 64 * MiB, "64 MiB" },
		{ 1023 * KiB, "1023 KiB" }, { MiB - 1, "1.0 MiB" }, { MiB, "1 MiB" },
		{ 3 * GiB / 2, "1.5 GiB" }, { 1ULL << 40, "1 TiB" }, { 1ULL << 50, "1 PiB" },
		{ 1ULL << 63, "8 EiB" }, { UINT64_MAX, "16.0 EiB" },
	};
	char text[LEND_SIZE_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_ptr_equal(lend_format_size(sizes[i].size, text), text);
		assert_string_equal(text, sizes[i].text);
	}
}

/* What a command prints; to be freed. */
static char *output_of(const char *command)
{
	FILE *pipe = popen(command, "re");
	char *text = NULL;
	size_t room = 0;

	check(pipe);
	if (getdelim(&text, &room, '\0', pipe) <= 0)
		failed("nothing comes of: %s", command);
	check(!pclose(pipe));
	return text;
}

/* All functions of the header, and nothing else, under the version of the map. */
static void exported(void **state)
{
	char *declared = output_of("sed -n '/^ *[/*#]/!s/.*\\<\\(lend_[a-z_]*\\)(.*/\\1/p' "
				   "lib/lend.h | sort");
	char *found = output_of("nm -D --defined-only build/user/liblend.so.0 | "
				"awk '$2 != \"A\" { sub(/@@LEND_0.1$/, \"\", $3); print $3 }' | sort");

	(void)state;
	assert_non_null(strstr(declared, "lend_create\n"));
	assert_string_equal(found, declared);
	free(found);
	free(declared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sentences),
		TEST(directory),
		TEST(names),
		TEST(reasons),
		TEST(sizes_read),
		TEST(sizes_written),
		TEST(exported),
	};

	return cmocka_run_group_tests_name("liblend: words", tests, NULL, NULL);
}
