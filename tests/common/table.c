// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

const struct columns ways_of_mapping = {
	.document = "docs/mapping.md",
	.nr = 4,
	.of = {
		{ "fault, 2 MiB folios", LEND_BACKING_FOLIOS, LEND_MAP_FAULT },
		{ "fault, single pages", LEND_BACKING_PAGES, LEND_MAP_FAULT },
		{ "insert", LEND_BACKING_PAGES, LEND_MAP_INSERT },
		{ "pfn", LEND_BACKING_FOLIOS, LEND_MAP_PFN },
	},
};

const struct columns every_way = {
	.document = "docs/uses.md",
	.nr = 12,
	.of = {
		{ "folios fault", LEND_BACKING_FOLIOS, LEND_MAP_FAULT },
		{ "pages fault", LEND_BACKING_PAGES, LEND_MAP_FAULT },
		{ "contig fault", LEND_BACKING_CONTIG, LEND_MAP_FAULT },
		{ "vmalloc fault", LEND_BACKING_VMALLOC, LEND_MAP_FAULT },
		{ "folios insert", LEND_BACKING_FOLIOS, LEND_MAP_INSERT },
		{ "pages insert", LEND_BACKING_PAGES, LEND_MAP_INSERT },
		{ "contig insert", LEND_BACKING_CONTIG, LEND_MAP_INSERT },
		{ "vmalloc insert", LEND_BACKING_VMALLOC, LEND_MAP_INSERT },
		{ "folios pfn", LEND_BACKING_FOLIOS, LEND_MAP_PFN },
		{ "pages pfn", LEND_BACKING_PAGES, LEND_MAP_PFN },
		{ "contig pfn", LEND_BACKING_CONTIG, LEND_MAP_PFN },
		{ "vmalloc pfn", LEND_BACKING_VMALLOC, LEND_MAP_PFN },
	},
};

const char *outcome(long ret, const char *good)
{
	return ret == -1 ? strerrorname_np(errno) : good;
}

char pattern_byte(size_t i)
{
	return 1 + (i ^ i >> 12) % 251;
}

/* The whole pattern, to compare with. */
static const char *pattern(void)
{
	static char *bytes;

	if (!bytes) {
		bytes = malloc(SIZE);
		check(bytes);
		for (size_t i = 0; i < SIZE; i++)
			bytes[i] = pattern_byte(i);
	}
	return bytes;
}

bool intact(const struct subject *s)
{
	char buf[16 * PAGE];

	for (size_t i = 0; i < SIZE; i += sizeof(buf))
		if (pread(s->fd, buf, sizeof(buf), i) != sizeof(buf) ||
		    memcmp(buf, pattern() + i, sizeof(buf)))
			return false;
	return !memcmp(s->mem, pattern(), SIZE);
}

static struct subject make_subject(const struct column *way)
{
	struct subject s = { .backing = way->backing, .map = way->map };

	s.fd = make_buffer(SIZE, way->backing, way->map);
	s.mem = map_buffer(s.fd, SIZE);
	memcpy(s.mem, pattern(), SIZE);
	return s;
}

struct cell {
	const struct operation *op;
	const struct column *way;
	const char *expect;
};

static void run_cell(void **state)
{
	const struct cell *cell = *state;
	struct subject s = make_subject(cell->way);
	const char *got = cell->op->run(&s, cell->op->arg);

	/* The operation may have taken the mapping away; what is left goes here. */
	munmap(s.mem, SIZE);
	assert_int_equal(get_info(s.fd).mappings, 0);
	/* io_uring gives back a moment after the ring is closed. */
	if (!cell->op->keeps_page)
		wait_for(!get_info(s.fd).held);
	close(s.fd);
	assert_string_equal(got, cell->expect);
}

static void print_table(FILE *to, const struct table *table)
{
	const struct columns *columns = table->columns;

	fprintf(to, "## %s\n\n| operation |", table->title);
	for (unsigned int c = 0; c < columns->nr; c++)
		fprintf(to, " %s |", columns->of[c].name);
	fputs("\n|---|", to);
	for (unsigned int c = 0; c < columns->nr; c++)
		fputs("---|", to);
	fputc('\n', to);
	for (size_t i = 0; i < table->nr; i++) {
		fprintf(to, "| %s |", table->ops[i].name);
		for (unsigned int c = 0; c < columns->nr; c++)
			fprintf(to, " %s |", table->ops[i].expect[c]);
		fputc('\n', to);
	}
}

static void documented(void **state)
{
	const struct table *table = *state;
	char *wanted = NULL, text[65536];
	size_t size;
	FILE *file = open_memstream(&wanted, &size);

	print_table(file, table);
	fclose(file);
	file = fopen(table->columns->document, "re");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = 0;
	fclose(file);
	if (!strstr(text, wanted))
		fail_msg("%s does not say what is tested: tests/tables writes it",
			 table->columns->document);
	free(wanted);
}

/* Is this what the running kernel does? */
static bool is_here(const struct operation *op)
{
	return (!op->from || kernel_from(op->from >> 8, op->from & 0xff)) &&
	       (!op->before || !kernel_from(op->before >> 8, op->before & 0xff));
}

int run_table(int argc, char **argv, const struct table *table)
{
	const struct columns *columns = table->columns;
	size_t most = table->nr * columns->nr, nr = 0;
	struct CMUnitTest *tests = calloc(most + 1, sizeof(*tests));
	struct cell *cells = calloc(most, sizeof(*cells));
	int failures;

	if (argc > 1 && !strcmp(argv[1], "--table")) {
		print_table(stdout, table);
		return 0;
	}

	for (size_t i = 0; i < most; i++) {
		const struct operation *op = &table->ops[i / columns->nr];
		const struct column *way = &columns->of[i % columns->nr];
		char *name;

		if (!is_here(op))
			continue;
		cells[nr] = (struct cell){ op, way, op->expect[i % columns->nr] };
		must(asprintf(&name, "%s: %s", op->name, way->name));
		tests[nr] = (struct CMUnitTest){
			.name = name, .test_func = run_cell, .initial_state = &cells[nr],
		};
		nr++;
	}
	tests[nr++] = (struct CMUnitTest){
		.name = "the document says the same", .test_func = documented,
		.initial_state = (void *)table,
	};
	failures = run_able(table->title, tests, nr, table->set_up, table->tear_down);
	for (size_t i = 0; i < nr - 1; i++)
		free((char *)tests[i].name);
	free(tests);
	free(cells);
	return failures;
}
