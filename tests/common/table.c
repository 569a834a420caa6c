// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#define DOCUMENT "docs/mapping.md"

static const struct way {
	const char *name;
	uint32_t backing;
	uint32_t map;
} ways[WAYS] = {
	{ "fault, 2 MiB folios", LEND_BACKING_FOLIOS, LEND_MAP_FAULT },
	{ "fault, single pages", LEND_BACKING_PAGES, LEND_MAP_FAULT },
	{ "insert", LEND_BACKING_PAGES, LEND_MAP_INSERT },
	{ "pfn", LEND_BACKING_FOLIOS, LEND_MAP_PFN },
};

const char *outcome(long ret, const char *good)
{
	return ret == -1 ? strerrorname_np(errno) : good;
}

char pattern_byte(size_t i)
{
	return 1 + (i ^ i >> 12) % 251;
}

bool intact(const struct subject *s)
{
	char buf[PAGE];

	for (size_t i = 0; i < SIZE; i++) {
		if (!(i % PAGE) && pread(s->fd, buf, PAGE, i) != PAGE)
			return false;
		if (buf[i % PAGE] != pattern_byte(i) || s->mem[i] != pattern_byte(i))
			return false;
	}
	return true;
}

static struct subject make_subject(const struct way *way)
{
	struct subject s = { .map = way->map };

	s.fd = make_buffer(SIZE, way->backing, way->map);
	s.mem = map_buffer(s.fd, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		s.mem[i] = pattern_byte(i);
	return s;
}

struct cell {
	const struct operation *op;
	unsigned int way;
};

static void run_cell(void **state)
{
	const struct cell *cell = *state;
	struct subject s = make_subject(&ways[cell->way]);
	const char *got = cell->op->run(&s, cell->op->arg);

	/* The operation may have taken the mapping away; what is left goes here. */
	munmap(s.mem, SIZE);
	assert_int_equal(get_info(s.fd).mappings, 0);
	if (!cell->op->keeps_page)
		assert_int_equal(get_info(s.fd).held, 0);
	close(s.fd);
	assert_string_equal(got, cell->op->expect[cell->way]);
}

static void print_table(FILE *to, const char *title, const struct operation *ops, size_t nr)
{
	fprintf(to, "## %s\n\n| operation |", title);
	for (unsigned int w = 0; w < WAYS; w++)
		fprintf(to, " %s |", ways[w].name);
	fputs("\n|---|---|---|---|---|\n", to);
	for (size_t i = 0; i < nr; i++) {
		fprintf(to, "| %s |", ops[i].name);
		for (unsigned int w = 0; w < WAYS; w++)
			fprintf(to, " %s |", ops[i].expect[w]);
		fputc('\n', to);
	}
}

struct document {
	const char *title;
	const struct operation *ops;
	size_t nr;
};

static void documented(void **state)
{
	const struct document *doc = *state;
	char *table = NULL, text[65536];
	size_t size;
	FILE *file = open_memstream(&table, &size);

	print_table(file, doc->title, doc->ops, doc->nr);
	fclose(file);
	file = fopen(DOCUMENT, "re");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = 0;
	fclose(file);
	if (!strstr(text, table))
		fail_msg(DOCUMENT " does not say what is tested; it should be:\n%s", table);
	free(table);
}

int run_table(int argc, char **argv, const char *title, const struct operation *ops, size_t nr)
{
	struct document doc = { title, ops, nr };
	struct CMUnitTest *tests = calloc(nr * WAYS + 1, sizeof(*tests));
	struct cell *cells = calloc(nr * WAYS, sizeof(*cells));
	int failures;

	if (argc > 1 && !strcmp(argv[1], "--table")) {
		print_table(stdout, title, ops, nr);
		return 0;
	}

	for (size_t i = 0; i < nr * WAYS; i++) {
		char *name;

		cells[i] = (struct cell){ &ops[i / WAYS], i % WAYS };
		must(asprintf(&name, "%s: %s", cells[i].op->name, ways[cells[i].way].name));
		tests[i] = (struct CMUnitTest){
			.name = name, .test_func = run_cell, .initial_state = &cells[i],
		};
	}
	tests[nr * WAYS] = (struct CMUnitTest){
		.name = "the document says the same", .test_func = documented,
		.initial_state = &doc,
	};
	failures = _cmocka_run_group_tests(title, tests, nr * WAYS + 1, NULL, NULL);
	for (size_t i = 0; i < nr * WAYS; i++)
		free((char *)tests[i].name);
	free(tests);
	free(cells);
	return failures;
}
